"""A failure told with HTTP 200, in whatever words, is an error of the tree and no answer."""

import json

import pytest

from ernie_magic import errors
from tests.raw_server import chunk, events, http
from tests.wire.refusals.failed_answers import LIMIT, ROLE, body, named, session_for


@pytest.fixture
def session(server):
    server.requests.clear()
    with session_for(server) as session:
        yield session


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
    "words of a failure alone": (
        {"notice": "the engine has crashed", "allow_retry": True},
        errors.ServerError,
        "the engine has crashed",
    ),
    "another server's answer about failures": (
        {"answer": "a timeout is an error of", "conversation_id": "x"},
        errors.ProtocolError,
        "JSON of another kind",
    ),
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
    # Spark's stands beside each answer (https://www.xfyun.cn/doc/spark/HTTP调用文档.html).
    "a code of the service's own": {"code": 11202, "message": "licence died", "sid": "x"},
    "a small code": {"code": 41, "message": "died"},
    "a code that is a word": {"code": "LimitBurstRate", "message": "died"},
    "a code of SiliconFlow": {"code": 20015, "message": "died", "data": None},
    "ret": {"ret": -1, "msg": "died"},
    "respCode": {"respCode": "9999", "respMsg": "died"},
    "a status code that is none of HTTP": {"status_code": 1013, "message": "died"},
    "a status that says rejected": {"status": "rejected", "message": "died"},
    "a state that says blocked": {"state": "BLOCKED", "message": "died"},
    "a quota": {"detail": "quota exceeded: died"},
    "a status that is false": {"status": False, "message": "died"},
    "a flag that is 0": {"success": 0, "message": "died"},
    "a flag in words": {"success": "fail", "message": "died"},
    "the result": {"result": "error", "cause": "died"},
    "an acknowledgement": {"ack": "Failure", "message": "died"},
    "FastAPI's detail": {"detail": "Internal Server Error: died"},
    "Telegram's description": {"ok": False, "description": "died"},
    "FastChat's text": {"text": "died", "error_code": 50001},
    "Tencent's ErrorMsg": {"ErrorMsg": {"Msg": "died", "Code": 4000}},
    "a body": {"statusCode": 500, "body": "died"},
    "a sentence under another name": {"failed": True, "notice": "it has died"},
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
    "Spark's beside no choices": (
        {"code": 11202, "message": "words", "sid": "x", "choices": []},
        errors.ServiceError,
    ),
    "FastChat's": ({"text": "words", "error_code": 50001}, errors.ServiceError),
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
