"""The default model of a call that names none.

It is the setting; else the first preferred model that the service's live list offers, or another of
its kind; else, where that list is not known, one that is available today. A server that is not
Baidu's has its own models: there, a default is on its list, or there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ernie_magic.api import values
from ernie_magic.api.listed_kinds import (
    Readiness,
    denies_chat,
    is_chat_name,
    is_special,
    kind_of_name,
)
from ernie_magic.api.models import EDITS_PATH, own_image_path
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text, untranslated

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
MASKED_EDITING: tuple[str, ...] = ("ernie-irag-edit",)
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
_MAX_CANDIDATES = 4  # named where none can be chosen
MODEL_SETTINGS: dict[Kind, str] = {
    "chat": "model",
    "image": "image_model",
    "embedding": "embedding_model",
}
# Where a panel is asked, the list of models stands beside the prompt: it has other words for these.
CHOOSE_WITH_OPTION = Text("用 -m 选一个", "choose one with -m")
IN_PYTHON = Text("（Python：model=“名称”）", " (in Python: model=)")
OR_CONFIG = Text("，或 %ernie config {name} 名称", ", or %ernie config {name} NAME")
_CHOOSE_ONE = Text("{choose}{example}{python}{setting}", "{choose}{example}{python}{setting}")


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
    of_kind = _choose_listed(kind, offered, needs_vision=needs_vision)
    if of_kind or service in _OTHER_SERVERS:
        return of_kind
    if kind == "chat" and (offered or not needs_vision):
        return FALLBACK_CHAT_V1 if service == _V1 else FALLBACK_CHAT
    return preferred[0]


def editing_model(
    settings: ModelSettings,
    service: str,
    offered: Sequence[Listed] = (),
    *,
    is_masked: bool = False,
) -> str:
    """Return the model of a call that edits pictures and names none: the setting where it edits,
    else one that is known to, and to take a mask where there is one; "" on a server of others,
    where the live list decides.
    """
    configured = settings.image_model
    if service in _OTHER_SERVERS or own_image_path(configured) == EDITS_PATH:
        return configured
    by_lower = {entry.id.lower(): entry.id for entry in offered}
    preferred = PREFERRED_EDITING
    if is_masked:
        preferred = MASKED_EDITING
    for name in preferred:
        if name in by_lower:
            return by_lower[name]
    return preferred[0]


def no_model_error(kind: Kind, offered: Sequence[Listed] = ()) -> InvalidOption:
    """Return the error for a call that names no model, where there is no default.

    Parameters
    ----------
    offered
        The live list, as far as it is known: candidates are named.
    """
    cause = Text(
        "这个服务的模型列表读不到，或其中没有这类模型",
        "the server's list of models cannot be read, or has none of this kind",
    )
    example = untranslated("")
    candidates = list(dict.fromkeys(e.id for e in offered if _may_be_of_kind(e, kind)))
    if candidates:
        shown = values.as_names(candidates[:_MAX_CANDIDATES])
        example = Text("，例如 {names}", ", for example {names}").fill(names=", ".join(shown))
        cause = Text(
            "模型列表里有几个，看不出该用哪一个",
            "the server's list does not tell which of its models is meant",
        )
    setting = untranslated("")
    if kind in MODEL_SETTINGS:
        setting = OR_CONFIG.fill(name=MODEL_SETTINGS[kind])
    return InvalidOption(
        Text("没有选定模型，所以没有发送", "no model is chosen, so nothing was sent"),
        cause,
        _CHOOSE_ONE.fill(
            choose=CHOOSE_WITH_OPTION, example=example, python=IN_PYTHON, setting=setting
        ),
    )


def _may_be_of_kind(entry: Listed, kind: Kind) -> bool:
    """Whether a listed model may serve a kind of call, as far as is known."""
    kinds = (kind, None) if kind == "chat" else (kind,)
    if entry.kind not in kinds or not entry.is_callable:
        return False
    if kind == "chat" and denies_chat(entry.raw):
        return False
    return entry.readiness is not Readiness.UNAVAILABLE


def _choose_listed(kind: Kind, offered: Sequence[Listed], *, needs_vision: bool) -> str:
    """Return the model of a kind that a list tells, "" where it tells none."""
    if kind != "chat":
        return _first_of_kind(kind, offered)
    if needs_vision and (seeing := _choose_seeing_model(offered)):
        return seeing
    return _choose_chat_model(offered)


def _choose_seeing_model(offered: Sequence[Listed]) -> str:
    """Return the first chat model that sees pictures, as far as a list or a name tells; "" for
    none: a text model may answer without having seen any.
    """
    candidates = [entry for entry in offered if _may_be_of_kind(entry, "chat")]
    seeing = [entry for entry in candidates if entry.sees_pictures]
    general = [entry for entry in seeing if not _is_special(entry)]
    first = min(general or seeing, key=_rank, default=None)
    return first.id if first else ""


def _choose_chat_model(offered: Sequence[Listed]) -> str:
    """Return the chat model that a list of another make tells: the first of those that are ready,
    general and certainly chat; the only one that may be; or "" where it is not clear. A wrong
    guess would be paid for.
    """
    candidates = [entry for entry in offered if _may_be_of_kind(entry, "chat")]
    general = [entry for entry in candidates if not _is_special(entry)]
    certain = [entry for entry in general if entry.kind == "chat" or is_chat_name(entry.id)]
    if certain:
        return min(certain, key=_rank).id
    for group in (general, candidates):
        ready = [entry for entry in group if entry.readiness is Readiness.READY] or group
        # An adapter belongs to another model of the list (vLLM).
        own = [entry for entry in ready if not entry.raw.get("parent")] or ready
        if len({entry.id for entry in own}) == 1:  # a gateway may list it several times
            return own[0].id
    return ""


def _is_special(entry: Listed) -> bool:
    """Whether a chat model is for one purpose only, or makes pictures as well."""
    if entry.known is not None:
        return False
    return is_special(entry.id) or kind_of_name(entry.id) not in ("chat", None)


def _rank(entry: Listed) -> Readiness:
    """Return how ready a listed model is; one that is reported as retired is the last choice."""
    if entry.known is not None and entry.known.retired:
        return max(entry.readiness, Readiness.RETIRING)
    return entry.readiness


def _first_of_kind(kind: Kind, offered: Sequence[Listed]) -> str:
    """Return the first of a kind that is ready, another only where there is none."""
    of_kind = (entry for entry in offered if _may_be_of_kind(entry, kind))
    first = min(of_kind, key=_rank, default=None)
    return first.id if first else ""


def _preferred_models(kind: Kind, service: str, *, needs_vision: bool) -> tuple[str, ...]:
    if kind != "chat":
        return (_DEFAULTS_OF.get((kind, service)) or _DEFAULTS[kind],)
    if needs_vision:
        return PREFERRED_VISION
    return PREFERRED_CHAT
