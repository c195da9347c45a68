"""How long a service asks to wait, as headers and sentences say it."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ernie_magic.api import values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_DURATION = re.compile(rf"(?:{_DURATION_PART.pattern}){{1,5}}")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_EPOCH_FROM = 1e9  # seconds: a larger number is a moment, since 2001
_MILLISECONDS_FROM = 1e11
# "Please try again in 1m26.4s." (OpenAI, Groq), "retry after 6 seconds" (Azure), "wait 12 seconds
# before retrying" (GitHub), "Please retry in 36.9s" (Google).
_NUMBER_AND_UNIT = (
    r"\d+(?:\.\d+)?\s?(?:milliseconds?|ms|minutes?|mins?|seconds?|secs?|hours?|hrs?|days?"
    r"|[smhd])(?![a-z])"
)
_PART_IN_WORDS = re.compile(r"(\d+(?:\.\d+)?)\s?([a-z]+)")
_SENTENCE = re.compile(
    r"\b(?:try again|retry(?:ing)?|wait|come back|resets?|available(?: again)?)"
    r"(?: (?:in|after|for|at least|about):?)*"
    rf" ((?:\d+[hm])*{_NUMBER_AND_UNIT})",
    re.IGNORECASE,
)
_SENTENCE_ZH = re.compile(
    r"(?:(?<=等)|(?<=等待)|(?<=等待 )|(?=[\d.]+ ?\S{1,3} ?(?:之?后|再试)))"
    r"(\d+(?:\.\d+)?) ?(毫秒|秒钟?|分钟?|个?小时|天)"
)
_UNITS_ZH = {"毫": 0.001, "秒": 1.0, "分": 60.0, "个": 3600.0, "小": 3600.0, "天": 86400.0}
# RFC 3339, as Anthropic's headers have it; a time without its zone may be anywhere's.
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_FRACTION = re.compile(r"\.\d+")
# "Rate limited until 2026-01-01T00:00:00Z", "resets at …", "limit will reset on …".
_MOMENT_SENTENCE = re.compile(
    rf"\b(?:until|resets?(?: at| on)?|(?:try again|retry) (?:at|after)):? ({_TIMESTAMP.pattern})",
    re.IGNORECASE,
)
# Google's google.rpc.RetryInfo (https://cloud.google.com/apis/design/errors), and the headers that
# OpenRouter repeats in its errors.
_RETRY_DELAY = re.compile(r'"retryDelay": ?"(\d{1,9}(?:\.\d{1,9})?)s"')
# And what others have in a refusal: Discord's `retry_after`, `retryAfterSeconds`, `retry_after_ms`.
_RETRY_FIELD = re.compile(
    r'"retry_?after(?P<unit>_?(?:ms|seconds|secs|s)?)": ?"?'
    r'(?P<number>\d{1,9}(?:\.\d{1,9})?)s?"?\s*[,}]',
    re.IGNORECASE,
)
_RESET_MOMENT = re.compile(r'"X-RateLimit-Reset": ?"?(\d{10,13})"?', re.IGNORECASE)
_MILLISECOND_HEADERS = ("retry-after-ms", "x-ms-retry-after-ms")
_MAX_HEADERS = 8  # parts of a header that are read
_LONGEST_WAIT = 366 * 86_400.0  # seconds: a longer wait than a year is ignored
_LONGEST_RESET = 60.0  # seconds
_SOON = 1.0  # seconds
# Seconds that a refusal may ask to wait and is obeyed; a call that would wait longer fails at once.
# A minute's limit asks for up to 86 s on Azure.
LONGEST_KEPT_WAIT = 120.0
# What is left of a limit, and when it is whole again: OpenAI's `x-ratelimit-reset-requests`,
# Anthropic's `anthropic-ratelimit-requests-reset`, the `ratelimit-reset` of older drafts.
_LIMIT_HEADER = re.compile(
    r"(?P<prefix>(?:[a-z]+-)*rate-?limit(?:-[a-z]+)*?)-(?P<what>reset|remaining)"
    r"(?P<kind>(?:-[a-z]+)*)"
)
# And in one field: `"default";r=0;t=12`, `limit=10, remaining=0, reset=12` (version 6 of
# https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers).
_LIMIT_FIELD = "ratelimit"
_LEFT_IN_FIELD = re.compile(r"\b(?:r|remaining)=(\d{1,12})\b")
_RESET_IN_FIELD = re.compile(r"\b(?:t|reset)=(\d{1,12})\b")


def parse_duration(text: str) -> float | None:
    """Return seconds as OpenAI writes them (`1s`, `6m0s`, `20ms`), as a number, or until a moment:
    in seconds or milliseconds since the epoch, or a timestamp.
    """
    if _TIMESTAMP.fullmatch(text.strip()):
        whole = _FRACTION.sub("", text.strip())  # Python 3.10 reads some lengths of it only
        return _seconds_until(datetime.fromisoformat(whole.replace("Z", "+00:00")))
    seconds = values.as_seconds(text.strip())
    if seconds is not None:
        if seconds > _MILLISECONDS_FROM:
            seconds /= 1000
        if seconds > _EPOCH_FROM:
            seconds = max(0.0, seconds - time.time())
        return seconds
    if not _DURATION.fullmatch(text.strip()):
        return None
    parts = _DURATION_PART.findall(text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def told_reset_seconds(headers: Mapping[str, str], kind: str) -> float | None:
    """Return the seconds until all of a limit is free again, as OpenAI and Groq tell with each
    answer; None where nothing is told.

    Parameters
    ----------
    kind
        "requests" or "tokens".
    """
    with suppress(ValueError, OverflowError):  # a timestamp that is no date
        return parse_duration(headers.get(f"x-ratelimit-reset-{kind}", ""))
    return None


def is_whole_soon(headers: Mapping[str, str], kind: str) -> bool:
    """Whether a limit is told to be whole again within a second, whatever is left of it now."""
    seconds = told_reset_seconds(headers, kind)
    return seconds is not None and seconds < _SOON


def _seconds_until(moment: datetime) -> float:
    return max(0.0, moment.timestamp() - time.time())


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in Retry-After, which is a number or a date (RFC 9110, section 10.2.3),
    and with some servers another duration or a moment; or in OpenAI's and Azure's headers of
    milliseconds. None where it says nothing, or more than a year.
    """
    for name in _MILLISECOND_HEADERS:
        milliseconds = values.as_seconds(headers.get(name))
        if milliseconds is not None and milliseconds <= 1000 * _LONGEST_WAIT:
            return milliseconds / 1000
    header = headers.get("retry-after", "")
    seconds = _parse_retry_after(header)
    if seconds is None:
        # A header that is there twice, of the service and of a gateway (RFC 9110, section 5.3).
        parts = map(_parse_retry_after, header.split(",")[:_MAX_HEADERS])
        seconds = max((part for part in parts if part is not None), default=None)
    if seconds is not None and seconds > _LONGEST_WAIT:
        return None
    return seconds


