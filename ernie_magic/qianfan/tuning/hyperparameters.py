"""Which models can be tuned, how, and with which hyper-parameters; and whether given ones fit.

Source: "DescribeFineTuningSupportModels" (https://cloud.baidu.com/doc/qianfan-api/s/lmo1afnju) as
the official client reads it (https://github.com/baidubce/bce-qianfan-sdk, `trainer/configs.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.errors import InvalidOption
from ernie_magic.qianfan.listing import Listing
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_MAX_TEXT = 500  # characters of a description
_SHOWN = 60  # characters of a value in an error
_TYPES = {
    "int": Text("整数", "a whole number"),
    "float": Text("数", "a number"),
    "boolean": Text("True 或 False", "True or False"),
    "string": Text("文字", "a text"),
}


class _UnfitValue(Exception):
    """A value is of another type than its hyper-parameter."""


@dataclass(frozen=True)
class HyperParameter:
    """A hyper-parameter of a way to tune a model.

    Attributes
    ----------
    key : str
        As the service calls it: "learningRate".
    type : str
        "int", "float", "string" or "boolean".
    check : str
        What `allowed` is: "range", "choice" or "mult_choice" (any of these).
    allowed : tuple
        The ends of the range, or the choices; () for anything.
    default : object
    label, description : str
        The service's own words, "" where it has none.
    """

    key: str
    type: str
    check: str
    allowed: tuple[Any, ...]
    default: Any
    label: str = ""
    description: str = ""

    def fit_value(self, value: object) -> Any:
        """Return a value as it is sent.

        Raises
        ------
        InvalidOption
            It is of another type, outside the range, or none of the choices.
        """
        try:
            fitted = self._convert(value)
        except _UnfitValue:
            raise self._error(value) from None
        if not self._allows(fitted):
            raise self._error(value)
        return fitted

    def describe_allowed(self) -> Text:
        """Return which values it takes: "1 – 50", "512, 1024"."""
        if not self.allowed:
            return _TYPES.get(self.type, untranslated(self.type))
        if self.check == "range":
            return untranslated(" – ".join(_spell(end) for end in self._ends()))
        choices = ", ".join(_spell(choice) for choice in self.allowed)
        if self.check == "mult_choice":
            return Text("{choices} 中的任意几个", "any of {choices}").fill(choices=choices)
        return untranslated(choices)

    def _ends(self) -> tuple[Any, Any]:
        return self.allowed[0], self.allowed[-1]

    def _convert(self, value: object) -> Any:
        """Return a value as one of its type."""
        if self.check == "mult_choice":
            if isinstance(value, str) or not hasattr(value, "__iter__"):
                raise _UnfitValue
            return [self._convert_one(each) for each in value]
        return self._convert_one(value)

    def _convert_one(self, value: object) -> Any:
        convert = _CONVERTERS.get(self.type)
        if convert is None:
            return value
        return convert(value)

    def _allows(self, value: Any) -> bool:
        if not self.allowed:
            return True
        if self.check == "range":
            low, high = self._ends()
            return bool(low <= value <= high)
        if self.check == "mult_choice":
            return bool(value) and all(each in self.allowed for each in value)
        return value in self.allowed or self.check != "choice"

    def _error(self, value: object) -> InvalidOption:
        message = Text("{key}={value} 不对", "{key}={value} does not fit")
        advice = self._rule().fill(
            allowed=self.describe_allowed(),
            type=_TYPES.get(self.type, untranslated(self.type)),
        )
        return InvalidOption(message.fill(key=self.key, value=_clip(value)), advice=advice)

    def _rule(self) -> Text:
        """Return what to give, with the fields `allowed` and `type`."""
        if not self.allowed:
            return Text("给{type}", "give {type}")
        if self.check == "range":
            return Text("给 {allowed} 之间的{type}", "give {type} in {allowed}")
        if self.check == "mult_choice":
            return Text("给列表：{allowed}", "give a list with {allowed}")
        return Text("从 {allowed} 中选", "choose from {allowed}")


def _clip(value: object) -> str:
    return f"{value!r:.{_SHOWN}}"


def _spell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _to_whole_number(value: object) -> int:
    number = _to_number(value)
    if number != int(number):
        raise _UnfitValue
    return int(number)


def _to_number(value: object) -> int | float:
    # An element of an array is a number of its own kind, which JSON does not know.
    if getattr(value, "ndim", None) == 0:
        value = value.item()  # type: ignore[attr-defined]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _UnfitValue
    if values.as_number(value) is None:  # NaN, an infinity
        raise _UnfitValue
    return value


def _to_text(value: object) -> str:
    # Some choices are "True" and "False" as texts.
    if isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise _UnfitValue
    return value


def _to_boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise _UnfitValue
    return value


_CONVERTERS: dict[str, Callable[[object], Any]] = {
    "int": _to_whole_number,
    "float": _to_number,
    "string": _to_text,
    "boolean": _to_boolean,
}


@dataclass(frozen=True)
class TuningMethod:
    """A way to tune a model: in which mode, and which of its parameters are changed.

    Attributes
    ----------
    mode : str
        "SFT", "PostPretrain", "DPO", "KTO".
    scale : str
        "FullFineTuning", "LoRA", "PromptTuning".
    hyper_parameters : tuple of HyperParameter
    """

    mode: str
    scale: str
    hyper_parameters: tuple[HyperParameter, ...]

    def find_hyper_parameter(self, name: str) -> HyperParameter | None:
        """Return the hyper-parameter of that name: "learning_rate" and "learningRate" are one."""
        sought = _fold(name)
        return next((each for each in self.hyper_parameters if _fold(each.key) == sought), None)

    def fit_values(self, given: Mapping[str, object]) -> tuple[dict[str, Any], list[InvalidOption]]:
        """Return the given values by the service's names, and all that is wrong with them."""
        fitted: dict[str, Any] = {}
        problems: list[InvalidOption] = []
        for name, value in given.items():
            parameter = self.find_hyper_parameter(name)
            if parameter is None:
                problems.append(self._unknown_error(name))
                continue
            if parameter.key in fitted:
                problems.append(_twice_error(parameter.key))
                continue
            try:
                fitted[parameter.key] = parameter.fit_value(value)
            except InvalidOption as error:
                problems.append(error)
        return fitted, problems

    def default_values(self) -> dict[str, Any]:
        """Return the service's defaults, by its names."""
        return {
            each.key: each.default for each in self.hyper_parameters if each.default is not None
        }

    def _unknown_error(self, name: str) -> InvalidOption:
        keys = [each.key for each in self.hyper_parameters]
        choices = Text("可用的有 {keys}", "there are {keys}").fill(keys=", ".join(keys))
        return InvalidOption(
            Text(
                "{mode} {scale} 没有超参数 {name}", "{mode} {scale} has no hyper-parameter {name}"
            ).fill(mode=self.mode, scale=self.scale, name=f"{name:.60}"),
            advice=did_you_mean(name, keys) or choices,
        )


