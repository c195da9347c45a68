"""Interrupts in a kernel: which cell is running, and what Stop ends while that cell waits for a
call.

Outside a kernel nothing here has an effect.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

# Which cell a coroutine belongs to: tasks that a cell makes have a copy of its context.
_MINE: ContextVar[int] = ContextVar("ernie_magic_cell", default=0)
_EDGES = ("contextlib", __name__)  # modules whose code enters and leaves our blocks
_AGAIN = 0.03  # seconds after which a lost interrupt is sent again


class Cells:
    """Which cell of a kernel is running (the extension reports it); 0 between cells, and where no
    extension is loaded.
    """

    def __init__(self) -> None:
        self.running = 0
        self.depth = 0
        self._count = 0

    def enter_cell(self) -> None:
        """Note that a cell begins; one that another cell runs belongs to that cell."""
        if self.depth == 0:
            self._count += 1
            self.running = self._count
            _MINE.set(self.running)
        self.depth += 1

    def leave_cell(self) -> None:
        """Note that a cell ends; the one that loads the extension may not have been seen to
        begin.
        """
        self.depth = max(0, self.depth - 1)
        if self.depth == 0:
            self.running = 0

    def belongs_to_running_cell(self) -> bool:
        """Whether the calling code was started by the running cell."""
        return _MINE.get() == self.running


# A process has one kernel and one SIGINT handler, so there is one of each.
CELLS = Cells()


class Cancellable(Protocol):
    """What an interrupt ends: a call."""

    interrupted: bool

    def cancel(self) -> None:
        """Ask it to end."""


class Interrupts:
    """While coroutines of a kernel's cell wait for calls, let an interrupt cancel those calls.

    ipykernel's own handler does not wake a waiting loop (measured: a stalled top-level `await`
    ignores an interrupt for 8 s and more), so waiting calls bring their own. There is one handler
    for all of them, because overlapping calls (asyncio.gather) end in any order. Outside a kernel's
    main thread nothing is changed, nor for tasks of an earlier cell: an interrupt is for the
    running cell.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Cancellable, Callable[[], object]]] = []
        self._before: Any = None

    @staticmethod
    def _is_cell_thread() -> bool:
        return (
            "ipykernel" in sys.modules
            and threading.current_thread() is threading.main_thread()
            and CELLS.belongs_to_running_cell()
        )

    @contextmanager
    def cancel_on_interrupt(
        self,
        call: Cancellable,
        also: Callable[[], object] = lambda: None,
    ) -> Iterator[None]:
        """Within this block an interrupt cancels `call`, sets `call.interrupted`, and runs the
        other given functions.
        """
        if not self._is_cell_thread():
            yield
            return
        waiting = (call, also)
        if not self._waiting:
            self._before = signal.getsignal(signal.SIGINT)
        # In this order: our handler is never there without a call to cancel.
        try:
            self._waiting.append(waiting)
            if self._waiting == [waiting]:
                signal.signal(signal.SIGINT, self._cancel_waiting_calls)
            yield
        finally:
            if self._waiting == [waiting]:
                signal.signal(signal.SIGINT, self._before)
            with suppress(ValueError):  # an interrupt came before it was there
                self._waiting.remove(waiting)

    @contextmanager
    def raise_on_interrupt(self, call: Cancellable) -> Iterator[None]:
        """Within this block, which is plain code inside an awaiting cell, an interrupt is a
        KeyboardInterrupt, and ends `call`.

        ipykernel only cancels such a cell's task, which plain code does not notice (a tool that
        slept ran to its end).
        """
        if not self._is_cell_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            yield
        except KeyboardInterrupt:
            call.interrupted = True
            call.cancel()
            raise
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def repeat_lost_interrupts(self, call: Cancellable) -> Iterator[None]:
        """Like `raise_on_interrupt`, for our own code: an interrupt that is lost is sent again.

        CPython drops an exception that is raised inside a weak reference's callback or a `__del__`.
        Where much is allocated, an interrupt often waits for the garbage collector, after which
        such a callback is the first code to run.
        """
        if not self._is_cell_thread():
            yield
            return
        stopped = False
        is_left = False
        resending = threading.Lock()

        def resend_interrupt() -> None:
            while True:
                time.sleep(_AGAIN)
                with resending:  # none is sent once the handler is not ours
                    if is_left:
                        return
                    _thread.interrupt_main()

        def handle_interrupt(_number: int, frame: FrameType | None) -> None:
            nonlocal stopped
            if not stopped:
                stopped = call.interrupted = True
                call.cancel()
                threading.Thread(target=resend_interrupt, daemon=True).start()
            if not is_left and not _is_at_an_edge(frame):
                raise KeyboardInterrupt

        before = signal.getsignal(signal.SIGINT)
        try:
            signal.signal(signal.SIGINT, handle_interrupt)
            yield
        finally:
            is_left = True  # one step, and from here on the handler raises nothing
            with resending:
                signal.signal(signal.SIGINT, before)
        if stopped:
            raise KeyboardInterrupt

    def _cancel_waiting_calls(self, _number: int, _frame: object) -> None:
        for call, also in self._waiting:
            call.interrupted = True
            call.cancel()
            also()


def _is_at_an_edge(frame: FrameType | None) -> bool:
    """Whether the code that an interrupt meets enters or leaves a block.

    Raised there, it would leave the block's generator waiting, and so the handler in its place
    (https://github.com/python/cpython/issues/74174).
    """
    return frame is not None and frame.f_globals.get("__name__") in _EDGES


INTERRUPTS = Interrupts()


def runs_the_cell() -> bool:
    """Whether the current task is the one in which IPython runs a cell (`run_cell_async`), not one
    that the cell made.
    """
    import asyncio  # a shell without a kernel has not loaded it: it is not for loading us to do

    task = asyncio.current_task()
    return task is not None and getattr(task.get_coro(), "__name__", "") == "run_cell_async"
