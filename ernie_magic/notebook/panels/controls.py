"""The controls (sliders, lists, text fields) of a model, made from the parameter table: each with
its real range and a "default" state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import parameters
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.panels.choice_controls import ChoiceControl, SizeControl
from ernie_magic.notebook.panels.number_controls import NumberControl, SeedControl
from ernie_magic.notebook.panels.text_control import TextControl
from ernie_magic.notebook.panels.widgets import (
    close_widget,
    column,
    make_button,
    make_fold_button,
    set_visible,
)
from ernie_magic.text.language import Language, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.parameter import Parameter, Rules
    from ernie_magic.notebook.panels.control import Control

_RESET_ALL = Text("全部恢复默认", "Reset all to default")
_MORE = Text("更多参数（{n}）", "More parameters ({n})")
_MORE_SET = Text("更多参数（{n}，已改 {set}）", "More parameters ({n}, {set} changed)")
# What most people change; the rest is folded.
_OPEN_PARAMETERS = frozenset({"temperature", "max_completion_tokens", "size", "n", "style", "seed"})
_CONTROLS_BY_TYPE: dict[str, type[Control]] = {
    "float": NumberControl,
    "int": NumberControl,
    "size": SizeControl,
    "format": ChoiceControl,
    "strings": TextControl,
}


def _control_class(parameter: Parameter) -> type[Control] | None:
    """Which control a parameter has; None if it has none.

    Tools are Python functions, and JSON belongs in code.
    """
    if parameter.name == "parallel_tool_calls":
        return None
    if parameter.name == "seed" and parameter.kind == "image":
        return SeedControl
    if parameter.takes_switch:
        return ChoiceControl
    if parameter.type != "str":
        return _CONTROLS_BY_TYPE.get(parameter.type)
    if parameter.choices and parameter.name != "response_format":
        return ChoiceControl
    return TextControl if parameter.max_length or parameter.requires else None


class Controls:
    """The controls for what a model and a service accept.

    Parameters
    ----------
    kind
    language
    session_parameters
        Returns what the session sets, by parameter.
    on_change
        Called after each change by the user, and once when all are set.
    """

    def __init__(
        self,
        kind: Kind,
        language: Language,
        session_parameters: Callable[[], Mapping[str, Any]],
        on_change: Callable[[], object],
    ) -> None:
        self._kind = kind
        self._language = language
        self._session_parameters = session_parameters
        self._on_change = on_change
        self._shown_for: object = None
        self._is_updating = False
        # What each control was made for: an unchanged one stays.
        self._control_keys: dict[str, object] = {}
        self.by_name: dict[str, Control] = {}
        self._reset_button = make_button(_RESET_ALL.say(language), lambda: self.set_values({}))
        self._more_button = make_fold_button("", "ernie-more-button")
        self._more = column(name="ernie-more")
        self._open = column(name="ernie-open-controls")
        # These stay, whatever the model: what the page has unfolded stays unfolded.
        self.widget = column(
            self._open, self._more_button, self._more, self._reset_button, name="ernie-controls"
        )

    def _on_control_changed(self) -> None:
        if not self._is_updating:
            self._count_changed()
            self._on_change()

    def update_for_model(self, model: str, rules: Rules) -> None:
        """Show what this model accepts on this service; values that are still valid stay."""
        session_values = self._session_values()
        shown_for = (
            model,
            rules,
            tuple((name, str(value)) for name, value in session_values.items()),
        )
        if shown_for == self._shown_for:
            return
        self._shown_for = shown_for
        previous_values = self.request_parameters
        previous_controls = self.by_name
        self._is_updating = True
        self.by_name = {}
        for name, parameter in parameters.parameters_of(self._kind).items():
            control_class = _control_class(parameter)
            if control_class is None or not parameter.supported_by(model, rules.protocol):
                continue
            session_value = session_values.get(name)
            key = (
                parameter.limits_for(model),
                parameter.format_range(model),
                str(session_value),
            )
            if name in previous_controls and self._control_keys[name] == key:
                self.by_name[name] = previous_controls[name]
                continue
            self._control_keys[name] = key
            self.by_name[name] = control = control_class(
                parameter, model, self._language, session_value, self._on_control_changed
            )
            if name in previous_values:
                _restore_value(control, previous_values[name], model, strict=rules.strict)
        self._is_updating = False
        self._show_controls(previous_controls)

    def _session_values(self) -> dict[str, Any]:
        """What the session sets: the request's parameters are those of a chat."""
        known = parameters.parameters_of(self._kind)
        return {
            name: value
            for name, value in self._session_parameters().items()
            if name in known and (self._kind == "chat" or known[name].client_side)
        }

    def _show_controls(self, previous_controls: Mapping[str, Control]) -> None:
        """Show the present controls; close those that are gone or replaced."""
        self._more.children = [
            control.widget for name, control in self.by_name.items() if self._is_folded(name)
        ]
        self._open.children = [
            control.widget for name, control in self.by_name.items() if not self._is_folded(name)
        ]
        for part in (self._more_button, self._more):
            set_visible(part, visible=bool(self._more.children))
        set_visible(self._reset_button, visible=bool(self.by_name))
        self._count_changed()
        for name, control in previous_controls.items():
            if self.by_name.get(name) is not control:
                close_widget(control.widget)

    def _is_folded(self, name: str) -> bool:
        """Whether few people change it. A chat's seed is rare, a picture's is not."""
        return name not in _OPEN_PARAMETERS or (name == "seed" and self._kind == "chat")

    def _count_changed(self) -> None:
        """Say how many parameters are folded, and how many of them are set."""
        folded = [control for name, control in self.by_name.items() if self._is_folded(name)]
        changed = sum(control.value is not None for control in folded)
        text = _MORE.fill(n=len(folded))
        if changed:
            text = _MORE_SET.fill(n=len(folded), set=changed)
        self._more_button.description = text.say(self._language)

    @property
    def request_parameters(self) -> dict[str, Any]:
        """The parameters to send: those whose control does not say "default"."""
        return {
            name: value
            for name, control in self.by_name.items()
            if (value := control.value) is not None
        }

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these values, and "default" for every other."""
        self._is_updating = True
        for name, control in self.by_name.items():
            control.value = values.get(name)
        self._is_updating = False
        self._count_changed()
        self._on_change()


def _restore_value(control: Control, value: object, model: str, *, strict: bool) -> None:
    """Give a new control the value of the one that it replaces; one out of range is dropped."""
    try:
        control.value = control.parameter.check_value(value, model, strict=strict)
    except InvalidOption:
        control.value = None
