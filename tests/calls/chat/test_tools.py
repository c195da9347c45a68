"""Tools that raise, block, print, call the model again or return anything at all."""

import asyncio
import functools
import json
import math
import threading
import time
from datetime import date
from types import SimpleNamespace
from typing import Annotated, Any

import annotated_types
import pydantic
import pytest
from typing_extensions import Doc

from ernie_magic import errors
from ernie_magic.calls.chat import tool_results, tools
from ernie_magic.session import Session


@pytest.fixture
def studio(emulator, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-odd-tools")
    emulator.requests.clear()
    with Session(model="ernie-3.5-8k", backoff_factor=0.0) as session:
        yield session


def tool(make):
    def weather(location: str) -> object:
        """天气查询工具"""
        return make()

    return weather


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("says nothing")


def raising(error):
    def make():
        raise error

    return make


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        StopIteration(),
        StopAsyncIteration(),
        asyncio.CancelledError(),
        Mute(),
        RecursionError(),
        ValueError("\ud800"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("way", ["chat", "achat"])
def test_whatever_a_tool_raises_is_told_to_the_model(studio, error, way):
    asked = tool(raising(error))
    answer = (
        studio.chat("北京天气", tools=[asked])
        if way == "chat"
        else asyncio.run(studio.achat("北京天气", tools=[asked]))
    )
    assert answer.tool_runs[0].failed
    assert answer.text


def test_a_failed_question_inside_a_tool_is_the_tool_s(studio, emulator):
    def ask():
        return studio.chat("hi", model="nobody", history=False)

    answer = studio.chat("北京天气", tools=[tool(ask)])
    assert "ModelNotFound" in answer.tool_runs[0].content


def test_a_tool_may_ask_another_question(studio):
    answer = studio.chat(
        "北京天气", tools=[tool(lambda: studio.chat("[[echo]]inner", history=False).text)]
    )
    assert answer.tool_runs[0].content == "inner"


def test_a_value_is_made_text_where_the_tool_runs(studio):
    class Lazy:
        def __str__(self):
            return (
                studio.chat("[[echo]]from str", history=False).text
                + threading.current_thread().name
            )

    answer = studio.chat("北京天气", tools=[tool(Lazy)])
    assert answer.tool_runs[0].content == '"from strMainThread"'


def test_a_tool_that_waits_for_its_own_answer_is_told(studio):
    streams = []
    streams.append(studio.stream("北京天气", tools=[tool(lambda: streams[0].result().text)]))
    assert (
        "a tool cannot wait for the answer that waits for it"
        in streams[0].result().tool_runs[0].content
    )


def test_a_result_longer_than_the_model_takes_is_cut_and_says_so(studio, emulator):
    studio.settings.model = "ernie-3.5-8k"
    # The emulator counts tokens, which can only be estimated here.
    with pytest.raises(errors.InputTooLong):
        studio.chat("北京天气", tools=[tool(lambda: "长" * 3_000_000)])
    sent = emulator.requests[-1].body["messages"][-1]["content"]
    assert len(sent) < 10_100
    assert sent.endswith("(truncated)")


def test_text_before_a_tool_is_part_of_the_answer_and_of_what_broke_off(monkeypatch):
    from tests.raw_server import Server, chunk, events, http

    server = Server()
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    first = http(
        events(
            chunk({"content": "Let me look. "}),
            chunk({"tool_calls": [call]}),
            chunk({}, finish_reason="tool_calls"),
        )
    )
    second = http(events(chunk({"content": "It is 5."}), chunk({}, finish_reason="stop")))

    def f() -> int:
        """f"""
        server.replies[""] = after
        return 5

    try:
        with Session(
            service="local", base_url=f"http://127.0.0.1:{server.port}/v1", model="m", retry_count=1
        ) as session:
            server.replies[""], after = first, second
            stream = session.stream("q", tools=[f])
            assert "".join(stream) == stream.result().text == "Let me look. \n\nIt is 5."
            assert [m["content"] for m in session.history[0].messages] == [
                "q",
                "Let me look. ",
                "5",
                "It is 5.",
            ]
            session.reset()
            server.replies[""], after = first, http("{}", "500 X", "application/json")
            with pytest.raises(errors.ServerError) as caught:
                session.chat("q", tools=[f])
            assert (caught.value.answer.text, caught.value.answer.partial) == (
                "Let me look. ",
                True,
            )
            assert [m["content"] for m in session.history[0].messages] == ["q", "Let me look. "]
            # Two answers to the first question, one to the second.
            assert session.usage.total.requests == 3
    finally:
        server.stop()


@pytest.fixture
def calling_server():
    """A server whose first reply calls `f` behind a thought, and whose second answers."""
    from tests.raw_server import END, Server, chunk, events, http

    server = Server()
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"n": 5}'}}
    server.first = http(
        events(
            chunk({"reasoning_content": "I need f."}),
            chunk({"tool_calls": [call]}),
            chunk({}, finish_reason="tool_calls"),
        )
    )
    server.second = http(
        events(chunk({"reasoning_content": "Five, so."}), chunk({"content": "5"}), END)
    )

    def f(n: int) -> int:
        """f"""
        server.replies[""] = server.second
        return n

    server.function, server.replies[""] = f, server.first
    yield server
    server.stop()


@pytest.fixture
def asking(calling_server):
    with Session(
        service="local", base_url=f"http://127.0.0.1:{calling_server.port}/v1", model="m"
    ) as session:
        yield session


def test_thoughts_before_a_tool_are_part_of_the_answer_s(asking, calling_server):
    stream = asking.stream("q", tools=[calling_server.function])
    deltas = [delta for batch in stream.iter_batches(0) for delta in batch]
    answer = stream.result()
    assert answer.reasoning == "I need f.\n\nFive, so."
    assert "".join(delta.reasoning for delta in deltas) == answer.reasoning


def test_the_usage_of_rounds_that_reported_none_is_unknown(asking, calling_server):
    assert asking.chat("q", tools=[calling_server.function]).usage is None


def test_a_call_that_the_limit_of_length_cut_is_not_answered(asking, calling_server):
    calling_server.replies[""] = calling_server.first.replace(b'5}"', b'"').replace(
        b'"finish_reason": "tool_calls"', b'"finish_reason": "length"'
    )
    answer = asking.chat("q", tools=[calling_server.function])
    assert answer.is_truncated
    assert answer.tool_runs == ()
    assert answer.tool_calls[0]["function"]["arguments"] == '{"n": '
    assert asking.usage.total.requests == 1


def odd(x: "int or") -> int:  # noqa: F722
    return x


def listed(x: [int]) -> int:
    return x


def positional(x: int, /) -> int:
    return x


@pytest.mark.parametrize("function", [odd, listed])
def test_annotations_of_any_kind_are_borne(function):
    assert tools.describe_function(function)["function"]["parameters"]["required"] == ["x"]


@pytest.mark.parametrize(
    "function",
    [positional, dict, max, math.hypot, functools.partial(odd, 1), lambda: 1],
    ids=["positional", "dict", "max", "hypot", "partial", "lambda"],
)
def test_what_cannot_be_described_is_told(function):
    with pytest.raises(errors.InvalidOption):
        tools.split_tools([function])


def test_a_parameter_without_a_type_has_its_default_s_or_none():
    def power(x, n=2, label="p", exact=True, parts=(), since=None, day=date(2025, 1, 31)):
        """Raise it."""

    assert tools.describe_function(power)["function"]["parameters"] == {
        "type": "object",
        "required": ["x"],
        "properties": {
            "x": {},
            "n": {"type": "integer", "default": 2},
            "label": {"type": "string", "default": "p"},
            "exact": {"type": "boolean", "default": True},
            "parts": {"type": "array", "items": {}, "default": ()},
            "since": {"default": None},
            "day": {"type": "string", "format": "date"},
        },
    }


class Weather:
    """Ask the weather service."""

    def __call__(self, city: "str", days=3) -> str:
        return f"{city} {days}"


def test_an_object_that_is_called_like_a_function_is_a_tool():
    sent, functions = tools.split_tools([weather := Weather()])
    assert functions == {"Weather": weather}
    assert sent[0]["function"] == {
        "name": "Weather",
        "description": "Ask the weather service.",
        "parameters": {
            "type": "object",
            "required": ["city"],
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer", "default": 3},
            },
        },
    }
    weather.name = "get_weather"
    assert list(tools.split_tools(weather)[1]) == ["get_weather"]


