"""A failure told with HTTP 200, in whatever words, is an error of the tree and no answer."""

import json

import pytest

from ernie_magic import errors
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.notebook.display import chat as display_chat
from ernie_magic.session import Session
from tests.raw_server import Server
from tests.wire.test_hostile_server import chunk, events, http

HALF = chunk({"content": "half"})
STOP = chunk({}, finish_reason="stop")
ROLE = chunk({"role": "assistant", "content": ""})
KEY = "sk-CANARYcanary0123456789ABCDEF"


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.stop()


def session_for(server, service="aistudio", **settings):
    return Session(
        ErnieSettings(
            service=service,
            base_url=f"{server.url}/v1",
            model="ernie-speed-8k",
            **{"api_key": KEY, "retry_count": 1, "backoff_factor": 0.0, **settings},
        )
    )


@pytest.fixture
def session(server):
    server.requests.clear()
    with session_for(server) as session:
        yield session


def body(content=None, reason="stop", **fields):
    message = {"role": "assistant", "content": content}
    return {"id": "x", "choices": [{"message": message, "finish_reason": reason}], **fields}


LIMIT = {"message": "Provider returned error", "code": 429}
# What comes in one piece -> the error, and the service's words.
BODIES = {
    "an error beside an empty choice": (body(error=LIMIT), errors.RateLimited, "Provider returned"),
    "an error beside no choices": (
        {"choices": [], "error": LIMIT},
        errors.RateLimited,
        "Provider returned",
    ),
    "vLLM's error object": (
        {"object": "error", "message": "CUDA error", "type": "InternalServerError", "code": 500},
        errors.ServerError,
        "CUDA error",
    ),
    "FastAPI's detail": ({"detail": "Engine is dead"}, errors.ServiceError, "Engine is dead"),
    "a detail with an error in it": (
        {"detail": {"error": {"message": "no such key", "code": "401"}}},
        errors.AuthenticationFailed,
        "no such key",
    ),
    "a code as text": (
        {"error": {"message": "bad key", "code": "401"}},
        errors.AuthenticationFailed,
        "bad key",
    ),
    "a code at the top": (
        {"code": 503, "message": "no capacity"},
        errors.ServerError,
        "no capacity",
    ),
    "OpenAI's word for a limit": (
        {"error": {"message": "slow", "type": "requests", "code": "rate_limit_exceeded"}},
        errors.RateLimited,
        "slow",
    ),
    "OpenAI's word for tokens": (
        {"error": {"message": "TPM", "type": "tokens", "code": None}},
        errors.RateLimited,
        "TPM",
    ),
    "Anthropic's word": (
        {"type": "error", "error": {"type": "rate_limit_error", "message": "too fast"}},
        errors.RateLimited,
        "too fast",
    ),
    "Google's list": (
        [{"error": {"code": 429, "message": "exhausted", "status": "RESOURCE_EXHAUSTED"}}],
        errors.RateLimited,
        "exhausted",
    ),
    "Alibaba's code": (
        {"code": "Throttling.RateQuota", "message": "limit", "request_id": "r"},
        errors.RateLimited,
        "limit",
    ),
    "a sentence": ({"error": "Rate limit exceeded"}, errors.RateLimited, "Rate limit exceeded"),
    "a sentence as detail": (
        {"detail": "Too Many Requests"},
        errors.RateLimited,
        "Too Many Requests",
    ),
    "no quota": (
        {"error": {"message": "check your plan", "code": "insufficient_quota"}},
        errors.QuotaExhausted,
        "check your plan",
    ),
    "too long": (
        {"error": {"message": "8192 tokens", "code": "context_length_exceeded"}},
        errors.InputTooLong,
        "8192 tokens",
    ),
    "a type alone": (
        {"error": {"message": "who are you", "type": "authentication_error"}},
        errors.AuthenticationFailed,
        "who are you",
    ),
    "a status beside it": (
        {"timestamp": 1, "status": 500, "error": "Internal Server Error", "message": "NPE"},
        errors.ServerError,
        "NPE",
    ),
    "success is false": ({"success": False, "msg": "boom"}, errors.ServiceError, "boom"),
    "a status in words": (
        {"status": "error", "message": "boom"},
        errors.ServiceError,
        "boom",
    ),
    "only a message": (
        {"message": "Internal server error"},
        errors.ServiceError,
        "Internal server",
    ),
    "errors": ({"errors": [{"message": "boom"}]}, errors.ServiceError, "boom"),
    "an error in the choice": (
        {"choices": [{"error": {"code": 502, "message": "upstream"}, "message": {}}]},
        errors.ServerError,
        "upstream",
    ),
    "what the provider said": (
        {"error": {**LIMIT, "metadata": {"raw": "glm-5 is busy"}}},
        errors.RateLimited,
        "glm-5 is busy",
    ),
    "a reason that is a failure": (body(reason="error"), errors.ServerError, "finish_reason error"),
    "no choices": ({"choices": None}, errors.ProtocolError, "empty answer"),
    "an empty choice": (body(reason=None), errors.ProtocolError, "empty answer"),
    "another server's answer": (
        {"message": {"role": "assistant", "content": "hi"}, "done": True},
        errors.ProtocolError,
        "JSON of another kind",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_failure_told_with_200_is_an_error_with_the_service_s_words(server, session, name):
    reply, error, words = BODIES[name]
    server.replies = {"": http(json.dumps(reply), kind="application/json")}
    with pytest.raises(errors.ErnieError) as caught:
        session.chat("hi", stream=False)
    assert type(caught.value) is error
    assert words in caught.value.line("en")
    assert words in caught.value.line("zh") or error is errors.ProtocolError
    assert (len(session.history), session.last) == (0, None)


def named(name, data):
    return f"event: {name}\ndata: {data}\n\n"


# Streams that all end with [DONE], after half an answer.
STREAMS = {
    "vLLM's error object": (
        events({"object": "error", "message": "CUDA error", "code": 500}),
        errors.ServerError,
        "CUDA error",
    ),
    "an error object without a code": (
        events({"object": "error", "message": "CUDA error"}),
        errors.ServiceError,
        "CUDA error",
    ),
    "FastAPI's detail": (
        events({"detail": "Engine is dead"}),
        errors.ServiceError,
        "Engine is dead",
    ),
    "an event named error": (
        named("error", '{"message": "upstream is gone", "code": 502}') + events(),
        errors.ServerError,
        "upstream is gone",
    ),
    "an event named error in words": (
        named("error", "upstream is gone") + events(),
        errors.ServiceError,
        "upstream is gone",
    ),
    "an event named error, a text in JSON": (
        named("error", '"rate limit exceeded"') + events(),
        errors.RateLimited,
        "rate limit exceeded",
    ),
    "an error in the choice": (
        events(
            chunk({"content": ""}, finish_reason="error", error={"code": 429, "message": "slow"})
        ),
        errors.RateLimited,
        "slow",
    ),
    "an error in the delta": (
        events(chunk({"error": {"code": 503, "message": "busy"}})),
        errors.ServerError,
        "busy",
    ),
    "an error beside the choice": (
        events({**chunk({"content": ""}, finish_reason="error"), "error": LIMIT}),
        errors.RateLimited,
        "Provider returned error",
    ),
    "an error after the reason": (
        events(chunk({}, finish_reason="error"), {"error": LIMIT}),
        errors.RateLimited,
        "Provider returned error",
    ),
    "the reason error": (
        events(chunk({}, finish_reason="error")),
        errors.ServerError,
        "finish_reason error",
    ),
    "the reason abort": (
        events(chunk({}, finish_reason="abort")),
        errors.ServerError,
        "finish_reason abort",
    ),
    "the reason network_error": (
        events(chunk({}, finish_reason="network_error")),
        errors.ServerError,
        "finish_reason network_error",
    ),
    "a message and no reason to finish": (
        events({"message": "Internal server error"}),
        errors.ServiceError,
        "Internal server error",
    ),
    "Google's list": (
        events([{"error": {"code": 429, "message": "exhausted"}}]),
        errors.RateLimited,
        "exhausted",
    ),
    "a code in words": (
        events({"code": "InternalError.Algo", "message": "boom", "request_id": "r"}),
        errors.ServiceError,
        "boom",
    ),
    "llama.cpp's field": (
        'error: {"code": 500, "message": "slot unavailable", "type": "server_error"}\n\n'
        + events(),
        errors.ServerError,
        "slot unavailable",
    ),
    "an event named Exception": (
        named("Exception", "boom") + events(),
        errors.ServiceError,
        "boom",
    ),
    "MiniMax's status": (
        events({"choices": [], "base_resp": {"status_code": 1002, "status_msg": "rate limit"}}),
        errors.RateLimited,
        "rate limit",
    ),
    "words that are not JSON": (
        events("Internal Server Error"),
        errors.ProtocolError,
        "Internal Server Error",
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_so_is_one_in_a_stream_and_the_half_answer_is_kept_as_a_part(server, session, name):
    tail, error, words = STREAMS[name]
    server.replies = {"": http(events(HALF, done=False) + tail)}
    with pytest.raises(errors.ErnieError) as caught:
        session.chat("hi")
    assert type(caught.value) is error
    assert words in caught.value.line("en")
    assert (caught.value.answer.text, caught.value.answer.partial) == ("half", True)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("head", ["", events(ROLE, done=False)], ids=["at once", "after a role"])
def test_nothing_is_kept_of_a_stream_that_fails_before_its_first_word(server, session, name, head):
    tail, error, words = STREAMS[name]
    server.replies = {"": http(head + tail)}
    with pytest.raises(errors.ErnieError) as caught:
        session.chat("hi")
    assert type(caught.value) is error
    assert words in caught.value.line("en")
    assert (len(session.history), session.last) == (0, None)


@pytest.mark.parametrize(
    "stream",
    [
        events(ROLE),
        events({"choices": []}),
        events({"choices": [], "usage": {"total_tokens": 3}}),
        events({"id": "x"}, chunk(None)),
        events({"type": "ping"}),
    ],
    ids=["a role", "no choice", "usage", "nothing", "a ping"],
)
def test_a_stream_that_brought_nothing_and_no_reason_is_no_answer(server, session, stream):
    server.replies = {"": http(stream)}
    with pytest.raises(errors.ProtocolError, match="empty answer"):
        session.chat("hi")
    assert (len(session.history), session.last) == (0, None)


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


REFUSALS_429 = {
    "a body": http(json.dumps(body(error=LIMIT)), kind="application/json"),
    "a stream": http(events({"error": LIMIT})),
    "a stream that began with a role": http(events(ROLE, {"error": LIMIT})),
    "in a choice": http(events(chunk({}, error=LIMIT, finish_reason="error"))),
    "an event": http(named("error", json.dumps({"error": LIMIT})) + events()),
    "in a text": http(json.dumps({"error": json.dumps(LIMIT)}), kind="application/json"),
    "in an error": http(json.dumps({"error": {"error": LIMIT}}), kind="application/json"),
    "in capitals": http(json.dumps({"Error": {"Code": "429"}}), kind="application/json"),
}


@pytest.mark.parametrize("name", REFUSALS_429)
def test_a_limit_told_with_200_is_retried(server, name):
    server.requests.clear()
    server.replies = {"": REFUSALS_429[name]}
    with (
        session_for(server, retry_count=3) as session,
        pytest.raises(errors.RateLimited) as caught,
    ):
        session.chat("hi")
    assert (len(server.requests), caught.value.status) == (3, 429)
    assert "0 requests" in repr(session.usage)


def test_half_an_answer_is_not_asked_for_again(server):
    server.requests.clear()
    server.replies = {"": http(events(HALF, {"error": LIMIT}))}
    with session_for(server, retry_count=3) as session, pytest.raises(errors.RateLimited):
        session.chat("hi")
    assert len(server.requests) == 1


def test_a_v1_result_that_is_empty_and_says_no_more_is_no_answer(server):
    server.replies = {"": http('{"id": "as-1", "result": ""}', kind="application/json")}
    with (
        session_for(server, "qianfan-v1", api_key="an-application-key") as session,
        pytest.raises(errors.ProtocolError, match="empty answer"),
    ):
        session.chat("hi", stream=False)


@pytest.mark.parametrize("call", ["embed", "image", "rerank"])
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"object": "error", "message": "CUDA error", "code": 500}, errors.ServerError),
        ({"detail": "Engine is dead"}, errors.ServiceError),
        ({"data": [], "error": LIMIT}, errors.RateLimited),
    ],
)
def test_other_calls_tell_a_failure_in_the_same_words(server, session, call, reply, error):
    server.replies = {"": http(json.dumps(reply), kind="application/json")}
    calls = {
        "embed": lambda: session.embed(["a"], cache=False),
        "image": lambda: session.image("cat"),
        "rerank": lambda: session.rerank("q", ["a"]),
    }
    with pytest.raises(errors.ErnieError) as caught:
        calls[call]()
    assert type(caught.value) is error
    assert "the service said" in caught.value.line("en")


