"""The two ways to run a cell: awaited in a notebook, waited for everywhere else.

Both do the same with the same view. In a notebook an input transformer (see `extension`) makes the
cell an `await`, so that widgets and a Stop button work while it runs. Everywhere else (terminal,
`run_cell_magic`, `%%time`, `%%capture`, functions, threads) the plain magic waits.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from IPython.utils.capture import CapturedIO, capture_output

from ernie_magic.errors import AnswerWithdrawn, ErnieError, Interrupted, forget_frames, interrupted
from ernie_magic.notebook.display.errors import show_body
from ernie_magic.notebook.display.streaming import PACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from ernie_magic.notebook.display.streaming import View
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.session import Session

Result = TypeVar("Result")


@dataclass(frozen=True)
class Begun(Generic[Result]):
    """A call that is running, and what to do with its result.

    Attributes
    ----------
    stream : Stream
    view : View
    conclude : callable
        Shows and binds the result; None if there is none. Calls after the first change nothing.
    hears : bool
        The user's own functions run meanwhile: what they print is theirs.
    """

    stream: Stream[Result]
    view: View
    conclude: Callable[[Result | None], None]
    hears: bool = False


class Doors:
    """What every cell magic over one session shares."""

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        self.shell, self.session = shell, session

    def wait(self, begin: Callable[[], Begun[Any]]) -> None:
        """Run a cell and wait for it."""
        with self.told():
            begun = begin()
            with self._ending(begun):
                for batch in begun.stream.batches(PACE):
                    with begun.stream.raising_interrupts():
                        begun.view.show(batch)
                result = begun.stream.result()
                with begun.stream.raising_interrupts():
                    begun.conclude(result)

    async def wait_async(self, begin: Callable[[], Begun[Any]]) -> None:
        """Run a cell, awaited."""
        with self.told():
            begun = begin()
            with self._ending(begun), self._overhearing(begun.view, hears=begun.hears):
                async for batch in begun.stream.abatches(PACE):
                    with begun.stream.raising_interrupts():
                        begun.view.show(batch)
                result = await begun.stream.aresult()
                with begun.stream.raising_interrupts():
                    begun.conclude(result)

    @contextmanager
    def listening(self, listen: bool) -> Iterator[Callable[[], bool]]:
        """Keep what the user's expressions print; the function given says whether they did.

        An interrupt may land anywhere, even between the steps that capture or restore output: in
        every case the shell's own output is restored.
        """
        # Standard output belongs to the whole process.
        if not listen or threading.current_thread() is not threading.main_thread():
            yield lambda: False
            return
        shell, before = (
            self.shell,
            (sys.stdout, sys.stderr, sys.displayhook, self.shell.display_pub),
        )
        printed = CapturedIO(None, None)
        try:
            with capture_output() as printed:
                yield lambda: bool(printed.stdout or printed.stderr or printed.outputs)
        finally:
            sys.stdout, sys.stderr, sys.displayhook, shell.display_pub = before
            printed.show()

    @contextmanager
    def _overhearing(self, view: View, *, hears: bool) -> Iterator[None]:
        """Notice output of the user's tools: it is theirs, so the cell is not cleared later."""
        publisher: Any = self.shell.display_pub
        if not hears or not hasattr(publisher, "register_hook"):
            yield
            return

        def displayed(message: Any) -> Any:
            if not view.speaking and message.get("msg_type") == "display_data":
                view.disown()
            return message

        def heard(write: Callable[[str], int]) -> Callable[[str], int]:
            def written(text: str) -> int:
                view.disown()
                return write(text)

            return written

        streams = (sys.stdout, sys.stderr)
        for stream in streams:
            stream.write = heard(stream.write)  # type: ignore[method-assign]
        publisher.register_hook(displayed)
        try:
            yield
        finally:
            publisher.unregister_hook(displayed)
            for stream in streams:
                del stream.write  # restores the class's own method

    @contextmanager
    def _ending(self, begun: Begun[Any]) -> Iterator[None]:
        """However the call ends, close the view and bind the result."""
        try:
            yield
        except AnswerWithdrawn:
            begun.view.withdraw()
            raise
        except ErnieError as error:
            begun.conclude(error.answer)
            raise
        except Interrupted as error:
            begun.view.hurry()
            begun.conclude(error.answer)
            raise
        # It arrived while we were drawing, not while we waited.
        except (
            KeyboardInterrupt,
            asyncio.CancelledError,
        ):
            begun.view.hurry()
            stopped = interrupted(begun.stream.stop(), self.session.settings.spoken)
            begun.conclude(stopped.answer)
            raise stopped from None

    @contextmanager
    def told(self) -> Iterator[None]:
        """Report errors in the user's language, with the service's raw reply folded; an interrupt
        in one line.
        """
        try:
            yield
        except ErnieError as error:
            forget_frames(error, ours_only=True)
            show_body(self.shell, self.session.spoken(error), self.session.settings.spoken)
            raise
        except Interrupted:
            raise
        except KeyboardInterrupt:
            raise interrupted(None, self.session.settings.spoken) from None

    def bind(self, name: str, result: object) -> None:
        """Put a result into the user's namespace."""
        if name and result is not None:
            self.shell.user_ns[name] = result
