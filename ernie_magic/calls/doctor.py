"""A check of what works and what does not: versions, key (set or not, never a character of it),
service, model.
"""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ernie_magic.api.default_model import (
    FALLBACK_CHAT_V1,
    configured_or_default_model,
    no_model_error,
)
from ernie_magic.api.models import is_simulated
from ernie_magic.calls.key_slips import find_slip
from ernie_magic.calls.token_count import start_token_count
from ernie_magic.config import endpoints
from ernie_magic.config.addresses import redact_url
from ernie_magic.config.proxies import read_proxies
from ernie_magic.config.services import AI_STUDIO, QIANFAN_V1
from ernie_magic.config.variables import WHERE
from ernie_magic.errors import ErnieError
from ernie_magic.text.counts import MODELS
from ernie_magic.text.language import Text, untranslated
from ernie_magic.wire.model_lists import lacks_list, may_not_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ernie_magic.api.models import Listed
    from ernie_magic.client import Client
    from ernie_magic.config.proxies import Proxies
    from ernie_magic.config.services import Service

PACKAGES = (
    "ernie-magic",
    "ipython",
    "ipykernel",
    "ipywidgets",
    "jupyterlab",
    "httpx",
    "nest-asyncio",
    "pillow",
)
_SERVICE = Text("服务", "service")
_ADDRESS = Text("地址", "address")
_KEY = Text("密钥", "key")
_MODEL = Text("模型", "model")
_REACHABLE = Text("可达", "reachable")
SET = Text("已设置", "set")
MARKS: dict[bool | None, str] = {True: "✓", False: "✗", None: "ⓘ"}
_PROXIES = Text("{proxies}；到本服务：{way}", "{proxies}; to this service: {way}")
_NO_KEY_NEEDED = Text(
    "未设置；服务要求密钥时才需要", "not set; needed only if the server asks for one"
)
_SET_A_KEY = Text(
    "未设置。到 {page} 复制密钥，在笔记本旁的 .env 文件里写一行 {line}，再运行一次单元格，不用重启",
    "not set. Copy a key from {page} into a file .env beside the notebook, as a line {line}, and "
    "run the cell again; no restart is needed",
)
_SET_A_KEY_HERE = Text(
    "未设置。到 {page} 复制密钥，在这个文件夹（或笔记本旁）的 .env 文件里写一行 {line}",
    "not set. Copy a key from {page} into a file .env in this folder (or beside the notebook), as "
    "a line {line}",
)
_OR = Text(" 或 ", " or ")


@dataclass(frozen=True)
class Check:
    """One line of the check.

    Attributes
    ----------
    name, value : Text
    ok : bool | None
        None when there is nothing to judge.
    """

    name: Text
    ok: bool | None
    value: Text


_SIMULATED = Check(
    Text("回答", "answers"),
    ok=None,
    value=Text(
        "由内置模拟器给出，没有真实模型", "come from the built-in emulator, not from a model"
    ),
)


def run_checks(client: Client, *, in_terminal: bool = False) -> list[Check]:
    """Check everything that a call needs; asks the service for its list of models, which costs no
    tokens.

    Parameters
    ----------
    in_terminal
        Whether it is read where there are no cells.
    """
    checks: list[Check] = []
    base_url = ""
    try:
        service = client.settings.choose_service()
        checks.append(Check(_SERVICE, ok=None, value=service.label))
        if end := endpoints.find_announced_end(client.settings):
            checks.append(Check(Text("公告", "announced"), ok=False, value=end))
        checks += _diagnose_key(client, service, _SET_A_KEY_HERE if in_terminal else _SET_A_KEY)
        base_url = client.endpoint().base_url
        checks.append(Check(_ADDRESS, ok=None, value=untranslated(redact_url(base_url))))
        for check in _diagnose_answers(client, service):
            checks.append(check)
    except ErnieError as error:
        checks.append(Check(_REACHABLE, ok=False, value=_lines_of(error)))
    return [*checks, *_diagnose_network(base_url), *_describe_environment()]


def _diagnose_answers(client: Client, service: Service) -> Iterator[Check]:
    """Ask the service for its models, and see whether the default one is among them.

    Raises
    ------
    ErnieError
        It cannot be reached, or refuses the key.
    """
    try:
        offered = client.start_model_list().result()
    except ErnieError as error:
        if not (lacks_list(error, service) or may_not_list(error)):
            raise
        # It may answer chats: only one, which costs tokens, would tell.
        yield Check(_REACHABLE, ok=None, value=_lines_of(error))
        return
    if service is QIANFAN_V1:  # its list needs no key; counting tokens does, and costs none
        start_token_count(client, "hi", FALLBACK_CHAT_V1).result()
    count = Text("是，{models}", "yes, {models}").fill(models=MODELS.fill(len(offered)))
    yield Check(_REACHABLE, ok=True, value=count)
    model = configured_or_default_model("chat", client.settings, service.name, offered)
    yield _diagnose_model(model, offered)
    if is_simulated(client.service_name(client.endpoint())):
        yield _SIMULATED


