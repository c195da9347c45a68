"""The states of tasks and resources in a service's words: which are ends, and how a failure is
explained.

No service publishes all of its words, so that only an end is known by its word: anything else is
under way. "Creating", "QUEUED" or a word of next year's is waited for.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from ernie_magic.api import values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WHOLE = 100  # percent
_MAX_REASON = 500  # characters
# Where replies have the state of a task or of a resource, and its progress.
_STATES = (
    "runStatus",
    "status",
    "importStatus",
    "exportStatus",
    "publishStatus",
    "processStatus",
    "trainStatus",
    "displayStatus",
    "state",
)
_PROGRESSES = ("runProgress", "progress", "importProgress")
# The last word of a state tells whether it is an end: "ImportFinished", "CANCELLATION_REQUESTED".
_GOOD_END = re.compile(
    r"""(?x) active | available | completed? | deployed | done | enabled | ended | exported
    | finish(?:ed)? | imported | normal | online | published | ready | released | serving
    | succeeded | success(?:ful)? | usable"""
)
_BAD_END = re.compile(
    r"""(?x) abnormal | abort(?:ed)? | arrears | cancel(?:l?ed)? | closed | deleted | disabled
    | err(?:or)? | exceeded | exception | expired | fail(?:ed|ure)? | frozen | inactive
    | interrupted | invalid | killed | offline | overdue | paused | rejected | removed
    | stop(?:ped)? | suspended | terminated | timeout | unusable"""
)
_NEGATIONS = frozenset({"no", "not", "to", "un"})
# What follows one of these says no more how it ended: "completed with errors", "StoppedByUser".
_PREPOSITIONS = frozenset({"after", "because", "by", "due", "with"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# How the fields are called that explain a failure: "errMsg", "failReason", "statusMessage"; not
# those that have its code or a link.
_REASON = re.compile(
    r"""(?ix) \w*reason | (?:last_?)?err(?:or)?s?(?:_?info)?
    | (?:err(?:or)? | fail\w*? | status | state | run)? _? (?:msg | message | detail)"""
)


def state_in(result: object) -> str | None:
    """Return the state of a task that a reply describes; None where it names none in words."""
    fields = values.as_object(result)
    found = (fields[name] for name in _STATES if isinstance(fields.get(name), str))
    return next(found, None)


def is_over(state: str) -> bool:
    """Whether a state is the last one, in whichever way it ends."""
    return has_succeeded(state) or has_failed(state)


def has_succeeded(state: str) -> bool:
    """Whether a state is an end, and a good one."""
    *before, last = _words_of(state)
    return _GOOD_END.fullmatch(last) is not None and _NEGATIONS.isdisjoint(before)


def has_failed(state: str) -> bool:
    """Whether a state is an end without success: failed, stopped, expired."""
    return _BAD_END.fullmatch(_words_of(state)[-1]) is not None


def _words_of(state: str) -> list[str]:
    """Return the words of a state that say how far it is, in lower case: one at least."""
    words = [word.lower() for word in _WORD.findall(state)]
    return list(itertools.takewhile(lambda word: word not in _PREPOSITIONS, words)) or [""]


def percent_in(result: object) -> float:
    """Return the progress of a task that a reply describes, 0 to 100; 100 for one that is over."""
    if is_over(state_in(result) or ""):
        return _WHOLE
    fields = values.as_object(result)
    for name in _PROGRESSES:
        text = values.as_name(fields.get(name)).rstrip("% ")
        if (number := values.as_seconds(text)) is not None:
            return min(number, _WHOLE)
    return 0


def reason_in(fields: Mapping[str, object], state: str) -> str:
    """Return what a description says about why something failed; "" where it does not, or where
    its state is no failure. The field has a different name in each list.
    """
    if not has_failed(state):
        return ""
    return next(filter(None, _reasons_in(fields)), "")


def with_reason(state: str, reason: str) -> str:
    """Return a state with why it is so: "Failed: line 3 is not JSON"."""
    return ": ".join(filter(None, (state or "?", reason)))


def _reasons_in(fields: Mapping[str, object]) -> Iterator[str]:
    for name, value in fields.items():
        if _REASON.fullmatch(name):
            told = value
            if isinstance(value, dict):
                told = value.get("message") or value.get("msg")
            if isinstance(told, str):
                yield values.as_name(told, _MAX_REASON).strip()
