"""What the service withdraws stays withdrawn.

Source: the field `flag` in AI Studio, "大模型 API"
(https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).
"""

import pytest

from ernie_magic.wire.moderation import content_blocked

SECRET = "这段话不该出现"


def everywhere(shell, ernie, out):
    """All places where a withdrawn text might remain."""
    return (
        out
        + repr(ernie.last and ernie.last.raw)
        + repr(list(ernie.history))
        + repr(shell.user_ns.get("a"))
        + "".join(turn.answer.text for turn in ernie.history)
    )


def test_flag_1_is_shown_with_a_note_and_the_talk_goes_on(run, ernie):
    _, out = run(f"%%ernie --as a\n[[echo]][[flag=1]]{SECRET}")
    assert SECRET in out
    assert "content review: low risk" in out
    assert run("%%ernie\n[[echo]]hi")[0].success


def test_flag_2_is_shown_and_locks_the_conversation_until_reset(run, ernie, emulator):
    _, out = run(f"%%ernie\n[[echo]][[flag=2]]{SECRET}")
    assert SECRET in out
    assert "locked until %ernie reset" in out
    sent = len(emulator.requests)
    result, _ = run("%%ernie\nhi")
    assert type(result.error_in_exec).__name__ == "ConversationLocked"
    assert len(emulator.requests) == sent
    assert run("%%ernie -s other\nhi")[0].success
    run("%ernie reset")
    assert run("%%ernie\nhi")[0].success


@pytest.mark.parametrize("flag", [3, 4, 5, 9])
@pytest.mark.parametrize("how", ["", "--no-stream"])
def test_higher_flags_leave_nothing_of_the_text_anywhere(run, shell, ernie, flag, how):
    run("%%ernie --as a\n[[echo]]before")
    result, out = run(f"%%ernie --as a {how}\n[[echo]][[flag={flag}]]{SECRET}")
    error = result.error_in_exec
    assert (type(error).__name__, error.flag, error.answer) == ("AnswerWithdrawn", flag, None)
    assert error.ban_round == -1
    if how:  # a terminal cannot remove what it printed while it streamed
        assert SECRET not in out
    assert "withdrawn by the service" in out
    assert SECRET not in everywhere(shell, ernie, "")
    assert [turn.answer.text for turn in ernie.history] == ["before"]
    assert type(run("%%ernie\nhi")[0].error_in_exec).__name__ == "ConversationLocked"


@pytest.mark.parametrize(
    ("ban_round", "told"),
    [(2, "found round 2 unsafe"), (-1, "found it unsafe"), (None, "found it")],
)
def test_an_earlier_round_that_is_banned_is_named(ban_round, told):
    error = content_blocked(3, "as-1", ban_round=ban_round, locked=True)
    assert (error.ban_round, error.flag) == (ban_round, 3)
    assert told in error.line("en")
    assert "flag=3" in error.line("zh")


def test_content_filter_is_noted(run):
    _, out = run("%%ernie\n[[echo]][[finish=content_filter]]hi")
    assert "cut or replaced by content review" in out
