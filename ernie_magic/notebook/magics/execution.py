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

from ernie_magic.api.messages import WRITE_PROMPT
from ernie_magic.api.unfit_texts import PASS_ONE_TEXT
from ernie_magic.errors import (
    AnswerWithdrawn,
    ErnieError,
    Interrupted,
    InvalidMessages,
    forget_frames,
    interruption,
)
from ernie_magic.notebook.display.cell_outputs import watching_outputs
from ernie_magic.notebook.display.errors import show_body
from ernie_magic.notebook.display.streaming import UPDATE_INTERVAL
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from ernie_magic.notebook.display.streaming import View
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.session import Session

ResultT = TypeVar("ResultT")
# What to do, where it happened in a cell: errors are written for Python.
_IN_A_CELL = {
    WRITE_PROMPT: Text(
        "把提示词写在魔法命令的下一行", "write a prompt on the lines below the magic"
    ),
    PASS_ONE_TEXT: Text(
        "写在魔法命令的下一行起，每行一条", "write them on the lines below the magic, one per line"
    ),
}


@dataclass(frozen=True)
class PendingCell(Generic[ResultT]):
    """A call that is running, and what to do with its result.

    Attributes
    ----------
    stream : Stream
    view : View
    finish : callable
        Shows and binds the result; None if there is none. Calls after the first change nothing.
    find_failure : callable | None
        Returns the error of a result that is shown and bound, and a failure all the same.
    as_name : str
        The variable that the result is bound to, "" for none.
    """

    stream: Stream[ResultT]
    view: View
    finish: Callable[[ResultT | None], None]
    find_failure: Callable[[ResultT], ErnieError | None] | None = None
    as_name: str = ""

    def raise_failure(self, result: ResultT) -> None:
        """Raise what makes a result a failure, if anything does.

        Raises
        ------
        ErnieError
        """
        if self.find_failure is None:
            return
        if failure := self.find_failure(result):
            raise failure


class ErrorReporter:
    """What every magic over one session shares: its errors are in the user's language."""

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        self.shell = shell
        self.session = session

    @contextmanager
    def reporting_errors(self) -> Iterator[None]:
        """Report errors in the user's language, with the service's raw reply folded; an interrupt
        in one line.
        """
        try:
            yield
        except ErnieError as error:
            forget_frames(error, ours_only=True)
            if isinstance(error, InvalidMessages) and error.advice in _IN_A_CELL:
                error.advice = _IN_A_CELL[error.advice]
            show_body(
                self.shell,
                self.session.with_language(error),
                self.session.settings.interface_language,
            )
            raise
        except Interrupted:
            raise
        except KeyboardInterrupt:
            raise interruption(None, self.session.settings.interface_language) from None


class CellRunner(ErrorReporter):
    """What every cell magic over one session shares."""

    def run_blocking(self, start_cell: Callable[[], PendingCell[Any]]) -> None:
        """Run a cell and wait for it."""
        with self.reporting_errors(), watching_outputs(self.shell) as watch:
            pending_cell = start_cell()
            with self._finishing_cell(pending_cell):
                watch.report_to(pending_cell.view)
                batches = pending_cell.stream.iter_batches(
                    UPDATE_INTERVAL, due=pending_cell.view.get_redraw_time
                )
                for batch in batches:
                    with pending_cell.stream.raising_interrupts():
                        pending_cell.view.show_deltas(batch)
                result = pending_cell.stream.result()
                with pending_cell.stream.raising_interrupts():
                    pending_cell.finish(result)
            pending_cell.raise_failure(result)

    async def run_async(self, start_cell: Callable[[], PendingCell[Any]]) -> None:
        """Run a cell, awaited."""
        with self.reporting_errors(), watching_outputs(self.shell) as watch:
            pending_cell = start_cell()
            with self._finishing_cell(pending_cell):
                watch.report_to(pending_cell.view)
                batches = pending_cell.stream.aiter_batches(
                    UPDATE_INTERVAL, due=pending_cell.view.get_redraw_time
                )
                async for batch in batches:
                    with pending_cell.stream.raising_interrupts():
                        pending_cell.view.show_deltas(batch)
                result = await pending_cell.stream.aresult()
                with pending_cell.stream.raising_interrupts():
                    pending_cell.finish(result)
            pending_cell.raise_failure(result)

    @contextmanager
    def capturing_user_output(self, enabled: bool) -> Iterator[Callable[[], bool]]:
        """Keep what the user's expressions print; the function given says whether they did.

        An interrupt may land anywhere, even between the steps that capture or restore output: in
        every case the shell's own output is restored.
        """
        # Standard output belongs to the whole process.
        if not enabled or threading.current_thread() is not threading.main_thread():
            yield lambda: False
            return
        shell = self.shell
        original_streams = (sys.stdout, sys.stderr, sys.displayhook, shell.display_pub)
        captured = CapturedIO(None, None)
        try:
            with capture_output() as captured:
                yield lambda: bool(captured.stdout or captured.stderr or captured.outputs)
        finally:
            sys.stdout, sys.stderr, sys.displayhook, shell.display_pub = original_streams
            captured.show()

    @contextmanager
    def _finishing_cell(self, pending_cell: PendingCell[Any]) -> Iterator[None]:
        """However the call ends, close the view and bind the result."""
        try:
            yield
        except AnswerWithdrawn:
            pending_cell.view.withdraw_output()
            raise
        except ErnieError as error:
            pending_cell.finish(error.answer)
            raise
        except Interrupted as error:
            pending_cell.view.draw_quickly()
            pending_cell.finish(error.answer)
            error.name_variable(pending_cell.as_name)
            raise
        except (KeyboardInterrupt, asyncio.CancelledError):
            # It arrived while we were drawing, not while we waited.
            pending_cell.view.draw_quickly()
            stopped = interruption(
                pending_cell.stream.stop(), self.session.settings.interface_language
            )
            pending_cell.finish(stopped.answer)
            stopped.name_variable(pending_cell.as_name)
            raise stopped from None

    def bind_result(self, name: str, result: object) -> None:
        """Put a result into the user's namespace."""
        if name and result is not None:
            self.shell.user_ns[name] = result
