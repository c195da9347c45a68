"""Which columns of a table a run before this one has made: `answer` and `error` are the user's own
only where they are not ours.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from typing import TypeGuard

_KEPT = 100  # runs
_KEPT_LISTS = 8  # of the last runs, whose lists are kept alive: nothing can refer to them otherwise


@dataclass(frozen=True)
class MadeByRun:
    """What a run has made of its table.

    Attributes
    ----------
    find_table : callable
        Returns its table; None once nothing holds that.
    purpose : tuple
        What tells its question from others.
    names : tuple of str
        The columns.
    texts : dict
        The hashes of what stands in those of them that are texts of ours: whole answers, and why
        rows failed.
    numbers : dict
        By column, each number as the prompts had it: of one that a file has as `1`, a copy may have
        `1.0`, and the other way round.
    """

    find_table: Callable[[], Any]
    purpose: tuple[object, ...]
    names: tuple[str, ...]
    texts: Mapping[str, Collection[int]]
    numbers: Mapping[str, Mapping[float, Any]]

    def restore_numbers(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return rows of its table, or of a copy, with numbers as its prompts had them: they are
        the same prompts again.
        """
        restored = [dict(row) for row in rows]
        for name, numbers in self.numbers.items():
            for row in restored:
                if _is_number(row.get(name)):
                    row[name] = numbers.get(row[name], row[name])
        return restored

    def is_copied_in(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether rows are a copy of some of its table's, perhaps by way of a file: its texts have
        nothing in them that it has not written.
        """
        if not rows or not rows[0].keys() >= set(self.names):
            return False
        return all(
            hash(_as_text(row[name])) in written
            for name, written in self.texts.items()
            for row in rows
        )


class MadeColumns:
    """The columns that the last runs have made."""

    def __init__(self) -> None:
        self._made: list[MadeByRun] = []

    def record_table(
        self,
        table: Any,
        purpose: tuple[object, ...],
        names: tuple[str, ...],
        texts: Mapping[str, Iterable[object]],
        asked: Mapping[str, Iterable[object]],
    ) -> None:
        """Record which columns of a run's table are ours, what stands in our texts, and in the
        columns that its prompts took.
        """
        written = {
            name: frozenset(hash(_as_text(text)) for text in column)
            for name, column in texts.items()
        }
        numbers = {
            name: {value: value for value in column if _is_number(value)}
            for name, column in asked.items()
        }
        self._made.append(MadeByRun(_refer_to(table), purpose, names, written, numbers))
        del self._made[:-_KEPT]
        for place, made in enumerate(self._made[:-_KEPT_LISTS]):
            if isinstance(made.find_table(), list):
                self._made[place] = replace(made, find_table=lambda: None)

    def find_run(
        self,
        table: Any,
        rows: Sequence[Mapping[str, Any]],
        purpose: tuple[object, ...],
    ) -> MadeByRun | None:
        """Return the run for the same purpose that has made a table, or what it is a copy of; None
        if there was none.
        """
        for made in reversed(self._made):
            if made.purpose != purpose:
                continue
            if _is_same(made.find_table(), table) or made.is_copied_in(rows):
                return made
        return None


def _as_text(value: object) -> str:
    """Return a value as a file has it, "" for one that is missing."""
    from ernie_magic.api.requests import is_missing  # with a run, not with the extension

    return "" if is_missing(value) else str(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


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