class InTurn:
    """Replies, each for one request; the last one for all others."""

    def __init__(self, *replies):
        self._replies = list(replies)

    def __iter__(self):
        yield self._replies[0] if len(self._replies) == 1 else self._replies.pop(0)


SPENT = {"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5}
REFUSED = [
    ROLE,
    {"id": "x", "choices": [], "usage": SPENT},
    {"error": {"message": "overloaded", "code": 503}},
]


def test_tokens_of_a_stream_that_was_refused_and_sent_again_are_counted(server):
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    whole = [ROLE, HALF, {**STOP, "usage": usage}]
    server.replies[""] = InTurn(
        http(events(*REFUSED)), http(events(*REFUSED)), http(events(*whole))
    )
    with session_for(server, retry_count=3) as session:
        answer = session.chat("hi")
        assert (answer.text, answer.usage.total_tokens) == ("half", 17)
        assert session.usage.total.usage.total_tokens == 17


def test_tokens_of_a_stream_that_stays_refused_are_counted(server):
    server.replies[""] = http(events(*REFUSED))
    with session_for(server, retry_count=2) as session:
        with pytest.raises(errors.ServerError):
            session.chat("hi")
        assert session.usage.total.usage.total_tokens == 10
        assert (len(session.history), session.last) == (0, None)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([{"type": "hologram"}], "the answer has a part that cannot be read: hologram."),
        (None, "no text, thought or tool call, and no finish reason."),
    ],
)
def test_an_answer_that_is_none_names_its_request_as_a_refusal_does(server, content, told, stream):
    message = {"role": "assistant", "content": content}
    name = "delta" if stream else "message"
    reply = {"id": "as-of-this-one", "choices": [{"index": 0, name: message}]}
    shown = json.dumps(reply)
    if stream:
        shown = events(reply)
    server.replies[""] = http(shown, kind="text/event-stream" if stream else "application/json")
    with (
        session_for(server, stream=stream) as session,
        pytest.raises(errors.ProtocolError) as caught,
    ):
        session.chat("hi")
    assert caught.value.request_id == "as-of-this-one"
    assert told in caught.value.line("en")
    assert caught.value.line("en").endswith("(request id as-of-this-one)")
    assert caught.value.line("zh").endswith("(请求编号 as-of-this-one)")
    del reply["id"]
    server.replies[""] = http(events(reply))
    with session_for(server) as session, pytest.raises(errors.ProtocolError) as nameless:
        session.chat("hi")
    assert "request id" not in nameless.value.line("en")


