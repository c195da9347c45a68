"""What becomes of a display: whether a later message can still replace it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from IPython.core.displaypub import CapturingDisplayPublisher

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

# A display hook that carries this name passes every message on as it is.
_OBSERVES = "_ernie_magic_observes"


def mark_as_observer(hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Mark a display hook that only looks on: what passes it can still be replaced."""
    setattr(hook, _OBSERVES, True)
    return hook


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
    if not all(hasattr(hook, _OBSERVES) for hook in getattr(publisher, "_hooks", ())):
        return False
    parent = getattr(publisher, "parent_header", None) or {}
    if parent.get("msg_type", "execute_request") != "execute_request":
        return False
    return not _is_captured_by_widget(parent.get("msg_id", ""))


def _is_captured_by_widget(message_id: str) -> bool:
    """Whether an output widget takes what this message displays (`ipywidgets.Output.msg_id`)."""
    module: Any = sys.modules.get("ipywidgets.widgets.widget")
    if module is None or not message_id:
        return False
    # ipywidgets names no public way to its widgets: `Widget.widgets` warns.
    widgets = list(getattr(module, "_instances", {}).values())
    return any(getattr(widget, "msg_id", "") == message_id for widget in widgets)
