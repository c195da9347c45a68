"""Whatever a server does, and whatever is raised for it, no variable of any frame of the error
holds a key.
"""

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from ernie_magic import errors
from ernie_magic.config import endpoints
from ernie_magic.session import Session
from ernie_magic.wire import event_stream, reading, whole_reply
from tests.fresh_shell import open_shell
from tests.raw_server import OK, chunk, events, http

BEARER = "sk-CANARYcanary0123456789ABCDEF"
TOKEN = "24.0f1e2d3c4b5a69788796a5b4c3d2e1f0.2592000.1987654321.282335-77"
ACCESS, SECRET = "ALTAKq8w7e6r5t4y3u2i1o0p", "5f4e3d2c1b0a99887766554433221100"
ROOMS = ("ernie_magic", "httpx", "httpcore", "h11", "anyio", "tenacity", "asyncio", "concurrent")

TESTS = str(Path(__file__).parents[1])


def shown(value):
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  (whatever a half-made object says)
        return ""


def of_error(error, *, rooms=ROOMS):
    """All that shows of an error and its causes: words, attributes, the variables of its frames."""
    pieces, left, seen = [], [error], set()
    while left:
        found = left.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        left += [found.__cause__, found.__context__, *getattr(found, "exceptions", ())]
        pieces += [
            str(found),
            repr(found),
            shown(getattr(found, "__dict__", "")),
            shown(found.args),
        ]
        request = getattr(found, "_request", None)
        pieces += [shown(vars(request)), shown(request.headers.raw)] if request is not None else []
        trace = found.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            is_test = file.startswith(TESTS)  # the copy of the repository may be called ernie_magic
            if rooms is None or (not is_test and any(f"/{room}/" in file for room in rooms)):
                pieces += [
                    f"{name}={shown(value)}" for name, value in trace.tb_frame.f_locals.items()
                ]
            trace = trace.tb_next
    return "\n".join(pieces)


def raised(call):
    try:
        call()
    except BaseException as error:  # noqa: BLE001  (which one it is is what is looked at)
        return error
    return None


def parts(text, *keys):
    """Eight consecutive characters of a key."""
    return [key[i : i + 8] for key in keys for i in range(len(key) - 7) if key[i : i + 8] in text]


def stream(body, *headers):
    return "\r\n".join(
        ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", *headers, "", ""]
    ).encode("latin-1") + (body if isinstance(body, bytes) else body.encode())


def refusal(*headers, status="429 X", body="{}"):
    return (
        "\r\n".join(
            [
                f"HTTP/1.1 {status}",
                "Content-Type: application/json",
                "Connection: close",
                *headers,
                "",
                "",
            ]
        ).encode("latin-1")
        + body.encode()
    )


