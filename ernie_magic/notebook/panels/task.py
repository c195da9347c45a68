"""What a click starts. The call runs on the I/O thread; a thread of its own tells the panel what
comes.

Nothing waits on the kernel's own loop, so a cell that computes does not stop a panel, and a panel
does not stop a cell.
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
BUSY = Text("还在进行：先停止，或等它结束", "still at work: stop it, or wait for its end")
_STOPPED = Text("已停止", "stopped")
_FAILED = Text("面板出错：{kind}：{said}", "the panel failed: {kind}: {said}")


class Work(Generic[Result]):
    """At most one call at a time, and what becomes of it.

    Parameters
    ----------
    language
    status
        Where waiting, progress and errors are told.
    busy
        Called when a call begins and when it has ended.
    """

    def __init__(self, language: Language, status: Status, busy: Callable[[bool], object]) -> None:
        self._language, self._status, self._busy = language, status, busy
        self._lock = threading.Lock()
        self._stream: Stream[Result] | None = None
        self._context: Context = (
            copy_context()
        )  # of the cell that makes the panel: what is printed meanwhile is shown there
        self.thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return self._stream is not None

    def begin(
        self,
        make: Callable[[], Stream[Result]],
        show: Callable[[Sequence[Delta]], object],
        end: Callable[[Result | None, BaseException | None], object],
    ) -> bool:
        """Start a call, unless one is under way; that is told.

        Parameters
        ----------
        make
            Makes the call; what is wrong already is told, and nothing has begun.
        show
            Called with what comes, at the pace of the magics.
        end
            Called once with the result, or with what came and the error.

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
            self.tell(error)  # a click has nobody else to tell
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
        # In this order: whoever is told that it is over finds it over, and a new call finds nothing
        # of this one.
        self._stream = None
        self.guard(lambda: self._busy(False))
        self._lock.release()

    def guard(self, function: Callable[[], object]) -> None:
        """Do what belongs to the panel; when it fails, that is told here, and nobody else's work
        fails with it.
        """
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
        """Say what went wrong, in a line."""
        if isinstance(problem, Stopped):
            self._status.say(_STOPPED.say(self._language))
        elif isinstance(problem, ErnieError):
            self._status.say(problem.line(self._language), wrong=True)
        else:
            said = _FAILED.fill(kind=type(problem).__name__, said=same(words(problem)))
            self._status.say(said.say(self._language), wrong=True)

    def stop(self) -> None:
        """End the call; what came stays."""
        if (stream := self._stream) is not None:
            stream.close()
