"""Tools: Python functions that the model calls, and tools in the API's form, in cells and in
Python, on V1 and V2.
"""

import asyncio
import json
import types

import pytest

from ernie_magic.calls.chat import tool_results
from ernie_magic.errors import InvalidOption
from ernie_magic.session import Session
from tests.loopback_server import LoopbackServer, read_request
from tests.raw_server import END, Server, chunk, events, http

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "天气查询工具",
        "parameters": {
            "type": "object",
            "required": ["location", "time"],
            "properties": {
                "location": {"type": "string", "description": "地理位置,精确到区县级别"},
                "time": {"type": "string", "description": "时间,格式为YYYY-MM-DD"},
            },
        },
    },
}
ASK = "你好,我想知道明天北京的天气怎么样"


@pytest.fixture
def raw_server():
    server = Server()
    yield server
    server.stop()


def get_current_weather(location: str, unit: str = "摄氏度") -> dict:
    """天气查询工具"""
    return {"location": location, "temperature": 20, "unit": unit}


def add(a: int, b: int) -> int:
    """Add two numbers: the sum"""
    return a + b


def test_a_function_is_called_with_what_the_model_asks_and_its_result_used(ernie, emulator):
    answer = ernie.chat(ASK, tools=[get_current_weather])
    assert '"temperature": 20' in answer.text
    assert [
        (run.name, json.loads(run.arguments)["location"], run.failed) for run in answer.tool_runs
    ] == [("get_current_weather", "北京", False)]
    first, second = [request.body for request in emulator.requests if "chat" in request.path]
    assert first["tools"][0]["function"]["parameters"]["required"] == ["location"]
    assert [message["role"] for message in second["messages"]] == ["user", "assistant", "tool"]
    assert second["messages"][2]["tool_call_id"] == second["messages"][1]["tool_calls"][0]["id"]
    assert answer.usage.total_tokens > 0
    required = ernie.chat(ASK, tools=[get_current_weather], tool_choice="required", history=False)
    assert required.sent["tool_choice"] == "required"
    assert required.sent["tools"] == first["tools"]


