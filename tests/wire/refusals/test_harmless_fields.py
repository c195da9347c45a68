"""What only looks like a failure does not spoil an answer; what cuts one short is noted beside it."""

import json

import pytest

from ernie_magic import errors
from ernie_magic.notebook.display import chat as display_chat
from tests.raw_server import events, http
from tests.wire.refusals.failed_answers import HALF, STOP, body, named, session_for


@pytest.fixture
def session(server):
    server.requests.clear()
    with session_for(server) as session:
        yield session


ANSWERS = {
    "an error that is none": [{**HALF, "error": None}, {**STOP, "error": {}}],
    "a code of success": [{**HALF, "code": 0, "message": "success"}, {**STOP, "code": 200}],
    "an error object of success": [{**HALF, "error": {"code": 0, "message": ""}}, STOP],
    "a remark": [{"message": "queued"}, HALF, {"type": "status", "message": "still here"}, STOP],
    "a status": [{**HALF, "status": "in_progress"}, {**STOP, "status": "completed"}],
    "MiniMax's success": [HALF, {**STOP, "base_resp": {"status_code": 0, "status_msg": ""}}],
    "errorCode 0": [{**HALF, "errorCode": "0", "errorMsg": "success"}, STOP],
}


@pytest.mark.parametrize("name", ANSWERS)
def test_words_that_are_no_failure_do_not_spoil_an_answer(server, session, name):
    server.replies = {"": http(named("ping", "{}") + events(*ANSWERS[name]))}
    answer = session.chat("hi")
    assert (answer.text, answer.partial) == ("half", False)


def test_an_empty_answer_with_a_reason_to_finish_is_an_answer(server, session):
    server.replies = {"": http(json.dumps(body("")), kind="application/json")}
    answer = session.chat("hi", stream=False)
    assert (answer.text, answer.finish_reason, answer.partial) == ("", "stop", False)


# Each stands beside an answer, or in chunks of their own, and reports no failure.
HARMLESS = [
    {"code": 1, "msg": "success"},
    {"code": 2, "message": "success"},
    {"code": 100, "msg": "ok"},
    {"code": 1, "message": "操作成功"},
    {"code": 1, "message": ""},
    {"code": 20000, "message": "request succeeded"},
    {"code": "SUCCESS", "message": "请求成功"},
    {"errcode": "00000", "errmsg": "ok"},
    {"errno": 0, "errmsg": "no error"},
    {"error": "null"},
    {"error": "none"},
    {"error": {"code": None, "message": None}},
    {"errors": []},
    {"success": True, "message": ""},
    {"succeeded": 0, "failed": 0},
    {"status": "completed", "error": None, "code": 200, "message": ""},
    {"status": 200, "message": "OK"},
    {"header": {"code": 0, "message": "Success"}},
    {"code": 0, "message": "Success", "sid": "cha000b0003"},
    {"code": 1, "message": "请求已处理"},
    {"code": 10, "message": "Request processed"},
    {"code": 10000, "msg": "处理完成"},
    {"code": 0, "sub_code": "chat_1", "message": "hello"},
    {"sub_code": "chat_1"},
    {"code": None, "message": "hello"},
    {"code": "", "message": "hello"},
    {"code": 7},
    {"status": 200, "message": "SUCC"},
    {"status": 0, "message": "anything"},
    {"ret": 0, "msg": "anything"},
    {"ret": True, "msg": "anything"},
    {"result": "an error occurs when x is 0"},
    {"result": "ok", "ack": "Success"},
    {"country_code": "CN", "message": "hi"},
    {"message": "an error is a mistake"},
    {"detail": "failed over to another node"},
    {"detail": "limit not exceeded, 5 of the quota are left"},
    {"detail": "note"},
    {"warnings": ["failed over to another node"]},
    {"x_groq": {"id": "req_1", "usage": {"queue_time": 0.1}}},
    {"x_groq": {"id": "req_1", "error": None}},
    {"x_vendor": {"error": {}, "errors": []}},
    {"x_vendor": {"code": 0, "message": "ok", "error": False}},
    {"provider": {"name": "a", "error_rate": 0.5}},
    {"openrouter_metadata": {"attempt": 2, "attempts": [{"provider": "A", "status": 502}]}},
    {"openrouter_metadata": {"errors": [{"code": 502}]}},
    {"x-gateway": {"errors": [{"provider": "A", "message": "over capacity"}]}},
    {"litellm_metadata": {"attempts": 2, "errors": [{"message": "timeout"}]}},
    {"web_search": {"error": "no result"}},
    {"plugin": {"status": "failed", "error": "timeout"}},
    {"content_filter_results": {"error": {"code": "content_filter_error", "message": "skipped"}}},
]


