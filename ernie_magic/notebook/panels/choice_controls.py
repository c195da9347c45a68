"""A list whose first entry is "default"; sizes of pictures, grouped by shape."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from ernie_magic.api import models
from ernie_magic.notebook.panels.control import DEFAULT, OFF, ON, Control
from ernie_magic.notebook.panels.widgets import row
from ernie_magic.text.language import Text

_SHAPES = {
    "square": Text("方形", "square"),
    "wide": Text("横向", "landscape"),
    "tall": Text("纵向", "portrait"),
}
_SHAPE = Text("形状", "shape")
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
    """Picture sizes, grouped by shape."""

    def _make_widgets(self, model: str) -> tuple[widgets.Widget, ...]:
        entry = models.find_model(model)
        self._sizes = entry.sizes if entry else ()
        offered_shapes = {_size_shape(size) for size in self._sizes}
        shapes = [shape for shape in _SHAPES if shape in offered_shapes]
        self.shape = widgets.Dropdown(
            options=[
                (DEFAULT.say(self._language), ""),
                *((_SHAPES[shape].say(self._language), shape) for shape in shapes),
            ],
            description=_SHAPE.say(self._language),
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        (dropdown,) = super()._make_widgets(model)
        self.shape.observe(self._on_shape_changed, "value")
        return (row(self.shape, dropdown, name="ernie-pair"),)

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
        self._on_widget_changed()

    @property
    def value(self) -> Any:  # noqa: D102  (the base's)
        return super().value

    @value.setter
    def value(self, value: Any) -> None:
        self._is_updating = True
        self.shape.value = ""
        self.dropdown.value = value if value in self._sizes else _NOTHING
        self._is_updating = False
        self._on_widget_changed()


def _size_shape(size: str) -> str:
    width, height = map(int, size.split("x"))
    if width == height:
        return "square"
    return "wide" if width > height else "tall"


def _pixel_count(size: str) -> tuple[int, str]:
    width, height = map(int, size.split("x"))
    return width * height, size
