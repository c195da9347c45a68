"""Settings and where they come from: the call, then `%config` / Python, then the environment, then `.env`, else a default."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from traitlets import Bool, Enum, Float, Int, TraitError, TraitType, Unicode
from traitlets.config import Configurable

from ernie_magic import parameters
from ernie_magic.errors import InvalidOption, MissingKey
from ernie_magic.keys import Key, Pair
from ernie_magic.language import LANGUAGES, Language, Text, system_language
from ernie_magic.models import UNDECIDED
from ernie_magic.services import (
    AI_STUDIO,
    APP_ID_VARIABLE,
    EMULATOR,
    IAM_URL,
    IAM_URL_VARIABLE,
    LOCAL,
    QIANFAN,
    SERVICES,
    Endpoint,
    Service,
    clean_base_url,
    mixed_up,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The official SDK's own default for text (reference qianfan-wire 5.3): a thinking model may be silent for minutes.
DEFAULT_TIMEOUT = 300.0
# The seed's names for what is no field of a request (seed 000, "文生图"): here they are for every call.
_NUMBERS = {
    "request_timeout": parameters.Parameter("request_timeout", "chat", "float", Text("", ""), 0.1),
    "retry_count": parameters.Parameter("retry_count", "chat", "int", Text("", ""), 1, 10),
    "backoff_factor": parameters.Parameter("backoff_factor", "chat", "float", Text("", ""), 0, 60),
}

# Chat parameters that a session may keep; `model` has a trait of its own.
KEPT = {name: p for name, p in parameters.of("chat").items() if name != "model"}


class _KeyTrait(TraitType[Any, Any]):
    """A key: taken as text, held as a `Key`, so that `%config` cannot print it."""

    default_value = None
    allow_none = True
    info_text = "an API key (write only)"

    def validate(self, _obj: object, value: object) -> Key | None:
        if isinstance(value, str):
            value = Key(value)
        if isinstance(value, Key):
            return value
        # Not traitlets' own error: that would show the value.
        raise TraitError("api_key: an API key is text")


class _ParameterTrait(TraitType[Any, Any]):
    """A request parameter as a setting; the table checks it."""

    default_value = None
    allow_none = True

    def __init__(self, parameter: parameters.Parameter) -> None:
        super().__init__(help=f"{parameter.help.zh} / {parameter.help.en} {parameter.range()}")
        self.parameter = parameter

    def validate(self, obj: object, value: object) -> Any:  # noqa: ANN401
        return self.parameter.check(value, getattr(obj, "model", "") or UNDECIDED)


class ErnieSettings(Configurable):
    """What a session uses when a call does not say. None and "" mean: not set here, look further."""

    service = Enum(["", *SERVICES], "", help="服务 / service").tag(config=True)
    model = Unicode("", help="默认模型 / default model").tag(config=True)
    api_key = _KeyTrait(help="密钥 / API key").tag(config=True)
    base_url = Unicode("", help="服务地址 / base URL").tag(config=True)
    language = Enum(["", *LANGUAGES], "", help="界面语言 / language: zh, en").tag(config=True)
    system = Unicode("", help="人设 / system prompt").tag(config=True)
    stream = Bool(True, help="流式输出 / stream the answer").tag(config=True)
    request_timeout = Float(
        DEFAULT_TIMEOUT, min=0.1, help="秒：多久收不到数据算超时 / seconds without data before giving up"
    ).tag(config=True)
    retry_count = Int(3, min=1, help="最多发送几次（含第一次） / how often a request is sent at most, the first time included").tag(config=True)
    backoff_factor = Float(1.0, min=0.0, help="重试等待的系数（秒） / seconds that the waits between retries grow from").tag(config=True)

    @property
    def spoken(self) -> Language:
        """The language of interface and errors: the setting, else the locale's."""
        return cast("Language", self.language) if self.language else system_language()

    def kept(self) -> dict[str, Any]:
        """The request parameters that this session sets."""
        return {name: value for name in KEPT if (value := getattr(self, name)) is not None}

    def assign(self, name: str, text: str) -> None:
        """Set `name` from what a person typed (`%ernie config temperature 0.3`); an empty text unsets it.

        Raises
        ------
        InvalidOption
            No such setting, or the text is not a value of it.
        """
        asked, name = name, name.replace("-", "_")
        if name not in self.trait_names(config=True):
            unknown = parameters.unknown(name, self.trait_names(config=True), shown=asked)
            if "--param" in (unknown.advice or Text("", "")).en:
                unknown.advice = Text("%ernie config 列出全部设置", "%ernie config lists all settings")
            raise unknown
        value: object = text
        if not text:
            value = self.traits()[name].default_value
        elif name in KEPT:
            value = KEPT[name].parse(text)
        elif name == "stream":
            value = {"1": True, "true": True, "on": True, "yes": True, "是": True,
                     "0": False, "false": False, "off": False, "no": False, "否": False}.get(text.lower(), text)
        elif name in _NUMBERS:
            value = _NUMBERS[name].check(_NUMBERS[name].parse(text))
        try:
            setattr(self, name, value)
        except TraitError:
            choices = " | ".join({"service": SERVICES, "stream": ("on", "off")}.get(name, LANGUAGES))
            raise InvalidOption(Text("{name} 的值 {value} 无效，可选：{choices}", "{name} {value} is not one of: {choices}")
                                .fill(name=name, value=text, choices=choices)) from None

    def variable(self, name: str) -> tuple[str, str]:
        """An environment variable's value and where it was found: `("…", "environment")`, `("…", ".env")` or `("", "")`."""
        if value := os.environ.get(name, "").strip():
            return value, "environment"
        value = (_dotenv().get(name) or "").strip()
        return (value, ".env") if value else ("", "")

    def chosen(self) -> Service:
        """The service: the one that was set, else the first whose variables are set, else the emulator."""
        if self.service:
            return SERVICES[self.service]
        if self.api_key or self.base_url:
            return AI_STUDIO
        for service in (AI_STUDIO, QIANFAN):
            if any(self.variable(name)[0] for name in (*service.key_variables, service.base_url_variable)):
                return service
        if all(self.variable(name)[0] for name in QIANFAN.pair_variables):
            return QIANFAN
        # A key alone is for openai.com, which is not ours to call: an address says which server is meant.
        return LOCAL if self.variable(LOCAL.base_url_variable)[0] else EMULATOR

    def found_key(self, service: Service) -> tuple[str, str, str]:
        """A service's key in the variables: its value, where it was found, and the variable; "" where there is none."""
        for name in service.key_variables:
            value, where = self.variable(name)
            if value:
                return value, where, name
        return "", "", next(iter(service.key_variables), "")

    def endpoint(self, emulator_url: Callable[[], str]) -> Endpoint:
        """Where to send: the service, its address and its key.

        Parameters
        ----------
        emulator_url
            Starts the emulator when it is needed, and gives its address.

        Raises
        ------
        MissingKey
            The service's own address is used and no key is set.
        InvalidOption
            The address is none, or the key is of another kind.
        """
        service = self.chosen()
        if service is EMULATOR:
            return Endpoint(service, emulator_url(), Key("emulator", secret=False))
        base_url = self._base_url(service)
        key = self.api_key or Key(self.found_key(service)[0])
        pair = None
        if key:
            _check_key(key, service, own_address=base_url == service.base_url)
        elif service.pair_variables and all(found := [self.variable(name)[0] for name in service.pair_variables]):
            pair = Pair(Key(found[0]), Key(found[1]))
        elif base_url == service.base_url:
            raise MissingKey(
                Text("{service} 需要密钥，但没有设置", "{service} needs a key and none is set").fill(service=service.label),
                advice=Text("到 {page} 复制密钥，写进环境变量或 .env 的 {name}；想先试用：%ernie use emulator",
                            "copy a key from {page} into {name}, in the environment or a .env file; "
                            "to try without one: %ernie use emulator").fill(page=service.key_page, name=service.key_variables[0]))
        app_id = self.variable(APP_ID_VARIABLE)[0] if service is QIANFAN else ""
        return Endpoint(service, base_url, key or None, pair, self.variable(IAM_URL_VARIABLE)[0] or IAM_URL, {"appid": app_id} if app_id else {})

    def _base_url(self, service: Service) -> str:
        base_url = self.base_url
        if not base_url and (found := self.variable(service.base_url_variable)[0]):
            base_url = clean_base_url(found).removesuffix(service.path) + service.path
        base_url = clean_base_url(base_url or service.base_url)
        if not base_url:
            raise MissingKey(
                Text("没有设置服务地址", "no address is set for {service}").fill(service=service.label),
                advice=Text("设置 {name}，或 %ernie config base_url http://127.0.0.1:8000/v1",
                            "set {name}, or %ernie config base_url http://127.0.0.1:8000/v1").fill(name=service.base_url_variable))
        _check_address(base_url)
        return base_url


