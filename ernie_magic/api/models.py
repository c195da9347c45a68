"""Models: what the catalogue knows of an id, what the live list offers, and which model is the
default.

The service's live list decides what exists; the catalogue (`catalogue.py`, data) only adds what the
list does not say. An id that is in neither is sent unchanged: nothing may break when an id is
retired or new.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.api.catalogue import Kind, Model


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
# Stands for an id while none is chosen: only the table's rules apply, no model's.
UNDECIDED = "?"

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


@cache
def _by_name() -> Mapping[str, Model]:
    # Read with the first id, not with the extension.
    from ernie_magic.api.catalogue import CATALOGUE

    return {name.lower(): model for model in CATALOGUE for name in (model.id, *model.names)}


def find_model(model_id: str) -> Model | None:
    """Return the catalogue's entry for an id or one of its other names, ignoring case; None when
    there is none.
    """
    if not model_id:
        return None
    return _by_name().get(model_id.lower())


def kind_of(model_id: str) -> Kind | None:
    """Return the kind of an id: the catalogue's, else guessed from its name; None when nothing
    tells.
    """
    if model := find_model(model_id):
        return model.kind
    name = model_id.lower()
    if "rerank" in name:
        return "rerank"
    if "embed" in name or name.startswith(("bge-", "tao-")):
        return "embedding"
    if "image" in name or "diffusion" in name or name.startswith(("irag", "flux")):
        return "image"
    if name.startswith(("ernie", "deepseek", "qwen")):
        return "chat"
    return None


@dataclass(frozen=True, slots=True)
class Listed:
    """A model of the service's live list.

    Attributes
    ----------
    id : str
    raw : dict
        The entry as the service sent it.
    """

    id: str
    raw: Mapping[str, Any]

    @property
    def known(self) -> Model | None:
        """The catalogue's entry, None when it has none."""
        return find_model(self.id)

    @property
    def kind(self) -> Kind | None:
        """The kind, as far as it is known."""
        return kind_of(self.id)


def is_simulated(service: str) -> bool:
    """Whether the service of this name is the emulator, so that no model made what it sends."""
    return service == "emulator"


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
        # A chat model's name may tell nothing of its kind.
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
