"""The session on each service, against the emulator under the real paths; retries; temporary keys."""

import asyncio
import threading

import pytest

from ernie_magic import errors
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.session import Session
from ernie_magic.wire import auth


@pytest.fixture
def session():
    session = Session(ErnieSettings(model="ernie-3.5-8k", backoff_factor=0.0))
    yield session
    session.close()


@pytest.fixture
def pair(monkeypatch, emulator):
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_IAM_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("QIANFAN_SECRET_KEY", SECRET_KEY)
    emulator.requests.clear()


def paths(emulator):
    return [request.path for request in emulator.requests]


def test_qianfan_with_a_bearer_key(session, emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-test/0123456789")
    monkeypatch.setenv("QIANFAN_APP_ID", "app-7")
    answer = session.chat("[[echo]]hi")
    assert (answer.text, answer.service) == ("hi", "qianfan")
    assert answer.usage.total_tokens > 0  # requested by stream_options: V2 reports it only then
    request = emulator.requests[-1]
    assert (request.path, request.headers["appid"]) == ("/v2/chat/completions", "app-7")
    assert request.body["stream_options"] == {"include_usage": True}


@pytest.fixture
def exchanged(monkeypatch):
    """Counts how often a pair is exchanged for a token."""
    calls, exchange = [], auth._bearer_token
    monkeypatch.setattr(
        auth, "_bearer_token", lambda *given: calls.append(given) or exchange(*given)
    )
    return calls


def test_a_signed_pair_is_exchanged_once_for_many_calls(session, emulator, pair, exchanged):
    assert [session.chat("[[echo]]hi").text for _ in range(3)] == ["hi"] * 3
    threads = [
        threading.Thread(target=session.chat, args=("[[echo]]hi",), kwargs={"history": False})
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths(emulator).count("/v2/chat/completions") == 7
    assert session.usage.total.requests == 7
    assert len(exchanged) == 1


def test_a_token_that_ended_is_exchanged_once_even_by_two_calls_at_a_time(
    session, emulator, pair, exchanged
):
    session.chat("[[echo]]hi")
    emulator.iam.expire()

    async def both():
        return await asyncio.gather(*[session.achat("[[echo]]hi", history=False) for _ in range(2)])

    assert [answer.text for answer in asyncio.run(both())] == ["hi", "hi"]
    assert len(exchanged) == 2  # the first call's, and one shared by both


def test_a_wrong_secret_is_told_as_one_and_not_shown(session, emulator, pair, monkeypatch):
    monkeypatch.setenv("QIANFAN_SECRET_KEY", "canary-canary-canary-secret")
    with pytest.raises(errors.AuthenticationFailed, match="Signature does not match") as caught:
        session.chat("hi")
    assert "canary" not in str(caught.value) + caught.value.body


def test_an_unknown_access_key_is_told(session, emulator, pair, monkeypatch):
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", "nobody")
    with pytest.raises(errors.AuthenticationFailed, match="credential not found"):
        session.chat("hi")


def test_an_iam_that_is_down_is_told_with_its_address(session, emulator, pair, monkeypatch):
    monkeypatch.setenv("QIANFAN_IAM_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(errors.ServiceUnreachable, match=r"127\.0\.0\.1:9"):
        session.chat("hi")


def test_a_local_server_gets_no_table_rules_and_needs_no_key(session, emulator, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", emulator.base_url)
    # The emulator requires one; nothing was sent in its place.
    with pytest.raises(errors.AuthenticationFailed):
        session.chat("hi")
    assert "authorization" not in emulator.requests[-1].headers
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    with pytest.raises(errors.BadRequest):  # the server decides, not the table
        session.chat("hi", temperature=1.5)
    assert emulator.requests[-1].body["temperature"] == 1.5


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


def test_a_model_of_another_kind_is_told_as_one(studio):
    with pytest.raises(
        errors.ModelNotFound, match="ERNIE-Image is an image model; this call requires a chat model"
    ) as caught:
        studio.chat("hi", model="ERNIE-Image")
    assert "ERNIE-Image" not in caught.value.suggestions


def test_without_a_model_the_default_s_own_limits_hold(studio):
    studio.settings.model = ""
    assert (
        studio.chat("[[echo]]hi", max_completion_tokens=3000).request.model
        == "ernie-4.5-turbo-128k"
    )