def _twice_error(key: str) -> InvalidOption:
    return InvalidOption(
        Text("{key} 给了两次", "{key} is given twice").fill(key=key),
        Text("两种写法是同一个超参数", "both spellings are the same hyper-parameter"),
    )


@dataclass(frozen=True)
class TunableModel:
    """A model that can be tuned.

    Attributes
    ----------
    name : str
        As `model` is given: "ERNIE-Speed-8K".
    type : str
        "text2text", "text2image", "imageUnderstanding".
    methods : tuple of TuningMethod
    is_simulated : bool
        Whether the emulator told of it.
    """

    name: str
    type: str
    methods: tuple[TuningMethod, ...]
    is_simulated: bool = False

    def __repr__(self) -> str:
        ways = ", ".join(f"{each.mode} {each.scale}" for each in self.methods)
        return f"TunableModel({self.name}: {ways})"

    def find_method(self, mode: str, scale: str) -> TuningMethod:
        """Return a way to tune it.

        Parameters
        ----------
        mode
        scale
            "" for the only one, or LoRA where there are more: it changes and costs least.

        Raises
        ------
        InvalidOption
            It has no such mode or scale; the closest is named.
        """
        of_mode = [each for each in self.methods if _fold(each.mode) == _fold(mode)]
        if not of_mode:
            modes = dict.fromkeys(each.mode for each in self.methods)
            raise _choice_error(_NO_MODE.fill(model=self.name, name=f"{mode!s:.60}"), mode, modes)
        if not scale:
            return next((each for each in of_mode if each.scale == "LoRA"), of_mode[0])
        for each in of_mode:
            if _fold(each.scale) == _fold(scale):
                return each
        scales = dict.fromkeys(each.scale for each in of_mode)
        message = _NO_SCALE.fill(model=self.name, mode=mode, name=f"{scale!s:.60}")
        raise _choice_error(message, scale, scales)


