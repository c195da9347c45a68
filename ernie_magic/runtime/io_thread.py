"""The private I/O loop, and the two ways in which a caller waits for it.

All HTTP lives on one daemon thread with its own event loop. A caller never runs that loop: it reads
what a `Call` emits, from a plain thread or from another loop. Measured with ipykernel 7.4: no
widget message and no queued cell is lost, and an interrupt leaves no connection open.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import queue
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from ernie_magic.errors import ErnieError, forget_frames, stop_error
from ernie_magic.runtime.interrupts import INTERRUPTS
from ernie_magic.text.language import system_language

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterator

Item = TypeVar("Item")
Result = TypeVar("Result")


def everything(_item: object) -> bool:
    """Whether an item wakes a reader that does not say what it awaits."""
    return True


class Loop:
    """An event loop on a daemon thread, started at first use; a forked process gets its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0
        self._posted: set[asyncio.Task[None]] = set()

    def running_loop(self) -> asyncio.AbstractEventLoop:
        """Return the running loop."""
        with self._lock:
            # A forked process has its parent's loop, without its thread.
            if self._loop is None or self._process != os.getpid():
                self._loop, self._process = asyncio.new_event_loop(), os.getpid()
                threading.Thread(
                    target=self._loop.run_forever, name="ernie-io", daemon=True
                ).start()
            return self._loop

    def run_and_wait(
        self, work: Coroutine[Any, Any, Result], timeout: float | None = None
    ) -> Result:
        """Run `work` there and wait for it, at most `timeout` seconds; not from this loop's own
        thread.
        """
        return asyncio.run_coroutine_threadsafe(work, self.running_loop()).result(timeout)

    def run_soon(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `work` there soon, if the loop is running. It takes no lock, so a finalizer may call
        it on any thread.
        """
        loop = self._loop
        if loop is None or self._process != os.getpid() or loop.is_closed():
            return

        def start_task() -> None:
            task = loop.create_task(work())
            self._posted.add(task)  # the loop itself holds tasks weakly
            task.add_done_callback(self._posted.discard)

        loop.call_soon_threadsafe(start_task)


# A resource of the process like its threads, not state: it holds nothing of a session.
IO = Loop()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=IO.__init__)  # type: ignore[misc]  # its lock may have been held


async def in_thread(function: Callable[..., Result], *args: Any) -> Result:
    """Run it on a thread of its own that the process does not wait for at exit (unlike
    `asyncio.to_thread`'s).
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle_future(set_: Callable[[Any], None], value: Any) -> None:
        if not done.done():
            set_(value)

    def run_function() -> None:
        try:
            result = function(*args)
        except BaseException as error:  # noqa: BLE001  (whoever waits gets it)
            _wake_loop(loop, lambda error=error: settle_future(done.set_exception, error))  # type: ignore[misc]
        else:
            _wake_loop(loop, lambda: settle_future(done.set_result, result))

    threading.Thread(target=run_function, name="ernie-work", daemon=True).start()
    return await done


class _ReaderCallbacks(NamedTuple):
    """How a reader of a call learns of new items, and of the end."""

    wake: Callable[[], None]
    ended: Callable[[], None]
    awaits: Callable[[Any], bool]


class Call(Generic[Item, Result]):
    """One piece of work on the I/O thread that emits items while it runs. Any number of readers may
    read it, each from the beginning.

    Parameters
    ----------
    work
        Called on the I/O thread with `emit`, and awaited. It turns its own cancellation into a
        result (what it has so far).
    """

    def __init__(self, work: Callable[[Callable[[Item], None]], Awaitable[Result]]) -> None:
        self._items: list[Item] = []
        self._readers: list[_ReaderCallbacks] = []
        self._outcome: Future[Result] = Future()
        self._task: asyncio.Task[None] | None = None
        self.interrupted = False
        self._loop = IO.running_loop()
        self._loop.call_soon_threadsafe(self._start_task, work)

    def _start_task(self, work: Callable[[Callable[[Item], None]], Awaitable[Result]]) -> None:
        self._task = self._loop.create_task(self._run_work(work))
        self._task.add_done_callback(self._settle_outcome)

    async def _run_work(self, work: Callable[[Callable[[Item], None]], Awaitable[Result]]) -> None:
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
        """Ask the work to end; its result still follows."""
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    @property
    def is_done(self) -> bool:
        """Whether the work has ended."""
        return self._outcome.done()

    def iter_batches(
        self, interval: float = 0.0, awaits: Callable[[Item], bool] = everything
    ) -> Generator[list[Item], None, None]:
        """Iterate over what was emitted, in batches at least `interval` seconds apart, the first
        one at once. Blocks this thread.

        Parameters
        ----------
        awaits
            Which items wake this thread; the others are read with the next one, or at the end.
        """
        signals: queue.SimpleQueue[None] = queue.SimpleQueue()
        ended = threading.Event()
        read, not_before = 0, 0.0
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
                else:
                    # A blocked lock cannot be interrupted on Windows: wake up now and then.
                    with suppress(queue.Empty):
                        signals.get(timeout=0.2)

    async def aiter_batches(
        self, interval: float = 0.0, awaits: Callable[[Item], bool] = everything
    ) -> AsyncGenerator[list[Item], None]:
        """Iterate like `iter_batches`, for a reader that is a coroutine in another loop."""
        loop, changed, ended = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        read, not_before = 0, 0.0
        with self._register_reader(
            lambda: _wake_loop(loop, changed.set), lambda: _wake_loop(loop, ended.set), awaits
        ):
            while True:
                # Not while the caller's own code runs between batches: an interrupt is for that
                # code then.
                with INTERRUPTS.cancel_on_interrupt(self):
                    changed.clear()
                    while read == len(self._items) and not self.is_done:
                        await changed.wait()
                        changed.clear()
                    if not self.is_done and (rest := not_before - time.monotonic()) > 0:
                        with suppress(asyncio.TimeoutError):
                            await asyncio.wait_for(ended.wait(), rest)
                batch = self._items[read:]
                # Whoever stopped it does not have to see the rest drawn first.
                if not batch or self.interrupted:
                    return
                read += len(batch)
                not_before = time.monotonic() + interval
                yield batch

    def result(self) -> Result:
        """Wait for the work and return its result."""
        return self._outcome.result()

    def wait_for_result(self) -> Result:
        """Like `result`, for work that emits nothing worth reading; an interrupt ends the work
        too.
        """
        try:
            for _ in self.iter_batches():
                pass
        except KeyboardInterrupt:
            self.cancel()
            raise
        return self._outcome.result()

    def stop_and_collect(self, timeout: float = 5.0) -> Result | None:
        """End the work and return what it had; None when it failed or does not end within
        `timeout` seconds.
        """
        self.cancel()
        try:
            return self._outcome.result(timeout)
        except BaseException:  # noqa: BLE001  (the caller is being interrupted: that is what it will raise)
            return None


# The calls whose errands are running here: what an errand waits for must not wait for the errand.
_RUNNING_TASKS_OF: ContextVar[tuple[object, ...]] = ContextVar("ernie_magic_doing", default=())


@contextmanager
def _running_task_of(call: object) -> Iterator[None]:
    token = _RUNNING_TASKS_OF.set((*_RUNNING_TASKS_OF.get(), call))
    try:
        yield
    finally:
        _RUNNING_TASKS_OF.reset(token)


class CallerTask(Generic[Result]):
    """Something that the work on the I/O thread needs done on its reader's thread: a user's own
    function.

    Parameters
    ----------
    function
        Called by the reader; a coroutine that it returns is awaited.
    then
        Makes the result from its outcome, also there.
    """

    def __init__(self, function: Callable[[], Any], then: Callable[[Any], Result]) -> None:
        self._function, self._then = function, then
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[Result] = self._loop.create_future()
        self._unclaimed = threading.Lock()

    def claim_task(self) -> bool:
        """Whether the asker is to do it: several may read a call, and one of them does it."""
        return self._unclaimed.acquire(blocking=False)

    def __await__(self) -> Generator[Any, None, Result]:
        return self._done.__await__()

    def run_blocking(self, call: Call[Any, Any]) -> None:
        """Do it, from plain code that reads `call`."""
        try:
            with _running_task_of(call):
                value = self._function()
                if inspect.iscoroutine(value):
                    from ernie_magic.runtime.nested_loop import finish_coroutine

                    value = finish_coroutine(value)
                made = self._then(value)
        except asyncio.CancelledError as error:  # the function's own: nobody cancels plain code
            self._settle_in_loop(RuntimeError(repr(error)))
        except Exception as error:  # noqa: BLE001  (whatever a user's function raises, the work is told)
            self._settle_in_loop(error)
        else:
            self._settle_in_loop(None, made)

    async def run_async(self, call: Call[Any, Any]) -> None:
        """Do it, from a coroutine; an interrupt ends it and `call`."""
        try:
            with _running_task_of(call):
                try:
                    with INTERRUPTS.raise_on_interrupt(call):
                        value = self._function()
                except asyncio.CancelledError as error:
                    # The function's own: plain code is not cancelled.
                    self._settle_in_loop(RuntimeError(repr(error)))
                    return
                if inspect.iscoroutine(value):
                    task = asyncio.ensure_future(value)
                    loop = asyncio.get_running_loop()
                    with INTERRUPTS.cancel_on_interrupt(
                        call, lambda: loop.call_soon_threadsafe(task.cancel)
                    ):
                        value = await task
                with INTERRUPTS.raise_on_interrupt(call):
                    made = self._then(value)
        except (KeyboardInterrupt, asyncio.CancelledError):
            if not call.interrupted:
                raise
        except Exception as error:  # noqa: BLE001  (whatever a user's function raises, the work is told)
            self._settle_in_loop(error)
        else:
            self._settle_in_loop(None, made)

    def _settle_in_loop(self, error: Exception | None, result: Result | None = None) -> None:
        if isinstance(error, (StopIteration, StopAsyncIteration)):  # a future cannot hold one
            error = RuntimeError(repr(error))

        def settle_future() -> None:
            if self._done.done():  # the call was stopped meanwhile
                return
            if error is not None:
                self._done.set_exception(error)
            else:
                self._done.set_result(result)  # type: ignore[arg-type]

        _wake_loop(self._loop, settle_future)


def _wake_loop(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    """Wake a reader's loop, which may have ended before its call did."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback)
