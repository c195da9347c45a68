"""How many calls may wait in turn where a service answers one after the other, as local servers do
(https://github.com/ollama/ollama/pull/3418): each waits for all before it, and gives up when the
queue is longer than its own timeout.

A call that got no data, though others were answered in the order in which they were sent, shows how
many are answered within that time: half as many are sent at once from then on. There is one more at
a time as long as the wait leaves room for it.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ernie_magic.wire.throttling.allowed_span import SentRequest

_REMEMBERED_ANSWERS = 256
# Of the time after which a call gives up: so long it may wait for others.
_LONGEST_WAIT = 0.5
# And within this part of it, the order of two calls may be another at the service.
_SAME_TURN = 0.25


class _Answered(NamedTuple):
    sent_at: float
    ended_at: float

    @property
    def seconds(self) -> float:
        return self.ended_at - self.sent_at


class Turns:
    """The calls that wait for one another at a service.

    Attributes
    ----------
    limit : int | None
        How many are sent at once; None while none has given up.
    """

    def __init__(self) -> None:
        self._answered: deque[_Answered] = deque(maxlen=_REMEMBERED_ANSWERS)
        self.reset()

    def reset(self) -> None:
        """Forget what was inferred."""
        self.limit: int | None = None
        self._timeout = 0.0
        self._limited_at = -math.inf
        self._answered_at_limit = 0

    def is_full(self, in_flight: int) -> bool:
        """Whether one more call has to wait until one ends."""
        return self.limit is not None and in_flight >= self.limit

    def on_answered(self, sent: SentRequest, now: float) -> None:
        """Note that a call has ended well."""
        self._answered.append(_Answered(sent.sent_at, now))
        if self.limit is None:
            return
        self._answered_at_limit += 1
        if self._answered_at_limit < self.limit:
            return
        latest = list(self._answered)[-self.limit :]
        longest_next = max(call.seconds for call in latest) * (self.limit + 1) / self.limit
        if longest_next <= _LONGEST_WAIT * self._timeout:
            self.limit += 1
            self._answered_at_limit = 0

    def on_no_connection(self, connected: int, seconds: float, now: float) -> None:
        """Note that a call was not connected in time, while others were: a server that does one
        thing at a time takes only so many (`listen(2)`, its backlog).

        Parameters
        ----------
        connected
            How many others were.
        seconds
            How long the call has waited.
        now
        """
        possible = max(1, connected)
        self.limit = min(self.limit or possible, possible)
        self._limited_at = now
        self._timeout = seconds
        self._answered_at_limit = 0

    def on_timeout(self, sent: SentRequest, now: float) -> bool:
        """Note that a call got no data for too long; return whether it only waited for others."""
        if sent.sent_at < self._limited_at:
            return True  # with more others than may be sent now
        seconds = now - sent.sent_at
        meanwhile = [call for call in self._answered if call.ended_at > sent.sent_at]
        latest_in_turn = sent.sent_at + _SAME_TURN * seconds
        # One that others overtake was not in the queue: it is lost.
        if not meanwhile or any(call.sent_at > latest_in_turn for call in meanwhile):
            return False
        possible = max(1, len(meanwhile) // 2)
        self.limit = min(self.limit or possible, possible)
        self._limited_at = now
        self._timeout = seconds
        self._answered_at_limit = 0
        return True
