"""`%ernie use`, `config` and `lang`: which service answers, and how."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

from ernie_magic.config.endpoints import find_announced_end
from ernie_magic.config.settings import KEYS
from ernie_magic.errors import ErnieError, InvalidOption
from ernie_magic.notebook.display.settings_table import (
    MODEL_SETTINGS,
    NOT_SET,
    choices_table,
    describe_setting,
    settings_table,
)
from ernie_magic.notebook.magics.interpolate import interpolate
from ernie_magic.notebook.magics.options import VERBATIM_OPTION
from ernie_magic.notebook.magics.stray_braces import check_braces
from ernie_magic.notebook.magics.words import first_word, unquote
from ernie_magic.text.language import Text
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.notebook.display.html_table import Table
    from ernie_magic.session import Session
    from ernie_magic.text.language import Language


_ASSIGNED = re.compile(r"([\w-]+)\s*[=＝](?![=＝])(.*)", re.DOTALL)
_FLAG = VERBATIM_OPTION.long_flag
_VERBATIM = re.compile(rf"{_FLAG}\s+(?P<last>.*)|(?P<first>.*?)\s+{_FLAG}", re.DOTALL)
_USE_USAGE = Text(
    "用法：%ernie use 服务，或 %ernie use endpoint 名称",
    "usage: %ernie use SERVICE, or %ernie use endpoint NAME",
)
_USING_ENDPOINT = Text(
    "现在使用自己部署的 {name}（{endpoint}，基于 {base}）；取消：%ernie config endpoint default",
    "now using your own service {name} ({endpoint}, based on {base}); to stop: %ernie config "
    "endpoint default",
)
_ADVISED = Text(
    "{advice}；取消：%ernie config {name} default",
    "{advice}; %ernie config {name} default unsets it",
)
_LANGUAGE_WORDS: dict[str, Language] = {
    **dict.fromkeys(("zh", "zh-cn", "zh_cn", "cn", "chinese", "中文", "汉语"), "zh"),
    **dict.fromkeys(("en", "en-us", "en_us", "english", "英文", "英语"), "en"),
}
_NOT_ASKED = Text(
    "现在使用自己部署的 {name}；没有 Access Key，没有到平台核对",
    "now using your own service {name}; without an access key it was not looked up",
)


def print_message(session: Session, text: Text, **values: object) -> None:
    """Print a message in the user's language."""
    said = text.fill(**values).say(session.settings.interface_language)
    print(make_controls_visible(said))


def use_service(session: Session, words: list[str]) -> Table | None:
    """Choose the service; `use endpoint NAME` one that was deployed on it; alone, show what can be
    chosen.
    """
    settings = session.settings
    if not words:
        return choices_table(settings, settings.interface_language, session.listed_models())
    if words[0] == "endpoint":
        _use_endpoint(session, words[1:])
        return None
    if len(words) > 1:
        raise InvalidOption(_USE_USAGE)
    session.use(words[0])
    _tell_service(session)
    return None


def _tell_service(session: Session) -> None:
    """Print which service is used now, and what it lacks."""
    print_message(
        session,
        Text("现在使用 {service}", "now using {service}"),
        service=session.settings.choose_service().label,
    )
    try:
        if end := find_announced_end(session.settings):
            print_message(session, end)
        session.settings.build_endpoint()
    except ErnieError as error:  # it is chosen, but cannot be called yet
        print(error.line(session.settings.interface_language))


def _use_endpoint(session: Session, words: list[str]) -> None:
    if not words:
        raise InvalidOption(_USE_USAGE)
    found = session.use_endpoint(words[0])
    if not found.state:
        print_message(session, _NOT_ASKED, name=found.endpoint)
        return
    base = found.base_model or "?"
    print_message(session, _USING_ENDPOINT, name=found.name, endpoint=found.endpoint, base=base)


def read_setting(line: str, namespace: Mapping[str, Any]) -> list[str]:
    """Return the name of a setting and its new value, as far as they are on the line.

    The value is the rest of the line as it is written, without one quotation around the whole;
    `{{expr}}` in it is filled in once, now, unless `--verbatim` stands before or behind it.

    Raises
    ------
    InvalidOption
    """
    assigned = _ASSIGNED.match(line)
    name, rest = assigned.groups() if assigned else first_word(line)
    value = rest.strip()
    if not name or not (value or assigned):
        return [name] if name else []
    if written := _VERBATIM.fullmatch(value):
        return [name, unquote(written["first"] or written["last"])]
    text = unquote(value)
    check_braces(text, namespace)
    return [name, interpolate(text, namespace)]


def configure_settings(session: Session, words: list[str]) -> Table | None:
    """`config` shows every setting, `config NAME` one; `config NAME VALUE` sets it, `config NAME
    ""` unsets it.
    """
    settings = session.settings
    language = session.settings.interface_language
    if len(words) > 1:
        _assign_setting(session, *words)
        return None
    names = None
    if words:
        name = words[0].replace("-", "_")
        if name not in settings.trait_names(config=True):
            settings.assign_text(words[0], "")  # raises, naming the closest setting
        names = [name]
    return settings_table(settings, language, session.listed_models(), names)


def _assign_setting(session: Session, name: str, text: str) -> None:
    """Set one setting, and print its new value."""
    settings = session.settings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # told below
        try:
            settings.assign_text(name, "" if text == "default" else text)
        except InvalidOption as error:
            error.advice = _advice_for_setting(name, error.advice)
            raise
    name = name.replace("-", "_")
    if name in (*KEYS, "base_url", "app_id", "headers"):
        _tell_service(session)
    value = describe_setting(settings, name) or NOT_SET.say(settings.interface_language)
    print(make_controls_visible(f"{name} = {value}"))
    if unused := settings.describe_unused(name):
        print_message(session, unused)
    _note_unlisted_model(session, name)


def _advice_for_setting(name: str, advice: Text | None) -> Text | None:
    """Return what is advised of an option as it is typed for a setting, and how it is unset."""
    option = f"--{name.replace('_', '-')}"
    if advice is None or option not in advice.en:
        return advice
    typed = f"%ernie config {name}"
    return _ADVISED.fill(
        advice=Text(advice.zh.replace(option, typed), advice.en.replace(option, typed)), name=name
    )


def _note_unlisted_model(session: Session, name: str) -> None:
    """Say so where a model is set that the live list, if it is known, does not have."""
    model = str(getattr(session.settings, name) or "")
    listed = {entry.id.lower() for entry in session.listed_models()}
    if name not in MODEL_SETTINGS or not model or not listed or model.lower() in listed:
        return
    print_message(
        session,
        Text(
            "{model} 不在服务的列表中，照样发送；%ernie models 列出全部",
            "{model} is not on the service's list and is sent as it is; %ernie models lists all",
        ),
        model=model,
    )


def set_language(session: Session, words: list[str]) -> None:
    """Chinese or English."""
    if words:
        language = _LANGUAGE_WORDS.get(words[0].lower())
        if language is None:
            raise InvalidOption(Text("用法：%ernie lang zh 或 en", "usage: %ernie lang zh or en"))
        session.settings.language = language
    print_message(session, Text("界面语言：中文", "language: English"))