def _lines_of(error: ErnieError) -> Text:
    """What an error says, without its advice to run the doctor."""
    if error.advice:
        kept = [
            separator.join(part for part in text.split(separator) if "%ernie doctor" not in part)
            for text, separator in ((error.advice.zh, "；"), (error.advice.en, "; "))
        ]
        error.advice = Text(*kept) if all(kept) else None
    return Text(error.line("zh"), error.line("en"))


def _describe_environment() -> list[Check]:
    python = f"{platform.python_version()} {platform.system()}"
    installed = [f"{name} {version}" for name in PACKAGES if (version := _installed_version(name))]
    return [
        Check(untranslated("Python"), ok=None, value=untranslated(python)),
        Check(Text("软件包", "packages"), ok=None, value=untranslated(", ".join(installed))),
    ]


def _diagnose_network(base_url: str) -> list[Check]:
    """Return the proxies and the certificates, and each setting of them that is left out."""
    from ernie_magic.config.certificates import read_certificates

    proxies = read_proxies()
    certificates = read_certificates()
    shown = [proxy.shown for proxy in proxies.by_scheme.values()]
    if proxies.no_proxy:
        shown.append(proxies.no_proxy)
    value = Text("无", "none")
    if shown:
        value = _PROXIES.fill(proxies="; ".join(shown), way=_describe_way(proxies, base_url))
    checks = [
        Check(Text("代理", "proxies"), ok=None, value=value),
        Check(Text("证书", "certificates"), ok=None, value=untranslated(certificates.source)),
    ]
    checks += [
        Check(untranslated(setting.name), ok=False, value=setting.line)
        for setting in (*proxies.ignored, *certificates.ignored)
    ]
    return checks


def _describe_way(proxies: Proxies, base_url: str) -> Text:
    proxy = proxies.choose(base_url)
    if proxy is None:
        return Text("直接连接", "directly")
    return Text("经过 {name}", "through {name}").fill(name=proxy.name)


def _diagnose_model(model: str, offered: Sequence[Listed]) -> Check:
    if not model:
        return Check(_MODEL, ok=False, value=_lines_of(no_model_error("chat", offered)))
    allowed = model.lower() in (entry.id.lower() for entry in offered)
    message = Text("{model} 不在列表中", "{model} is not on the list")
    if allowed:
        message = Text("{model} 在列表中", "{model} is on the list")
    return Check(_MODEL, ok=allowed, value=message.fill(model=model))


def _diagnose_key(client: Client, service: Service, set_a_key: Text) -> list[Check]:
    """Return whether there is a key, and the names of the user's own headers."""
    checks = [_find_key(client, service, set_a_key)]
    if client.settings.headers:
        names = untranslated(", ".join(client.settings.headers))
        checks.append(Check(Text("请求头", "headers"), ok=None, value=names))
    return checks


def _find_key(client: Client, service: Service, set_a_key: Text) -> Check:
    if client.settings.own_key:
        return Check(_KEY, ok=True, value=SET)
    wanted = service
    if service.is_simulated:  # needs none; this is how to have a real model answer
        wanted = AI_STUDIO
    value, where, variable = endpoints.find_key(wanted)
    if value:
        source = WHERE.get(where, untranslated(where))
        message = Text("{set}（{where} {variable}）", "{set} ({where} {variable})")
        return Check(_KEY, ok=True, value=message.fill(set=SET, where=source, variable=variable))
    if not wanted.key_page:
        return Check(_KEY, ok=None, value=_NO_KEY_NEEDED)
    lines = [f"{variable}=…" for variable in wanted.key_variables[:1]]
    lines += [" + ".join(f"{half}=…" for half in pair) for pair in wanted.pair_variables]
    line = Text(_OR.zh.join(lines), _OR.en.join(lines))
    advice = find_slip(service, wanted) or set_a_key.fill(page=wanted.key_page, line=line)
    if service.is_simulated:
        return Check(_KEY, ok=None, value=advice)
    return Check(_KEY, ok=False, value=advice)


def _installed_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
