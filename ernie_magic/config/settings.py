"""Settings: a call's own values come first, then these (`%config`, `%ernie config`, Python), then
the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from traitlets import Bool, Enum, TraitError, TraitType, Unicode
from traitlets.config import Configurable

from ernie_magic.api import parameters
from ernie_magic.api.models import UNDECIDED
from ernie_magic.api.parameter_types import SWITCHES, Number, WholeNumber
from ernie_magic.config.addresses import BaseUrl
from ernie_magic.config.keys import Key
from ernie_magic.config.services import SERVICES
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import LANGUAGES, Language, Text, system_language, untranslated
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ernie_magic.api.parameter import Parameter
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.services import Service

# The default of the official SDK (https://github.com/baidubce/bce-qianfan-sdk) for text: a thinking
# model may be silent for minutes.
DEFAULT_TIMEOUT = 300.0
# Settings that are not request fields, named as on AI Studio's API page
# (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns, "文生图"). Here they apply to every call.
_NUMBERS = {
    "request_timeout": Number(
        "request_timeout",
        "chat",
        Text("秒：多久收不到数据算超时", "seconds without data before giving up"),
        0.1,
        86_400,
    ),
    "retry_count": WholeNumber(
        "retry_count",
        "chat",
        Text(
            "最多发送几次（含第一次）",
            "maximum attempts, including the first",
        ),
        1,
        10,
    ),
    "backoff_factor": Number(
        "backoff_factor",
        "chat",
        Text("重试等待的系数（秒）", "seconds from which the waits between retries grow"),
        0,
        60,
    ),
    "in_flight": WholeNumber(
        "in_flight",
        "chat",
        Text("同时进行几个请求", "concurrent calls, where there are many"),
        1,
        64,
    ),
}


_SWITCHES = ("stream", "cache", "remote_images")


def check_in_flight(value: object) -> int:
    """Check a number of concurrent calls.

    Raises
    ------
    InvalidOption
        It is not from 1 to 64.
    """
    return int(_NUMBERS["in_flight"].check_value(value))


def choose_in_flight(value: object, settings: Snapshot) -> int:
    """Return the number of concurrent calls: the setting's when `value` is None.

    Raises
    ------
    InvalidOption
        It is not from 1 to 64.
    """
    if value is None:
        return settings.in_flight
    return check_in_flight(value)


# Chat parameters that a session may keep. `model` has a trait of its own, and tools belong to one
# prompt.
SESSION_PARAMETERS = {
    name: p
    for name, p in parameters.parameters_of("chat").items()
    if name
    not in ("model", "tools", "tool_choice", "parallel_tool_calls", "stream_options", "metadata")
}


KEYS = ("api_key", "secret_key")


class _KeyTrait(TraitType[Any, Any]):
    """A key: given as text, stored as a `Key`, so that `%config` cannot print it."""

    default_value = None
    allow_none = True
    info_text = "an API key (write only)"

    def validate(self, _obj: object, value: object) -> Key | None:
        if isinstance(value, str):
            value = Key(value)
        if isinstance(value, Key):
            return value
        # Not traitlets' own error, which would show the value.
        raise TraitError(f"{self.name}: a key is text")


class _BaseUrlTrait(TraitType[Any, Any]):
    """A base URL. Its password is a key, and kept where `%config` cannot print it."""

    default_value = BaseUrl("")
    info_text = "a base URL"

    def validate(self, _obj: object, value: object) -> BaseUrl:
        if isinstance(value, BaseUrl):
            return value
        if isinstance(value, str):
            return BaseUrl(value)
        raise TraitError(f"{self.name}: an address is text")


class _ParameterTrait(TraitType[Any, Any]):
    """A request parameter as a setting; the table checks it."""

    default_value = None
    allow_none = True

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(
            help=f"{parameter.help.zh} / {parameter.help.en} {parameter.format_range()}"
        )
        self.parameter = parameter

    def validate(self, obj: Any, value: object) -> Any:
        # The ranges are those of the chosen service; requests to another one leave out what it does
        # not support.
        from ernie_magic.config import endpoints

        return self.parameter.check_value(
            value,
            getattr(obj, "model", "") or UNDECIDED,
            strict=endpoints.choose_service(obj).strict,
        )


class _NumberTrait(TraitType[Any, Any]):
    """A number that is not a request parameter, checked in the same way."""

    def __init__(self, parameter: Parameter, default: float) -> None:
        super().__init__(default, help=f"{parameter.help.zh} / {parameter.help.en}")
        self.parameter = parameter

    def validate(self, _obj: object, value: object) -> Any:
        return self.parameter.check_value(value)


class ErnieSettings(Configurable):
    """What a session uses when a call does not say. None and "" mean: not set here, look further.

    A name that is not a setting and an invalid value are reported in one line (`InvalidOption`).
    """

    service = Enum(["", *SERVICES], "", help="服务 / service").tag(config=True)
    model = Unicode("", help="默认模型 / default model").tag(config=True)
    image_model = Unicode("", help="默认文生图模型 / default model for pictures").tag(config=True)
    embedding_model = Unicode("", help="默认向量模型 / default model for vectors").tag(config=True)
    api_key = _KeyTrait(help="密钥 / API key").tag(config=True)
    secret_key = _KeyTrait(help="与 api_key 成对的密钥 / the secret that goes with api_key").tag(
        config=True
    )
    base_url = _BaseUrlTrait(help="服务地址 / base URL").tag(config=True)
    language = Enum(["", *LANGUAGES], "", help="界面语言 / language: zh, en").tag(config=True)
    system = Unicode("", help="系统提示词 / system prompt").tag(config=True)
    stream = Bool(True, help="流式输出 / stream the answer").tag(config=True)
    request_timeout = _NumberTrait(_NUMBERS["request_timeout"], DEFAULT_TIMEOUT).tag(config=True)
    retry_count = _NumberTrait(_NUMBERS["retry_count"], 3).tag(config=True)
    backoff_factor = _NumberTrait(_NUMBERS["backoff_factor"], 1.0).tag(config=True)
    cache = Bool(True, help="把向量存进缓存文件 / keep vectors in the cache file").tag(config=True)
    in_flight = _NumberTrait(_NUMBERS["in_flight"], 8).tag(config=True)
    remote_images = Bool(
        False,
        help="直接显示回答中的网络图片，否则显示为链接"
        " / show pictures from the web that an answer names; off: they are links",
    ).tag(config=True)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            raise self.unknown_setting(name)
        try:
            super().__setattr__(name, value)
        except InvalidOption as error:
            error.language = self.interface_language
            raise
        except TraitError:
            shown = f"{value!r:.40}"
            if name in KEYS:
                shown = "•••"
            wrong = InvalidOption(
                Text("{name} 的值 {value} 无效{choices}", "{name} cannot be {value}{choices}").fill(
                    name=name, value=shown, choices=_allowed_values(name)
                )
            )
            wrong.language = self.interface_language
            raise wrong from None

    def __repr__(self) -> str:
        given = {
            name: value
            for name, value in self.trait_values(config=True).items()
            if value not in (None, "") and value != self.traits()[name].default_value
        }
        shown = (f"{name}={value!r}" for name, value in sorted(given.items()))
        return f"ErnieSettings({', '.join(shown)})"

    @property
    def interface_language(self) -> Language:
        """The language of interface and errors: the setting, else the locale's."""
        if self.language:
            return cast("Language", self.language)
        return system_language()

    def session_parameters(self) -> dict[str, Any]:
        """The request parameters that this session sets."""
        return {
            name: value for name in SESSION_PARAMETERS if (value := getattr(self, name)) is not None
        }

    def unknown_setting(self, name: str, shown: str = "") -> InvalidOption:
        """Return the error for an unknown setting; it suggests the closest one."""
        suggestion = did_you_mean(name, self.trait_names(config=True))
        error = InvalidOption(
            Text("没有设置 {name}", "no setting {name}").fill(name=shown or name),
            advice=suggestion
            or Text("%ernie config 列出全部设置", "%ernie config lists all settings"),
        )
        error.language = self.interface_language
        return error

    def choose_service(self) -> Service:
        """The service in use now."""
        from ernie_magic.config import endpoints

        return endpoints.choose_service(self)

    def build_endpoint(self) -> Endpoint:
        """Return where a call would go now (`ernie_magic.config.endpoints.build_endpoint`)."""
        from ernie_magic.config import endpoints

        return endpoints.build_endpoint(self)

    def assign_text(self, name: str, text: str) -> None:
        """Set `name` from what a person typed (`%ernie config temperature 0.3`); an empty text
        unsets it.

        Raises
        ------
        InvalidOption
            There is no such setting, or the text is not a valid value.
        """
        asked, name = name, name.replace("-", "_")
        if name not in self.trait_names(config=True):
            raise self.unknown_setting(name, asked)
        value: object = text
        if not text:
            value = self.traits()[name].default_value
        elif name in SESSION_PARAMETERS:
            value = SESSION_PARAMETERS[name].parse_text(text)
        elif name in _SWITCHES:
            value = SWITCHES.get(text.lower(), text)
        elif name in _NUMBERS:
            value = _NUMBERS[name].check_value(_NUMBERS[name].parse_text(text))
        setattr(self, name, value)

    def take_snapshot(self) -> Snapshot:
        """Return what a call needs of the settings, as they are now."""
        return Snapshot(
            self.interface_language,
            self.model,
            self.image_model,
            self.embedding_model,
            self.system,
            self.stream,
            self.session_parameters(),
            self.request_timeout,
            self.retry_count,
            self.backoff_factor,
            self.cache,
            self.in_flight,
        )


