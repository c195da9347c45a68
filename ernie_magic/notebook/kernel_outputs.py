"""What a kernel's cells show, observed where it leaves the kernel.

It is loaded with the extension, so it imports nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

# Messages that a cell shows, by
# https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-iopub-pub-sub-channel
CLEAR_OUTPUT = "clear_output"
_SHOWN = frozenset({"stream", "display_data", "execute_result", "error", CLEAR_OUTPUT})


class ObservedSend:
    """A session's `send` that first tells its observers the kind of each message, and its parent's
    id.

    Attributes
    ----------
    written_cell : str
        The id of the cell that was last written into.
    observers : list of callable
    """

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send
        self.written_cell = ""
        self.observers: list[Callable[[str, str], None]] = []

    def __call__(
        self,
        stream: Any,
        msg_or_type: Any,
        content: Any = None,
        parent: Any = None,
        *args: Any,
        **options: Any,
    ) -> Any:
        """Tell the observers and send; named and ordered as `Session.send` has it."""
        kind = msg_or_type
        if not isinstance(msg_or_type, str):
            kind = msg_or_type["header"]["msg_type"]
            parent = msg_or_type["parent_header"]
        if kind in _SHOWN:
            id_ = _read_message_id(dict(parent or {}))
            self.written_cell = id_
            for observer in tuple(self.observers):
                observer(kind, id_)
        return self._send(stream, msg_or_type, content, parent, *args, **options)


def _read_message_id(parent: Mapping[str, Any]) -> str:
    """The id in a message, or in its header alone."""
    return str(dict(parent.get("header", parent)).get("msg_id", ""))


def observe_outputs(shell: InteractiveShell) -> ObservedSend | None:
    """Observe what the kernel's cells show, from now on; None where that cannot be seen.

    All that a kernel shows leaves it by one `jupyter_client.session.Session`, whatever thread it
    comes from; display hooks belong to one thread, and streams know only text. A magic asks what
    stands in its cell already: its own modules may have taken a second to import there.
    """
    session = getattr(shell.display_pub, "session", None)
    if session is None:
        return None
    send = vars(session).get("send")
    if not isinstance(send, ObservedSend):
        send = ObservedSend(session.send)
        session.send = send
    return send


def stop_observing_outputs(shell: InteractiveShell) -> None:
    """Observe no longer, whichever import of this module began it."""
    session = getattr(shell.display_pub, "session", None)
    if session is not None and type(vars(session).get("send")).__name__ == ObservedSend.__name__:
        del session.send
