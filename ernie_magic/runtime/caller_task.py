"""A task for the caller: a user's own function, which a call needs run on the thread that reads
it.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ernie_magic.runtime.call import running_task_of
from ernie_magic.runtime.interrupts import INTERRUPTS
from ernie_magic.runtime.io_thread import wake_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ernie_magic.runtime.call import Call

ResultT = TypeVar("ResultT")


class CallerTask(Generic[ResultT]):
    """Something that the work on the I/O thread needs done on its reader's thread: a user's own
    function.

    Parameters
    ----------
    function
        Called by the reader; a coroutine that it returns is awaited.
    then
        Makes the result from its outcome, also there.
    """

    def __init__(self, function: Callable[[], Any], then: Callable[[Any], ResultT]) -> None:
        self._function = function
        self._then = then
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[ResultT] = self._loop.create_future()
        self._unclaimed = threading.Lock()

    def claim_task(self) -> bool:
        """Claim the task; False if another reader has."""
        return self._unclaimed.acquire(blocking=False)

    def __await__(self) -> Generator[Any, None, ResultT]:
        return self._done.__await__()

    def run_blocking(self, call: Call[Any, Any]) -> None:
        """Do it, from plain code that reads `call`."""
        try:
            with running_task_of(call):
                value = self._function()
                if inspect.iscoroutine(value):
                    from ernie_magic.runtime.nested_loop import finish_coroutine

                    value = finish_coroutine(value)
                made = self._then(value)
        except asyncio.CancelledError as error:  # the function's own: nobody cancels plain code
            self._settle_in_loop(RuntimeError(repr(error)))
        except Exception as error:  # noqa: BLE001  (whatever a user's function raises, the work receives it)
            self._settle_in_loop(error)
        else:
            self._settle_in_loop(None, made)

    async def run_async(self, call: Call[Any, Any]) -> None:
        """Do it, from a coroutine; an interrupt ends it and `call`."""
        try:
            with running_task_of(call):
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
        except Exception as error:  # noqa: BLE001  (whatever a user's function raises, the work receives it)
            self._settle_in_loop(error)
        else:
            self._settle_in_loop(None, made)

    def _settle_in_loop(self, error: Exception | None, result: ResultT | None = None) -> None:
        if isinstance(error, (StopIteration, StopAsyncIteration)):  # a future cannot hold one
            error = RuntimeError(repr(error))

        def settle_future() -> None:
            if self._done.done():  # the call was stopped meanwhile
                return
            if error is not None:
                self._done.set_exception(error)
            else:
                self._done.set_result(result)  # type: ignore[arg-type]

        wake_loop(self._loop, settle_future)
