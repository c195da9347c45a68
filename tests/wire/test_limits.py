"""Limits per minute: learned from headers and 429s, shared by all, kept in any span of a minute."""

import asyncio
import time
from contextlib import ExitStack

import pytest

from ernie_magic import errors
from ernie_magic.session import Session
from ernie_magic.wire.limits import LIMITS
from ernie_magic.wire.throttling.throttle import Throttle
from tests import rate_simulation as simulation
from tests.rate_simulation import Service


@pytest.fixture
def studio(emulator, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-limits")
    before = (emulator.rates.requests, emulator.rates.tokens, emulator.rates.minute)
    emulator.requests.clear()
    with Session(model="ernie-3.5-8k", backoff_factor=0.01, retry_count=5) as session:
        yield session
    emulator.rates.requests, emulator.rates.tokens, emulator.rates.minute = before


def only():
    (limit,) = asyncio.run(LIMITS.list_states())
    return limit


def test_an_answer_s_headers_tell_the_limit_and_what_is_left(studio, emulator):
    emulator.rates.minute = 60.0
    LIMITS.minute = 60.0
    studio.chat("[[echo]]hi")
    limit = only()
    assert (limit.service, limit.model, limit.learned) == ("aistudio", "ernie-3.5-8k", "headers")
    assert (limit.requests, limit.remaining_requests) == (3000, 2999)
    assert limit.tokens == 3_000_000
    assert 0 < limit.tokens - limit.remaining_tokens < 20


def test_calls_wait_for_room_instead_of_being_refused_and_are_told_so():
    headers = {"x-ratelimit-limit-requests": "10"}
    service = Service(simulation.in_each_window(10, 60), headers=headers)
    outcome = simulation.run(service, calls=25, in_flight=5)
    assert (outcome.done, service.refused) == (25, [])
    assert 120 < outcome.seconds < 122
    assert outcome.notices
    assert all("(10 requests a minute)" in notice for notice in outcome.notices)


def test_nearly_all_that_headers_allow_is_used():
    headers = {"x-ratelimit-limit-requests": "300"}
    service = Service(simulation.in_each_window(300, 60), headers=headers)
    outcome = simulation.run(service, calls=601, in_flight=8)
    assert (outcome.done, service.refused) == (601, [])
    assert outcome.seconds <= 2 * 60 / 0.95


def test_two_sessions_with_one_account_share_its_limit(studio, emulator):
    studio.chat("[[echo]]hi")
    with Session(model="ernie-3.5-8k") as other:
        other.chat("[[echo]]hi")
        assert other.limits() == studio.limits()
    only()


@pytest.mark.parametrize(
    "two_callers",
    [
        [{"query": "?key=canary-first-1"}, {"query": "?key=canary-second-2"}],
        [{"headers": {"X-Key": "canary-first-1"}}, {"headers": {"X-Key": "canary-second-2"}}],
        [{"query": "?api-version=7&code=canary-first-1"}, {"query": "?api-version=7"}],
        [{"headers": {"X-Team": "blue"}}, {}],
    ],
    ids=["queries", "headers", "a query", "a header"],
)
def test_callers_that_differ_in_a_key_of_the_address_or_a_header_share_nothing(
    two_callers, emulator
):
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(
                Session(
                    service="local",
                    base_url=emulator.base_url + caller.get("query", ""),
                    headers=caller.get("headers", {}),
                    api_key="k-limits",
                    model="ernie-3.5-8k",
                )
            )
            for caller in two_callers
        )
        first.chat("[[echo]]hi")
        second.chat("[[echo]]hi")
        assert len(asyncio.run(LIMITS.list_states())) == 2
        assert first.client.endpoint().account != second.client.endpoint().account
        assert first.client.endpoint().account == first.client.endpoint().account


def test_a_429_closes_the_gate_for_everybody_and_its_retry_after_is_kept(studio, emulator):
    emulator.faults.add(code="rpm_rate_limit_exceeded", retry_after=0.6)
    began = time.monotonic()
    assert studio.chat("[[echo]]hi").text == "hi"
    assert time.monotonic() - began >= 0.6


def test_waiting_can_be_stopped(studio, emulator):
    LIMITS.minute = 60.0
    emulator.faults.add(code="rpm_rate_limit_exceeded", retry_after=50)
    stream = studio.stream("hi")
    next(stream.iter_batches())
    began = time.monotonic()
    assert stream.stop() is None
    assert time.monotonic() - began < 1
    assert not studio.history


def refusal():
    return errors.RateLimited(errors.Text("", ""), code="rpm_rate_limit_exceeded", retryable=True)


@pytest.mark.parametrize("later", [0.0, 0.5, None, 29.0, 121.0, 3600.0])
def test_a_later_refusal_does_not_shorten_the_wait_that_the_service_asked_for(later):
    async def run():
        limit = Throttle("s", "m", minute=60.0)
        sent = [await limit.acquire(0, lambda _seconds: None) for _ in range(3)]
        for retry_after, request in zip((30.0, later), sent, strict=False):
            error = refusal()
            error.retry_after = retry_after
            limit.on_refused(error, request)
            limit.release(request)
        waits = []
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(limit.acquire(0, waits.append), 0.01)
        return waits

    (seconds,) = asyncio.run(run())
    assert 29 < seconds <= 30


