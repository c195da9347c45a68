"""A result that arrives in one piece, after a wait: one output that shows progress, then the
result.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from IPython.display import clear_output, display

from ernie_magic.notebook.display.streaming import WAITING, CellDisplay, PassiveView
from ernie_magic.notebook.display.target import (
    can_update_displays,
    flush_streams,
    get_cell_id,
)
from ernie_magic.runtime.progress import BAR_INTERVAL, ProgressBar, ProgressClock
from ernie_magic.text.encodings import fit_encoding
from ernie_magic.text.language import Language, Text
from ernie_magic.text.sanitize import plain_html
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import DisplayHandle

    from ernie_magic.runtime.events import Delta, Progress

    Bundle = tuple[dict[str, str], dict[str, Any]]  # a MIME bundle and its metadata


_DONE = Text("进度", "progress")
_BAR_LINE = "display:flex;align-items:center;gap:.8em;flex-wrap:wrap"
_BAR = "width:16em;max-width:100%;height:.6em;border-radius:.3em;overflow:hidden"
_BAR_GROUND = "background:rgba(127,127,127,.25)"
_BAR_DONE = "height:100%;background:var(--jp-brand-color1,#1976d2)"


class WaitingLine:
    """What is being waited for: the last notice with its seconds, or the last progress."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._clock = ProgressClock()
        self.progress: Progress | None = None
        self.notice = ""

    def read_deltas(self, deltas: Sequence[Delta]) -> bool:
        """Take these in; whether any of them tells something."""
        tells = False
        for delta in deltas:
            if delta.notice:
                self.notice = _describe_notice(delta.notice, delta.waited, self._language)
            elif delta.progress:
                self.progress = delta.progress
                self.notice = ""
            tells = tells or bool(delta.notice or delta.progress)
        return tells

    def describe(self) -> str:
        """What is waited for and how far the work is, on one line."""
        parts = [self.notice]
        if self.progress is not None:
            parts.insert(0, self._clock.describe(self.progress, self._language))
        return " · ".join(part for part in parts if part)


def _describe_notice(notice: Text, waited: int | None, language: Language) -> str:
    what = notice.say(language)
    if waited is None:
        return what
    return WAITING.say(language, what=what, n=waited)


def view_for(shell: InteractiveShell, language: Language, *, owns_cell: bool) -> ResultView:
    """The view for this front end; see `ernie_magic.notebook.display.streaming.view_for`."""
    if getattr(shell, "kernel", None) is None:
        return TextView(language)
    if not can_update_displays(shell):
        return ResultView(language)
    return NotebookView(language, owns_cell=owns_cell, cell_id=get_cell_id(shell))


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


class NotebookView(CellDisplay, ResultView):
    """One output: what is being waited for, with seconds or progress, then the result in its place."""

    def __init__(self, language: Language, *, owns_cell: bool, cell_id: str = "") -> None:
        super().__init__(language)
        self._owns_cell = owns_cell
        self._cell_id = cell_id
        self._handle: DisplayHandle | None = None
        self._waiting = WaitingLine(language)
        self._updated_at = -BAR_INTERVAL
        self._redraw_at: float | None = None

    def release_cell(self) -> None:
        """Other code wrote into the cell."""
        self._owns_cell = False

    def forget_outputs(self) -> None:
        """Other code cleared the cell."""
        self._owns_cell = False
        self._handle = None

    def get_redraw_time(self) -> float | None:
        """When progress that came too soon after the last is due."""
        return self._redraw_at

    def show_deltas(self, deltas: Sequence[Delta]) -> None:
        """Show what is being waited for, or the progress."""
        now = time.monotonic()
        is_due = self._redraw_at is not None and now >= self._redraw_at
        if not (self._waiting.read_deltas(deltas) or is_due):
            return
        progress = self._waiting.progress
        if not self._waiting.notice and now < self._updated_at + BAR_INTERVAL:
            self._redraw_at = self._updated_at + BAR_INTERVAL
            return
        self._updated_at = now
        self._redraw_at = None
        line = self._waiting.describe()
        self._update_output(
            {
                "text/html": _waiting_html(line, progress),
                "text/plain": make_controls_visible(f"… {line}"),
            },
            {},
        )

    def _update_output(self, data: dict[str, str], metadata: dict[str, Any]) -> None:
        handle = self._handle  # other code may clear the cell meanwhile
        with self._displaying():
            if handle is None:
                self._handle = display(data, raw=True, metadata=metadata, display_id=True)
            else:
                handle.update(data, raw=True, metadata=metadata)

    def _display_result(self, data: dict[str, str], metadata: dict[str, Any]) -> None:
        self._update_output(data, metadata)

    def withdraw_output(self) -> None:
        """Clear the cell if it is ours; otherwise blank the output."""
        if self._handle is None:
            return
        if self._owns_cell:
            flush_streams()  # whatever other code printed is seen now
        if self._owns_cell:
            with self._displaying():
                clear_output()
        elif self._handle is not None:
            self._update_output({"text/plain": ""}, {})


def _waiting_html(line: str, progress: Progress | None) -> str:
    """What is waited for, as HTML; with a bar where work is counted."""
    if progress is None:
        return f"<em>… {plain_html(line)}</em>"
    share = 100 * progress.done / max(1, progress.total)
    done = f'<div style="{_BAR_DONE};width:{share:.1f}%"></div>'
    # The words beside it say the same.
    bar = f'<div aria-hidden="true" style="{_BAR};{_BAR_GROUND}">{done}</div>'
    return f'<div style="{_BAR_LINE}">{bar}<small>{plain_html(line)}</small></div>'


class TextView(ResultView):
    """Words, on standard output: in a terminal."""

    def __init__(self, language: Language) -> None:
        super().__init__(language)
        self._last_notice: Text | None = None
        self._bar = ProgressBar(_DONE.say(language), language)

    def show_result(self, result: Bundle | None) -> None:
        """Show the result below the place of the bar."""
        self._bar.close()
        super().show_result(result)

    def show_deltas(self, deltas: Sequence[Delta]) -> None:
        """Show the progress; print what is being waited for, once each."""
        self._bar.update_bar(deltas)
        for delta in deltas:
            if delta.notice and delta.notice != self._last_notice:
                self._last_notice = delta.notice
                line = make_controls_visible(f"… {delta.notice.say(self._language)}")
                print(fit_encoding(line, sys.stdout), flush=True)

    def _display_result(self, data: dict[str, str], metadata: dict[str, Any]) -> None:  # noqa: ARG002  (the others show it)
        print(fit_encoding(data["text/plain"], sys.stdout), flush=True)
