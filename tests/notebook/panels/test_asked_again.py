"""A prompt that is asked again in a panel: as it was asked, with what was changed since."""

import pytest

from ernie_magic.api.requests import ChatOptions
from ernie_magic.notebook.panels.asked_again import with_changes_since


@pytest.fixture
def act(chat, wait):
    """Do something to the last turn that is shown, and wait for the answer."""

    def act_(op, **more):
        id_ = chat.transcript.shown_turns[-1]["id"]
        wait(lambda: not chat.task._lock.locked())  # a moment longer than it is busy
        chat._on_transcript_message({"op": op, "id": id_, **more})
        wait(lambda: not chat.is_busy)

    return act_


def sent(body):
    return {name: body.get(name) for name in ("model", "temperature", "top_p", "min_p")}


@pytest.mark.parametrize("op", ["regenerate", "edit"])
def test_a_turn_of_a_cell_is_asked_again_as_it_was_asked(chat, act, session, bodies, op):
    session.chat(
        "hello", model="ernie-speed-8k", system="Be French", temperature=0.2, extra={"min_p": 0.1}
    )
    first = bodies()[-1]
    act(op, text="hello")
    assert bodies()[-1]["messages"] == first["messages"]
    assert sent(bodies()[-1]) == sent(first)
    assert chat.transcript.shown_turns[-1]["details"].startswith("ernie-speed-8k · ")


def test_what_was_changed_in_the_panel_since_wins_and_nothing_else(chat, act, session, bodies):
    controls = chat.selection.controls.by_name
    controls["top_p"].number_input.value = 0.5  # before the turn: it was not asked with it
    session.chat("hello", model="ernie-speed-8k", system="Be French", temperature=0.2)
    controls["temperature"].number_input.value = 0.9
    act("regenerate")
    assert sent(bodies()[-1]) == {
        "model": "ernie-speed-8k",
        "temperature": 0.9,
        "top_p": None,
        "min_p": None,
    }
    assert bodies()[-1]["messages"][0] == {"role": "system", "content": "Be French"}
    chat.system_prompt.field.value = "Be brief"
    chat.selection.picker.selected_model = "ernie-4.5-turbo-vl"
    act("regenerate")
    assert (bodies()[-1]["model"], bodies()[-1]["messages"][0]["content"]) == (
        "ernie-4.5-turbo-vl",
        "Be brief",
    )


def test_a_turn_of_the_panel_is_asked_again_with_what_the_panel_says_now(
    chat, act, session, run, bodies
):
    temperature = chat.selection.controls.by_name["temperature"]
    temperature.number_input.value = 0.9
    chat.selection.picker.selected_model = "ernie-speed-8k"
    run(chat, "hello")
    assert (bodies()[-1]["model"], bodies()[-1]["temperature"]) == ("ernie-speed-8k", 0.9)
    chat.selection.picker.selected_model = None
    chat.selection.controls.set_values({})
    act("regenerate")
    assert sent(bodies()[-1]) == {
        "model": "ernie-4.5-turbo-128k",
        "temperature": None,
        "top_p": None,
        "min_p": None,
    }


def test_what_is_changed_while_a_prompt_is_answered_is_changed_since(
    chat, act, session, emulator, wait, bodies
):
    emulator.faults.add(delay=0.3, times=1)
    chat.composer.prompt.value = "hello"
    chat.composer.send_button.click()
    chat.selection.controls.by_name["temperature"].number_input.value = 0.9
    wait(lambda: not chat.is_busy)
    act("regenerate")
    assert bodies()[-1]["temperature"] == 0.9


def test_what_is_changed_elsewhere_in_the_panel_is_changed_since_in_each_conversation(
    chat, act, session, bodies
):
    session.chat("hello", temperature=0.2)
    chat._start_conversation()
    chat.selection.controls.by_name["temperature"].number_input.value = 0.9
    chat.conversations.value = "main"
    act("regenerate")
    assert bodies()[-1]["temperature"] == 0.9


def test_a_turn_of_a_file_is_asked_again_with_what_the_panel_says(chat, act, session, bodies):
    session.history.extend(
        [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]
    )
    chat.selection.controls.by_name["temperature"].number_input.value = 0.9
    act("regenerate")
    assert bodies()[-1]["temperature"] == 0.9


def test_another_length_replaces_each_name_of_one():
    asked = ChatOptions({"max_tokens": 10, "top_p": 0.5})
    now = ChatOptions({"max_completion_tokens": 20})
    options = with_changes_since(asked, ChatOptions(), now)
    assert options.parameters == {"max_completion_tokens": 20, "top_p": 0.5}