TOOL = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize(
    "given",
    [
        json.dumps([TOOL]),
        json.dumps(TOOL),
        repr([TOOL]),
        [json.dumps(TOOL)],
        iter([TOOL]),
        (tool for tool in [TOOL]),
        {"f": TOOL}.values(),
        [iter([TOOL])],
    ],
    ids=lambda given: type(given).__name__,
)
def test_tools_may_be_json_or_anything_to_iterate_over(given):
    assert tools.split_tools(given) == ([TOOL], {})


def test_what_is_no_tool_is_told_with_what_would_be_one(ernie):
    with pytest.raises(errors.InvalidOption, match="not a list of tools: Python functions, or"):
        ernie.chat("hi", tools="{broken")


def test_two_tools_of_one_name_are_told():
    with pytest.raises(errors.InvalidOption, match="two tools are called odd"):
        tools.split_tools([odd, odd])


@pytest.mark.parametrize(
    "described",
    [{"type": "function", "function": {"name": "odd"}}, {"name": "odd", "input_schema": {}}],
)
def test_a_function_and_json_of_one_name_are_told(described):
    for given in ([odd, described], [described, odd]):
        with pytest.raises(errors.InvalidOption, match="two tools are called odd"):
            tools.split_tools(given)


def test_one_reader_that_leaves_does_not_end_the_others(studio):
    stream = studio.stream("[[chunks=40]][[pace=5ms]]")
    texts = []
    thread = threading.Thread(target=lambda: texts.append("".join(stream)))
    thread.start()
    time.sleep(0.05)
    for _ in stream:
        break
    thread.join()
    assert texts == [stream.result().text]
    assert not stream.result().partial


