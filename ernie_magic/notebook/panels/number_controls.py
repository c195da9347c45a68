"""A slider with an editable number, or a number field, each over the parameter's real range; a seed
with a die and a lock.
"""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.notebook.panels.control import AT_LEAST, NO_NUMBER, OUT_OF_RANGE, Control
from ernie_magic.notebook.panels.widgets import (
    Status,
    make_button,
    make_icon_button,
    make_icon_toggle,
    row,
    set_class,
)
from ernie_magic.text.language import Text, clip_text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEFT = Text("恢复默认：{name}由服务决定，不发送", "Reset: {name} is left to the service, not sent")
_SESSION_VALUE = Text(
    "恢复默认：{name}用会话的设置 {value}", "Reset: {name} is the session's setting, {value}"
)
_ROLL = Text("换一个", "Random")
_LOCK = Text("锁定", "Lock")
_RANDOM = Text("随机", "random")
_MAX = Text("最大 {n:,}", "max {n:,}")
# By type: a slider; and the step where the table has none.
_SLIDERS = {"int": widgets.IntSlider, "float": widgets.FloatSlider}
_DEFAULT_STEPS = {"int": 1, "float": 0.01}
_SHOWN_CHARACTERS = 20  # of what was typed
_MAX_STEPS = 100_000  # of a slider; a wider range is typed
_MAX_SEED = 2**31 - 1  # that the die gives: every model accepts it
# A limit on tokens spans thousands: a click on one of these is more exact than a track.
_TOKEN_PRESETS = {512: "512", 1024: "1k", 4096: "4k"}


