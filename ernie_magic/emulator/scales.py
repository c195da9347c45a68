"""The scale that a prompt asks a number of: "0-100", "1 到 10 分", "out of 5", "百分制"."""

from __future__ import annotations

import re

_LIMIT = r"(-?\d{1,3}(?:\.\d)?)"
_UNIT = r"(?:\s*(?:分|颗星|星|颗|级|档|[%％]|points?|stars?)(?![a-z]))?"
# Two numbers of a date or of a time are no range: 2026-10-26, 10:30-11:00, 10月1-7日.
_IN_DATE = r"(?<!\d[-/:.])(?<!月)"
_BEFORE_DATE = r"(?!\s*[-/:]\d|\s*[年月日号点时])"
_RANGE = re.compile(
    rf"(?<![\d.]){_IN_DATE}{_LIMIT}{_UNIT}\s*(?:到|至|-|－|—|–|~|～|\.\.|…|to|and)\s*"
    rf"{_LIMIT}(?![\d.]){_BEFORE_DATE}"
    rf"|[\[(]\s*{_LIMIT}\s*[,，]\s*{_LIMIT}\s*[\])]",
    re.IGNORECASE,
)
_WORD_NUMBERS = {"五": 5, "十": 10, "百": 100, "一百": 100, "five": 5, "ten": 10, "a hundred": 100}
_MOST = rf"(\d{{1,3}}|{'|'.join(sorted(_WORD_NUMBERS, key=len, reverse=True))})"
_OUT_OF = re.compile(
    rf"(?:满分\s*(?:[为是:：]\s*)?|out of ){_MOST}|{_MOST}\s*[分星]制"
    rf"|(?:\bx|[?？(（])\s*/\s*{_MOST}(?!\d)",
    re.IGNORECASE,
)
# A line that says no more than what is to be rated, and on which scale.
_NAMED_SCALE = re.compile(
    rf"\W*[\w ]{{0,20}}?\W{{0,3}}(?:{_RANGE.pattern}|{_OUT_OF.pattern}){_UNIT}"
    r"\W*(?:的?[\w ]{0,20})\W*",
    re.IGNORECASE,
)
_SCALE_WORDS = re.compile(
    r"分|星|程度|等级|强度|质量|满意度|好感度|情感|情绪"
    r"|\b(?:scale|score|rate|rating|stars?|points?|between|from|sentiment|polarity|intensity"
    r"|quality|satisf\w+)\b",
    re.IGNORECASE,
)
_LONGEST_NAMED_SCALE = 60  # characters
# What may stand between a field's name and its scale: "重要性（1-5）", "0-10 的推荐意愿".
_BESIDE = r"[^\w\n]{0,4}"
_BESIDE_AFTER = rf"{_UNIT}[^\w\n]{{0,4}}的?\s*"


def find_limits(prompt: str, name: str, *, is_rated: bool) -> tuple[float, float] | None:
    """The least and the most of the scale that a prompt names for a field; None if it names none.

    Parameters
    ----------
    is_rated
        Whether its other words say already that a number of a scale is asked for.
    """
    if found := _OUT_OF.search(prompt):
        most = next(group for group in found.groups() if group).lower()
        return 1, _WORD_NUMBERS.get(most) or int(most)
    if not (is_rated or _SCALE_WORDS.search(prompt) or is_named_scale(prompt, name)):
        return None
    for found in _RANGE.finditer(prompt):
        low, high = (float(limit) for limit in found.groups() if limit)
        if low < high:
            return low, high
    return None


def is_named_scale(prompt: str, name: str) -> bool:
    """Whether a field's name stands beside a scale."""
    if not name:
        return False
    escaped = re.escape(name)
    scale = f"(?:{_RANGE.pattern})"
    beside = rf"{escaped}{_BESIDE}(?:从|from )?{scale}|{scale}{_BESIDE_AFTER}{escaped}"
    return bool(re.search(beside, prompt, re.IGNORECASE))


def is_scale_only(words: str) -> bool:
    """Whether words say no more than what is to be rated, and on which scale: such a line is no
    text that could be judged.
    """
    return len(words) < _LONGEST_NAMED_SCALE and bool(_NAMED_SCALE.fullmatch(words))


def without_scales(words: str) -> str:
    """Words without the scales in them: their limits are no facts."""
    return _OUT_OF.sub(" ", _RANGE.sub(" ", words))
