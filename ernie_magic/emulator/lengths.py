"""How long an answer is to be: "写 300 字", "a 2000-word article", "写一篇很长的文章"."""

from __future__ import annotations

import re

_COUNT = re.compile(r"(\d{1,2},\d{3}|\d{2,5})[\s-]*(?:字|个字|words?\b)")
_THOUSANDS = re.compile(r"(\d{1,2}|[一两二三四五六七八九])\s*([千万])\s*(?:多|来)?\s*个?字")
_DIGITS = {word: digit for digit, word in enumerate("一二三四五六七八九", start=1)} | {"两": 2}
_UNITS = {"千": 1000, "万": 10_000}
_MOST = 99_999
_LONG_ZH = re.compile(
    r"(?:写|讲|编|生成|创作|来|介绍).{0,12}(?:很|非常|特别|超|尽量)长"
    r"|(?:写|编|生成|创作|来)(?:一|个|篇|部)?.{0,6}(?:长篇|长文)|[写说讲]长一?[点些]|越长越好"
)
_LONG_EN = re.compile(
    r"\b(?:write|tell|compose|give|generate|make|create|draft|produce|need|want)\b[^.?!]{0,40}"
    r"(?<!how )(?<!as )\b(?:long|longer|lengthy)\b(?! as\b| ago\b)|\bat (?:great )?length\b"
)
# A text that takes some twenty seconds to stream, so that there is time to stop it.
_LONG_CHARACTERS = 3000
_LONG_WORDS = 800
LONG = 500  # from which on a text that is written down is too short


def find_length(question: str, *, chinese: bool) -> int:
    """The number of characters or words that a question asks for, 0 if it asks for none."""
    lower = question.lower()
    if found := _COUNT.search(lower):
        return int(found[1].replace(",", ""))
    if found := _THOUSANDS.search(lower):
        return min(_MOST, int(_DIGITS.get(found[1]) or found[1]) * _UNITS[found[2]])
    if chinese and _LONG_ZH.search(lower):
        return _LONG_CHARACTERS
    if not chinese and _LONG_EN.search(lower):
        return _LONG_WORDS
    return 0
