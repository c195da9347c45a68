"""Issued tokens and when each expires; a bounded number is remembered."""

from __future__ import annotations

import time

MAX_TOKENS = 10_000


class IssuedTokens:
    """The tokens a server has issued.

    Beyond `MAX_TOKENS` the oldest are forgotten, and are then accepted like any other key.
    """

    def __init__(self) -> None:
        self._expiry_times: dict[str, float] = {}

    def remember_token(self, token: str, end: float) -> None:
        """Remember a token that expires at `end`, in seconds since the epoch."""
        self._expiry_times[token] = end
        while len(self._expiry_times) > MAX_TOKENS:
            del self._expiry_times[next(iter(self._expiry_times))]

    def has_expired(self, token: str) -> bool:
        """Whether it was issued here and has expired."""
        return self._expiry_times.get(token, float("inf")) < time.time()

    def expire_all(self) -> None:
        """Expire every token."""
        self._expiry_times = dict.fromkeys(self._expiry_times, 0.0)
