"""Choices in unusual forms: none is mixed with another, and none is lost."""

import json

import pytest

from ernie_magic import errors
from ernie_magic.api.requests import chat_request
from ernie_magic.wire import openai_style
from tests.wire.chunks import (
    DONE,
    REQUEST,
    STOPPED,
    as_choices,
    choice,
    chunk,
    event,
    read,
    read_body,
)


def test_choices_are_not_mixed():
    events = []
    for text in "ab", "cd", "ef":
        events += [chunk(0, content=text), chunk(1, content=text.upper())]
    events += [chunk(1, "length"), chunk(0, "stop")]
    answer = read(*events, DONE)
    assert (answer.text, answer.finish_reason) == ("abcdef", "stop")
    together = [
        event({"choices": [choice(1, content=text.upper()), choice(0, content=text)]})
        for text in ("ab", "cd", "ef")
    ]
    assert read(chunk(0, role="assistant"), *together, DONE).text == "abcdef"
    assert read(chunk(1, content="B"), *together, DONE).text == "BABCDEF"


# https://github.com/huggingface/text-generation-inference/pull/1648
COUNTED = {
    "from one": [(1, "I"), (2, "'"), (3, "m")],
    "from nought, after a role": [(0, ""), (0, "I"), (1, "'"), (2, "m")],
    "two tokens": [(1, "I'"), (2, "m")],
    "many": [(0, "I'"), *((i, "") for i in range(1, 20)), (20, "m")],
    "the reason once more": [(1, "I"), (2, "'"), (3, "m"), (3, "")],
}


@pytest.mark.parametrize("name", COUNTED)
def test_an_index_that_counts_tokens_loses_none(name):
    *before, (last, text) = COUNTED[name]
    events = [chunk(i, content=content) for i, content in before]
    answer = read(*events, chunk(last, "length", content=text), DONE)
    assert (answer.text, answer.finish_reason) == ("I'm", "length")


@pytest.mark.parametrize("count", [3, 12])
def test_counted_thoughts_and_tool_calls_are_whole(count):
    thoughts = [chunk(i, reasoning_content=str(i)) for i in range(count)]
    answer = read(*thoughts, chunk(count, content="A"), chunk(count + 1, "stop"), DONE)
    assert (answer.reasoning, answer.text) == ("".join(map(str, range(count))), "A")
    arguments = '{"x": "' + "y" * count + '"}'
    pieces = [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]
    pieces += [{"index": 0, "function": {"arguments": letter}} for letter in arguments]
    events = [chunk(i, tool_calls=[piece]) for i, piece in enumerate(pieces)]
    (call,) = read(*events, chunk(len(pieces), "tool_calls"), DONE).tool_calls
    assert call["function"]["arguments"] == arguments


def test_tokens_that_are_counted_are_shown_as_they_come():
    reader = openai_style.reader(REQUEST)
    shown = [reader.feed({"choices": [choice(i, content=str(i))]}) for i in range(12)]
    assert [delta.text for delta in shown if delta] == ["0", "12345678", "9", "10", "11"]


def test_a_completion_s_counted_tokens_are_joined():
    texts = [{"index": i, "text": text} for i, text in enumerate("abc")]
    texts[-1]["finish_reason"] = "stop"
    assert read(*(event({"choices": [text]}) for text in texts), DONE).text == "abc"


def test_a_stream_that_was_collected_into_a_list_is_read():
    chunks = [{"choices": [choice(content=text)]} for text in "abc"]
    chunks.append({"choices": [choice(finish_reason="length")]})
    body = json.dumps(chunks).encode()
    for kind in "application/json", "text/plain":
        answer = read(body, kind=kind)
        assert (answer.text, answer.finish_reason) == ("abc", "length")
    for failed in {"error": {"message": "died"}}, {"throttlingException": {"message": "died"}}:
        with pytest.raises(errors.ServiceError, match="died"):
            read(json.dumps([*chunks[:2], failed]).encode(), kind="application/json")
    with pytest.raises(errors.ProtocolError, match="instead of an answer"):
        read(json.dumps([{"a": 1}, {"b": 2}]).encode(), kind="application/json")