# Each stands beside the text of a whole reply, and says that it failed.
BESIDE = {
    "a status": {"status": "failed", "message": "died"},
    "a status in other words": {"status": "error", "message": "died"},
    "a state": {"state": "FAILED", "message": "died"},
    "a negative code": {"code": -1, "message": "died"},
    "the last error": {"last_error": {"message": "died"}},
    "a flag of failure": {"is_error": True, "message": "died"},
    "a reason for the failure": {"failure_reason": "died"},
    "a flag": {"success": False, "message": "died"},
    "another flag": {"ok": False, "msg": "died"},
    "errors": {"errors": [{"message": "died"}]},
    "errors in words": {"errors": ["died"]},
    "an error in capitals": {"Error": {"Code": "X", "Message": "died"}},
    "errno": {"errno": 5, "errmsg": "died"},
    "error_message": {"error_message": "died"},
    "errorMessage": {"errorMessage": "died"},
    "a fault": {"fault": {"faultstring": "died"}},
    "a header": {"header": {"code": 10013, "message": "died"}},
    "ret_code": {"ret_code": 1001, "ret_msg": "died"},
    "a wrapped error": {"Response": {"Error": {"Code": "X", "Message": "died"}}},
    "an error in an error": {"error": {"error": {"message": "died"}}},
    "a code in words": {"code": "InternalError.Algo", "message": "died"},
    "a status of HTTP": {"status_code": 500, "message": "died"},
    "details": {"error": {"details": "died"}},
    "a reason": {"error": {"reason": "died"}},
    "an error in a text": {"error": '{"message": "died"}'},
}