class NumberControl(Control):
    """A number; beside it the state "default".

    A slider whose readout can be edited, or a field if the range is too wide for a slider.
    """

    def _make_widgets(self, model: str) -> tuple[widgets.Widget, ...]:
        self._step = self.parameter.step or _DEFAULT_STEPS[self.parameter.type]
        self._decimals = max(1, len(str(self._step).partition(".")[2]))
        low, high = self._range_for(model)
        self._limits = (low, high)
        self._has_slider = (
            low is not None and high is not None and (high - low) / self._step <= _MAX_STEPS
        )
        if self._has_slider:
            self.number_input = self._make_slider(low or 0, high or 0)
        else:
            self.number_input = self._make_field()
        self.number_input.tooltip = self._hint_text
        self.default_toggle = self._make_default_toggle()
        self._show_default()
        self.number_input.observe(self._on_number_changed, "value")
        self.default_toggle.observe(self._on_default_toggled, "value")
        extras = tuple(self._extra_widgets())
        lines: list[widgets.Widget] = [self.number_input]
        if extras:
            lines = [row(self.number_input, *extras, name="ernie-inner")]
        if self._has_slider:
            lines.append(self._make_scale())
        else:
            self.note = Status("ernie-told")
            lines.append(self.note.widget)
        return tuple(lines)

    def _make_reset_button(self) -> widgets.Widget:
        return self.default_toggle

    def _range_for(self, model: str) -> tuple[float | None, float | None]:
        """The least and the most that can be chosen; None where there is no limit."""
        p = self.parameter
        low, high = p.limits_for(model)
        # A session may set more than the table allows, for another maker's server.
        if isinstance(self._session_value, (int, float)):
            if low is not None:
                low = min(low, self._session_value)
            if high is not None:
                high = max(high, self._session_value)
        # `open_minimum` and `open_maximum`: the limit itself is out of range.
        if low is not None and p.open_minimum and low == p.minimum:
            low += self._step
        if high is not None and p.open_maximum and high == p.maximum:
            high -= self._step
        return low, high

    def _make_slider(self, low: float, high: float) -> widgets.Widget:
        p = self.parameter
        number: type[float] = int if p.type == "int" else float
        readout_format = "d" if p.type == "int" else f".{self._decimals}f"
        return _SLIDERS[p.type](
            min=number(low),
            max=number(high),
            step=number(self._step),
            readout_format=readout_format,
            description=self.label,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )

    def _make_field(self) -> widgets.Widget:
        """A field for a range too wide for a slider; while it is empty, nothing is sent."""
        placeholder = self._default_label
        if self.parameter.name == "seed" and self._default is None:
            placeholder = _RANDOM.say(self._language)
        return widgets.Text(
            description=self.label,
            placeholder=placeholder,
            continuous_update=False,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )

    def _make_scale(self) -> widgets.Widget:
        """What stands below a track: its ends, or a few values to choose from."""
        slider = self.number_input
        if "tokens" not in self.parameter.name:
            ends = [_format_number(end) for end in (slider.min, slider.max)]
            scale = widgets.HTML("".join(f"<span>{plain_html(end)}</span>" for end in ends))
            scale.add_class("ernie-ends")
            return scale
        presets = {n: text for n, text in _TOKEN_PRESETS.items() if slider.min < n < slider.max}
        presets[slider.max] = _MAX.say(self._language, n=slider.max)
        buttons = [
            make_button(text, partial(self._choose_number, n), name="ernie-preset")
            for n, text in presets.items()
        ]
        return row(*buttons, name="ernie-presets")

    def _choose_number(self, number: float) -> None:
        """Set a number, which may be the one at which an unset slider rests."""
        self.value = number

    def _make_default_toggle(self) -> widgets.ToggleButton:
        """The button that leaves the parameter to the service, or to the session's setting."""
        tooltip = _LEFT
        if self._session_value is not None:
            tooltip = _SESSION_VALUE
        toggle = make_icon_toggle(
            "reset",
            tooltip.say(self._language, name=self.label, value=self._session_value),
            value=True,
            name="ernie-default",
        )
        toggle.add_class("ernie-reset")
        return toggle

    def _extra_widgets(self) -> Iterable[widgets.Widget]:
        return ()

    @property
    def _shown_default(self) -> Any:
        if not self._has_slider:
            return ""  # its placeholder says the default
        if isinstance(self._default, (int, float)):
            return self._default
        # An unknown default shows nothing. A limit rests at its upper end: at the lower it would
        # say "2 tokens".
        resting_end = "max" if self.parameter.name.startswith("max_") else "min"
        return getattr(self.number_input, resting_end, 0)

    def _show_default(self) -> None:
        self.number_input.value = self._shown_default

    def _on_number_changed(self, _change: object) -> None:
        if self._is_updating:
            return
        if not self._has_slider:
            self._on_text_changed()
            return
        # The page may round what it was given: that is not a move.
        if (
            self.default_toggle.value
            and abs(self.number_input.value - self._shown_default) < self._step / 2
        ):
            return
        self._set_default(is_default=False)
        self._on_widget_changed()

    def _on_text_changed(self) -> None:
        """Take a number that was typed; what is no number is left out, what is out of range is put
        at its end, and either is told.
        """
        typed = self.number_input.value.strip()
        number = self._parse_number(typed)
        self.note.show_message(self._describe_correction(typed, number), passes=True)
        self._is_updating = True
        self.number_input.value = "" if number is None else _plain_number(number)
        self._is_updating = False
        self._set_default(is_default=number is None)
        self._on_widget_changed()

    def _describe_correction(self, typed: str, number: float | None) -> str:
        """What is told of a text that was typed, "" where it is taken as it stands."""
        if not typed:
            return ""
        if number is None:
            return NO_NUMBER.say(self._language, typed=clip_text(typed, _SHOWN_CHARACTERS))
        if float(typed.replace(",", "")) == number:
            return ""
        low, high = (_format_number(end) for end in (self._limits[0] or 0, self._limits[1] or 0))
        told = AT_LEAST if self._limits[1] is None else OUT_OF_RANGE
        return told.say(
            self._language, typed=clip_text(typed, _SHOWN_CHARACTERS), low=low, high=high
        )

    def _parse_number(self, text: str) -> float | None:
        number: type[float] = int if self.parameter.type == "int" else float
        try:
            found = number(text.strip().replace(",", ""))
        except ValueError:
            return None
        low, high = self._limits
        if low is not None:
            found = max(found, number(low))
        if high is not None:
            found = min(found, number(high))
        return found

    def _set_default(self, *, is_default: bool) -> None:
        self._is_updating = True
        self.default_toggle.value = is_default
        self._is_updating = False

    def _on_default_toggled(self, _change: object) -> None:
        if self._is_updating:
            return
        self._is_updating = True
        if self.default_toggle.value:
            self._show_default()
        self._is_updating = False
        self._on_widget_changed()

    @property
    def value(self) -> Any:  # noqa: D102  (the base's)
        if self.default_toggle.value:
            return None
        if not self._has_slider:
            return self._parse_number(self.number_input.value)
        if self.parameter.type == "int":
            return self.number_input.value
        return round(self.number_input.value, self._decimals)

    @value.setter
    def value(self, value: Any) -> None:
        self._is_updating = True
        if value is None:
            self._show_default()
        elif self._has_slider:
            self.number_input.value = value
        else:
            self.number_input.value = _plain_number(value)
        self.default_toggle.value = value is None
        self._is_updating = False
        self._on_widget_changed()

    def _mark_changed(self) -> None:
        super()._mark_changed()
        # Without a known default there is no number to show.
        is_unknown = self.default_toggle.value and self._default is None
        set_class(self.number_input, "ernie-unknown", is_unknown)


class SeedControl(NumberControl):
    """A seed, with a die and a lock in its field: unlocked, each call gets a new one."""

    def _extra_widgets(self) -> Iterable[widgets.Widget]:
        language = self._language
        self.lock = make_icon_toggle("lock", _LOCK.say(language), name="ernie-lock")
        self.lock.observe(self._on_lock_toggled, "value")
        die = make_icon_button("die", _ROLL.say(language), self.pick_random_seed, name="ernie-roll")
        return die, self.lock

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


def _format_number(number: float) -> str:
    """A number for people: no needless zeros, thousands apart."""
    return f"{number:,.10g}"


def _plain_number(number: float) -> str:
    """A number as it is typed."""
    return f"{number:.15g}" if isinstance(number, float) else str(number)
