"""Models: what the catalogue knows of an id, what the live list offers, and which model is the
default.

The service's live list decides what exists; the catalogue (`catalogue.py`, data) only adds what the
list does not say. An id that is in neither is sent unchanged: nothing may break when an id is
retired or new.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

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


def default_model(kind: Kind, service: str) -> str:
    """Return the default model of an image, embedding or rerank call on the named service."""
    return _DEFAULTS_OF.get((kind, service)) or _DEFAULTS[kind]


def preferred_model(offered: Sequence[str], *, needs_vision: bool = False) -> str:
    """Return the default chat model: the first preferred one on offer, else any chat model on
    offer.

    Parameters
    ----------
    needs_vision
        The model has to accept pictures.
    """
    if not offered:
        return PREFERRED_VISION[0] if needs_vision else FALLBACK_CHAT
    by_lower = {model_id.lower(): model_id for model_id in offered}
    for model_id in PREFERRED_VISION if needs_vision else PREFERRED_CHAT:
        if model_id in by_lower:
            return by_lower[model_id]
    by_kind = {kind_of(model_id): model_id for model_id in reversed(offered)}
    return by_kind.get("chat") or by_kind.get(None) or FALLBACK_CHAT
