"""Choices that are parts of one answer.

GitHub Copilot's API writes what Claude says into one choice and the tools that it calls into others
(https://github.com/HKUDS/nanobot/pull/1555, https://github.com/SWE-agent/mini-swe-agent/issues/804).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.finish_reasons import find_reason
from ernie_magic.wire.answers.content import REASONING, read_content
from ernie_magic.wire.answers.tool_calls import ToolCallPieces, announces_call, read_tool_calls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Choice = Mapping[str, Any]

_WORDS = frozenset({"content", "text", "refusal", *REASONING})
_CALLS = ("tool_calls", "function_call")
# Where a choice has what it says; the choice itself where it has none of these.
_PLACES = ("delta", "message")


def place_of(choice: Choice) -> str:
    """Return where a choice has what it says, "" for the choice itself."""
    places = [name for name in _PLACES if isinstance(choice.get(name), dict)]
    return next((name for name in places if choice[name]), next(iter(places), ""))


def said_in(choice: Choice) -> Mapping[str, Any]:
    """Return the message or the delta of a choice."""
    place = place_of(choice)
    return values.as_object(choice[place]) if place else choice


def has_words(choice: Choice) -> bool:
    """Whether a choice has text, other than thoughts."""
    said = said_in(choice)
    return any(read_content(said.get(name)).text.strip() for name in ("content", "text"))


def has_calls(choice: Choice) -> bool:
    """Whether a choice calls a tool, or has a piece of a call."""
    return bool(_pieces_in(choice).pieces)


def names_tool(choice: Choice) -> bool:
    """Whether a choice has the beginning of a call: only that names its tool."""
    return any(piece["function"].get("name") for piece in _pieces_in(choice).pieces)


def _pieces_in(choice: Choice) -> ToolCallPieces:
    return read_tool_calls(said_in(choice))


def _is_thoughts(choice: Choice) -> bool:
    """Whether a choice's message has thoughts."""
    said = values.as_object(choice.get("message"))
    named = any(said.get(name) for name in REASONING)
    return named or bool(read_content(said.get("content")).reasoning)


def complements(part: Choice, own: Choice) -> bool:
    """Whether a choice of a chunk adds to the own one what that lacks: tools that are called, or
    words, beside calls or thoughts. Words beside words are another answer.
    """
    if not own:
        return has_calls(part) and not has_words(part)
    if place_of(part) != place_of(own):
        return False
    if has_calls(part):
        return not (has_words(part) and has_calls(own))
    has_rest = has_calls(own) or _is_thoughts(own)
    return has_words(part) and has_rest and not has_words(own)


def join_parts(parts: Sequence[Choice]) -> dict[str, Any]:
    """Return the parts of an answer in one chunk as one choice."""
    joined = join_pieces(parts)
    place = place_of(parts[0])
    said = [said_in(part) for part in parts]
    if not place:
        return joined
    whole = join_pieces(said)
    if place == "message":
        whole["content"] = _join_contents([words.get("content") for words in said])
    if calls := _join_calls(parts):
        whole = {name: value for name, value in whole.items() if name not in _CALLS}
        whole["tool_calls"] = calls
    reasons = [reason for part in parts if (reason := find_reason(part))]
    announcing = next((reason for reason in reasons if announces_call(reason)), "")
    joined[place] = whole
    joined["finish_reason"] = announcing or next(iter(reasons), None)
    return joined


def _join_contents(contents: Sequence[object]) -> object:
    """Return the contents of several messages as one, each a paragraph of its own."""
    joined: list[object] = []
    for content in contents:
        if not content or (isinstance(content, str) and not content.strip()):
            continue
        if joined and read_content(content).text:
            joined.append("\n\n")
        joined += content if isinstance(content, list) else [content]
    if all(isinstance(part, str) for part in joined):
        return "".join(map(str, joined))
    return joined


def _join_calls(parts: Sequence[Choice]) -> list[dict[str, Any]]:
    """Return the calls of all parts, without those that another part repeats whole."""
    joined: list[dict[str, Any]] = []
    for part in parts:
        before = [call["function"] for call in joined]
        is_message = place_of(part) == "message"
        joined += [
            call
            for call in _pieces_in(part).pieces
            if not (is_message and call["function"] in before)
        ]
    return joined


def join_pieces(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return objects as one: words and lists one behind the other, of anything else the last."""
    joined: dict[str, Any] = {}
    for piece in pieces:
        for name, value in piece.items():
            before = joined.get(name)
            is_words = name in _WORDS and isinstance(before, str) and isinstance(value, str)
            if is_words or (isinstance(before, list) and isinstance(value, list)):
                joined[name] = before + value
            elif value is not None or before is None:
                joined[name] = value
    return joined
