"""Controls, made from the parameter table: each with its real range and a "default" state.

In the "default" state nothing is sent.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.api import models, parameters
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.panels.widgets import button, close, column, row
from ernie_magic.text.language import Language, Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.parameters import Parameter, Rules

_DEFAULT = Text("默认", "default")
_DEFAULT_IS = Text("默认（{value}）", "default ({value})")
_LEFT = Text("{name}：由服务决定，不发送", "{name}: left to the service, not sent")
_KEPT = Text("{name}：用会话的设置 {value}", "{name}: the session's setting, {value}")
_ALL = Text("全部恢复默认", "Reset all to default")
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
_MOST_STEPS = 100_000  # of a slider; a wider range is typed
_MOST_SEED = 2**31 - 1  # that the die gives: every model accepts it


class Control:
    """One parameter: its widget and its value, None while it is left to the service.

    Parameters
    ----------
    parameter, model, language
    kept
        What the session sets, None for nothing; it is sent while the control says "default".
    changed
        Called after each change by the user.
    """

    widget: Any

    def __init__(
        self,
        parameter: Parameter,
        model: str,
        language: Language,
        kept: object,
        changed: Callable[[], object],
    ) -> None:
        self.parameter, self._language, self._changed = parameter, language, changed
        self._kept, self._default = kept, parameter.default if kept is None else kept
        self._quiet = False
        bounds = parameter.range(model)
        told = parameter.help.say(language) + (
            f" · {bounds}" if bounds and not parameter.choices and parameter.type != "size" else ""
        )
        self._hint = told
        inner = self._make(model)
        hint = widgets.HTML(f"<small>{plain_html(told)}</small>")
        hint.add_class("ernie-hint")
        self.widget = column(inner, hint, name="ernie-control")

    def _make(self, model: str) -> widgets.Widget:
        raise NotImplementedError

    @property
    def value(self) -> Any:
        """The value to send; None for nothing."""
        raise NotImplementedError

    @value.setter
    def value(self, value: Any) -> None:
        raise NotImplementedError

    def _told(self, _change: object = None) -> None:
        if not self._quiet:
            self._changed()

    @property
    def _default_label(self) -> str:
        if self._default is None:
            return _DEFAULT.say(self._language)
        return _DEFAULT_IS.say(self._language, value=_shown(self._default, self._language))


class Numeric(Control):
    """A slider, or a number field if the range is too wide for one; beside it the state "default"."""

    def _make(self, model: str) -> widgets.Widget:
        p = self.parameter
        low, high = p.limits(model)
        # A session may set more than the table allows, for another maker's server.
        if isinstance(self._kept, (int, float)):
            low, high = (
                None if low is None else min(low, self._kept),
                None if high is None else max(high, self._kept),
            )
        whole = p.type == "int"
        self._step = step = p.step or (1 if whole else 0.01)
        self._decimals = max(1, len(str(step).partition(".")[2]))
        number = int if whole else float
        style = {"description_width": "initial"}
        bounds = {
            "description": p.name,
            "style": style,
            "step": number(step),
            "layout": widgets.Layout(width="auto", flex="1 1 220px", min_width="200px"),
        }
        if low is not None and high is not None and (high - low) / step <= _MOST_STEPS:
            low = low + step if p.open_minimum and low == p.minimum else low
            high = high - step if p.open_maximum and high == p.maximum else high
            made = widgets.IntSlider if whole else widgets.FloatSlider
            self.number = made(
                min=number(low),
                max=number(high),
                readout_format="d" if whole else f".{self._decimals}f",
                **bounds,
            )
        elif low is not None and high is not None:
            made = widgets.BoundedIntText if whole else widgets.BoundedFloatText
            self.number = made(
                min=number(low) + (1 if p.open_minimum else 0),
                max=number(high) - (1 if p.open_maximum else 0),
                **bounds,
            )
        else:
            self.number = (widgets.IntText if whole else widgets.FloatText)(**bounds)
        self.number.tooltip = self._hint
        self.left = widgets.ToggleButton(
            True,
            description=_DEFAULT.say(self._language) if self._kept is None else self._default_label,
            tooltip=(_LEFT if self._kept is None else _KEPT).say(
                self._language, name=p.name, value=self._kept
            ),
            layout=widgets.Layout(width="auto"),
        )
        self.left.add_class("ernie-default")
        self._to_default()
        self._mark()
        self.number.observe(self._moved, "value")
        self.left.observe(self._switched, "value")
        return row(self.number, self.left, *self._extras())

    def _extras(self) -> Iterable[widgets.Widget]:
        return ()

    @property
    def _shown_default(self) -> float:
        if isinstance(self._default, (int, float)):
            return self._default
        # An unknown default shows nothing. A limit rests at its upper end: at the lower it would
        # say "2 tokens".
        return getattr(self.number, "max" if self.parameter.name.startswith("max_") else "min", 0)

    def _to_default(self) -> None:
        self.number.value = self._shown_default

    def _moved(self, _change: object) -> None:
        # The page may round what it was given: that is not a move.
        if self._quiet or (
            self.left.value and abs(self.number.value - self._shown_default) < self._step / 2
        ):
            return
        self._quiet, self.left.value = True, False
        self._quiet = False
        self._mark()
        self._changed()

    def _switched(self, _change: object) -> None:
        if self._quiet:
            return
        self._quiet = True
        if self.left.value:
            self._to_default()
        self._quiet = False
        self._mark()
        self._changed()

    @property
    def value(self) -> Any:  # noqa: D102  (the base's)
        if self.left.value:
            return None
        return (
            self.number.value
            if self.parameter.type == "int"
            else round(self.number.value, self._decimals)
        )

    @value.setter
    def value(self, value: Any) -> None:
        self._quiet = True
        if value is None:
            self._to_default()
        else:
            self.number.value = value
        self.left.value = value is None
        self._quiet = False
        self._mark()
        self._changed()

    def _mark(self) -> None:
        """Without a known default there is no number to show."""
        unknown = self.left.value and self._default is None
        (self.number.add_class if unknown else self.number.remove_class)("ernie-unknown")
        (self.number.remove_class if self.left.value else self.number.add_class)("ernie-set")


class Seed(Numeric):
    """A seed with a die and a lock: unlocked, each call gets a new one."""

    def _extras(self) -> Iterable[widgets.Widget]:
        say = self._language
        self.lock = widgets.ToggleButton(
            False,
            description=_LOCK.say(say),
            tooltip=_LOCK_HINT.say(say),
            layout=widgets.Layout(width="auto"),
        )
        self.lock.add_class("ernie-lock")
        self.lock.observe(self._locked, "value")
        return button(
            _ROLL.say(say), self.roll, tooltip=_ROLL_HINT.say(say), name="ernie-roll"
        ), self.lock

    def _locked(self, _change: object) -> None:
        # Only a seed can be locked, not the service's choice.
        if self.lock.value and self.left.value:
            self.roll()
        self._told()

    def roll(self) -> None:
        """Pick another seed at random."""
        self.value = secrets.randbelow(_MOST_SEED)

    def next(self) -> None:
        """Pick another seed before a call, unless it is locked or left to the service."""
        if not self.lock.value and not self.left.value:
            self.roll()


class Choice(Control):
    """A list whose first entry is "default"."""

    def _make(self, model: str) -> widgets.Widget:
        self.list = widgets.Dropdown(
            options=[(self._default_label, _NOTHING), *self._options(model)],
            description=self.parameter.name,
            tooltip=self._hint,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        self.list.observe(self._told, "value")
        return self.list

    def _options(self, _model: str) -> list[tuple[str, Any]]:
        p = self.parameter
        if p.type == "bool" or p.name == "web_search":
            return [(_ON.say(self._language), True), (_OFF.say(self._language), False)]
        # A JSON schema is more than a choice.
        return [(choice, choice) for choice in p.choices if choice != "json_schema"]

    @property
    def value(self) -> Any:  # noqa: D102  (the base's)
        return None if self.list.value == _NOTHING else self.list.value

    @value.setter
    def value(self, value: Any) -> None:
        value = value.get("type", value.get("enable")) if isinstance(value, dict) else value
        self.list.value = (
            value if value in [option for _, option in self.list.options] else _NOTHING
        )


class Size(Choice):
    """Picture sizes, grouped by shape."""

    def _make(self, model: str) -> widgets.Widget:
        entry = models.find(model)
        self._sizes = entry.sizes if entry else ()
        shapes = [shape for shape in _SHAPES if any(_shape(size) == shape for size in self._sizes)]
        self.shape = widgets.Dropdown(
            options=[
                (_DEFAULT.say(self._language), ""),
                *((_SHAPES[shape].say(self._language), shape) for shape in shapes),
            ],
            description=_SHAPE.say(self._language),
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        made = super()._make(model)
        self.shape.observe(self._reshaped, "value")
        return row(self.shape, made)

    def _options(self, _model: str) -> list[tuple[str, Any]]:
        return [
            (size, size)
            for size in sorted(self._sizes, key=_pixels)
            if self.shape.value in ("", _shape(size))
        ]

    def _reshaped(self, _change: object) -> None:
        self._quiet, before = True, self.list.value
        options = self._options("")
        self.list.options = [(self._default_label, _NOTHING), *options]
        default = options[0][1] if self.shape.value else _NOTHING
        self.list.value = before if any(size == before for _, size in options) else default
        self._quiet = False
        self._changed()

    @property
    def value(self) -> Any:  # noqa: D102  (the base's)
        return super().value

    @value.setter
    def value(self, value: Any) -> None:
        self._quiet = True
        self.shape.value = ""
        self.list.value = value if value in self._sizes else _NOTHING
        self._quiet = False
        self._changed()


class Words(Control):
    """A text; if empty, nothing is sent."""

    def _make(self, model: str) -> widgets.Widget:  # noqa: ARG002
        several = self.parameter.type == "strings"
        placeholder = _A_LINE.say(self._language) if several else ""
        if self._kept:
            placeholder = self._default_label
        self.text = widgets.Textarea(
            description=self.parameter.name,
            placeholder=placeholder,
            rows=2,
            tooltip=self._hint,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="auto"),
        )
        self.text.observe(self._told, "value")
        return self.text

    @property
    def value(self) -> Any:  # noqa: D102
        text = self.text.value
        if self.parameter.type == "strings":
            return [line for line in text.split("\n") if line] or None
        return text.strip() or None

    @value.setter
    def value(self, value: Any) -> None:
        self.text.value = "\n".join(value) if isinstance(value, (list, tuple)) else value or ""


def _shape(size: str) -> str:
    width, height = map(int, size.split("x"))
    if width == height:
        return "square"
    return "wide" if width > height else "tall"


def _pixels(size: str) -> tuple[int, str]:
    width, height = map(int, size.split("x"))
    return width * height, size


def _shown(value: object, language: Language) -> str:
    if isinstance(value, bool):
        return (_ON if value else _OFF).say(language)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return _shown(value.get("type", value.get("enable", "…")), language)
    return str(value)


def _made(parameter: Parameter) -> type[Control] | None:
    """Which control a parameter has; None if it has none.

    Tools are Python functions, and JSON belongs in code.
    """
    if parameter.name == "parallel_tool_calls":
        return None
    if parameter.name == "seed" and parameter.kind == "image":
        return Seed
    if parameter.type in ("float", "int"):
        return Numeric
    if parameter.type == "size":
        return Size
    if (
        parameter.type in ("bool", "format")
        or parameter.name == "web_search"
        or (parameter.type == "str" and parameter.choices and parameter.name != "response_format")
    ):
        return Choice
    return (
        Words
        if parameter.type == "strings" or (parameter.type == "str" and parameter.max_length)
        else None
    )


class Controls:
    """The controls for what a model and a service accept.

    Parameters
    ----------
    kind
    language
    kept
        Returns the request parameters that the session sets.
    changed
        Called after each change by the user, and once when all are set.
    """

    def __init__(
        self,
        kind: Kind,
        language: Language,
        kept: Callable[[], Mapping[str, Any]],
        changed: Callable[[], object],
    ) -> None:
        self._kind, self._language, self._kept, self._changed = kind, language, kept, changed
        self._fitted: object = None
        self._filling = False
        self._keys: dict[str, object] = {}  # what each control was made for: an unchanged one stays
        self.by_name: dict[str, Control] = {}
        self._reset = button(_ALL.say(language), lambda: self.take({}))
        self.widget = column(name="ernie-controls")

    def _told(self) -> None:
        if not self._filling:
            self._changed()

    def fit(self, model: str, rules: Rules) -> None:
        """Show what this model accepts on this service; values that are still valid stay."""
        kept = (
            {
                name: value
                for name, value in self._kept().items()
                if name in parameters.of(self._kind)
            }
            if self._kind == "chat"
            else {}
        )
        fitted = (model, rules, tuple((name, str(value)) for name, value in kept.items()))
        if fitted == self._fitted:
            return
        self._fitted, given, before, self._filling = fitted, self.given, self.by_name, True
        self.by_name = {}
        for name, parameter in parameters.of(self._kind).items():
            made = _made(parameter)
            if made is None or not parameter.taken_by(model, rules.protocol):
                continue
            key = (parameter.limits(model), parameter.range(model), str(kept.get(name)))
            if name in before and self._keys[name] == key:
                self.by_name[name] = before[name]
                continue
            self._keys[name] = key
            self.by_name[name] = control = made(
                parameter, model, self._language, kept.get(name), self._told
            )
            if name in given:
                try:
                    control.value = parameter.check(given[name], model, strict=rules.strict)
                except InvalidOption:
                    control.value = None
        self._filling = False
        self.widget.children = [
            *(control.widget for control in self.by_name.values()),
            *([self._reset] if self.by_name else []),
        ]
        for name, control in before.items():
            if self.by_name.get(name) is not control:
                close(control.widget)

    @property
    def given(self) -> dict[str, Any]:
        """The parameters to send: those whose control does not say "default"."""
        return {
            name: value
            for name, control in self.by_name.items()
            if (value := control.value) is not None
        }

    def take(self, given: Mapping[str, Any]) -> None:
        """Show these values, and "default" for every other."""
        self._filling = True
        for name, control in self.by_name.items():
            control.value = given.get(name)
        self._filling = False
        self._changed()
