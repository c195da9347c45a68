"""Raw bytes from a broken, lost or hostile server: one clear line, what arrived kept, no key shown."""

import json
import time

import pytest

from ernie_magic import errors
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session
from tests.raw_server import END, OK, chunk, events, http

KEY = "sk-CANARYcanary0123456789ABCDEF"


@pytest.fixture
def session(server):
    session = Session(
        ErnieSettings(
            service="aistudio",
            base_url=f"http://127.0.0.1:{server.port}/v1",
            api_key=KEY,
            model="m",
        )
    )
    yield session
    session.close()


ANSWERED = {
    "choices null": events({"choices": None}, OK, END),
    "choices missing": events({"id": "x"}, OK, END),
    "choices empty": events({"choices": []}, OK, END),
    "delta null": events(chunk(), OK, END),
    "content that is nothing": events(chunk({"content": []}), chunk({"content": {}}), OK, END),
    "usage nonsense": events(
        OK,
        '{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":NaN,"total_tokens":"x"}}',
    ),
    "usage on each chunk and null at the end": events(
        {**OK, "usage": {"total_tokens": 1}}, {**END, "usage": None}
    ),
    "id and model of another type": events({**OK, "id": {"a": 1}, "model": [1]}, END),
    "no finish reason": events(OK),
    "no [DONE]": events(OK, END, done=False),
    "more behind [DONE]": events(OK, END) + events(chunk({"content": "MORE"})),
    "tool calls of another type": events(
        chunk({"tool_calls": 5}), chunk({"tool_calls": [{"function": 3}]}), OK, END
    ),
    "an endless flag that is none": events({**OK, "flag": "x" * 5000}, END),
    "half characters in every field": events(
        '{"id":"\\udfff","model":"\\ud800","choices":[{"delta":{"content":"ok"},"finish_reason":"\\ud800"}]}'
    ),
    "error null": events({"error": None, **OK}, END),
    "comments and CRLF": ": hi\r\n\r\n" + events(OK, END).replace("\n", "\r\n"),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_odd_but_whole_answers_are_answers(server, session, name):
    server.replies[""] = http(ANSWERED[name])
    answer = session.chat("hi")
    assert (answer.text, answer.partial, len(session.history)) == ("ok", False, 1)


def test_an_answer_in_one_piece_where_a_stream_was_asked(server, session):
    server.replies[""] = http(
        json.dumps({"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}),
        kind="application/json",
    )
    assert session.chat("hi").text == "ok"


CUT = {
    "a chunk": "Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n",
    "a length": "Content-Length: 1000\r\n\r\n{body}",
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("missing", CUT)
def test_whole_json_is_an_answer_though_the_end_of_its_reply_is_missing(
    server, session, missing, stream
):
    body = json.dumps({"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]})
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + CUT[missing]
    server.replies[""] = head.format(size=len(body), body=body).encode()
    assert session.chat("hi", stream=stream).text == "ok"
    server.replies[""] = head.format(size=len(body) - 9, body=body[:-9]).encode()
    with pytest.raises(errors.ServiceUnreachable, match="closed before its reply was complete"):
        session.chat("hi", stream=stream)


def test_half_characters_are_replaced(server, session):
    server.replies[""] = http(
        events('{"choices":[{"delta":{"content":"\\ud800x"},"finish_reason":"stop"}]}')
    )
    assert session.chat("hi").text == "\ufffdx"


REFUSED = {
    "deep": (http(events("[" * 100_000)), errors.ProtocolError, "not valid JSON"),
    "only [DONE]": (http(events()), errors.ProtocolError, "sent nothing"),
    "nothing": (http(""), errors.ProtocolError, "sent nothing"),
    "204": (http("", "204 No Content"), errors.ProtocolError, "sent nothing"),
    "202": (http("", "202 Accepted"), errors.ProtocolError, "accepted the request"),
    "202 with a promise": (
        http('{"id": "x", "status": "queued"}', "202 Accepted", "application/json"),
        errors.ProtocolError,
        "accepted the request",
    ),
    "redirect": (
        http("", "302 Found", Location="http://elsewhere.invalid/login"),
        errors.ProtocolError,
        "redirects to http://elsewhere.invalid/login",
    ),
    "html": (http("<html>login</html>", kind="text/html"), errors.ProtocolError, "a web page"),
    "json of another kind": (
        http("[1]", kind="application/json"),
        errors.ProtocolError,
        "JSON of another kind",
    ),
    "no http": (b"\x00\x01garbage\r\n\r\n", errors.ServiceUnreachable, "hung up"),
    "gzip that is none": (
        http("not gzip", Content_Encoding="gzip"),
        errors.ProtocolError,
        "compressed reply is damaged",
    ),
    "error in one line without data": (
        http('{"error_code": 336100, "error_msg": "busy"}\n'),
        errors.ServerError,
        "busy",
    ),
    "error over several bare lines": (
        http('{\n "error": {\n  "code": "internal_error", "message": "oops"}}\n'),
        errors.ServerError,
        "oops",
    ),
    "rate limit with status 200": (
        http('{"code":336501,"msg":"rpm"}', kind="application/json"),
        errors.RateLimited,
        "rpm",
    ),
    "odd Retry-After": (
        http("{}", "429 X", "application/json", Retry_After="soon"),
        errors.RateLimited,
        "too many requests",
    ),
    "a 200 MB refusal": (
        [http("", "500 X", "text/plain"), *[b"x" * 1_000_000] * 200],
        errors.ServerError,
        "the service failed",
    ),
    "a 200 MB page": (
        [http("", kind="text/html"), b"<html>", *[b"x" * 1_000_000] * 200],
        errors.ProtocolError,
        "a web page",
    ),
    "a stream without an end of line": (
        [http(""), b"data: ", *[b"x" * 1_000_000] * 100],
        errors.ProtocolError,
        "sent nothing",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_one_line_in_little_time_and_leaves_no_trace(server, session, name):
    server.replies[""], error, told = REFUSED[name]
    begin = time.monotonic()
    with pytest.raises(error) as caught:
        session.chat("hi")
    assert told in caught.value.line("en")
    assert "\n" not in caught.value.line("zh")
    assert (len(session.history), session.last) == (0, None)
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    "tail",
    [
        events({"error": {"code": "internal_error", "message": "x"}}),
        events('{"broken', done=False),
        '{"error_code": 336100, "error_msg": "x"}\n',
        "",
    ],
    ids=["error", "broken chunk", "bare error", "cut"],
)
def test_what_came_before_a_failure_is_kept(server, session, tail):
    server.replies[""] = http(events(chunk({"content": "part"}), done=False) + tail)
    with pytest.raises(errors.ErnieError) as caught:
        session.chat("hi")
    assert (caught.value.answer.text, caught.value.answer.partial) == ("part", True)
    assert session.history[0].answer is session.last is caught.value.answer


MODELS = {
    "a number": '{"data":5}',
    "deep": "[" * 200_000,
    "spaces": b" " * 40_000_000,
    "a list": "[1]",
    "html": "<html>login</html>",
}


@pytest.mark.parametrize("name", MODELS)
def test_a_list_of_models_that_is_none_is_told_and_a_chat_does_without(server, session, name):
    server.replies[""] = http(MODELS[name], kind="application/json")
    with pytest.raises(errors.ProtocolError):
        session.models()
    session.settings.model = ""
    with pytest.raises(errors.ProtocolError):
        session.chat("hi")


def test_ids_with_half_characters_are_listed(server, session):
    server.replies[""] = http('{"data":[{"id":"a\\ud800"},{"id":5},{},7]}', kind="application/json")
    assert [entry.id for entry in session.models()] == ["a\ufffd", "5"]


@pytest.mark.parametrize("size", [1, 2, 5, 7, 100])
def test_a_key_in_an_answer_is_taken_out_however_it_is_cut(server, session, size):
    text = f"your key is {KEY} ok, and {KEY[:7]} no more {KEY}"
    server.replies[""] = http(
        events(
            *[chunk({"content": text[i : i + size]}) for i in range(0, len(text), size)],
            {**END, "model": KEY, "id": f"id {KEY}"},
        )
    )
    stream = session.stream("hi")
    shown = "".join(stream)
    answer = stream.result()
    assert shown == answer.text == f"your key is ••• ok, and {KEY[:7]} no more •••"
    assert KEY not in repr(answer) + answer.model + answer.id
    server.replies[""] = http(json.dumps({"data": [{"id": KEY}]}), kind="application/json")
    assert KEY not in repr(session.models()[0].id)


def test_a_password_in_the_address_is_not_shown(session):
    session.settings.base_url = "http://u:canarypw99@127.0.0.1:9/v1"
    # It would silently replace the key.
    with pytest.raises(errors.InvalidOption, match="a key is set as well") as caught:
        session.chat("hi")
    assert "canarypw99" not in caught.value.line("en")
    session.settings.api_key = None
    with pytest.raises(errors.ServiceUnreachable) as caught:
        session.chat("hi")
    assert "canarypw99" not in caught.value.line("en")
    assert "//127.0.0.1:9/v1" in caught.value.line("en")


def test_a_refusal_with_line_ends_and_control_characters_is_one_line(server, session):
    server.replies[""] = http(
        '{"error":{"code":"a\\nb\\nc","message":"l1\\nl2\\r\\nl3\\u001b[31mred\\u0000"},"id":"r\\nq"}',
        "400 X",
        "application/json",
    )
    with pytest.raises(errors.BadRequest) as caught:
        session.chat("hi")
    assert caught.value.line("en").isprintable()


ECHOES = {
    "in every field": http(
        json.dumps({"error": {"message": f"bad {KEY}", "code": KEY, "type": KEY}, "id": KEY}),
        "401 X",
        "application/json",
        X_Request_Id=KEY,
    ),
    "in part": http(
        json.dumps({"errorCode": 40401, "errorMsg": KEY[4:18]}), "401 X", "application/json"
    ),
    "masked": http(json.dumps({"detail": f"{KEY[:5]}****{KEY[-4:]}"}), "401 X", "application/json"),
    "in a page": http(f"<html><title>{KEY}</title>{KEY[:12]}</html>", "403 X", "text/html"),
    "in a page with status 200": http(f"<html>{KEY}</html>", kind="text/html"),
    "in a stream": http(events({"error": {"message": KEY[5:25]}})),
    "in a broken chunk": http(events(f'{{"oops {KEY}')),
    "in a redirect": http("", "302 X", Location=f"http://e.invalid/?key={KEY}"),
}


@pytest.mark.parametrize("name", ECHOES)
def test_a_key_that_the_server_repeats_is_shown_nowhere(server, session, name):
    server.replies[""] = ECHOES[name]
    with pytest.raises(errors.ErnieError) as caught:
        session.chat("hi")
    error = caught.value
    shown = "".join(
        [
            error.line("zh"),
            error.line("en"),
            repr(error),
            "".join(error._render_traceback_()),
            str(vars(error)),
        ]
    )
    assert not [KEY[i : i + 6] for i in range(len(KEY) - 5) if KEY[i : i + 6] in shown]
    assert KEY[-4:] not in shown


@pytest.mark.parametrize(
    "url",
    [
        "localhost:1/v1",
        "file:///etc/passwd",
        "http:// a b",
        "ht!tp://x",
        "http://127.0.0.1:99999/v1",
        "http://",
    ],
)
def test_an_address_that_is_none_is_told(session, url):
    session.settings.base_url = url
    with pytest.raises(errors.InvalidOption, match="not a web address"):
        session.chat("hi")


@pytest.mark.parametrize("key", ["中文密钥密钥", "two words", "line\nend"])
def test_a_key_that_cannot_be_one_is_told_without_it(session, key):
    session.settings.api_key = key
    with pytest.raises(errors.InvalidOption, match="characters that no key contains") as caught:
        session.chat("hi")
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("prompt", "extra", "error"),
    [
        ("\ud800", {}, errors.InvalidMessages),
        ("hi", {"x": object()}, errors.InvalidOption),
        ("hi", {"x": float("nan")}, errors.InvalidOption),
    ],
)
def test_what_cannot_be_sent_is_told_before_it_is_sent(session, prompt, extra, error):
    with pytest.raises(error):
        session.chat(prompt, extra=extra)
