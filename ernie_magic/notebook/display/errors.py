"""The raw reply behind an error, folded. The error itself is one line, which IPython shows."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from IPython.display import display

from ernie_magic.notebook.display.style import NOTE_STYLE, note_html
from ernie_magic.notebook.display.target import can_update_displays
from ernie_magic.text.language import Language, Text

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ernie_magic.errors import ErnieError

_TITLE = Text("服务的原始返回", "the service's raw reply")
_REACHED = "import sys; sys.last_value.body"  # IPython keeps a cell's last error there
_SHOWN = 4000  # characters


def show_body(shell: InteractiveShell, error: ErnieError, language: Language) -> None:
    """In a notebook, show a refusal's raw reply below the error's line, folded; plain text cannot be
    folded, and says where it is. `error.body` has it in full.
    """
    body = getattr(error, "body", "")
    if not body or getattr(shell, "kernel", None) is None:
        return
    visible_text = body[:_SHOWN]
    if len(body) > _SHOWN:
        visible_text += " …"
    title = note_html(_TITLE.say(language))
    folded = f"<details><summary>{title}</summary><pre>{html.escape(visible_text)}</pre></details>"
    plain = f"[{_TITLE.say(language)}: {_REACHED}]"
    bundle = {"text/html": folded + NOTE_STYLE, "text/plain": plain}
    # Who takes a cell's outputs (`%%capture`, an output widget) takes this one too, and is gone
    # when the cell has ended, which is when IPython shows the error.
    if not can_update_displays(shell):
        display(bundle, raw=True)
        return

    def show_once() -> None:
        shell.events.unregister("post_execute", show_once)
        display(bundle, raw=True)

    shell.events.register("post_execute", show_once)
