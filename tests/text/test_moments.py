"""Moments in the user's time zone."""

import sys
import time

import pytest

from ernie_magic.text.moments import local_moment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no time.tzset")


@pytest.fixture(autouse=True)
def _shanghai(monkeypatch):
    monkeypatch.setenv("TZ", "UTC-8")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("stamp", "shown"),
    [
        ("2026-11-28T16:46:43Z", "2026-11-29 00:46:43"),
        ("2026-11-28T16:46:43.123Z", "2026-11-29 00:46:43"),
        ("2026-11-28T16:46:43+08:00", "2026-11-28 16:46:43"),
        ("2026-11-28T16:46:43+0000", "2026-11-29 00:46:43"),
        ("2026-11-28T16:46:43", "2026-11-28T16:46:43"),
        ("2026-13-28T16:46:43Z", "2026-13-28T16:46:43Z"),
        ("2026-11-28 16:46:43", "2026-11-28 16:46:43"),
        ("", ""),
    ],
)
def test_a_moment_with_a_time_zone_is_shown_in_the_user_s(stamp, shown):
    assert local_moment(stamp) == shown
