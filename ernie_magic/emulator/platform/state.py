"""What the groups of the platform remember."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple, TypeVar

StateT = TypeVar("StateT")


class Deployment(NamedTuple):
    """A service that was deployed and serves: it is called like a model.

    Attributes
    ----------
    name : str
        What the user called it.
    base_model : str
        The model of the catalogue behind it.
    kind : str
        "chat", "completions", "embeddings", "text2image", "image2text".
    """

    name: str
    base_model: str
    kind: str


class PlatformState:
    """What the groups of one emulator remember.

    Attributes
    ----------
    deployments : dict of Deployment
        Services that serve, by the name that stands in a call.
    """

    def __init__(self) -> None:
        self.deployments: dict[str, Deployment] = {}
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
            self.deployments.clear()