@pytest.mark.parametrize("text", ["half", ""])
@pytest.mark.parametrize("name", BESIDE)
def test_a_whole_reply_that_says_it_failed_is_no_answer_whatever_text_it_has(
    server, session, name, text
):
    server.replies = {"": http(json.dumps(body(text, **BESIDE[name])), kind="application/json")}
    with pytest.raises(errors.ServiceError) as caught:
        session.chat("hi", stream=False)
    assert "died" in caught.value.line("en")


def test_a_row_whose_reply_says_that_it_failed_is_asked_again(server):
    with session_for(server, "local") as session:
        for beside in BESIDE.values():
            server.replies = {"": http(json.dumps(body("half", **beside)), kind="application/json")}
            mapped = session.map("{{text}}", ["a"])
            assert mapped.rows[0]["answer"] is None
            assert "died" in mapped.errors[0]
        server.requests.clear()
        server.replies = {"": http(json.dumps(body("good")), kind="application/json")}
        assert session.map("{{text}}", ["a"], resume=True).rows[0]["answer"] == "good"
        assert len(server.requests) == 1


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
    {"status": "completed", "error": None, "code": 200, "message": ""},
    {"status": 200, "message": "OK"},
    {"header": {"code": 0, "message": "Success"}},
    {"detail": "note"},
    {"warnings": ["failed over to another node"]},
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


