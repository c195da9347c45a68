"""What a notebook saves of a panel: outputs hidden while it lives, for GitHub, nbviewer, and a
notebook reopened after its kernel was restarted.

Turns are saved in several outputs, since the page redraws an output whenever it changes: of a long
transcript only the last part is redrawn. Where a display cannot be replaced, as in an output widget,
they stand in an output widget of their own, whose outputs are replaced.
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from IPython.core.getipython import get_ipython

from ernie_magic.notebook.display.style import NOTE_STYLE, note_html
from ernie_magic.notebook.display.target import can_update_displays
from ernie_magic.notebook.panels.widgets import view_data
from ernie_magic.text.html_text import words_of_html
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Sequence

_TURNS_PER_OUTPUT = 10  # turns in an output
# While the panel lives, its page hides what has the mark, whenever it is drawn, and switches this
# style off (frontend.css, frontend.js). Where the panel cannot be shown, the page's replacement text
# is hidden.
_STYLE = (
    "<style>.jp-OutputArea:has(.ernie-saved)>.jp-OutputArea-child>.jp-OutputArea-output:not(:has(*))"
    "{display:none}"
    ".ernie-saved h4.ernie-saved-title{font-size:1.15em;font-weight:600;margin:0 0 .2em}"
    ".ernie-saved h5.ernie-saved-section{font-size:1em;font-weight:600;margin:1.4em 0 .8em;"
    "padding-bottom:.3em;border-bottom:1px solid rgba(127,127,127,.35)}"
    # An answer's headings are smaller than the panel's own, and its end is not the next question's.
    ".ernie-saved>div :is(h1,h2,h3,h4,h5,h6){font-size:1em;font-weight:600;margin:.8em 0 .4em}"
    ".ernie-saved>div+p{margin-top:1.8em}</style>"
)
_MARKED = '<div class="ernie-saved{fresh}">{content}</div>'
# Of a cell that has just run the page draws this before the panel, whose front end hides it once it
# is loaded: some tenths of a second, for which it was seen. Only where a notebook is open: exported
# pages show all at once.
_FRESH_SECONDS = 2
_FRESH_STYLE = (
    f"<style>.jp-NotebookPanel .ernie-fresh{{animation:ernie-fresh {_FRESH_SECONDS}s step-end}}"
    "@keyframes ernie-fresh{0%,99%{max-height:0;overflow:hidden;visibility:hidden}}</style>"
)


def title_html(title: str, line: str) -> str:
    """What stands above a saved panel: what it is, and how it is opened again."""
    return f'<h4 class="ernie-saved-title">{plain_html(title)}</h4><p>{note_html(plain_html(line))}</p>'


def section_html(title: str) -> str:
    """The name of a part of a saved panel."""
    return f'<h5 class="ernie-saved-section">{plain_html(title)}</h5>'


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
        self._is_fresh = True
        self._widget = self._make_widget()
        self.update_outputs(html, pieces)
        if self._widget is not None:
            self._send_message("display_data", "", {**view_data(self._widget), "text/plain": ""})

    def _make_widget(self) -> widgets.Output | None:
        """The widget that holds the outputs where a display cannot be replaced later."""
        shell = get_ipython()
        if shell is None or not self._can_publish() or can_update_displays(shell):
            return None
        return widgets.Output()

    def _can_publish(self) -> bool:
        """Whether there is a kernel, and nothing captures the display in Python."""
        return self._parent is not None and hasattr(self._publisher, "pub_socket")

    def update_outputs(self, html: str, pieces: Sequence[str]) -> None:
        """Send the outputs that have changed."""
        with self._lock:
            self._send_changed_outputs(html, pieces)

    @property
    def lengths(self) -> list[int]:
        """How long the HTML of each output is, as pages count: in UTF-16."""
        with self._lock:
            pages = [
                _saved_markup(index, content, is_fresh=self._is_fresh)
                for index, (_, content) in enumerate(self._outputs)
            ]
        return [len(page.encode("utf-16-le")) // 2 for page in pages]

    @property
    def bundles(self) -> list[dict[str, Any]]:
        """What each output holds, by media type."""
        with self._lock:
            return [
                _saved_data(index, content, is_fresh=self._is_fresh)
                for index, (_, content) in enumerate(self._outputs)
            ]

    def settle(self) -> None:
        """The panel is on a page: what is saved is shown at once when the notebook is opened."""
        if not self._is_fresh:
            return
        timer = threading.Timer(_FRESH_SECONDS, self._send_settled)
        timer.daemon = True
        timer.start()

    def _send_settled(self) -> None:
        with self._lock:
            if not self._is_fresh or self._widget is not None:
                return
            self._is_fresh = False
            for index, (id_, content) in enumerate(self._outputs):
                self._publish_output("update_display_data", index, id_, content)

    def _send_changed_outputs(self, html: str, pieces: Sequence[str]) -> None:
        chunks = [
            "\n".join(pieces[i : i + _TURNS_PER_OUTPUT])
            for i in range(0, len(pieces), _TURNS_PER_OUTPUT)
        ]
        # The first output exists from the start: a runner without a page adds no outputs to a cell
        # that has ended.
        wanted = [html, *(chunks or [""])]
        if self._widget is not None:
            self._widget.outputs = tuple(
                {"output_type": "display_data", "data": _saved_data(index, content), "metadata": {}}
                for index, content in enumerate(wanted)
            )
            return
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
        if self._can_publish():  # else nothing is saved
            self._send_message(kind, id_, _saved_data(index, content, is_fresh=self._is_fresh))

    def _send_message(self, kind: str, id_: str, data: dict[str, Any]) -> None:
        publisher = self._publisher
        transient = {"display_id": id_} if id_ else {}
        message = {"data": data, "metadata": {}, "transient": transient}
        # An update finds its output by id, and is received by whoever listens to the running cell;
        # nbclient listens to no other.
        parent = self._parent if kind == "display_data" else publisher.parent_header
        publisher.session.send(
            publisher.pub_socket, kind, message, parent=parent, ident=publisher.topic
        )


def _saved_data(index: int, content: str, *, is_fresh: bool = False) -> dict[str, Any]:
    """One output of the saved panel. Its words are there for readers without HTML."""
    markup = _saved_markup(index, content, is_fresh=is_fresh)
    return {"text/html": markup, "text/plain": words_of_html(content)}


def _saved_markup(index: int, content: str, *, is_fresh: bool) -> str:
    """An output's HTML; the first brings the style."""
    markup = _MARKED.format(content=content, fresh=" ernie-fresh" if is_fresh else "")
    if index == 0:
        markup = f"{_STYLE}{NOTE_STYLE}{_FRESH_STYLE if is_fresh else ''}{markup}"
    return markup
