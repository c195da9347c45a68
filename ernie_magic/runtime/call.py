"""A call: work on the I/O thread that emits items while it runs, and the two ways in which a caller
reads them, from a plain thread or from another loop.
"""

from __future__ import annotations

import asyncio
import math
import queue
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from ernie_magic.errors import ErnieError, forget_frames, stop_error
from ernie_magic.runtime.interrupts import INTERRUPTS
from ernie_magic.runtime.io_thread import IO, wake_loop
from ernie_magic.text.language import system_language

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator

Item = TypeVar("Item")
ResultT = TypeVar("ResultT")
_CLOSING_TIME = 1.0  # seconds in which a cancelled task closes its connection


def everything(_item: object) -> bool:
    """Whether an item wakes a reader that does not say what it awaits."""
    return True


def never_due() -> float | None:
    """When a reader that only awaits items wants an empty batch."""
    return None


class _ReaderCallbacks(NamedTuple):
    """How a reader of a call learns of new items, and of the end."""

    wake: Callable[[], None]
    ended: Callable[[], None]
    awaits: Callable[[Any], bool]


class Call(Generic[Item, ResultT]):
    """One piece of work on the I/O thread that emits items while it runs. Any number of readers may
    read it, each from the beginning.

    Parameters
    ----------
    work
        Called on the I/O thread with `emit`, and awaited. It turns its own cancellation into a
        result (what it has so far).
    """

    def __init__(self, work: Callable[[Callable[[Item], None]], Awaitable[ResultT]]) -> None:
        self._items: list[Item] = []
        self._readers: list[_ReaderCallbacks] = []
        self._outcome: Future[ResultT] = Future()
        self._task: asyncio.Task[None] | None = None
        self._cancel_again = 0.0  # when, by `time.monotonic`, a cancellation is not a repetition
        self.interrupted = False
        self._is_stopping = False
        self._loop = IO.running_loop()
        self._loop.call_soon_threadsafe(self._start_task, work)

    def _start_task(self, work: Callable[[Callable[[Item], None]], Awaitable[ResultT]]) -> None:
        self._task = self._loop.create_task(self._run_work(work))
        self._task.add_done_callback(self._settle_outcome)

    async def _run_work(self, work: Callable[[Callable[[Item], None]], Awaitable[ResultT]]) -> None:
        try:
            result = await work(self._emit_item)
        except asyncio.CancelledError:
            self._outcome.set_exception(stop_error(None, system_language()))
        except ErnieError as error:
            # Only one line is shown. The frames below would keep the headers with the key in their
            # locals.
            forget_frames(error)
            error.__context__ = None
            self._outcome.set_exception(error.with_traceback(None))
        except BaseException as error:  # noqa: BLE001  (whatever it is, the caller's thread raises it)
            forget_frames(error)
            self._outcome.set_exception(error)
        else:
            self._outcome.set_result(result)

    def _settle_outcome(self, task: asyncio.Task[None]) -> None:
        # A task that is cancelled before its first step never enters its own `try`: it is settled
        # here.
        if not self._outcome.done():
            self._outcome.set_exception(
                stop_error(None, system_language())
                if task.cancelled()
                else RuntimeError("no outcome")
            )
        for reader in list(self._readers):
            reader.wake()
            reader.ended()

    def _emit_item(self, item: Item) -> None:
        self._items.append(item)
        for reader in list(self._readers):
            if reader.awaits(item):
                reader.wake()

    @contextmanager
    def _register_reader(
        self,
        wake: Callable[[], None],
        ended: Callable[[], None],
        awaits: Callable[[Item], bool],
    ) -> Iterator[None]:
        reader = _ReaderCallbacks(wake, ended, awaits)
        self._readers.append(reader)
        try:
            yield
        finally:
            self._readers.remove(reader)

    def check_reader(self) -> None:
        """Raise if the reader is a tool that this call itself waits for."""
        if self in _RUNNING_TASKS_OF.get():
            raise RuntimeError("a tool cannot wait for the answer that waits for it")

    @property
    def reader_count(self) -> int:
        """How many readers there are now."""
        return len(self._readers)

    def cancel(self) -> None:
        """Ask the work to end; its result still follows. May be called again."""
        self._is_stopping = True
        self._loop.call_soon_threadsafe(self._cancel_task)

    def _cancel_task(self) -> None:
        """Cancel the task, unless it was just now: a second cancellation would interrupt the
        closing that the first began, and the connection would stay open.
        """
        now = time.monotonic()
        if self._task is None or now < self._cancel_again:
            return
        self._cancel_again = now + _CLOSING_TIME
        self._task.cancel()

    @property
    def is_done(self) -> bool:
        """Whether the work has ended."""
        return self._outcome.done()

    def iter_batches(
        self,
        interval: float = 0.0,
        awaits: Callable[[Item], bool] = everything,
        due: Callable[[], float | None] = never_due,
    ) -> Generator[list[Item], None, None]:
        """Iterate over what was emitted, throttled: in batches at least `interval` seconds apart,
        the first one at once. Blocks this thread.

        Parameters
        ----------
        interval
            Seconds between two batches at least; 0 for no waiting.
        awaits
            Which items wake this thread; the others are read with the next one, or at the end.
        due
            When, by `time.monotonic`, an empty batch is due if nothing is emitted until then; None
            for never. Asked anew after each batch: the reader sets the next time.
        """
        signals: queue.SimpleQueue[None] = queue.SimpleQueue()
        ended = threading.Event()
        read = 0
        not_before = 0.0
        with self._register_reader(lambda: signals.put(None), ended.set, awaits):
            while True:
                over = self.is_done
                if read < len(self._items):
                    if not over and (rest := not_before - time.monotonic()) > 0:
                        ended.wait(rest)  # neither the end nor a stop waits for the interval
                    not_before = time.monotonic() + interval
                    batch = self._items[read:]
                    read += len(batch)
                    yield batch
                elif over:
                    return
                elif (due_in := _seconds_until(due())) <= 0:
                    yield []
                else:
                    # A blocked lock cannot be interrupted on Windows: wake up now and then.
                    with suppress(queue.Empty):
                        signals.get(timeout=min(0.2, due_in))

    async def aiter_batches(
        self,
        interval: float = 0.0,
        awaits: Callable[[Item], bool] = everything,
        due: Callable[[], float | None] = never_due,
    ) -> AsyncGenerator[list[Item], None]:
        """Iterate like `iter_batches`, for a reader that is a coroutine in another loop."""
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()
        ended = asyncio.Event()
        read = 0
        not_before = 0.0
        with self._register_reader(
            lambda: wake_loop(loop, changed.set), lambda: wake_loop(loop, ended.set), awaits
        ):
            while True:
                # Not while the caller's own code runs between batches: an interrupt is for that
                # code then.
                with INTERRUPTS.cancel_on_interrupt(self):
                    changed.clear()
                    while read == len(self._items) and not self.is_done:
                        if (due_in := _seconds_until(due())) <= 0:
                            break
                        await _wait_for_change(changed, due_in)
                        changed.clear()
                    if not self.is_done and (rest := not_before - time.monotonic()) > 0:
                        with suppress(asyncio.TimeoutError):
                            await asyncio.wait_for(ended.wait(), rest)
                over = self.is_done  # before the items are read: the last ones come before the end
                batch = self._items[read:]
                # Whoever stopped it does not have to see the rest drawn first.
                if self.interrupted or (over and not batch):
                    return
                if batch:
                    read += len(batch)
                    not_before = time.monotonic() + interval
                yield batch

    def result(self) -> ResultT:
        """Wait for the work and return its result."""
        return self._outcome.result()

    def wait_if_stopping(self, timeout: float = 2.0) -> None:
        """If the work was asked to end, wait until it has, at most `timeout` seconds: what it
        leaves behind is there then. On the I/O thread, which ends it, there is no waiting.
        """
        if not self._is_stopping or self.is_done:
            return
        with suppress(RuntimeError):  # no loop is running in this thread
            if asyncio.get_running_loop() is self._loop:
                return
        with suppress(FutureTimeoutError):
            self._outcome.exception(timeout)

    def stop_and_collect(self, timeout: float = 5.0) -> ResultT | None:
        """End the work and return what it had; None when it failed or does not end within `timeout`
        seconds.
        """
        self.cancel()
        try:
            return self._outcome.result(timeout)
        except BaseException:  # noqa: BLE001  (the caller is being interrupted: that is what it will raise)
            return None


def _seconds_until(due_at: float | None) -> float:
    if due_at is None:
        return math.inf
    return due_at - time.monotonic()


async def _wait_for_change(changed: asyncio.Event, timeout: float) -> None:
    """Wait until it is set, at most `timeout` seconds, by a timer of this loop."""
    if timeout == math.inf:
        await changed.wait()
        return
    timer = asyncio.get_running_loop().call_later(timeout, changed.set)
    try:
        await changed.wait()
    finally:
        timer.cancel()


# The calls whose tasks are running here: what a task waits for must not wait for the task.
_RUNNING_TASKS_OF: ContextVar[tuple[object, ...]] = ContextVar("ernie_magic_running", default=())


@contextmanager
def running_task_of(call: object) -> Iterator[None]:
    """Within this block a task of `call` is running: it must not wait for that call."""
    token = _RUNNING_TASKS_OF.set((*_RUNNING_TASKS_OF.get(), call))
    try:
        yield
    finally:
        _RUNNING_TASKS_OF.reset(token)
