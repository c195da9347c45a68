"""A server echoes a key, in any field and form: nothing reachable shows eight characters of it."""

import base64
import itertools
import json
import pickle
import sqlite3
from pathlib import Path

import pytest

from ernie_magic import errors
from ernie_magic.api.requests import ChatOptions
from ernie_magic.calls import as_code
from ernie_magic.config.keys import Key
from ernie_magic.notebook.display import chat as shown_answer
from ernie_magic.session import Session
from tests.raw_server import events, http
from tests.text.test_redact import FORMS, KEYS, runs
from tests.wire.test_hostile_frames import of_error, raised

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def session(server):
    with Session(
        service="local",
        base_url=f"http://127.0.0.1:{server.port}/v1",
        api_key="another-key-0011-zzzz-yyyy",
        model="m",
        retry_count=1,
        language="en",
    ) as session:
        yield session


def reply(**fields):
    return {
        "id": "x",
        "model": "m",
        "choices": [{"index": 0, "message": {"content": "ok"}, "finish_reason": "stop"}],
        **fields,
    }


def message(text="ok", **fields):
    return reply(
        choices=[{"index": 0, "message": {"content": text, **fields}, "finish_reason": "stop"}]
    )


def choice(**fields):
    return reply(
        choices=[{"index": 0, "message": {"content": "ok"}, "finish_reason": "stop", **fields}]
    )


