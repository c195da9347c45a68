"""What a notebook saves of a panel: outputs hidden while it lives, for GitHub, nbviewer, and a
notebook reopened after its kernel was restarted.

Turns are saved in several outputs, since the page redraws an output whenever it changes: of a long
transcript only the last part is redrawn.
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

if TYPE_CHECKING:
    from collections.abc import Sequence

_TURNS_PER_OUTPUT = 10  # turns in an output
# While the panel lives, its page hides what has the mark, whenever it is drawn, and switches this
# style off (frontend.css, frontend.js). Where the panel cannot be shown, the page's replacement text
# is hidden.
_STYLE = "<style>.jp-OutputArea:has(.ernie-saved)>.jp-OutputArea-child>.jp-OutputArea-output:not(:has(*)){display:none}</style>"
_MARKED = '<div class="ernie-saved">{content}</div>'


class StaticOutput:
    """The saved panel: the outputs of one display of it, made in the cell that displays it.

    Parameters
    ----------
    html
        Pictures and tables.
    pieces
        Turns, as HTML.
    """

    def __init__(self, html: str, pieces: Sequence[str]) -> None:
        # The cell's context: later updates come from other threads, and still belong to the cell.
        self._publisher: Any = getattr(get_ipython(), "display_pub", None)
        self._parent = getattr(self._publisher, "parent_header", None)
        self._lock = threading.Lock()
        self._outputs: list[tuple[str, str]] = []  # display id, content
        self.update_outputs(html, pieces)

    def update_outputs(self, html: str, pieces: Sequence[str]) -> None:
        """Send the outputs that have changed."""
        with self._lock:
            self._send_changed_outputs(html, pieces)

    def _send_changed_outputs(self, html: str, pieces: Sequence[str]) -> None:
        chunks = [
            "\n".join(pieces[i : i + _TURNS_PER_OUTPUT])
            for i in range(0, len(pieces), _TURNS_PER_OUTPUT)
        ]
        # The first output exists from the start: a runner without a page adds no outputs to a cell
        # that has ended.
        wanted = [html, *(chunks or [""])]
        wanted += [""] * (len(self._outputs) - len(wanted))
        for index, content in enumerate(wanted):
            if index == len(self._outputs):
                id_ = uuid.uuid4().hex
                self._publish_output("display_data", index, id_, content)
                self._outputs.append((id_, content))
            elif self._outputs[index][1] != content:
                id_ = self._outputs[index][0]
                self._publish_output("update_display_data", index, id_, content)
                self._outputs[index] = (id_, content)

    def _publish_output(self, kind: str, index: int, id_: str, content: str) -> None:
        markup = _MARKED.format(content=content)
        if index == 0:
            markup = f"{_STYLE}{markup}"
        data = {"text/html": markup, "text/plain": ""}
        publisher = self._publisher
        if self._parent is None or not hasattr(publisher, "pub_socket"):
            return  # no kernel, or a captured display: nothing is saved
        message = {"data": data, "metadata": {}, "transient": {"display_id": id_}}
        # An update finds its output by id, and is received by whoever listens to the running cell;
        # nbclient listens to no other.
        parent = self._parent if kind == "display_data" else publisher.parent_header
        publisher.session.send(
            publisher.pub_socket, kind, message, parent=parent, ident=publisher.topic
        )
