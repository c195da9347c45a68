"""What to do, where it happened in a panel: errors are written for cells and for Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.api.messages import WRITE_PROMPT
from ernie_magic.api.unfit_texts import LEAVE_OUT_TEXTS, PASS_ONE_TEXT, SHORTEN_TEXTS
from ernie_magic.notebook.magics.interpolate import LITERAL
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.errors import ErnieError
    from ernie_magic.text.language import Language

_IN_A_PANEL = {
    WRITE_PROMPT: Text("先在下面的框里写点什么", "write something in the box below"),
    PASS_ONE_TEXT: Text("在下面的框里每行写一条", "write them in the box below, one per line"),
    SHORTEN_TEXTS: Text("缩短它们", "shorten them"),
    LEAVE_OUT_TEXTS: Text("去掉它们", "remove them"),
    LITERAL: Text(
        "要原样发送 {{，请按下面的 {{ }} 按钮", "to send {{ as it is, press the {{ }} button below"
    ),
}


def line_in_panel(error: ErnieError, language: Language) -> str:
    """The whole error as one line; what it says about a cell says what a panel has for it."""
    line = error.line(language)
    for in_a_cell, in_a_panel in _IN_A_PANEL.items():
        line = line.replace(in_a_cell.say(language), in_a_panel.say(language))
    return line
