"""How fast a service takes calls, where it says no more than 429 or 503: inferred from what it
refuses.

A refusal may mean too many calls at the same time, or too many within some time. What is in flight
is reduced first, and raised again one by one, as TCP does (RFC 5681). If calls are refused with far
fewer in flight than were taken before, or one more is taken though none has ended, their number is
not what is limited. Then one call at a time is tried, at growing intervals, until one is taken;
what was taken before shows how many within which time are allowed (`AllowedSpan`).

Some services count the calls that they refuse as well, as OpenAI's does
(https://platform.openai.com/docs/guides/rate-limits): then each try keeps the service
closed, and what a block showed is refused at once. So one span is waited without any try, and
refused calls count as taken, unless that is refused again.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from itertools import takewhile

from ernie_magic.wire.throttling.allowed_span import AllowedSpan, Block, SentRequest, Trial

_REMEMBERED_CALLS = 4096  # more than services allow a minute without telling it by headers
# Without a refusal for so many seconds, and so many spans, nothing that was inferred holds.
_FORGET_SECONDS = 60.0
_FORGET_SPANS = 10
_FORGET_SPANS_OF_COUNTED = 50  # where refused calls count: to learn it again costs two spans
# Seconds until the next try after a first and a second refusal in a row: a service may take so long
# to notice that a call has ended.
_LAG_HOLDS = (0.005, 0.025)
# Seconds between the tries of a block. They grow: that a minute's requests are used up takes 25
# tries, and the last of them comes at most a fourth too late.
_FIRST_HOLD = 0.02
_HOLD_GROWTH = 1.25
_LONGEST_HOLD = 64.0
# And where no limit explains the block: calls wait between their attempts (`retry`).
_BRIEF_HOLD = 1.0
_MANY_TRIES = 6  # of a block: if refused calls count, so many prolong it
# Seconds after which one call more than the window is tried.
_FIRST_PROBE = 0.1
_PROBE_GROWTH = 1.5
_LONGEST_PROBE = 16.0
# A probe whose refusal closes the service for some seconds is made so many times more rarely, and
# what was inferred holds until after the next one.
_COST_FACTOR = 16
_COST_MEMORY = 2 * _COST_FACTOR
# A call counts as taken if it is not refused within so many times what the last refusal took.
_JUDGEMENT_FACTOR = 3
_JUDGEMENT_DECAY = 0.95
_SHORTEST_JUDGEMENT, _LONGEST_JUDGEMENT = 0.03, 1.0  # seconds


def part_without_tries(taken: int) -> float:
    """Return the part of a block's time that it would have lasted without tries, where a service
    counts these too: it takes none until the last `taken` of them are further apart than its span.
    """
    return 1 - _HOLD_GROWTH ** -max(1, taken)


class Congestion:
    """What a service takes at once, and within some time, as far as its refusals show.

    Attributes
    ----------
    window : int | None
        Calls at the same time; None while that was not seen to be limited.
    span : AllowedSpan | None
        Calls within some time; None while that was not seen to be limited.
    """

    def __init__(self) -> None:
        self._taken: deque[SentRequest] = deque(maxlen=_REMEMBERED_CALLS)
        self.reset()

    def reset(self) -> None:
        """Forget what was inferred."""
        self.window: int | None = None
        self.span: AllowedSpan | None = None
        self._refused_at = self._burst_refused_at = -math.inf
        self._judgement = _SHORTEST_JUDGEMENT
        self._cost = 0.0
        self._is_widened = False  # the span, since a call was taken
        self._held_until = -math.inf
        self._trial: Trial | None = None
        self._refused_in_a_row = 0
        self._closed_since = math.inf  # the first refusal since a call was sent that was taken
        self._is_unchanged = False  # what is in flight, since the latest refusal
        self._probe_at = math.inf
        self._probe_wait = _FIRST_PROBE
        self._block: Block | None = None
        self._block_ended_at = -math.inf
        self._block_seconds = 0.0
        self._block_tries = 0
        self._counts_refusals: bool | None = None  # None while that is not known
        self._quiet_until = -math.inf
        self._span_before_quiet: AllowedSpan | None = None

    def seconds_to_wait(self, now: float, in_flight: int) -> float:
        """Return the seconds until one more call may be sent, unless one ends before."""
        self._forget_old(now)
        self._judge(now)
        if self._trial is not None:
            return self._judged_at(self._trial) - now
        ready_at = self._held_until
        if self.window is not None and in_flight >= self.window:
            ready_at = max(ready_at, self._probe_at)
        return max(0.0, ready_at - now, self._seconds_until_span_opens(now))

    def seconds_until_tried(self, now: float) -> float:
        """Return the seconds until a call may be sent that waits for nothing but time."""
        return max(0.0, self._held_until - now, self._seconds_until_span_opens(now))

    def on_sent(self, sent: SentRequest, in_flight: int) -> None:
        """Note that a call is sent; `in_flight` counts it."""
        if self._block is not None:
            self._trial = Trial(sent, self._end_block, self._prolong_block)
        elif self.window is not None and in_flight > self.window:
            self._trial = Trial(sent, self._raise_window, self._probe_later)
        else:
            self._is_unchanged = False
            if self.span is not None:
                self._trial = self.span.begin_trial(sent, self._taken)
        self._taken.append(sent)

    def on_accepted(self, sent: SentRequest, now: float) -> None:
        """Note that a call has ended well."""
        if self._trial is not None and sent is self._trial.sent:
            self._accept_trial(self._trial)
        self._is_unchanged = False
        self._judge(now)
        if sent.sent_at >= self._burst_refused_at:
            self._refused_in_a_row = 0
            self._is_widened = False
        if sent.sent_at >= self._closed_since:
            self._closed_since = math.inf

    def on_refused(
        self,
        sent: SentRequest,
        now: float,
        in_flight: int,
        *,
        retry_after: float = 0.0,
        is_rate: bool = False,
    ) -> None:
        """Note a refusal.

        Parameters
        ----------
        in_flight
            How many others are.
        retry_after
            The seconds without a call that it costs.
        is_rate
            Whether the service says that it counts calls within some time.
        """
        # Those of one burst are one refusal: they were sent before the first of them came back.
        is_new = sent.sent_at >= self._burst_refused_at
        if is_new:
            self._burst_refused_at = now
        self._refused_at = now
        self._closed_since = min(self._closed_since, now)
        self._keep_cost(retry_after)
        self._is_unchanged = True
        judgement = max(
            _JUDGEMENT_FACTOR * (now - sent.sent_at),
            _JUDGEMENT_DECAY * self._judgement,
            _SHORTEST_JUDGEMENT,
        )
        self._judgement = min(judgement, _LONGEST_JUDGEMENT)
        if sent in self._taken and not self._counts_refusals:
            self._taken.remove(sent)
        if self._trial is not None:
            # Whichever was refused: calls overtake one another on their way.
            trial = self._trial
            self._trial = None
            trial.on_refused(now)
        elif self._block is not None:
            pass
        elif self.span is not None or is_rate:
            if is_new:
                self._refuse_within_span(now)
        elif retry_after > _LAG_HOLDS[-1] and not in_flight and self._taken:
            # After such a wait the next is taken, so there is no row of refusals to wait for.
            self._begin_block(now)
        elif is_new:
            self._refuse_at_once(now, in_flight)
        elif in_flight:
            # Sent before it was known that there were too many.
            self._lower_window(now, in_flight)

    def _keep_cost(self, retry_after: float) -> None:
        self._cost = retry_after
        if self.span is not None:
            self.span.cost = retry_after

    def count_taken_since(self, moment: float) -> int:
        """Return how many calls were taken that were sent after a moment."""
        return sum(1 for _ in takewhile(lambda call: call.sent_at > moment, reversed(self._taken)))

    def hold_briefly(self, now: float) -> None:
        """Let the next call of a block be tried soon: it lasts longer than any limit explains."""
        if self._block is not None and not self._counts_refusals:
            self._held_until = min(self._held_until, now + _BRIEF_HOLD)

    def _forget_old(self, now: float) -> None:
        memory = max(_FORGET_SECONDS, _COST_MEMORY * self._cost)
        if self.span is not None:
            spans = _FORGET_SPANS
            if self._counts_refusals:
                spans = _FORGET_SPANS_OF_COUNTED
            memory = max(memory, spans * self.span.longest)
        if -math.inf < self._refused_at < now - memory:
            self.reset()

    def _judge(self, now: float) -> None:
        """Take a trial for accepted that was not refused for long enough."""
        if self._trial is not None and now >= self._judged_at(self._trial):
            self._accept_trial(self._trial)

    def _judged_at(self, trial: Trial) -> float:
        return trial.sent.sent_at + self._judgement

    def _accept_trial(self, trial: Trial) -> None:
        self._trial = None
        trial.on_accepted(trial.sent.sent_at)

    # --- calls at once ----------------------------------------------------------------------------

    def _refuse_at_once(self, now: float, in_flight: int) -> None:
        self._refused_in_a_row += 1
        if self.window is None and in_flight:
            self._lower_window(now, in_flight)
        if self._refused_in_a_row <= len(_LAG_HOLDS):
            self._held_until = now + _LAG_HOLDS[self._refused_in_a_row - 1]
        elif in_flight == 0 or 2 * in_flight < (self.window or 0):
            self._begin_block(now)
        else:
            self._lower_window(now, in_flight)

    def _lower_window(self, now: float, in_flight: int) -> None:
        self.window = min(self.window or in_flight, in_flight)
        self._probe_at = now + self._probe_wait

    def _raise_window(self, now: float) -> None:
        if self.window is None:
            return
        if self._is_unchanged:
            # None has ended, and one more is taken: it is not their number that is limited. What
            # was in flight before may have been refused long ago.
            self._closed_since = math.inf
            self._begin_block(self._burst_refused_at)
            self._end_block(now)
        else:
            self.window += 1
            self._probe_at = now

    def _probe_later(self, now: float) -> None:
        probe_wait = min(_PROBE_GROWTH * self._probe_wait, _LONGEST_PROBE)
        self._probe_wait = max(probe_wait, _COST_FACTOR * self._cost)
        self._probe_at = now + self._probe_wait

    # --- calls within some time -------------------------------------------------------------------

    def _seconds_until_span_opens(self, now: float) -> float:
        if self.span is None or self._block is not None:
            return 0.0
        return max(0.0, self.span.opens_at(self._taken) - now)

    def _refuse_within_span(self, now: float) -> None:
        if self.span is not None and self.span.take_back_extra():
            self._held_until = now + _FIRST_HOLD
        elif self.span is not None and self._may_count_refusals(now, self.span):
            self._begin_quiet(now, self.span)
        elif self.span is not None and self.span.cost and not self._is_widened:
            # To measure it anew would cost several such waits.
            self._is_widened = True
            self.span.widen()
        else:
            self._begin_block(now)

    def _may_count_refusals(self, now: float, span: AllowedSpan) -> bool:
        """Whether the service may count refused calls: it refuses what a block has just shown."""
        if self._counts_refusals is None:
            # A short block has few tries that could count, as one whose end the service told.
            was_long = 2 * self._block_seconds >= span.longest and self._block_tries >= _MANY_TRIES
            return was_long and now - self._block_ended_at <= span.longest
        if self._counts_refusals and now - self._quiet_until <= span.longest:
            self._counts_refusals = False  # also after a span without any call
            self.span = self._span_before_quiet
        elif self._counts_refusals:
            span.widen()
        return self._counts_refusals

    def _begin_quiet(self, now: float, span: AllowedSpan) -> None:
        self._span_before_quiet = replace(span)
        self._quiet_until = self._held_until = now + span.longest
        if not self._counts_refusals:
            # The tries of the block from which its length is known prolonged that, and the last two
            # of them came too late.
            span.shortest = part_without_tries(span.requests) * span.longest / _HOLD_GROWTH**2
        self._counts_refusals = True

    def _begin_block(self, now: float) -> None:
        self.window = None
        self._block = Block(now, now, _FIRST_HOLD, min(self._closed_since, now))
        self._held_until = now + _FIRST_HOLD

    def _prolong_block(self, now: float) -> None:
        assert self._block is not None  # noqa: S101
        self._block.refused_at = now
        self._block.tries += 1
        self._block.hold = min(_HOLD_GROWTH * self._block.hold, _LONGEST_HOLD)
        self._held_until = now + self._block.hold

    def _end_block(self, taken_at: float) -> None:
        assert self._block is not None  # noqa: S101
        block = self._block
        self._block = None
        self._closed_since = math.inf
        self._held_until = taken_at
        self._block_seconds = taken_at - block.began_at
        self._block_tries = block.tries
        calls = list(self._taken)[:-1]  # without the one that was taken now
        if self.span is not None and self.span.lengthen(calls, block, taken_at):
            return
        measured = AllowedSpan.measure(calls, self._block_ended_at, block, taken_at)
        self.span = measured or self.span
        self._keep_cost(self._cost)
        self._block_ended_at = taken_at
