"""The reader of chats in OpenAI's form: what comes in pieces comes together."""

import json

import pytest


def test_the_service_s_own_statistic_is_taken_where_it_gives_one():
    from ernie_magic.api.requests import chat_request
    from ernie_magic.wire.openai_style import OpenAIReader

    reader = OpenAIReader(chat_request([{"role": "user", "content": "hi"}], model="m", given={}))
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
    from ernie_magic.wire.openai_style import OpenAIReader

    reader = OpenAIReader(chat_request([{"role": "user", "content": "hi"}], model="m", given={}))
    for calls in TOOL_DELTAS[name]:
        reader.feed({"choices": [{"index": 0, "delta": {"content": "", "tool_calls": calls}}]})
    found = [
        (call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in reader.tool_calls
    ]
    assert found == [("f", {"x": 1}), ("g", {})]
    assert "index" not in reader.tool_calls[0]


def tool_piece(arguments, id_=None, name=None, index=0):
    """A piece of a tool call as a stream has it."""
    return [
        {
            **({} if index is None else {"index": index}),
            "id": id_,
            "function": {"name": name, "arguments": arguments},
        }
    ]


F1, F2, G = ("f", {"x": 1}), ("f", {"x": 2}), ("g", {})
PARALLEL = {
    "whole, all at 0": (
        [tool_piece('{"x": 1}', "a", "f"), tool_piece('{"x": 2}', "b", "f"), tool_piece("{}", "c", "g")],
        [F1, F2, G],
    ),
    # https://github.com/agno-agi/agno/pull/8880
    "the second begins at 0 and goes on at 1": (
        [
            tool_piece("", "a", "f"),
            tool_piece('{"x": 1}'),
            tool_piece("", "b", "f"),
            tool_piece('{"x"', index=1),
            tool_piece(": 2}", index=1),
        ],
        [F1, F2],
    ),
    "all at 0 in one chunk": (
        [tool_piece('{"x": 1}', "a", "f") + tool_piece("{}", "c", "g")],
        [F1, G],
    ),
    "in pieces, all at 0": (
        [
            tool_piece("", "a", "f"),
            tool_piece('{"x"'),
            tool_piece(": 1}"),
            tool_piece("", "b", "f"),
            tool_piece('{"x": 2}'),
        ],
        [F1, F2],
    ),
    "pieces with an id of their own": (
        [
            tool_piece("", "a", "f"),
            tool_piece('{"x"', "a1"),
            tool_piece(": 1}", "a2"),
            tool_piece("{}", "b", "g", 1),
        ],
        [F1, G],
    ),
    "pieces with the same id and name": (
        [tool_piece('{"x"', "a", "f"), tool_piece(": 1}", "a", "f"), tool_piece("{}", "b", "g")],
        [F1, G],
    ),
    "interleaved, by id": (
        [
            tool_piece('{"x"', "a", "f"),
            tool_piece("{", "b", "g"),
            tool_piece(": 1}", "a"),
            tool_piece("}", "b"),
        ],
        [F1, G],
    ),
    "interleaved, by index": (
        [
            tool_piece('{"x"', "a", "f", 0),
            tool_piece("{", "b", "g", 1),
            tool_piece(": 1}", index=0),
            tool_piece("}", index=1),
        ],
        [F1, G],
    ),
    "without ids, other names": (
        [tool_piece('{"x": 1}', name="f"), tool_piece("{}", name="g")],
        [F1, G],
    ),
    "without ids, the same name": (
        [tool_piece('{"x": 1}', name="f"), tool_piece('{"x": 2}', name="f")],
        [F1, F2],
    ),
    "without ids, the name on each piece": (
        [tool_piece('{"x"', name="f"), tool_piece(": 1}", name="f"), tool_piece("{}", name="g")],
        [F1, G],
    ),
    "one id for all, by index": (
        [tool_piece('{"x": 1}', "call", "f", 0), tool_piece('{"x": 2}', "call", "f", 1)],
        [F1, F2],
    ),
    "one id for all, by name": (
        [tool_piece('{"x": 1}', "call", "f"), tool_piece("{}", "call", "g")],
        [F1, G],
    ),
    "the id after the name": (
        [tool_piece("", name="f"), tool_piece('{"x": 1}', "a", "f")],
        [F1],
    ),
    "one id and one name for all, in one list": (
        [tool_piece('{"x": 1}', "a", "f") + tool_piece('{"x": 2}', "a", "f")],
        [F1, F2],
    ),
    "one id and one name for all, in one list without an index": (
        [tool_piece('{"x": 1}', "a", "f", None) + tool_piece('{"x": 2}', "a", "f", None)],
        [F1, F2],
    ),
    "one id and one name for all, one by one": (
        [tool_piece('{"x": 1}', "a", "f"), tool_piece('{"x": 2}', "a", "f")],
        [F1, F2],
    ),
    "one id and one name for all, in pieces": (
        [
            tool_piece('{"x"', "a", "f"),
            tool_piece(": 1}", "a"),
            tool_piece('{"x": 2}', "a", "f"),
            tool_piece("{}", "b", "g"),
        ],
        [F1, F2, G],
    ),
    "one id and one name for all, each begun by its name": (
        [
            tool_piece("", "a", "f"),
            tool_piece('{"x": 1}'),
            tool_piece("", "a", "f"),
            tool_piece('{"x"'),
            tool_piece(": 2}"),
        ],
        [F1, F2],
    ),
    "the name once more at the end": (
        [tool_piece("", "a", "f"), tool_piece('{"x": 1}'), tool_piece("", "a", "f")],
        [F1],
    ),
    "twice the same in one list": (
        [tool_piece('{"x": 1}', "a", "f") + tool_piece('{"x": 1}', "a", "f")],
        [F1, F1],
    ),
    "a whole call once more at the end": (
        [
            tool_piece('{"x"', "a", "f"),
            tool_piece(": 1}", "a"),
            tool_piece("{}", "b", "g", 1),
            tool_piece('{"x": 1}', "a", "f") + tool_piece("{}", "b", "g", 1),
        ],
        [F1, G],
    ),
    "without an index": (
        [tool_piece('{"x": 1}', "a", "f", None), tool_piece('{"x": 2}', "b", "f", None)],
        [F1, F2],
    ),
    "all so far in each piece": (
        [tool_piece("", "a", "f"), tool_piece('{"x"'), tool_piece('{"x": 1}'), tool_piece('{"x": 1}')],
        [F1],
    ),
    "all so far in each piece, with the name": (
        [tool_piece('{"x"', "a", "f"), tool_piece('{"x": 1', "a", "f"), tool_piece('{"x": 1}', "a", "f")],
        [F1],
    ),
    "in pieces, and once more at the end": (
        [tool_piece('{"x"', "a", "f"), tool_piece(": 1}"), tool_piece('{"x": 1}')],
        [F1],
    ),
    "an empty object first": (
        [tool_piece("{}", "a", "f"), tool_piece('{"x"'), tool_piece(": 1}")],
        [F1],
    ),
    "encoded twice": ([tool_piece(json.dumps('{"x": 1}'), "a", "f")], [F1]),
    "an id of its own and the name on each piece": (
        [tool_piece('{"x"', "a", "f"), tool_piece(": 1}", "b", "f"), tool_piece('{"x": 2}', "c", "f")],
        [F1, F2],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PARALLEL)
def test_parallel_tool_calls_are_told_apart_by_id_and_name_and_then_by_index(name):
    from ernie_magic.api.requests import chat_request
    from ernie_magic.wire.openai_style import OpenAIReader

    pieces, expected = PARALLEL[name]
    reader = OpenAIReader(chat_request([{"role": "user", "content": "hi"}], model="m", given={}))
    for calls in pieces:
        reader.feed({"choices": [{"index": 0, "delta": {"content": None, "tool_calls": calls}}]})
    found = [
        (call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in reader.tool_calls
    ]
    assert found == expected
    # A result is sent back under its call's id.
    assert len({call["id"] for call in reader.tool_calls}) == len(expected)


def test_a_tool_s_name_may_come_in_pieces():
    from ernie_magic.wire.answers.tool_calls import ToolCallAssembler

    assembler = ToolCallAssembler(["get_weather_now", "get"])
    for piece in (
        *tool_piece("", "a", "get_"),
        *tool_piece("", None, "weather_"),
        *tool_piece('{"x": 1}', None, "now"),
        *tool_piece("{}", "b", "get", 1),
    ):
        assembler.add_pieces([piece])
    names = [call["function"]["name"] for call in assembler.join_pieces()]
    assert names == ["get_weather_now", "get"]


@pytest.mark.parametrize("index", [0, None])
def test_arguments_that_come_with_the_last_message_alone_are_read(index):
    from ernie_magic.api.requests import chat_request
    from ernie_magic.wire.openai_style import OpenAIReader

    reader = OpenAIReader(chat_request([{"role": "user", "content": "hi"}], model="m", given={}))
    reader.feed({"choices": [{"index": 0, "delta": {"tool_calls": tool_piece("", "a", "f")}}]})
    message = {"content": "", "tool_calls": tool_piece('{"x": 1}', "a", "f", index)}
    for _ in range(2):
        reader.feed({"choices": [{"index": 0, "delta": {}, "message": message}]})
    (call,) = reader.tool_calls
    assert json.loads(call["function"]["arguments"]) == {"x": 1}
