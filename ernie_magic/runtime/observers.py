"""Observers of changes: panels also show what cells do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Watchers:
    """Functions that are called after each change, on whichever thread made it. They must be quick,
    and raise nothing.
    """

    def __init__(self) -> None:
        self._told: list[Callable[[], object]] = []

    def add(self, told: Callable[[], object]) -> Callable[[], None]:
        """Call `told` after each change; the returned function ends that."""
        self._told = [*self._told, told]

        def end() -> None:
            self._told = [other for other in self._told if other is not told]

        return end

    def tell(self) -> None:
        """Report a change."""
        for told in self._told:
            told()
