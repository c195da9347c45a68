"""Messages as turns: what other programs keep becomes a conversation, or is refused by its place."""

import re

import pytest

from ernie_magic.calls.chat.history import History, Turn, read_turns
from ernie_magic.errors import InvalidMessages
from tests.calls.chat.test_history import turn


def user(content):
    return {"role": "user", "content": content}


def assistant(content):
    return {"role": "assistant", "content": content}


CALL = {"id": "a", "type": "function", "function": {"name": "add", "arguments": "{}"}}
ASKS_TOOL = {"role": "assistant", "content": "let me see", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "5"}
PICTURE = {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [user("a"), assistant("b"), user("c"), assistant("d")],
        [user("a"), ASKS_TOOL, RESULT, assistant("five")],
        [user("a"), ASKS_TOOL, RESULT, ASKS_TOOL, RESULT, assistant("five")],
        [user([{"type": "text", "text": "look"}, PICTURE]), assistant("b")],
    ],
    ids=["none", "texts", "tool", "tools", "picture"],
)
def test_messages_become_turns_with_the_same_messages(messages):
    assert History([*read_turns(messages)]).messages() == messages


def test_a_call_without_words_has_an_empty_text():
    (only,) = read_turns([user("a"), {**ASKS_TOOL, "content": None}, RESULT, assistant("five")])
    assert (only.answer.text, only.rounds[0]["content"]) == ("five", "")


def test_a_picture_s_address_may_stand_alone():
    content = [{"type": "text", "text": "look"}, {**PICTURE, "image_url": "https://a.b/c.png"}]
    (only,) = read_turns([user(content), assistant("b")])
    assert only.images == (PICTURE,)


def test_turns_and_messages_may_stand_in_one_list():
    first = turn("first")
    assert [each.prompt for each in read_turns([first, user("a"), assistant("b"), first])] == [
        "first",
        "a",
        "first",
    ]


class ClientsMessage:
    """As `choices[0].message` of OpenAI's client is."""

    role = "assistant"

    def model_dump(self, **_):
        return {"role": "assistant", "content": "b"}


def test_an_answer_of_openai_s_client_is_a_message():
    (only,) = read_turns([user("a"), ClientsMessage()])
    assert isinstance(only, Turn)
    assert only.answer == "b"


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([user("a")], r"message 1 \(user\) has no answer after it. .* by ernie\.chat"),
        ([user("a"), user("b"), assistant("c")], r"message 1 \(user\) has no answer"),
        ([user("a"), turn("b")], r"message 1 \(user\) has no answer"),
        ([user("a"), ASKS_TOOL, RESULT], r"message 1 \(user\) has no answer after it"),
        ([assistant("hello")], r"message 1 \(assistant\) has no prompt before it"),
        ([user("a"), assistant("b"), assistant("c")], r"message 3 \(assistant\) has no prompt"),
        ([user("a"), assistant("")], "message 2 is empty"),
        ([user(""), assistant("b")], "message 1 is empty"),
        ([user(None), assistant("b")], "message 1 is empty"),
        (
            [{"role": "system", "content": "s"}],
            r"the role system. .* ernie\.conversation\.system =",
        ),
        ([{"role": "model", "content": "s"}], "message 1 has the role 'model'"),
        ([{"content": "s"}], r"not list\[dict\]"),
        (["a", "b"], r"not list\[str\]"),
        ([("user", "a")], r"not list\[tuple\]"),
        ([user([{"type": "input_audio"}]), assistant("b")], "a part of the kind 'input_audio'"),
        ([user([{"type": "image_url"}]), assistant("b")], "a picture without an address"),
        ([user("a"), {**ASKS_TOOL, "tool_calls": [{}]}], "the tool_calls of message 2"),
    ],
    ids=range(17),
)
def test_what_forms_no_turn_is_refused_by_its_place(messages, said):
    with pytest.raises(InvalidMessages) as caught:
        list(read_turns(messages))
    assert re.search(said, caught.value.line("en"))
