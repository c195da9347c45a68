"""Lenient reading of replies: their JSON, and one reader for each kind of value, none of which
raises.

RFC 8259 lets an implementation set limits on size, depth, and the range of numbers (section 9).
They are set here so that a value nobody needs does not spoil an answer: what is nested too deeply
becomes null, and an integer beyond Python's limit becomes a float.
"""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ernie_magic.text.language import whole_characters
from ernie_magic.text.redact import redact

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# Levels of nesting: beyond it `repr`, `pickle` and `copy` would one day reach Python's own limit.
MAX_DEPTH = 64
MAX_LISTS = 200_000  # in one long text: the scanner reads them without letting other threads run
_SHORT = 512  # characters: their content is at most 256 deep, within Python's own limits
LONG = 128 * 1024  # characters of JSON that take a few milliseconds
_VERY_LONG = 1024 * 1024  # characters
MAX_NAME = 200  # characters of an id, a model's name, a finish reason: the rest is cut
_LARGEST = 2.0**53  # what JSON readers agree on
_NUMBER_TEXT = 40  # characters of a number given as text
# A string, or a bracket outside one. Among thousands of numbers, a pattern that begins with a set
# is found three times as fast as one that begins with alternatives.
_BRACKETS = re.compile(r'["\[\]{}](?:(?<=")[^"\\]*(?:\\.[^"\\]*)*"?)?', re.DOTALL)
_CONTROLS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])
_LINE_ENDS = {9: " ", 10: " "}
_TRUE = (True, "true", "True", "1")


def _parse_integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # beyond `sys.get_int_max_str_digits()`
        return float(digits)


def _parse_real(digits: str) -> float:
    return float(digits)


def _return_unchanged(value: dict[str, Any]) -> dict[str, Any]:
    return value


# JSON allows no control characters in a text, but they are not a reason to drop an answer.
_QUICK = json.JSONDecoder(strict=False)
_SCAN = _QUICK.scan_once  # type: ignore[attr-defined]  # documented by its use in `json.decoder`, not in its stubs
_PATIENT = json.JSONDecoder(strict=False, parse_int=_parse_integer)
# The C scanner holds Python's lock as long as it calls no Python function: with these it calls one
# at each object and number.
_IN_TURNS = json.JSONDecoder(
    strict=False, parse_int=_parse_integer, parse_float=_parse_real, object_hook=_return_unchanged
)


def parse_json(text: str, *, keep_halves: bool = False) -> object:
    """Return the value of a JSON text.

    Parameters
    ----------
    keep_halves
        Leave half characters in its texts: the other half may follow in the next text.

    Raises
    ------
    ValueError
        It is not JSON.
    """
    return _decode_json(_shallow(text), _QUICK, keep_halves=keep_halves)


def parse_simple(text: str) -> object:
    """Return the value of a short text with nothing unusual in it; None for everything else, which
    `parse_json` has to read.

    Nearly every event of a stream is one: each additional layer would cost a tenth of its decoding
    (tests/benchmarks).
    """
    if len(text) > _SHORT or "\\u" in text:
        return None
    try:
        value, end = _SCAN(text, 0)
    except (StopIteration, ValueError, RecursionError):
        return None
    if end < len(text):
        return None
    return value


def parse_in_turns(text: str) -> object:
    """Parse a long text on a thread of its own, letting other threads run meanwhile.

    Raises
    ------
    ValueError
        It is not JSON, or has so many lists that reading them would block all threads.
    """
    text = _shallow(text)
    if text.count("[") > MAX_LISTS:
        raise ValueError("too many lists")
    if len(text) > _VERY_LONG:
        return _decode_json(text, _IN_TURNS)
    return _decode_json(text, _PATIENT)


def _decode_json(text: str, decoder: json.JSONDecoder, *, keep_halves: bool = False) -> object:
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        value = _PATIENT.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # Searching for one character is much faster than for three, and most replies have none.
    if not keep_halves and has_halves(text):
        value = without_half_characters(value)
    return value


def has_halves(text: str) -> bool:
    """Whether a JSON text writes any character as two halves, or as one."""
    return "\\" in text and ("\\ud" in text or "\\uD" in text)