BOMB = gzip.compress(b"\0" * 34_000_000)
HUGE = "7" * 5000
HOSTILE = {
    # status lines
    "nothing": b"",
    "one byte": b"H",
    "half a status line": b"HTTP/1.1 20",
    "no version": b"200 OK\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9\r\n",
    "binary": bytes(range(256)) * 4,
    "http 0.9": b"<html>hi</html>",
    "http 9": b"HTTP/9.9 200 OK\r\n\r\n",
    "status 99": b"HTTP/1.1 99 X\r\n\r\n",
    "status 1000": b"HTTP/1.1 1000 X\r\n\r\n",
    "status 600": b"HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n",
    "status word": b"HTTP/1.1 abc X\r\n\r\n",
    "continue for ever": b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "a reason of a megabyte": b"HTTP/1.1 200 " + b"x" * 1_000_000 + b"\r\n\r\n",
    # headers
    "header without a colon": stream(events(OK), "nonsense"),
    "header name with a blank": stream(events(OK), "a b: c"),
    "a header of a megabyte": stream("", "X: " + "x" * 1_000_000),
    "ten thousand headers": stream("", *(f"X-{i}: {i}" for i in range(10_000))),
    "header with a NUL": stream(events(OK), "X: a\0b"),
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "two lengths": stream("ab", "Content-Length: 1", "Content-Length: 2"),
    "length that is none": stream("ab", "Content-Length: soon"),
    "negative length": stream("ab", "Content-Length: -5"),
    "length of an exabyte": stream(events(OK), "Content-Length: 1000000000000000000"),
    "too short": stream(events(OK), "Content-Length: 100000"),
    "cookies": stream(events(OK, done=False), "Set-Cookie: \x80=;;;;"),
    "content type of nothing": b"HTTP/1.1 200 OK\r\nContent-Type:\r\n\r\n" + events(OK).encode(),
    "charset that is none": http('{"x":', kind="application/json; charset=no-such"),
    "latin header": refusal("X-Request-Id: \xe9\xff"),
    # Retry-After
    "a date of the year 99999999999": refusal("Retry-After: Wed, 21 Oct 99999999999 07:28:00 GMT"),
    "a date of the year 0": refusal("Retry-After: Wed, 21 Oct 0000 07:28:00 GMT"),
    "a zone of many hours": refusal("Retry-After: Wed, 21 Oct 2015 07:28:00 +9999999999"),
    "infinitely long": refusal("Retry-After: 1e999"),
    "not a number": refusal("Retry-After: nan"),
    "many digits": refusal(f"Retry-After: {HUGE}"),
    "limits that are none": refusal(
        "X-RateLimit-Limit-Requests: 1e999",
        f"X-RateLimit-Remaining-Tokens: {HUGE}",
        status="200 OK",
        body='{"x": 1}',
    ),
    # bodies
    "a chunk that is none": stream("zz\r\nabc\r\n", "Transfer-Encoding: chunked"),
    "a chunk of an exabyte": stream("fffffffffffffffff\r\nabc", "Transfer-Encoding: chunked"),
    "a chunk that ends early": stream("ff\r\nabc", "Transfer-Encoding: chunked"),
    "a coding that is none": stream("abc", "Transfer-Encoding: brotli"),
    "gzip that is none": stream("not gzip", "Content-Encoding: gzip"),
    "half a gzip": stream(gzip.compress(b"x" * 9999)[:20], "Content-Encoding: gzip"),
    "a gzip bomb": stream(BOMB, "Content-Encoding: gzip"),
    "a gzip bomb as JSON": http(BOMB, kind="application/json", Content_Encoding="gzip"),
    "gzip twice": stream(gzip.compress(BOMB), "Content-Encoding: gzip, gzip"),
    "deflate that is none": stream("\x00\x01", "Content-Encoding: deflate"),
    # JSON and events
    "deep": http(events("[" * 200_000)),
    "deep objects": http('{"a":' * 100_000, kind="application/json"),
    "a number of many digits": http(f'{{"usage": {HUGE}', kind="application/json"),
    "half characters": http(
        '{"error": {"message": "\\ud800", "code": "\\udfff"}}', "400 X", "application/json"
    ),
    "no utf-8": http(b'{"error": {"message": "\xff\xfe\xfd"}}', "400 X", "application/json"),
    "utf-16": http('{"error": 1}'.encode("utf-16"), "500 X", "application/json"),
    "an event without an end": http("data: " + "x" * 200_000),
    "broken JSON in an event": http(events('{"choices": [', done=False)),
    "an error in the middle": http(
        events(chunk({"content": "part"}), {"error": {"code": 1, "message": [1]}})
    ),
    "cut in the middle": http(events(chunk({"content": "part"}), done=False)),
    "only comments": http(": hi\n\n" * 1000),
    "a field of nothing": http("data\ndata\n\n"),
    "NULs": http(b"\0" * 10_000),
    "lists for everything": http("[[[[]]]]", kind="application/json"),
    "an image": http(b"\x89PNG", kind="image/png"),
    # redirects
    "to itself": http("", "307 X", Location="/v1/chat/completions"),
    "to another protocol": http("", "302 X", Location="file:///etc/passwd"),
    "to nowhere": http("", "301 X"),
    "to an address that is none": http("", "302 X", Location="http://[::1"),
    "with a key": http("", "302 X", Location=f"https://e.invalid/?k={BEARER}"),
    "a login": http("", "401 X", WWW_Authenticate="Basic realm=x"),
}
VERBS = {
    "stream": lambda session: session.chat("hi"),
    "chat": lambda session: session.chat("hi", stream=False),
    "embed": lambda session: session.embed(["a"], cache=False),
    "image": lambda session: session.image("cat"),
    "models": lambda session: session.models(),
    "wire": lambda session: list(session.wire.stream("/x", {})),
    "async": lambda session: asyncio.run(session.achat("hi")),
}
WAYS = {
    "bearer": {"service": "local", "api_key": BEARER},
    "token": {"service": "qianfan-v1", "api_key": TOKEN},
    "pair": {"service": "qianfan-v1", "api_key": ACCESS, "secret_key": SECRET},
}


def test_there_are_enough_hostile_servers():
    assert len(HOSTILE) >= 57