for _name, _parameter in KEPT.items():
    _trait = _ParameterTrait(_parameter).tag(config=True)
    setattr(ErnieSettings, _name, _trait)
ErnieSettings.setup_class(dict(vars(ErnieSettings)))  # traitlets' own hook for traits that come after the class body


def _check_key(key: Key, service: Service, *, own_address: bool) -> None:
    text = key.reveal()
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise InvalidOption(Text("密钥里有密钥不会有的字符", "the key has characters that no key has"),
                            Text("复制时带上了别的文字或换行", "other words or a line end were copied along"),
                            Text("重新复制密钥", "copy the key again"))
    # Another server behind the same variables may have keys of any look.
    if own_address and (found := mixed_up(service, key)):
        kind, takers = found
        use = Text("改用 %ernie use {name}", "use %ernie use {name}").fill(name=takers[0]) if takers else Text(
            "换成 {service} 自己的密钥", "take a key of {service}").fill(service=service.label)
        raise InvalidOption(Text("这是{kind}，{service} 不认", "this is {kind}, which {service} does not take").fill(
            kind=kind, service=service.label), advice=use)


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    try:
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not any(c.isspace() for c in url)
    except ValueError:  # urllib's word for a port that is none
        good = False
    if not good:
        raise InvalidOption(Text("服务地址 {url} 不是网址", "the base URL {url} is not a web address").fill(url=url),
                            advice=Text("应形如 https://主机:端口/路径", "write it like https://host:port/path"))


def _dotenv() -> Mapping[str, str | None]:
    """The nearest `.env` above the working directory, read again when the file changes."""
    from dotenv import find_dotenv  # imported here: nothing at load time

    path = find_dotenv(usecwd=True)
    return _parsed(path, Path(path).stat().st_mtime) if path else {}


@lru_cache(maxsize=1)
def _parsed(path: str, _changed: float) -> Mapping[str, str | None]:
    from dotenv import dotenv_values

    return dotenv_values(path, interpolate=False)  # a `$` in a key is a `$`
