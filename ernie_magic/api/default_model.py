"""The default model of a call that names none.

It is the setting; else the first preferred model that the service's live list offers, or another of
its kind; else, where that list is not known, one that is available today. A server that is not
Baidu's has its own models: there, a default is on its list, or there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ernie_magic.api.models import EDITS_PATH, own_image_path
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.models import Listed

# The first of these that the live list offers is the default. The last is retired everywhere but on
# Qianfan V1, which has none of the others.
PREFERRED_CHAT: tuple[str, ...] = (
    "ernie-4.5-turbo-128k",
    "ernie-5.0",
    "ernie-4.5-turbo-32k",
    "ernie-3.5-8k",
)
# Without a list: what replaces the models of the API pages, which retired on 2026-06-30.
FALLBACK_CHAT = "ernie-4.5-turbo-128k"
FALLBACK_CHAT_V1 = "ernie-3.5-8k"
PREFERRED_VISION: tuple[str, ...] = (
    "ernie-4.5-turbo-vl",
    "ernie-5.0",
    "ernie-5.0-thinking-preview",
)
# Those that edit pictures (https://cloud.baidu.com/doc/qianfan-api/s/Rm9m76ekf).
PREFERRED_EDITING: tuple[str, ...] = ("qwen-image-edit", "ernie-irag-edit")
# The defaults of other calls: the examples on the API pages of AI Studio
# (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns) and Qianfan.
_DEFAULTS: dict[Kind, str] = {
    "image": "Stable-Diffusion-XL",
    "embedding": "embedding-v1",
    "rerank": "bce-reranker-base",
}
_DEFAULTS_OF: dict[tuple[Kind, str], str] = {("image", "qianfan"): "irag-1.0"}
_V1 = "qianfan-v1"
_OTHER_SERVERS = ("local",)  # services whose models are not Baidu's
_SETTINGS: dict[Kind, str] = {
    "chat": "model",
    "image": "image_model",
    "embedding": "embedding_model",
}


class ModelSettings(Protocol):
    """The settings that choose a model, "" where nothing is set."""

    @property
    def model(self) -> str:
        """The model of chats."""

    @property
    def image_model(self) -> str:
        """The model of calls for pictures."""

    @property
    def embedding_model(self) -> str:
        """The model of calls for vectors."""


def configured_or_default_model(
    kind: Kind,
    settings: ModelSettings,
    service: str,
    offered: Sequence[Listed] = (),
    *,
    needs_vision: bool = False,
) -> str:
    """Return the model of a call that names none: the setting, else the default model; "" where
    there is none.
    """
    return configured_model(kind, settings) or default_model(
        kind, service, offered, needs_vision=needs_vision
    )


def expected_model(
    kind: Kind,
    settings: ModelSettings,
    service: str,
    listed: Sequence[Listed],
) -> str:
    """Return the model that a call naming none is expected to use, without the network: before the
    live list is known, Baidu's services are taken to offer what the catalogue knows.
    """
    offered = listed
    if not listed and service not in _OTHER_SERVERS:
        from ernie_magic.api.catalogue import CATALOGUE
        from ernie_magic.api.models import Listed

        offered = [Listed(model.id, {}) for model in CATALOGUE if model.v2]
    return configured_or_default_model(kind, settings, service, offered)


def configured_model(kind: Kind, settings: ModelSettings) -> str:
    """Return the model that is set for a kind of call, "" when none is."""
    if kind == "image":
        return settings.image_model
    if kind == "embedding":
        return settings.embedding_model
    if kind == "chat":
        return settings.model
    return ""


def default_model(
    kind: Kind,
    service: str,
    offered: Sequence[Listed] = (),
    *,
    needs_vision: bool = False,
) -> str:
    """Return the default model of a kind of call on the named service: the first preferred one on
    offer, else any of this kind on offer; "" where there is none.

    Parameters
    ----------
    offered
        The live list. Where it is not known, the default is one that is available today.
    needs_vision
        The model has to accept pictures.
    """
    preferred = _preferred_models(kind, service, needs_vision=needs_vision)
    by_lower = {entry.id.lower(): entry.id for entry in offered}
    for name in preferred:
        if name.lower() in by_lower:
            return by_lower[name.lower()]
    of_kind = _first_of_kind(kind, offered)
    if kind == "chat":
        # A chat model's name may not show its kind.
        of_kind = of_kind or _first_of_kind(None, offered)
    if of_kind or service in _OTHER_SERVERS:
        return of_kind
    if kind == "chat" and (offered or not needs_vision):
        return FALLBACK_CHAT_V1 if service == _V1 else FALLBACK_CHAT
    return preferred[0]


def editing_model(
    settings: ModelSettings,
    service: str,
    offered: Sequence[Listed] = (),
) -> str:
    """Return the model of a call that edits pictures and names none: the setting where it edits,
    else one that is known to; "" on a server of others, where the live list decides.
    """
    configured = settings.image_model
    if service in _OTHER_SERVERS or own_image_path(configured) == EDITS_PATH:
        return configured
    by_lower = {entry.id.lower(): entry.id for entry in offered}
    for name in PREFERRED_EDITING:
        if name in by_lower:
            return by_lower[name]
    return PREFERRED_EDITING[0]


def no_model_error(kind: Kind) -> InvalidOption:
    """Return the error for a call that names no model, where there is no default."""
    advice = Text("用 -m 选一个（Python：model=“名称”）", "choose one with -m (in Python: model=)")
    if kind in _SETTINGS:
        advice = Text(
            "用 -m 选一个（Python：model=），或 %ernie config {name} 名称",
            "choose one with -m (in Python: model=), or %ernie config {name} NAME",
        ).fill(name=_SETTINGS[kind])
    return InvalidOption(
        Text("没有选定模型，所以没有发送", "no model is chosen, so nothing was sent"),
        Text(
            "这个服务的模型列表读不到，或其中没有这类模型",
            "the server's list of models cannot be read, or has none of this kind",
        ),
        advice,
    )


def _first_of_kind(kind: Kind | None, offered: Sequence[Listed]) -> str:
    """Return the first of a kind, one that is reported as retired only where there is no other."""
    retired = ""
    for entry in offered:
        if entry.kind != kind or not entry.is_callable:
            continue
        if entry.known is None or not entry.known.retired:
            return entry.id
        retired = retired or entry.id
    return retired


def _preferred_models(kind: Kind, service: str, *, needs_vision: bool) -> tuple[str, ...]:
    if kind != "chat":
        return (_DEFAULTS_OF.get((kind, service)) or _DEFAULTS[kind],)
    if needs_vision:
        return PREFERRED_VISION
    return PREFERRED_CHAT
