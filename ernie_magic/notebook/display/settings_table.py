"""The settings as a table, by what they are for: values, where they come from, defaults; never a
key.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ernie_magic.api.default_model import expected_model
from ernie_magic.api.parameter import GROUP_TITLES, Parameter
from ernie_magic.api.parameter_types import SWITCH_WORDS, Number
from ernie_magic.calls import doctor
from ernie_magic.config import endpoints
from ernie_magic.config.addresses import BaseUrl, redact_url
from ernie_magic.config.services import SERVICES
from ernie_magic.config.settings import KEYS, SESSION_PARAMETERS, list_allowed_words
from ernie_magic.config.variables import WHERE, name_in_use, read_variable
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display.html_table import Table
from ernie_magic.text.language import Language, Text, untranslated
from ernie_magic.text.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.models import Listed
    from ernie_magic.config.services import Service
    from ernie_magic.config.settings import ErnieSettings

NOT_SET = Text("（未设置）", "(not set)")
_DEFAULT = Text("{value}（默认）", "{value} (default)")
_GROUPS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (Text("服务和密钥", "Service and key"), ("service", *KEYS, "app_id", "base_url", "headers")),
    (Text("模型", "Models"), ("model", "image_model", "embedding_model")),
    (
        Text("自己部署的服务", "Services of your own"),
        ("endpoint", "image_endpoint", "embedding_endpoint"),
    ),
    (Text("界面", "Interface"), ("language", "remote_images")),
    (
        Text("请求", "Requests"),
        ("stream", "request_timeout", "retry_count", "backoff_factor", "in_flight", "cache"),
    ),
    (Text("文件和批量任务", "Files and batches"), ("files_path", "batches_path")),
)
_SERVICES = Text("服务", "Services")
_IN_USE = "▶"
_NO_KEY_NEEDED = Text("不需要密钥", "needs no key")
_KEY_SET = Text("已设密钥", "key set")
_KEY_NOT_SET = Text("未设密钥（{variable}）", "no key ({variable})")
_ADDRESS_WANTED = Text(
    "地址在 {variable}，可以没有密钥", "address in {variable}; a key is optional"
)
_CONFIGURE = Text("%ernie config {name} 名称", "%ernie config {name} NAME")
_MODELS_NOTE = Text(
    "▶ 正在使用；%ernie models 列出这个服务的模型，-m 只为一次提问选模型",
    "▶ in use; %ernie models lists the models of this service, -m chooses one for a single prompt",
)
_CONVERSATION = Text("对话", "Conversation")
MODEL_SETTINGS: dict[str, Kind] = {
    "model": "chat",
    "image_model": "image",
    "embedding_model": "embedding",
}
_NOTE = Text(
    "修改：%ernie config 名称 值；恢复默认：%ernie config 名称 default；也可用 %config "
    "ErnieSettings 或 ernie.settings",
    "change: %ernie config NAME VALUE; unset: %ernie config NAME default; or %config "
    "ErnieSettings, ernie.settings",
)


def settings_table(
    settings: ErnieSettings,
    language: Language,
    listed: Sequence[Listed] = (),
    names: Iterable[str] | None = None,
) -> Table:
    """All settings by groups, or only those named.

    Parameters
    ----------
    listed
        The live list of models, from which a default is chosen.
    """
    wanted = set(settings.trait_names(config=True))
    if names is not None:
        wanted = set(names)
    rows = list[list[str]]()
    headings = dict[int, str]()
    for title, members in _grouped_names():
        shown = [name for name in members if name in wanted]
        if shown and names is None:
            headings[len(rows)] = title.say(language)
        rows += [_describe_row(settings, name, language, listed) for name in shown]
    headers = {
        "zh": ["设置", "值", "可选值", "说明"],
        "en": ["setting", "value", "values", "meaning"],
    }
    return Table(headers[language], rows, _NOTE.say(language), headings, code=(0,))


def choices_table(
    settings: ErnieSettings,
    language: Language,
    listed: Sequence[Listed] = (),
) -> Table:
    """What answers now, and what else could be chosen: services, models, services of one's own.

    Parameters
    ----------
    listed
        The live list of models, from which a default is chosen.
    """
    current = settings.choose_service()
    rows = [
        [
            _IN_USE if service is current else "",
            service.name,
            _describe_service(settings, service, language),
            f"%ernie use {service.name}",
        ]
        for service in SERVICES.values()
    ]
    headings = {0: _SERVICES.say(language)}
    for title, names in _GROUPS[1:3]:
        headings[len(rows)] = title.say(language)
        for name in names:
            value = describe_setting(settings, name) or _describe_default(settings, name, listed)
            shown = value or NOT_SET.say(language)
            how = _CONFIGURE.say(language, name=name)
            rows.append(["", name, shown, how])
    headers = {
        "zh": ["", "名称", "现在", "选择或修改"],
        "en": ["", "name", "now", "to choose"],
    }
    return Table(headers[language], rows, _MODELS_NOTE.say(language), headings, code=(1, 3))


def _describe_service(settings: ErnieSettings, service: Service, language: Language) -> str:
    """A service's name for people, and whether it has a key."""
    label = service.label.say(language)
    if service.is_simulated:
        return f"{label} · {_NO_KEY_NEEDED.say(language)}"
    if settings.own_key and service is settings.choose_service():
        return f"{label} · {_KEY_SET.say(language)}"
    key, _, variable = endpoints.find_key(service)
    if key:
        return f"{label} · {_KEY_SET.say(language)} ({variable})"
    if not service.key_page:
        wanted = _ADDRESS_WANTED.say(language, variable=service.base_url_variable)
        return f"{label} · {wanted}"
    return f"{label} · {_KEY_NOT_SET.say(language, variable=variable)}"


