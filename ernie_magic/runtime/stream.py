"""An answer in progress, for plain code and for coroutines."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import aclosing, closing, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ernie_magic.api.public_names import SuggestsNames, names_by_use
from ernie_magic.errors import Received, interruption, stop_error
from ernie_magic.runtime.call import everything, never_due
from ernie_magic.runtime.interrupts import INTERRUPTS, runs_the_cell
from ernie_magic.runtime.progress import BAR_INTERVAL, progress_bar

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Generator,
        Iterator,
        Mapping,
    )
    from contextlib import AbstractContextManager

    from ernie_magic.runtime.call import Call
    from ernie_magic.runtime.events import Delta
    from ernie_magic.text.language import Language

ResultT = TypeVar("ResultT")


class Stream(SuggestsNames, Generic[ResultT]):
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
    progress_title
        Title of the progress bar that `result` and `aresult` show while they wait for slow work; no
        bar when "".
    """

    # What the result has, and `concurrent.futures` calls the ways to it.
    _meant_by: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("text", "usage", "content", "wait"), "result()"),
        **dict.fromkeys(("cancel", "abort"), "stop()"),
        **dict.fromkeys(("done", "finished"), "is_done"),
    }

    def __init__(
        self,
        call: Call[Delta, ResultT],
        language: Callable[[], Language],
        progress_title: str = "",
    ) -> None:
        self._call = call
        self._language = language
        self._progress_title = progress_title
        self._texts: Generator[str, None, None] | None = None  # that `next` reads
        self._awaited_texts: _AwaitedTexts | None = None

    def __await__(self) -> Generator[Any, None, Stream[ResultT]]:
        # As OpenAI's client writes it: `async for piece in await …`.
        yield from ()
        return self

    # As OpenAI's client writes it: what is not read when the block ends is not waited for.
    def __enter__(self) -> Stream[ResultT]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Stream[ResultT]:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Stream({'done' if self.is_done else 'running'})"

    @property
    def call(self) -> Call[Delta, ResultT]:
        """The work that it reads, which lives as long as it runs, whoever keeps the stream."""
        return self._call

    @property
    def is_done(self) -> bool:
        """Whether the call has ended, whoever reads it."""
        return self._call.is_done

    def iter_batches(
        self,
        interval: float = 0.0,
        awaits: Callable[[Delta], bool] = everything,
        due: Callable[[], float | None] = never_due,
    ) -> Iterator[list[Delta]]:
        """Iterate over the deltas as they arrive, in batches at least `interval` seconds apart.

        Parameters
        ----------
        interval, awaits, due
            As in `Call.iter_batches`.

        Raises
        ------
        ErnieError
        Interrupted
        """
        self._call.check_reader()
        try:
            with closing(self._call.iter_batches(interval, awaits, due)) as batches:
                for batch in batches:
                    yield batch
                    for delta in batch:
                        if delta.caller_task and delta.caller_task.claim_task():
                            delta.caller_task.run_blocking(self._call)
        except KeyboardInterrupt:
            raise interruption(self._call.stop_and_collect(), self._language()) from None
        finally:
            self._close_unless_read()

    async def aiter_batches(
        self,
        interval: float = 0.0,
        awaits: Callable[[Delta], bool] = everything,
        due: Callable[[], float | None] = never_due,
    ) -> AsyncGenerator[list[Delta], None]:
        """Iterate like `iter_batches`, in a coroutine."""
        self._call.check_reader()
        try:
            async with aclosing(self._call.aiter_batches(interval, awaits, due)) as batches:
                async for batch in batches:
                    yield batch
                    for delta in batch:
                        if delta.caller_task and delta.caller_task.claim_task():
                            await delta.caller_task.run_async(self._call)
        finally:
            self._close_unless_read()
        if self._call.interrupted:
            make_error = interruption if runs_the_cell() else stop_error
            raise make_error(self._call.stop_and_collect(), self._language())

    def __dir__(self) -> list[str]:
        internal = ("aiter_batches", "iter_batches", "raising_interrupts", "call")
        return names_by_use(super().__dir__(), ("result", "aresult", "stop", "close"), internal)

    def __iter__(self) -> Iterator[str]:
        return self._texts or self._iter_texts()

    def __next__(self) -> str:
        # As of OpenAI's client's stream; a loop behind it continues there.
        if self._texts is None:
            self._texts = self._iter_texts()
        return next(self._texts)

    def _iter_texts(self) -> Generator[str, None, None]:
        for batch in self.iter_batches():
            for delta in batch:
                if delta.text:
                    yield delta.text
        self._call.result()  # raises the error, if any

    def __aiter__(self) -> AsyncIterator[str]:
        return self._awaited_texts or _AwaitedTexts(self)

    async def __anext__(self) -> str:
        if self._awaited_texts is None:
            self._awaited_texts = _AwaitedTexts(self)
        return await self._awaited_texts.__anext__()

    async def _aiter_texts(self) -> AsyncGenerator[str, None]:
        async with aclosing(self.aiter_batches()) as batches:
            async for batch in batches:
                for delta in batch:
                    if delta.text:
                        yield delta.text
        self._call.result()

    def result(self) -> ResultT:
        """Wait for the whole result and return it.

        Raises
        ------
        ErnieError
        Interrupted
        """
        with progress_bar(self._progress_title, self._language()) as update_bar:
            for batch in self.iter_batches(*self._wake_options()):
                update_bar(batch)
        return self._call.result()

    async def aresult(self) -> ResultT:
        """Await the whole result."""
        with progress_bar(self._progress_title, self._language()) as update_bar:
            async for batch in self.aiter_batches(*self._wake_options()):
                update_bar(batch)
        return self._call.result()

    def _wake_options(self) -> tuple[float, Callable[[Delta], bool]]:
        """How often a waiting caller wakes, and for which deltas."""
        if self._progress_title:
            return BAR_INTERVAL, everything
        return 0.0, _needs_caller

    def raising_interrupts(self) -> AbstractContextManager[None]:
        """Within this block, which draws the received part, an interrupt is a KeyboardInterrupt and
        is not lost.
        """
        return INTERRUPTS.repeat_lost_interrupts(self._call)

    def stop(self) -> ResultT | None:
        """End it now and return what was received; None when nothing was."""
        result = self._call.stop_and_collect()
        if isinstance(result, Received) and result.partial and result.is_empty:
            return None
        return result

    def _close_unless_read(self, leaving: int = 0) -> None:
        """Note that a reader leaves early: this ends the call, unless others still read it.

        Parameters
        ----------
        leaving
            How many of the readers that are counted are about to leave.
        """
        if self._call.reader_count <= leaving:
            self.close()

    def close(self) -> None:
        """Stop: the connection is closed, and the received part becomes the (partial) result."""
        if not self.is_done:
            self._call.cancel()

    async def aclose(self) -> None:
        """Close it, in a coroutine (`contextlib.aclosing`)."""
        self.close()


