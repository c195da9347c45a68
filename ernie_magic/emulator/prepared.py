"""Answers that are written down: to what a newcomer asks first, in either language.

`answers/zh.md` and `answers/en.md` hold them; a line `%% …` is the pattern of the questions that
the lines below it answer.
"""

from __future__ import annotations

import operator
import re
from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("answers")
_MAX_QUESTION = 200  # characters: a longer text is not a newcomer's question
_OPERATORS = {
    "+": operator.add,
    "加": operator.add,
    "-": operator.sub,
    "减": operator.sub,
    "*": operator.mul,
    "×": operator.mul,
    "乘": operator.mul,
    "乘以": operator.mul,
    "x": operator.mul,
    "/": operator.truediv,
    "÷": operator.truediv,
    "除以": operator.truediv,
}
_SUM = re.compile(
    r"(-?\d{1,12}(?:\.\d{1,6})?)\s*(加|减|乘以|乘|除以|[-+*×x/÷])\s*(-?\d{1,12}(?:\.\d{1,6})?)"
    r"\s*(?:=|等于|是多少|得多少|得几|[?？]|$)"
)


# What stands before a sum of two numbers in a longer calculation, or in a number with commas.
_BEFORE_A_PART = re.compile(r"[\d.,%^(（+\-*×x/÷加减乘除以]\s*$")


def find_answer(question: str, *, chinese: bool) -> str | None:
    """The answer to a question, or None if none is written down."""
    question = question.strip()
    if not question or len(question) > _MAX_QUESTION:
        return None
    language = "en"
    if chinese:
        language = "zh"
    for pattern, answer in _load_answers(language):
        if pattern.search(question):
            return answer
    return _work_out(question)


@lru_cache(maxsize=2)
def _load_answers(language: str) -> list[tuple[re.Pattern[str], str]]:
    text = (_FOLDER / f"{language}.md").read_text(encoding="utf-8")
    loaded = []
    for section in text.split("%% ")[1:]:
        pattern, _, answer = section.partition("\n")
        loaded.append((re.compile(pattern, re.IGNORECASE | re.DOTALL), answer.strip()))
    return loaded


def _work_out(question: str) -> str | None:
    """What a sum of two numbers makes."""
    found = _SUM.search(question)
    if found is None or _BEFORE_A_PART.search(question, 0, found.start()):
        return None
    one, sign, other = found.groups()
    if sign in ("/", "÷", "除以") and float(other) == 0:
        return None
    result = _OPERATORS[sign](float(one), float(other))
    return f"{one} {sign} {other} = **{result:.12g}**"
