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
        self._watchers: list[Callable[[], object]] = []

    def add_watcher(self, watcher: Callable[[], object]) -> Callable[[], None]:
        """Call `watcher` after each change; the returned function ends that."""
        self._watchers = [*self._watchers, watcher]

        def remove_watcher() -> None:
            self._watchers = [other for other in self._watchers if other is not watcher]

        return remove_watcher

    def notify_watchers(self) -> None:
        """Report a change."""
        for watcher in self._watchers:
            watcher()
