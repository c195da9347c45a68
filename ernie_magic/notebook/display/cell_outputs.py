"""What other code writes into a cell while a magic runs there: threads that print, tasks that
display, loggers, the user's own tools.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ernie_magic.notebook.display.target import get_cell_id, is_captured_by_widget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from ernie_magic.notebook.display.streaming import View

# Messages that a cell shows, by
# https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-iopub-pub-sub-channel
_CLEAR = "clear_output"
_SHOWN = frozenset({"stream", "display_data", "execute_result", "error", _CLEAR})


class _ObservedSend:
    """A session's `send` that first tells its observers the kind of each message, and its parent's
    id.
    """

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send
        self.observers: list[Callable[[str, str], None]] = []

    def __call__(
        self,
        stream: Any,
        message: Any,
        content: Any = None,
        parent: Mapping[str, Any] | None = None,
        *args: Any,
        **options: Any,
    ) -> Any:
        kind = message
        header = parent
        if not isinstance(message, str):
            kind = message["msg_type"]
            header = message["parent_header"]
        if kind in _SHOWN:
            id_ = _read_message_id(header or {})
            for observer in tuple(self.observers):
                observer(kind, id_)
        return self._send(stream, message, content, parent, *args, **options)


def _read_message_id(parent: Mapping[str, Any]) -> str:
    """The id in a message, or in its header alone."""
    return str(parent.get("header", parent).get("msg_id", ""))


class CellWatch:
    """What other code has written into the cell that runs, for the view that shows a result there."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._cell_id = get_cell_id(shell)
        self._our_thread = threading.current_thread()
        self._view: View | None = None
        self._holds_other_output = False

    def report_to(self, view: View) -> None:
        """Tell this view from now on, and what has been written already."""
        self._view = view
        if self._holds_other_output:
            view.release_cell()

    def on_message(self, kind: str, parent_id: str) -> None:
        """Note a message that a cell shows. On any thread."""
        if parent_id != self._cell_id or (kind != "stream" and self._is_ours()):
            return
        if is_captured_by_widget(self._cell_id):  # it goes there
            return
        self._holds_other_output = True
        if self._view is None:
            return
        if kind == _CLEAR:
            self._view.forget_outputs()
        else:
            self._view.release_cell()

    def on_unseen_outputs(self) -> None:
        """Note that nothing can be seen of what is written."""
        self._holds_other_output = True

    def _is_ours(self) -> bool:
        """Whether the view displays something just now."""
        if self._view is None or threading.current_thread() is not self._our_thread:
            return False
        return self._view.is_displaying


@contextmanager
def watching_outputs(shell: InteractiveShell) -> Iterator[CellWatch]:
    """Watch what other code writes into the cell that runs.

    All that a kernel shows leaves it by one `jupyter_client.session.Session`, whatever thread it
    comes from; display hooks belong to one thread, and streams know only text.
    """
    watch = CellWatch(shell)
    session = getattr(shell.display_pub, "session", None)
    if session is None:
        watch.on_unseen_outputs()
        yield watch
        return
    attributes = vars(session)
    send = attributes.get("send")
    if not isinstance(send, _ObservedSend):
        send = _ObservedSend(session.send)
        session.send = send
    send.observers.append(watch.on_message)
    try:
        yield watch
    finally:
        send.observers.remove(watch.on_message)
        # Another magic may still watch, and other code may have wrapped it again.
        if not send.observers and attributes.get("send") is send:
            del session.send
