"""What a service takes where it says no more than 429: at once, each second, each day."""

import asyncio
import random

import pytest

from ernie_magic import errors
from ernie_magic.wire.failures import error_from_reply
from ernie_magic.wire.limits import LIMITS
from ernie_magic.wire.throttling.allowed_span import SentRequest
from ernie_magic.wire.throttling.congestion import Congestion
from tests import rate_simulation as simulation
from tests.rate_server import (
    QPS,
    V1,
    RateServer,
    ask_many,
    at_once,
    in_any_span,
    open_session,
)
from tests.rate_simulation import Service


def part_used(kind, most, span=0.0, *, latency=0.1, in_flight=16, **replies):
    """Make calls for a minute; return the part of those that a service allows which it took."""
    arguments = [most, span] if span else [most]
    service = Service(kind(*arguments), latency=latency, **replies)
    outcome = simulation.run(service, seconds=60.0, in_flight=in_flight)
    assert outcome.failed == 0
    mean = sum(latency) / 2 if isinstance(latency, tuple) else latency
    trip = mean + sum(service.travel)
    allowed = min(most / (span or trip), in_flight / trip)
    return len(service.accepted) / (60.0 * allowed)


# Kind of service, how many calls it takes, and within how many seconds.
SERVICES = [
    (simulation.in_any_span, 1, 1),
    (simulation.in_any_span, 8, 2),
    (simulation.in_any_span, 20, 10),
    (simulation.in_each_window, 5, 1),
    (simulation.in_each_window, 30, 30),
    (simulation.from_bucket, 10, 5),
    (simulation.at_once, 1),
    (simulation.at_once, 4),
]
MORE_SERVICES = [
    *[
        (kind, most, span)
        for kind in (simulation.in_any_span, simulation.in_each_window)
        for most, span in ((2, 1), (3, 1), (10, 1), (5, 5), (100, 10), (20, 60), (60, 60))
    ],
    *[(simulation.from_bucket, *bucket) for bucket in ((1, 0.5), (1, 0.2), (20, 4), (5, 10))],
    *[(simulation.at_once, most) for most in (2, 3, 6)],
]


def name_of(value):
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("rule", SERVICES, ids=lambda rule: "-".join(map(name_of, rule)))
def test_90_percent_of_what_a_service_allows_is_used(rule):
    assert part_used(*rule, latency=0.5) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("in_flight", [6, 16])
@pytest.mark.parametrize("latency", [0.01, 0.1, 0.5, 2.0, (0.3, 3.0)], ids=str)
@pytest.mark.parametrize(
    "rule", [*SERVICES, *MORE_SERVICES], ids=lambda rule: "-".join(map(name_of, rule))
)
def test_90_percent_are_used_however_long_an_answer_takes(rule, latency, in_flight):
    assert part_used(*rule, latency=latency, in_flight=in_flight) >= 0.9


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 503},
        {"status": 529},
        {"code": "18"},
        {"code": "336501"},
        {"code": "rpm_rate_limit_exceeded"},
    ],
    ids=str,
)
def test_however_a_service_refuses_the_same_is_learned(refusal):
    assert part_used(simulation.in_any_span, 3, 1, **refusal) >= 0.9


def test_a_refusal_that_closes_the_service_for_a_second_is_seldom_risked():
    assert part_used(simulation.at_once, 4, latency=0.5, retry_after=1.0) >= 0.9


@pytest.mark.parametrize(
    "retry_after",
    [20.0, pytest.param(5.0, marks=pytest.mark.slow), pytest.param(60.0, marks=pytest.mark.slow)],
)
def test_calls_at_once_are_used_also_where_each_refusal_closes_the_service_for_long(retry_after):
    service = Service(simulation.at_once(4), latency=2.0, retry_after=retry_after)
    outcome = simulation.run(service, seconds=3600.0)
    assert (outcome.failed, outcome.state.max_concurrency) == (0, 4)
    assert len(service.accepted) >= 0.9 * 3600.0 * 4 / 2.0


# Kind of service, how many calls within how many seconds, seconds on the way, part that is used.
ASKS_TO_WAIT_A_SECOND = [
    (simulation.in_any_span, 1, 1, (0.001, 0.003), 0.9),
    (simulation.in_any_span, 5, 1, (0.001, 0.003), 0.9),
    (simulation.in_any_span, 5, 1, (0.02, 0.08), 0.85),
    (simulation.in_each_window, 10, 1, (0.001, 0.003), 0.95),
    (simulation.in_each_window, 10, 1, (0.02, 0.08), 0.85),
]


