"""Whether a model of a live list sees pictures: what its entry states, else what its name tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What lists call it: Moonshot's and LiteLLM's flags, Mistral's `capabilities.vision`.
_FLAGS = ("supports_vision", "supports_image_in", "supports_images", "vision", "multimodal")
# Objects of an entry that may have the flags or the words.
_INSIDE = ("capabilities", "architecture", "model_info", "info", "meta", "features", "modalities")
# Lists and texts of what a model accepts: OpenRouter's, Groq's, Together's, Ollama's, LM Studio's.
_WORDS = ("input_modalities", "modality", "modalities", "input", "capabilities", "type", "tags")
_SEEING_WORD = re.compile(r"(?<![a-z])(?:vision|visual|image|vlm|vl|multimodal)(?![a-z])")
# Names of models that see: by a part that means it, or a family of which all do.
_SEEING_NAME = re.compile(
    r"(?<![a-z])(?:vl|vlm|vision|visual|omni|multimodal|mm|llava|bakllava|moondream|minicpm-?[vo]"
    r"|pixtral|internvl|qvq|cogvlm|idefics|paligemma|smolvlm|molmo|gemini|llama-?4|gemma-?3|grok-4"
    r"|gpt-(?:4o|4\.1|4-turbo|4\.5|5)|chatgpt-4o|o[134](?:-mini)?|step-1[ov]|kimi-k2\.5"
    r"|mistral-small-?3\.[1-9]|mistral-medium-3|llama-?3\.2-(?:11|90)b|glm-?\d\.?\dv)(?![a-z])"
    r"|\dvl?(?:$|[-_:])|claude-(?:\d|[a-z]+-\d)|vision"
)
_BLIND_NAME = re.compile(r"embed|rerank|gemma-?3:?-?(?:1b|270m)|o1-mini|o3-mini")


def sees_pictures(raw: Mapping[str, Any], model_id: str) -> bool | None:
    """Return whether a model sees pictures, None where neither its entry nor its name tells.

    Parameters
    ----------
    raw
        The entry as the service sent it.
    """
    stated = list(_statements(raw))
    if stated:
        return any(stated)
    name = model_id.lower().rpartition("/")[2]
    if _SEEING_NAME.search(name) and not _BLIND_NAME.search(name):
        return True
    return None


def _statements(raw: Mapping[str, Any]) -> Iterator[bool]:
    """Iterate over what an entry states; a type that is no word for seeing states nothing."""
    for source in (raw, *(values.as_object(raw.get(name)) for name in _INSIDE)):
        for name in _FLAGS:
            if isinstance(source.get(name), bool):
                yield source[name]
        for name in _WORDS:
            words = source.get(name)
            if isinstance(words, list) and name != "tags":
                yield any(isinstance(word, str) and _is_seeing(word) for word in words)
            elif isinstance(words, str) and _is_seeing(words.partition("->")[0]):
                yield True


def _is_seeing(word: str) -> bool:
    return bool(_SEEING_WORD.search(word.lower()))
