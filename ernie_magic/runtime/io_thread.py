"""The private I/O loop: all HTTP lives on one daemon thread with its own event loop.

A caller never runs that loop: it reads what a `Call` emits. Measured with ipykernel 7.4: no widget
message and no queued cell is lost, and an interrupt leaves no connection open.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

ResultT = TypeVar("ResultT")
_INLINE_LIMIT = 500  # things, as models of a list, that take a few milliseconds together


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
                self._loop = asyncio.new_event_loop()
                self._process = os.getpid()
                threading.Thread(
                    target=self._loop.run_forever, name="ernie-io", daemon=True
                ).start()
            return self._loop

    def run_and_wait(
        self,
        work: Coroutine[Any, Any, ResultT],
        timeout: float | None = None,
    ) -> ResultT:
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


async def in_thread(function: Callable[..., ResultT], *args: Any) -> ResultT:
    """Run it on a thread of its own that the process does not wait for at exit (unlike
    `asyncio.to_thread`'s).
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[ResultT] = loop.create_future()

    def settle_future(set_: Callable[[Any], None], value: Any) -> None:
        if not done.done():
            set_(value)

    def run_function() -> None:
        try:
            result = function(*args)
        except BaseException as error:  # noqa: BLE001  (whoever waits gets it)
            wake_loop(loop, lambda error=error: settle_future(done.set_exception, error))  # type: ignore[misc]
        else:
            wake_loop(loop, lambda: settle_future(done.set_result, result))

    threading.Thread(target=run_function, name="ernie-work", daemon=True).start()
    return await done


async def in_thread_if_long(count: int, function: Callable[..., ResultT], *args: Any) -> ResultT:
    """Do work on `count` things: on a thread of its own when there are many, so that the loop
    serves everybody else meanwhile.
    """
    if count <= _INLINE_LIMIT:
        return function(*args)
    return await in_thread(function, *args)


def wake_loop(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    """Wake a reader's loop, which may have ended before its call did."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback)