@pytest.mark.parametrize(
    "rule", ASKS_TO_WAIT_A_SECOND, ids=lambda rule: "-".join(map(name_of, rule[:4]))
)
def test_a_limit_a_second_is_learned_where_each_refusal_costs_that_second(rule):
    kind, most, span, travel, part = rule
    service = Service(kind(most, span), latency=0.2, travel=travel, retry_after=1.0)
    outcome = simulation.run(service, seconds=180.0)
    assert (outcome.failed, outcome.state.max_concurrency) == (0, None)
    assert len(service.accepted) >= part * 180.0 * most / span


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("in_flight", [8, 16])
@pytest.mark.parametrize("span", [(10, 15), (20, 60)], ids=str)
def test_a_limit_is_learned_where_the_service_asks_to_wait_in_whole_seconds(span, in_flight, seed):
    """What it asks is up to a second too short: a block of tries follows the wait."""
    most, seconds = span
    rule = simulation.in_any_span(most, seconds)
    service = Service(
        rule,
        latency=0.2,
        travel=(0.001, 0.1),
        retry_after=simulation.in_whole_seconds(rule),
        chance=random.Random(seed),  # noqa: S311
    )
    outcome = simulation.run(service, calls=4 * most, in_flight=in_flight)
    assert outcome.failed == 0
    assert outcome.seconds <= 3 * seconds / 0.9


# Calls, within how many seconds, for how long, and the part of those allowed that is used.
COUNTS_REFUSALS = [
    (3, 60, 1200.0, 0.7),
    (5, 60, 1200.0, 0.8),
    (20, 60, 1200.0, 0.9),
    (60, 60, 600.0, 0.9),
    (5, 1, 120.0, 0.9),
]


@pytest.mark.parametrize("rule", COUNTS_REFUSALS, ids=str)
def test_a_service_that_counts_refusals_too_is_used_as_far_as_it_allows(rule):
    most, span, seconds, part = rule
    service = Service(simulation.counting_refusals(most, span))
    outcome = simulation.run(service, seconds=seconds)
    assert outcome.failed == 0
    assert len(service.accepted) >= part * seconds * most / span
    assert sum(at > 1000.0 + seconds / 2 for at in service.refused) <= 0.2 * len(service.accepted)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rule", [(10, 10), (10, 60), (40, 60)], ids=str)
def test_so_it_is_where_calls_overtake_one_another(rule, seed):
    most, span = rule
    service = Service(
        simulation.counting_refusals(most, span),
        latency=1.0,
        travel=(0.01, 0.25),
        chance=random.Random(seed),  # noqa: S311
    )
    outcome = simulation.run(service, seconds=1200.0)
    assert outcome.failed == 0
    assert len(service.accepted) >= 0.8 * 1200.0 * most / span


@pytest.mark.parametrize("retry_count", [2, 5])
@pytest.mark.parametrize("in_flight", [1, 16])
def test_calls_fail_by_their_retries_once_no_limit_of_a_minute_explains_a_block(
    in_flight, retry_count
):
    taken = iter([True] * 20)
    service = Service(lambda _now, _active: next(taken, False))
    outcome = simulation.run(service, calls=24, in_flight=in_flight, retry_count=retry_count)
    assert (outcome.done, outcome.failed) == (20, 4)
    # Tries for 75 s, at growing intervals, and then four calls' waits of 1, 2, 4 and 8 s at most.
    assert outcome.seconds <= 75 / 0.8 + 4 * 15 + 4
    assert len(service.refused) <= 40 + 4 * retry_count


@pytest.mark.parametrize("retry_count", [2, 5])
@pytest.mark.parametrize("status", [429, 503])
def test_what_is_refused_while_a_limit_is_learned_is_no_attempt_of_a_call(status, retry_count):
    for rule in (simulation.in_any_span(20, 10), simulation.at_once(3)):
        service = Service(rule, status=status)
        outcome = simulation.run(service, calls=60, retry_count=retry_count)
        assert (outcome.done, outcome.failed) == (60, 0)


def test_a_limit_of_a_minute_is_told_as_one_and_a_shorter_one_is_not():
    minute = simulation.run(Service(simulation.in_any_span(20, 60)), calls=60).state
    assert (minute.requests, minute.per_second, minute.learned) == (20, None, "429")
    shorter = simulation.run(Service(simulation.in_any_span(20, 10)), calls=60).state
    assert (shorter.requests, shorter.learned) == (None, "429")
    assert 1.8 < shorter.per_second < 2.2


