"""A failure told in a stream fails the answer; what came before is kept as a part of one."""

import json

import pytest

from ernie_magic import errors
from tests.raw_server import chunk, events, http
from tests.wire.refusals.failed_answers import HALF, LIMIT, ROLE, STOP, body, named, session_for


@pytest.fixture
def session(server):
    server.requests.clear()
    with session_for(server) as session:
        yield session


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
    "an event that is a failure by a field's name": (
        events({"throttlingException": {"message": "Too many tokens"}}),
        errors.RateLimited,
        "Too many tokens",
    ),
    "such an event before a reason to finish": (
        events({"modelStreamErrorException": {"message": "died"}}, STOP),
        errors.ServiceError,
        "died",
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


def test_half_an_answer_is_not_asked_for_again(server):
    server.requests.clear()
    server.replies = {"": http(events(HALF, {"error": LIMIT}))}
    with session_for(server, retry_count=3) as session, pytest.raises(errors.RateLimited):
        session.chat("hi")
    assert len(server.requests) == 1


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
    "Spark's code": events({"code": 11202, "message": "words", "choices": []}),
    "Spark's code beside a reason to finish": events(
        {**chunk({"content": ""}, finish_reason="stop"), "code": 10019, "message": "words"}
    ),
    "a code that is a word": events({"code": "FAIL", "message": "words", "choices": []}),
    "a refusal beside no choices": events({"message": "access denied: words", "choices": []}),
    "an end that says a refusal": named("close", "quota exceeded: words") + events(),
    "a message beside no choices": events({"message": "error: words", "choices": []}),
    "a failure in a text": events({"text": "error: words", "allow_retry": True}),
    "an end in words": named("close", "error: words") + events(),
    "an end with a reason": named("done", '{"reason": "timeout: words"}') + events(),
    "an end by its type": events({"type": "close", "reason": "timeout: words"}),
    "a heading of a page": events(done=False)
    + "<html><body><h1>504 Gateway Time-out: words</h1></body></html>",
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


def test_an_object_that_is_an_error_by_its_kind_fails_a_stream(server, session):
    failed = {"object": "chat.completion.error", "choices": []}
    server.replies = {"": http(events(HALF, failed))}
    with pytest.raises(errors.ServiceError) as caught:
        session.chat("hi")
    assert (caught.value.answer.text, caught.value.answer.partial) == ("half", True)


@pytest.mark.parametrize("end", ["bye", '{"reason": "complete", "error": null}'])
def test_an_end_that_names_no_failure_is_an_end(server, session, end):
    server.replies = {"": http(events(HALF, done=False) + named("close", end))}
    answer = session.chat("hi")
    assert (answer.text, answer.partial) == ("half", False)
    failed = named("close", "upstream timeout")
    server.replies = {"": http(events(HALF, STOP, done=False) + failed + events())}
    assert session.chat("hi").partial is False


INCOMPLETE = {"type": "response.incomplete", "response": {"status": "incomplete"}}
CUT_OFF = {
    "an event": named("response.incomplete", json.dumps(INCOMPLETE)),
    "an event's name": named("response.incomplete", "{}"),
    "a type": events(INCOMPLETE, done=False),
    "a reason": events({"incomplete_details": {"reason": "max_output_tokens"}}, done=False),
}


@pytest.mark.parametrize("name", CUT_OFF)
@pytest.mark.parametrize("end", [events(), events(STOP)], ids=["at once", "before a reason"])
def test_an_answer_that_the_service_calls_incomplete_is_truncated(server, session, name, end):
    server.replies = {"": http(events(HALF, done=False) + CUT_OFF[name] + end)}
    assert session.chat("hi").is_truncated
    server.replies = {"": http(events(HALF, STOP))}
    assert not session.chat("hi").is_truncated


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


VENDOR_OBJECTS = [
    {"x_groq": {"id": "req_1", "error": "over capacity"}},
    {"x_groq": {"id": "req_1", "error": {"message": "over capacity", "code": 503}}},
    {"x_groq": {"error": {"message": "over capacity"}, "usage": {"total_tokens": 3}}},
    {"x-gateway": {"errors": [{"message": "over capacity"}]}},
    {"x_vendor": {"error_message": "over capacity", "error_code": 500}},
    {"openrouter": {"error": {"message": "over capacity", "code": 502}}},
    {"nvext": {"error": "over capacity"}},
    {"litellm_metadata": {"error": "over capacity"}},
    {"togetherAI": {"error": {"message": "over capacity"}}},
]


@pytest.mark.parametrize("fields", VENDOR_OBJECTS, ids=str)
def test_an_error_in_an_object_of_the_service_s_own_fails_the_answer(server, session, fields):
    in_choice = chunk({}, finish_reason="stop")
    in_choice["choices"][0].update(fields)
    for chunks in (
        [HALF, {**STOP, **fields}],
        [HALF, {**fields, "choices": []}],
        [HALF, in_choice],
    ):
        server.replies = {"": http(events(*chunks))}
        with pytest.raises(errors.ServiceError, match="over capacity") as caught:
            session.chat("hi")
        assert (caught.value.answer.text, caught.value.answer.partial) == ("half", True)
    whole = json.dumps(body("half", **fields))
    server.replies = {"": http(whole, kind="application/json")}
    with pytest.raises(errors.ServiceError, match="over capacity"):
        session.chat("hi", stream=False)
