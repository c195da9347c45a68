"""Several choices nobody asked for: parts of one answer where they do not contradict each other."""

import copy
import json

import pytest

from ernie_magic.api.requests import chat_request
from ernie_magic.wire import openai_style

MESSAGES = [{"role": "user", "content": "hi"}]
SAID = {"role": "assistant", "content": "Let me check"}


def called(city, **fields):
    function = {"name": "w", "arguments": json.dumps({"city": city})}
    return {"id": city, "type": "function", "function": function, **fields}


def calls(*cities, content=None):
    return {"role": "assistant", "content": content, "tool_calls": [called(c) for c in cities]}


def read(*replies, place="message", **given):
    """The text and the cities of an answer; each reply is a list of choices: index, what it says,
    reason to finish.
    """
    reader = openai_style.reader(chat_request(MESSAGES, model="m", given={}, extra=given))
    for choices in copy.deepcopy(replies):
        reader.feed(
            {
                "id": "x",
                "choices": [
                    {"index": index, place: said, "finish_reason": reason}
                    for index, said, reason in choices
                ],
            }
        )
    answer = reader.build_answer(seconds=1, first_seconds=1, partial=False, service="s")
    arguments = [json.loads(call["function"]["arguments"]) for call in answer.tool_calls]
    return answer.text, [given["city"] for given in arguments], answer.finish_reason


# https://github.com/HKUDS/nanobot/pull/1555, https://github.com/karthink/gptel/pull/1336
WHOLE = {
    "one index": ([(0, SAID, "tool_calls"), (0, calls("Paris"), "tool_calls"), (0, calls("Rome"), "tool_calls")], "Let me check", ["Paris", "Rome"]),
    "rising indexes": ([(0, SAID, "stop"), (1, calls("Paris", "Rome"), "tool_calls")], "Let me check", ["Paris", "Rome"]),
    "no index": ([(None, SAID, "tool_calls"), (None, calls("Rome"), "tool_calls")], "Let me check", ["Rome"]),
    "calls first": ([(0, calls("Rome"), "tool_calls"), (1, SAID, "stop")], "Let me check", ["Rome"]),
    "no words": ([(0, calls("Paris"), "tool_calls"), (1, calls("Rome"), "tool_calls")], "", ["Paris", "Rome"]),
    "words beside the call": ([(0, SAID, "tool_calls"), (1, calls("Rome", content="Now"), "tool_calls")], "Let me check\n\nNow", ["Rome"]),
    "words in parts": ([(0, {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Let"}]}, "tool_calls"), (0, calls("Rome", content="Now"), "tool_calls")], "Let\n\nNow", ["Rome"]),
    "an empty one": ([(0, SAID, "stop"), (1, {"role": "assistant", "content": ""}, "stop")], "Let me check", []),
    "one call twice": ([(0, calls("Rome"), "tool_calls"), (1, calls("Rome"), "tool_calls")], "", ["Rome"]),
    "thoughts first": ([(0, {"content": None, "reasoning_text": "hm"}, "stop"), (1, SAID, "stop")], "Let me check", []),
    "two answers": ([(0, SAID, "stop"), (1, {"content": "or this"}, "stop")], "Let me check", []),
    "two answers with calls": ([(0, calls("Paris", content="a"), "tool_calls"), (1, calls("Rome", content="b"), "tool_calls")], "a", ["Paris"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_choices_of_one_reply_are_its_parts_unless_they_are_two_answers(name):
    choices, text, cities = WHOLE[name]
    said, called_with, reason = read(choices)
    assert (said, called_with) == (text, cities)
    assert reason == ("tool_calls" if cities else "stop")


PIECES = [
    {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "w", "arguments": ""}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"city": '}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '"Rome"}'}}]},
]
WORDS = [{"content": "Let "}, {"content": "me"}]
STREAMED = {
    "two of one index in a chunk": [[(0, WORDS[0], None), (0, WORDS[1], None)], [(0, PIECES[0], None)], [(0, PIECES[1], None), (0, PIECES[2], "tool_calls")]],
    "another index": [*([(0, said, None)] for said in WORDS), *([(1, said, None)] for said in PIECES), [(1, {}, "tool_calls")]],
    "another index after an end": [*([(0, said, None)] for said in WORDS), [(0, {}, "stop")], *([(1, said, None)] for said in PIECES), [(1, {}, "tool_calls")]],
    "an end beside the first piece": [*([(0, said, None)] for said in WORDS), [(0, {}, "stop"), (1, PIECES[0], None)], [(1, PIECES[1], None)], [(1, PIECES[2], "tool_calls")]],
    "both in each chunk": [[(0, WORDS[0], None), (1, PIECES[0], None)], [(0, WORDS[1], None), (1, PIECES[1], None)], [(1, PIECES[2], "tool_calls")]],
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMED)
def test_choices_of_a_stream_are_its_parts(name):
    assert read(*STREAMED[name], place="delta")[:2] == ("Let me", ["Rome"])


def test_choices_that_were_asked_for_are_never_mixed():
    choices = [(0, SAID, "stop"), (1, calls("Rome"), "tool_calls")]
    assert read(choices, n=2) == ("Let me check", [], "stop")
    assert read(*STREAMED["another index"], place="delta", n=2)[:2] == ("Let me", [])


def test_calls_of_another_answer_in_a_stream_are_not_run():
    others = [{"content": "Or "}, *PIECES]
    stream = [[(0, said, None)] for said in WORDS]
    stream[1:1] = [[(1, said, None)] for said in others]
    assert read(*stream, place="delta")[:2] == ("Let me", [])
