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
