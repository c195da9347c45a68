"""A slider or a number field, each over the parameter's real range; a seed with a die and a lock."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.notebook.panels.control import DEFAULT, Control
from ernie_magic.notebook.panels.widgets import make_button, row, set_class
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEFT = Text("{name}：由服务决定，不发送", "{name}: left to the service, not sent")
_SESSION_VALUE = Text("{name}：用会话的设置 {value}", "{name}: the session's setting, {value}")
_ROLL, _LOCK = Text("换一个", "Random"), Text("锁定", "Lock")
_ROLL_HINT = Text("随机取一个种子", "pick a random seed")
_LOCK_HINT = Text(
    "锁定：每次都用这个种子；不锁定：每次换一个",
    "locked: this seed each time; not locked: a new one each time",
)
# By type: a slider, a field with limits, one without; and the step where the table has none.
_NUMBER_WIDGETS = {
    "int": (widgets.IntSlider, widgets.BoundedIntText, widgets.IntText),
    "float": (widgets.FloatSlider, widgets.BoundedFloatText, widgets.FloatText),
}
_DEFAULT_STEPS = {"int": 1, "float": 0.01}
_MAX_STEPS = 100_000  # of a slider; a wider range is typed
_MAX_SEED = 2**31 - 1  # that the die gives: every model accepts it


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
        label, tooltip = DEFAULT.say(self._language), _LEFT
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
