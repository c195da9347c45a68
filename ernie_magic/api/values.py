"""What a reply holds, read leniently: its JSON, and a reader for each kind of value, so that none
of them raises.

RFC 8259 lets an implementation set limits on size, depth, and the range of numbers (section 9).
Here they are set so
that a value which nobody needs does not take an answer with it: what is nested too deeply is null,
an integer beyond
Python's limit is a float.
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
    from collections.abc import Mapping, Sequence

MAX_DEPTH = (
    64  # of nesting: beyond it `repr`, `pickle` and `copy` would reach Python's own limit one day
)
MAX_LISTS = 200_000  # in one long text: the scanner reads them without a turn for others
_SHORT = 512  # characters: what they hold is at most 256 deep, which Python's own limits allow
LONG = 128 * 1024  # characters of JSON that take a few milliseconds
_VERY_LONG = 1024 * 1024  # characters
MAX_NAME = 200  # characters of an id, a model's name, a finish reason: the rest is cut
_LARGEST = 2.0**53  # what JSON's readers agree on
_NUMBER_TEXT = 40  # characters of a number that came as text
_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
_CONTROLS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])
_LINE_ENDS = {9: " ", 10: " "}
_TRUE = (True, "true", "True", "1")


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # beyond `sys.get_int_max_str_digits()`
        return float(digits)


def _real(digits: str) -> float:
    return float(digits)


def _same(found: dict[str, Any]) -> dict[str, Any]:
    return found


# JSON allows no control characters in a text, but they are no reason to drop an answer.
_QUICK = json.JSONDecoder(strict=False)
_SCAN = _QUICK.scan_once  # type: ignore[attr-defined]  # documented by its use in `json.decoder`, not in its stubs
_PATIENT = json.JSONDecoder(strict=False, parse_int=_integer)
# The C scanner keeps Python's lock for as long as it calls no Python function: with these it does
# so at each object and number.
_IN_TURNS = json.JSONDecoder(strict=False, parse_int=_integer, parse_float=_real, object_hook=_same)


def parse(text: str) -> object:
    """The value that a JSON text stands for.

    Raises
    ------
    ValueError
        It is not JSON.
    """
    return _parsed(text, _QUICK)


def parse_simple(text: str) -> object:
    """The value of a short text without anything odd in it; None for everything else, which `parse`
    has to look at.

    Nearly every event of a stream is one: each layer more would cost a tenth of its decoding
    (tests/benchmarks).
    """
    if len(text) > _SHORT or "\\u" in text:
        return None
    try:
        found, end = _SCAN(text, 0)
    except (StopIteration, ValueError, RecursionError):
        return None
    return found if end == len(text) else None


def parse_in_turns(text: str) -> object:
    """The same for a long text, on a thread beside others, which have their turns meanwhile.

    Raises
    ------
    ValueError
        It is not JSON, or has so many lists that reading them would stop all threads.
    """
    text = _pruned(text)
    if text.count("[") > MAX_LISTS:
        raise ValueError("too many lists")
    return _parsed(text, _IN_TURNS if len(text) > _VERY_LONG else _PATIENT)


def _parsed(text: str, decoder: json.JSONDecoder) -> object:
    if len(text) > MAX_DEPTH and text.count("[") + text.count("{") > MAX_DEPTH:
        text = _pruned(text)
    try:
        found = decoder.decode(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        found = _PATIENT.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if "\\ud" in text or "\\uD" in text:
        found = _whole(found)
    return found


def _pruned(text: str) -> str:
    """The text with null in the place of whatever is nested deeper than `MAX_DEPTH`."""
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
    return "".join([*pieces, text[shown:]]) if pieces else text


def _whole(found: Any) -> Any:
    """A value without half characters in any of its texts, names included."""
    if isinstance(found, str):
        return whole_characters(found)
    if isinstance(found, list):
        return [_whole(value) for value in found]
    if isinstance(found, dict):
        return {whole_characters(name): _whole(value) for name, value in found.items()}
    return found


# --- one reader for each kind of value ------------------------------------------------------------


def number(found: object) -> float | None:
    """A finite number, also one that came as text; None for true, NaN, Infinity, `1.2s` and
    anything else.
    """
    if isinstance(found, str) and len(found) <= _NUMBER_TEXT:
        with suppress(ValueError):
            found = float(found)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    return found if -_LARGEST < found < _LARGEST else None


def whole_number(found: object) -> int | None:
    """A whole number, also `3.0` and `"3"`; None for anything else."""
    value = number(found)
    return int(value) if value is not None and value == math.floor(value) else None


def seconds(found: object) -> float | None:
    """A time that is not negative; None for anything else."""
    value = number(found)
    return value if value is not None and value >= 0 else None


def text(found: object) -> str:
    """A text without half characters; "" for anything else."""
    return whole_characters(found) if isinstance(found, str) else ""


def word(found: object, most: int = MAX_NAME) -> str:
    """A server's word as it may be shown: an id, a name, a reason. A number is its digits,
    anything else is "".
    """
    return safe(_spelled(found, most))[:most]


def words(found: Sequence[object]) -> list[str]:
    """The same for very many: they are looked through together."""
    return (
        [
            one[:MAX_NAME]
            for one in safe("\n".join(_spelled(one, MAX_NAME) for one in found)).split("\n")
        ]
        if found
        else []
    )


def _spelled(found: object, most: int) -> str:
    """A word in one line, cut before it is looked through: nobody needs a name of a megabyte."""
    if isinstance(found, bool) or not isinstance(found, (str, int, float)):
        return ""
    return str(found)[: 4 * most].translate(
        _LINE_ENDS
    )  # and cut behind it, as a key may lie across the cut


def safe(found: object) -> str:
    """A text as it may be shown: no key in it, no half characters, nothing that commands a
    terminal.
    """
    return redact(whole_characters(str(found)).translate(_CONTROLS), strict=True)


def yes(found: object) -> bool:
    """Whether a switch is on: only what says so clearly, for what follows may forget a history."""
    return isinstance(found, (bool, int, str)) and found in _TRUE


def items(found: object) -> Sequence[Any]:
    """A list; () for anything else."""
    return found if isinstance(found, list) else ()


def fields(found: object) -> Mapping[str, Any]:
    """An object; {} for anything else."""
    return found if isinstance(found, dict) else {}


def objects(found: object) -> list[dict[str, Any]]:
    """The objects of a list; [] for anything else."""
    return [value for value in items(found) if isinstance(value, dict)]
