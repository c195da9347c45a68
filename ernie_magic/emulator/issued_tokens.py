"""Tokens that were given out, and when each ends; a bounded number is remembered."""

from __future__ import annotations

import time

MAX_TOKENS = 10_000


class IssuedTokens:
    """What a server gave out. The oldest are forgotten beyond `MAX_TOKENS`, and are then as good
    as any other.
    """

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}

    def add(self, token: str, end: float) -> None:
        """Remember a token that ends at `end`, in seconds since the epoch."""
        self._ends[token] = end
        while len(self._ends) > MAX_TOKENS:
            del self._ends[next(iter(self._ends))]

    def has_expired(self, token: str) -> bool:
        """Whether it was given out here and has ended."""
        return self._ends.get(token, float("inf")) < time.time()

    def expire(self) -> None:
        """End every token."""
        self._ends = dict.fromkeys(self._ends, 0.0)