OTHER_CHOICES = {
    "in turn": [(0, "a", None), (1, "X", None), (0, "b", "stop"), (1, "Y", "stop")],
    "one after the other": [(0, "a", None), (0, "b", "stop"), (1, "X", None), (2, "Y", "stop")],
    "three, the last one ends first": [(0, "a", None), (1, "X", None), (2, "Y", None), (2, "", "stop"), (0, "b", "stop")],
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_CHOICES)
def test_other_choices_are_not_taken_for_counted_tokens(name):
    request = chat_request(REQUEST.messages, model="m", given={}, extra={"n": 3})
    events = [chunk(i, reason, content=text) for i, text, reason in OTHER_CHOICES[name]]
    assert read(*events, DONE, reader=openai_style.reader(request)).text == "ab"
    if not name.startswith("three"):
        assert read(*events, DONE).text == "ab"


def test_an_answer_whose_only_words_have_another_index_is_not_empty():
    role = chunk(0, role="assistant", content="")
    words = [chunk(1, content=text) for text in "ab"]
    assert read(role, *words, chunk(1, "stop"), DONE).text == "ab"
    for end in chunk(0, "stop"), chunk(5, "stop"):
        with pytest.raises(errors.ProtocolError, match="cannot be read: choices"):
            read(role, *words, end, chunk(0, "stop"), DONE)
    request = chat_request(REQUEST.messages, model="m", given={}, extra={"n": 2})
    reader = openai_style.reader(request)
    assert not read(role, *words, chunk(0, "stop"), DONE, reader=reader).text


def test_the_first_of_several_choices_in_one_body_is_the_answer():
    body = {
        "choices": [
            {"index": i, "message": {"content": text}, "finish_reason": "stop"}
            for i, text in enumerate(["one", "two"])
        ]
    }
    assert read(json.dumps(body).encode(), kind="application/json").text == "one"


ODD_CHOICES = {
    "one choice without a list": {"message": {"content": "ha"}, **STOPPED},
    "a message that is its words": [{"message": "ha", **STOPPED}],
    "words beside a role": [{"delta": {"role": "assistant"}, "text": "ha", **STOPPED}],
    "words beside empty ones": [{"delta": {"content": ""}, "text": "ha", **STOPPED}],
}


@pytest.mark.parametrize("name", ODD_CHOICES)
def test_a_choice_in_another_form_is_read(name):
    choices = ODD_CHOICES[name]
    whole = read(json.dumps({"choices": choices}).encode(), kind="application/json")
    assert (whole.text, whole.finish_reason) == ("ha", "stop")
    assert read(as_choices(choices), DONE).text == "ha"
    assert read(*[as_choices(choices)] * 3, DONE).text == "hahaha"


FAILED_CHOICES = {
    "a status": {"status": "failed"},
    "a flag": {"success": False},
    "words": {"error_msg": "died"},
    "a code": {"errorCode": 500, "errorMsg": "died"},
}


@pytest.mark.parametrize("name", FAILED_CHOICES)
@pytest.mark.parametrize("inside", [False, True])
def test_a_choice_that_says_that_it_failed_is_no_answer(name, inside):
    failure = FAILED_CHOICES[name]
    choices = [{"delta": {"content": "half"}, **failure}]
    if inside:
        choices = [{"delta": {"content": "half", **failure}}]
    with pytest.raises(errors.ServiceError):
        read(as_choices(choices), DONE)


def test_what_a_message_tells_of_a_tool_is_no_failure_of_its_own():
    told = {"content": "A", "output": {"error": "no such file"}, "metadata": {"error": "x"}}
    assert read_body(told).text == "A"