def _allowed_values(name: str) -> Text:
    allowed: Mapping[str, Iterable[str]] = {
        "service": SERVICES,
        **dict.fromkeys(_SWITCHES, ("on", "off")),
        "language": LANGUAGES,
    }
    words = " | ".join(allowed.get(name, ()))
    if not words:
        return untranslated("")
    return Text(f"，可选：{words}", f"; choices: {words}")


@dataclass(frozen=True)
class Snapshot:
    """The settings that one call uses, read when it is made: later changes are for the next call.

    Attributes
    ----------
    language, model, image_model, embedding_model, system, stream, parameters, timeout, retry_count,
    backoff_factor, cache, in_flight
        As in `ErnieSettings`; `parameters` are the request parameters it keeps, `timeout` is in
        seconds.
    """

    language: Language
    model: str
    image_model: str
    embedding_model: str
    system: str
    stream: bool
    parameters: Mapping[str, Any]
    timeout: float
    retry_count: int
    backoff_factor: float
    cache: bool = True
    in_flight: int = 8


for _name, _parameter in SESSION_PARAMETERS.items():
    _trait = _ParameterTrait(_parameter).tag(config=True)
    setattr(ErnieSettings, _name, _trait)
# Traitlets' own hook for traits that are added after the class body.
ErnieSettings.setup_class(dict(vars(ErnieSettings)))