def test_an_end_that_was_said_is_not_waited_for_beyond_two_seconds(monkeypatch):
    from tests.raw_server import END, OK, Server, events, http

    class Slow:
        def __iter__(self):
            yield http(events(OK, END, done=False))
            while not over:
                time.sleep(0.05)
                yield b": ping\n\n"

    over = []
    server = Server()
    server.replies[""] = Slow()
    try:
        with Session(
            service="local", base_url=f"http://127.0.0.1:{server.port}/v1", model="m"
        ) as session:
            began = time.monotonic()
            assert session.chat("hi").text == "ok"
            assert time.monotonic() - began < 4
    finally:
        over.append(True)
        server.stop()


@pytest.mark.parametrize(
    "asked", [tool_results.MAX_RUNS - 1, tool_results.MAX_RUNS, tool_results.MAX_RUNS + 1, 2000]
)
def test_one_reply_cannot_have_a_tool_called_more_often_than_a_chain_of_them(asked):
    from tests.raw_server import Server, chunk, events, http

    server, called = Server(), []
    calls = [
        {"index": i, "id": f"c{i}", "function": {"name": "f", "arguments": f'{{"n": {i}}}'}}
        for i in range(asked)
    ]
    first = http(
        events(
            *(chunk({"tool_calls": [call]}) for call in calls),
            chunk({}, finish_reason="tool_calls"),
        )
    )
    second = http(events(chunk({"content": "done"}), chunk({}, finish_reason="stop")))

    def f(n: int) -> int:
        """f"""
        server.replies[""] = second
        called.append(n)
        return n

    try:
        with Session(
            service="local", base_url=f"http://127.0.0.1:{server.port}/v1", model="m", retry_count=1
        ) as session:
            server.replies[""] = first
            answer = session.chat("q", tools=[f])
            told = [message for message in session.history[0].messages if message["role"] == "tool"]
            requests = [
                call["id"]
                for message in session.history[0].messages
                for call in message.get("tool_calls", ())
            ]
    finally:
        server.stop()
    made = min(asked, tool_results.MAX_RUNS)
    assert called == [int(run.content) for run in answer.tool_runs] == list(range(made))
    # Each call has its result, as services require.
    assert requests == [message["tool_call_id"] for message in told]
    assert len(told) == min(asked, tools.MAX_ANSWERED)
    assert all("not called: at most 20" in message["content"] for message in told[made:])
    assert answer.text == "done"


def test_a_parameter_is_described_by_its_type_whatever_the_function_returns():
    """The return type of `ernie.image` is imported only for type checkers, until it is called."""

    def f(n: int, names: list[str], ok: bool = False) -> "NoSuchType":  # noqa: F821
        """f"""

    found = tools.describe_function(f)["function"]["parameters"]["properties"]
    assert found["n"] == {"type": "integer"}
    assert found["names"]["type"] == "array"
    assert found["ok"] == {"type": "boolean", "default": False}
    drawn = tools.describe_function(Session.image)["function"]["parameters"]["properties"]
    assert drawn["download"] == {"type": "boolean", "default": True}
    assert drawn["n"]["type"] == "integer"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([lambda x: x], "which a lambda or a partial does not have"),
        ([{"name": ""}], "each function needs a name"),
        ("weather", "is not a list of tools"),
        ([], "is not a list of tools"),
        ([5], "is not a list of tools"),
    ],
)
def test_what_is_no_tool_is_told_before_sending(ernie, emulator, given, told):
    with pytest.raises(errors.InvalidOption) as caught:
        ernie.chat("hi", tools=given)
    assert told in caught.value.line("en")
    assert not emulator.requests


PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
OTHER_FORMS = {
    "Anthropic's": {"name": "w", "description": "d", "input_schema": PARAMETERS},
    "Anthropic's with a type": {"type": "custom", "name": "w", "description": "d", "input_schema": PARAMETERS},
    "MCP's": {"name": "w", "title": "W", "description": "d", "inputSchema": PARAMETERS, "annotations": {}},
    "Responses'": {"type": "function", "name": "w", "description": "d", "parameters": PARAMETERS},
    "V1's": {"name": "w", "description": "d", "parameters": PARAMETERS},
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_FORMS)
def test_tools_of_other_protocols_are_sent_with_their_parameters(ernie, emulator, name):
    chosen = {"type": "tool", "name": "w"}
    ernie.chat("hi", tools=[OTHER_FORMS[name]], tool_choice=chosen)
    body = emulator.requests[-1].body
    function = {"name": "w", "description": "d", "parameters": PARAMETERS}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "w"}}


def test_a_signature_becomes_a_schema():
    from typing import Annotated, Literal

    def book(
        city: Annotated[str, "where"],
        nights: int,
        kind: Literal["single", "double"] = "single",
        tags: list[str] | None = None,
    ) -> str:
        """Book a room."""

    assert tools.describe_function(book)["function"] == {
        "name": "book",
        "description": "Book a room.",
        "parameters": {
            "type": "object",
            "required": ["city", "nights"],
            "properties": {
                "city": {"type": "string", "description": "where"},
                "nights": {"type": "integer"},
                "kind": {"enum": ["single", "double"], "type": "string", "default": "single"},
                "tags": {"type": "array", "items": {"type": "string"}, "default": None},
            },
        },
    }


@pytest.mark.parametrize("hint", [list, list[object], tuple, set, list | None, list[dict]])
def test_an_array_says_what_its_items_are(hint):
    def join(values: hint) -> str:
        """Join them."""

    described = tools.describe_function(join)["function"]["parameters"]["properties"]["values"]
    described = described.get("anyOf", [described])[0]
    assert (described["type"], "items" in described) == ("array", True)


@pytest.mark.parametrize("message", [{"content": "hi"}, {"role": None, "content": "hi"}])
def test_a_message_without_a_role_is_no_internal_error(emulator, message):
    address = {"base_url": emulator.base_url, "api_key": "k", "model": "ernie-3.5-8k"}
    with Session(service="local", **address) as session, pytest.raises(errors.MessagesRefused):
        session.chat([message])


class Plain:
    """A class that pydantic cannot describe."""


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (
            Annotated[int, pydantic.Field(description="the age", ge=0)],
            {"type": "integer", "description": "the age", "minimum": 0},
        ),
        (
            Annotated[str, pydantic.Field(pattern="^A", examples=["A1"])],
            {"type": "string", "pattern": "^A", "examples": ["A1"]},
        ),
        (Annotated[Plain, pydantic.Field(description="any")], {"description": "any"}),
        (
            Annotated[str, annotated_types.Len(1, 3)],
            {"type": "string", "minLength": 1, "maxLength": 3},
        ),
        (
            Annotated[list[int], annotated_types.MinLen(2)],
            {"type": "array", "items": {"type": "integer"}, "minItems": 2},
        ),
        (Annotated[int, Doc("how many")], {"type": "integer", "description": "how many"}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (
            Annotated[int | None, pydantic.Field(description="age")],
            {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "age"},
        ),
        (
            tuple[int, str],
            {
                "type": "array",
                "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (
            dict[str, list[int]],
            {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "integer"}},
            },
        ),
        (dict[str, Any], {"type": "object"}),
    ],
    ids=str,
)
def test_a_parameter_tells_all_that_its_annotation_says(hint, schema):
    def ask(value: hint) -> str:
        """Ask."""

    assert tools.describe_function(ask)["function"]["parameters"]["properties"]["value"] == schema


@pytest.mark.parametrize("given", [lambda tool: [tool], lambda tool: tool], ids=["listed", "alone"])
def test_a_tool_of_another_library_is_told_by_the_function_that_it_holds(session, given):
    tool = SimpleNamespace(name="get_weather", func=lambda city: city)
    with pytest.raises(errors.InvalidOption, match=r"tools=\[name\.func\]"):
        session.chat("hi", tools=given(tool))