def test_the_turn_holds_its_tool_rounds_and_the_next_question_sends_them(ernie, emulator):
    ernie.chat(ASK, tools=[get_current_weather])
    ernie.chat("[[echo]]谢谢")
    assert [message["role"] for message in emulator.requests[-1].body["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]
    assert len(ernie.history) == 2


def test_an_async_tool_and_an_async_call(ernie):
    async def weather(location: str) -> str:
        """天气查询工具"""
        await asyncio.sleep(0)
        return f"{location}：晴"

    assert "北京：晴" in asyncio.run(ernie.achat(ASK, tools=[weather])).text
    # No loop runs here: it gets one of its own.
    assert "北京：晴" in ernie.chat(ASK, tools=[weather]).text


def test_what_goes_wrong_in_a_tool_is_told_to_the_model(ernie):
    def weather(location: str) -> str:
        """天气查询工具"""
        raise ValueError(f"no station in {location}")

    answer = ernie.chat(ASK, tools=[weather])
    assert answer.tool_runs[0].failed
    assert "ValueError: no station in 北京" in answer.text


def test_several_tools_at_once(ernie, emulator):
    answer = ernie.chat("北京天气, and add 3 and 5", tools=[get_current_weather, add])
    assert {run.name: run.content for run in answer.tool_runs}["add"] == "8"
    assert [message["role"] for message in emulator.requests[-1].body["messages"]] == [
        "user",
        "assistant",
        "tool",
        "tool",
    ]
    assert (
        len(
            ernie.chat(
                "北京天气, and add 3 and 5",
                tools=[get_current_weather, add],
                parallel_tool_calls=False,
                history=False,
            ).tool_runs
        )
        == 1
    )


def test_a_tool_that_must_be_called_is_called_once(ernie):
    choice = {"type": "function", "function": {"name": "add"}}
    assert [run.name for run in ernie.chat("hi", tools=[add], tool_choice=choice).tool_runs] == [
        "add"
    ]
    assert [
        run.name
        for run in ernie.chat("hi", tools=[add], tool_choice="required", history=False).tool_runs
    ] == ["add"]
    assert ernie.chat("add 1 and 2", tools=[add], tool_choice="none", history=False).tool_runs == ()


def test_tools_as_the_api_has_them_are_left_to_the_caller(ernie, emulator):
    answer = ernie.chat(ASK, tools=[WEATHER])
    assert (answer.text, answer.finish_reason) == ("", "tool_calls")
    (call,) = answer.tool_calls
    assert json.loads(call["function"]["arguments"])["location"] == "北京"
    result = {
        "role": "tool",
        "tool_call_id": call["id"],
        "name": "get_current_weather",
        "content": '{"temperature": "20"}',
    }
    assert '{"temperature": "20"}' in ernie.chat([*answer.messages, result], tools=[WEATHER]).text
    assert not ernie.history  # a turn without an answer leaves no trace


def test_on_v1_they_are_functions(emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
    monkeypatch.setenv(
        "QIANFAN_ACCESS_TOKEN", "24.0123456789abcdef0123456789abcdef.2592000.1999999999.282335-1"
    )
    with Session(service="qianfan-v1", model="ernie-3.5-8k") as session:
        assert '"temperature": 20' in session.chat(ASK, tools=[get_current_weather]).text
        first, second = [request.body for request in emulator.requests if "chat" in request.path][
            -2:
        ]
        assert first["functions"][0]["name"] == "get_current_weather"
        assert [message["role"] for message in second["messages"]] == [
            "user",
            "assistant",
            "function",
        ]
        assert (
            session.chat(ASK, functions=[WEATHER["function"]]).tool_calls[0]["function"]["name"]
            == "get_current_weather"
        )


def test_a_cell_names_functions_by_their_variables(run, shell, ernie):
    other = {"type": "function", "function": {**WEATHER["function"], "name": "forecast"}}
    shell.user_ns.update(weather=get_current_weather, more=[add, other])
    _, out = run(f"%%ernie --tools weather --as a\n{ASK}")
    assert "tool get_current_weather" in out
    assert '"temperature": 20' in shell.user_ns["a"].text
    run("%%ernie --tools weather,more --no-history --as a\nadd 3 and 5")
    assert shell.user_ns["a"].tool_runs[0].content == "8"
    for name in "wether", "more.weather", "nothing.weather":
        result, _ = run(f"%%ernie --tools {name}\nhi")
        assert f"no variable {name}" in str(result.error_in_exec)
    assert "did you mean weather" in str(run("%%ernie --tools wether\nhi")[0].error_in_exec)


def test_a_cell_names_functions_of_modules_and_objects(run, shell, ernie):
    shell.user_ns.update(weather=types.SimpleNamespace(now=get_current_weather))
    run(f"%%ernie --tools weather.now --as a\n{ASK}")
    assert shell.user_ns["a"].tool_runs[0].name == "get_current_weather"


V1_WEATHER = WEATHER["function"]


@pytest.mark.parametrize(
    "given",
    [
        {"tools": WEATHER},
        {"tools": (WEATHER,)},
        {"tools": [[WEATHER]]},
        {"tools": [(WEATHER,), []]},
        {"tools": [V1_WEATHER]},
        {"tools": [[V1_WEATHER]]},
        {"functions": [V1_WEATHER]},
        {"functions": ([V1_WEATHER],)},
    ],
)
def test_tools_of_the_api_are_taken_however_their_list_is_written(ernie, emulator, given):
    answer = ernie.chat(ASK, history=False, **given)
    assert emulator.requests[-1].body["tools"] == [WEATHER]
    assert answer.tool_calls[0]["function"]["name"] == "get_current_weather"


@pytest.mark.parametrize(
    "line",
    [
        "--tools tools",
        "--tools a_tuple",
        "--tools nested",
        "--tools one",
        "--tools one,tools",
        "--functions v1",
        f"--tools '{json.dumps([WEATHER])}'",
        f"--tools '{json.dumps(WEATHER)}'",
        f"--functions '{json.dumps([V1_WEATHER])}'",
        f"--tools {json.dumps([WEATHER])}",
        f"--tools={json.dumps([WEATHER], separators=(',', ':'))}",
        f"--functions {json.dumps([V1_WEATHER], ensure_ascii=False)} --temperature 0.5",
    ],
    ids=lambda line: line[:25],
)
def test_a_cell_takes_tools_of_the_api_and_shows_the_call_it_leaves(run, shell, emulator, line):
    shell.user_ns.update(
        tools=[WEATHER],
        a_tuple=(WEATHER,),
        nested=[[WEATHER]],
        one=WEATHER,
        v1=[V1_WEATHER],
    )
    result, out = run(f"%%ernie {line} --no-history --as a\n{ASK}")
    assert result.success, result.error_in_exec
    assert emulator.requests[-1].body["tools"][0] == WEATHER
    assert 'get_current_weather({"location": "北京"' in out
    assert shell.user_ns["a"].tool_calls


def test_tools_given_under_both_names_are_refused_and_none_is_dropped(ernie):
    with pytest.raises(InvalidOption, match="given twice"):
        ernie.chat(ASK, tools=[add], functions=[V1_WEATHER])


@pytest.mark.parametrize("tools_given", [[], [[]], 5, "x", [5], [None]])
def test_what_is_not_a_tool_is_refused_in_words(ernie, tools_given):
    with pytest.raises(InvalidOption, match="tools"):
        ernie.chat(ASK, tools=tools_given)


def test_a_model_that_never_stops_asking_is_given_no_more(ernie, monkeypatch):
    monkeypatch.setattr(tool_results, "MAX_RUNS", 2)
    from ernie_magic.emulator import replies

    monkeypatch.setattr(replies.tools, "answer_from_result", lambda *_args, **_kwargs: "")
    assert len(ernie.chat("add 1 and 2", tools=[add]).tool_runs) <= 2


def test_what_a_model_writes_its_own_way_reaches_the_tool_as_declared(raw_server):
    """`"false"` is no true, and `functions.switch` is `switch`."""
    received = []

    def switch(on: bool, level: int = 3) -> str:
        """Switch it."""
        received.append((on, level))
        server.replies[""] = http(events(chunk({"content": "done"}), END))
        return "ok"

    server = raw_server
    written = '```json\n{"on": "false", "level": null,}\n```'
    call = {"index": 0, "id": "a", "function": {"name": "functions.switch", "arguments": written}}
    asked = chunk({"tool_calls": [call]}, finish_reason="tool_calls")
    server.replies[""] = http(events(asked))
    with Session(
        service="local", base_url=f"http://127.0.0.1:{server.port}/v1", model="m", retry_count=1
    ) as session:
        answer = session.chat("q", tools=[switch])
        sent_back = session.history[0].messages[1]["tool_calls"][0]["function"]
    assert received == [(False, 3)]
    assert answer.text == "done"
    assert sent_back == {"name": "switch", "arguments": '{"on": "false", "level": null}'}


class RecordingServer(LoopbackServer):
    """Answers with these replies in turn, and keeps what was asked."""

    def __init__(self, *replies):
        self.bodies = []
        self._replies = list(replies)
        super().__init__()

    async def _serve(self, reader, writer):
        self.bodies.append(json.loads((await read_request(reader)).body))
        writer.write(self._replies.pop(0))
        await writer.drain()


class StrictServer(LoopbackServer):
    """Calls a tool once, and parses the arguments of earlier calls as vLLM does."""

    def __init__(self, arguments):
        self._arguments = arguments
        super().__init__()

    async def _serve(self, reader, writer):
        messages = json.loads((await read_request(reader)).body)["messages"]
        writer.write(self._answer(messages))
        await writer.drain()

    def _answer(self, messages):
        try:
            for message in messages:
                for call in message.get("tool_calls") or ():
                    dict(json.loads(call["function"]["arguments"]))
        except (ValueError, TypeError) as error:
            refusal = {"object": "error", "message": str(error), "code": 400}
            return http(json.dumps(refusal), "400 Bad Request", "application/json")
        results = [message["content"] for message in messages if message["role"] == "tool"]
        if results:
            return http(events(chunk({"content": results[-1]}), END))
        call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": self._arguments}}
        return http(events(chunk({"tool_calls": [call]}, finish_reason="tool_calls")))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", "noon"),
        (None, "noon"),
        ("null", "noon"),
        ('["Paris"]', "the arguments are not a JSON object"),
        ('{"city":', "the arguments are not JSON"),
    ],
)
def test_a_call_without_readable_arguments_goes_back_to_a_server_that_parses_them(arguments, told):
    """And its result, or what was wrong with it, reaches the model."""

    def f() -> str:
        """The time."""
        return "noon"

    server = StrictServer(arguments)
    try:
        with Session(
            service="local", base_url=f"http://127.0.0.1:{server.port}/v1", model="m", retry_count=1
        ) as session:
            assert told in session.chat("q", tools=[f]).text
            assert told in session.chat("and then?").text
    finally:
        server.stop()


@pytest.mark.parametrize("given", ["", "call_0"])
def test_the_calls_of_all_rounds_and_prompts_have_ids_of_their_own(given):
    def f() -> str:
        """The time."""
        return "noon"

    call = {"index": 0, "id": given, "function": {"name": "f", "arguments": "{}"}}
    asked = http(events(chunk({"tool_calls": [call]}, finish_reason="tool_calls")))
    answered = http(events(chunk({"content": "done"}), END))
    server = RecordingServer(asked, asked, answered, asked, answered)
    try:
        with Session(
            service="local", base_url=f"http://127.0.0.1:{server.port}/v1", model="m", retry_count=1
        ) as session:
            session.chat("q", tools=[f])
            session.chat("and now?", tools=[f])
    finally:
        server.stop()
    messages = server.bodies[-1]["messages"]
    ids = [call["id"] for message in messages for call in message.get("tool_calls") or ()]
    results = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    assert (len(set(ids)), results) == (3, ids)


ENCRYPTED = {"type": "reasoning.encrypted", "data": "ErADCkYIBxgCIkA3kZ8s0V0q=", "id": "r1"}


def called(**fields):
    return {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}, **fields}