def _parse_retry_after(text: str) -> float | None:
    # The libraries may raise anything for what only looks like a date, for example OverflowError
    # for a year of eleven digits.
    with suppress(Exception):
        if (seconds := parse_duration(text)) is not None:
            return seconds
        return _seconds_until(parsedate_to_datetime(text))
    return None


def reset_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the limit that was reached is reset ("Rate limits" on
    https://platform.openai.com/docs/guides/rate-limits): of requests, of tokens, or both. None for
    more than a minute: a limit is whole again by then, and admits single calls long before
    (`whole_again_seconds`).
    """
    wait = whole_again_seconds(headers)
    if wait is None:
        wait = max((seconds for seconds, _ in _read_resets(headers)), default=None)
    if wait is None or wait > _LONGEST_RESET:
        return None
    return wait


def whole_again_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until a limit of which nothing is left is whole again; None where none is
    named, or not within a year.
    """
    reached = (seconds for seconds, is_reached in _read_resets(headers) if is_reached)
    wait = max(reached, default=None)
    if wait is None or wait > _LONGEST_WAIT:
        return None
    return wait


def _read_resets(headers: Mapping[str, str]) -> Iterator[tuple[float, bool]]:
    """Iterate over the seconds until each limit is reset, and whether nothing is left of it."""
    for policy in headers.get(_LIMIT_FIELD, "").split('"')[::2][:_MAX_HEADERS]:
        if found := _RESET_IN_FIELD.search(policy):
            left = _LEFT_IN_FIELD.search(policy)
            yield float(found[1]), left is not None and int(left[1]) == 0
    for name, value in headers.items():
        found = _LIMIT_HEADER.fullmatch(name.lower())
        if found is None or found["what"] != "reset":
            continue
        seconds = None
        with suppress(ValueError, OverflowError):  # a timestamp that is no date
            seconds = parse_duration(value)
        if seconds is not None:
            remaining = headers.get(f"{found['prefix']}-remaining{found['kind']}", "")
            yield seconds, values.as_seconds(remaining.strip()) == 0


def find_told_wait(message: str, body: str) -> float | None:
    """Return the seconds that a refusal itself asks to wait, None where it does not say.

    Parameters
    ----------
    message
        The service's sentence.
    body
        The beginning of the reply.
    """
    if told := _SENTENCE.search(message):
        return _parse_words(told[1])
    if told := _SENTENCE_ZH.search(message):
        return float(told[1]) * _UNITS_ZH[told[2][0]]
    if told := _MOMENT_SENTENCE.search(message):
        with suppress(ValueError, OverflowError):
            return parse_duration(told[1])
    if told := _RETRY_FIELD.search(body):
        unit = 0.001 if "m" in told["unit"].lower() else 1.0
        return float(told["number"]) * unit
    for pattern in (_RETRY_DELAY, _RESET_MOMENT):
        if told := pattern.search(body):
            return parse_duration(told[1])
    return None


def _parse_words(text: str) -> float:
    """Return the seconds of a duration in words: `1m26.4s`, `6 seconds`, `2 min`."""
    seconds = 0.0
    for number, unit in _PART_IN_WORDS.findall(text.lower()):
        is_thousandth = unit.startswith(("ms", "milli"))
        seconds += float(number) * _UNITS["ms" if is_thousandth else unit[0]]
    return seconds
