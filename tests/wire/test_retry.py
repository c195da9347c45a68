"""What is sent again, and what never is."""

import contextlib
import threading
import time

import pytest

from ernie_magic import errors
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session
from tests.config.test_services import paths
from tests.rate_server import RateServer, at_once, open_session


@pytest.fixture
def session():
    session = Session(ErnieSettings(model="ernie-3.5-8k", backoff_factor=0.0))
    yield session
    session.close()


@pytest.fixture
def studio(session, emulator, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-studio")
    emulator.requests.clear()
    return session


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 503},
        {"code": "rpm_rate_limit_exceeded"},
        {"code": "tpm_rate_limit_exceeded"},
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again_and_answered_once(studio, emulator, fault):
    emulator.faults.add(**fault, times=2)
    assert studio.chat("[[echo]]hi").text == "hi"
    assert len(emulator.requests) == 3
    assert (len(studio.history), studio.usage.total.requests) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ({"status": 500}, 3),
        ({"code": "no_such_model"}, 1),
        ({"code": "user_setting_unsafe"}, 1),
        ({"code": "invalid_iam_token"}, 1),
        ({"cut_after": 2}, 1),
        ({"error_after": 2}, 1),
        ({"malformed_after": 2}, 1),
        ({"html": True}, 1),
        ({"empty": True}, 1),
    ],
    ids=str,
)
def test_what_would_not_pass_or_might_be_billed_twice_is_sent_once(studio, emulator, fault, sent):
    emulator.faults.add(**fault, times=9)
    with pytest.raises(errors.ErnieError):
        studio.chat("[[echo]]one two three four")
    assert [path for path in paths(emulator) if "chat" in path] == [
        "/llm/lmapi/v3/chat/completions"
    ] * sent


def test_a_server_that_comes_up_late_is_reached(studio, monkeypatch):
    from ernie_magic.emulator import start

    with start(latency=0) as late:
        port = int(late.url.rpartition(":")[2])
    studio.settings.base_url, studio.settings.api_key = (
        f"http://127.0.0.1:{port}/llm/lmapi/v3",
        "k-late-k-late",
    )
    studio.settings.backoff_factor, studio.settings.retry_count = 0.5, 8
    timer = threading.Timer(0.3, lambda: servers.append(start(port=port, latency=0)))
    servers = []
    timer.start()
    try:
        assert studio.chat("[[echo]]hi").text == "hi"
    finally:
        timer.join()
        servers[0].stop()


def test_waiting_is_told_and_can_be_stopped(studio, emulator):
    emulator.faults.add(code="rpm_rate_limit_exceeded", times=9)
    studio.settings.backoff_factor = 60.0
    stream = studio.stream("hi")
    (notice,) = [delta.notice for delta in next(stream.iter_batches())]
    assert "trying again in" in notice.en
    stream.close()


CALLS = {
    "chat": lambda session, **own: session.chat("[[echo]]hi", **own),
    "a list of messages": lambda session, **own: session.chat(
        [{"role": "user", "content": "[[echo]]hi"}], **own
    ),
    "completion": lambda session, **own: session.complete("[[echo]]hi", **own),
    "pictures": lambda session, **own: session.image("cat", size="768x768", **own),
    "vectors": lambda session, **own: session.embed("x", cache=False, **own),
    "ranks": lambda session, **own: session.rerank("q", ["a"], **own),
    "a table": lambda session, **own: session.map("{{text}}", ["a"], **own),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_may_say_how_often_it_is_sent(studio, emulator, call):
    studio.settings.retry_count = 5
    for attempts in (1, 2, 4):
        emulator.requests.clear()
        emulator.faults.clear()
        emulator.faults.add(status=503, times=9)
        with contextlib.suppress(errors.ServiceError):  # a table has it in its row
            CALLS[call](studio, retry_count=attempts)
        assert len([path for path in paths(emulator) if "models" not in path]) == attempts
    emulator.faults.clear()
    CALLS[call](studio, retry_count=0, request_timeout=30, backoff_factor=0.5)
    bodies = [request.body for request in emulator.requests if request.body]
    assert not set(bodies[-1]) & {"retry_count", "request_timeout", "backoff_factor"}
    assert studio.settings.retry_count == 5


@pytest.mark.parametrize(
    ("status", "by_default", "asked"),
    [(500, 1, 2), (502, 2, 2), (503, 2, 2), (504, 1, 1), (507, 1, 2), (529, 2, 2), (429, 2, 2)],
)
def test_a_picture_is_asked_for_again_where_it_cannot_have_been_drawn(
    studio, emulator, status, by_default, asked
):
    studio.settings.retry_count = 2
    for own, sent in ({}, by_default), ({"retry_count": 2}, asked):
        emulator.requests.clear()
        emulator.faults.clear()
        emulator.faults.add(status=status, times=9)
        with pytest.raises(errors.ServiceError):
            studio.image("cat", size="768x768", **own)
        assert len([path for path in paths(emulator) if "models" not in path]) == sent


@pytest.mark.parametrize(
    "call",
    [
        lambda session: session.chat("[[pace=3s]]hi", request_timeout=0.2, retry_count=1),
        lambda session: session.image("cat", request_timeout=0.2, retry_count=1),
    ],
)
def test_a_call_may_say_how_long_it_waits(studio, emulator, call):
    emulator.faults.add(delay=3)
    with pytest.raises(errors.RequestTimeout, match=r"0\.2 s"):
        call(studio)


def test_a_call_may_say_how_long_it_waits_between_attempts(studio, emulator):
    emulator.faults.add(code="rpm_rate_limit_exceeded", times=9)
    stream = studio.stream("hi", backoff_factor=60, retry_count=2)
    (notice,) = [delta.notice for delta in next(stream.iter_batches())]
    assert notice.en.endswith("(attempt 2 of 2)")
    stream.close()


def test_a_wait_that_only_a_sentence_tells_is_kept():
    refusal = {"error": {"message": "Rate limit reached. Please try again in 0.4s."}}
    began = time.monotonic()

    def allows(_server):
        return time.monotonic() - began >= 0.35

    with RateServer(allows, latency=0, refusal=refusal) as server:
        with open_session(server, retry_count=2, backoff_factor=0.0) as session:
            assert session.chat("hi").text == "ok"
        assert server.refused == 1
    refusal["error"]["message"] = "Please try again in 6m0s."
    with RateServer(at_once(0), latency=0, refusal=refusal) as server:
        with open_session(server) as session, pytest.raises(errors.RateLimited) as caught:
            session.chat("hi")
        assert server.refused == 1
    assert "asks to wait 360 s" in caught.value.line("en")
