"""What a notebook keeps of a panel: outputs beside it, hidden while it lives, for GitHub, nbviewer
and whoever has no kernel.

Turns are kept in several outputs, for the page draws an output anew whenever it changes: of a long
transcript only the last part is.
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOGETHER = 10  # turns in an output
# While the panel lives, its page hides what is kept of it and switches this off (frontend.js).
# Where
# it cannot be shown, the text that the
# page puts in its place is hidden.
_STYLE = "<style>.jp-OutputArea:has(.ernie-saved)>.jp-OutputArea-child>.jp-OutputArea-output:not(:has(*)){display:none}</style>"
_MARK = '<span class="ernie-saved"></span>'


class Saved:
    """The outputs of one display of a panel; made in the cell that displays it.

    Parameters
    ----------
    html
        Pictures and tables.
    pieces
        Turns, as HTML.
    """

    def __init__(self, html: str, pieces: Sequence[str]) -> None:
        # Of the cell: what comes later comes from other threads, and belongs to it all the same
        # (reference kernel-and-display).
        self._publisher: Any = getattr(get_ipython(), "display_pub", None)
        self._parent = getattr(self._publisher, "parent_header", None)
        self._lock = threading.Lock()
        self._shown: list[tuple[str, str]] = []  # display id, content
        self.update(html, pieces)

    def update(self, html: str, pieces: Sequence[str]) -> None:
        """Send the outputs that differ from what they were."""
        with self._lock:
            self._update(html, pieces)

    def _update(self, html: str, pieces: Sequence[str]) -> None:
        chunks = ["\n".join(pieces[i : i + _TOGETHER]) for i in range(0, len(pieces), _TOGETHER)]
        # The first is there from the start: who runs a notebook without a page takes up no new
        # outputs of a cell that has ended.
        wanted = [html, *(chunks or [""]), *[""] * (len(self._shown) - 1 - len(chunks or [""]))]
        for place, content in enumerate(wanted):
            if place == len(self._shown):
                id_ = uuid.uuid4().hex
                self._publish("display_data", place, id_, content)
                self._shown.append((id_, content))
            elif self._shown[place][1] != content:
                id_ = self._shown[place][0]
                self._publish("update_display_data", place, id_, content)
                self._shown[place] = (id_, content)

    def _publish(self, kind: str, place: int, id_: str, content: str) -> None:
        data = {"text/html": f"{'' if place else _STYLE}{_MARK}{content}", "text/plain": ""}
        publisher = self._publisher
        if self._parent is None or not hasattr(publisher, "pub_socket"):
            return  # no kernel, or a display that is captured: nothing is saved
        message = {"data": data, "metadata": {}, "transient": {"display_id": id_}}
        # An update finds its output by its id, and is heard by whoever listens to the cell that
        # runs now (nbclient hears no other).
        parent = self._parent if kind == "display_data" else publisher.parent_header
        publisher.session.send(
            publisher.pub_socket, kind, message, parent=parent, ident=publisher.topic
        )
