"""Thoughts, wherever a service puts them, are reasoning."""

import pytest

from tests.wire.chunks import DONE, STOP, chunk, event, read, read_body

OF_THOUGHTS = [
    "reasoning_text",
    "thought",
    "thoughts",
    "reasoning_summary",
    "thinking_content",
    "cot",
]


@pytest.mark.parametrize("name", OF_THOUGHTS)
def test_thoughts_under_other_names_are_reasoning(name):
    assert read_body({"content": None, name: "hm"}).reasoning == "hm"
    answer = read(chunk(**{name: "h"}), chunk(**{name: "m"}), chunk(0, "stop", content="A"), DONE)
    assert (answer.text, answer.reasoning) == ("A", "hm")


@pytest.mark.parametrize("kind", ["think", "thought", "thinking_delta", "reasoning_text"])
def test_parts_of_a_kind_that_speaks_of_thoughts_are_reasoning(kind):
    for name in "text", kind, "thinking":
        answer = read_body({"content": [{"type": kind, name: "hm"}, {"type": "text", "text": "A"}]})
        assert (answer.text, answer.reasoning) == ("A", "hm")


def test_thoughts_in_blocks_of_litellm_are_reasoning():
    blocks = [{"type": "thinking", "thinking": "hm", "signature": "x"}]
    assert read_body({"content": "A", "thinking_blocks": blocks}).reasoning == "hm"
    streamed = read(chunk(thinking_blocks=blocks), chunk(content="A"), STOP, DONE)
    assert streamed.reasoning == "hm"
    assert read_body({"content": "A", "thinking_blocks": blocks, "reasoning": "h"}).reasoning == "h"


def details(text, kind="reasoning.text", **fields):
    name = "summary" if kind == "reasoning.summary" else "text"
    return [{"type": kind, "index": 0, name: text, **fields}]


ONLY_DETAILS = {
    "pieces": [chunk(reasoning_details=details("so ")), chunk(reasoning_details=details("it is"))],
    "a signature": [
        chunk(reasoning_details=details("so it is")),
        chunk(reasoning_details=details(None, signature="x")),
    ],
    # https://platform.minimax.io/docs/api-reference/text-openai-api
    "MiniMax's, each with all before": [
        chunk(reasoning_details=details("so it is"[:end])) for end in (3, 5, 8)
    ],
    "a summary": [chunk(reasoning_details=details("so it is", "reasoning.summary"))],
    "beside the thoughts": [chunk(reasoning="so it is", reasoning_details=details("so it is"))],
}


@pytest.mark.parametrize("name", ONLY_DETAILS)
def test_thoughts_that_stand_in_details_only_are_reasoning(name):
    answer = read(*ONLY_DETAILS[name], chunk(content="A"), STOP, DONE)
    assert (answer.text, answer.reasoning) == ("A", "so it is")
    repeated = event(
        {"choices": [{"message": {"content": "A", "reasoning_details": details("so it is")}}]}
    )
    answer = read(*ONLY_DETAILS[name], chunk(content="A"), repeated, STOP, DONE)
    assert (answer.text, answer.reasoning) == ("A", "so it is")
    whole = read_body({"content": "A", "reasoning_details": details("so it is")})
    assert whole.reasoning == "so it is"


def test_details_that_are_encrypted_have_no_words():
    hidden = [{"type": "reasoning.encrypted", "data": "x", "text": "y"}]
    assert read_body({"content": "A", "reasoning_details": hidden}).reasoning == ""


def test_details_that_each_repeat_all_before_are_sent_back_once():
    pieces = [chunk(reasoning_details=details("so it is, is it"[:end])) for end in (8, 11, 15)]
    answer = read(*pieces, chunk(content="A"), STOP, DONE)
    assert answer.sent_back["reasoning_details"] == details("so it is, is it")


MARK = {"google": {"thought": True}}


MARKED = {
    "in pieces": [
        chunk(content="<thought>h", extra_content=MARK),
        chunk(content="m", extra_content=MARK),
        chunk(content="</thought>A"),
    ],
    "alike": [chunk(content="hm", extra_content=MARK), chunk(content="</thought>A")],
    "closed at once": [
        chunk(content="<thought>hm</thought>", extra_content=MARK),
        chunk(content="A"),
    ],
    "all in one": [chunk(content="<thought>hm</thought>A", extra_content=MARK)],
}


@pytest.mark.parametrize("name", MARKED)
def test_what_gemini_marks_as_thoughts_is_reasoning(name):
    answer = read(*MARKED[name], chunk(content="B"), STOP, DONE)
    assert (answer.text, answer.reasoning) == ("AB", "hm")


def test_marked_thoughts_that_are_alike_are_all_read():
    answer = read(*[chunk(content="h", extra_content=MARK)] * 4, chunk(content="A"), STOP, DONE)
    assert (answer.text, answer.reasoning) == ("A", "hhhh")
    assert read_body({"content": "say <thought>x</thought>"}).text == "say <thought>x</thought>"