REFUSED_WITH_200 = {
    "Tencent's": (
        {"Response": {"Error": {"Code": "AuthFailure", "Message": "words"}}},
        errors.AuthenticationFailed,
    ),
    "in capitals": (
        {"Error": {"Code": "AuthFailure", "Message": "words"}},
        errors.AuthenticationFailed,
    ),
    "Apigee's": ({"fault": {"faultstring": "words"}}, errors.ServiceError),
    "Spark's": ({"header": {"code": 10013, "message": "words"}}, errors.ServiceError),
    "a return code": ({"ret_code": 1001, "ret_msg": "words"}, errors.ServiceError),
    "in data": (
        {"data": {"error": {"message": "words", "code": 401}}},
        errors.AuthenticationFailed,
    ),
    "a message in capitals": ({"Message": "words"}, errors.ServiceError),
    "details": ({"error": {"details": "words"}}, errors.ServiceError),
    "a reason": ({"error": {"reason": "words"}}, errors.ServiceError),
    "errno": ({"errno": 401, "errmsg": "words"}, errors.AuthenticationFailed),
    "JSON in a text": (
        {"error": '{"message": "words", "code": 429}'},
        errors.RateLimited,
    ),
    "JSON in a message": (
        {"error": {"message": '{"error": {"message": "words", "code": 429}}'}},
        errors.RateLimited,
    ),
    "an error in an error": (
        {"error": {"error": {"message": "words", "code": 429}}},
        errors.RateLimited,
    ),
    "a code in capitals": ({"Error": {"Code": "429", "Message": "words"}}, errors.RateLimited),
    "OpenAI's response": (
        {"type": "response.failed", "response": {"error": {"message": "words"}}},
        errors.ServiceError,
    ),
    "Alibaba's bill": ({"code": "Arrearage", "message": "words"}, errors.QuotaExhausted),
}


@pytest.mark.parametrize("name", REFUSED_WITH_200)
def test_the_service_s_words_are_found_in_any_wrapping(server, session, name):
    reply, error = REFUSED_WITH_200[name]
    for sent in http(json.dumps(reply), kind="application/json"), http(events(reply)):
        server.replies = {"": sent}
        with pytest.raises(errors.ServiceError) as caught:
            session.chat("hi")
        assert type(caught.value) is error
        assert "the service said: words)" in caught.value.line("en")


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden"])
def test_unpaid_bills_are_told_by_their_code(server, session, status):
    refused = json.dumps({"error": {"code": "Arrearage", "message": "overdue"}})
    server.replies = {"": http(refused, status=status, kind="application/json")}
    with pytest.raises(errors.QuotaExhausted):
        session.chat("hi")


FAILED_IN_STREAM = {
    "errno": events({"errno": 5, "errmsg": "words"}),
    "in capitals": events({"Error": {"Code": "X", "Message": "words"}}),
    "a bare line": "words\n\n" + events(),
    "a bare line of an error": "Internal Server Error: words\n\n" + events(),
    "a text": events('"failed: words"'),
    "OpenAI's response": (
        named(
            "response.failed",
            '{"type": "response.failed", "response": {"error": {"message": "words"}}}',
        )
        + events()
    ),
    "a header": events({"header": {"code": 10013, "message": "words"}}),
    "a wrapped error": events({"Response": {"Error": {"Code": "X", "Message": "words"}}}),
    "Dify's event": events({"event": "error", "status": 400, "code": "x", "message": "words"}),
}


