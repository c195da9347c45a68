"""A prompt that is asked again in a panel: as it was asked, with what was changed since."""

import pytest

from ernie_magic.api.requests import ChatOptions
from ernie_magic.notebook.panels.asked_again import with_changes_since


@pytest.fixture
def chat(panel):
    return panel("chat").tabs["chat"]


@pytest.fixture
def act(chat, wait):
    """Do something to the last turn that is shown, and wait for the answer."""

    def act_(op, **more):
        id_ = chat.transcript.shown_turns[-1]["id"]
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
    chat.system_prompt.value = "Be brief"
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
