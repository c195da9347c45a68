"""Which columns of a table a run before this one has made: `answer` and `error` are the user's own
only where they are not ours.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

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
    texts : dict
        What stands in those of them that are texts of ours: whole answers, and why rows failed.
    """

    find_table: Callable[[], Any]
    purpose: tuple[object, ...]
    names: tuple[str, ...]
    texts: Mapping[str, Collection[str]]

    def is_copied_in(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether rows are a copy of some of its table's, perhaps by way of a file: its texts have
        nothing in them that it has not written.
        """
        if not rows or not rows[0].keys() >= set(self.names):
            return False
        return all(
            _as_text(row[name]) in written for name, written in self.texts.items() for row in rows
        )


class MadeColumns:
    """The columns that the last runs have made."""

    def __init__(self) -> None:
        self._made: list[_Made] = []

    def record_table(
        self,
        table: Any,
        purpose: tuple[object, ...],
        names: tuple[str, ...],
        texts: Mapping[str, Iterable[object]],
    ) -> None:
        """Record which columns of a run's table are ours, and what stands in our texts."""
        written = {name: frozenset(map(_as_text, column)) for name, column in texts.items()}
        self._made.append(_Made(_refer_to(table), purpose, names, written))
        del self._made[:-_KEPT]

    def find_names(
        self,
        table: Any,
        rows: Sequence[Mapping[str, Any]],
        purpose: tuple[object, ...],
    ) -> tuple[str, ...]:
        """Return the columns of a table that a run for the same purpose has made: it is that run's
        table, or a copy.
        """
        for made in reversed(self._made):
            if made.purpose != purpose:
                continue
            if _is_same(made.find_table(), table) or made.is_copied_in(rows):
                return made.names
        return ()


def _as_text(value: object) -> str:
    """Return a value as a file has it, "" for one that is missing."""
    from ernie_magic.api.requests import is_missing  # with a run, not with the extension

    return "" if is_missing(value) else str(value)


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