@pytest.mark.parametrize("fields", HARMLESS, ids=json.dumps)
def test_an_answer_with_harmless_fields_is_an_answer(server, fields):
    with session_for(server, "local") as session:
        server.replies = {"": http(json.dumps(body("fine", **fields)), kind="application/json")}
        assert session.chat("hi", stream=False).text == "fine"
        chunks = [{**HALF, **fields}, dict(fields), {**STOP, **fields}]
        server.replies = {"": http(events(*chunks))}
        answer = session.chat("hi")
        assert (answer.text, answer.partial) == ("half", False)


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "cached", "message": "from the cache"},
        {"response_code": "text", "message": "hello"},
    ],
    ids=json.dumps,
)
def test_a_remark_beside_an_answer_is_no_failure(server, fields):
    with session_for(server, "local") as session:
        server.replies = {"": http(json.dumps(body("fine", **fields)), kind="application/json")}
        assert session.chat("hi", stream=False).text == "fine"
        server.replies = {"": http(events({**HALF, **fields}, {**STOP, **fields}))}
        assert session.chat("hi").text == "half"


@pytest.mark.parametrize("line", ["ping", ": ping", "keep-alive", "[heartbeat]"])
def test_a_line_that_keeps_a_connection_open_is_no_failure(server, session, line):
    stream = events(HALF, done=False) + line + "\n\n" + events()
    server.replies = {"": http(stream)}
    assert (session.chat("hi").text, session.last.partial) == ("half", False)


SILENT_EVENTS = [
    "data: None",
    "event: ping\ndata: 2024-04-27 01:35:43.686476",
    "data: 2024-04-27T01:35:43.686476+08:00",
    "data: 1714181743.68",
    "event: heartbeat\ndata: Sat, 27 Apr 2024 01:35:43 GMT",
    "event: keep-alive\ndata: still here",
    "data: undefined",
    "data: True",
    "data: NaN",
    "data: ping",
    "data: [heartbeat]",
    "data: 7/12",
]


@pytest.mark.parametrize("silent", SILENT_EVENTS)
def test_an_event_without_words_is_no_failure_of_an_answer(server, session, silent):
    for stream in (
        events(HALF, done=False) + silent + "\n\n" + events(STOP),
        silent + "\n\n" + events(HALF, STOP),
        events(HALF, STOP, done=False) + silent + "\n\n",
        events(HALF, done=False) + silent + "\n\n" + events(),
    ):
        server.replies = {"": http(stream)}
        assert (session.chat("hi").text, session.last.partial) == ("half", False)


@pytest.mark.parametrize(
    "broken",
    [
        "data: upstream timeout",
        "event: ping\ndata: upstream connection failed",
        'event: ping\ndata: {"choices": [',
        "data: [[[[",
        'data: "abc',
        "data: None of the servers answered",
    ],
)
def test_an_event_with_other_words_or_broken_json_is_one(server, session, broken):
    server.replies = {"": http(events(HALF, done=False) + broken + "\n\n" + events(STOP))}
    with pytest.raises(errors.ErnieError) as caught:
        session.chat("hi")
    assert (caught.value.answer.text, caught.value.answer.partial) == ("half", True)


@pytest.mark.parametrize("reason", ["max_tokens", "MAX_TOKENS", "incomplete", "length"])
def test_a_reason_that_names_a_limit_is_a_truncation(server, session, reason):
    server.replies = {"": http(json.dumps(body("half", reason)), kind="application/json")}
    assert session.chat("hi", stream=False).is_truncated


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "content_filter", "load"])
def test_answers_that_may_not_be_whole_are_noted_beside_the_table_and_the_answer(server, reason):
    with session_for(server, "local", language="en") as session:
        server.replies = {"": http(json.dumps(body("half", reason)), kind="application/json")}
        mapped = session.map("{{text}}", ["a", "b"])
        assert mapped.notes[0].say("en") == f"⚠ answers that may not be whole: 2 ({reason})"
        assert "⚠" in display_chat.summary_line(session.chat("hi", stream=False), "en")
        server.replies = {"": http(json.dumps(body("good")), kind="application/json")}
        assert session.map("{{text}}", ["c"]).notes == ()
        assert "⚠" not in display_chat.summary_line(session.chat("hi", stream=False), "en")
