"""A tool call's arguments: JSON in pieces, and what models write that is nearly JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

from ernie_magic.api.parameter_types import parse_structure
from ernie_magic.text.json_text import find_json

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_REPAIRED = 64 * 1024  # characters: reading more again and again would hold up others

_QUOTATION = '"\\'  # around an object that is encoded as a text


def join_arguments(pieces: Sequence[str]) -> str:
    """Return a call's arguments from their pieces: one behind the other, or, where that is no JSON,
    as servers repeat them.
    """
    whole = "".join(pieces)
    if is_object(whole):
        return whole
    said = [piece for piece in pieces if piece.strip()]
    grows = all(after.startswith(before) for before, after in pairwise(said))
    if grows and said and is_object(said[-1]):
        return said[-1]
    if said and _is_empty_object(said[0]) and is_object(rest := "".join(said[1:])):
        return rest
    half = whole[: len(whole) // 2]
    if half + half == whole and is_object(half):
        return half
    return _repair(whole)


def _repair(text: str) -> str:
    """Return the object that a model meant as JSON: encoded twice, in a fence, among words, with a
    comma too many, or written as Python shows it. What none of these explains stays as it is.
    """
    if not text.strip() or len(text) > _LONGEST_REPAIRED:
        return text
    for read in (find_json, parse_structure):
        with suppress(ValueError, RecursionError):
            found = _decode_again(read(text))
            if isinstance(found, dict):
                return json.dumps(found, ensure_ascii=False)
            if found == []:  # an empty object, as PHP writes it
                return "{}"
    return text


def _decode_again(found: object) -> object:
    """Return what a value says that was encoded once more as a text, or oftener."""
    while isinstance(found, str):
        found = json.loads(found or "{}")
    return found


def begins_object(text: str) -> bool:
    """Whether a text is the beginning of a JSON object, which may be encoded again as a text."""
    return text.lstrip().lstrip(_QUOTATION).startswith("{")


def is_whole_object(pieces: Sequence[str]) -> bool:
    """Whether pieces are a whole JSON object, which may be encoded again as a text; asked for at
    each piece, so that only those are parsed that end like one.
    """
    first = next((piece.lstrip() for piece in pieces if piece.strip()), "")
    last = next((piece.rstrip() for piece in reversed(pieces) if piece.strip()), "")
    end = '"' if first.startswith('"') else "}"
    if not last.endswith(end):
        return False
    try:
        return isinstance(_decode_again(json.loads("".join(pieces))), dict)
    except (ValueError, RecursionError):
        return False


def is_object(text: str) -> bool:
    """Whether a text is a JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _is_empty_object(text: str) -> bool:
    return "".join(text.split()) == "{}"
