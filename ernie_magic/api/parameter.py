"""A request parameter: its name, its range, who supports it, and how a value of it is checked.

`parameter_types` has a class for each type of value, `parameters` the table.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ernie_magic.api import models
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.suggest import DID_YOU_MEAN, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ernie_magic.api.catalogue import Kind

Type = Literal[
    "float", "int", "bool", "str", "strings", "format", "object", "choice", "tools", "size"
]
Protocol = Literal["openai", "qianfan-v1"]
Group = Literal["everyday", "sampling", "thinking", "tools", "some-models", "request", "qianfan-v1"]

# The groups of options in help and reference tables, in their order there.
GROUP_TITLES: dict[Group, Text] = {
    "everyday": Text("日常", "Everyday"),
    "sampling": Text("采样", "Sampling"),
    "thinking": Text("思考", "Thinking"),
    "tools": Text("工具与搜索", "Tools and search"),
    "some-models": Text("部分模型", "Some models only"),
    "request": Text("请求与显示", "Request and display"),
    "qianfan-v1": Text("千帆 V1", "Qianfan V1"),
}

_PROTOCOLS: dict[Protocol, Text] = {
    "openai": Text("这个服务，它是千帆 V1 的字段", "this service (it is a field of Qianfan V1)"),
    "qianfan-v1": Text("千帆 V1", "Qianfan V1"),
}
NOT_A_CHOICE = Text(
    "{option} 的值 {value} 不在可选值中：{range}", "{option} {value} is not one of: {range}"
)
EXAMPLE = Text("例如 {option} {value}", "for example {option} {value}")
_MAX_SHOWN_CHARACTERS = 40  # of a value in an error
_CHOOSE = Text("选其中一个，或不写", "choose one of them, or leave it out")


@dataclass(frozen=True)
class Rules:
    """Whose rules a request is checked by.

    Attributes
    ----------
    strict : bool
        The table's ranges are the service's. A server of another make has its own: there only types
        are checked.
    protocol : {"openai", "qianfan-v1"}
    format_as_word : bool
        `response_format` is a bare word ("json_object"), as on AI Studio's API page
        (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns), not an object.
    """

    strict: bool = True
    protocol: Protocol = "openai"
    format_as_word: bool = False


class WrongType(InvalidOption):
    """A value is not of its parameter's type.

    Parameters
    ----------
    what
        With the values of this type that the service takes.
    is_not
        The same without them, for a service that takes others.
    advice
        What to do.
    general_advice
        The same for a service that takes others.
    """

    def __init__(
        self,
        what: Text,
        is_not: Text,
        advice: Text | None,
        general_advice: Text | None = None,
    ) -> None:
        super().__init__(what, advice=advice)
        self._is_not = is_not
        self._general_advice = general_advice

    def without_range(self) -> InvalidOption:
        """Return the error for a service whose range is not known."""
        return InvalidOption(self._is_not, advice=self._general_advice or self.advice)


@dataclass(frozen=True)
class Parameter(ABC):
    """One field of a request. A subclass says how its type of value is read and checked.

    Attributes
    ----------
    name : str
        The API's field name; the magic option is the same with dashes (`option`).
    kind : {"chat", "image", "embedding", "rerank"}
    type : {"float", "int", "bool", "str", "strings", "format", "object", "choice", "tools", "size"}
        That of its class.
    annotation : str
        The Python types of its values, those that are converted included. That of its class.
    takes_switch : bool
        Whether "on" and "off" are values of it.
    help : Text
    minimum, maximum : float | None
        The range, both ends included unless `open_minimum` / `open_maximum`.
    step : float | None
        A slider's step.
    default : object
        What the service uses when the field is absent (None: unknown). Never sent.
    choices : tuple of str
    choices_in_chinese : tuple of tuple of str
        Chinese words, each with the choice that is suggested for it.
    max_items, max_length : int | None
        For "strings": how many, and the characters of each. For "str": characters.
    requires : str
        The ability that a catalogued model must have to support it (`Model.capabilities`), "" for
        none.
    short : str
        The short magic option, "" for none.
    source : str
    v1 : str | None
        Its name on Qianfan V1: "" for the same name, None when V1 does not document it. The V1 name
        is accepted everywhere.
    v1_only : bool
        Only Qianfan V1 documents it.
    elsewhere : str
        The V1 name that is this field on a server of another make, "" for none.
    client_side : bool
        The client itself follows it, by default as the session's settings say: it is no field of
        the body.
    group : str
        Where help and reference tables list it (`GROUP_TITLES`).
    """

    type: ClassVar[Type]
    annotation: ClassVar[str]
    type_name: ClassVar[Text]
    out_of_range: ClassVar[Text] = NOT_A_CHOICE
    takes_switch: ClassVar[bool] = False

    name: str
    kind: Kind
    help: Text
    minimum: float | None = None
    maximum: float | None = None
    open_minimum: bool = False
    open_maximum: bool = False
    step: float | None = None
    default: object = None
    choices: tuple[str, ...] = ()
    choices_in_chinese: tuple[tuple[str, str], ...] = ()
    max_items: int | None = None
    max_length: int | None = None
    requires: str = ""
    short: str = ""
    source: str = "https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns"
    v1: str | None = ""
    v1_only: bool = False
    elsewhere: str = ""
    client_side: bool = False
    group: Group = "everyday"

    def in_protocol(self, protocol: Protocol) -> bool:
        """Whether a protocol documents this field."""
        if protocol == "qianfan-v1":
            return self.v1 is not None
        return not self.v1_only

    def supported_by(self, model: str, protocol: Protocol | None = None) -> bool:
        """Whether a model, as far as is known, and a protocol support it."""
        if protocol is not None and not self.in_protocol(protocol):
            return False
        entry = models.find_model(model)
        return not self.requires or entry is None or entry.has_ability(self.requires, protocol)

    @property
    def option_name(self) -> str:
        """The magic option: `--top-p` for `top_p`."""
        return "--" + self.name.replace("_", "-")

    @property
    def shown_option(self) -> str:
        """The option in an example: `-n` where that is the whole name."""
        return self.short if self.short == f"-{self.name}" else self.option_name

    def limits_for(self, model: str | None = None) -> tuple[float | None, float | None]:  # noqa: ARG002  (for subclasses)
        """The range for `model`: the catalogue's, where it knows more than the table."""
        return self.minimum, self.maximum

    def format_range(self, model: str | None = None) -> str:  # noqa: ARG002  (for subclasses)
        """The range as people write it, `(0, 1.0]`, or the choices; "" where neither is set."""
        return " | ".join(self.choices)

    def parse_text(self, texts: str | list[str]) -> Any:
        """Convert the text of a magic option to a value; of several, the last counts.

        Raises
        ------
        InvalidOption
            The text does not have this type.
        """
        if isinstance(texts, str):
            texts = [texts]
        try:
            return self._parse_text(texts[-1])
        except (ValueError, KeyError):
            raise self._wrong_type_error(texts[-1]) from None

    def check_value(
        self,
        given: object,
        model: str | None = None,
        *,
        strict: bool = True,
        protocol: Protocol | None = None,
    ) -> Any:
        """Return the value to send, or raise an error that names the option, the value and the
        range.

        Raises
        ------
        InvalidOption
            Wrong type. When `strict`, also: out of range, not a choice, too many or too long, or
            not supported by `model` or `protocol`.
        """
        try:
            value = self._convert_value(given, model)
        except WrongType as error:
            if strict:
                raise
            raise error.without_range() from None
        if strict:
            self._check_protocol(value, protocol)
            self._check_model(model, protocol)
            self._check_range(value, model)
        return value

    # --- what a type of value decides -------------------------------------------------------------

    def _parse_text(self, text: str) -> Any:
        """Read a text; a ValueError or KeyError says that it does not have this type."""
        return text

    def _parse_given_text(self, text: str) -> Any:
        """Read a text that Python passes as an option has it: JSON, or a word.

        Raises
        ------
        InvalidOption
        """
        try:
            return self._parse_text(text)
        except (ValueError, KeyError):
            raise self._wrong_type_error(text) from None

    @abstractmethod
    def _convert_value(self, value: object, model: str | None) -> Any:
        """Return the value in the form that is sent, if it has this type."""

    def _check_range(self, value: Any, model: str | None) -> None:  # noqa: B027  (some have no range)
        """Check a value of this type against the table and the catalogue."""

    def _is_v1_form(self, value: Any) -> bool:  # noqa: ARG002
        """Whether Qianfan V1, which documents the field, also takes this form of value."""
        return True

    def _advice_for(self, value: object, model: str | None) -> Text | None:  # noqa: ARG002
        """Return what to do about a value that is out of range."""
        if self.choices and isinstance(value, str):
            for word, choice in self.choices_in_chinese:
                if word in value:
                    return DID_YOU_MEAN.fill(close=choice)
            return did_you_mean(value, self.choices) or _CHOOSE
        return None

    @property
    def usage_example(self) -> Text | None:
        """How it is written as an option."""
        if self.takes_switch:
            return Text("写 on 或 off", "write on or off")
        if self.choices:
            return EXAMPLE.fill(option=self.shown_option, value=self.choices[0])
        return None

    def _expected_values(self) -> Text:
        """Return the end of an error's line: which values of this type there are."""
        bounds = self.format_range()
        if not bounds:
            return untranslated("")
        if self.choices:
            return Text(f"：{bounds}", f": {bounds}")
        return Text(f"，范围 {bounds}", f" in {bounds}")

    # --- who supports it --------------------------------------------------------------------------

    def _check_protocol(self, value: Any, protocol: Protocol | None) -> None:
        if protocol and not self.in_protocol(protocol):
            raise InvalidOption(
                Text("{option} 不适用于{service}", "{option} is not for {service}").fill(
                    option=self.name, service=_PROTOCOLS[protocol]
                ),
                advice=Text(
                    "去掉它；一定要发送请用 --param",
                    "leave it out; to send it anyway use --param",
                ),
            )
        if protocol == "qianfan-v1" and not self._is_v1_form(value):
            raise InvalidOption(
                Text(
                    "千帆 V1 不支持 {option} 的这个值",
                    "Qianfan V1 does not take this value of {option}",
                ).fill(option=self.name),
                advice=Text(
                    "V1 只有 text 和 json_object、指定的函数、函数类工具；其他用 %ernie use "
                    "qianfan",
                    "V1 has text and json_object, a specific function, and function tools; "
                    "for the rest %ernie use qianfan",
                ),
            )

    def _check_model(self, model: str | None, protocol: Protocol | None) -> None:
        entry = models.find_model(model or "")
        if entry is None or not self.requires or entry.has_ability(self.requires, protocol):
            return
        advice = Text("去掉它", "leave it out")
        if supporting := ", ".join(self._supporting_models(protocol)):
            advice = Text("去掉它，或改用：{models}", "leave it out, or use one of: {models}").fill(
                models=supporting
            )
        raise InvalidOption(
            Text("模型 {model} 不支持 {option}", "{option} is not for the model {model}").fill(
                model=entry.id, option=self.name
            ),
            advice=advice,
        )

    def _supporting_models(self, protocol: Protocol | None) -> Iterator[str]:
        from ernie_magic.api.catalogue import CATALOGUE

        for entry in CATALOGUE:
            is_offered = entry.path if protocol == "qianfan-v1" else entry.v2
            if not is_offered or entry.kind != self.kind:
                continue
            if entry.has_ability(self.requires, protocol):
                yield entry.id

    # --- errors -----------------------------------------------------------------------------------

    def _too_long_error(self, text: str) -> InvalidOption:
        return InvalidOption(
            Text(
                "{option} 的“{value}”有 {count} 个字符，最多 {most} 个",
                "{option} {value!r} has {count} characters, at most {most} are allowed",
            ).fill(option=self.name, value=clip_value(text), count=len(text), most=self.max_length)
        )

    def _out_of_range_error(self, value: object, model: str | None) -> InvalidOption:
        return InvalidOption(
            self.out_of_range.fill(
                option=self.name, value=clip_value(value), range=self.format_range(model)
            ),
            advice=self._advice_for(value, model),
        )

    def _wrong_type_error(self, value: object) -> WrongType:
        is_not = Text("{option} 的值“{value}”不是{type}", "{option} {value!r} is not {type}").fill(
            option=self.name, value=clip_value(value), type=self.type_name
        )
        expected = self._expected_values()
        what = Text(is_not.zh + expected.zh, is_not.en + expected.en)
        if not self.format_range():  # it says how this type is written, whoever takes it
            is_not = what
        return WrongType(what, is_not, self.usage_example)


def clip_value(value: object) -> str:
    """Return a value as an error shows it: its first 40 characters."""
    text = str(value)
    if len(text) <= _MAX_SHOWN_CHARACTERS:
        return text
    return text[: _MAX_SHOWN_CHARACTERS - 3] + "…"
