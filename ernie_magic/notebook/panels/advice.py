"""What to do, where it happened in a panel: errors are written for cells and for Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.api.default_model import (
    CHOOSE_WITH_OPTION,
    IN_PYTHON,
    MODEL_SETTINGS,
    OR_CONFIG,
)
from ernie_magic.api.messages import WRITE_PROMPT
from ernie_magic.api.unfit_texts import LEAVE_OUT_TEXTS, PASS_ONE_TEXT, SHORTEN_TEXTS
from ernie_magic.notebook.magics.interpolate import LITERAL
from ernie_magic.text.language import Text, untranslated
from ernie_magic.wire.error_codes import LIST_MODELS
from ernie_magic.wire.model_lists import LIST_ALL_MODELS

if TYPE_CHECKING:
    from ernie_magic.errors import ErnieError
    from ernie_magic.text.language import Language

_NOTHING = untranslated("")
_IN_A_PANEL = {
    WRITE_PROMPT: Text("先在下面的框里写点什么", "write something in the box below"),
    PASS_ONE_TEXT: Text("在下面的框里每行写一条", "write them in the box below, one per line"),
    SHORTEN_TEXTS: Text("缩短它们", "shorten them"),
    CHOOSE_WITH_OPTION: Text("在模型列表里选一个", "choose one from the list of models"),
    IN_PYTHON: _NOTHING,
    **{OR_CONFIG.fill(name=name): _NOTHING for name in MODEL_SETTINGS.values()},
    LIST_MODELS: Text("在模型列表里选一个", "choose one from the list of models"),
    LIST_ALL_MODELS: Text("模型列表里有全部", "the list of models has all"),
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