def test_two_limits_at_the_same_time_are_both_kept():
    rule = simulation.all_of(simulation.in_any_span(2, 1), simulation.in_any_span(60, 60))
    service = Service(rule)
    outcome = simulation.run(service, seconds=120.0)
    assert outcome.failed == 0
    assert len(service.accepted) >= 0.9 * 120
    assert len(service.refused) < len(service.accepted)


def test_few_calls_are_refused_once_a_limit_is_known():
    service = Service(simulation.in_any_span(5, 1))
    simulation.run(service, seconds=60.0)
    assert sum(at > 1005.0 for at in service.refused) <= 0.1 * len(service.accepted)


def test_calls_at_once_are_reduced_to_what_is_taken():
    service = Service(simulation.at_once(4))
    state = simulation.run(service, calls=100).state
    assert (service.most, state.max_concurrency, state.per_second) == (4, 4, None)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("most", [1, 2, 4, 8])
def test_a_limit_at_once_is_not_taken_for_a_rate_where_calls_overtake_one_another(most, seed):
    service = Service(
        simulation.at_once(most),
        latency=(0.1, 1.0),
        travel=(0.01, 0.1),
        chance=random.Random(seed),  # noqa: S311
    )
    state = simulation.run(service, seconds=60.0).state
    assert (state.max_concurrency, state.per_second) == (most, None)


def test_a_service_that_takes_more_than_before_is_given_more():
    limit = [4]
    service = Service(lambda _now, active: active < limit[0], latency=0.5)

    async def grow():
        await asyncio.sleep(10.0)
        limit[0] = 8

    outcome = simulation.run(service, seconds=60.0, meanwhile=grow)
    assert outcome.state.max_concurrency >= 8


def test_a_minute_without_a_refusal_forgets_what_was_inferred():
    congestion, call = Congestion(), SentRequest(1000.0, 0)
    congestion.on_sent(call, 5)
    congestion.on_refused(call, 1000.01, 4)
    assert congestion.seconds_to_wait(1000.02, 4) > 0
    assert congestion.seconds_to_wait(1100.0, 50) == 0
    assert congestion.window is None


def test_a_call_that_is_refused_alone_may_only_have_been_sent_before_its_turn():
    """A service may notice late that a call has ended."""
    congestion, call = Congestion(), SentRequest(1000.0, 0)
    congestion.on_sent(call, 1)
    congestion.on_refused(call, 1000.01, 0)
    assert congestion.seconds_to_wait(1000.01, 0) == pytest.approx(0.005)
    assert (congestion.window, congestion.span) == (None, None)


@pytest.fixture(autouse=True)
def _minutes(monkeypatch):
    monkeypatch.setattr(LIMITS, "minute", 60.0)


@pytest.mark.parametrize("max_concurrency", [8, 40])
def test_calls_beyond_those_taken_at_once_wait_for_their_turn(max_concurrency):
    with RateServer(at_once(4), latency=0.05) as server, open_session(server) as session:
        ask_many(session, 40, max_concurrency)
        (limit,) = session.limits()
    assert (server.accepted, server.most, limit.requests, limit.learned) == (40, 4, None, "429")


def test_calls_beyond_those_taken_in_a_second_are_sent_evenly():
    allows = in_any_span(10, 0.4)
    with RateServer(allows, latency=0.02) as server, open_session(server) as session:
        ask_many(session, 40, 8)
        (limit,) = session.limits()
    assert (server.accepted, limit.requests, limit.learned) == (40, None, "429")


def test_calls_within_any_span_of_time_are_not_taken_for_a_minute_s(monkeypatch):
    monkeypatch.setattr(LIMITS, "minute", 2.0)
    with RateServer(in_any_span(10, 0.8), latency=0.02) as server, open_session(server) as session:
        took = ask_many(session, 20, 16)
        (limit,) = session.limits()
    assert (server.accepted, limit.requests) == (20, None)
    assert took >= 0.8


def test_rows_beyond_those_taken_at_once_are_answered_after_a_503():
    allows = at_once(3)
    with (
        RateServer(allows, latency=0.02, status=503) as server,
        open_session(server, retry_count=2) as session,
    ):
        found = session.map("{{n}}", [{"n": n} for n in range(30)], in_flight=16)
    assert (found.errors, server.accepted, server.most) == ({}, 30, 3)