_NO_MODE = Text("{model} 没有训练方式 {name}", "{model} has no training mode {name}")
_NO_SCALE = Text(
    "{model} 的 {mode} 没有训练方法 {name}", "{model} cannot be tuned with {mode} {name}"
)


class TunableModels(Listing[TunableModel]):
    """The models that can be tuned, in the service's order."""

    def find_model(self, name: str) -> TunableModel:
        """Return the model of that name, ignoring case.

        Raises
        ------
        InvalidOption
            There is none; the closest is named.
        """
        for each in self:
            if each.name.lower() == str(name).lower():
                return each
        message = Text("{name} 不能调优", "{name} cannot be tuned").fill(name=f"{name!s:.60}")
        raise _choice_error(message, str(name), [each.name for each in self])


def _choice_error(message: Text, name: str, known: Iterable[str]) -> InvalidOption:
    choices = Text("可选 {choices}", "choices: {choices}").fill(choices=", ".join(known) or "–")
    return InvalidOption(message, advice=did_you_mean(str(name), known) or choices)


def _fold(name: object) -> str:
    return str(name).replace("_", "").replace("-", "").lower()


def read_tunable_models(reply: object, *, is_simulated: bool = False) -> TunableModels:
    """Return the models of a reply of DescribeFineTuningSupportModels; what is not as documented is
    left out.
    """
    models = [
        TunableModel(
            values.as_name(entry.get("model")),
            values.as_name(entry.get("modelType")),
            tuple(_read_methods(entry)),
            is_simulated,
        )
        for entry in values.as_objects(reply)
        if values.as_name(entry.get("model"))
    ]
    return TunableModels(models, is_simulated=is_simulated)


def _read_methods(entry: Mapping[str, Any]) -> list[TuningMethod]:
    """Return the ways to tune a model: one of the same name later adds to the first."""
    merged: dict[tuple[str, str], dict[str, HyperParameter]] = {}
    for mode in values.as_objects(entry.get("supportTrainMode")):
        for scale in values.as_objects(mode.get("supportParameterScale")):
            name = (
                values.as_name(mode.get("trainMode")),
                values.as_name(scale.get("parameterScale")),
            )
            found = _read_hyper_parameters(scale.get("supportHyperParameterConfig"))
            merged.setdefault(name, {}).update((each.key, each) for each in found)
    return [
        TuningMethod(mode, scale, tuple(parameters.values()))
        for (mode, scale), parameters in merged.items()
    ]


def _read_allowed(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the ends of a range or the choices; () for ends that are no numbers."""
    allowed = tuple(values.as_list(entry.get("checkValue")))
    if entry.get("checkType") != "range":
        return allowed
    ends = tuple(values.as_number(end) for end in allowed)
    if None in ends:
        return ()
    return ends


def _read_hyper_parameters(listed: object) -> Sequence[HyperParameter]:
    return [
        HyperParameter(
            values.as_name(entry.get("key")),
            values.as_name(entry.get("type")),
            values.as_name(entry.get("checkType")),
            _read_allowed(entry),
            entry.get("default"),
            values.as_name(entry.get("name")),
            values.as_name(entry.get("description"), _MAX_TEXT),
        )
        for entry in values.as_objects(listed)
        if values.as_name(entry.get("key"))
    ]
