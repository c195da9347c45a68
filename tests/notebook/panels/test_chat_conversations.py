"""The conversations that the chat tab shows: what is done to them in one place is seen in all."""

import pytest


@pytest.fixture
def chats(panel):
    """Two panels of one notebook."""
    return [panel("chat").tabs["chat"] for _ in range(2)]


def prompts(tab):
    return [turn["prompt"] for turn in tab.transcript.shown_turns]


def delete_twice(tab):
    tab.delete_button.click()
    tab.delete_button.click()


@pytest.mark.parametrize("how", ["del", "pop", "clear", "panel"])
def test_a_conversation_that_is_deleted_is_shown_nowhere(chats, session, run, how):
    session["tutor"].chat("hi")
    for tab in chats:
        tab.conversations.value = "tutor"
    if how == "del":
        del session.conversations["tutor"]
    elif how == "pop":
        session.conversations.pop("tutor")
    elif how == "clear":
        session.conversations.clear()
    else:
        delete_twice(chats[0])
    for tab in chats:
        assert (tab.conversations.value, tab.conversations.options) == ("main", ("main",))
        assert (prompts(tab), tab.composer.status.text) == (
            [],
            "the conversation tutor was deleted",
        )
    run(chats[1], "more")
    assert [turn.prompt for turn in session.history] == prompts(chats[0]) == ["more"]
    assert "tutor" not in session


def test_a_fork_that_fails_is_known_to_no_panel(chats, session, emulator, wait):
    session.chat("one")
    emulator.faults.add(status=400, times=1)
    first, second = chats
    first._on_transcript_message(
        {"op": "edit", "id": first.transcript.shown_turns[0]["id"], "text": "uno"}
    )
    wait(lambda: not first.is_busy)
    assert second.conversations.options == first.conversations.options == ("main",)
    assert "deleted" not in first.composer.status.text


def test_a_conversation_that_is_deleted_while_it_is_answered_is_left_after_its_answer(
    panel, session, emulator, wait
):
    tab = panel("chat").tabs["chat"]
    session["tutor"].chat("hi")
    tab.conversations.value = "tutor"
    emulator.faults.add(delay=0.3, times=1)
    tab.composer.prompt.value = "one"
    tab.composer.send_button.click()
    del session["tutor"]
    assert "tutor" not in session
    wait(lambda: not tab.is_busy)
    assert (tab.conversations.value, prompts(tab), list(session.conversations)) == (
        "main",
        [],
        ["main"],
    )
    assert (tab.composer.prompt.value, tab.composer.status.text) == (
        "",
        "the conversation tutor was deleted",
    )


def test_a_conversation_that_another_panel_answers_is_not_deleted(chats, session, emulator, wait):
    session["tutor"].chat("hi")
    for tab in chats:
        tab.conversations.value = "tutor"
    emulator.faults.add(delay=0.3, times=1)
    chats[0].composer.prompt.value = "one"
    chats[0].composer.send_button.click()
    delete_twice(chats[1])
    assert "tutor is being answered" in chats[1].composer.status.text
    wait(lambda: not chats[0].is_busy)
    assert [turn.prompt for turn in session["tutor"].history] == ["hi", "one"]


def test_a_system_prompt_that_is_set_elsewhere_stands_in_every_panel(chats, session, run, bodies):
    session.conversation.system = "Be brief"
    assert [tab.system_prompt.value for tab in chats] == ["Be brief"] * 2
    chats[0].system_prompt.value = "Be a pirate"
    assert (chats[1].system_prompt.value, session.conversation.system) == ("Be a pirate",) * 2
    run(chats[1], "hi")
    assert bodies()[-1]["messages"][0] == {"role": "system", "content": "Be a pirate"}
    session["tutor"].system = "Be kind"
    assert [tab.system_prompt.value for tab in chats] == ["Be a pirate"] * 2