def call(name="f", arguments="{}", id_="c"):
    return message(
        "",
        tool_calls=[
            {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        ],
    )


def refusal(**fields):
    return {"error": {"message": "no", "code": "c", "type": "t", **fields}}


# Where a chat's answer may hold an echo.
ANSWERS = {
    "text": message,
    "reasoning": lambda echo: message(reasoning_content=echo),
    "id": lambda echo: reply(id=echo),
    "model": lambda echo: reply(model=echo),
    "finish reason": lambda echo: choice(finish_reason=echo),
    "tool name": call,
    "tool arguments": lambda echo: call(arguments=json.dumps({"a": echo})),
    "tool id": lambda echo: call(id_=echo),
    "search": lambda echo: reply(
        search_results=[{"title": echo, "url": f"https://e.invalid/{echo}", "x": [echo]}]
    ),
    "search info": lambda echo: choice(search_info={"search_results": [{"title": echo}]}),
    "unknown": lambda echo: reply(unknown={"a": [{echo: echo}]}),
    "unknown of the choice": lambda echo: choice(unknown=[echo]),
    "usage": lambda echo: reply(usage={"total_tokens": 1, "x": echo}),
    "object": lambda echo: reply(object=echo),
}
# Where a refusal may.
REFUSALS = {
    "message": lambda echo: refusal(message=f"bad key {echo}"),
    "code": lambda echo: refusal(code=echo),
    "type": lambda echo: refusal(type=echo),
    "beside": lambda echo: refusal(x=[{echo: echo}]),
    "request id": lambda echo: {**refusal(), "id": echo},
    "detail": lambda echo: {"detail": [{"msg": echo}]},
    "old": lambda echo: {"error_code": 110, "error_msg": echo},
}


def reached(found, depth=0):
    """All strings that can be reached from a value."""
    pieces = [repr(found), str(found)]
    if isinstance(found, dict):
        pieces += [
            piece for pair in found.items() for one in pair for piece in reached(one, depth + 1)
        ]
    elif isinstance(found, (list, tuple)):
        pieces += [piece for one in found for piece in reached(one, depth + 1)]
    elif isinstance(found, bytes):
        pieces.append(found.decode("latin-1"))
    elif (
        hasattr(found, "__dict__")
        and type(found).__module__.startswith("ernie_magic")
        and depth < 6
    ):
        pieces += reached(vars(found), depth + 1)
        forms = [name for name in dir(type(found)) if name.startswith("_repr_")]
        # A list of a map has no HTML.
        pieces += [repr(getattr(found, name)()) for name in forms if hasattr(found, name)]
    return pieces


def everything(session, result):
    """Everything that a session and a result show, keep and write to files."""
    pieces = [
        *reached(result),
        repr(pickle.dumps(result)),
        *reached(session.last),
        repr(session),
        repr(session.history),
        repr(session.usage),
    ]
    pieces += reached([[turn.messages, turn.answer] for turn in session.history])
    if getattr(result, "messages", None):
        pieces += reached(result.messages)
    return "\n".join(pieces)


def shown(answer):
    """What a notebook shows and saves of an answer."""
    return json.dumps(
        shown_answer.mime_bundle(answer, "en"), ensure_ascii=False, default=str
    ) + "".join(
        function(answer, "en")
        for function in (
            shown_answer.summary_line,
            shown_answer.footer_html,
            shown_answer.tool_runs_html,
            shown_answer.sources_html,
        )
    )


@pytest.fixture(params=["each form of some key", pytest.param("all", marks=pytest.mark.slow)])
def echoes(request):
    """(echo, key) for each form of each key; by default each form once, of the keys by turns."""
    keys = list(KEYS.values())
    for key in keys:
        Key(key)
    if request.param == "all":
        return [(form(key), key) for key in keys for form in FORMS.values()]
    turns = itertools.cycle(keys)
    return [(form(key), key) for form, key in zip(FORMS.values(), turns, strict=False)]


def streamed(body, size):
    """The reply as a stream cut into pieces; its other fields come in each chunk and at the end."""
    said = body["choices"][0]["message"]
    rest = {
        name: value
        for name, value in body["choices"][0].items()
        if name not in ("message", "finish_reason")
    }
    chunks = []
    for name in ("reasoning_content", "content"):
        text = said.get(name) or ""
        chunks += [
            {**body, "choices": [{**rest, "index": 0, "delta": {name: text[i : i + size]}}]}
            for i in range(0, len(text), size)
        ]
    for tool in said.get("tool_calls") or ():
        arguments = tool["function"]["arguments"]
        chunks += [
            {
                **body,
                "choices": [
                    {
                        "index": 0,
                        "delta": {
                            "tool_calls": [
                                {
                                    **tool,
                                    "index": 0,
                                    "function": {
                                        **tool["function"],
                                        "arguments": arguments[i : i + size],
                                    },
                                }
                            ]
                        },
                    }
                ],
            }
            for i in range(0, len(arguments), size)
        ]
    return events(
        *chunks,
        {
            **body,
            "choices": [
                {
                    **rest,
                    "index": 0,
                    "delta": {},
                    "finish_reason": body["choices"][0]["finish_reason"],
                }
            ],
        },
    )


@pytest.mark.parametrize("carrier", ANSWERS)
def test_no_field_of_an_answer_shows_a_key(server, session, carrier, echoes):
    for echo, _ in echoes:
        server.replies["/"] = http(json.dumps(ANSWERS[carrier](echo)), kind="application/json")
        answer = session.chat("hi", stream=False)
        assert runs(everything(session, answer) + shown(answer), echo) == [], echo
        session.reset()


@pytest.mark.parametrize("size", [3, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("carrier", ANSWERS)
def test_nor_does_one_of_a_stream_however_it_is_cut(server, session, carrier, size, echoes):
    for echo, _ in echoes:
        raw = streamed(ANSWERS[carrier](echo), size).encode()
        # Also cut anywhere by the network.
        server.replies["/"] = [
            http(""),
            *[raw[i : i + 997] for i in range(0, len(raw), 997)],
        ]
        stream = session.stream("hi")
        pieces = "".join(stream)
        answer = stream.result()
        assert pieces == answer.text
        assert runs(everything(session, answer) + shown(answer) + pieces, echo) == [], echo
        session.reset()


@pytest.mark.parametrize("carrier", REFUSALS)
@pytest.mark.parametrize("way", ["status", "in a stream", "with status 200", "escaped"])
def test_no_refusal_shows_one(server, session, carrier, way, echoes):
    for echo, _ in echoes:
        body = REFUSALS[carrier](echo)
        if way == "in a stream":
            server.replies["/"] = http(events(body))
        else:
            written = json.dumps(body)
            if way == "escaped":  # JSON allows this for each character
                written = written.replace(
                    json.dumps(echo)[1:-1],
                    "".join(f"\\u{ord(c):04x}" if i % 3 == 0 else c for i, c in enumerate(echo)),
                )
            server.replies["/"] = http(
                written,
                "200 OK" if way == "with status 200" else "401 X",
                "application/json",
                X_Request_Id=base64.b64encode(echo.encode()).decode() if echo.isascii() else "x",
            )
        error = raised(lambda: session.chat("hi", stream=way == "in a stream"))
        # there is no error there, and no answer either
        if (carrier, way) == ("detail", "in a stream"):
            assert runs(everything(session, session.last) + of_error(error), echo) == []
            continue
        assert isinstance(error, errors.ErnieError)
        text = (
            of_error(error)
            + error.line("zh")
            + error.line("en")
            + "".join(error._render_traceback_())
            + str(getattr(error, "body", ""))
            + repr(pickle.dumps(error))
        )
        assert runs(text, echo) == [], echo
        if "\\u" in str(getattr(error, "body", "")):
            assert runs(str(json.loads(error.body)), echo) == []


def test_no_header_shows_one(server, session, echoes):
    for echo, _ in echoes:
        if echo.isascii():
            for status, header in (
                ("401 X", "X-Request-Id"),
                ("403 X", "X-BCE-Request-Id"),
                ("302 X", "Location"),
                ("500 X", "Retry-After"),
            ):
                server.replies["/"] = (
                    f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n{header}: https://e.invalid/{echo}\r\n\r\n{{}}".encode()
                )
                error = raised(lambda: session.chat("hi"))
                assert isinstance(error, errors.ErnieError)
                assert runs(of_error(error) + str(error), echo) == [], echo


OTHERS = {
    "a revised prompt": (
        lambda echo: {
            "data": [{"b64_json": PIXEL, "revised_prompt": echo, "x": echo}],
            "id": echo,
            "model": echo,
        },
        lambda session: session.image("cat"),
    ),
    "a picture's link": (
        lambda echo: {"data": [{"url": f"https://e.invalid/{echo}"}]},
        lambda session: session.image("cat", download=False),
    ),
    "data of a picture": (
        lambda echo: {"data": [{"b64_json": base64.b64encode(echo.encode()).decode()}]},
        lambda session: session.image("cat"),
    ),
    "a reply of vectors": (
        lambda echo: {
            "data": [{"embedding": [0.5], "index": 0, "x": echo}],
            "model": echo,
            "usage": {echo: echo},
        },
        lambda session: session.embed(["a"], cache=False),
    ),
    "a vector that is none": (
        lambda echo: {"data": [{"embedding": [0.5, echo], "index": 0}]},
        lambda session: session.embed(["a"], cache=False),
    ),
    "a document": (
        lambda echo: {
            "results": [{"index": 0, "relevance_score": 1, "document": {"text": echo}}],
            "model": echo,
        },
        lambda session: session.rerank("a", ["b"]),
    ),
    "a model": (
        lambda echo: {"data": [{"id": echo, "owned_by": echo, "x": [{echo: echo}]}]},
        lambda session: session.models(),
    ),
    "any reply": (
        lambda echo: {echo: [echo, {"x": {"y": echo}}]},
        lambda session: session.wire.post("/x", {}),
    ),
    "a row": (message, lambda session: session.map("{{text}}", ["a"], progress=False)),
}


@pytest.mark.parametrize("carrier", OTHERS)
def test_no_other_reply_shows_one(server, session, carrier, echoes):
    make, ask = OTHERS[carrier]
    for echo, _ in echoes:
        server.replies["/"] = http(json.dumps(make(echo)), kind="application/json")
        try:
            text = everything(session, ask(session))
        except errors.ErnieError as error:
            text = of_error(error) + str(error)
        assert runs(text, echo) == [], echo
    files = [path for path in Path.home().rglob("*") if path.is_file()]
    kept = b"".join(path.read_bytes() for path in files).decode("latin-1")
    for path in files:
        if path.suffix == ".sqlite":
            with sqlite3.connect(path) as book:
                kept += repr(
                    [
                        book.execute(f"select * from {name}").fetchall()  # noqa: S608
                        for (name,) in book.execute(
                            "select name from sqlite_master where type='table'"
                        ).fetchall()
                    ]
                )
            book.close()
    assert [echo for echo, _ in echoes if runs(kept, echo)] == []


def test_events_of_a_stream_show_none_but_for_their_first_seven_characters(server, session, echoes):
    for echo, key in echoes:
        server.replies["/"] = http(streamed(message(f"看{echo}看"), 3))
        found = list(session.wire.stream("/chat/completions", {}))
        text = "".join(event["choices"][0]["delta"].get("content", "") for event in found)
        assert echo not in text
        public = len(key) - len(
            key.removeprefix("bce-v3/ALTAK-").removeprefix("sk-").removeprefix("24.")
        )
        if echo == key:
            assert runs(text, echo, skip=public) == []


def test_a_tool_s_result_and_the_shown_code_hold_none(server, session, echoes):
    told = []

    def f(a: str = "") -> str:
        return f"<{told[-1]}>"

    # Each is asked twenty times, until the model gets no more tools.
    for echo, _ in echoes[::5]:
        told.append(echo)
        server.replies["/"] = http(json.dumps(call()), kind="application/json")
        session.reset()
        answer = session.chat("hi", tools=[f], stream=False)
        assert answer.tool_runs
        assert runs(everything(session, answer) + shown(answer), echo) == []
        request = session.conversation.plan_prompt("again", ChatOptions(model="m")).build_request(
            "m"
        )
        code = as_code.code_for_chat(
            request, session.endpoint(), conversation="main", given={}, model="m"
        )
        assert runs(str(code), echo) == []


def test_a_key_split_over_two_rounds_of_tools_is_not_put_together(server, session):
    key = KEYS["a bearer key"]
    Key(key)

    def f() -> str:
        server.replies["/"] = http(json.dumps(message(f"{key[13:19]} ok")), kind="application/json")
        return "done"

    asked = message(
        f"it is {key[7:13]}",
        tool_calls=[{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    )
    server.replies["/"] = http(json.dumps(asked), kind="application/json")
    assert session.chat("hi", tools=[f], stream=False).text == "it is ••• ok"
