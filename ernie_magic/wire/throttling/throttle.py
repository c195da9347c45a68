"""One model's limit on one service: how many requests and tokens per minute it allows, and how many
at the same time, learned from its headers and refusals. Calls wait here for their turn.

The services count by the minute and report only what is left of it ("响应头域" on
https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf). In *any* span of a minute at most the
allowed number of requests is sent, so the limit holds whichever minute the service counts by. Used
only on the I/O thread.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ernie_magic.errors import RateLimited
from ernie_magic.text.language import Text
from ernie_magic.wire.throttling.allowed_span import SentRequest
from ernie_magic.wire.throttling.congestion import Congestion, part_without_tries
from ernie_magic.wire.throttling.durations import (
    LONGEST_KEPT_WAIT,
    is_whole_soon,
    told_reset_seconds,
)
from ernie_magic.wire.throttling.sent_minute import SentMinute
from ernie_magic.wire.throttling.turns import Turns
from ernie_magic.wire.throttling.waiting_queue import QueueTicket, WaitingQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.errors import ServiceError
    from ernie_magic.wire.throttling.waiting_queue import Waiter

MINUTE = 60.0  # seconds
_MARGIN = 1.01  # arrivals are less regular than departures
# Of a minute: a span within these bounds that refusals showed is told as a minute's limit.
_ABOUT_A_MINUTE = (0.75, 1.25)
_MIN_REPORTED_WAIT = 0.5  # seconds: a shorter wait is not reported
# Refusals of one call that only meant that others came before it: a whole minute's are 25.
_MAX_QUEUE_RETRIES = 100
# How often one call is sent again that waited too long behind others.
_MAX_TIMEOUTS = 3
_CONNECTED = 1.2  # times as long as a call that was not connected
_UNTIL_ONE_ENDS = 3600.0  # seconds: who waits is woken before
_MAX_DIGITS = 12  # digits: more in a header is nonsense
# Minutes since it took a call of ours, after which a service that refuses one is not busy with
# those: a minute's limit leaves none longer.
_BUSY_MINUTES = 1.25
# A 503 may also mean that the service has failed: with none in flight, it is busy with calls of
# ours only if it took so many within so many minutes.
_OVERLOADED_MINUTES = 0.25
_OVERLOADING_CALLS = 3
_SECOND_CODES = ("user_rate_limit_exceeded", "18")
_REFUSES_ALL = Text(
    "服务已连续 {seconds} 秒拒绝所有调用，比按分钟的限额更久",
    "the service has refused every call for {seconds} s, longer than a limit per minute does",
)
_LATER = Text(
    "过一阵再试，或在服务的控制台查看账号的限额",
    "try again later, or see the account's limits in the service's console",
)


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
    max_concurrency : int | None
        Calls at the same time, inferred from refusals; None when they were not seen to be limited.
    per_second : float | None
        Calls a second, likewise.
    """

    service: str
    model: str
    requests: int | None
    remaining_requests: int | None
    tokens: int | None
    remaining_tokens: int | None
    learned: str
    max_concurrency: int | None = None
    per_second: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything of it is known."""
        return bool(self.requests or self.tokens or self.max_concurrency or self.per_second)


@dataclass
class Throttle:
    """What is known about one model's limit on one service.

    Attributes
    ----------
    service, model : str
    minute : float
        Seconds.
    requests, tokens : int | None
        Allowed per minute, as headers tell; None when unknown.
    share : float
        The part of it that is this process's: workers get equal parts
        (`ernie_magic.calls.workers`).
    clock : callable
        Tells the time, in seconds.
    """

    service: str
    model: str
    minute: float = MINUTE
    requests: int | None = None
    tokens: int | None = None
    share: float = 1.0
    clock: Callable[[], float] = time.monotonic
    _sent_requests: SentMinute = field(init=False, repr=False)
    _congestion: Congestion = field(default_factory=Congestion, repr=False)
    _turns: Turns = field(default_factory=Turns, repr=False)
    _open: list[SentRequest] = field(default_factory=list, repr=False)  # those in flight
    _accepted_at: float = field(default=-math.inf, repr=False)  # when the latest call ended well
    # Since when every call was refused.
    _refused_since: float = field(default=math.inf, repr=False)
    _queue: WaitingQueue = field(default_factory=WaitingQueue, repr=False)
    _closed_until: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        self._sent_requests = SentMinute(self.minute * _MARGIN, self.clock)

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

    @property
    def may_have_queue(self) -> bool:
        """Whether a call that is in flight may have waited for others of ours."""
        return self._in_flight > 1 or self._turns.limit is not None

    def state(self) -> LimitState:
        """Return what is known now."""
        requests = self.requests
        remaining = self.remaining_requests
        span = self._congestion.span
        per_second = None
        learned = ""
        if self._congestion.window is not None or span is not None:
            learned = "429"
        if requests or self.tokens:
            learned = "headers"
        if span is not None:
            per_second = span.per_second
            shortest, longest = (part * self.minute for part in _ABOUT_A_MINUTE)
            if requests is None and shortest <= span.longest <= longest:
                requests = span.requests
                per_second = None
                remaining = max(0, requests - self._sent_requests.used()[0])
        return LimitState(
            self.service,
            self.model,
            requests,
            remaining,
            self.tokens,
            self.remaining_tokens,
            learned,
            self._congestion.window,
            per_second,
        )

    async def acquire(
        self,
        tokens: int,
        on_wait: Callable[[float], None],
        ticket: QueueTicket | None = None,
    ) -> SentRequest:
        """Wait until a request of about `tokens` tokens may be sent; callers are served in order of
        arrival.

        Parameters
        ----------
        tokens
            An estimate; `record_usage` corrects it.
        on_wait
            Called with the seconds before each wait.
        ticket
            The call's turn in the queue; without it, it is the last.
        """
        if self._queue or self._seconds_to_wait(tokens) > 0:
            await self._queue.wait(
                ticket or QueueTicket(),
                lambda: self._seconds_to_wait(tokens),
                lambda waiter: self._report_wait(waiter, tokens, on_wait),
            )
        sent_request = SentRequest(self.clock(), tokens)
        self._sent_requests.add(sent_request)
        self._open.append(sent_request)
        self._congestion.on_sent(sent_request, self._in_flight)
        return sent_request

    def _report_wait(self, waiter: Waiter, tokens: int, on_wait: Callable[[float], None]) -> None:
        """Report a wait once, and not one that is too short to be seen."""
        now = self.clock()
        seconds = max(
            self._seconds_of_minute(tokens, now), self._congestion.seconds_until_tried(now)
        )
        if seconds < _MIN_REPORTED_WAIT:
            return
        if now + seconds > waiter.reported_until + _MIN_REPORTED_WAIT:
            waiter.reported_until = now + seconds
            on_wait(seconds)

    @property
    def _in_flight(self) -> int:
        return len(self._open)

    def release(self, sent_request: SentRequest) -> None:
        """Note that a call has ended, whatever came of it."""
        # By identity: two calls may have been sent at the same moment.
        self._open = [each for each in self._open if each is not sent_request]
        self._queue.wake_first()

    def reset(self) -> None:
        """Forget what was learned."""
        self.requests = None
        self.tokens = None
        self._closed_until = 0.0
        self._refused_since = math.inf
        self._congestion.reset()
        self._turns.reset()
        self._queue.wake_first()

    def learn_from_headers(
        self,
        headers: Mapping[str, str],
        sent_request: SentRequest | None = None,
    ) -> None:
        """Learn from an answer's headers.

        Parameters
        ----------
        headers
        sent_request
            What was answered: until the reset that they tell, it is counted ("Rate limits" on
            https://platform.openai.com/docs/guides/rate-limits).
        """
        requests = _header_number(headers, "x-ratelimit-limit-requests")
        tokens = _header_number(
            headers, "x-ratelimit-limit-tokens", "x-ratelimit-limit-input-tokens"
        )
        self.requests = requests or self.requests
        self.tokens = tokens or self.tokens
        reset = told_reset_seconds(headers, "requests") or None
        if reset is not None and reset > _ABOUT_A_MINUTE[1] * self.minute:
            self.requests = None  # a day's (https://console.groq.com/docs/rate-limits)
        elif reset is not None and sent_request is not None:
            self._sent_requests.count_until(sent_request, self.clock() + _MARGIN * reset)
        left = _header_number(headers, "x-ratelimit-remaining-requests")
        tokens_left = _header_number(
            headers, "x-ratelimit-remaining-tokens", "x-ratelimit-remaining-input-tokens"
        )
        # What the service counted and we did not send belongs to another program on the same
        # account. What other workers send is theirs: each stays within its own part.
        others = their_tokens = 0
        counts_alone = self.share == 1
        if left is not None and counts_alone and not is_whole_soon(headers, "requests"):
            others = max(0, (self.remaining_requests or 0) - left)
        if tokens_left is not None and counts_alone and not is_whole_soon(headers, "tokens"):
            their_tokens = max(0, (self.remaining_tokens or 0) - tokens_left)
        if others:
            self._count_others(SentRequest(self.clock(), 0, others), reset)
        if their_tokens:
            theirs = SentRequest(self.clock(), their_tokens, 0)
            self._count_others(theirs, told_reset_seconds(headers, "tokens"))

    def _count_others(self, sent: SentRequest, reset: float | None) -> None:
        """Count what others sent, until the reset where one is told."""
        self._sent_requests.add(sent)
        if reset is not None:
            self._sent_requests.count_until(sent, sent.sent_at + _MARGIN * reset, with_tokens=True)

    def on_success(self, sent_request: SentRequest) -> None:
        """Note that a request succeeded: V1 reports its refusals with status 200, so headers alone
        show nothing.
        """
        self._accepted_at = self.clock()
        self._refused_since = math.inf
        self._congestion.on_accepted(sent_request, self._accepted_at)
        self._turns.on_answered(sent_request, self._accepted_at)

    def record_usage(self, sent_request: SentRequest, tokens: int) -> None:
        """Replace the estimate by the answer's real number of tokens.

        Parameters
        ----------
        tokens
            The number that the service counted.
        """
        self._sent_requests.correct(sent_request, tokens)

    def on_refused(
        self,
        error: ServiceError,
        sent_request: SentRequest,
        ticket: QueueTicket | None = None,
    ) -> bool:
        """Learn from a 429 or 503: what it says, else what had been taken before.

        If a service asks to wait for more than `LONGEST_KEPT_WAIT`, the next call asks again, and
        fails at once with that message.

        Returns
        -------
        bool
            Whether the call only has to wait for its turn, since the service takes others.
        """
        if not error.retryable:
            return False  # a day's: no other call can change it
        now = self.clock()
        others = self._in_flight - 1
        retry_after = error.retry_after or 0.0
        if retry_after <= LONGEST_KEPT_WAIT:
            self._closed_until = max(self._closed_until, now + retry_after)
        self._sent_requests.discount(sent_request)
        takes_others = self._takes_others(error, now, others)
        self._refused_since = min(self._refused_since, now)
        is_lasting = not others and now - self._refused_since > _BUSY_MINUTES * self.minute
        if is_lasting and isinstance(error, RateLimited):
            _tell_lasting(error, now - self._refused_since)
        if not takes_others and not isinstance(error, RateLimited):
            return False  # an outage, which shows no limit
        self._congestion.on_refused(
            sent_request,
            now,
            others,
            retry_after=retry_after,
            is_rate=error.code.lower() in _SECOND_CODES,
        )
        if is_lasting and self._is_unexplained(now):
            self._congestion.hold_briefly(now)
        if ticket is not None:
            ticket.retries += 1
            if ticket.retries > _MAX_QUEUE_RETRIES:
                return False
        return retry_after <= LONGEST_KEPT_WAIT and takes_others

    def on_timeout(self, sent_request: SentRequest, ticket: QueueTicket) -> int | None:
        """Learn from a call that got no data in time.

        Returns
        -------
        int | None
            How many calls are sent at once from now on, where it only waited for others of ours and
            may be sent again; None otherwise.
        """
        is_queued = self._turns.on_timeout(sent_request, self.clock())
        ticket.timeouts += 1
        if not is_queued or ticket.timeouts > _MAX_TIMEOUTS:
            return None
        return self._turns.limit

    def on_no_connection(self, sent_request: SentRequest, ticket: QueueTicket) -> int | None:
        """Learn from a call for which no connection was made in time.

        Returns
        -------
        int | None
            How many calls are sent at once from now on, where the service was busy with others of
            ours, so that this one may be sent again; None otherwise.
        """
        now = self.clock()
        seconds = now - sent_request.sent_at
        others = [each for each in self._open if each is not sent_request]
        # One that waits for longer than a connection may take has one.
        is_busy = any(now - each.sent_at > _CONNECTED * seconds for each in others)
        is_answering = now - self._accepted_at <= max(seconds, self.minute)
        ticket.timeouts += 1
        if not others or not (is_busy or is_answering) or ticket.timeouts > _MAX_TIMEOUTS:
            return None
        self._turns.on_no_connection(len(others), seconds, now)
        return self._turns.limit

    def _is_unexplained(self, now: float) -> bool:
        """Whether a block lasts longer than that of a minute's limit would, also where the service
        counts the calls that it refuses.
        """
        taken = self._congestion.count_taken_since(self._refused_since - self.minute)
        longest = _BUSY_MINUTES * self.minute / part_without_tries(taken)
        return now - self._refused_since > longest

    def _takes_others(self, error: ServiceError, now: float, others: int) -> bool:
        """Whether calls of ours are, or were a while ago, what the service was busy with."""
        if others > 0:
            return True
        if isinstance(error, RateLimited):
            return now - self._accepted_at <= _BUSY_MINUTES * self.minute
        taken = self._sent_requests.count_since(now - _OVERLOADED_MINUTES * self.minute)
        return taken >= _OVERLOADING_CALLS

    def _seconds_to_wait(self, tokens: int) -> float:
        """Return the seconds until a request of `tokens` tokens fits; 0 when it does now."""
        if self._turns.is_full(self._in_flight):
            return _UNTIL_ONE_ENDS
        now = self.clock()
        return max(
            self._seconds_of_minute(tokens, now),
            self._congestion.seconds_to_wait(now, self._in_flight),
        )

    def _seconds_of_minute(self, tokens: int, now: float) -> float:
        requests_used, tokens_used = self._sent_requests.used()
        most_requests = most_tokens = math.inf
        if self.requests is not None:
            most_requests = max(1, int(self.requests * self.share))
        if self.tokens is not None:
            most_tokens = self.tokens * self.share

        def fits() -> bool:
            tokens_fit = tokens_used == 0 or tokens_used + tokens <= most_tokens
            return tokens_fit and requests_used < most_requests

        fits_at = self._closed_until
        if fits():
            return fits_at - now
        # Each one that leaves the minute makes room.
        for leaves_at, requests_left, tokens_left in self._sent_requests.iter_endings():
            fits_at = max(fits_at, leaves_at)
            requests_used -= requests_left
            tokens_used -= tokens_left
            if fits():
                break
        return fits_at - now


def _tell_lasting(error: RateLimited, seconds: float) -> None:
    """Say that a service has refused every call for so many seconds."""
    error.is_lasting = True
    error.cause = _REFUSES_ALL.fill(seconds=round(seconds))
    if not (error.retry_after or error.told_wait):
        error.advice = _LATER


def _header_number(headers: Mapping[str, str], *names: str) -> int | None:
    texts = (headers.get(name, "").strip() for name in names)
    return next(
        (int(text) for text in texts if text.isdecimal() and len(text) <= _MAX_DIGITS), None
    )
