"""Rate limits: how many requests and tokens per minute a service allows. They are learned from its
headers and refusals, and observed by all calls here.

The services count by the minute and report only what is left of it ("响应头域" on
https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf). In *any* span of a minute at most the
allowed number of requests is sent, so the limit holds whichever minute the service counts by. Used
only on the I/O thread.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ernie_magic.errors import ServiceError

MINUTE = 60.0  # seconds
_MARGIN = 1.01  # arrivals are less regular than departures
# Requests sent in the minute before a refusal that are needed for their number to indicate the
# limit.
_TELLING = 10
_FORGET = 10  # minutes after which a limit that was only inferred from a refusal is tried again
_DIGITS = 12  # digits of a limit: more is nonsense
_TOKEN_CODES = ("tpm_rate_limit_exceeded", "336502")


@dataclass(frozen=True)
class LimitState:
    """A model's limit per minute, as it was when requested.

    Attributes
    ----------
    service, model : str
    requests, remaining_requests, tokens, remaining_tokens : int | None
        Allowed, and left in the current minute; None when unknown.
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
class _SentRequest:
    """A request that was sent, or another program's that the service reported."""

    sent_at: float
    tokens: int
    requests: int = 1


class _Minute:
    """What was sent within the last minute, oldest first, and how much that is.

    The totals are kept rather than recomputed: each call asks for them several times, and a minute
    may hold thousands of calls.

    Parameters
    ----------
    seconds
        The length of a minute here.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._out: deque[_SentRequest] = deque()
        self._requests = self._tokens = 0

    def __iter__(self) -> Iterator[_SentRequest]:
        return iter(self._out)

    def add(self, out: _SentRequest) -> None:
        self._out.append(out)
        self._requests += out.requests
        self._tokens += out.tokens

    def correct(self, out: _SentRequest, tokens: int) -> None:
        """Replace the number of tokens of something that was sent."""
        self._forget()
        if self._out and out.sent_at >= self._out[0].sent_at:
            self._tokens += tokens - out.tokens
        out.tokens = tokens

    def used(self) -> tuple[int, int]:
        """Return the number of requests and of tokens."""
        self._forget()
        return self._requests, self._tokens

    def _forget(self) -> None:
        since = time.monotonic() - self._seconds
        while self._out and self._out[0].sent_at <= since:
            gone = self._out.popleft()
            self._requests -= gone.requests
            self._tokens -= gone.tokens


@dataclass
class Throttle:
    """What is known about one model's limit on one service.

    Attributes
    ----------
    service, model : str
    requests, tokens : int | None
        Allowed per minute; None when unknown.
    share : float
        The part of it that is this process's: workers get equal parts
        (`ernie_magic.calls.workers`).
    learned : str
        "headers", "429" (inferred from what had been sent before the refusal) or "".
    """

    service: str
    model: str
    minute: float = MINUTE
    requests: int | None = None
    tokens: int | None = None
    learned: str = ""
    share: float = 1.0
    _sent_requests: _Minute = field(init=False, repr=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _closed_until: float = field(default=0.0, repr=False)
    _refusals: int = field(default=0, repr=False)
    _learned_at: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        self._sent_requests = _Minute(self.minute * _MARGIN)

    @property
    def remaining_requests(self) -> int | None:
        """Requests left in the current minute; None when the limit is unknown."""
        if self.requests is None:
            return None
        return max(0, self.requests - self._sent_requests.used()[0])

    @property
    def remaining_tokens(self) -> int | None:
        """Tokens left in the current minute; None when the limit is unknown."""
        if self.tokens is None:
            return None
        return max(0, self.tokens - self._sent_requests.used()[1])

    async def acquire(self, tokens: int, on_wait: Callable[[float], None]) -> _SentRequest:
        """Wait until a request of about `tokens` tokens may be sent; callers are served in order of
        arrival.

        Parameters
        ----------
        tokens
            An estimate; `record_usage` corrects it.
        on_wait
            Called with the seconds before each wait.
        """
        async with self._lock:
            while (seconds := self._seconds_to_wait(tokens)) > 0:
                on_wait(seconds)
                await asyncio.sleep(seconds)
            sent_request = _SentRequest(time.monotonic(), tokens)
            self._sent_requests.add(sent_request)
            return sent_request

    def learn_from_headers(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer's headers."""
        requests = _header_number(headers, "x-ratelimit-limit-requests")
        tokens = _header_number(
            headers, "x-ratelimit-limit-tokens", "x-ratelimit-limit-input-tokens"
        )
        if requests or tokens:
            self.requests, self.tokens, self.learned = (
                requests or self.requests,
                tokens or self.tokens,
                "headers",
            )
        left = _header_number(headers, "x-ratelimit-remaining-requests")
        tokens_left = _header_number(
            headers, "x-ratelimit-remaining-tokens", "x-ratelimit-remaining-input-tokens"
        )
        # What the service counted and we did not send belongs to another program on the same
        # account. What other workers send is theirs: each stays within its own part.
        others = their_tokens = 0
        if left is not None and self.share == 1:
            others = max(0, (self.remaining_requests or 0) - left)
        if tokens_left is not None and self.share == 1:
            their_tokens = max(0, (self.remaining_tokens or 0) - tokens_left)
        if others or their_tokens:
            self._sent_requests.add(_SentRequest(time.monotonic(), their_tokens, others))

    def on_success(self) -> None:
        """Note that a request succeeded: V1 reports its refusals with status 200, so headers alone
        show nothing.
        """
        self._refusals = 0

    def record_usage(self, sent_request: _SentRequest, tokens: int) -> None:
        """Replace the estimate by the answer's real number of tokens.

        Parameters
        ----------
        tokens
            The number that the service counted.
        """
        self._sent_requests.correct(sent_request, tokens)

    def on_rate_limited(self, error: ServiceError) -> None:
        """Learn from a 429: no request is sent for a while, and if no limit is known, the number
        sent so far is taken as the limit.

        If a service asks to wait for more than a minute, the next call asks again, and fails at
        once with that message.
        """
        self._refusals += 1
        closed = error.retry_after
        if closed is None:
            closed = min(2.0 ** (self._refusals - 1), MINUTE) * self.minute / MINUTE
        elif closed > MINUTE:
            closed = 0.0
        self._closed_until = time.monotonic() + closed
        went = self._sent_requests.used()[0] - 1
        # With fewer requests, it was not we who reached the limit.
        if self.requests is None and went >= _TELLING and error.code not in _TOKEN_CODES:
            self.requests, self.learned, self._learned_at = went, "429", time.monotonic()

    def _seconds_to_wait(self, tokens: int) -> float:
        """Return the seconds until a request of `tokens` tokens fits; 0 when it does now."""
        now = time.monotonic()
        if self.learned == "429" and now - self._learned_at > _FORGET * self.minute:
            self.requests, self.learned = None, ""
        requests_used, tokens_used = self._sent_requests.used()
        fits_at = self._closed_until
        for (
            out
        ) in self._sent_requests:  # the oldest first: each one that leaves the minute makes room
            fits = (
                self.requests is None or requests_used < max(1, int(self.requests * self.share))
            ) and (
                self.tokens is None
                or tokens_used + tokens <= self.tokens * self.share
                or tokens_used == 0
            )
            if fits:
                break
            fits_at = max(fits_at, out.sent_at + self.minute * _MARGIN)
            requests_used, tokens_used = requests_used - out.requests, tokens_used - out.tokens
        return fits_at - now


class Limits:
    """The limits of every service and model used. They are the account's, so all sessions of a
    process share them.
    """

    def __init__(self) -> None:
        self.minute = MINUTE
        self.share = 1.0
        self._known: dict[object, Throttle] = {}

    def throttle_for(self, account: object, service: str, model: str) -> Throttle:
        """Return the limit of a model.

        Parameters
        ----------
        account
            What the service counts by: address and credential.
        """
        known = (account, model.lower())
        if (throttle := self._known.get(known)) is None:
            throttle = self._known[known] = Throttle(service, model, self.minute)
        throttle.share = self.share
        return throttle

    async def list_states(self) -> list[LimitState]:
        """Return every known limit as it is now, in the order of first use; on the I/O thread."""
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

    def forget_all(self) -> None:
        """Forget all limits."""
        self._known.clear()


# An account's limit is shared by whatever runs here with its key: a resource of the process, like
# its threads.
LIMITS = Limits()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=LIMITS.forget_all)  # its waiters are of the parent's loop


def _header_number(headers: Mapping[str, str], *names: str) -> int | None:
    texts = (headers.get(name, "").strip() for name in names)
    return next((int(text) for text in texts if text.isdecimal() and len(text) <= _DIGITS), None)
