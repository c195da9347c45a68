"""An answer in progress, for plain code and for coroutines."""

from __future__ import annotations

from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Generic, TypeVar

from ernie_magic.errors import came, interrupted, stopped
from ernie_magic.runtime.interrupts import INTERRUPTS, runs_the_cell
from ernie_magic.runtime.io_thread import everything

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager

    from ernie_magic.runtime.io_thread import Call
    from ernie_magic.text.language import Language
    from ernie_magic.wire.protocol import Delta

Result = TypeVar("Result")


class Stream(Generic[Result]):
    """An answer, or another result, in progress. Iterate (`for` or `async for`) over its pieces of
    text; `result()` is the `Answer`.

    An interrupt while waiting closes the connection and raises `Interrupted`. Leaving the loop
    early closes it quietly, and the received part is kept as a partial turn.

    Parameters
    ----------
    call
        The request under way.
    language
        Called for the language when an interrupt is reported.
    """

    def __init__(self, call: Call[Delta, Result], language: Callable[[], Language]) -> None:
        self._call, self._language = call, language

    def batches(
        self, interval: float = 0.0, awaits: Callable[[Delta], bool] = everything
    ) -> Iterator[list[Delta]]:
        """Iterate over the deltas as they arrive, in batches at least `interval` seconds apart.

        `awaits` as `Call.batches` has it.
        """
        self._call.check_reader()
        try:
            with closing(self._call.batches(interval, awaits)) as batches:
                for batch in batches:
                    yield batch
                    for delta in batch:
                        if delta.errand and delta.errand.claim():
                            delta.errand.run(self._call)
        except KeyboardInterrupt:
            raise interrupted(self._call.stop(), self._language()) from None
        finally:
            self._leave()

    async def abatches(
        self, interval: float = 0.0, awaits: Callable[[Delta], bool] = everything
    ) -> AsyncIterator[list[Delta]]:
        """Iterate like `batches`, in a coroutine."""
        self._call.check_reader()
        try:
            async with aclosing(self._call.abatches(interval, awaits)) as batches:
                async for batch in batches:
                    yield batch
                    for delta in batch:
                        if delta.errand and delta.errand.claim():
                            await delta.errand.arun(self._call)
        finally:
            self._leave()
        if self._call.interrupted:
            told = interrupted if runs_the_cell() else stopped
            raise told(self._call.stop(), self._language())

    def __iter__(self) -> Iterator[str]:
        for batch in self.batches():
            for delta in batch:
                if delta.text:
                    yield delta.text
        self._call.result()  # raises the error, if any

    async def __aiter__(self) -> AsyncIterator[str]:
        async for batch in self.abatches():
            for delta in batch:
                if delta.text:
                    yield delta.text
        self._call.result()

    def result(self) -> Result:
        """Wait for the whole result and return it.

        Raises
        ------
        ErnieError
        Interrupted
        """
        for _ in self.batches(awaits=_has_errand):
            pass
        return self._call.result()

    async def aresult(self) -> Result:
        """Await the whole result."""
        async for _ in self.abatches(awaits=_has_errand):
            pass
        return self._call.result()

    def raising_interrupts(self) -> AbstractContextManager[None]:
        """Within this block, which draws the received part, an interrupt is a KeyboardInterrupt and
        is not lost.
        """
        return INTERRUPTS.insisted(self._call)

    def stop(self) -> Result | None:
        """End it now and return what was received; None when nothing was."""
        result = self._call.stop()
        return None if getattr(result, "partial", False) and came(result) is None else result

    def _leave(self) -> None:
        """Note that a reader leaves early: this ends the call, unless others still read it."""
        if self._call.readers == 0:
            self.close()

    def close(self) -> None:
        """Stop: the connection is closed, and the received part becomes the (partial) result."""
        if not self._call.done:
            self._call.cancel()


def _has_errand(delta: Delta) -> bool:
    """Whether the caller's thread is needed before the result is there.

    Waking it for every delta takes turns away from the I/O thread.
    """
    return delta.errand is not None