def test_another_model_answers_in_the_place_of_a_service_or_plugins():
    asked = ChatOptions(endpoint="mine", plugins=("weather",))
    options = with_changes_since(asked, ChatOptions(), ChatOptions(model="ernie-speed-8k"))
    assert (options.model, options.endpoint, options.plugins) == ("ernie-speed-8k", "", ())
    assert with_changes_since(asked, ChatOptions(), ChatOptions()) == asked


def test_only_the_last_turn_is_answered_again(chat, ask, bodies):
    ask("one")
    ask("two")
    before = len(bodies())
    chat._on_transcript_message({"op": "regenerate", "id": chat.transcript.shown_turns[0]["id"]})
    assert (len(bodies()), chat.composer.status.text) == (
        before,
        "only the last turn can be answered again",
    )


def test_two_panels_that_answer_the_same_turn_again_leave_one_turn(
    panel, session, emulator, wait, prompts
):
    session.chat("first")
    tabs = [panel("chat").tabs["chat"] for _ in range(2)]
    emulator.faults.add(delay=0.1, times=2)
    for tab in tabs:
        tab._on_transcript_message({"op": "regenerate", "id": tab.transcript.shown_turns[-1]["id"]})
    wait(lambda: not any(tab.is_busy for tab in tabs))
    assert [turn.prompt for turn in session.history] == ["first"]
    assert prompts(tabs[0]) == prompts(tabs[1]) == ["first"]


def test_regenerate_replaces_the_last_answer_when_it_is_complete(
    chat, ask, session, bodies, wait, prompts
):
    ask("one")
    ask("two")
    before = session.history[1]
    chat.selection.controls.by_name["temperature"].number_input.value = 0.2
    chat._on_transcript_message({"op": "regenerate", "id": chat.transcript.shown_turns[-1]["id"]})
    wait(lambda: not chat.is_busy)
    assert [turn.prompt for turn in session.history] == prompts(chat) == ["one", "two"]
    assert session.history[1] is not before
    assert bodies()[-1]["messages"] == [
        *session.history[0].messages,
        {"role": "user", "content": "two"},
    ]
    assert bodies()[-1]["temperature"] == 0.2


def test_a_regenerated_answer_that_fails_or_is_stopped_leaves_the_old_one(
    chat, ask, session, emulator, wait
):
    ask("one")
    before = session.history[0]
    emulator.faults.add(status=500)
    chat._on_transcript_message({"op": "regenerate", "id": chat.transcript.shown_turns[-1]["id"]})
    wait(lambda: not chat.is_busy)
    assert session.history[0] is before
    assert chat.transcript.shown_turns[0]["text"] == before.answer.text
    assert chat.composer.status.is_error
    emulator._state.delta_delay = 0.03
    try:
        chat._on_transcript_message(
            {"op": "regenerate", "id": chat.transcript.shown_turns[-1]["id"]}
        )
        wait(
            lambda: (
                chat.transcript.shown_turns[-1]["blocks"]
                and chat.transcript.shown_turns[-1]["open"]
            )
        )
        chat.composer.stop_button.click()
        wait(lambda: not chat.is_busy)
    finally:
        emulator._state.delta_delay = 0
    assert list(session.history) == [before]
    assert chat.composer.status.text == "stopped; the earlier answer stays"


def test_the_answers_to_one_prompt_are_kept_and_the_shown_one_is_continued(
    chat, ask, session, wait, bodies
):
    def act(op, **more):
        id_ = chat.transcript.shown_turns[-1]["id"]
        chat._on_transcript_message({"op": op, "id": id_, **more})
        wait(lambda: not chat.is_busy)
        return chat.transcript.shown_turns[-1]["version"]

    ask("one")
    first = session.history[0]
    assert chat.transcript.shown_turns[0]["version"] is None
    assert act("regenerate") == [2, 2]
    assert act("regenerate") == [3, 3]
    third = session.history[0]
    assert act("version", step=1) == [3, 3]
    assert session.history[0] is third
    assert act("version", step=-1) == [2, 3]
    assert act("version", step=-1) == [1, 3]
    assert list(session.history) == [first]
    ask("two")
    assert bodies()[-1]["messages"][:-1] == first.messages
    assert [turn["version"] for turn in chat.transcript.shown_turns] == [[1, 3], None]
