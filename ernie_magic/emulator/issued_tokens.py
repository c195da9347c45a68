"""Issued tokens and when each expires; a bounded number is remembered."""

from __future__ import annotations

import time

MAX_TOKENS = 10_000


class IssuedTokens:
    """The tokens a server has issued.

    Beyond `MAX_TOKENS` the oldest are forgotten, and are then accepted like any other key.
    """

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}

    def add(self, token: str, end: float) -> None:
        """Remember a token that expires at `end`, in seconds since the epoch."""
        self._ends[token] = end
        while len(self._ends) > MAX_TOKENS:
            del self._ends[next(iter(self._ends))]

    def has_expired(self, token: str) -> bool:
        """Whether it was issued here and has expired."""
        return self._ends.get(token, float("inf")) < time.time()

    def expire(self) -> None:
        """Expire every token."""
        self._ends = dict.fromkeys(self._ends, 0.0)
