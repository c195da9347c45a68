"""Fields that services add to an answer's message and to its tool calls, and expect back with the
tools' results: DeepSeek's `reasoning_content`
(https://api-docs.deepseek.com/guides/thinking_mode), Gemini's thought signatures
(https://ai.google.dev/gemini-api/docs/thought-signatures), OpenRouter's `reasoning_details`
(https://openrouter.ai/docs/use-cases/reasoning-tokens).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.text.redact import redact, redact_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Words in the names of such fields; whatever else a message has is for its reader only.
_NAMES = re.compile(
    r"reasoning|think|thought|signature|encrypted|extra_content|provider_specific|providerspecific",
    re.IGNORECASE,
)
# Of a piece of `reasoning_details`: what says which piece it continues, and what grows.
_IDENTITY = ("type", "index", "id", "format")
_GROWING = ("text", "summary", "data")
_REPEATED = 8  # characters that no piece begins with by chance
_MAX_ITEMS = 1000


def vendor_fields(source: Mapping[str, Any], apart_from: Sequence[str] = ()) -> dict[str, Any]:
    """Return the fields of a message, a tool call or its function that are to be sent back."""
    return {
        redact(name): redact_values(value)
        for name, value in source.items()
        if value not in (None, "", [], {}) and name not in apart_from and _NAMES.search(name)
    }


def join_details(before: Sequence[Any], added: Sequence[Any]) -> list[Any]:
    """Return the pieces of `reasoning_details` so far, where what arrives next continues the last
    of them.
    """
    joined = list(before)
    for piece in added:
        if joined and _continues(joined[-1], piece):
            joined[-1] = _joined(joined[-1], piece)
        elif piece not in joined and len(joined) < _MAX_ITEMS:
            joined.append(piece)
    return joined


def _continues(last: Any, piece: Any) -> bool:
    if not (isinstance(last, dict) and isinstance(piece, dict)):
        return False
    if last.get("type") == "reasoning.encrypted":
        return False  # each is whole
    return all(
        last.get(name) == piece.get(name) or None in (last.get(name), piece.get(name))
        for name in _IDENTITY
    )


def _joined(last: Mapping[str, Any], piece: Mapping[str, Any]) -> dict[str, Any]:
    joined = {**last, **{name: value for name, value in piece.items() if value is not None}}
    for name in _GROWING:
        texts = [source[name] for source in (last, piece) if isinstance(source.get(name), str)]
        if texts:
            joined[name] = _join_texts(*texts)
    return joined


def _join_texts(text: str, added: str = "") -> str:
    """Return a text with what is added to it; MiniMax's pieces each repeat all before."""
    if len(text) >= _REPEATED and added.startswith(text):
        return added
    return text + added