SIGNED = {"google": {"thought_signature": "CikBjz1rX9GvJk3b0QeW2sMnPq7Yt5Lh8Dx4Rz6Uf1Ac=="}}
SENT_BACK = {
    "deepseek": ({"reasoning_content": "let me see"}, {}),
    "openrouter": (
        {
            "reasoning": "so",
            "reasoning_details": [
                {"type": "reasoning.text", "text": "so", "index": 0, "signature": "sig="},
                ENCRYPTED,
            ],
        },
        {},
    ),
    "gemini": ({}, {"extra_content": SIGNED}),
    "gemini message": ({"extra_content": SIGNED}, {}),
    "litellm": (
        {"thinking_blocks": [{"type": "thinking", "thinking": "so", "signature": "s"}]},
        {"provider_specific_fields": {"thought_signature": "abc"}},
    ),
    "nothing": ({}, {}),
}  # fmt: skip


@pytest.mark.parametrize("is_streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("fields", SENT_BACK.values(), ids=SENT_BACK)
def test_what_a_service_expects_back_with_tool_calls_is_sent_back(fields, is_streamed):
    """For that round and with later prompts, and only what the service gave."""
    in_message, in_call = fields

    def f() -> int:
        """f"""
        return 5

    call = called(**in_call)
    if is_streamed:
        pieces = [chunk({name: value}) for name, value in in_message.items()]
        asked = http(
            events(
                *pieces,
                chunk({"tool_calls": [{"index": 0, **call}]}),
                chunk({}, finish_reason="tool_calls"),
            )
        )
        answered = http(events(chunk({"content": "done"}), END))
    else:
        message = {"role": "assistant", "content": None, **in_message, "tool_calls": [call]}
        answer = {"role": "assistant", "content": "done"}
        asked, answered = (
            http(
                json.dumps({"choices": [{"message": given, "finish_reason": "stop"}]}),
                kind="application/json",
            )
            for given in (message, answer)
        )
    server = RecordingServer(asked, answered, answered)
    try:
        with Session(
            service="local", base_url=f"http://127.0.0.1:{server.port}/v1", model="m", retry_count=1
        ) as session:
            session.chat("q", tools=[f], stream=is_streamed)
            session.chat("and then?", stream=is_streamed)
    finally:
        server.stop()
    _, second, third = (body["messages"] for body in server.bodies)
    plain = {"role": "assistant", "content": "", "tool_calls": [called()]}
    assert second[1] == {**plain, **in_message, "tool_calls": [call]}
    assert third[1] == second[1]


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("Let me look.", "Let me look.\n\nIt is fine."),
        ("Let me look.\n", "Let me look.\n\nIt is fine."),
        ("Let me look.\n\n", "Let me look.\n\nIt is fine."),
        ("\n\n", "\n\nIt is fine."),
        ("", "It is fine."),
    ],
)
def test_text_before_a_call_and_after_it_are_paragraphs(before, text):
    def f():
        return 1

    call = {"index": 0, **called()}
    asked = http(
        events(
            chunk({"content": before}),
            chunk({"tool_calls": [call]}),
            chunk({}, finish_reason="tool_calls"),
        )
    )
    answered = http(events(chunk({"content": "It is "}), chunk({"content": "fine."}), END))
    server = RecordingServer(asked, answered, answered)
    try:
        with Session(
            service="local", base_url=f"http://127.0.0.1:{server.port}/v1", model="m", retry_count=1
        ) as session:
            stream = session.stream("q", tools=[f])
            assert "".join(map(str, stream)) == text
            assert session.last.text == text
            session.chat("and then?")
    finally:
        server.stop()
    said = [m["content"] for m in server.bodies[-1]["messages"] if m["role"] == "assistant"]
    assert said == [before, "It is fine."]


