"""What a gateway repeats of its own provider's error: beside its message, or as JSON behind it.

OpenRouter's `metadata.raw` (https://openrouter.ai/docs/api/reference/errors-and-debugging) is a
sentence, an object or JSON (https://github.com/cline/cline/issues/13194); other gateways write it
behind words of their own, as `Error code: 400 - {'error': …}`
(https://github.com/truefoundry/models/pull/873).
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.text.json_text import OBJECT_OPENING, iterate_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_EXAMINED = 8000  # characters of a message
# Objects of a gateway's error that are another error, besides those of the provider's name.
_CAUSES = ("cause", "innererror", "innerexception", "originalerror", "details")
# The words before an error that a gateway repeats, and before what the request had.
_INTRODUCTION = re.compile(
    r"error|exception|fail|upstream|provider|response|status|\bcode\b|\bbody\b|metadata",
    re.IGNORECASE,
)
_OF_REQUEST = re.compile(
    r"\b(?:input|got|received|provided|given|value|contents?|messages|prompt|arguments?|schema"
    r"|parameters?|fields?|tools?)\b|[\"'`,]$",
    re.IGNORECASE,
)
_INTRODUCTION_LENGTH = 60  # characters before the object
_SEPARATORS = " :|=-("  # between these words and the object


def find_objects(error: Mapping[str, Any], folded: Mapping[str, Any]) -> Iterator[object]:
    """Iterate over what an error has of its provider's: sentences and objects."""
    raw = values.as_object(error.get("metadata")).get("raw") or folded.get("raw")
    if isinstance(raw, str | dict | list) and raw:
        yield raw
    for name in _CAUSES:
        if isinstance(folded.get(name), dict):
            yield folded[name]


def parse_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object, or that in a list of one, that a text is; None for any other text."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    with suppress(ValueError):
        parsed = values.parse_json(text)
        if isinstance(parsed, list) and len(parsed) == 1:
            parsed = parsed[0]
        if isinstance(parsed, dict):
            return parsed
    return None


def split_words(text: str) -> tuple[str, dict[str, Any] | None]:
    """Return a message's own words and the object of an error that they introduce, as JSON or as
    Python shows one; None for none. An object among other words is one that was sent.
    """
    examined = text[:_EXAMINED]
    start = examined.find("{")
    words = examined[: max(start, 0)].rstrip().removesuffix("b'").rstrip(_SEPARATORS)
    introduction = words[-_INTRODUCTION_LENGTH:]
    is_deep = examined.count("{") + examined.count("[") > values.MAX_DEPTH
    if is_deep or not _INTRODUCTION.search(introduction) or _OF_REQUEST.search(introduction):
        return text, None
    found = next(iterate_json(examined[start:], OBJECT_OPENING), None)
    if not isinstance(found, dict):
        return text, None
    return words, found
