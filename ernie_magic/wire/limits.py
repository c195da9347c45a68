"""How many requests and tokens a minute a service allows: learned from its headers and refusals,
kept by everybody here.

The services count by the minute and tell no more than what is left of it (seed 003, "响应头域";
reference qianfan-wire 3.6).
At most as many requests as are allowed are let out in *any* span of a minute: whichever minute the
service counts by, it
cannot be overrun from here. Used only on the I/O thread.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.errors import ServiceError

MINUTE = 60.0  # seconds
_MARGIN = 1.01  # arrivals are less regular than departures
_TELLING = (
    10  # requests that went out in the minute before a refusal, for their number to tell the limit
)
_FORGET = 10  # minutes after which a limit that was only guessed from a refusal is tried again
_DIGITS = 12  # of a limit: more is nonsense
_TOKEN_CODES = ("tpm_rate_limit_exceeded", "336502")


@dataclass(frozen=True)
class LimitState:
    """A model's limit a minute, as it stood when it was asked for.

    Attributes
    ----------
    service, model : str
    requests, remaining_requests, tokens, remaining_tokens : int | None
        Allowed, and left in the running minute; None when not known.
    learned : str
        "headers", "429" or "".
    """

    service: str
    model: str
    requests: int | None
    remaining_requests: int | None
    tokens: int | None
    remaining_tokens: int | None
    learned: str


@dataclass
class _Out:
    """A request that was let out, or somebody else's that the service told of."""

    at: float
    tokens: int
    requests: int = 1


