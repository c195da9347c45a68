"""Calls that are under way, which any thread may add to and list."""

from __future__ import annotations

import threading
import weakref
from typing import Generic, Protocol, TypeVar


class _Running(Protocol):
    @property
    def is_done(self) -> bool:
        """Whether it has ended."""


RunningT = TypeVar("RunningT", bound=_Running)


class UnderWay(Generic[RunningT]):
    """What is under way, as long as something keeps it. A `WeakSet` alone raises RuntimeError where
    one thread lists it while another adds to it.
    """

    def __init__(self) -> None:
        self._known: weakref.WeakSet[RunningT] = weakref.WeakSet()
        self._lock = threading.Lock()

    def add(self, running: RunningT) -> None:
        """Add what has begun."""
        with self._lock:
            self._known.add(running)

    def list_running(self) -> list[RunningT]:
        """Return what has not ended."""
        with self._lock:
            return [each for each in self._known if not each.is_done]
