"""Models: what the catalogue knows of an id, and what the live list offers.

The service's live list decides what exists; the catalogue (`catalogue.py`, data) only adds what the
list does not say. An id that is in neither is sent unchanged: nothing may break when an id is
retired or new.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.catalogue import Kind, Model


# Stands for an id while none is chosen: only the table's rules apply, no model's.
UNDECIDED = "?"


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
    """Return the kind of an id: the catalogue's, else guessed from its name; None when it
    cannot be determined.
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
