"""Texts of a schema's format: the prompt's, else one that is made."""

import ipaddress
from datetime import date, datetime, time, timedelta, timezone
from uuid import UUID

import pytest

from ernie_magic.emulator.text_formats import find_date, write_text


def today():
    return datetime.now(timezone.utc).date()


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("Book a table for 3 people on 2026-12-24", date(2026, 12, 24)),
        ("订2026年12月24日晚上的位子", date(2026, 12, 24)),
        ("到 2026/1/5 为止", date(2026, 1, 5)),
        ("on December 24th, 2026 at 7", date(2026, 12, 24)),
        ("24 dec 2026", date(2026, 12, 24)),
        ("the 3rd of May 2027", date(2027, 5, 3)),
        ("Sept. 9, 2026", date(2026, 9, 9)),
        ("2026-13-40 or 2026-01-02", date(2026, 1, 2)),
        ("3 decades, 5 marks, 12 octopuses", None),
        ("call 010-1234-5678", None),
        ("solve 8x+31=2", None),
    ],
)
def test_a_date_is_found_in_a_prompt(prompt, found):
    assert find_date(prompt) == found


def test_days_are_counted_from_today_and_a_date_without_a_year_is_this_year_s():
    days = {
        "明天下雨吗": 1,
        "后天呢": 2,
        "大后天": 3,
        "yesterday's": -1,
        "the day after tomorrow": 2,
    }
    for prompt, distance in days.items():
        assert find_date(prompt) == today() + timedelta(days=distance)
    assert find_date("12月24日聚餐") == date(today().year, 12, 24)


@pytest.mark.parametrize(
    ("prompt", "clock"),
    [
        ("at 18:30", time(18, 30)),
        ("at 6:30 pm", time(18, 30)),
        ("7 p.m.", time(19)),
        ("12 am", time(0)),
        ("下午3点20开会", time(15, 20)),
        ("早上 9 点", time(9)),
        ("08:05:59", time(8, 5, 59)),
    ],
)
def test_a_time_of_day_is_found_in_a_prompt(prompt, clock):
    assert write_text("time", prompt, "") == f"{clock.isoformat('seconds')}Z"
    moment = write_text("date-time", f"{prompt}, 2026-12-24", "")
    assert moment == f"2026-12-24T{clock.isoformat('seconds')}Z"


@pytest.mark.parametrize(
    ("kind", "prompt", "text"),
    [
        ("email", "写信给wang.li@example.cn，谢谢", "wang.li@example.cn"),
        ("email", "solve 8x", "user@example.com"),
        ("uri", "看https://a.example/b?c=1，再总结", "https://a.example/b?c=1"),
        ("uri", "See https://a.example/b.", "https://a.example/b"),
        ("uri", "x", "https://example.com/"),
        (
            "uuid",
            "id 0DB5C1A2-0000-4000-8000-000000000001!",
            "0DB5C1A2-0000-4000-8000-000000000001",
        ),
        ("ipv4", "ping 10.0.0.255.", "10.0.0.255"),
        ("ipv4", "ping 10.0.0.256", "192.0.2.1"),
        ("hostname", "ping db.example.org now", "db.example.org"),
        ("colour", "x", None),
    ],
)
def test_a_text_of_the_format_is_the_prompt_s_where_it_has_one(kind, prompt, text):
    assert write_text(kind, prompt, "") == text


def test_what_the_prompt_lacks_is_made_and_is_the_same_for_the_same_key():
    assert date.fromisoformat(write_text("date", "x", ""))
    assert datetime.strptime(write_text("date-time", "x", ""), "%Y-%m-%dT%H:%M:%S%z")
    assert UUID(write_text("uuid", "x", "1")) == UUID(write_text("uuid", "y", "1"))
    assert write_text("uuid", "x", "1") != write_text("uuid", "x", "2")
    assert ipaddress.ip_address(write_text("ipv6", "x", ""))
