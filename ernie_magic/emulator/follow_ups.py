"""What a follow-up is about: it names no city, but an earlier prompt did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ernie_magic.emulator.cities import City, named_cities

if TYPE_CHECKING:
    from collections.abc import Sequence

_POINTS_BACK = re.compile(
    r"那里|那儿|那边|那座|当地|这里|这儿|这座|它|该市"
    r"|\b(?:that|this|the) (?:city|place|town)\b|\b(?:about|introduce|describe) it\b"
    # "is there a way" points nowhere
    r"|(?<!is )(?<!are )(?<!was )(?<!were )\bthere\b(?! (?:is|are|was|were)\b)",
    re.IGNORECASE,
)
# What one asks of a city that is visited.
_OF_A_VISIT = re.compile(
    r"好吃|美食|吃什么|吃啥|小吃|特产|景点|名胜|好玩|哪里玩|去哪"
    r"|\b(?:eat|food|dishes|specialties|sights|sightseeing|visit)\b",
    re.IGNORECASE,
)


def name_subject(question: str, earlier: Sequence[str], *, chinese: bool) -> str:
    """Return a follow-up with the city that it is about.

    Parameters
    ----------
    question
    earlier
        The prompts before it.
    chinese
        Whether it is in Chinese, as the name will be.

    Returns
    -------
    str
        The question as it is, where it names a city itself or points back to none.
    """
    prompts = [*earlier, question]
    named: list[City] = []
    while prompts and not named:
        prompt = prompts.pop()
        named = named_cities(prompt)
        if not (named or _is_follow_up(prompt)):  # something else was talked about since
            return question
    # "there" is none of several
    if len(named) != 1 or len(prompts) == len(earlier):
        return question
    if chinese:
        return f"{named[0].zh}：{question}"
    return f"{question} ({named[0].en})"


def _is_follow_up(prompt: str) -> bool:
    """Whether a prompt that names no city asks of the one before."""
    return bool(_POINTS_BACK.search(prompt) or _OF_A_VISIT.search(prompt))
