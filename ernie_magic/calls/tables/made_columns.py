"""Which columns of a table a run before this one has made: `answer` and `error` are the user's own
only where they are not ours.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT = 8  # tables; of those that nothing else holds, lists alone are kept alive


@dataclass(frozen=True)
class _Made:
    """What a run has made.

    Attributes
    ----------
    find_table : callable
        Returns its table; None once nothing holds that.
    purpose : tuple
        What tells its question from others.
    names : tuple of str
        The columns.
    """

    find_table: Callable[[], Any]
    purpose: tuple[object, ...]
    names: tuple[str, ...]


class MadeColumns:
    """The columns that the last runs have made."""

    def __init__(self) -> None:
        self._made: list[_Made] = []

    def record_table(self, table: Any, purpose: tuple[object, ...], names: tuple[str, ...]) -> None:
        """Record which columns of a run's table are ours."""
        held = [made for made in self._made if made.find_table() is not None]
        held.append(_Made(_refer_to(table), purpose, names))
        self._made = held[-_KEPT:]

    def find_names(self, table: Any, purpose: tuple[object, ...]) -> tuple[str, ...]:
        """Return the columns of a table that a run for the same purpose has made."""
        for made in reversed(self._made):
            if made.purpose == purpose and _is_same(made.find_table(), table):
                return made.names
        return ()


def _refer_to(table: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(table)
    except TypeError:  # a list
        return lambda: table


def _is_same(made: Any, table: Any) -> bool:
    """Whether a table is the one that was made, or a list of its rows."""
    if made is table:
        return True
    if not isinstance(made, list) or not isinstance(table, list) or not table:
        return False
    return any(row is table[0] for row in made)
