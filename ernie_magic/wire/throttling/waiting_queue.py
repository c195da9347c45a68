"""Calls that wait for their turn, in the order in which they were made."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TICKETS = itertools.count()


@dataclass
class QueueTicket:
    """A call's turn in the queue: one that was refused keeps it.

    Attributes
    ----------
    number : int
    retries : int
        Refusals so far that only meant that others came before it.
    timeouts : int
        How often it got no data in time.
    """

    number: int = field(default_factory=lambda: next(_TICKETS))
    retries: int = 0
    timeouts: int = 0


@dataclass
class Waiter:
    """A call that waits for its turn.

    Attributes
    ----------
    woken : asyncio.Future
        Done when the call must look again.
    reported_until : float
        The time until which it has reported that it waits.
    has_left : bool
    """

    woken: asyncio.Future[None]
    reported_until: float = 0.0
    has_left: bool = False


class WaitingQueue:
    """The calls that wait; those that have left are dropped when they become the first."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Waiter]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    async def wait(
        self,
        ticket: QueueTicket,
        seconds_to_wait: Callable[[], float],
        on_wait: Callable[[Waiter], object],
    ) -> None:
        """Wait until a call is the first and has no time left to wait.

        Parameters
        ----------
        ticket
            The call's turn.
        seconds_to_wait
            Returns how long the first call must wait from now on.
        on_wait
            Called before each wait of the first call.
        """
        loop = asyncio.get_running_loop()
        waiter = Waiter(loop.create_future())
        heapq.heappush(self._waiting, (ticket.number, waiter))
        try:
            while True:
                seconds = None
                if self._first() is waiter:
                    seconds = seconds_to_wait()
                    if seconds <= 0:
                        return
                    on_wait(waiter)
                await asyncio.wait((waiter.woken,), timeout=seconds)
                if waiter.woken.done():
                    waiter.woken = loop.create_future()
        finally:
            waiter.has_left = True
            self.wake_first()

    def wake_first(self) -> None:
        """Let the first call look again."""
        first = self._first()
        if first is not None and not first.woken.done():
            first.woken.set_result(None)

    def _first(self) -> Waiter | None:
        while self._waiting and self._waiting[0][1].has_left:
            heapq.heappop(self._waiting)
        if self._waiting:
            return self._waiting[0][1]
        return None
