"""What a click starts. The call runs on the I/O thread; a separate thread reports to the panel.

Nothing waits on the kernel's own loop: a busy cell does not block a panel, and a panel does not
block a cell.
"""

from __future__ import annotations

import threading
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ernie_magic.errors import ErnieError, Stopped, words
from ernie_magic.notebook.display.pending import waiting_for
from ernie_magic.notebook.display.streaming import PACE
from ernie_magic.text.language import Language, Text, same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ernie_magic.notebook.panels.widgets import Status
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.protocol import Delta

Result = TypeVar("Result")
BUSY = Text("还在进行：先停止，或等它结束", "still running: stop it, or wait until it ends")
_STOPPED = Text("已停止", "stopped")
_FAILED = Text("面板出错：{kind}：{said}", "the panel failed: {kind}: {said}")


class Work(Generic[Result]):
    """At most one call at a time, and its outcome.

    Parameters
    ----------
    language
    status
        Shows waiting, progress and errors.
    busy
        Called when a call begins and when it has ended.
    """

    def __init__(self, language: Language, status: Status, busy: Callable[[bool], object]) -> None:
        self._language, self._status, self._busy = language, status, busy
        self._lock = threading.Lock()
        self._stream: Stream[Result] | None = None
        # The context of the cell that creates the panel: output printed meanwhile appears there.
        self._context: Context = copy_context()
        self.thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a call is running."""
        return self._stream is not None

    def begin(
        self,
        make: Callable[[], Stream[Result]],
        show: Callable[[Sequence[Delta]], object],
        end: Callable[[Result | None, BaseException | None], object],
    ) -> bool:
        """Start a call, unless one is running; in that case say so.

        Parameters
        ----------
        make
            Makes the call. If it raises, the error is shown and nothing has begun.
        show
            Called with what arrives, at the magics' update rate.
        end
            Called once with the result, or with the partial result and the error.

        Returns
        -------
        bool
            Whether it has begun.
        """
        if not self._lock.acquire(blocking=False):
            self._status.say(BUSY.say(self._language), wrong=True)
            return False
        try:
            self._stream = make()
        except BaseException as error:
            self._lock.release()
            if not isinstance(error, Exception):
                raise
            self.tell(error)  # a click has nobody else to report to
            return False
        self._status.say("")
        self._busy(True)
        stream = self._stream
        self.thread = threading.Thread(
            target=self._context.copy().run,
            args=(self._read, stream, show, end),
            name="ernie-panel",
            daemon=True,
        )
        self.thread.start()
        return True

    def _read(
        self,
        stream: Stream[Result],
        show: Callable[[Sequence[Delta]], object],
        end: Callable[[Result | None, BaseException | None], object],
    ) -> None:
        result: Any = None
        problem: BaseException | None = None
        try:
            for batch in stream.batches(PACE):
                self._wait(batch)
                show(batch)
            result = stream.result()
        except BaseException as error:  # noqa: BLE001  (it ends here: it is told, and the next click must find the panel idle)
            result, problem = getattr(error, "answer", None), error
            stream.close()
        self._status.say(
            _STOPPED.say(self._language)
            if problem is None
            and getattr(result, "partial", False)
            and not hasattr(result, "pictures")
            else ""
        )
        if problem is not None:
            self.tell(problem)
        self.guard(lambda: end(result, problem))
        # In this order: a listener that hears of the end finds it over, and a new call finds
        # nothing of this one.
        self._stream = None
        self.guard(lambda: self._busy(False))
        self._lock.release()

    def guard(self, function: Callable[[], object]) -> None:
        """Run the panel's own code; a failure is shown here and disturbs no one else's work."""
        try:
            function()
        except Exception as error:  # noqa: BLE001
            self.tell(error)

    def _wait(self, batch: Sequence[Delta]) -> None:
        if told := waiting_for(batch, self._language):
            self._status.say(told)
        elif self._status.text:
            self._status.say("")

    def tell(self, problem: BaseException) -> None:
        """Show what went wrong, on one line."""
        if isinstance(problem, Stopped):
            self._status.say(_STOPPED.say(self._language))
        elif isinstance(problem, ErnieError):
            self._status.say(problem.line(self._language), wrong=True)
        else:
            said = _FAILED.fill(kind=type(problem).__name__, said=same(words(problem)))
            self._status.say(said.say(self._language), wrong=True)

    def stop(self) -> None:
        """Stop the call; what has arrived stays."""
        if (stream := self._stream) is not None:
            stream.close()
