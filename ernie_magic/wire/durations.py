"""How long a service asks to wait, as headers and sentences say it."""

from __future__ import annotations

import re
import time

from ernie_magic.api import values

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
    r"\b(?:try again|retry(?:ing)?|wait|come back)(?: (?:in|after|for|at least|about))*"
    rf" ((?:\d+[hm])*{_NUMBER_AND_UNIT})",
    re.IGNORECASE,
)
_SENTENCE_ZH = re.compile(r"(\d+(?:\.\d+)?) ?(毫秒|秒钟?|分钟?|个?小时|天) ?(?:之?后|再试)")
_UNITS_ZH = {"毫": 0.001, "秒": 1.0, "分": 60.0, "个": 3600.0, "小": 3600.0, "天": 86400.0}
# Google's google.rpc.RetryInfo (https://cloud.google.com/apis/design/errors), and the headers that
# OpenRouter repeats in its errors.
_RETRY_DELAY = re.compile(r'"retryDelay": ?"(\d{1,9}(?:\.\d{1,9})?)s"')
_RESET_MOMENT = re.compile(r'"X-RateLimit-Reset": ?"?(\d{10,13})"?', re.IGNORECASE)


def parse_duration(text: str) -> float | None:
    """Return seconds as OpenAI writes them (`1s`, `6m0s`, `20ms`), as a number, or as a moment in
    seconds or milliseconds since the epoch.
    """
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