def test_v1_s_code_18_is_a_limit_of_calls_a_second():
    allows = in_any_span(5, 0.2)
    with (
        RateServer(allows, latency=0.02, status=200, refusal=QPS) as server,
        open_session(server, **V1) as session,
    ):
        ask_many(session, 20, 8)
        (limit,) = session.limits()
    assert (server.accepted, limit.requests, limit.max_concurrency) == (20, None, None)
    assert limit.per_second


def test_who_allows_one_attempt_only_sends_one_call_once():
    with (
        RateServer(at_once(0), latency=0) as server,
        open_session(server, retry_count=1) as session,
        pytest.raises(errors.RateLimited),
    ):
        session.chat("hi")
    assert server.refused == 1


def test_a_service_that_takes_none_is_asked_no_more_often_than_set():
    with (
        RateServer(at_once(0), latency=0) as server,
        open_session(server, retry_count=3, backoff_factor=0.0) as session,
    ):
        LIMITS.minute = 1.0
        with pytest.raises(errors.RateLimited):
            session.chat("hi")
    assert server.refused == 3


def test_limits_that_were_learned_can_be_forgotten():
    with RateServer(at_once(2), latency=0.02) as server, open_session(server) as session:
        ask_many(session, 20, 8)
        assert session.limits()[0].is_known
        assert session.reset_limits() == 1
        assert not session.limits()[0].is_known
        assert session.reset_limits() == 0


DAILY = [
    "Rate limit reached for model `llama-3.3-70b` on tokens per day (TPD): Limit 100000, Used 97050",
    "Rate limit reached for gpt-3.5-turbo on requests per day (RPD): Limit 200, Used 200",
    "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 a day",
    "You've reached our limit of messages per 24 hours. Please try again later.",
    "Open api daily request limit reached",
    "Quota exceeded: GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    "request reached organization max RPD: 100",
    "rpd_rate_limit_exceeded",
    "Rate limit of 50 per 86400s exceeded for UserByModelByDay.",
    "Requests have exceeded call rate limit. Please retry after 86400 seconds.",
    "Rate limit reached. Please try again in 7h12m.",
    "该模型每日调用次数已达上限",
    "您今日的免费额度已用完",
    "You have sent too many requests in the last 24 hours",
    "过去24小时内请求过多",
]
NOT_DAILY = [
    "Rate limit reached on tokens per minute (TPM): Limit 7000. Upgrade to Dev Tier today at https://x",
    "Limits: 10 requests per minute, 1000 per day",
    "request reached max organization concurrency: 1, please try again after 1 seconds",
    "Too Many Requests",
    "Rate limit reached. Please try again in 6m0s.",
    "Open api qps request limit reached",
    "每分钟请求数超限",
    "Too many requests in the last minute. See your daily usage at https://x",
    "too many requests in the last 60 seconds",
    "Too many requests. Support answers within 24 hours",
    "Request was rejected due to rate limiting. Details: IPM limit reached.",
]


@pytest.mark.parametrize("message", DAILY)
def test_a_day_s_limit_is_told_as_one_and_not_tried_again(message):
    refusal = {"error": {"message": message, "code": "rate_limit_exceeded"}}
    with RateServer(at_once(0), latency=0, refusal=refusal) as server:
        with open_session(server) as session, pytest.raises(errors.RateLimited) as caught:
            session.chat("hi")
        assert server.refused == 1
    assert caught.value.what.en.startswith("today's requests or tokens are used up")
    assert caught.value.what.zh.startswith("今天的调用次数或 token 数已用完")
    assert not caught.value.retryable


@pytest.mark.parametrize("message", NOT_DAILY)
def test_other_limits_are_not_taken_for_a_day_s(message):
    body = f'{{"error": {{"message": "{message}", "code": "rate_limit_exceeded"}}}}'
    error = error_from_reply(429, {}, body.encode())
    assert (type(error), error.retryable) == (errors.RateLimited, True)


def test_a_day_s_limit_ends_a_table():
    refusal = {"error": {"message": "requests per day (RPD): Limit 200"}}
    with RateServer(at_once(0), latency=0, refusal=refusal) as server:
        with open_session(server) as session, pytest.raises(errors.RateLimited):
            session.map("{{n}}", [{"n": n} for n in range(50)])
        assert server.refused <= session.settings.in_flight