@pytest.mark.parametrize("name", FAILED_IN_STREAM)
def test_done_does_not_make_whole_what_failed(server, session, name):
    server.replies = {
        "": http(events(chunk({"content": "ab"}), done=False) + FAILED_IN_STREAM[name])
    }
    with pytest.raises(errors.ServiceError) as caught:
        session.chat("hi")
    assert "words" in caught.value.line("en")
    assert (caught.value.answer.text, caught.value.answer.partial) == ("ab", True)


@pytest.mark.parametrize("line", ["ping", ": ping", "keep-alive", "[heartbeat]"])
def test_a_line_that_keeps_a_connection_open_is_no_failure(server, session, line):
    stream = events(HALF, done=False) + line + "\n\n" + events()
    server.replies = {"": http(stream)}
    assert (session.chat("hi").text, session.last.partial) == ("half", False)


REASONS = [
    "upstream_error",
    "provider_error",
    "model_error",
    "generation_error",
    "engine_overloaded",
    "rate_limit",
    "exception",
    "terminated",
    "interrupted",
    "oom",
]


@pytest.mark.parametrize("reason", [*REASONS, {"type": "error"}, ["error"]], ids=str)
def test_a_reason_that_names_a_failure_fails_the_answer(server, reason):
    with session_for(server, "local") as session:
        server.replies = {"": http(json.dumps(body("half", reason)), kind="application/json")}
        with pytest.raises(errors.ServerError, match="finish_reason"):
            session.chat("hi", stream=False)
        assert sorted(session.map("{{text}}", ["a"]).errors) == [0]


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


FIRST = {"id": "as-1", "result": "a", "is_end": False}
NO_END = {
    "nothing": [FIRST],
    "an empty object": [FIRST, {}],
    "a ping": [FIRST, {"ping": 1}],
    "no word of an end": [{"id": "as-1", "result": "a"}],
    "null": [{"id": "as-1", "result": "a", "is_end": None}],
    "false as text": [{"id": "as-1", "result": "a", "is_end": "false"}],
}


@pytest.mark.parametrize("name", NO_END)
def test_a_v1_stream_that_says_no_end_is_not_whole(server, name):
    server.replies = {"": http(events(*NO_END[name], done=False))}
    with (
        session_for(server, "qianfan-v1", api_key="an-application-key") as session,
        pytest.raises(errors.IncompleteAnswer) as caught,
    ):
        session.chat("hi")
    assert (caught.value.answer.text, caught.value.answer.partial) == ("a", True)


@pytest.mark.parametrize("end", [True, "true", 1])
def test_a_v1_stream_ends_where_it_says_so(server, end):
    server.replies = {"": http(events(FIRST, {**FIRST, "is_end": end}, done=False))}
    with session_for(server, "qianfan-v1", api_key="an-application-key") as session:
        assert (session.chat("hi").text, session.last.partial) == ("aa", False)


def test_a_v1_stream_that_failed_tells_the_service_s_words(server):
    server.replies = {"": http(events(FIRST, {"errno": 5, "errmsg": "dead"}, done=False))}
    with (
        session_for(server, "qianfan-v1", api_key="an-application-key") as session,
        pytest.raises(errors.ServiceError, match="dead"),
    ):
        session.chat("hi")


FATAL = {
    "in capitals": ("200 OK", {"Error": {"Code": "AuthFailure"}}, errors.AuthenticationFailed),
    "errno": ("200 OK", {"errno": 401, "errmsg": "who"}, errors.AuthenticationFailed),
    "a bill": ("400 Bad Request", {"code": "Arrearage", "message": "x"}, errors.QuotaExhausted),
}


@pytest.mark.parametrize("name", FATAL)
def test_what_fails_every_row_alike_ends_a_table(server, name):
    status, refused, error = FATAL[name]
    server.replies = {"": http(json.dumps(refused), status=status, kind="application/json")}
    with session_for(server, "local") as session, pytest.raises(error):
        session.map("{{text}}", ["a", "b"])
