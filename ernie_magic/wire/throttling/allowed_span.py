"""So many calls in any span of so many seconds, where a service tells neither number.

Both are measured: a service that refuses calls takes one again when the first of those it took has
left the span. The length lies between the age at which a call was still refused and the age at
which one was taken, and calls are tried halfway between them until these are close. The number is
right if nothing else uses the account: now and then one more call is tried.

Sliding windows, fixed windows and token buckets
(https://en.wikipedia.org/wiki/Rate_limiting) are all kept and used in this way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Of its length: so close the bounds need to be, and where each refusal costs a wait.
_PRECISION = 0.02
_COSTLY_PRECISION = 0.06
_COST_FACTOR = 2  # there, one call more is tried so much more rarely
_GROWTH = 1.06  # where to measure a span anew costs more than to lengthen it
# A span that is longer by this factor than was measured is another one, to be measured anew.
_SAME_SPAN = 1.5
# The lower bound is doubted now and then: a refused call may only have been quick on its way, or
# the one before it slow.
_DOUBT = 0.95
_LONGEST_PATIENCE = 16  # spans between two tries of one call more


@dataclass(eq=False)
class SentRequest:
    """A request that was sent, or other programs' that the service reported.

    Attributes
    ----------
    sent_at : float
        Seconds, of the throttle's clock.
    tokens, requests : int
    counted_until, tokens_counted_until : float
        When the service counts the request, and its tokens, no longer, as its headers tell.
    """

    sent_at: float
    tokens: int
    requests: int = 1
    counted_until: float = math.inf
    tokens_counted_until: float = math.inf


@dataclass
class Trial:
    """A call that shows something by being taken or refused: until then, no other is sent.

    Attributes
    ----------
    sent : SentRequest
    on_accepted : callable
        Called with the time when it was sent.
    on_refused : callable
        Called with the time of the refusal.
    """

    sent: SentRequest
    on_accepted: Callable[[float], None]
    on_refused: Callable[[float], None]


@dataclass
class Block:
    """A time in which a service refuses calls, whatever is in flight.

    Attributes
    ----------
    began_at, refused_at : float
        The first and the latest refusal.
    hold : float
        Seconds until the next call is tried.
    closed_since : float
        The first refusal since a call was taken: the service may have asked to wait before it
        refused the next one.
    tries : int
        How many calls were refused in it, after the first.
    """

    began_at: float
    refused_at: float
    hold: float
    closed_since: float
    tries: int = 0

    def longest_gap(self, taken_at: float) -> float:
        """Return the seconds between two calls, beyond which the first is not what the block was
        about. It ended with the call that was sent at `taken_at`.
        """
        # What was closed before was as long as what the service asked to wait now.
        return max(taken_at - self.began_at, (taken_at - self.closed_since) / 2)


@dataclass
class AllowedSpan:
    """How many calls a service takes in any span of so many seconds.

    Attributes
    ----------
    requests : int
    shortest, longest : float
        Between which its length lies, in seconds.
    extra_requests : int
        How many of `requests` are tries that were taken, beyond what was measured.
    extra_at : float
        When the next one is tried.
    cost : float
        Seconds that the service asks to wait after a refusal.
    """

    requests: int
    shortest: float
    longest: float
    extra_requests: int = 0
    extra_at: float = 0.0
    cost: float = 0.0
    _patience: int = 1

    @classmethod
    def measure(
        cls,
        calls: Sequence[SentRequest],
        since: float,
        block: Block,
        taken_at: float,
    ) -> AllowedSpan | None:
        """Return the span that explains a block; None if no call was taken before it.

        Parameters
        ----------
        calls
            What the service took before, oldest first.
        since
            When the last block ended.
        taken_at
            When the call was sent that ended this one.
        """
        first = taken_at
        requests = 0
        longest_gap = block.longest_gap(taken_at)
        for sent in reversed(calls):
            is_apart = requests > 0 and first - sent.sent_at > longest_gap
            if is_apart or sent.sent_at < since:
                break
            first = sent.sent_at
            requests += 1
        if not requests:
            return None
        shortest = max(block.refused_at - first, 0.0)
        return cls(requests, shortest, taken_at - first, extra_at=taken_at)

    @property
    def per_second(self) -> float:
        """Calls a second."""
        return self.requests / self.longest

    def opens_at(self, calls: Sequence[SentRequest]) -> float:
        """Return when the next call is sent, after `calls` were taken."""
        return min(self._began_at(calls) + self._trial_length, self.extra_at)

    def begin_trial(self, sent: SentRequest, calls: Sequence[SentRequest]) -> Trial | None:
        """Return what a call shows that is sent after `calls`; None for nothing new."""
        began_at = self._began_at(calls)
        if sent.sent_at >= began_at + self.longest:
            return None
        if sent.sent_at < began_at + self._trial_length:
            return Trial(sent, self._allow_one_more, self._try_later)

        age = sent.sent_at - began_at
        return Trial(
            sent,
            lambda _now: setattr(self, "longest", age),
            lambda _now: setattr(self, "shortest", age),
        )

    def lengthen(self, calls: Sequence[SentRequest], block: Block, taken_at: float) -> bool:
        """Lengthen the span by a block that it did not foretell; return whether that explains it.

        The parameters are those of `measure`.
        """
        began_at = self._began_at(calls)
        if taken_at - began_at > _SAME_SPAN * self.longest:
            return False
        self.shortest = max(block.refused_at - began_at, 0.0)
        self.longest = taken_at - began_at
        return True

    def widen(self) -> None:
        """Lengthen the span a little, since a call that it allowed was refused."""
        self.shortest = self.longest
        self.longest *= _GROWTH

    def take_back_extra(self) -> bool:
        """Allow one call less if one that was tried was too many; return whether one was."""
        if not self.extra_requests:
            return False
        self.extra_requests -= 1
        self.requests -= 1
        return True

    @property
    def _trial_length(self) -> float:
        precision = _COSTLY_PRECISION if self.cost else _PRECISION
        if self.longest - self.shortest <= precision * self.longest:
            return self.longest
        return (self.shortest + self.longest) / 2

    def _began_at(self, calls: Sequence[SentRequest]) -> float:
        """Return when the call was sent whose leaving the span makes room for one."""
        if len(calls) < self.requests:
            return -math.inf
        return calls[-self.requests].sent_at

    def _allow_one_more(self, now: float) -> None:
        self.requests += 1
        self.extra_requests += 1
        self.extra_at = now
        self._patience = 1

    def _try_later(self, now: float) -> None:
        self.shortest *= _DOUBT
        self._patience = min(2 * self._patience, _LONGEST_PATIENCE)
        self.extra_at = now + self._patience * (self.longest + _COST_FACTOR * self.cost)
