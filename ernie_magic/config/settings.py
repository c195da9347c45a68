"""Settings: a call's own values come first, then these (`%config`, `%ernie config`, Python), then
the environment.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from traitlets import Bool, Enum, TraitError, Unicode
from traitlets.config import Configurable

from ernie_magic.api import parameters
from ernie_magic.api.parameter import WrongType
from ernie_magic.api.parameter_types import SWITCH_WORDS, SWITCHES, Number, WholeNumber
from ernie_magic.api.public_names import SuggestsNames, names_by_use
from ernie_magic.config.services import EMULATOR, SERVICES
from ernie_magic.config.traits import (
    BaseUrlTrait,
    EndpointTrait,
    HeadersTrait,
    KeyTrait,
    NumberTrait,
    ParameterTrait,
)
from ernie_magic.errors import InvalidOption
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import LANGUAGES, Language, Text, system_language, untranslated
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.keys import Key
    from ernie_magic.config.services import Service

# Settings that are numbers and not fields of a request's body: what a call may also set for itself,
# and how many calls there are.
_NUMBERS: dict[str, Number] = {
    **parameters.CALL_SETTINGS,
    "in_flight": WholeNumber(
        "in_flight",
        "chat",
        Text("同时进行几个请求", "concurrent calls, where there are many"),
        1,
        64,
        default=8,
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
    and not p.client_side
}


KEYS = ("api_key", "secret_key", "access_key", "bearer_token")
# What was given in a session for one service, and does not go to another.
SERVICE_SETTINGS = (
    *KEYS,
    "app_id",
    "base_url",
    "endpoint",
    "image_endpoint",
    "embedding_endpoint",
    "headers",
)
# Of these, what the emulator has no use for.
_NOT_FOR_EMULATOR = (*KEYS, "app_id", "base_url", "headers")
_UNUSED = Text(
    "现在使用内置模拟器，它不用 {name}；先 %ernie use local（aistudio、qianfan），再设置它",
    "the emulator is in use and ignores {name}: first %ernie use local (or aistudio, qianfan), "
    "then set it",
)

_UNSET = Text(
    "要取消设置，写 ernie.settings.{name} = {default}",
    "to unset it, write ernie.settings.{name} = {default}",
)


class ErnieSettings(SuggestsNames, Configurable):
    """What a session uses when a call does not say. None and "" mean: not set here, look further.

    A name that is not a setting and an invalid value are reported in one line (`InvalidOption`).
    What the chosen service has no use for is told by a warning.
    """

    _is_made = False  # what is set from now on is set by somebody

    service = Enum(["", *SERVICES], "", help="服务 / service").tag(config=True)
    model = Unicode("", help="默认模型 / default model").tag(config=True)
    image_model = Unicode("", help="默认文生图模型 / default model for pictures").tag(config=True)
    embedding_model = Unicode("", help="默认向量模型 / default model for vectors").tag(config=True)
    endpoint = EndpointTrait(
        "",
        help="自己在千帆部署的对话服务，没有指定模型时使用"
        " / a chat service that you deployed on Qianfan, used where no model is named",
    ).tag(config=True)
    image_endpoint = EndpointTrait(
        "", help="自己在千帆部署的文生图服务 / a service of your own for pictures"
    ).tag(config=True)
    embedding_endpoint = EndpointTrait(
        "", help="自己在千帆部署的向量服务 / a service of your own for vectors"
    ).tag(config=True)
    api_key = KeyTrait(help="密钥 / API key").tag(config=True)
    secret_key = KeyTrait(help="与 api_key 成对的密钥 / the secret that goes with api_key").tag(
        config=True
    )
    access_key = KeyTrait(
        help="安全认证的 Access Key，与 secret_key 成对 / IAM access key, with secret_key"
    ).tag(config=True)
    bearer_token = KeyTrait(
        help="千帆的 BearerToken，可代替 api_key / Qianfan bearer token, in place of api_key"
    ).tag(config=True)
    app_id = Unicode(
        "", help="千帆应用的 ID，用于分账 / Qianfan application id, to split the bill"
    ).tag(config=True)
    headers = HeadersTrait(
        help="每次请求另加的请求头，值不显示 / headers for every request; values are not shown"
    ).tag(config=True)
    base_url = BaseUrlTrait(help="服务地址 / base URL").tag(config=True)
    language = Enum(["", *LANGUAGES], "", help="界面语言 / language: zh, en").tag(config=True)
    system = Unicode("", help="系统提示词 / system prompt").tag(config=True)
    stream = Bool(True, help="流式输出 / stream the answer").tag(config=True)
    request_timeout = NumberTrait(_NUMBERS["request_timeout"]).tag(config=True)
    retry_count = NumberTrait(_NUMBERS["retry_count"]).tag(config=True)
    backoff_factor = NumberTrait(_NUMBERS["backoff_factor"]).tag(config=True)
    cache = Bool(True, help="把向量存进缓存文件 / keep vectors in the cache file").tag(config=True)
    in_flight = NumberTrait(_NUMBERS["in_flight"]).tag(config=True)
    remote_images = Bool(
        False,
        help="直接显示回答中的网络图片，否则显示为链接"
        " / show pictures from the web that an answer names; off: they are links",
    ).tag(config=True)

    files_path = Unicode(
        "/files", help="文件接口的路径，接在服务地址之后 / path of the calls for files"
    ).tag(config=True)
    batches_path = Unicode(
        "/batches", help="批量任务接口的路径，接在服务地址之后 / path of the calls for batches"
    ).tag(config=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except (InvalidOption, TypeError) as error:
            # No frame of the traceback holds what was given: it may be a key.
            values = {}
            raise error.with_traceback(None) from None
        self._is_made = True

    def assign_all(self, values: Mapping[str, Any]) -> None:
        """Set each of these, in whatever order they are given: the language of errors first, and
        what has no use is known when all are set.

        Raises
        ------
        InvalidOption
            There is no such setting, or a value is not valid.
        """
        was_made = self._is_made
        self._is_made = False
        try:
            for name in sorted(values, key=lambda name: name != "language"):
                setattr(self, name, values[name])
        finally:
            self._is_made = was_made
        for name in values:
            self._warn_if_unused(name, stacklevel=4)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            value = None
            raise self.unknown_setting(name)
        try:
            super().__setattr__(name, value)
        except InvalidOption as error:
            error.language = self.interface_language
            if name not in SERVICE_SETTINGS:
                raise
            value = None  # it may be a key, which no frame of a traceback holds
            raise error.with_traceback(None) from None
        except TraitError:
            shown = f"{value!r:.40}"
            if name in (*KEYS, "headers", "base_url"):
                shown = "•••"
            wrong = InvalidOption(
                Text("{name} 的值 {value} 无效{choices}", "{name} cannot be {value}{choices}").fill(
                    name=name, value=shown, choices=_allowed_values(name)
                )
            )
            if value is None:
                default = self.traits()[name].default_value
                wrong.advice = _UNSET.fill(name=name, default=repr(default))
            wrong.language = self.interface_language
            value = None
        else:
            if self._is_made:
                self._warn_if_unused(name, stacklevel=3)
            return
        raise wrong  # outside of the handler: traitlets' own error holds the value

    def __dir__(self) -> list[str]:
        """The settings, and no methods: most of those are traitlets'."""
        settings = [name for name in vars(type(self)) if name in self.trait_names(config=True)]
        private = (name for name in super().__dir__() if name.startswith("_"))
        return names_by_use([*settings, *private], settings)

    @printable
    def __repr__(self) -> str:
        given = {
            name: value
            for name, value in self.trait_values(config=True).items()
            if value not in (None, "") and value != self.traits()[name].default_value
        }
        shown = (f"{name}={value!r}" for name, value in sorted(given.items()))
        return f"ErnieSettings({', '.join(shown)})"

    def _warn_if_unused(self, name: str, stacklevel: int) -> None:
        if unused := self.describe_unused(name):
            warnings.warn(unused.say(self.interface_language), stacklevel=stacklevel)

    def describe_unused(self, name: str) -> Text | None:
        """Return what to know of a setting that the service in use ignores, None for others: the
        emulator, once chosen, is asked whatever address and key are set.
        """
        # The name first: traitlets sets attributes of its own whenever a trait is read.
        if name not in _NOT_FOR_EMULATOR or self.service != EMULATOR.name:
            return None
        return _UNUSED.fill(name=name) if getattr(self, name) else None

    @property
    def own_key(self) -> Key | None:
        """The key that was given here, whichever kind it is of; None where the environment's is
        used.
        """
        return cast("Key | None", self.api_key or self.bearer_token or self.access_key)

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

    def call_settings(self) -> dict[str, Any]:
        """What this session sets and a call may set for itself."""
        return {name: getattr(self, name) for name in parameters.CALL_SETTINGS}

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
        asked = name
        name = name.replace("-", "_")
        if name not in self.trait_names(config=True):
            raise self.unknown_setting(name, asked)
        value: object = text
        if not text:
            value = self.traits()[name].default_value
        elif name in SESSION_PARAMETERS:
            value = self._parse_parameter(name, text)
        elif name in _SWITCHES:
            value = SWITCHES.get(text.lower(), text)
        elif name in _NUMBERS:
            value = _NUMBERS[name].check_value(_NUMBERS[name].parse_text(text))
        setattr(self, name, value)

    def _parse_parameter(self, name: str, text: str) -> object:
        """Return what a person typed for a request parameter."""
        try:
            return SESSION_PARAMETERS[name].parse_text(text)
        except WrongType as error:
            if self.choose_service().strict:
                raise
            raise error.without_range() from None

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
            self.endpoint,
            self.image_endpoint,
            self.embedding_endpoint,
        )