class _AwaitedTexts:
    """The pieces of text of a stream, for `async for`: to leave the loop early closes the stream.

    An async generator that is left is closed by its event loop, in a task (PEP 525). IPython's loop
    in a terminal runs only while a cell awaits, so the call would go on until the next one does.

    Parameters
    ----------
    stream
        The stream that is read.
    """

    def __init__(self, stream: Stream[Any]) -> None:
        self._stream = stream
        self._texts = stream._aiter_texts()  # noqa: SLF001  (this is one half of `Stream`)
        self._is_reading = False

    def __aiter__(self) -> _AwaitedTexts:
        return self

    async def __anext__(self) -> str:
        self._is_reading = False  # if it ends here, the stream has noted it
        text = await self._texts.__anext__()
        self._is_reading = True
        return text

    async def aclose(self) -> None:
        """Leave the loop, and await that the reader has left."""
        self._is_reading = False
        await self._texts.aclose()

    def __del__(self) -> None:
        if self._is_reading:
            self._stream._close_unless_read(leaving=1)  # noqa: SLF001


class Steps(Generic[ResultT]):
    """A result that several streams lead to, one after another.

    Parameters
    ----------
    steps
        Yields each stream, is sent the result of it, and returns the result of all.
    """

    def __init__(self, steps: Generator[Stream[Any], Any, ResultT]) -> None:
        self._steps = steps
        self._outcome: Future[ResultT] = Future()

    def result(self) -> ResultT:
        """Wait for the whole result and return it.

        Raises
        ------
        ErnieError
        Interrupted
        """
        stream = self._next_stream(None)
        while stream is not None:
            with self._keeping_errors():
                result = stream.result()
            stream = self._next_stream(result)
        return self._outcome.result()

    async def aresult(self) -> ResultT:
        """Await the whole result."""
        stream = self._next_stream(None)
        while stream is not None:
            with self._keeping_errors():
                result = await stream.aresult()
            stream = self._next_stream(result)
        return self._outcome.result()

    def _next_stream(self, result: Any) -> Stream[Any] | None:
        """Return the stream that follows this result; None when there is an outcome."""
        if self._outcome.done():
            return None
        try:
            return self._steps.send(result)
        except StopIteration as end:
            self._outcome.set_result(end.value)
        except BaseException as error:  # noqa: BLE001  (the outcome raises it)
            self._outcome.set_exception(error)
        return None

    @contextmanager
    def _keeping_errors(self) -> Iterator[None]:
        """An error within this block is the outcome, and is raised again when it is asked for."""
        try:
            yield
        except BaseException as error:
            self._outcome.set_exception(error)
            raise


def _needs_caller(delta: Delta) -> bool:
    """Whether the caller's thread is needed before the result is there.

    Waking it for every delta takes turns away from the I/O thread.
    """
    return delta.caller_task is not None
