"""What a service takes where it says no more than 429: at once, each second, each day."""

import pytest

from ernie_magic import errors
from ernie_magic.wire.congestion import Congestion, SentRequest
from ernie_magic.wire.failures import error_from_reply
from ernie_magic.wire.limits import LIMITS
from tests.rate_server import (
    QPS,
    V1,
    RateServer,
    ask_many,
    at_once,
    in_any_span,
    open_session,
)


def run_service(take, seconds, calls=100, latency=0.1, step=0.001):
    """Play a service with a clock of our own; return what was inferred and how long it took.

    `take(now, active)` is whether the service takes a call; a refusal comes back after `step`.
    """
    congestion, now, left = Congestion(), 1000.0, calls
    under_way, refused = [], []
    while (left or under_way or refused) and now < 1000.0 + seconds:
        for ended in [one for one in under_way if one.sent_at + latency <= now]:
            under_way.remove(ended)
            congestion.on_accepted(ended, now, len(under_way) + len(refused))
        for sent in [one for one in refused if one.sent_at + step <= now]:
            refused.remove(sent)
            congestion.on_refused(sent, now, len(under_way) + len(refused))
            left += 1
        while left and congestion.seconds_to_wait(now, len(under_way) + len(refused)) <= 0:
            left -= 1
            sent = SentRequest(now, 0)
            congestion.on_sent(sent, len(under_way) + len(refused) + 1)
            if take(now, len(under_way)):
                under_way.append(sent)
            else:
                refused.append(sent)
        now += step
    return congestion, now - 1000.0


def test_calls_at_once_are_reduced_to_what_is_taken():
    congestion, took = run_service(lambda _now, active: active < 4, 10)
    assert congestion.window in (4, 5)  # one more is tried now and then
    assert congestion.rate is None
    assert took <= 100 / 4 * 0.1 / 0.9


def test_calls_refused_with_none_in_flight_are_sent_evenly():
    accepted = []

    def take(now, _active):
        fits = sum(at > now - 1 for at in accepted) < 10
        if fits:
            accepted.append(now)
        return fits

    congestion, took = run_service(take, 30)
    assert congestion.window is None
    assert 9 <= congestion.rate <= 12.5
    assert took <= 100 / 10 / 0.9


def test_a_minute_without_a_refusal_forgets_what_was_inferred():
    congestion, _ = run_service(lambda _now, active: active < 4, 10)
    assert congestion.seconds_to_wait(1100.0, 50) == 0
    assert congestion.window is None


def test_a_straggler_of_a_burst_is_given_the_burst_s_own_time():
    congestion = Congestion()
    first, second, third = (SentRequest(1000.0, 0) for _ in range(3))
    for in_flight, sent in enumerate((first, second, third), start=1):
        congestion.on_sent(sent, in_flight)
    congestion.on_refused(first, 1000.01, 0)
    assert congestion.seconds_to_wait(1000.01, 0) == pytest.approx(0.005)
    congestion.on_accepted(second, 1000.02, 1)
    congestion.on_refused(third, 1000.03, 0)
    assert congestion.seconds_to_wait(1000.03, 0) == pytest.approx(0.005)


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
    "该模型每日调用次数已达上限",
    "您今日的免费额度已用完",
]
NOT_DAILY = [
    "Rate limit reached on tokens per minute (TPM): Limit 7000. Upgrade to Dev Tier today at https://x",
    "Limits: 10 requests per minute, 1000 per day",
    "request reached max organization concurrency: 1, please try again after 1 seconds",
    "Too Many Requests",
    "Open api qps request limit reached",
    "每分钟请求数超限",
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