def test_a_wait_of_more_than_a_minute_is_kept_too():
    service = Service(simulation.in_any_span(10, 60), retry_after=86.0)
    outcome = simulation.run(service, calls=30)
    assert (outcome.done, outcome.failed) == (30, 0)


def test_requests_are_counted_until_the_reset_that_headers_tell():
    accepted = simulation.in_each_window(10, 1)
    headers = {"x-ratelimit-limit-requests": "10", "x-ratelimit-reset-requests": "1s"}
    service = Service(accepted, headers=headers)
    simulation.run(service, seconds=60.0)
    assert len(service.accepted) >= 0.9 * 600
    assert len(service.refused) <= 0.1 * len(service.accepted)


def test_a_day_s_limit_in_headers_is_not_kept_by_the_minute():
    headers = {"x-ratelimit-limit-requests": "20", "x-ratelimit-reset-requests": "2h10m"}
    outcome = simulation.run(Service(lambda _now, _active: True, headers=headers), calls=60)
    assert outcome.state.requests is None
    assert outcome.seconds < 5


@pytest.mark.parametrize(
    ("left", "reset", "waited"),
    [("20", "7.66s", 7.7), ("0", "15s", 15.2), ("0", "", 60.6), ("0", "3h", 60.6)],
)
def test_tokens_that_others_used_are_counted_until_the_reset_that_headers_tell(left, reset, waited):
    now = 1000.0
    limit = Throttle("s", "m", clock=lambda: now)
    headers = {
        "x-ratelimit-limit-tokens": "6000",
        "x-ratelimit-remaining-tokens": left,
        "x-ratelimit-reset-tokens": reset,
    }
    waits = []

    async def run():
        sent = await limit.acquire(900, waits.append)
        limit.learn_from_headers(headers, sent)
        limit.record_usage(sent, 1000)
        limit.release(sent)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(limit.acquire(900, waits.append), 0.01)

    asyncio.run(run())
    assert waits == [pytest.approx(waited, abs=0.1)]
    now += waited + 0.1
    assert limit.remaining_tokens >= 5000


@pytest.mark.parametrize("reset", ["", "soon", "0", "0s", "-5", "2026-13-45T99:99:99Z", "9" * 400])
def test_a_reset_that_tells_no_time_changes_nothing(reset):
    headers = {"x-ratelimit-limit-requests": "10", "x-ratelimit-reset-requests": reset}
    service = Service(simulation.in_each_window(10, 60), headers=headers)
    outcome = simulation.run(service, calls=15, in_flight=5)
    assert (outcome.done, service.refused) == (15, [])


def test_refusals_while_others_are_in_flight_tell_no_limit_of_a_minute():
    outcome = simulation.run(Service(simulation.at_once(3), latency=90.0), seconds=80.0)
    assert (outcome.state.requests, outcome.state.max_concurrency) == (None, 3)


def test_refusals_of_a_service_that_took_no_call_tell_nothing():
    outcome = simulation.run(Service(simulation.at_once(0)), seconds=60.0)
    assert not outcome.state.is_known


@pytest.mark.parametrize(
    ("left", "reset", "remaining"),
    [("100", "", 100), ("100", "30s", 100), ("0", "0", 299), ("0", "12ms", 299)],
)
def test_what_others_on_the_account_use_counts_unless_it_is_whole_again_at_once(
    left, reset, remaining
):
    async def run(kind):
        limit = Throttle("s", "m", minute=60.0)
        await limit.acquire(1, lambda _seconds: None)
        limit.learn_from_headers(
            {
                f"x-ratelimit-limit-{kind}": "300",
                f"x-ratelimit-remaining-{kind}": left,
                f"x-ratelimit-reset-{kind}": reset,
            }
        )
        return getattr(limit, f"remaining_{kind}")

    assert asyncio.run(run("requests")) == remaining
    assert asyncio.run(run("tokens")) == remaining


def test_no_span_of_a_minute_has_more_than_the_limit_and_tokens_count_too():
    async def run():
        limit = Throttle("s", "m", minute=0.2, requests=5, tokens=1000)
        times = []

        async def one(tokens):
            await limit.acquire(tokens, lambda _seconds: None)
            times.append((time.monotonic(), tokens))

        await asyncio.gather(*[one(100 if i % 2 else 400) for i in range(20)])
        return times

    times = asyncio.run(run())
    for at, _ in times:
        within = [tokens for other, tokens in times if at <= other < at + 0.2]
        assert len(within) <= 5
        assert sum(within) <= 1000


def test_a_request_greater_than_the_whole_limit_is_let_out_for_the_service_to_judge():
    async def run():
        limit, waits = Throttle("s", "m", minute=60.0, tokens=10), []
        await asyncio.wait_for(limit.acquire(1000, waits.append), 1)
        return waits, limit.remaining_tokens

    assert asyncio.run(run()) == ([], 0)
