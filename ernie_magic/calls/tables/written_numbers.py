"""Numbers as a file has them: a prompt gets `1` and `1.10`, for which a column of numbers has `1.0`
and `1.1`.

Such a column is one of objects until the run's table is made, where it is of numbers again.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ernie_magic.api.requests import is_missing

if TYPE_CHECKING:
    from collections.abc import Sequence


class WrittenFloat(float):
    """A number that is shown as it is written: `1.10`, `1e5`.

    Parameters
    ----------
    text
        What stands in the file.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


class WrittenInt(int):
    """A whole number in a column where others are not."""


_WRITTEN = (WrittenInt, WrittenFloat)


def mark_numbers(values: Sequence[Any]) -> Sequence[Any]:
    """Return a file's column with marks on its whole numbers if others are not whole; as it is if
    not all are numbers, or a `float` would not be the same number.
    """
    if int not in set(map(type, values)):  # of most columns this is all that is looked at
        return values
    kinds = {type(value) for value in values if not is_missing(value)}
    if len(kinds) == 1 or not kinds <= {int, float, WrittenFloat}:
        return values
    if not all(_is_exact(value) for value in values if type(value) is int):
        return values
    return [WrittenInt(value) if type(value) is int else value for value in values]


def _is_exact(number: int) -> bool:
    try:
        return int(float(number)) == number
    except OverflowError:
        return False


def are_written_numbers(values: Sequence[Any]) -> bool:
    """Whether a column of objects is one of a file's numbers and gaps."""
    if not any(isinstance(value, _WRITTEN) for value in values):
        return False
    return all(isinstance(value, (WrittenInt, float)) or is_missing(value) for value in values)


def parse_written_float(text: str) -> float:
    """Return a number that is shown as it is written."""
    number = float(text)
    if str(number) == text:
        return number
    return WrittenFloat(text)


def parse_numbers(texts: Sequence[Any]) -> Sequence[Any]:
    """Return texts as numbers or as switches, if that changes none of them."""
    for parse in (_parse_int, _parse_float, _parse_number, _parse_switch):
        with suppress(ValueError):
            return [parse(text) if isinstance(text, str) else text for text in texts]
    return texts


def _parse_int(text: str) -> int:
    """Return the whole number that Python writes so.

    Raises
    ------
    ValueError
    """
    number = int(text)
    if str(number) != text:
        raise ValueError(text)
    return number


def _parse_float(text: str) -> float:
    number = float(text)
    if str(number) != text or not math.isfinite(number):
        raise ValueError(text)
    return number


def _parse_number(text: str) -> float:
    with suppress(ValueError):
        return _parse_int(text)
    return _parse_float(text)


def _parse_switch(text: str) -> bool:
    if text not in ("True", "False"):
        raise ValueError(text)
    return text == "True"
