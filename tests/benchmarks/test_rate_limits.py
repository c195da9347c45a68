"""How much of what a service allows is used where it says no more than 429."""

import pytest

from ernie_magic.wire.limits import LIMITS
from tests.rate_server import (
    QPS,
    V1,
    RateServer,
    ask_many,
    at_once,
    in_any_span,
    in_each_window,
    open_session,
)

LATENCY = 0.1
SERVERS = {
    "four at a time": (lambda _second: at_once(4), lambda _second: 100 / 4 * LATENCY, {}, {}),
    "ten in any second": (lambda s: in_any_span(10, s), lambda s: 100 / 10 * s, {}, {}),
    "ten in each second": (lambda s: in_each_window(10, s), lambda s: 100 / 10 * s, {}, {}),
    "V1, five a second": (
        lambda s: in_any_span(5, s),
        lambda s: 100 / 5 * s,
        {"status": 200, "refusal": QPS},
        V1,
    ),
}


@pytest.mark.parametrize("max_concurrency", [8, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("second", [0.3, pytest.param(1.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", SERVERS)
def test_90_percent_of_what_a_service_allows_is_used(
    kind, second, max_concurrency, bar, capsys, monkeypatch
):
    monkeypatch.setattr(LIMITS, "minute", 60.0)
    make_rule, seconds_allowed, replies, settings = SERVERS[kind]
    with RateServer(at_once(99), latency=0) as other, open_session(other) as session:
        session.chat("imports the HTTP library")
    with (
        RateServer(make_rule(second), latency=LATENCY, **replies) as server,
        open_session(server, **settings) as session,
    ):
        took = ask_many(session, 100, max_concurrency)
    with capsys.disabled():
        print(
            f"\n{kind} (of {second} s), {max_concurrency} calls under way: "
            f"{seconds_allowed(second) / took:.2f} of the possible rate, {server.refused} refused"
        )
    assert took <= bar(seconds_allowed(second) / 0.9)


SPANS = {
    "20 in any 10 s": (40, 20 / 10, lambda: in_any_span(20, 10), {}),
    "8 in any 2 s": (38, 8 / 2, lambda: in_any_span(8, 2), {}),
    "2 in any second": (60, 2, lambda: in_any_span(2, 1), {}),
    "1 in any second": (40, 1, lambda: in_any_span(1, 1), {}),
    "3 in any second": (60, 3, lambda: in_any_span(3, 1), {}),
    "3 at a time, 503": (60, 3 / LATENCY, lambda: at_once(3), {"status": 503}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SPANS)
def test_90_percent_are_used_of_what_is_allowed_within_seconds(kind, bar, capsys, monkeypatch):
    monkeypatch.setattr(LIMITS, "minute", 60.0)
    calls, per_second, make_rule, replies = SPANS[kind]
    with RateServer(at_once(99), latency=0) as other, open_session(other) as session:
        session.chat("imports the HTTP library")
    with (
        RateServer(make_rule(), latency=LATENCY, **replies) as server,
        open_session(server, retry_count=5) as session,
    ):
        took = ask_many(session, calls, 16)
    with capsys.disabled():
        print(
            f"\n{kind}: {calls} in {took:.1f} s, {calls / took / per_second:.2f} of the possible "
            f"rate, {server.refused} refused"
        )
    assert took <= bar(calls / per_second / 0.9)
