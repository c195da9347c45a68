"""The default model of a call that names none.

It is the setting; else the first preferred model that the service's live list offers; else, where
that list is not known, the example of the API's page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ernie_magic.api.models import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.api.catalogue import Kind

# The first of these that the live list offers is the default; the last is the example on AI
# Studio's API page (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).
PREFERRED_CHAT: tuple[str, ...] = (
    "ernie-4.5-turbo-128k",
    "ernie-5.0",
    "ernie-4.5-turbo-32k",
    "ernie-3.5-8k",
)
FALLBACK_CHAT = "ernie-3.5-8k"
PREFERRED_VISION: tuple[str, ...] = (
    "ernie-4.5-turbo-vl",
    "ernie-5.0",
    "ernie-5.0-thinking-preview",
)
# The defaults of other calls: the examples on the API pages of AI Studio
# (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns) and Qianfan.
_DEFAULTS: dict[Kind, str] = {
    "image": "Stable-Diffusion-XL",
    "embedding": "embedding-v1",
    "rerank": "bce-reranker-base",
}
_DEFAULTS_OF: dict[tuple[Kind, str], str] = {("image", "qianfan"): "irag-1.0"}


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


def choose_model(
    kind: Kind,
    settings: ModelSettings,
    service: str,
    offered: Sequence[str] = (),
    *,
    needs_vision: bool = False,
) -> str:
    """Return the model of a call that names none: the setting, else the default model."""
    return configured_model(kind, settings) or default_model(
        kind, service, offered, needs_vision=needs_vision
    )


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
    kind: Kind, service: str, offered: Sequence[str] = (), *, needs_vision: bool = False
) -> str:
    """Return the default model of a kind of call on the named service: the first preferred one on
    offer, else any of this kind on offer.

    Parameters
    ----------
    offered
        The ids of the live list. Where it is not known, the default is the example of the API's
        page.
    needs_vision
        The model has to accept pictures.
    """
    preferred = _preferred_models(kind, service, needs_vision=needs_vision)
    by_lower = {model_id.lower(): model_id for model_id in offered}
    for name in preferred:
        if name.lower() in by_lower:
            return by_lower[name.lower()]
    of_kind = _first_of_kind(kind, offered)
    if kind == "chat":
        # A chat model's name may not show its kind.
        of_kind = of_kind or _first_of_kind(None, offered)
        if offered or not needs_vision:
            return of_kind or FALLBACK_CHAT
    return of_kind or preferred[0]


def _first_of_kind(kind: Kind | None, offered: Sequence[str]) -> str:
    return next((model_id for model_id in offered if kind_of(model_id) == kind), "")


def _preferred_models(kind: Kind, service: str, *, needs_vision: bool) -> tuple[str, ...]:
    if kind != "chat":
        return (_DEFAULTS_OF.get((kind, service)) or _DEFAULTS[kind],)
    if needs_vision:
        return PREFERRED_VISION
    return PREFERRED_CHAT
