"""JSON in what a model writes: the whole text, a fenced block, or a value among words."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"^ {0,3}```[^\n`]*\n(.*?)^ {0,3}```", re.DOTALL | re.MULTILINE)
# A brace in a sentence begins no object.
OBJECT_OPENING = re.compile(r"\{(?=\s*[\"}])")
# A list of one number among words is a citation, `[1]`, and `[text](address)` a link.
_OPENING = re.compile(r"\{(?=\s*[\"}])|\[(?=[\s\[]{0,64}[\"{])|\[(?=\s*-?\d[\d.]*\s*,)")
# A string, which is kept, or a comma with nothing to follow it.
_STRING_OR_COMMA = re.compile(r'("(?:[^"\\]|\\.)*"?)|,(?=\s*[}\]])', re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)  # a line break in a text spoils no paid answer
_BEGIN_OF_THOUGHTS = re.compile(r"\s*<(think|thinking|thought)>")
_END_OF_THOUGHTS = "</think>"


def find_json(text: str) -> Any:
    """Return the value that the text is; else that of its first fenced block that is JSON, else the
    first object or list in it.

    Raises
    ------
    ValueError
        There is none, or it is broken or cut off.
    """
    text = drop_thoughts(text)
    for candidate in (text, *(found[1] for found in _FENCE.finditer(text))):
        for written in (candidate, _drop_trailing_commas(candidate)):
            with suppress(ValueError, RecursionError):
                return json.loads(written, strict=False)
    for value in iterate_json(text):
        return value
    raise ValueError("the text contains no JSON")


def has_only_thoughts(text: str) -> bool:
    """Whether a text ends before the answer: it begins with what a model thinks aloud, between
    tags, and nothing follows that.
    """
    begins = _BEGIN_OF_THOUGHTS.match(text)
    if begins is None:
        return False
    _, end, answer = text.rpartition(f"</{begins[1]}>")
    return not end or not answer.strip()


def drop_thoughts(text: str) -> str:
    """Return a text without what a model thinks aloud before it answers."""
    return text.rpartition(_END_OF_THOUGHTS)[2]


def _drop_trailing_commas(text: str) -> str:
    return _STRING_OR_COMMA.sub(lambda found: found[1] or "", text.lstrip("\ufeff"))


def iterate_json(text: str, opening: re.Pattern[str] = _OPENING) -> Iterator[Any]:
    """Iterate over the JSON values among a text's words. One that is broken or cut off is the last:
    what is inside it is no answer.

    Parameters
    ----------
    opening
        Where values begin.
    """
    end = 0
    for found in opening.finditer(text):
        if found.start() < end:
            continue  # inside the one before
        try:
            value, end = _DECODER.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            return
        yield value
