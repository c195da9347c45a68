"""The catalogue of models: what each id takes, with the source and date of each fact.

The service's live list decides what exists; the catalogue only adds what the list does not say. An id that is not
here is sent as it is. Facts are dated because ids retire: the chat ids of seed 000 are reported as retired upstream
since June 2026 (reference: aistudio-and-ernie-today, section 0), and nothing may break when one is gone.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kind = Literal["chat", "image", "embedding"]


@dataclass(frozen=True)
class Model:
    """What is known of a model id.

    Attributes
    ----------
    id : str
        The id as the service spells it.
    kind : {"chat", "image", "embedding"}
    max_characters, max_input_tokens : int | None
        Longest input (all message contents together, or one text to embed); None when not established.
    max_output : tuple[int, int]
        Range of `max_completion_tokens`, in tokens.
    takes : frozenset of str
        Optional abilities: "penalties" (frequency and presence), "tools", "vision", "thinking".
    retired : str
        The date since which the id is reported as gone upstream, "" when it is not.
    source : str
        Where the facts come from.
    """

    id: str
    kind: Kind = "chat"
    max_characters: int | None = None
    max_input_tokens: int | None = None
    max_output: tuple[int, int] = (2, 2048)
    takes: frozenset[str] = frozenset()
    retired: str = ""
    source: str = "seed 000"


_PENALTIES = frozenset({"penalties"})
_THINKING = frozenset({"thinking"})
_VISION = frozenset({"vision"})
_TODAY = "reference aistudio-and-ernie-today 1.7, 2026-11"

CATALOGUE: tuple[Model, ...] = (
    # Seed 000, with the lengths of the Qianfan documents (reference qianfan-wire 2.1 and 6.1).
    Model("ernie-3.5-8k", "chat", 20_000, 5_120, retired="2026-06-30"),
    Model("ernie-4.0-8k", "chat", 20_000, 5_120, retired="2026-06-30"),
    Model("ernie-4.0-turbo-8k", "chat", 20_000, 5_120, retired="2026-06-30"),
    Model("ernie-char-8k", "chat", 24_000, 6_144, takes=_PENALTIES, retired="2026-06-09"),
    Model("ernie-speed-128k", "chat", 516_096, 126_976, takes=_PENALTIES, retired="2026-06-09"),
    Model("ernie-speed-8k", "chat", 24_000, 6_144, takes=_PENALTIES, retired="2026-06-09"),
    Model("ernie-tiny-8k", "chat", 24_000, 6_144, takes=_PENALTIES, retired="2026-06-09"),
    Model("ernie-lite-8k", "chat", 24_000, 6_144, takes=_PENALTIES, retired="2026-06-09"),
    # What the service offers today.
    Model("ernie-4.5-turbo-128k", "chat", None, 125_952, (2, 12_288), source=_TODAY),
    Model("ernie-4.5-turbo-32k", "chat", None, 27_648, (2, 12_288), source=_TODAY),
    Model("ernie-4.5-turbo-vl", "chat", None, None, (2, 12_288), _VISION, source=_TODAY),
    Model("ernie-5.0-thinking-preview", "chat", None, None, (2, 65_536), _THINKING | _VISION, source=_TODAY),
    Model("ernie-5.0", "chat", None, None, (2, 65_536), _THINKING | _VISION, source=_TODAY),
    Model("ernie-5.1", "chat", None, None, (2, 65_536), _THINKING, source=_TODAY),
    Model("ernie-x1.1-preview", "chat", None, None, (2, 65_536), _THINKING, source=_TODAY),
    # Pictures and vectors.
    Model("Stable-Diffusion-XL", "image", 1_024),
    Model("ERNIE-Image-Turbo", "image", 1_024, source="reference aistudio-and-ernie-today 5, 2026-11"),
    Model("ERNIE-Image", "image", 1_024, source="reference aistudio-and-ernie-today 5, 2026-11"),
    Model("embedding-v1", "embedding", 1_000, 384),
    Model("bge-large-zh", "embedding", 2_000, 512, source="reference qianfan-wire 2.3, 2026-11"),
)

# The first of these that the live list offers is the default; the last is the documents' own example (seed 000).
PREFERRED_CHAT: tuple[str, ...] = ("ernie-4.5-turbo-128k", "ernie-5.0", "ernie-4.5-turbo-32k", "ernie-3.5-8k")
FALLBACK_CHAT = "ernie-3.5-8k"
UNDECIDED = "?"  # in the place of an id while none is chosen: no model's rules hold, only the table's

_BY_ID = {model.id.lower(): model for model in CATALOGUE}


def find(model_id: str) -> Model | None:
    """The catalogue's entry for an id, in any case; None when the catalogue does not know it."""
    return _BY_ID.get(model_id.lower())


def kind_of(model_id: str) -> Kind | None:
    """The kind of an id: the catalogue's, else guessed from its name; None when nothing tells."""
    if model := find(model_id):
        return model.kind
    name = model_id.lower()
    if "embed" in name or name.startswith(("bge-", "tao-")):
        return "embedding"
    if "image" in name or "diffusion" in name or name.startswith(("irag", "flux")):
        return "image"
    return "chat" if name.startswith(("ernie", "deepseek", "qwen")) else None


def near(model_id: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Up to `count` of the `known` ids that look like `model_id`, the nearest first."""
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(model_id.lower(), by_lower, n=count, cutoff=0.5)
    return tuple(by_lower[name] for name in found)


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
        return find(self.id)

    @property
    def kind(self) -> Kind | None:
        """The kind, as far as it can be told."""
        return kind_of(self.id)


def preferred(offered: Sequence[str]) -> str:
    """The chat model to use when nobody chose: the first preferred one on offer, else any chat model on offer."""
    by_lower = {model_id.lower(): model_id for model_id in offered}
    for model_id in PREFERRED_CHAT:
        if model_id in by_lower:
            return by_lower[model_id]
    if len(offered) == 1:  # a self-hosted server with one model of any name
        return offered[0]
    return next((model_id for model_id in offered if kind_of(model_id) == "chat"), FALLBACK_CHAT)
