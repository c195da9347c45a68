"""`%ernie use`, `config` and `lang`: which service answers, and how."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from ernie_magic.calls import doctor
from ernie_magic.config import endpoints
from ernie_magic.config.addresses import BaseUrl, redact_url
from ernie_magic.config.settings import KEYS
from ernie_magic.config.variables import read_variable
from ernie_magic.errors import ErnieError, InvalidOption
from ernie_magic.notebook.display.html_table import Table
from ernie_magic.text.language import LANGUAGES, Language, Text, untranslated
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from ernie_magic.session import Session

_NOT_SET = Text("（未设置）", "(not set)")


def print_message(session: Session, text: Text, **values: object) -> None:
    """Print a message in the user's language."""
    print(make_controls_visible(text.say(session.settings.interface_language, **values)))


def use_service(session: Session, words: list[str]) -> None:
    """Choose the service."""
    if words:
        session.use(words[0])
    print_message(
        session,
        Text("现在使用 {service}", "now using {service}"),
        service=session.settings.choose_service().label.say(session.settings.interface_language),
    )
    try:
        session.settings.build_endpoint()
    except ErnieError as error:  # it is chosen, but cannot be called yet
        print(error.line(session.settings.interface_language))


def configure_settings(session: Session, words: list[str]) -> Table | None:
    """`config` shows every setting, `config NAME` one; `config NAME VALUE` sets it, `config NAME
    ""` unsets it.
    """
    settings = session.settings
    language = session.settings.interface_language
    if len(words) == 1 and "=" in words[0]:
        words = words[0].split("=", 1)
    if len(words) >= 2:  # noqa: PLR2004
        _assign_setting(session, words[0], " ".join(words[1:]))
        return None
    names = [
        name
        for name in settings.trait_names(config=True)
        if not words or name == words[0].replace("-", "_")
    ]
    if not names:
        settings.assign_text(words[0], "")  # raises, naming the closest setting
    unset = _NOT_SET.say(language)
    rows = [
        [
            name,
            _describe_setting(session, name) or unset,
            _localized_help(settings.traits()[name].help, language),
        ]
        for name in sorted(names)
    ]
    headers = {"zh": ["设置", "值", "说明"], "en": ["setting", "value", "meaning"]}
    instructions = Text(
        "修改：%ernie config 名称 值；恢复默认：%ernie config 名称 default；也可用 %config "
        "ErnieSettings 或 ernie.settings",
        "change: %ernie config NAME VALUE; unset: %ernie config NAME default; or %config "
        "ErnieSettings, ernie.settings",
    )
    return Table(headers[language], rows, instructions.say(language))


def _assign_setting(session: Session, name: str, text: str) -> None:
    """Set one setting, and print its new value."""
    settings = session.settings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # told below
        settings.assign_text(name, "" if text == "default" else text)
    name = name.replace("-", "_")
    if name in (*KEYS, "base_url", "app_id", "headers"):
        use_service(session, [])
    value = _describe_setting(session, name) or _NOT_SET.say(settings.interface_language)
    print(make_controls_visible(f"{name} = {value}"))
    if unused := settings.describe_unused(name):
        print_message(session, unused)


def _localized_help(both: str, language: Language) -> str:
    """A trait's help in both languages, since `%config` shows it unchanged."""
    zh, _, en = both.partition(" / ")
    return zh if language == "zh" or not en else en


def _describe_setting(session: Session, name: str) -> str:
    """A setting's value, and its origin unless that is the session; never a key."""
    settings = session.settings
    value = getattr(settings, name)
    if name == "api_key" and not session.settings.own_key:
        return _describe_variable_key(session)
    if name in KEYS:
        return doctor.SET.say(settings.interface_language) if value else ""
    if name == "base_url" and not value:
        return _describe_default_url(session)
    if name == "service" and not value:
        return f"{settings.choose_service().name} (auto)"
    if isinstance(value, BaseUrl) and value.login:
        return redact_url(value).replace("//", "//•••@", 1)
    return "" if value in (None, "") else redact_url(str(value))


def _describe_variable_key(session: Session) -> str:
    """That a variable has a key, and where it was found; never the key."""
    language = session.settings.interface_language
    key, source, variable = endpoints.find_key(session.settings.choose_service())
    if not key or not variable:
        return ""
    return f"{doctor.SET.say(language)} ({_describe_source(source, language)} {variable})"


def _describe_default_url(session: Session) -> str:
    """The address that an environment variable names, else the service's own."""
    service = session.settings.choose_service()
    configured_url, source = read_variable(service.base_url_variable)
    if not configured_url:
        return service.base_url
    location = _describe_source(source, session.settings.interface_language)
    return f"{redact_url(configured_url)} ({location} {service.base_url_variable})"


def _describe_source(source: str, language: Language) -> str:
    return doctor.WHERE.get(source, untranslated(source)).say(language)


def set_language(session: Session, words: list[str]) -> None:
    """Chinese or English."""
    if words and words[0] not in LANGUAGES:
        raise InvalidOption(Text("用法：%ernie lang zh 或 en", "usage: %ernie lang zh or en"))
    if words:
        session.settings.language = words[0]
    print_message(session, Text("界面语言：中文", "language: English"))
