"""Models: what the catalogue knows of an id, what the live list offers, and which one to use when
nobody chose.

The service's live list decides what exists; the catalogue (`catalogue.py`, data) only adds what the
list does not say.
An id that is in neither is sent as it is: nothing may break when an id is gone or new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.api.catalogue import CATALOGUE, Kind, Model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CATALOGUE", "Kind", "Listed", "Model", "default", "find", "kind_of", "preferred"]

# The first of these that the live list offers is the default; the last is the documents' own
# example (seed 000).
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
UNDECIDED = (
    "?"  # in the place of an id while none is chosen: no model's rules hold, only the table's
)

# What other calls use when nobody says: the documents' own examples (seed 000; reference
# qianfan-wire 2 and 4.4).
_DEFAULTS: dict[Kind, str] = {
    "image": "Stable-Diffusion-XL",
    "embedding": "embedding-v1",
    "rerank": "bce-reranker-base",
}
_DEFAULTS_OF: dict[tuple[Kind, str], str] = {("image", "qianfan"): "irag-1.0"}

_BY_NAME = {name.lower(): model for model in CATALOGUE for name in (model.id, *model.names)}


def find(model_id: str) -> Model | None:
    """The catalogue's entry for an id or another of its names, in any case; None when the
    catalogue does not know it.
    """
    return _BY_NAME.get(model_id.lower())


def kind_of(model_id: str) -> Kind | None:
    """The kind of an id: the catalogue's, else guessed from its name; None when nothing tells."""
    if model := find(model_id):
        return model.kind
    name = model_id.lower()
    if "rerank" in name:
        return "rerank"
    if "embed" in name or name.startswith(("bge-", "tao-")):
        return "embedding"
    if "image" in name or "diffusion" in name or name.startswith(("irag", "flux")):
        return "image"
    return "chat" if name.startswith(("ernie", "deepseek", "qwen")) else None


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
        return find(self.id)

    @property
    def kind(self) -> Kind | None:
        """The kind, as far as it can be told."""
        return kind_of(self.id)


def default(kind: Kind, service: str) -> str:
    """The model of an image, embedding or rerank call when nobody chose, on the service of that
    name.
    """
    return _DEFAULTS_OF.get((kind, service)) or _DEFAULTS[kind]


def preferred(offered: Sequence[str], *, sees: bool = False) -> str:
    """The chat model to use when nobody chose: the first preferred one on offer, else any chat
    model on offer.

    Parameters
    ----------
    sees
        It has to take pictures.
    """
    if not offered:
        return PREFERRED_VISION[0] if sees else FALLBACK_CHAT
    by_lower = {model_id.lower(): model_id for model_id in offered}
    for model_id in PREFERRED_VISION if sees else PREFERRED_CHAT:
        if model_id in by_lower:
            return by_lower[model_id]
    by_kind = {kind_of(model_id): model_id for model_id in reversed(offered)}
    return by_kind.get("chat") or by_kind.get(None) or FALLBACK_CHAT
