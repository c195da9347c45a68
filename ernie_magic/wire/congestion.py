"""How fast a service takes calls, where it says no more than 429: inferred from what it refuses.

A refusal may mean too many calls at once, or too many a second. What is in flight is reduced first
and raised again step by step, as TCP does (additive increase, multiplicative decrease: RFC 5681).
If calls are refused with nothing else in flight, the number in flight is not the limit: then calls
are sent evenly, at the rate that the service was seen to take.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_FORGET = 60.0  # seconds without a refusal after which nothing of this holds any more
# Seconds a service may take to notice that a call has ended: a call that it refuses is sent again
# after the first, then after the second.
_LAGS = (0.005, 0.025)
_FIRST_HOLD = 0.05  # seconds after a first refusal of a rate that is not known yet
_HOLD_GROWTH = 1.3
_HOLD_SHARE = 0.25  # of the time between two calls: the hold after a first refusal at a known rate
_BLOCKED = 4  # refusals in a row after which the rate is what was measured
_LONGEST_HOLD = 60.0
_FIRST_PROBE = 0.25  # seconds after which one call more than the window is tried
_PROBE_GROWTH = 1.5
_LONGEST_PROBE = 16.0
_SHORTEST_JUDGEMENT, _LONGEST_JUDGEMENT = 0.03, 0.5  # seconds: not refused by then is accepted
_IDLE = 1.0  # seconds without a call: a rate is measured anew
_REMEMBERED = 512  # calls from which a rate is measured
_EVENNESS = 0.9  # of the time between two calls is always kept
_CAUTION = 0.985  # of the rate that was measured
# The rate grows by this part with each call, twice as fast after every so many without a refusal.
_SLOW_GROWTH, _FAST_GROWTH, _DOUBLING = 0.002, 0.05, 10


@dataclass(eq=False)
class SentRequest:
    """A request that was sent, or other programs' that the service reported.

    Attributes
    ----------
    sent_at : float
        `time.monotonic()`.
    tokens, requests : int
    refused : bool
    """

    sent_at: float
    tokens: int
    requests: int = 1
    refused: bool = False


class Congestion:
    """What a service takes at once and each second, as far as its refusals show.

    Times are `time.monotonic()`.

    Attributes
    ----------
    window : int | None
        Calls at the same time; None while that was not seen to be limited.
    rate : float | None
        Calls a second; None while that was not seen to be limited.
    refused_in_a_row : int
        Refusals since a call was accepted, a burst counted once.
    """

    def __init__(self) -> None:
        self._recent: deque[SentRequest] = deque(maxlen=_REMEMBERED)
        self._burst_began = self._last_sent = -math.inf
        self.reset()

    def reset(self) -> None:
        """Forget what was inferred."""
        self.window: int | None = None
        self.rate: float | None = None
        self.refused_in_a_row = 0
        self._refused_at: float | None = None
        self._accepted_at = -math.inf
        self._judgement = _SHORTEST_JUDGEMENT
        self._held_until = self._next_paced = 0.0
        self._hold = 0.0
        self._first_refused_at = -math.inf  # of the latest burst
        # Of the window.
        self._ceiling: int | None = None
        self._proven, self._floor = 0, 1
        self._patience = self._successes = 0
        self._has_ended = False  # a call, since the latest refusal
        self._is_steady = False
        self._lag: float | None = None  # seconds that the latest burst is put down to
        self._probe: SentRequest | None = None
        self._probe_at, self._probe_wait = math.inf, _FIRST_PROBE
        # Of the rate.
        self._paced = False
        self._growth = _FAST_GROWTH
        self._unrefused = 0
        self._round_began: float | None = None
        self._trial: SentRequest | None = None

    @property
    def is_free(self) -> bool:
        """Whether no refusal has been seen lately."""
        return self._refused_at is None

    def seconds_to_wait(self, now: float, in_flight: int) -> float:
        """Return the seconds until one more call may be sent, unless one ends before."""
        if self._refused_at is None:
            return 0.0
        if now - self._refused_at > _FORGET:
            self.reset()
            return 0.0
        self._judge(now)
        ready = self._held_until
        if self._paced:
            ready = max(ready, self._next_paced)
        elif self.window is not None and in_flight >= self.window:
            ready = max(ready, self._probe_at)
        return max(0.0, ready - now)

    def seconds_until_paced(self, now: float) -> float:
        """Return the seconds until the rate allows a call; 0 where no rate is known."""
        if not self._paced:
            return 0.0
        return max(0.0, max(self._held_until, self._next_paced) - now)

    def on_sent(self, sent: SentRequest, in_flight: int) -> None:
        """Note that a call is sent; `in_flight` counts it."""
        now = sent.sent_at
        if in_flight == 1 and now - max(self._last_sent, self._held_until) > _IDLE:
            self._burst_began = now
            self._round_began = None
        self._last_sent = now
        self._recent.append(sent)
        if self._refused_at is None:
            return
        if self._paced and self.rate is None:
            # No rate is known: one call at a time, until one is accepted.
            self._trial, self._held_until = sent, now + self._judgement
        elif self._paced:
            assert self.rate is not None  # noqa: S101
            # A call that was sent late does not make the next one as much earlier.
            self._next_paced = max(now + _EVENNESS / self.rate, self._next_paced + 1 / self.rate)
            self._raise_rate()
            if self.refused_in_a_row and self._trial is None:
                self._trial = sent
        elif self.window is not None and in_flight > self.window:
            self._probe, self._probe_at = sent, now + self._judgement

    def on_accepted(self, sent: SentRequest, now: float, in_flight: int) -> None:
        """Note that a call has ended well; `in_flight` counts the others."""
        self._accepted_at = now
        if self._refused_at is None:
            return
        self._judge(now)
        if sent is self._trial:
            self._accept_trial()
        if sent is self._probe:
            self._accept_probe(now)
        self._has_ended = True
        if not self._paced:
            self.refused_in_a_row = 0
            if self.window is not None:
                self._raise_window(now, in_flight)

    def on_refused(
        self,
        sent: SentRequest,
        now: float,
        in_flight: int,
        *,
        per_second: bool = False,
    ) -> None:
        """Note a refusal.

        Parameters
        ----------
        in_flight
            How many others are.
        per_second
            Whether the service says that it counts by the second.
        """
        sent.refused = True
        latency = min(3 * (now - sent.sent_at), 2 * self._judgement)
        self._judgement = min(max(latency, _SHORTEST_JUDGEMENT), _LONGEST_JUDGEMENT)
        before, self._refused_at = self._refused_at, now
        # Those of one burst are one refusal: they were sent before the first of them came back.
        is_new = before is None or sent.sent_at >= max(self._held_until, self._first_refused_at)
        if is_new:
            self._first_refused_at = now
            self.refused_in_a_row += 1
        if sent is self._trial:
            self._trial = None
        if per_second and not self._paced:
            self._start_pacing(now)
        elif self._paced:
            if is_new:
                self._refuse_paced(now)
        else:
            self._lower_window(sent, now, in_flight, is_new=is_new)

    # --- calls at once ----------------------------------------------------------------------------

    def _lower_window(self, sent: SentRequest, now: float, in_flight: int, *, is_new: bool) -> None:
        if sent is self._probe:
            self._probe = None
            self._probe_wait = min(_PROBE_GROWTH * self._probe_wait, _LONGEST_PROBE)
            self._probe_at = now + self._probe_wait
            return
        if is_new:
            # As many were accepted before: a call that has ended may not be noticed at once.
            self._lag = None
            if in_flight < max(1, self._proven) and self.refused_in_a_row <= len(_LAGS):
                self._lag = _LAGS[self.refused_in_a_row - 1]
            self._is_steady = self.window is not None
            # What was accepted before is not given up for what is refused beyond it.
            self._floor = 1
            if in_flight >= self._proven > 0:
                self._floor = self._proven
        if self._lag is not None:
            # Its stragglers too, whatever was accepted in between.
            self._held_until = max(self._held_until, now + self._lag)
            return
        if is_new and in_flight == 0 and self._accepted_at > -math.inf:
            self._start_pacing(now)
            return
        self._has_ended = False
        self.window = min(max(self._floor, in_flight), self.window or in_flight + 1)
        if self._is_steady:
            if self._ceiling == self.window:
                self._patience = min(2 * self._patience, _REMEMBERED)
            elif is_new:
                self._patience = self.window
            self._ceiling = self.window
        self._proven = min(self._proven, self.window)
        self._successes = 0
        self._probe_at = now + self._probe_wait

    def _raise_window(self, now: float, in_flight: int) -> None:
        assert self.window is not None  # noqa: S101
        was_in_flight = in_flight + 1
        assert self._refused_at is not None  # noqa: S101
        is_settled = self._last_sent < self._refused_at or now - self._last_sent > self._judgement
        if is_settled and was_in_flight > self._proven:
            self._proven = was_in_flight
        if was_in_flight < self.window:
            return  # not used: what a larger one would do is unknown
        self._successes += 1
        if self._ceiling is None or self.window < self._ceiling:
            self.window += 1
        elif self._successes > self._patience:
            self.window += 1
            self._successes = 0

    def _accept_probe(self, now: float) -> None:
        self._probe = None
        if self.window is None:
            return
        self.window += 1
        self._probe_at = now
        if not self._has_ended:
            # None has ended, and one more is taken: it is not their number that is limited.
            self._start_pacing(now)
            self._accept_trial(now)

    # --- calls a second ---------------------------------------------------------------------------

    def _start_pacing(self, now: float) -> None:
        self._paced, self.window, self._probe = True, None, None
        self._round_began = self._burst_began
        self._hold = _FIRST_HOLD
        self._held_until = now + self._hold

    def _refuse_paced(self, now: float) -> None:
        if self.rate is not None:
            self.rate *= _CAUTION
            self._growth, self._unrefused = _SLOW_GROWTH, 0
        if self.refused_in_a_row == 1 and self.rate is not None:
            self._hold = _HOLD_SHARE / self.rate
        else:
            self._hold = min(self._hold * _HOLD_GROWTH, _LONGEST_HOLD)
        self._held_until = now + self._hold

    def _judge(self, now: float) -> None:
        """What was not refused for long enough is accepted."""
        if self._trial is not None and now - self._trial.sent_at >= self._judgement:
            self._accept_trial()
        if self._probe is not None and now - self._probe.sent_at >= self._judgement:
            self._accept_probe(now)

    def _accept_trial(self, now: float | None = None) -> None:
        """Measure the rate: what was accepted from one end of refusals to the next."""
        if self._trial is not None:
            now = self._trial.sent_at
            self._trial = None
        assert now is not None  # noqa: S101
        refused, self.refused_in_a_row = self.refused_in_a_row, 0
        began, self._round_began = self._round_began, now
        self._held_until = min(self._held_until, now)
        if began is not None and now > began:
            accepted = sum(
                not sent.refused and began <= sent.sent_at < now for sent in self._recent
            )
            measured = max(accepted, 1) / (now - began) * _CAUTION
            if self.rate is None:
                self.rate = measured
            if refused >= _BLOCKED:
                self.rate = min(self.rate, measured)
        if self.rate is not None:
            self._next_paced = now + 1 / self.rate

    def _raise_rate(self) -> None:
        if self.rate is None or self.refused_in_a_row:
            return
        self._unrefused += 1
        if self._unrefused % _DOUBLING == 0:
            self._growth = min(2 * self._growth, _FAST_GROWTH)
        self.rate *= 1 + self._growth
