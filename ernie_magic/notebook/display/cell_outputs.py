"""What other code writes into a cell while a magic runs there: threads that print, tasks that
display, loggers, the user's own tools.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ernie_magic.notebook.display.target import get_cell_id, is_captured_by_widget
from ernie_magic.notebook.kernel_outputs import CLEAR_OUTPUT, observe_outputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from ernie_magic.notebook.display.streaming import View


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
        if kind == CLEAR_OUTPUT:
            self._view.forget_outputs()
        else:
            self._view.release_cell()

    def on_other_output(self) -> None:
        """Note that the cell holds other output, or may hold some."""
        self._holds_other_output = True

    def _is_ours(self) -> bool:
        """Whether the view displays something just now."""
        if self._view is None or threading.current_thread() is not self._our_thread:
            return False
        return self._view.is_displaying


@contextmanager
def watching_outputs(shell: InteractiveShell) -> Iterator[CellWatch]:
    """Watch what other code writes into the cell that runs."""
    watch = CellWatch(shell)
    send = observe_outputs(shell)
    if send is None:
        watch.on_other_output()
        yield watch
        return
    if send.written_cell == get_cell_id(shell):
        watch.on_other_output()
    send.observers.append(watch.on_message)
    try:
        yield watch
    finally:
        send.observers.remove(watch.on_message)
