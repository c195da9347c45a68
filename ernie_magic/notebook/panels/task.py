"""What a click starts. The call runs on the I/O thread; a separate thread reports to the panel.

Nothing waits on the kernel's own loop: a busy cell does not block a panel, and a panel does not
block a cell.
"""

from __future__ import annotations

import threading
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ernie_magic.api.results import Answer
from ernie_magic.calls.images.pictures import ImageSet
from ernie_magic.errors import ErnieError, Received, Stopped, exception_message
from ernie_magic.notebook.display.pending import WaitingLine
from ernie_magic.notebook.display.streaming import UPDATE_INTERVAL
from ernie_magic.notebook.panels.advice import line_in_panel
from ernie_magic.runtime.call import never_due
from ernie_magic.text.language import Language, Text, untranslated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ernie_magic.notebook.panels.widgets import Status
    from ernie_magic.runtime.events import Delta
    from ernie_magic.runtime.stream import Stream

ResultT = TypeVar("ResultT")
ALREADY_BUSY = Text("还在进行：先停止，或等它结束", "still running: stop it, or wait until it ends")
_STOPPED = Text("已停止", "stopped")
_FAILED = Text("面板出错：{kind}：{said}", "the panel failed: {kind}: {said}")


class Task(Generic[ResultT]):
    """At most one call at a time, and its outcome.

    Parameters
    ----------
    language
    status
        Shows waiting, progress and errors.
    on_busy_changed
        Called when a call begins and when it has ended.
    """

    def __init__(
        self,
        language: Language,
        status: Status,
        on_busy_changed: Callable[[bool], object],
    ) -> None:
        self._language = language
        self._status = status
        self._on_busy_changed = on_busy_changed
        self._lock = threading.Lock()
        self._stream: Stream[ResultT] | None = None
        # The context of the cell that creates the panel: output printed meanwhile appears there.
        self._context: Context = copy_context()
        self.thread: threading.Thread | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a call is running."""
        return self._stream is not None

    def start_call(
        self,
        make_stream: Callable[[], Stream[ResultT]],
        show_deltas: Callable[[Sequence[Delta]], object],
        on_finished: Callable[[ResultT | None, BaseException | None], object],
        due: Callable[[], float | None] = never_due,
    ) -> bool:
        """Start a call, unless one is running; in that case say so.

        Parameters
        ----------
        make_stream
            Makes the call. If it raises, the error is shown and nothing has begun.
        show_deltas
            Called with what arrives, at the magics' update rate.
        on_finished
            Called once with the result, or with the partial result and the error.
        due
            When `show_deltas` is called even if nothing arrives, as in `Stream.iter_batches`.

        Returns
        -------
        bool
            Whether it has begun.
        """
        if not self._lock.acquire(blocking=False):
            self._status.show_message(ALREADY_BUSY.say(self._language), is_error=True)
            return False
        try:
            self._stream = make_stream()
        except BaseException as error:
            self._lock.release()
            if not isinstance(error, Exception):
                raise
            self.report_problem(error)  # a click has nobody else to report to
            return False
        self._status.show_message("")
        self._on_busy_changed(True)
        stream = self._stream
        self.thread = threading.Thread(
            target=self._context.copy().run,
            args=(self._read_stream, stream, show_deltas, on_finished, due),
            name="ernie-panel",
            daemon=True,
        )
        self.thread.start()
        return True

    def _read_stream(
        self,
        stream: Stream[ResultT],
        show_deltas: Callable[[Sequence[Delta]], object],
        on_finished: Callable[[ResultT | None, BaseException | None], object],
        due: Callable[[], float | None],
    ) -> None:
        result: Any = None
        problem: BaseException | None = None
        waiting = WaitingLine(self._language)
        try:
            for batch in stream.iter_batches(UPDATE_INTERVAL, due=due):
                self._show_waiting(waiting, batch)
                show_deltas(batch)
            result = stream.result()
        except BaseException as error:  # noqa: BLE001  (it ends here: it is reported, and the next click must find the panel idle)
            result = getattr(error, "answer", None)
            problem = error
            stream.close()
        outcome = ""
        is_partial = isinstance(result, Received) and result.partial
        tells_why = isinstance(result, ImageSet)
        if isinstance(result, Answer):
            tells_why = result.end_unseen
        if problem is None and is_partial and not tells_why:
            outcome = _STOPPED.say(self._language)
        self._status.show_message(outcome, passes=True)
        if problem is not None:
            self.report_problem(problem)
        self.run_guarded(lambda: on_finished(result, problem))
        # In this order: a listener that hears of the end finds it over, and a new call finds
        # nothing of this one.
        self._stream = None
        self.run_guarded(lambda: self._on_busy_changed(False))
        self._lock.release()

    def run_guarded(self, function: Callable[[], object]) -> None:
        """Run the panel's own code; a failure is shown here and disturbs no one else's work."""
        try:
            function()
        except Exception as error:  # noqa: BLE001
            self.report_problem(error)

    def _show_waiting(self, waiting: WaitingLine, batch: Sequence[Delta]) -> None:
        if waiting.read_deltas(batch):
            self._status.show_message(waiting.describe())
        elif batch and self._status.text:
            self._status.show_message("")

    def report_problem(self, problem: BaseException) -> None:
        """Show what went wrong, on one line."""
        if isinstance(problem, Stopped):
            self._status.show_message(_STOPPED.say(self._language), passes=True)
        elif isinstance(problem, ErnieError):
            self._status.show_message(line_in_panel(problem, self._language), is_error=True)
        else:
            message = _FAILED.fill(
                kind=type(problem).__name__, said=untranslated(exception_message(problem))
            )
            self._status.show_message(message.say(self._language), is_error=True)

    def stop_call(self) -> None:
        """Stop the call; what has arrived stays."""
        if (stream := self._stream) is not None:
            stream.close()
