"""Controls (sliders, lists, text fields), made from the parameter table: each with its real range
and a "default" state.

In the "default" state nothing is sent.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.api import models, parameters
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.panels.widgets import close_widget, column, make_button, row, set_class
from ernie_magic.text.language import Language, Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.parameter import Parameter, Rules

_DEFAULT = Text("默认", "default")
_DEFAULT_IS = Text("默认（{value}）", "default ({value})")
_LEFT = Text("{name}：由服务决定，不发送", "{name}: left to the service, not sent")
_SESSION_VALUE = Text("{name}：用会话的设置 {value}", "{name}: the session's setting, {value}")
_RESET_ALL = Text("全部恢复默认", "Reset all to default")
_ON, _OFF = Text("开", "on"), Text("关", "off")
_A_LINE = Text("每行一个", "one per line")
_ROLL, _LOCK = Text("换一个", "Random"), Text("锁定", "Lock")
_ROLL_HINT = Text("随机取一个种子", "pick a random seed")
_LOCK_HINT = Text(
    "锁定：每次都用这个种子；不锁定：每次换一个",
    "locked: this seed each time; not locked: a new one each time",
)
_SHAPES = {
    "square": Text("方形", "square"),
    "wide": Text("横向", "landscape"),
    "tall": Text("纵向", "portrait"),
}
_SHAPE = Text("形状", "shape")
_NOTHING = ""  # a list's choice that sends nothing: for ipywidgets None means no choice at all
# By type: a slider, a field with limits, one without; and the step where the table has none.
_NUMBER_WIDGETS = {
    "int": (widgets.IntSlider, widgets.BoundedIntText, widgets.IntText),
    "float": (widgets.FloatSlider, widgets.BoundedFloatText, widgets.FloatText),
}
_DEFAULT_STEPS = {"int": 1, "float": 0.01}
_MAX_STEPS = 100_000  # of a slider; a wider range is typed
_MAX_SEED = 2**31 - 1  # that the die gives: every model accepts it


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
            return _DEFAULT.say(self._language)
        return _DEFAULT_IS.say(self._language, value=_display_text(self._default, self._language))


class NumberControl(Control):
    """A slider, or a number field if the range is too wide for one; beside it the state "default"."""

    def _make_widget(self, model: str) -> widgets.Widget:
        self._step = self.parameter.step or _DEFAULT_STEPS[self.parameter.type]
        self._decimals = max(1, len(str(self._step).partition(".")[2]))
        self.number_input = self._make_number_input(*self._range_for(model))
        self.number_input.tooltip = self._hint_text
        self.default_toggle = self._make_default_toggle()
        self._show_default()
        self._mark_default()
        self.number_input.observe(self._on_number_changed, "value")
        self.default_toggle.observe(self._on_default_toggled, "value")
        return row(self.number_input, self.default_toggle, *self._extra_widgets())

    def _range_for(self, model: str) -> tuple[float | None, float | None]:
        """The range of the slider; None where there is no limit."""
        low, high = self.parameter.limits_for(model)
        # A session may set more than the table allows, for another maker's server.
        if isinstance(self._session_value, (int, float)):
            if low is not None:
                low = min(low, self._session_value)
            if high is not None:
                high = max(high, self._session_value)
        return low, high

    def _make_number_input(self, low: float | None, high: float | None) -> widgets.Widget:
        """A slider over this range; a number field if it is too wide or has no end."""
        p = self.parameter
        number: type[float] = int if p.type == "int" else float
        options = {
            "description": p.name,
            "style": {"description_width": "initial"},
            "step": number(self._step),
            "layout": widgets.Layout(width="auto", flex="1 1 220px", min_width="200px"),
        }
        slider, bounded_field, field = _NUMBER_WIDGETS[p.type]
        if low is None or high is None:
            return field(**options)
        if (high - low) / self._step > _MAX_STEPS:
            # `open_minimum` and `open_maximum`: the limit itself is out of range.
            return bounded_field(
                min=number(low) + int(p.open_minimum),
                max=number(high) - int(p.open_maximum),
                **options,
            )
        if p.open_minimum and low == p.minimum:
            low += self._step
        if p.open_maximum and high == p.maximum:
            high -= self._step
        readout_format = "d" if p.type == "int" else f".{self._decimals}f"
        return slider(min=number(low), max=number(high), readout_format=readout_format, **options)

    def _make_default_toggle(self) -> widgets.ToggleButton:
        """The button that leaves the parameter to the service, or to the session's setting."""
        label, tooltip = _DEFAULT.say(self._language), _LEFT
        if self._session_value is not None:
            label, tooltip = self._default_label, _SESSION_VALUE
        toggle = widgets.ToggleButton(
            True,
            description=label,
            tooltip=tooltip.say(
                self._language, name=self.parameter.name, value=self._session_value
            ),
            layout=widgets.Layout(width="auto"),
        )
        toggle.add_class("ernie-default")
        return toggle

    def _extra_widgets(self) -> Iterable[widgets.Widget]:
        return ()

    @property
    def _shown_default(self) -> float:
        if isinstance(self._default, (int, float)):
            return self._default
        # An unknown default shows nothing. A limit rests at its upper end: at the lower it would
        # say "2 tokens".
        resting_end = "max" if self.parameter.name.startswith("max_") else "min"
        return getattr(self.number_input, resting_end, 0)

    def _show_default(self) -> None:
        self.number_input.value = self._shown_default

    def _on_number_changed(self, _change: object) -> None:
        # The page may round what it was given: that is not a move.
        if self._is_updating or (
            self.default_toggle.value
            and abs(self.number_input.value - self._shown_default) < self._step / 2
        ):
            return
        self._is_updating, self.default_toggle.value = True, False
        self._is_updating = False
        self._mark_default()
        self._on_change()

    def _on_default_toggled(self, _change: object) -> None:
        if self._is_updating:
            return
        self._is_updating = True
        if self.default_toggle.value:
            self._show_default()
        self._is_updating = False
        self._mark_default()
        self._on_change()

    @property
    def value(self) -> Any:  # noqa: D102  (the base's)
        if self.default_toggle.value:
            return None
        if self.parameter.type == "int":
            return self.number_input.value
        return round(self.number_input.value, self._decimals)

    @value.setter
    def value(self, value: Any) -> None:
        self._is_updating = True
        if value is None:
            self._show_default()
        else:
            self.number_input.value = value
        self.default_toggle.value = value is None
        self._is_updating = False
        self._mark_default()
        self._on_change()

    def _mark_default(self) -> None:
        """Without a known default there is no number to show."""
        is_default = self.default_toggle.value
        set_class(self.number_input, "ernie-unknown", is_default and self._default is None)
        set_class(self.number_input, "ernie-set", not is_default)


