"""A text field."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from ernie_magic.notebook.panels.control import Control
from ernie_magic.text.language import Text

_A_LINE = Text("每行一个", "one per line")


class TextControl(Control):
    """A text; if empty, nothing is sent."""

    def _make_widgets(self, model: str) -> tuple[widgets.Widget, ...]:  # noqa: ARG002
        placeholder = ""
        if self._session_value:
            placeholder = self._default_label
        elif self.parameter.type == "strings":
            placeholder = _A_LINE.say(self._language)
        self.text = widgets.Textarea(
            description=self.label,
            placeholder=placeholder,
            rows=2,
            tooltip=self._hint_text,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        self.text.observe(self._on_widget_changed, "value")
        return (self.text,)

    @property
    def value(self) -> Any:  # noqa: D102
        text = self.text.value
        if self.parameter.type == "strings":
            return [line for line in text.split("\n") if line] or None
        return text.strip() or None

    @value.setter
    def value(self, value: Any) -> None:
        if isinstance(value, (list, tuple)):
            value = "\n".join(value)
        self.text.value = value or ""
