"""Tool calls in unusual shapes are read, told, or nothing."""

import json

import pytest

from ernie_magic import errors
from ernie_magic.wire import qianfan_v1
from tests.wire.chunks import DONE, REQUEST, as_choices, chunk, event, read, read_body

CALL = {"name": "f", "arguments": '{"x": 1}'}


CALL_SHAPES = {
    "the older field": {"function_call": CALL},
    "one call without a list": {"tool_calls": {"id": "a", "function": CALL}},
    "without an object around": {"tool_calls": [{"id": "a", **CALL}]},
    "arguments as an object": {"tool_calls": [{"id": "a", "name": "f", "arguments": {"x": 1}}]},
    "the name alone": {"tool_calls": [{"function": "f", "arguments": '{"x": 1}'}]},
    "parameters": {"tool_calls": [{"function": {"name": "f", "parameters": {"x": 1}}}]},
    "a tool's use": {"tool_calls": [{"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}}]},
    "both fields": {"tool_calls": [{"id": "a", "function": CALL}], "function_call": CALL},
    "the newer field is null": {"tool_calls": None, "function_call": CALL},
    "the newer field is empty": {"tool_calls": [], "function_call": CALL},
}  # fmt: skip


def is_call_of_f(answer):
    (call,) = answer.tool_calls
    function = call["function"]
    return (call["type"], function["name"], json.loads(function["arguments"])) == (
        "function",
        "f",
        {"x": 1},
    )


@pytest.mark.parametrize("name", CALL_SHAPES)
def test_a_tool_call_is_read_in_whatever_shape_it_comes(name):
    shape = CALL_SHAPES[name]
    assert is_call_of_f(read_body({"content": None, **shape}))
    assert is_call_of_f(read(chunk(**shape), chunk(finish_reason="tool_calls"), DONE))
    v1 = json.dumps({"id": "x", "is_end": True, **shape}).encode()
    assert is_call_of_f(read(v1, reader=qianfan_v1.reader(REQUEST), kind="application/json"))
    streamed = event({"id": "x", "is_end": True, "result": "", **shape})
    assert is_call_of_f(read(streamed, reader=qianfan_v1.reader(REQUEST)))


def test_the_older_field_comes_in_pieces():
    answer = read(
        chunk(content=None, function_call={"name": "f", "arguments": ""}),
        chunk(function_call={"arguments": '{"x"'}),
        chunk(function_call={"arguments": ": 1}"}),
        chunk(finish_reason="function_call"),
        DONE,
    )
    assert is_call_of_f(answer)


UNREADABLE_CALLS = {
    "null": [None],
    "a text": "f",
    "a number": 5,
    "texts": ["f"],
    "an empty object": [{}],
    "a function that is a list": [{"function": ["f"]}],
    "no name": [{"id": "a", "function": {"arguments": "{}"}}],
    "an empty name": [{"id": "a", "function": {"name": " ", "arguments": "{}"}}],
    "only an id": [{"id": "a"}],
    "a tool of another kind": [{"type": "custom", "id": "a", "custom": {"name": "f", "input": "x"}}],
    "one of two": [{"id": "a", "function": CALL}, None],
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE_CALLS)
def test_a_tool_call_that_cannot_be_read_is_an_error(name):
    calls = UNREADABLE_CALLS[name]
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read_body({"content": None, "tool_calls": calls})
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read(chunk(tool_calls=calls), chunk(finish_reason="stop"), DONE)


@pytest.mark.parametrize("reason", ["tool_calls", "TOOL_CALLS", "function_call", "tool_use"])
def test_a_reason_to_finish_that_announces_a_call_without_one_is_an_error(reason):
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read(chunk(content="", finish_reason=reason), DONE)
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        read(chunk(content=""), chunk(finish_reason=reason, tool_calls=[]), DONE)


@pytest.mark.parametrize(
    "nothing",
    [
        {"tool_calls": [{"index": 0, "id": "", "function": {"name": "", "arguments": ""}}]},
        {"tool_calls": []},
        {"tool_calls": None},
        {"tool_calls": {}},
        {"function_call": {"name": "", "arguments": ""}},
        {"function_call": None},
    ],
)
def test_an_empty_tool_call_beside_text_means_nothing(nothing):
    answer = read(*[chunk(content="a", **nothing)] * 3, chunk(finish_reason="stop"), DONE)
    assert (answer.text, answer.tool_calls) == ("aaa", ())


CALLED = [{"function": {"name": "w", "arguments": '{"a":1}'}, "index": 0, "type": "function"}]


@pytest.mark.parametrize("arguments", ['{"a":1}', '{"a": 1}', {"a": 1}], ids=str)
@pytest.mark.parametrize("ids", [{}, {"id": "c1"}], ids=str)
def test_a_closing_message_that_repeats_the_streamed_calls_is_no_second_call(ids, arguments):
    streamed = chunk(tool_calls=[{**CALLED[0], **ids}])
    again = {**CALLED[0], **ids, "function": {"name": "w", "arguments": arguments}}
    last = {"message": {"tool_calls": [again]}, "finish_reason": "tool_calls"}
    assert len(read(streamed, as_choices([last]), DONE).tool_calls) == 1