class SeedControl(NumberControl):
    """A seed with a die and a lock: unlocked, each call gets a new one."""

    def _extra_widgets(self) -> Iterable[widgets.Widget]:
        language = self._language
        self.lock = widgets.ToggleButton(
            False,
            description=_LOCK.say(language),
            tooltip=_LOCK_HINT.say(language),
            layout=widgets.Layout(width="auto"),
        )
        self.lock.add_class("ernie-lock")
        self.lock.observe(self._on_lock_toggled, "value")
        return make_button(
            _ROLL.say(language),
            self.pick_random_seed,
            tooltip=_ROLL_HINT.say(language),
            name="ernie-roll",
        ), self.lock

    def _on_lock_toggled(self, _change: object) -> None:
        # Only a seed can be locked, not the service's choice.
        if self.lock.value and self.default_toggle.value:
            self.pick_random_seed()
        self._on_widget_changed()

    def pick_random_seed(self) -> None:
        """Pick another seed at random."""
        self.value = secrets.randbelow(_MAX_SEED)

    def renew_seed(self) -> None:
        """Pick another seed before a call, unless it is locked or left to the service."""
        if not self.lock.value and not self.default_toggle.value:
            self.pick_random_seed()


class ChoiceControl(Control):
    """A list whose first entry is "default"."""

    def _make_widget(self, model: str) -> widgets.Widget:
        self.dropdown = widgets.Dropdown(
            options=[(self._default_label, _NOTHING), *self._choice_options(model)],
            description=self.parameter.name,
            tooltip=self._hint_text,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        self.dropdown.observe(self._on_widget_changed, "value")
        return self.dropdown

    def _choice_options(self, _model: str) -> list[tuple[str, Any]]:
        p = self.parameter
        if p.takes_switch:
            return [(_ON.say(self._language), True), (_OFF.say(self._language), False)]
        # A JSON schema is more than a choice.
        return [(choice, choice) for choice in p.choices if choice != "json_schema"]

    @property
    def value(self) -> Any:  # noqa: D102  (the base's)
        if self.dropdown.value == _NOTHING:
            return None
        return self.dropdown.value

    @value.setter
    def value(self, value: Any) -> None:
        if isinstance(value, dict):
            value = value.get("type", value.get("enable"))
        if value not in [option for _, option in self.dropdown.options]:
            value = _NOTHING
        self.dropdown.value = value


class SizeControl(ChoiceControl):
    """Picture sizes, grouped by shape."""

    def _make_widget(self, model: str) -> widgets.Widget:
        entry = models.find_model(model)
        self._sizes = entry.sizes if entry else ()
        offered_shapes = {_size_shape(size) for size in self._sizes}
        shapes = [shape for shape in _SHAPES if shape in offered_shapes]
        self.shape = widgets.Dropdown(
            options=[
                (_DEFAULT.say(self._language), ""),
                *((_SHAPES[shape].say(self._language), shape) for shape in shapes),
            ],
            description=_SHAPE.say(self._language),
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        dropdown = super()._make_widget(model)
        self.shape.observe(self._on_shape_changed, "value")
        return row(self.shape, dropdown)

    def _choice_options(self, _model: str) -> list[tuple[str, Any]]:
        return [
            (size, size)
            for size in sorted(self._sizes, key=_pixel_count)
            if self.shape.value in ("", _size_shape(size))
        ]

    def _on_shape_changed(self, _change: object) -> None:
        self._is_updating, previous_size = True, self.dropdown.value
        options = self._choice_options("")
        self.dropdown.options = [(self._default_label, _NOTHING), *options]
        if any(size == previous_size for _, size in options):
            self.dropdown.value = previous_size
        else:
            self.dropdown.value = options[0][1] if self.shape.value else _NOTHING
        self._is_updating = False
        self._on_change()

    @property
    def value(self) -> Any:  # noqa: D102  (the base's)
        return super().value

    @value.setter
    def value(self, value: Any) -> None:
        self._is_updating = True
        self.shape.value = ""
        self.dropdown.value = value if value in self._sizes else _NOTHING
        self._is_updating = False
        self._on_change()


class TextControl(Control):
    """A text; if empty, nothing is sent."""

    def _make_widget(self, model: str) -> widgets.Widget:  # noqa: ARG002
        placeholder = ""
        if self._session_value:
            placeholder = self._default_label
        elif self.parameter.type == "strings":
            placeholder = _A_LINE.say(self._language)
        self.text = widgets.Textarea(
            description=self.parameter.name,
            placeholder=placeholder,
            rows=2,
            tooltip=self._hint_text,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        self.text.observe(self._on_widget_changed, "value")
        return self.text

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


def _size_shape(size: str) -> str:
    width, height = map(int, size.split("x"))
    if width == height:
        return "square"
    return "wide" if width > height else "tall"


def _pixel_count(size: str) -> tuple[int, str]:
    width, height = map(int, size.split("x"))
    return width * height, size


def _display_text(value: object, language: Language) -> str:
    if isinstance(value, bool):
        return (_ON if value else _OFF).say(language)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return _display_text(value.get("type", value.get("enable", "…")), language)
    return str(value)


_CONTROLS_BY_TYPE: dict[str, type[Control]] = {
    "float": NumberControl,
    "int": NumberControl,
    "size": SizeControl,
    "bool": ChoiceControl,
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
    if parameter.name == "web_search":
        return ChoiceControl
    if parameter.type != "str":
        return _CONTROLS_BY_TYPE.get(parameter.type)
    if parameter.choices and parameter.name != "response_format":
        return ChoiceControl
    return TextControl if parameter.max_length else None


class Controls:
    """The controls for what a model and a service accept.

    Parameters
    ----------
    kind
    language
    session_parameters
        Returns the request parameters that the session sets.
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
        self._kind, self._language, self._session_parameters, self._on_change = (
            kind,
            language,
            session_parameters,
            on_change,
        )
        self._shown_for: object = None
        self._is_updating = False
        self._control_keys: dict[
            str, object
        ] = {}  # what each control was made for: an unchanged one stays
        self.by_name: dict[str, Control] = {}
        self._reset_button = make_button(_RESET_ALL.say(language), lambda: self.set_values({}))
        self.widget = column(name="ernie-controls")

    def _on_control_changed(self) -> None:
        if not self._is_updating:
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
        previous_values, previous_controls = self.request_parameters, self.by_name
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
        """The parameters of chat that the session sets."""
        if self._kind != "chat":
            return {}
        known = parameters.parameters_of(self._kind)
        return {name: value for name, value in self._session_parameters().items() if name in known}

    def _show_controls(self, previous_controls: Mapping[str, Control]) -> None:
        """Show the present controls; close those that are gone or replaced."""
        children = [control.widget for control in self.by_name.values()]
        if children:
            children.append(self._reset_button)
        self.widget.children = children
        for name, control in previous_controls.items():
            if self.by_name.get(name) is not control:
                close_widget(control.widget)

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
        self._on_change()


def _restore_value(control: Control, value: object, model: str, *, strict: bool) -> None:
    """Give a new control the value of the one that it replaces; one out of range is dropped."""
    try:
        control.value = control.parameter.check_value(value, model, strict=strict)
    except InvalidOption:
        control.value = None
