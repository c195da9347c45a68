"""What becomes of a display: whether a later message can still replace it, and who takes it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.displaypub import CapturingDisplayPublisher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell


def can_update_displays(shell: InteractiveShell) -> bool:
    """Whether what is displayed now can be replaced later, by its display id.

    The outputs of a cell can. `%%capture`, a display hook and an output widget keep what they get
    and know no display ids (OutputModel.add in
    https://github.com/jupyter-widgets/ipywidgets/blob/main/python/jupyterlab_widgets/src/output.ts,
    nbclient's output_widget.py), and neither does the log that shows what a widget's callback
    displays (https://jupyter-client.readthedocs.io/en/stable/messaging.html#update-display-data).
    """
    publisher: Any = shell.display_pub
    if isinstance(publisher, CapturingDisplayPublisher):
        return False
    if not isinstance(publisher, shell.display_pub_class):  # another has taken its place
        return False
    # ipykernel's hooks belong to the thread; other kernels have none.
    if getattr(publisher, "_hooks", ()):
        return False
    parent = getattr(publisher, "parent_header", None) or {}
    if parent.get("msg_type", "execute_request") != "execute_request":
        return False
    return not is_captured_by_widget(parent.get("msg_id", ""))


def get_cell_id(shell: InteractiveShell) -> str:
    """The id of the message that runs the cell, which its outputs name as their parent; "" if none."""
    parent = getattr(shell.display_pub, "parent_header", None) or {}
    return str(parent.get("msg_id", ""))


def is_captured_by_widget(cell_id: str) -> bool:
    """Whether an output widget takes what this cell displays (`ipywidgets.Output.msg_id`)."""
    return bool(_capturing_widgets(cell_id))


def _capturing_widgets(cell_id: str) -> list[Any]:
    module: Any = sys.modules.get("ipywidgets.widgets.widget")
    if module is None or not cell_id:
        return []
    # ipywidgets names no public way to its widgets: `Widget.widgets` warns.
    widgets = list(getattr(module, "_instances", {}).values())
    return [widget for widget in widgets if getattr(widget, "msg_id", "") == cell_id]


@contextmanager
def outside_output_widgets(cell_id: str) -> Iterator[None]:
    """Let what is displayed meanwhile reach the cell, whoever has entered an output widget there.

    A thread or a task that enters one takes all that the cell displays, also what began outside it,
    and the widget drops updates. Its page is told that it takes nothing now, and afterwards what
    holds by then: the widget itself, and whoever is inside it, notice nothing.
    """
    capturing = _capturing_widgets(cell_id)
    if capturing:
        flush_streams()  # what was printed so far is for the widget
    for widget in capturing:
        state = {"method": "update", "state": {"msg_id": ""}, "buffer_paths": []}
        widget.comm.send(data=state)
    try:
        yield
    finally:
        for widget in capturing:
            widget.send_state("msg_id")


def flush_streams() -> None:
    """Send what has been printed and not been sent yet."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as under `pythonw.exe`
            stream.flush()
