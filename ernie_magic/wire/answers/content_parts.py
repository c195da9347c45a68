"""What a part of an answer's `content` is that has no words of the answer: a picture, a source, or
the trace of a tool that the service itself ran.

A link is a picture's only where something says so: search hits, videos and files have links too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.wire.answers.pictures import find_pictures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.api.answer_images import AnswerImage

_PICTURE = re.compile(r"image|img|picture|photo|(?<![a-z])pic(?![a-z])|图", re.IGNORECASE)
_PICTURE_FILE = re.compile(r"\.(?:png|jpe?g|gif|webp|bmp|avif|tiff?)(?:[?#]|$)", re.IGNORECASE)
_FILM_OR_SOUND = re.compile(r"video|movie|audio|speech|voice|music", re.IGNORECASE)
_FILE = re.compile(r"file|document|pdf", re.IGNORECASE)
# Anthropic's `server_tool_use` and `web_search_tool_result`
# (https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/web-search-tool), Mistral's
# `tool_reference` (https://docs.mistral.ai/agents/connectors/websearch), citations.
_TRACE = re.compile(
    r"\w+_tool_(?:use|call|result)s?|tool_results?|(?:web|file)_search\w*|search_results?|tool_references?"
    r"|(?:\w+_)?(?:citation|reference|source|grounding|annotation|link)s?|redacted_thinking",
    re.IGNORECASE,
)
_NO_WORDS = re.compile(
    rf"{_PICTURE.pattern}|{_FILM_OR_SOUND.pattern}|{_FILE.pattern}|url|data|signature|encrypted|id$",
    re.IGNORECASE,
)
_DEEPEST = 4  # objects inside a part


def pictures_of(part: Mapping[str, Any], kind: str) -> Sequence[AnswerImage]:
    """Return the pictures of a part."""
    if _FILM_OR_SOUND.search(kind):
        return ()
    images = find_pictures(part)
    if images and (_PICTURE.search(kind) or _is_about_picture(part)):
        return images
    if _FILE.search(kind):
        return ()
    return [image for image in images if not image.url or _PICTURE_FILE.search(image.url)]


def words_under_kind(part: Mapping[str, Any], kind: str) -> str:
    """Return the words that stand in a field named as the part's kind, as a text's do:
    `{"type": "markdown", "markdown": "…"}`; "" for none.
    """
    words = part.get("text")
    if not isinstance(words, str) and not _NO_WORDS.search(kind):
        words = part.get(kind)
    return values.as_text(words)


def is_trace(kind: str) -> bool:
    """Whether a part only tells where the answer comes from."""
    return _TRACE.fullmatch(kind) is not None and not _PICTURE.search(kind)


def _is_about_picture(value: object, depth: int = 0) -> bool:
    """Whether a field's name or a media type in a part says that it is a picture."""
    if depth > _DEEPEST:
        return False
    if isinstance(value, list):
        return any(_is_about_picture(item, depth + 1) for item in value)
    for name, inner in values.as_object(value).items():
        if isinstance(inner, str) and inner[:6].lower() in ("image/", "data:i"):
            return True
        if inner and name != "type" and _PICTURE.search(name):
            return True
        if isinstance(inner, dict | list) and _is_about_picture(inner, depth + 1):
            return True
    return False
