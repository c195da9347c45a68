"""Texts of the formats that a schema may name, from the prompt where it has one.

Source: JSON Schema, "Defined Formats"
(https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3).
"""

from __future__ import annotations

import random
import re
import uuid
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?<![a-z])(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|"
    r"aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?![a-z])\.?"
)
_ORDINAL = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
# 2026-12-24, 2026/12/24, 2026年12月24日; 12月24日; December 24, 2026; 24 December 2026.
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})\s?[-/.年]\s?(?P<month>\d{1,2})\s?[-/.月]\s?(?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?[日号]",
        rf"{_MONTH}\s{_ORDINAL}(?!\d)(?:,?\s(?P<year>\d{{4}}))?",
        rf"(?<!\d){_ORDINAL}\s(?:of\s)?{_MONTH}(?:,?\s(?P<year>\d{{4}}))?",
    )
)
_DAYS_FROM_TODAY = (
    (re.compile(r"大后天"), 3),
    (re.compile(r"后天|day after tomorrow", re.IGNORECASE), 2),
    (re.compile(r"明天|明早|明晚|tomorrow", re.IGNORECASE), 1),
    (re.compile(r"前天|day before yesterday", re.IGNORECASE), -2),
    (re.compile(r"昨天|昨晚|yesterday", re.IGNORECASE), -1),
)
_CLOCK = re.compile(
    r"(?<![\d:])(?P<hour>\d{1,2})[:：](?P<minute>\d{2})(?:[:：](?P<second>\d{2}))?(?!\d)"
    r"\s?(?P<half>[ap]\.?m\b)?",
    re.IGNORECASE,
)
_HOUR = re.compile(
    r"(?P<half_zh>上午|下午|晚上|早上|中午)?\s?(?<!\d)(?P<hour>\d{1,2})\s?(?:[点时](?P<minute>\d{1,2})?"
    r"|(?P<half>[ap]\.?m\b))",
    re.IGNORECASE,
)
_NOON = 12
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_ADDRESS = re.compile(r"(?<![a-z])https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*[A-Za-z0-9/=&]")
_UUID = re.compile(
    r"(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])", re.IGNORECASE
)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rf"(?<![\d.]){_OCTET}(?:\.{_OCTET}){{3}}(?!\.?\d)")
_HOST = re.compile(r"(?<![a-z0-9-])(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}(?![a-z0-9-])", re.IGNORECASE)


def write_text(kind: str, prompt: str, key: str) -> str | None:
    """A text of a format, None for a format that is not known here.

    Parameters
    ----------
    kind
        The schema's `format`.
    key
        The same key gives the same text where the prompt has none.
    """
    writer = _WRITERS.get(kind)
    if writer is None:
        return None
    return writer(prompt, key)


def find_date(prompt: str) -> date | None:
    """The first date that a prompt names; one without a year is this year's."""
    today = datetime.now(timezone.utc).date()
    for pattern in _DATES:
        for found in pattern.finditer(prompt):
            told = found.groupdict()
            month = told.get("month") or _MONTHS.index(told["name"][:3].lower()) + 1
            with suppress(ValueError):  # 2026-13-40
                return date(int(told.get("year") or today.year), int(month), int(told["day"]))
    for words, days in _DAYS_FROM_TODAY:
        if words.search(prompt):
            return today + timedelta(days=days)
    return None


def write_date(prompt: str, key: str = "") -> str:  # noqa: ARG001  (as all writers)
    """The date that a prompt names, else today's, by ISO 8601."""
    return (find_date(prompt) or datetime.now(timezone.utc).date()).isoformat()


def _find_time(prompt: str) -> time | None:
    """The first time of day that a prompt names."""
    found = _CLOCK.search(prompt) or _HOUR.search(prompt)
    if found is None:
        return None
    told = found.groupdict()
    hour = int(told["hour"])
    is_afternoon = (told["half"] or "").lower().startswith("p") or (
        told.get("half_zh") in ("下午", "晚上")
    )
    if is_afternoon and hour < _NOON:
        hour += _NOON
    if (told["half"] or "").lower().startswith("a") and hour == _NOON:
        hour = 0
    with suppress(ValueError):  # 25:99
        return time(hour, int(told["minute"] or 0), int(told.get("second") or 0))
    return None


def _write_time(prompt: str, key: str) -> str:  # noqa: ARG001
    """With the offset that RFC 3339 demands."""
    now = datetime.now(timezone.utc).time()
    return f"{(_find_time(prompt) or now).isoformat('seconds')}Z"


def _write_moment(prompt: str, key: str) -> str:
    return f"{write_date(prompt, key)}T{_write_time(prompt, key)}"


def _finding(pattern: re.Pattern[str], default: str) -> Callable[[str, str], str]:
    """A writer of what the pattern finds in a prompt, else of the default."""

    def write(prompt: str, key: str) -> str:  # noqa: ARG001
        found = pattern.search(prompt)
        return found[0] if found else default

    return write


def _write_uuid(prompt: str, key: str) -> str:
    if found := _UUID.search(prompt):
        return found[0]
    number = random.Random(key).getrandbits(128)  # noqa: S311  (a simulated value)
    return str(uuid.UUID(int=number, version=4))


# The names are those kept for examples (RFC 2606), the addresses too (RFC 5737, RFC 3849).
_WRITERS: dict[str, Callable[[str, str], str]] = {
    "date": write_date,
    "date-time": _write_moment,
    "time": _write_time,
    "duration": lambda *_: "PT1H",
    "email": _finding(_EMAIL, "user@example.com"),
    "uuid": _write_uuid,
    "uri": _finding(_ADDRESS, "https://example.com/"),
    "uri-reference": _finding(_ADDRESS, "https://example.com/"),
    "url": _finding(_ADDRESS, "https://example.com/"),
    "hostname": _finding(_HOST, "example.com"),
    "ipv4": _finding(_IPV4, "192.0.2.1"),
    "ipv6": lambda *_: "2001:db8::1",
}
