"""What is asked: a history that would not fit loses its oldest turns."""


def test_a_history_that_would_not_fit_loses_its_oldest_whole_turns_and_says_so(session, emulator):
    for i in range(4):
        session.chat(f"[[echo]]{i}{'长' * 2000}")
    answer = session.chat("[[echo]]" + "长" * 1000)
    sent = emulator.requests[-1].body["messages"]
    assert answer.request.trimmed == 3
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert sent[0]["content"].startswith("[[echo]]3")
    assert len(session.history) == 5  # forgotten for this call only
    from ernie_magic.notebook.display.chat import summary_line

    assert "the oldest turns were left out to fit: 3" in summary_line(answer, "en")
    assert "已略去最早的 3 轮" in summary_line(answer, "zh")
