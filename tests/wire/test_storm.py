"""A storm of faults: every call is answered exactly once or fails with its own error, and the
history matches.

CI runs 120 calls, the slow suite 500.
"""

import asyncio
import random
import time

import pytest

from ernie_magic import errors
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.emulator import start
from ernie_magic.session import Session
from ernie_magic.wire.throttling import throttle

FAULTS = (
    {"status": 500},
    {"status": 503},
    {"code": "rpm_rate_limit_exceeded"},
    {"code": "invalid_iam_token"},
    {"cut_after": 0},
    {"cut_after": 1},
    {"cut_after": 3},
    {"error_after": 0},
    {"error_after": 2},
    {"malformed_after": 1},
    {"empty": True},
    {"html": True},
    {"bare_json_error": True},
    {"split": True},
    {"no_done": True},
)
V1 = (
    {"code": "336100"},
    {"code": "18"},
    {"code": "111"},
    {"code": "110", "bare_json_error": True},
    {"cut_after": 1},
    {"error_after": 2},
    {"status": 500},
    {"split": True},
)


def weather(seed, calls, *, service, faults, env, monkeypatch):
    """Ask `calls` questions, 12 at a time, while things go wrong; return the outcome of each.

    Without the turns that a call waits for when others fill a limit (test_congestion.py): they are
    no attempts, and would hide one too many.
    """
    monkeypatch.setattr(throttle, "_MAX_QUEUE_RETRIES", 0)
    chance = random.Random(seed)  # noqa: S311
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with start(latency=0) as emulator:
        monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
        monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
        monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
        monkeypatch.setenv("QIANFAN_IAM_BASE_URL", emulator.url)
        settings = ErnieSettings(
            service=service, model="ernie-3.5-8k", backoff_factor=0.01, retry_count=3
        )
        with Session(settings) as session:

            async def ask(i, gate):
                async with gate:
                    if chance.random() < 0.5:
                        emulator.faults.add(**chance.choice(faults), path="chat")
                    if chance.random() < 0.05:
                        emulator.iam.expire()
                        emulator.oauth.expire()
                    conversation = session[f"c{i % 25}-{i}"]
                    try:
                        return await conversation.achat(f"[[echo]]question {i} of the storm")
                    except errors.ErnieError as error:
                        return error

            async def all_of_them():
                gate = asyncio.Semaphore(12)
                return await asyncio.gather(*[ask(i, gate) for i in range(calls)])

            came = asyncio.run(all_of_them())
            histories = {
                name: conversation.history for name, conversation in session.conversations.items()
            }
            bodies = [
                request.body["messages"][-1]["content"]
                for request in emulator.requests
                if "chat" in request.path
            ]
            counted = session.usage.total.requests
            end = time.monotonic() + 2
            while emulator.open_streams and time.monotonic() < end:
                time.sleep(0.01)
            assert emulator.open_streams == 0
    return came, histories, bodies, counted


def check(calls, came, histories, bodies, counted):
    answered = partial = 0
    for i, result in enumerate(came):
        question = f"question {i} of the storm"
        history = histories[f"c{i % 25}-{i}"]
        if isinstance(result, errors.ErnieError):
            if result.answer is not None:  # what arrived before the fault was kept, once
                assert question.startswith(result.answer.text)
                assert [turn.answer for turn in history] == [result.answer]
                partial += 1
            else:
                assert len(history) == 0
        else:
            assert result.text == question
            assert [turn.answer for turn in history] == [result]
            answered += 1
        # Three attempts, and one more with a new token.
        assert 1 <= bodies.count(f"[[echo]]{question}") <= 4
    assert counted == answered + partial
    assert answered > calls / 2


@pytest.mark.parametrize("service", ["aistudio", "qianfan", "qianfan-v1"])
@pytest.mark.parametrize("calls", [120, pytest.param(500, marks=pytest.mark.slow)])
def test_every_call_is_answered_once_or_fails_with_its_own_error(monkeypatch, service, calls):
    from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY

    env = {
        "aistudio": {"AI_STUDIO_API_KEY": "k-storm"},
        "qianfan": {"QIANFAN_ACCESS_KEY": ACCESS_KEY, "QIANFAN_SECRET_KEY": SECRET_KEY},
        "qianfan-v1": {"QIANFAN_AK": "an-application", "QIANFAN_SK": "its-secret"},
    }[service]
    check(
        calls,
        *weather(
            7,
            calls,
            service=service,
            faults=V1 if service == "qianfan-v1" else FAULTS,
            env=env,
            monkeypatch=monkeypatch,
        ),
    )
