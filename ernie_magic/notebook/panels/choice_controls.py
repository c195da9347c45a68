"""A list whose first entry is "default"; sizes of pictures, with a chip for each ratio."""

from __future__ import annotations

from math import gcd, log
from typing import Any

import ipywidgets as widgets

from ernie_magic.api import models
from ernie_magic.notebook.panels.control import OFF, ON, Control
from ernie_magic.text.language import Text

_RATIO = Text("宽高比", "Ratio")
# What a size is called that is nearly of one of these ratios: 1376x768 is 16:9.
_RATIOS = ((1, 1), (5, 4), (4, 3), (3, 2), (16, 9), (2, 1), (21, 9))
_TOLERANCE = 0.02
_USUAL_PIXELS = 1024 * 1024  # a chip takes the size that is nearest to this
_SWITCHED = {"enabled": True, "disabled": False}  # types of `thinking` that a switch stands for
_NOTHING = ""  # a list's choice that sends nothing: for ipywidgets None means no choice at all


class ChoiceControl(Control):
    """A list whose first entry is "default"."""

    def _make_widgets(self, model: str) -> tuple[widgets.Widget, ...]:
        self.dropdown = widgets.Dropdown(
            options=[(self._default_label, _NOTHING), *self._choice_options(model)],
            description=self.label,
            tooltip=self._hint_text,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        self.dropdown.observe(self._on_widget_changed, "value")
        return (self.dropdown,)

    def _choice_options(self, _model: str) -> list[tuple[str, Any]]:
        p = self.parameter
        if p.takes_switch:
            return [(ON.say(self._language), True), (OFF.say(self._language), False)]
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
            value = _SWITCHED.get(value, value)
        if value not in [option for _, option in self.dropdown.options]:
            value = _NOTHING
        self.dropdown.value = value


class SizeControl(ChoiceControl):
    """Picture sizes; a chip chooses by ratio."""

    def _make_widgets(self, model: str) -> tuple[widgets.Widget, ...]:
        entry = models.find_model(model)
        self._sizes = entry.sizes if entry else ()
        ratios = sorted(set(map(_name_ratio, self._sizes)), key=_sort_ratio)
        self.ratio = widgets.ToggleButtons(
            options=ratios,
            value=None,
            description=_RATIO.say(self._language),
            style={"description_width": "initial", "button_width": "auto"},
        )
        self.ratio.add_class("ernie-ratios")
        (dropdown,) = super()._make_widgets(model)
        self.ratio.observe(self._on_ratio_chosen, "value")
        if len(ratios) > 1:
            return dropdown, self.ratio
        return (dropdown,)

    def _choice_options(self, _model: str) -> list[tuple[str, Any]]:
        return [
            (f"{size} · {_name_ratio(size)}", size)
            for size in sorted(self._sizes, key=_pixel_count)
        ]

    def _on_ratio_chosen(self, _change: object) -> None:
        """Take the usual size of the ratio."""
        if self._is_updating or self.ratio.value is None:
            return
        sizes = [size for size in self._sizes if _name_ratio(size) == self.ratio.value]
        if self.dropdown.value not in sizes:
            self.dropdown.value = min(sizes, key=_distance_from_usual)

    def _mark_changed(self) -> None:
        super()._mark_changed()
        was_updating = self._is_updating
        self._is_updating = True
        self.ratio.value = None if self.value is None else _name_ratio(self.value)
        self._is_updating = was_updating


def _sides(size: str) -> tuple[int, int]:
    width, height = map(int, size.split("x"))
    return width, height


def _name_ratio(size: str) -> str:
    """The ratio of a size as people say it."""
    width, height = _sides(size)
    for long, short in _RATIOS:
        if abs(width / height / (long / short) - 1) < _TOLERANCE:
            return f"{long}:{short}"
        if abs(height / width / (long / short) - 1) < _TOLERANCE:
            return f"{short}:{long}"
    divisor = gcd(width, height)
    return f"{width // divisor}:{height // divisor}"


def _sort_ratio(ratio: str) -> tuple[bool, float]:
    """A square, then from the widest to the tallest."""
    width, height = map(int, ratio.split(":"))
    return width != height, -width / height


def _pixel_count(size: str) -> tuple[int, str]:
    width, height = _sides(size)
    return width * height, size


def _distance_from_usual(size: str) -> float:
    return abs(log(_pixel_count(size)[0] / _USUAL_PIXELS))
