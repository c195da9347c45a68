"""What the groups of the platform remember."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

StateT = TypeVar("StateT")


class PlatformState:
    """What the groups of one emulator remember."""

    def __init__(self) -> None:
        self._states: dict[type, Any] = {}
        self.lock = threading.RLock()

    def state_of(self, kind: type[StateT]) -> StateT:
        """The only object of a class, made the first time."""
        with self.lock:
            if kind not in self._states:
                self._states[kind] = kind()
            state: StateT = self._states[kind]
            return state

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self._states.clear()
