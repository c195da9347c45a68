"""What was sent within the last minute."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ernie_magic.wire.throttling.allowed_span import SentRequest

_ORDER = itertools.count()  # of two that end at one moment


class SentMinute:
    """What was sent within the last minute, oldest first, and how much that is.

    The totals are kept rather than recomputed: each call asks for them several times, and a minute
    may hold thousands of calls.

    Parameters
    ----------
    seconds
        The length of a minute here.
    clock
        Tells the time, in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._sent: deque[SentRequest] = deque()
        self._requests = self._tokens = 0
        # Those that the service counts for less than a minute, in the order of when they end.
        self._ending: list[tuple[float, int, SentRequest]] = []

    def __iter__(self) -> Iterator[SentRequest]:
        return iter(self._sent)

    def add(self, sent: SentRequest) -> None:
        """Count something that is sent now."""
        self._sent.append(sent)
        self._requests += sent.requests
        self._tokens += sent.tokens

    def correct(self, sent: SentRequest, tokens: int) -> None:
        """Replace the number of tokens of something that was sent."""
        self._forget()
        if self._sent and sent.sent_at >= self._sent[0].sent_at:
            self._tokens += tokens - sent.tokens
        sent.tokens = tokens

    def count_until(
        self,
        sent: SentRequest,
        moment: float,
        *,
        with_tokens: bool = False,
    ) -> None:
        """Count a request only until a moment, if that is within its minute; its tokens remain
        unless they are included.
        """
        if moment >= self.ends_at(sent):
            return
        sent.counted_until = moment
        if with_tokens:
            sent.tokens_counted_until = moment
        heapq.heappush(self._ending, (moment, next(_ORDER), sent))

    def ends_at(self, sent: SentRequest) -> float:
        """Return when something that was sent leaves the minute."""
        return sent.sent_at + self._seconds

    def iter_endings(self) -> Iterator[tuple[float, int, int]]:
        """Iterate over the moments from which requests and tokens are counted no longer, in this
        order, with the numbers of both.
        """
        return heapq.merge(self._iter_whole_minutes(), self._list_early_endings())

    def _iter_whole_minutes(self) -> Iterator[tuple[float, int, int]]:
        for sent in self._sent:
            requests = sent.requests if sent.counted_until == math.inf else 0
            tokens = sent.tokens if sent.tokens_counted_until == math.inf else 0
            yield self.ends_at(sent), requests, tokens

    def _list_early_endings(self) -> list[tuple[float, int, int]]:
        return [
            (moment, sent.requests, sent.tokens if sent.tokens_counted_until == moment else 0)
            for moment, _, sent in sorted(self._ending)
        ]

    def discount(self, sent: SentRequest) -> None:
        """Count something that was sent no longer: the service refused it."""
        self._forget()
        if self._sent and sent.sent_at >= self._sent[0].sent_at:
            self._requests -= sent.requests
            self._tokens -= sent.tokens
        sent.requests = sent.tokens = 0

    def count_since(self, moment: float) -> int:
        """Return the number of requests that were sent after a moment."""
        later = itertools.takewhile(lambda sent: sent.sent_at > moment, reversed(self._sent))
        return sum(sent.requests for sent in later)

    def used(self) -> tuple[int, int]:
        """Return the number of requests and of tokens."""
        self._forget()
        return self._requests, self._tokens

    def _forget(self) -> None:
        now = self._clock()
        while self._ending and self._ending[0][0] <= now:
            moment, _, sent = heapq.heappop(self._ending)
            self._requests -= sent.requests
            sent.requests = 0
            if sent.tokens_counted_until <= moment:
                self._tokens -= sent.tokens
                sent.tokens = 0
        since = now - self._seconds
        while self._sent and self._sent[0].sent_at <= since:
            gone = self._sent.popleft()
            self._requests -= gone.requests
            self._tokens -= gone.tokens