def _shallow(text: str) -> str:
    """Return the text with null in place of whatever is nested deeper than `MAX_DEPTH`."""
    if len(text) <= MAX_DEPTH or text.count("[") + text.count("{") <= MAX_DEPTH:
        return text
    pieces: list[str] = []
    shown = start = depth = 0
    for mark in _BRACKETS.finditer(text):
        kind = text[mark.start()]
        if kind in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                start = mark.start()
        elif kind in "]}":
            if depth == MAX_DEPTH + 1:
                pieces += [text[shown:start], "null"]
                shown = mark.end()
            depth -= 1
    return "".join([*pieces, text[shown:]])


def without_half_characters(raw_value: Any, kept: Collection[str] = ()) -> Any:
    """Return a value without half characters in any of its texts, including names.

    Parameters
    ----------
    kept
        Names of fields whose texts are left alone, at any depth.
    """
    if isinstance(raw_value, str):
        return whole_characters(raw_value)
    if isinstance(raw_value, list):
        return [without_half_characters(value, kept) for value in raw_value]
    if isinstance(raw_value, dict):
        return {
            whole_characters(name): _without_halves_in_field(name, value, kept)
            for name, value in raw_value.items()
        }
    return raw_value


def _without_halves_in_field(name: str, value: Any, kept: Collection[str]) -> Any:
    if name in kept and isinstance(value, str):
        return value
    return without_half_characters(value, kept)


# --- one reader for each kind of value ------------------------------------------------------------


def as_number(value: object) -> float | None:
    """Return a finite number, also from text; None for true, NaN, Infinity, `1.2s` and anything
    else.
    """
    if isinstance(value, str) and len(value) <= _NUMBER_TEXT:
        with suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if -_LARGEST < value < _LARGEST:
        return value
    return None


def as_whole_number(raw_value: object) -> int | None:
    """Return a whole number, also from `3.0` and `"3"`; None for anything else."""
    value = as_number(raw_value)
    if value is None or value != math.floor(value):
        return None
    return int(value)


def as_seconds(raw_value: object) -> float | None:
    """Return a non-negative time in seconds; None for anything else."""
    value = as_number(raw_value)
    if value is None or value < 0:
        return None
    return value


def as_text(value: object) -> str:
    """Return a text without half characters; "" for anything else."""
    if isinstance(value, str):
        return whole_characters(value)
    return ""


def as_name(value: object, max_length: int = MAX_NAME) -> str:
    """Return a server's word in a form safe to show: an id, a name, a reason. A number becomes its
    digits, anything else "".
    """
    return as_safe_text(_spell_out(value, max_length))[:max_length]


def as_names(values: Sequence[object]) -> list[str]:
    """Apply `as_name` to very many values, which are searched together."""
    if not values:
        return []
    together = as_safe_text("\n".join(_spell_out(one, MAX_NAME) for one in values))
    return [one[:MAX_NAME] for one in together.split("\n")]


def _spell_out(value: object, max_length: int) -> str:
    """Return a word on one line, cut before it is searched: nobody needs a name of a megabyte."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    # Cut once more after the search, since a key may lie across the cut.
    return str(value)[: 4 * max_length].translate(_LINE_ENDS)


def as_safe_text(value: object) -> str:
    """Return a text in a form safe to show: without keys, half characters or terminal commands."""
    return redact(whole_characters(str(value)).translate(_CONTROLS), strict=True)


def is_true(value: object) -> bool:
    """Whether a switch is on: only if it clearly says so, since the consequence may be a lost
    history.
    """
    return isinstance(value, (bool, int, str)) and value in _TRUE


def as_list(value: object) -> Sequence[Any]:
    """Return a list; () for anything else."""
    if isinstance(value, list):
        return value
    return ()


def as_object(value: object) -> Mapping[str, Any]:
    """Return an object; {} for anything else."""
    if isinstance(value, dict):
        return value
    return {}


def as_objects(values: object) -> list[dict[str, Any]]:
    """Return the objects in a list; [] for anything else."""
    return [value for value in as_list(values) if isinstance(value, dict)]
