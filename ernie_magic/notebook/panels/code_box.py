"""A tab's state as code: the magic, the Python call, the official client's; to copy, or insert as a
cell.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import ipywidgets as widgets

from ernie_magic.errors import ErnieError
from ernie_magic.notebook.panels.advice import line_in_panel
from ernie_magic.notebook.panels.widgets import (
    column,
    make_button,
    make_icon_toggle,
    row,
    set_visible,
)
from ernie_magic.text.language import Language, Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ernie_magic.calls.as_code import Code

_SHOW = Text("显示代码", "Show code")
_FORM = Text("代码形式", "Form")
_FORMS = {
    "magic": Text("魔法", "Magic"),
    "python": Text("Python", "Python"),
    "openai": Text("openai 客户端", "OpenAI client"),
}
_COPY = Text("复制代码", "Copy code")
_INSERT = Text("插入为单元格", "Insert as cell")


class CodeBox:
    """Folded until opened; then always in step with the tab's state.

    Parameters
    ----------
    language
    make_code
        The state as code, one text per cell. If the call lacks something, that is shown instead.

    Attributes
    ----------
    show : ipywidgets.ToggleButton
        Opens it.
    widget : ipywidgets.Widget
        Its content.
    cells : list of str
        What is shown.
    """

    def __init__(self, language: Language, make_code: Callable[[], Sequence[Code]]) -> None:
        self._language = language
        self._make_code = make_code
        self.show = make_icon_toggle("code", _SHOW.say(language), name="ernie-show-code")
        self.form = widgets.ToggleButtons(
            options=[(text.say(language), name) for name, text in _FORMS.items()],
            description=_FORM.say(language),
            style={"description_width": "initial", "button_width": "auto"},
        )
        self.cells: list[str] = []
        self._code = widgets.HTML()
        self._body = column(
            self.form,
            self._code,
            row(
                make_button(_COPY.say(language), _do_nothing, name="ernie-copy"),
                make_button(_INSERT.say(language), _do_nothing, name="ernie-insert"),
            ),
            name="ernie-code",
        )
        set_visible(self._body, visible=False)
        self.widget = self._body
        self.show.observe(lambda _change: self.refresh_code(), "value")
        self.form.observe(lambda _change: self.refresh_code(), "value")

    def refresh_code(self) -> None:
        """The state has changed."""
        set_visible(self._body, self.show.value)
        if not self.show.value:
            return
        try:
            codes = self._make_code()
            note = " ".join(code.note.say(self._language) for code in codes)
            self.cells = [self._code_text(code) for code in codes]
        except ErnieError as error:
            note = ""
            self.cells = [f"# {line_in_panel(error, self._language)}"]
        label = _FORMS[self.form.value].say(self._language)
        labels = [label]
        if len(self.cells) > 1:
            labels = [f"{label} {i}" for i in range(1, len(self.cells) + 1)]
        markup = "".join(
            f'<pre tabindex="0" role="region" aria-label="{label}">{html.escape(cell)}</pre>'
            for label, cell in zip(labels, self.cells, strict=False)
        )
        if note:
            markup += f"<small>{plain_html(note)}</small>"
        self._code.value = markup

    def _code_text(self, code: Code) -> str:
        """One cell's code in the chosen form; or why there is none, in the user's language."""
        form: str | Text = getattr(code, self.form.value)
        return form.say(self._language) if isinstance(form, Text) else form


def _do_nothing() -> None:
    """The page copies and inserts: only a click's own handler may use the clipboard."""