def list_allowed_words(name: str) -> tuple[str, ...]:
    """The words that a setting takes; none where it takes other values."""
    allowed: Mapping[str, Iterable[str]] = {
        "service": SERVICES,
        **dict.fromkeys(_SWITCHES, SWITCH_WORDS.values()),
        "language": LANGUAGES,
    }
    return tuple(allowed.get(name, ()))


def _allowed_values(name: str) -> Text:
    words = " | ".join(list_allowed_words(name))
    if not words:
        return untranslated("")
    return Text(f"，可选：{words}", f"; choices: {words}")


@dataclass(frozen=True)
class Snapshot:
    """The settings that one call uses, read when it is made: later changes are for the next call.

    Attributes
    ----------
    language, model, image_model, embedding_model, system, stream, parameters, timeout, retry_count,
    backoff_factor, cache, in_flight, endpoint, image_endpoint, embedding_endpoint
        As in `ErnieSettings`; `parameters` are the request parameters it keeps, `timeout` is in
        seconds.
    is_retry_asked : bool
        Whether the call has a `retry_count` of its own.
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
    endpoint: str = ""
    image_endpoint: str = ""
    embedding_endpoint: str = ""
    is_retry_asked: bool = False

    def with_call_settings(self, given: Mapping[str, Any]) -> Snapshot:
        """Return the settings of a call with its own `retry_count`, `request_timeout` and
        `backoff_factor`, if they are among what was given.

        Raises
        ------
        InvalidOption
            One is out of range.
        """
        own = {
            name: parameter.check_value(given[name])
            for name, parameter in parameters.CALL_SETTINGS.items()
            if given.get(name) is not None
        }
        if "request_timeout" in own:
            own["timeout"] = own.pop("request_timeout")
        is_asked = self.is_retry_asked or "retry_count" in own
        return replace(self, **own, is_retry_asked=is_asked)


for _name, _parameter in SESSION_PARAMETERS.items():
    _trait = ParameterTrait(_parameter).tag(config=True)
    setattr(ErnieSettings, _name, _trait)
# Traitlets' own hook for traits that are added after the class body.
ErnieSettings.setup_class(dict(vars(ErnieSettings)))

SETTING_NAMES = frozenset(ErnieSettings.class_trait_names(config=True))
