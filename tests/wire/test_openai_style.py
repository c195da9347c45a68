"""The reader of chats in OpenAI's form: what comes in pieces comes together."""

import json

import pytest


def test_the_service_s_own_statistic_is_taken_where_it_gives_one():
    from ernie_magic.api.requests import chat_request
    from ernie_magic.wire.openai_style import Reader

    reader = Reader(chat_request([{"role": "user", "content": "hi"}], model="m", given={}))
    # The numbers of an example reply of Qianfan V2.
    reader.feed(
        {
            "choices": [{"message": {"content": "x"}, "finish_reason": "normal"}],
            "statistic": {
                "first_token_latency": 0,
                "total_latency": 2.557672722,
                "avg_output_tokens_per_second": 10.165491376734478,
            },
        }
    )
    statistic = reader.build_answer(
        seconds=9, first_seconds=1, partial=False, service="s"
    ).statistic
    assert (
        statistic.total_latency,
        statistic.avg_output_tokens_per_second,
        statistic.measured,
    ) == (2.557672722, 10.165491376734478, False)


TOOL_DELTAS = {
    "with an index, in pieces": [
        [{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x"'}}],
        [{"index": 0, "function": {"arguments": ": 1}"}}],
        [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}],
    ],
    "whole, without an index": [
        [
            {"id": "a", "function": {"name": "f", "arguments": '{"x": 1}'}},
            {"id": "b", "function": {"name": "g", "arguments": "{}"}},
        ]
    ],
    "without any id": [
        [{"function": {"name": "f", "arguments": {"x": 1}}}],
        [{"function": {"name": "g", "arguments": "{}"}}],
    ],
    "pieces by id": [
        [{"id": "a", "function": {"name": "f", "arguments": '{"x"'}}],
        [{"id": "a", "function": {"arguments": ": 1}"}}],
        [{"id": "b", "function": {"name": "g", "arguments": "{}"}}],
    ],
}


@pytest.mark.parametrize("name", TOOL_DELTAS)
def test_tool_calls_come_together_however_they_are_cut(name):
    from ernie_magic.api.requests import chat_request
    from ernie_magic.wire.openai_style import Reader

    reader = Reader(chat_request([{"role": "user", "content": "hi"}], model="m", given={}))
    for calls in TOOL_DELTAS[name]:
        reader.feed({"choices": [{"index": 0, "delta": {"content": "", "tool_calls": calls}}]})
    found = [
        (call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in reader.tool_calls
    ]
    assert found == [("f", {"x": 1}), ("g", {})]
    assert "index" not in reader.tool_calls[0]
