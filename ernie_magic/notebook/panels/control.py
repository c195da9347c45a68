"""What every control of a parameter has: its widget, its value and its "default" state.

In the "default" state nothing is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.notebook.panels.widgets import column
from ernie_magic.text.language import Language, Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.api.parameter import Parameter

DEFAULT = Text("默认", "default")
_DEFAULT_IS = Text("默认（{value}）", "default ({value})")
ON, OFF = Text("开", "on"), Text("关", "off")


class Control:
    """One parameter: its widget and its value, None while it is left to the service.

    Parameters
    ----------
    parameter, model, language
    session_value
        What the session sets, None for nothing; it is sent while the control says "default".
    on_change
        Called after each change by the user.
    """

    widget: Any

    def __init__(
        self,
        parameter: Parameter,
        model: str,
        language: Language,
        session_value: object,
        on_change: Callable[[], object],
    ) -> None:
        self.parameter, self._language, self._on_change = parameter, language, on_change
        self._session_value, self._default = session_value, session_value
        if session_value is None:
            self._default = parameter.default
        self._is_updating = False
        hint_text = parameter.help.say(language)
        bounds = parameter.format_range(model)
        if bounds and not parameter.choices and parameter.type != "size":
            hint_text += f" · {bounds}"
        self._hint_text = hint_text
        inner = self._make_widget(model)
        hint = widgets.HTML(f"<small>{plain_html(hint_text)}</small>")
        hint.add_class("ernie-hint")
        self.widget = column(inner, hint, name="ernie-control")

    def _make_widget(self, model: str) -> widgets.Widget:
        raise NotImplementedError

    @property
    def value(self) -> Any:
        """The value to send; None for nothing."""
        raise NotImplementedError

    @value.setter
    def value(self, value: Any) -> None:
        raise NotImplementedError

    def _on_widget_changed(self, _change: object = None) -> None:
        if not self._is_updating:
            self._on_change()

    @property
    def _default_label(self) -> str:
        if self._default is None:
            return DEFAULT.say(self._language)
        return _DEFAULT_IS.say(self._language, value=_display_text(self._default, self._language))


def _display_text(value: object, language: Language) -> str:
    if isinstance(value, bool):
        return (ON if value else OFF).say(language)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return _display_text(value.get("type", value.get("enable", "…")), language)
    return str(value)
