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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.catalogue import Kind, Model
    from ernie_magic.api.listed_facts import Facts, TokenPrice


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


# How names of embedding and picture models begin that do not say so, and words in names of models
# that speak, listen, make films or only judge.
_EMBEDDING_FAMILIES = ("bge-", "tao-", "e5-", "gte-", "m3e-", "all-minilm")
_IMAGE_FAMILIES = ("irag", "flux", "dall-e", "sdxl", "cogview", "kolors", "wanx")
_OF_NO_CALL = re.compile(
    r"(?<![a-z])(?:whisper|tts|asr|speech|sora|veo|cosyvoice|moderation)(?![a-z])"
)


def kind_of(model_id: str) -> Kind | None:
    """Return the kind of an id: the catalogue's, else guessed from its name; None when it
    cannot be determined.
    """
    if model := find_model(model_id):
        return model.kind
    name = model_id.lower().rpartition("/")[2]  # `BAAI/bge-m3`, `baidu/ERNIE-4.5-21B-A3B-PT`
    if "rerank" in name:
        return "rerank"
    if "embed" in name or name.startswith(_EMBEDDING_FAMILIES):
        return "embedding"
    if "image" in name or "diffusion" in name or name.startswith(_IMAGE_FAMILIES):
        return "image"
    if name.startswith(("ernie", "deepseek", "qwen")) and not _OF_NO_CALL.search(name):
        return "chat"
    return None


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


# What lists call the kinds: Qianfan V2 (https://cloud.baidu.com/doc/qianfan-api/s/Amwbl43sp), LM
# Studio, Together, Xinference, Hugging Face.
_KINDS_OF_TYPES: dict[str, Kind] = {
    "chat": "chat",
    "language": "chat",
    "llm": "chat",
    "vlm": "chat",
    "text-generation": "chat",
    "image-text-to-text": "chat",
    "text->text": "chat",
    "completion": "completion",
    "completions": "completion",
    "image": "image",
    "image-generation": "image",
    "text2image": "image",
    "text-to-image": "image",
    "text->image": "image",
    "embedding": "embedding",
    "embeddings": "embedding",
    "text-embedding": "embedding",
    "feature-extraction": "embedding",
    "text->embedding": "embedding",
    "rerank": "rerank",
    "reranker": "rerank",
    "text-ranking": "rerank",
}
_TYPES_OF_NO_CALL = ("video", "audio", "speech", "image2", "image-to-", "moderation", "asr", "tts")
_TYPE_FIELDS = ("type", "model_type", "task", "pipeline_tag")


def kind_of_entry(raw: Mapping[str, Any]) -> Kind | Literal["other"] | None:
    """Return the kind that an entry of a live list states: "other" where no call here is for it,
    None where it states none.
    """
    stated = [raw.get(name) for name in _TYPE_FIELDS]
    if isinstance(architecture := raw.get("architecture"), dict):
        stated.append(architecture.get("modality"))
    for given in stated:
        if not isinstance(given, str):
            continue
        word = given.lower().replace("_", "-")
        if word.startswith("text") and word.endswith("->text"):
            word = "text->text"  # a chat model may read more than text: `text+image->text`
        if kind := _KINDS_OF_TYPES.get(word):
            return kind
        if any(part in word for part in _TYPES_OF_NO_CALL):
            return "other"
    return None


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
        stated = kind_of_entry(self.raw)
        if stated == "other":
            return None
        return stated or kind_of(self.id)

    @cached_property
    def facts(self) -> Facts:
        """What the list says of its lengths."""
        from ernie_magic.api.listed_facts import read_facts

        return read_facts(self.raw)

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
        stated = kind_of_entry(self.raw)
        if stated == "other" or (stated is None and _OF_NO_CALL.search(self.id.lower())):
            return False
        return not own_image_path(self.id)


_IDS_IN_REPR = 3


class ModelList(list[Listed]):
    """The models of a live list, in the service's order."""

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
