"""Requests and tokens are counted by the minute."""

import pytest

from ernie_magic.emulator import rates


@pytest.fixture
def clock(monkeypatch):
    now = [1_000_020.0]
    monkeypatch.setattr(rates.time, "time", lambda: now[0])
    return now


def test_what_exceeds_a_minute_s_limit_is_refused_until_the_next(clock):
    limits = rates.RateLimits(requests=2, tokens=100)
    assert [limits.take_request("k", "m") for _ in range(3)] == ["", "", "rpm_rate_limit_exceeded"]
    assert limits.take_request("k", "other model") == limits.take_request("other key", "m") == ""
    clock[0] += 60
    assert limits.take_request("k", "m") == ""
    limits.record_tokens("k", "m", 100)
    assert limits.take_request("k", "m") == "tpm_rate_limit_exceeded"


def test_the_headers_say_what_is_left(clock):
    limits = rates.RateLimits(requests=2, tokens=100)
    limits.take_request("k", "m")
    limits.record_tokens("k", "m", 130)
    assert limits.rate_limit_headers("k", "m") == {
        "X-Ratelimit-Limit-Requests": "2",
        "X-Ratelimit-Limit-Tokens": "100",
        "X-Ratelimit-Remaining-Requests": "1",
        "X-Ratelimit-Remaining-Tokens": "0",
    }
    clock[0] += 60
    assert limits.rate_limit_headers("k", "m")["X-Ratelimit-Remaining-Tokens"] == "100"
