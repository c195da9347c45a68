"""Interrupts: which cell is running, and what Stop or Ctrl-C ends while it waits for a call."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Iterator
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


class _Waiting(NamedTuple):
    """A call that a coroutine waits for, what else an interrupt does, and the cell that asked."""

    call: Cancellable
    also: Callable[[], object]
    cell: int


class Interrupts:
    """While coroutines wait for calls, let an interrupt cancel those calls.

    ipykernel's own handler does not wake a waiting loop (measured: a stalled top-level `await`
    ignores an interrupt for 8 s and more), and Python's own leaves the loop by KeyboardInterrupt,
    with the task in it neither done nor cancelled: the call would continue, and be paid for. So
    waiting calls bring their own. There is one handler for all of them, because overlapping calls
    (asyncio.gather) end in any order. Outside the main thread nothing is changed, nor where a
    program has a handler of its own, nor for tasks of an earlier cell: an interrupt is for the
    running cell.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._before: Any = None

    @staticmethod
    def _is_cell_thread() -> bool:
        return _is_kernel() and _is_running_in_main_thread()

    def _handles_interrupts(self) -> bool:
        if not _is_running_in_main_thread():
            return False
        # `asyncio.run` has a handler that cancels its task, which ends the call.
        own = (signal.default_int_handler, self._cancel_waiting_calls)
        return _is_kernel() or signal.getsignal(signal.SIGINT) in own

    @contextmanager
    def cancel_on_interrupt(
        self,
        call: Cancellable,
        also: Callable[[], object] = lambda: None,
    ) -> Iterator[None]:
        """Within this block an interrupt cancels `call`, sets `call.interrupted`, and runs the
        other given functions.
        """
        if not self._handles_interrupts():
            yield
            return
        waiting = _Waiting(call, also, CELLS.running)
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

    def _cancel_waiting_calls(self, number: int, frame: FrameType | None) -> None:
        waiting = [each for each in self._waiting if _is_interrupted(each)]
        for call, also, _ in waiting:
            call.interrupted = True
            call.cancel()
            also()
        if not (waiting and _runs_in_a_shell()):
            # This leaves the loop: nothing there will put the handler back.
            self._waiting.clear()
            signal.signal(signal.SIGINT, self._before)
            if callable(self._before):
                self._before(number, frame)


def _is_kernel() -> bool:
    return "ipykernel" in sys.modules


def _is_running_in_main_thread() -> bool:
    """Whether this is the main thread, and the calling code belongs to the cell that runs there."""
    return threading.current_thread() is threading.main_thread() and CELLS.belongs_to_running_cell()


def _is_interrupted(waiting: _Waiting) -> bool:
    """Whether an interrupt that comes now is for a waiting call: in a terminal, those of an earlier
    cell wait in a loop that runs only while a cell awaits.
    """
    return _is_kernel() or (waiting.cell == CELLS.running and _get_running_tasks() is not None)


def _runs_in_a_shell() -> bool:
    """Whether a cell runs in the loop of this thread: it ends when what it awaits has ended."""
    return _is_kernel() or any(map(_is_of_a_cell, _get_running_tasks() or ()))


def _get_running_tasks() -> Collection[asyncio.Task[Any]] | None:
    """Return the tasks of the loop that runs in this thread; None when none runs."""
    import asyncio  # as in `runs_the_cell`

    try:
        return asyncio.all_tasks()
    except RuntimeError:
        return None


def _is_of_a_cell(task: asyncio.Task[Any]) -> bool:
    """Whether it is a task in which IPython runs a cell."""
    return getattr(task.get_coro(), "__name__", "") == "run_cell_async"


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
    return task is not None and _is_of_a_cell(task)