def test_reasoning_details_that_arrive_in_pieces_are_sent_back_joined():
    def details(**fields):
        return chunk({"reasoning_details": [{"type": "reasoning.text", "index": 0, **fields}]})

    def f() -> int:
        """f"""
        return 5

    asked = http(
        events(
            details(text="let ", format="x"),
            details(text="let ", format="x"),
            details(text="me", format="x"),
            details(signature="sig"),
            chunk({"reasoning_details": [ENCRYPTED]}),
            chunk({"tool_calls": [{"index": 0, **called()}]}),
            chunk(
                {"tool_calls": [{"index": 0, "function": {}, "extra_content": SIGNED}]},
                finish_reason="tool_calls",
            ),
        )
    )
    server = RecordingServer(asked, http(events(chunk({"content": "done"}), END)))
    try:
        with Session(
            service="local", base_url=f"http://127.0.0.1:{server.port}/v1", model="m", retry_count=1
        ) as session:
            session.chat("q", tools=[f])
    finally:
        server.stop()
    sent = server.bodies[1]["messages"][1]
    whole = {"type": "reasoning.text", "index": 0, "text": "let let me", "format": "x"}
    assert sent["reasoning_details"] == [{**whole, "signature": "sig"}, ENCRYPTED]
    assert sent["tool_calls"] == [called(extra_content=SIGNED)]


def test_messages_of_a_call_left_to_the_caller_have_what_the_service_expects_back():
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    message = {
        "role": "assistant",
        "content": "",
        "reasoning_content": "so",
        "tool_calls": [called(extra_content=SIGNED)],
    }
    reply = {"choices": [{"message": message, "finish_reason": "tool_calls"}]}
    server = RecordingServer(http(json.dumps(reply), kind="application/json"))
    try:
        with Session(
            service="local", base_url=f"http://127.0.0.1:{server.port}/v1", model="m", retry_count=1
        ) as session:
            answer = session.chat("q", tools=[tool], stream=False)
    finally:
        server.stop()
    assert answer.messages[1] == message
