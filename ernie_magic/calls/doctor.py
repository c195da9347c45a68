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
from ernie_magic.calls.token_count import start_token_count
from ernie_magic.config import endpoints
from ernie_magic.config.addresses import redact_url
from ernie_magic.config.proxies import read_proxies
from ernie_magic.config.services import AI_STUDIO, QIANFAN_V1
from ernie_magic.errors import ErnieError
from ernie_magic.text.language import Text, untranslated

if TYPE_CHECKING:
    from collections.abc import Sequence

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
SET = Text("已设置", "set")
MARKS: dict[bool | None, str] = {True: "✓", False: "✗", None: "–"}
WHERE = {"environment": Text("环境变量", "environment"), "": untranslated("–")}
_PROXIES = Text("{proxies}；到本服务：{way}", "{proxies}; to this service: {way}")
_NOT_SET = Text("未设置", "not set")


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
    Text("模型", "model"),
    ok=None,
    value=Text("内置模拟器在回答，不是真实模型", "the built-in emulator answers, no real model"),
)


def run_checks(client: Client) -> list[Check]:
    """Check everything that a call needs; asks the service for its list of models, which costs no
    tokens.
    """
    service = client.settings.choose_service()
    checks = [
        *_describe_environment(),
        Check(Text("服务", "service"), ok=None, value=service.label),
    ]
    checks.append(_diagnose_key(client, service))
    if client.settings.headers:
        names = untranslated(", ".join(client.settings.headers))
        checks.append(Check(Text("请求头", "headers"), ok=None, value=names))
    base_url = ""
    try:
        base_url = client.endpoint().base_url
        checks.append(
            Check(Text("地址", "address"), ok=None, value=untranslated(redact_url(base_url)))
        )
        checks += _diagnose_network(base_url)
        offered = client.start_model_list().result()
        if is_simulated(client.service_name(client.endpoint())):
            checks.append(_SIMULATED)
        if service is QIANFAN_V1:  # its list needs no key; counting tokens does, and costs none
            start_token_count(client, "hi", FALLBACK_CHAT_V1).result()
    except ErnieError as error:
        if not base_url:
            checks += _diagnose_network(base_url)
        checks.append(
            Check(
                Text("可达", "reachable"), ok=False, value=Text(error.line("zh"), error.line("en"))
            )
        )
        return checks
    checks.append(
        Check(
            Text("可达", "reachable"),
            ok=True,
            value=Text("是，{n} 个模型", "yes, {n} models").fill(n=len(offered)),
        )
    )
    checks.append(
        _diagnose_model(
            configured_or_default_model("chat", client.settings, service.name, offered), offered
        )
    )
    return checks


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
        problem = no_model_error("chat")
        return Check(
            Text("模型", "model"), ok=False, value=Text(problem.line("zh"), problem.line("en"))
        )
    allowed = model.lower() in (entry.id.lower() for entry in offered)
    message = Text("{model} 不在列表中", "{model} is not on the list")
    if allowed:
        message = Text("{model} 在列表中", "{model} is on the list")
    return Check(Text("模型", "model"), ok=allowed, value=message.fill(model=model))


def _diagnose_key(client: Client, service: Service) -> Check:
    if client.settings.own_key:
        return Check(Text("密钥", "key"), ok=True, value=SET)
    value, where, variable = endpoints.find_key(service if service.key_variables else AI_STUDIO)
    message = Text("{set}（{where} {variable}）", "{set} ({where} {variable})").fill(
        set=SET if value else _NOT_SET,
        where=WHERE.get(where, untranslated(where)),
        variable=variable,
    )
    # The emulator needs none, and a private server may not either.
    return Check(Text("密钥", "key"), ok=bool(value) or None, value=message)


def _installed_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
