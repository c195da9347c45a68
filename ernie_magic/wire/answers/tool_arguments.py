"""A tool call's arguments: JSON in pieces, and what models write that is nearly JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.text_lists import parse_structure
from ernie_magic.text.json_text import find_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LONGEST_REPAIRED = 64 * 1024  # characters: reading more again and again would hold up others
# Objects in one call's arguments: more are no parallel calls.
_MOST_OBJECTS = 100
_DECODER = json.JSONDecoder()
_QUOTATION = '"\\'  # around an object that is encoded as a text


def split_arguments(pieces: Sequence[str]) -> list[str]:
    """Return the arguments of each call whose pieces these are: some gateways write those of
    parallel calls one behind the other (https://github.com/unslothai/unsloth/pull/10059). Equal
    ones are one call that is repeated (https://github.com/BerriAI/litellm/issues/40582).
    """
    whole = "".join(pieces)
    if _is_object(whole):
        return [whole]
    several = _split_objects(whole)
    if len(several) > 1:
        return several
    return [join_arguments(pieces)]


def _split_objects(text: str) -> list[str]:
    """Return the different objects that a text is made of, [] where it has anything else; an empty
    one stands for what follows.
    """
    found: dict[str, str] = {}
    end = 0
    while rest := text[end:].lstrip():
        try:
            value, length = _DECODER.raw_decode(rest)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict) or len(found) == _MOST_OBJECTS:
            return []
        end = len(text) - len(rest) + length
        if value:
            found.setdefault(json.dumps(value, sort_keys=True), rest[:length])
    return list(found.values())


def join_arguments(pieces: Sequence[str]) -> str:
    """Return a call's arguments from their pieces: one behind the other, or, where that is no JSON,
    as servers repeat them.
    """
    whole = "".join(pieces)
    if _is_object(whole):
        return whole
    said = [piece for piece in pieces if piece.strip()]
    grows = all(after.startswith(before) for before, after in pairwise(said))
    if grows and said and _is_object(said[-1]):
        return said[-1]
    if said and _is_empty_object(said[0]) and _is_object(rest := "".join(said[1:])):
        return rest
    half = whole[: len(whole) // 2]
    if half + half == whole and _is_object(half):
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


def with_sendable_arguments(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message that is sent, with what servers can read in the place of the arguments that
    a model wrote: vLLM, SGLang, llama.cpp and others parse those of each earlier call, and refuse
    the whole request where one is no object (https://github.com/vllm-project/vllm/issues/19419).
    """
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    return {**message, "tool_calls": [_with_sendable_arguments(call) for call in calls]}


def _with_sendable_arguments(call: Any) -> Any:
    function = values.as_object(values.as_object(call).get("function"))
    if not function:
        return call
    arguments = sendable_arguments(function.get("arguments"))
    return {**call, "function": {**function, "arguments": arguments}}


def sendable_arguments(arguments: object) -> Any:
    """Return arguments as a strict JSON object: an empty one for none, and for what is no object.
    A caller's own, which are no text, stay as they are.
    """
    if arguments is not None and not isinstance(arguments, str):
        return arguments
    text = join_arguments([arguments or ""])
    constants: list[str] = []  # NaN and Infinity, which JSON lacks, become null
    with suppress(ValueError, RecursionError):
        given = json.loads(text, parse_constant=constants.append)
        if isinstance(given, dict):
            return json.dumps(given, ensure_ascii=False) if constants else text
    return "{}"


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


def _is_object(text: str) -> bool:
    """Whether a text is a JSON object as tools read it: strictly, unlike `json_text.is_object`."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _is_empty_object(text: str) -> bool:
    return "".join(text.split()) == "{}"
