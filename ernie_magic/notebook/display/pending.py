"""A result that arrives in one piece, after a wait: one output that shows progress, then the
result.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from IPython.display import clear_output, display

from ernie_magic.notebook.display.streaming import WAITING, PassiveView
from ernie_magic.notebook.display.target import can_update_displays
from ernie_magic.text.encodings import fit_encoding
from ernie_magic.text.sanitize import plain_html
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import DisplayHandle

    from ernie_magic.runtime.events import Delta
    from ernie_magic.text.language import Language, Text

    Bundle = tuple[dict[str, str], dict[str, Any]]  # a MIME bundle and its metadata


def describe_waiting(deltas: Sequence[Delta], language: Language) -> str:
    """What is being waited for, with the progress, or the seconds where they are counted; "" if
    these deltas do not say.
    """
    for delta in reversed(deltas):
        if delta.notice:
            what: str = delta.notice.say(language)
            if delta.waited is None:
                return what
            return WAITING.say(language, what=what, n=delta.waited)
        if delta.progress:
            return f"{delta.progress.done:,} / {delta.progress.total:,}"
    return ""


def view_for(shell: InteractiveShell, language: Language, *, owns_cell: bool) -> ResultView:
    """The view for this front end; see `ernie_magic.notebook.display.streaming.view_for`."""
    if getattr(shell, "kernel", None) is None:
        return TextView(language)
    if not can_update_displays(shell):
        return ResultView(language)
    return NotebookView(language, owns_cell=owns_cell)


class ResultView(PassiveView):
    """Only the final output: where none can be replaced later (`can_update_displays`)."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._is_finished = False

    def show_result(self, result: Bundle | None) -> None:
        """Show the result; None if there is none. Calls after the first change nothing."""
        if not self._is_finished and result is not None:
            data, metadata = result
            self._display_result(
                {**data, "text/plain": make_controls_visible(data["text/plain"])}, metadata
            )
        elif not self._is_finished:
            self.withdraw_output()
        self._is_finished = True

    def _display_result(self, data: dict[str, str], metadata: dict[str, Any]) -> None:
        display(data, raw=True, metadata=metadata)


class NotebookView(ResultView):
    """One output: what is being waited for, with seconds or progress, then the result in its place."""

    def __init__(self, language: Language, *, owns_cell: bool) -> None:
        super().__init__(language)
        self._owns_cell = owns_cell
        self._handle: DisplayHandle | None = None

    def release_cell(self) -> None:
        """Other code wrote into the cell."""
        self._owns_cell = False

    def show_deltas(self, deltas: Sequence[Delta]) -> None:
        """Show what is being waited for, or the progress."""
        if waiting_text := describe_waiting(deltas, self._language):
            self._update_output(
                {
                    "text/html": f"<em>… {plain_html(waiting_text)}</em>",
                    "text/plain": make_controls_visible(f"… {waiting_text}"),
                },
                {},
            )

    def _update_output(self, data: dict[str, str], metadata: dict[str, Any]) -> None:
        if self._handle is None:
            self._handle = display(data, raw=True, metadata=metadata, display_id=True)
        else:
            self._handle.update(data, raw=True, metadata=metadata)

    def _display_result(self, data: dict[str, str], metadata: dict[str, Any]) -> None:
        self._update_output(data, metadata)

    def withdraw_output(self) -> None:
        """Clear the cell if it is ours; otherwise blank the output."""
        if self._handle is not None:
            if self._owns_cell:
                clear_output()
            else:
                self._handle.update({"text/plain": ""}, raw=True)


class TextView(ResultView):
    """Words, on standard output: in a terminal."""

    def __init__(self, language: Language) -> None:
        super().__init__(language)
        self._last_notice: Text | None = None

    def show_deltas(self, deltas: Sequence[Delta]) -> None:
        """Print what is being waited for, once each."""
        for delta in deltas:
            if delta.notice and delta.notice != self._last_notice:
                self._last_notice = delta.notice
                line = make_controls_visible(f"… {delta.notice.say(self._language)}")
                print(fit_encoding(line, sys.stdout), flush=True)

    def _display_result(self, data: dict[str, str], metadata: dict[str, Any]) -> None:  # noqa: ARG002  (the others show it)
        print(fit_encoding(data["text/plain"], sys.stdout), flush=True)
