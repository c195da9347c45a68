"""Models: what the catalogue knows of an id, and what the live list offers.

The service's live list decides what exists; the catalogue (`catalogue.py`, data) only adds what the
list does not say. An id that is in neither is sent unchanged: nothing may break when an id is
retired or new.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal

from ernie_magic.text.encodings import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.catalogue import Kind, Model
    from ernie_magic.api.listed_facts import Facts, TokenPrice
    from ernie_magic.api.listed_kinds import Readiness


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
    # As the catalogue, with the first id.
    from ernie_magic.api.listed_kinds import kind_of_name

    return kind_of_name(model_id)


EDITS_PATH = "/images/edits"


def own_image_path(model_id: str) -> str:
    """Return the path of a Qianfan V2 model that makes pictures, but never answers under
    `/images/generations`; "" for any other (https://cloud.baidu.com/doc/qianfan-api/s/Ymio9i9i4,
    https://cloud.baidu.com/doc/qianfan-api/s/Rm9m76ekf).
    """
    name = model_id.lower()
    if "musesteamer" in name and "image" in name:
        return "/musesteamer/images/generations"
    if re.search(r"(?:image|irag|flux|diffusion).*-edit(?:-|$)", name):
        return EDITS_PATH
    return ""


@dataclass(frozen=True)
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
        """The kind: the one that the list states, else the one that is known."""
        stated = self.stated_kind
        if stated == "other":
            return None
        return stated or kind_of(self.id)

    @cached_property
    def stated_kind(self) -> Kind | Literal["other"] | None:
        """The kind that the list states: "other" where no call here is for it, None where it
        states none. A word that lists have for other models too gives way to the model's name.
        """
        from ernie_magic.api.listed_kinds import (
            is_of_no_call,
            kind_of_name,
            may_chat,
            stated_kind,
        )

        stated = stated_kind(self.raw)
        if stated is None and may_chat(self.raw) and self.known is None:
            is_other = kind_of_name(self.id) or is_of_no_call(self.id)
            return None if is_other else "chat"
        return stated

    @cached_property
    def readiness(self) -> Readiness:
        """Whether it can be called, as far as the list states."""
        from ernie_magic.api.listed_kinds import readiness_of

        return readiness_of(self.raw)

    @cached_property
    def facts(self) -> Facts:
        """What the list says of its lengths."""
        from ernie_magic.api.listed_facts import read_facts

        return read_facts(self.raw)

    @cached_property
    def sees_pictures(self) -> bool | None:
        """Whether it sees pictures, None where neither the list nor its name tells."""
        from ernie_magic.api.listed_vision import sees_pictures

        if self.known is not None:
            return "vision" in self.known.capabilities
        return sees_pictures(self.raw, self.id)

    @property
    def context_length(self) -> int | None:
        """Tokens of input and output together, None where the list does not say."""
        return self.facts.context

    @property
    def pricing(self) -> str:
        """The prices as the list gives them, "" where it gives none: on Qianfan in CNY per 1,000
        tokens, input / output.
        """
        from ernie_magic.api.listed_facts import describe_pricing

        return describe_pricing(self.raw)

    @property
    def token_price(self) -> TokenPrice | None:
        """The price of 1,000 tokens, in the list's own currency; None where it gives none."""
        from ernie_magic.api.listed_facts import read_token_price

        return read_token_price(self.raw)

    @property
    def is_callable(self) -> bool:
        """Whether a call here may be for it: neither the list nor, where that is silent, its name
        says that it makes films, speaks or listens, and it is no picture model with a path of its
        own.
        """
        from ernie_magic.api.listed_kinds import is_of_no_call

        stated = self.stated_kind
        if stated == "other" or (stated is None and is_of_no_call(self.id)):
            return False
        return not own_image_path(self.id)


_IDS_IN_REPR = 3


class ModelList(list[Listed]):
    """The models of a live list, in the service's order."""

    @printable
    def __repr__(self) -> str:
        ids = [entry.id for entry in self[:_IDS_IN_REPR]]
        if len(self) > len(ids):
            ids.append("…")
        return f"ModelList({len(self)}: {', '.join(ids)})"


# The header by which the emulator says that it answers, whichever service it stands in for.
SIMULATED_HEADER = "X-Emulator"


def is_simulated(service: str) -> bool:
    """Whether the service of this name is the emulator, so that no model made what it sends."""
    return service == "emulator"
