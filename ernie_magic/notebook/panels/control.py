"""What every control of a parameter has: its widget, its value and its "default" state.

In the "default" state nothing is sent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from ernie_magic.notebook.panels.labels import label_parameter
from ernie_magic.notebook.panels.widgets import column, make_icon_button, set_class
from ernie_magic.text.language import Language, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    import ipywidgets as widgets

    from ernie_magic.api.parameter import Parameter

DEFAULT = Text("默认", "default")
_DEFAULT_IS = Text("默认（{value}）", "default ({value})")
# What was typed, and the least and the most that is possible.
OUT_OF_RANGE = Text("{low} 到 {high} 之间，不能是 {typed}", "between {low} and {high}, not {typed}")
AT_LEAST = Text("至少是 {low}，不能是 {typed}", "at least {low}, not {typed}")
NO_NUMBER = Text("{typed} 不是数字", "{typed} is not a number")
_RESET = Text("恢复默认：{name}", "Reset to default: {name}")
ON = Text("开", "on")
OFF = Text("关", "off")


class Control(ABC):
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
        self.parameter = parameter
        self._language = language
        self._on_change = on_change
        self._session_value = session_value
        self._default = session_value
        if session_value is None:
            self._default = parameter.default
        self._is_updating = False
        self.label = label_parameter(parameter.name, language)
        api_name = parameter.name
        bounds = parameter.format_range(model)
        if bounds and not parameter.choices and parameter.type != "size":
            api_name += f" · {bounds}"
        self._hint_text = f"{parameter.help.say(language)}\n{api_name}"
        self.widget = column(name="ernie-control")
        self.widget.children = (*self._make_widgets(model), self._make_reset_button())
        self._mark_changed()

    @abstractmethod
    def _make_widgets(self, model: str) -> tuple[widgets.Widget, ...]:
        """The lines of the control; its label is in the first."""

    def _make_reset_button(self) -> widgets.Widget:
        """The small arrow at the right of the label, to be seen while the parameter is set."""
        return make_icon_button(
            "reset",
            _RESET.say(self._language, name=self.label),
            self._reset_value,
            name="ernie-reset",
        )

    def _reset_value(self) -> None:
        self.value = None
        self._on_widget_changed()

    @property
    @abstractmethod
    def value(self) -> Any:
        """The value to send; None for nothing."""

    @value.setter
    @abstractmethod
    def value(self, value: Any) -> None: ...

    def _on_widget_changed(self, _change: object = None) -> None:
        self._mark_changed()
        if not self._is_updating:
            self._on_change()

    def _mark_changed(self) -> None:
        """A value that is sent stands out; the reset arrow shows."""
        set_class(self.widget, "ernie-set", self.value is not None)

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
