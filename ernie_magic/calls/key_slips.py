"""What was meant to be a key, and is not read as one: of half a pair, in a variable or a file of
another name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.config import endpoints
from ernie_magic.config.services import (
    AI_STUDIO,
    APP_ID_VARIABLE,
    CONSOLE_URL_VARIABLE,
    IAM_URL_VARIABLE,
    LOCAL,
    QIANFAN,
    QIANFAN_V1,
    SERVICES,
)
from ernie_magic.config.variables import (
    WHERE,
    find_bare_key,
    find_misnamed_file,
    readable_sources,
)
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.suggest import close_matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ernie_magic.config.services import Service

_MISNAMED = Text(
    "未设置。{path} 不会被读取：文件名要改成 .env",
    "not set. {path} is not read: the file's name must be .env",
)
_MISSPELLED = Text(
    "未设置。变量 {name} 不会被读取：是不是 {meant}？",
    "not set. The variable {name} is not read: did you mean {meant}?",
)
_BARE = Text(
    "未设置。{path} 的第 {line} 行是没有名称的密钥：写成 {variable}=…",
    "not set. Line {line} of {path} is a key without a name: write it as {variable}=…",
)
_KEY_WITHOUT_SERVER = Text(
    "未设置。有 {name}（{where}），但没有说是哪个服务的：再设置 {address}；"
    "星河的密钥则写成 {variable}=…",
    "not set. {name} is there ({where}), but not which server it is for: set {address} as well, "
    "or write a key of AI Studio as {variable}=…",
)
_HALF = Text(
    "未设置。有 {there}，但缺少 {missing}：两个要成对设置",
    "not set. {there} is set, but {missing} is not: both must be set",
)
_OF_ANOTHER_TOOL = Text(
    "未设置。变量 {name} 是别的工具用的，这里不会读取：把它的值写成 {meant}=…",
    "not set. The variable {name} is another tool's and is not read here: write its value as "
    "{meant}=…",
)
# Where other tools for the same services have their keys: erniebot, aistudio-sdk and
# appbuilder-sdk on PyPI, and what people call it themselves.
_OTHER_TOOLS = {
    "EB_ACCESS_TOKEN": AI_STUDIO.key_variables[0],
    "AISTUDIO_ACCESS_TOKEN": AI_STUDIO.key_variables[0],
    "APPBUILDER_TOKEN": QIANFAN.key_variables[0],
    "QIANFAN_TOKEN": QIANFAN.key_variables[0],
}
# Names that programs of any kind have for keys of their own: Django, web services.
_OF_ANY_PROGRAM = ("ACCESS_KEY", "ACCESS_TOKEN", "SECRET_KEY")


def find_slip(service: Service, wanted: Service) -> Text | None:
    """Return why there is no key although one was meant to be there; None where nothing is found.

    Parameters
    ----------
    service
        The one that is used.
    wanted
        The one whose key is looked for: another where the emulator answers, and then that of any
        service of Baidu's may be meant.
    """
    meant = [wanted]
    if service.is_simulated:
        meant = [AI_STUDIO, QIANFAN, QIANFAN_V1]
    told = [*_find_slips_of_names(meant), *_find_slips_of_files(wanted)]
    if service.is_simulated and endpoints.find_key(LOCAL)[0]:
        told.append(_advise_on_key_without_server(wanted))
    return next(iter(told), None)


def _find_slips_of_names(services: Sequence[Service]) -> Iterator[Text]:
    """Return what is wrong with the names of variables, the most telling first."""
    keys = {name for each in services for name in _names_of_keys(each)}
    if slip := _find_misspelled_variable(sorted(keys)):
        yield _MISSPELLED.fill(name=slip[0], meant=slip[1])
    if (other := _find_other_tool()) and other[1] in keys:
        yield _OF_ANOTHER_TOOL.fill(name=other[0], meant=other[1])
    for service in services:
        if halves := endpoints.find_half_pair(service):
            yield _HALF.fill(there=halves[0], missing=halves[1])


def _find_slips_of_files(wanted: Service) -> Iterator[Text]:
    if misnamed := find_misnamed_file():
        yield _MISNAMED.fill(path=misnamed)
    if bare := find_bare_key():
        yield _BARE.fill(path=bare[0], line=bare[1], variable=wanted.key_variables[0])


def _names_of_keys(service: Service) -> Iterator[str]:
    yield from service.key_variables
    for pair in service.pair_variables:
        yield from pair


def _advise_on_key_without_server(wanted: Service) -> Text:
    """Return what to do where only the key of another server is set, and not its address."""
    _, where, name = endpoints.find_key(LOCAL)
    return _KEY_WITHOUT_SERVER.fill(
        name=name,
        where=WHERE.get(where, untranslated(where)),
        address=LOCAL.base_url_variable,
        variable=wanted.key_variables[0],
    )


def _find_misspelled_variable(known: Sequence[str]) -> tuple[str, str] | None:
    """Return a variable that was meant to hold one of these keys, and that one; None for none."""
    read = {APP_ID_VARIABLE, CONSOLE_URL_VARIABLE, IAM_URL_VARIABLE}
    read |= {*_OTHER_TOOLS, *_OF_ANY_PROGRAM}
    for service in SERVICES.values():
        read |= {service.base_url_variable, *_names_of_keys(service)}
    for source in readable_sources():
        for name in source:
            if name not in read and source[name] and (meant := close_matches(name, known, 1)):
                return name, meant[0]
    return None


def _find_other_tool() -> tuple[str, str] | None:
    """Return another tool's variable that holds a key, and ours; None for none."""
    for source in readable_sources():
        for name, meant in _OTHER_TOOLS.items():
            if source.get(name):
                return name, meant
    return None
