"""A check of what works and what does not: versions, key (set or not, never a character of it),
service, model.
"""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ernie_magic.api import models
from ernie_magic.config import endpoints
from ernie_magic.config.addresses import shown_url
from ernie_magic.config.services import AI_STUDIO, QIANFAN_V1
from ernie_magic.errors import ErnieError
from ernie_magic.text.language import Text, same

if TYPE_CHECKING:
    from ernie_magic.config.services import Service
    from ernie_magic.session import Session

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
WHERE = {"environment": Text("环境变量", "environment"), "": same("–")}
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


def examine(session: Session) -> list[Check]:
    """Check everything that a call needs; asks the service for its list of models, which costs no
    tokens.
    """
    service = session.settings.chosen()
    checks = [
        Check(
            same("Python"), ok=None, value=same(f"{platform.python_version()} {platform.system()}")
        ),
        Check(
            Text("软件包", "packages"),
            ok=None,
            value=same(
                ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))
            ),
        ),
        Check(Text("服务", "service"), ok=None, value=service.label),
    ]
    checks.append(_key(session, service))
    try:
        endpoint = session.endpoint()
        checks.append(
            Check(Text("地址", "address"), ok=None, value=same(shown_url(endpoint.base_url)))
        )
        offered = [entry.id for entry in session.models()]
        if service is QIANFAN_V1:  # its list needs no key; counting tokens does, and costs none
            session.count_tokens("hi", model=models.FALLBACK_CHAT)
    except ErnieError as error:
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
    model = session.settings.model or models.preferred(offered)
    allowed = model.lower() in (name.lower() for name in offered)
    told = (
        Text("{model} 在列表中", "{model} is on the list")
        if allowed
        else Text("{model} 不在列表中", "{model} is not on the list")
    )
    checks.append(Check(Text("模型", "model"), ok=allowed, value=told.fill(model=model)))
    return checks


def _key(session: Session, service: Service) -> Check:
    if session.settings.api_key:
        return Check(Text("密钥", "key"), ok=True, value=SET)
    value, where, variable = endpoints.found_key(service if service.key_variables else AI_STUDIO)
    told = Text("{set}（{where} {variable}）", "{set} ({where} {variable})").fill(
        set=SET if value else _NOT_SET, where=WHERE.get(where, same(where)), variable=variable
    )
    # The emulator needs none, and a private server may not either.
    return Check(Text("密钥", "key"), ok=bool(value) or None, value=told)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