@dataclass
class Limit:
    """What is known of one model's limit on one service.

    Attributes
    ----------
    service, model : str
    requests, tokens : int | None
        Allowed a minute; None when not known.
    share : float
        The part of it that is this process's: workers take an equal part each
        (`ernie_magic.calls.workers`).
    learned : str
        "headers", "429" (a guess: what had gone through before the refusal) or "".
    """

    service: str
    model: str
    minute: float = MINUTE
    requests: int | None = None
    tokens: int | None = None
    learned: str = ""
    share: float = 1.0
    _out: deque[_Out] = field(default_factory=deque, repr=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _closed_until: float = field(default=0.0, repr=False)
    _refusals: int = field(default=0, repr=False)
    _learned_at: float = field(default=0.0, repr=False)

    @property
    def remaining_requests(self) -> int | None:
        """Requests left in the running minute; None when the limit is not known."""
        return None if self.requests is None else max(0, self.requests - self._used()[0])

    @property
    def remaining_tokens(self) -> int | None:
        """Tokens left in the running minute; None when the limit is not known."""
        return None if self.tokens is None else max(0, self.tokens - self._used()[1])

    async def take(self, tokens: int, waiting: Callable[[float], None]) -> _Out:
        """Wait until a request of about `tokens` tokens may be sent; those who came first go first.

        Parameters
        ----------
        tokens
            An estimate; `settle` corrects it.
        waiting
            Told the seconds before each wait.
        """
        async with self._lock:
            while (seconds := self._wait(tokens)) > 0:
                waiting(seconds)
                await asyncio.sleep(seconds)
            out = _Out(time.monotonic(), tokens)
            self._out.append(out)
            return out

    def heed(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer's headers."""
        requests = _number(headers, "x-ratelimit-limit-requests")
        tokens = _number(headers, "x-ratelimit-limit-tokens", "x-ratelimit-limit-input-tokens")
        if requests or tokens:
            self.requests, self.tokens, self.learned = (
                requests or self.requests,
                tokens or self.tokens,
                "headers",
            )
        left = _number(headers, "x-ratelimit-remaining-requests")
        tokens_left = _number(
            headers, "x-ratelimit-remaining-tokens", "x-ratelimit-remaining-input-tokens"
        )
        # What the service counted and we did not send is somebody else's on the same account.
        # What other workers send is theirs: each keeps to its own part.
        others = (
            max(0, (self.remaining_requests or 0) - left)
            if left is not None and self.share == 1
            else 0
        )
        their_tokens = (
            max(0, (self.remaining_tokens or 0) - tokens_left)
            if tokens_left is not None and self.share == 1
            else 0
        )
        if others or their_tokens:
            self._out.append(_Out(time.monotonic(), their_tokens, others))

    def answered(self) -> None:
        """A request was let through to its end: V1 tells its refusals with status 200, so that
        headers alone say nothing.
        """
        self._refusals = 0

    def settle(self, out: _Out, tokens: int) -> None:
        """The answer's real number of tokens in the place of the estimate."""
        out.tokens = tokens

    def refused(self, error: ServiceError) -> None:
        """Learn from a 429: nobody goes out for a while, and what had gone through is taken for the
        limit when none is known.

        A service that asks for more than a minute is asked again by the next call, which is told so
        at once.
        """
        self._refusals += 1
        asked = error.retry_after
        if asked is None:
            closed = min(2.0 ** (self._refusals - 1), MINUTE) * self.minute / MINUTE
        else:
            closed = asked if asked <= MINUTE else 0.0
        self._closed_until = time.monotonic() + closed
        went = self._used()[0] - 1
        # With fewer it was not by us that the limit was reached.
        if self.requests is None and went >= _TELLING and error.code not in _TOKEN_CODES:
            self.requests, self.learned, self._learned_at = went, "429", time.monotonic()

    def _used(self) -> tuple[int, int]:
        since = time.monotonic() - self.minute * _MARGIN
        while self._out and self._out[0].at <= since:
            self._out.popleft()
        return sum(out.requests for out in self._out), sum(out.tokens for out in self._out)

    def _wait(self, tokens: int) -> float:
        """Seconds until a request of `tokens` tokens fits; 0 when it does now."""
        now = time.monotonic()
        if self.learned == "429" and now - self._learned_at > _FORGET * self.minute:
            self.requests, self.learned = None, ""
        requests_used, tokens_used = self._used()
        fits_at = self._closed_until
        for out in self._out:  # the oldest first: each one that leaves the minute makes room
            room = (
                self.requests is None or requests_used < max(1, int(self.requests * self.share))
            ) and (
                self.tokens is None
                or tokens_used + tokens <= self.tokens * self.share
                or tokens_used == 0
            )
            if room:
                break
            fits_at = max(fits_at, out.at + self.minute * _MARGIN)
            requests_used, tokens_used = requests_used - out.requests, tokens_used - out.tokens
        return fits_at - now


class Limits:
    """The limits of every service and model that was asked; the account's, so one for all sessions
    of a process.
    """

    def __init__(self) -> None:
        self.minute = MINUTE
        self.share = 1.0
        self._known: dict[object, Limit] = {}

    def of(self, account: object, service: str, model: str) -> Limit:
        """The limit of a model.

        Parameters
        ----------
        account
            What the service counts by: address and credential.
        """
        limit = self._known.setdefault((account, model.lower()), Limit(service, model, self.minute))
        limit.share = self.share
        return limit

    async def all(self) -> list[LimitState]:
        """Every one that was met as it stands now, in the order of first use; on the I/O thread."""
        return [
            LimitState(
                limit.service,
                limit.model,
                limit.requests,
                limit.remaining_requests,
                limit.tokens,
                limit.remaining_tokens,
                limit.learned,
            )
            for limit in self._known.values()
        ]

    def clear(self) -> None:
        """Forget them all."""
        self._known.clear()


# An account's limit is shared by whatever runs here under its key: a resource of the process, like
# its threads.
LIMITS = Limits()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=LIMITS.clear)  # its waiters are of the parent's loop


def _number(headers: Mapping[str, str], *names: str) -> int | None:
    found = (headers.get(name, "").strip() for name in names)
    return next((int(text) for text in found if text.isdecimal() and len(text) <= _DIGITS), None)