def look_for_keys(server, name, verbs):
    server.replies["/"] = HOSTILE[name]
    for way, settings in WAYS.items():
        with Session(
            **settings,
            base_url=f"http://127.0.0.1:{server.port}/v1",
            model="ernie-3.5-8k",
            request_timeout=2,
            retry_count=1,
            language="en",
        ) as session:
            for verb in verbs if way == "bearer" else ("stream",)[: "bomb" not in name]:
                error = raised(lambda verb=verb: VERBS[verb](session))
                assert error is None or isinstance(error, errors.ErnieError), (way, verb)
                assert (
                    error is None or parts(of_error(error), BEARER, TOKEN, ACCESS, SECRET) == []
                ), (way, verb)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_frame_of_what_is_raised_holds_a_key(server, name):
    look_for_keys(
        server, name, ("stream",) if "bomb" in name or "deep" in name else ("stream", "embed")
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_frame_of_what_is_raised_by_any_verb_holds_a_key(server, name):
    look_for_keys(server, name, VERBS)


ODD = [
    OverflowError,
    UnicodeError,
    RecursionError,
    MemoryError,
    KeyError,
    asyncio.InvalidStateError,
]


@pytest.mark.parametrize("kind", ODD, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("verb", VERBS)
def test_nor_does_one_of_an_error_that_is_none_of_ours(server, monkeypatch, kind, verb):
    def fails(*_args, **_kwargs):
        held = BEARER  # a variable of a library
        raise kind(f"said {held}")

    for room, place in (
        (reading, "iter_deltas"),
        (whole_reply, "read_json"),
        (event_stream, "iter_events"),
    ):
        monkeypatch.setattr(room, place, fails)
    server.replies["/"] = http(events(OK))
    with Session(
        **WAYS["bearer"],
        base_url=f"http://127.0.0.1:{server.port}/v1",
        model="m",
        retry_count=1,
        language="en",
    ) as session:
        error = raised(lambda: VERBS[verb](session))
    assert isinstance(error, errors.ErnieError)
    assert parts(of_error(error), BEARER) == []


def test_nor_does_one_of_an_interrupt_while_keys_are_read(monkeypatch):
    def interrupted(name):
        held = BEARER
        raise KeyboardInterrupt(name, len(held))

    monkeypatch.setattr(endpoints, "read_variable", interrupted)
    with Session(service="aistudio") as session:
        for call in VERBS.values():
            error = raised(lambda call=call: call(session))
            assert isinstance(error, KeyboardInterrupt)
            assert parts(of_error(error), BEARER) == []


def test_a_key_that_cannot_be_one_is_in_no_frame():
    other = "bce-v3/ALTAK-x/0f1e2d3c4b5a6978"
    for service, key in (
        ("aistudio", f"{BEARER} \n{BEARER}"),
        ("aistudio", other),
        ("qianfan", BEARER),
    ):
        with Session(service=service, api_key=key) as session:
            for call in VERBS.values():
                error = raised(lambda call=call: call(session))
                assert isinstance(error, errors.ErnieError)
                assert parts(of_error(error), BEARER, other) == []


def test_nor_is_one_in_the_frames_of_a_session_that_is_not_made():
    with pytest.raises(errors.InvalidOption) as caught:
        Session(api_key=BEARER, secret_key=SECRET, temperatur=1)
    assert parts(of_error(caught.value), BEARER, SECRET) == []


def test_nor_in_those_of_an_expression_that_raises(shell_with_key):
    shell = shell_with_key
    for cell in (
        "%%ernie\n{{undefined}}",
        "%%ernie\n{{1/0}}",
        "%%ernie\n{{key}}",
        "%%ernie_embed\n{{key}}",
        "%%ernie_image\n{{key}}",
        "%%ernie --temperature 9\n{{key}}",
    ):
        error = shell.run_cell(cell).error_in_exec
        assert isinstance(error, errors.ErnieError)
        assert parts(of_error(error), BEARER) == [], cell


@pytest.fixture
def shell_with_key():
    with open_shell() as shell:
        shell.user_ns["ernie"].settings.api_key = BEARER
        shell.user_ns["ernie"].settings.service = "emulator"
        shell.user_ns["key"] = BEARER
        yield shell


def test_the_counting_itself_finds_a_key():
    def fails():
        held = {"Authorization": f"Bearer {BEARER}"}
        raise ValueError(len(held))

    with pytest.raises(ValueError, match="1") as caught:
        fails()
    assert parts(of_error(caught.value, rooms=None), BEARER)
    assert json.dumps(len(parts(BEARER, BEARER))) == str(len(BEARER) - 7)