def _grouped_names() -> list[tuple[Text, list[str]]]:
    """The settings by groups; those of the conversation as in the help of `%%ernie`."""
    groups = [(title, list(names)) for title, names in _GROUPS]
    for group, title in GROUP_TITLES.items():
        members = [name for name, each in SESSION_PARAMETERS.items() if each.group == group]
        if group == "everyday":
            members.insert(0, "system")
        both = Text(f"{_CONVERSATION.zh} · {title.zh}", f"{_CONVERSATION.en} · {title.en}")
        groups.append((both, members))
    return groups


def _describe_row(
    settings: ErnieSettings,
    name: str,
    language: Language,
    listed: Sequence[Listed],
) -> list[str]:
    trait = settings.traits()[name]
    value = describe_setting(settings, name) or _describe_default(settings, name, listed)
    parameter = getattr(trait, "parameter", None)
    if isinstance(parameter, Parameter):
        values = _format_range(parameter, settings, listed)
        if not values and parameter.takes_switch:
            values = " | ".join(SWITCH_WORDS.values())
        meaning = parameter.help.say(language)
    else:
        # In both languages, since `%config` shows it unchanged.
        zh, _, en = trait.help.partition(" / ")
        values = " | ".join(list_allowed_words(name))
        meaning = Text(zh, en or zh).say(language)
    return [name, value or NOT_SET.say(language), values, meaning]


def _format_range(parameter: Parameter, settings: ErnieSettings, listed: Sequence[Listed]) -> str:
    """The values that a parameter takes; no range where the service has its own."""
    is_request_field = parameter.name in SESSION_PARAMETERS
    if is_request_field and isinstance(parameter, Number) and not _is_documented(settings):
        return ""
    return parameter.format_range(_chat_model(settings, listed))


def _is_documented(settings: ErnieSettings) -> bool:
    """Whether the service in use is one whose documents the table follows."""
    try:
        return settings.choose_service().strict
    except ErnieError:  # reported by the call
        return True


def _chat_model(settings: ErnieSettings, listed: Sequence[Listed]) -> str:
    """The model whose ranges hold; "" where no service can be chosen."""
    try:
        service = settings.choose_service().name
    except ErnieError:  # reported by the call
        return ""
    return expected_model("chat", settings, service, listed)


def _describe_default(settings: ErnieSettings, name: str, listed: Sequence[Listed]) -> str:
    """What holds where nothing is set; "" where that is not known."""
    language = settings.interface_language
    if name in MODEL_SETTINGS:
        try:
            service = settings.choose_service().name
        except ErnieError:  # reported by the call
            return ""
        model = expected_model(MODEL_SETTINGS[name], settings, service, listed)
        return _DEFAULT.say(language, value=model) if model else ""
    if name == "language":
        return _DEFAULT.say(language, value=language)
    is_known = name in SESSION_PARAMETERS and _is_documented(settings)
    if is_known and SESSION_PARAMETERS[name].default is not None:
        return _DEFAULT.say(language, value=_display_value(SESSION_PARAMETERS[name].default))
    return ""


# What is no address: `?` and `#` are marks of the text, and no query begins with them.
_TEXTS = frozenset({"system", "stop", "user"})
_URL_LOGIN = re.compile(r"//[^/@\s]*(?::[^@\s]*)?@")


def describe_setting(settings: ErnieSettings, name: str) -> str:
    """A setting's value, and its origin unless that is the session; never a key."""
    value = getattr(settings, name)
    if name == "api_key" and not settings.own_key:
        return _describe_variable_key(settings)
    if name in KEYS:
        return doctor.SET.say(settings.interface_language) if value else ""
    if name == "base_url" and not value:
        return _describe_default_url(settings)
    if name == "service" and not value:
        return f"{settings.choose_service().name} (auto)"
    if isinstance(value, BaseUrl) and value.login:
        return redact_url(value).replace("//", "//•••@", 1)
    return "" if value in (None, "", {}) else _redact_setting(name, _display_value(value))


def _redact_setting(name: str, shown: str) -> str:
    """Remove keys from a setting's value: from an address also what may be one."""
    if name in _TEXTS or name in MODEL_SETTINGS:
        return redact(_URL_LOGIN.sub("//•••@", shown), strict=True)
    return redact_url(shown)


def _display_value(value: object) -> str:
    """A value as `%ernie config` takes it."""
    if isinstance(value, bool):
        return SWITCH_WORDS[value]
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _describe_variable_key(settings: ErnieSettings) -> str:
    """That a variable has a key, and where it was found; never the key."""
    language = settings.interface_language
    key, source, variable = endpoints.find_key(settings.choose_service())
    if not key or not variable:
        return ""
    return f"{doctor.SET.say(language)} ({_describe_source(source, language)} {variable})"


def _describe_default_url(settings: ErnieSettings) -> str:
    """The address that an environment variable names, else the service's own."""
    service = settings.choose_service()
    configured_url, source = read_variable(service.base_url_variable)
    if not configured_url:
        return service.base_url
    location = _describe_source(source, settings.interface_language)
    return f"{redact_url(configured_url)} ({location} {name_in_use(service.base_url_variable)})"


def _describe_source(source: str, language: Language) -> str:
    return WHERE.get(source, untranslated(source)).say(language)
