"""Tool calls, which arrive in pieces that services tell apart in different ways."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import values
from ernie_magic.api.values import as_name, as_safe_text
from ernie_magic.wire.answers.tool_arguments import begins_object, is_whole_object, split_arguments
from ernie_magic.wire.answers.tool_names import find_tool_name
from ernie_magic.wire.answers.vendor_fields import vendor_fields
from ernie_magic.wire.call_ids import plain_call_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_TOOL_CALLS = 1000  # in one reply: the rest is left out
# Characters of a tool's name or a call's id, which are sent back unchanged.
_MAX_TOOL_NAME = 1000
# Where servers write a call's arguments: the first is the protocol's.
ARGUMENTS = ("arguments", "parameters", "args", "input")
# Reasons to finish that announce a call.
_CALLING = frozenset({"tool_calls", "tool_call", "function_call", "tool_use"})


class ToolCallPieces(NamedTuple):
    """The pieces of tool calls in one chunk, in the protocol's form.

    Attributes
    ----------
    pieces : list of dict
    unknown : str
        The kind of what cannot be read as a call, "" for nothing.
    """

    pieces: list[dict[str, Any]]
    unknown: str = ""


def read_tool_calls(part: Mapping[str, Any]) -> ToolCallPieces:
    """Read the tool calls of a message or of a chunk's delta: a list, one call without a list, or
    the older `function_call` (https://platform.openai.com/docs/api-reference/chat/object).
    """
    given = part.get("tool_calls")
    if not given:
        given = _calls_without_list(part)
    if not given:
        return ToolCallPieces([])
    if isinstance(given, dict):
        given = [given]
    if not isinstance(given, list):
        return ToolCallPieces([], "tool_calls")
    pieces = [_read_piece(item) for item in given[:MAX_TOOL_CALLS]]
    # A stream may have an empty one on each chunk.
    said = [piece for piece in pieces if piece and _says_something(piece)]
    unknown = ""
    if None in pieces:
        unknown = "tool_calls"
    return ToolCallPieces(said, unknown)


def is_call(part: Mapping[str, Any]) -> bool:
    """Whether a part of a content is a tool call: Anthropic's
    (https://docs.anthropic.com/en/api/messages), which some gateways pass on.
    """
    return part.get("type") == "tool_use" and bool(part.get("name"))


def _calls_without_list(part: Mapping[str, Any]) -> object:
    """Return the tool calls of a message that has no list of them; None for none."""
    if called := part.get("function_call"):
        return [{"index": 0, "function": called}]
    if called := part.get("toolCalls"):
        return called
    content = part.get("content")
    if not isinstance(content, list):
        return None
    return [item for item in content if isinstance(item, dict) and is_call(item)]


def _says_something(piece: Mapping[str, Any]) -> bool:
    about_call = {name for name in piece if name not in ("id", "index", "type", "function")}
    return bool(piece.get("id") or about_call or any(piece["function"].values()))


def _read_piece(item: object) -> dict[str, Any] | None:
    """Return a call, or a piece of one, in the protocol's form; None for what is neither."""
    if not isinstance(item, dict) or not item or item.get("type") == "custom":
        return None
    function = item.get("function")
    if isinstance(function, str):
        function = {**item, "name": function}
    elif function is None:
        function = item  # without the object around a name and its arguments
    if not isinstance(function, dict):
        return None
    given = next((function[name] for name in ARGUMENTS if function.get(name)), "")
    piece = {name: item[name] for name in ("id", "index", "type") if name in item}
    if piece.get("type") == "tool_use":
        del piece["type"]
    beside = vendor_fields(item, ARGUMENTS)
    inside = {}
    if function is not item:
        inside = vendor_fields(function, ARGUMENTS)
    about_function = {"name": function.get("name"), "arguments": given, **inside}
    return {**piece, **beside, "function": about_function}


def announces_call(finish_reason: str) -> bool:
    """Whether a reason to finish says that there is a tool call."""
    return finish_reason.lower() in _CALLING


@dataclass
class _ToolCall:
    """A tool call as far as it has arrived."""

    id: str = ""
    type: str = "function"
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    index: int | None = None
    chunk: int = 0  # the number of the last one that had a piece of it
    # Fields of a service's own, beside its function and inside it.
    beside: dict[str, Any] = field(default_factory=dict)
    inside: dict[str, Any] = field(default_factory=dict)
    named_again: bool = False  # a piece after its end repeats its name: a new one may begin

    @property
    def is_complete(self) -> bool:
        """Whether its arguments are a whole JSON object."""
        return is_whole_object(self.arguments)

    def split(self) -> list[_ToolCall]:
        """Return it with its arguments in one piece, or the calls that it turns out to be: what a
        service adds, such as a signature, is the first one's.
        """
        first, *others = split_arguments(self.arguments)
        whole = replace(self, arguments=[first])
        plain = replace(self, beside={}, inside={})
        return [whole, *(replace(plain, arguments=[arguments]) for arguments in others)]

    def is_continued_by(self, name: str, arguments: str) -> bool:
        """Whether arguments of this tool are the rest of this call's: none begin in the middle."""
        if name != self.name or not any(self.arguments) or self.is_complete:
            return False
        return bool(arguments.strip()) and arguments.lstrip()[:1] != "{"


class ToolCallAssembler:
    """Put a reply's tool calls together from their pieces.

    Parameters
    ----------
    tool_names
        The tools that the model was offered: what it calls by nearly such a name is that one.

    Attributes
    ----------
    argument_characters : int
        Those of all tool calls together.
    """

    def __init__(self, tool_names: Sequence[str] = ()) -> None:
        self.argument_characters = 0
        self._tool_names = tool_names
        self._calls: list[_ToolCall] = []
        self._by_index: dict[int, _ToolCall] = {}
        self._by_id: dict[str, _ToolCall] = {}
        self._chunk = 0
        # Made once, until another piece arrives.
        self._whole: tuple[dict[str, Any], ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no piece of a call has arrived."""
        return not self._calls

    @property
    def lacks_name(self) -> bool:
        """Whether a call does not say which tool is meant."""
        return any(not call.name.strip() for call in self._calls)

    def add_pieces(self, pieces: Iterable[Mapping[str, Any]]) -> None:
        """Add the pieces of tool calls that one chunk has."""
        self._chunk += 1
        for piece in pieces:
            self._add_piece(piece)

    def _add_piece(self, piece: Mapping[str, Any]) -> None:
        given = values.as_object(piece.get("function"))
        index = values.as_whole_number(piece.get("index"))
        id_ = as_name(piece.get("id"), _MAX_TOOL_NAME)
        name = as_name(given.get("name"), _MAX_TOOL_NAME)
        arguments = given.get("arguments") or ""
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)
        if id_ in self._by_id and self._repeats_whole_call(id_, name, arguments):
            return
        call = self._find_call(id_, name, index, arguments)
        if call is not None and call.named_again and begins_object(arguments):
            id_ = call.id
            name = call.name
            call = None
        if call is None:
            if len(self._calls) == MAX_TOOL_CALLS:
                return
            call = _ToolCall(index=index)
            self._calls.append(call)
            if index is not None:
                self._by_index[index] = call
        self._whole = None
        call.chunk = self._chunk
        if name or not call.id:
            call.id = id_ or call.id
        if id_:
            self._by_id[id_] = call
        call.type = as_name(piece.get("type")) or call.type
        call.name = self._joined_name(call, name)
        if name and not arguments and call.is_complete:
            call.named_again = True
        call.arguments.append(arguments)
        call.beside.update(vendor_fields(piece))
        call.inside.update(vendor_fields(given, ARGUMENTS))
        self.argument_characters += len(arguments)

    def _last_open_call(self) -> _ToolCall | None:
        """Return the call that arguments without a name continue, although their index is new."""
        if not self._calls or self._calls[-1].is_complete:
            return None
        return self._calls[-1]

    def _joined_name(self, call: _ToolCall, name: str) -> str:
        """Return a call's name with what a piece says of it."""
        if self._is_rest_of_name(call, name):
            return call.name + name
        return name or call.name

    def _is_rest_of_name(self, call: _ToolCall, name: str) -> bool:
        """Whether a tool's name arrives in pieces: only together they begin one that is offered."""
        if not call.name or not name or any(call.arguments) or call.name in self._tool_names:
            return False
        return any(offered.startswith(call.name + name) for offered in self._tool_names)

    def join_pieces(self) -> tuple[dict[str, Any], ...]:
        """Return the tool calls so far, each whole, without those that name no tool."""
        if self._whole is None:
            parts = [part for call in self._calls for part in call.split()][:MAX_TOOL_CALLS]
            self._whole = tuple(
                {
                    "id": id_,
                    "type": call.type,
                    **call.beside,
                    "function": {
                        "name": find_tool_name(call.name, self._tool_names),
                        "arguments": as_safe_text("".join(call.arguments)),
                        **call.inside,
                    },
                }
                for id_, call in zip(_unique_ids(parts), parts, strict=True)
                if call.name.strip()
            )
        return self._whole

    def _repeats_whole_call(self, id_: str, name: str, arguments: str) -> bool:
        """Whether a chunk has a whole call once more, as the last one of some streams does."""
        if not name or not begins_object(arguments):
            return False
        return any(
            (call.id, call.name) == (id_, name)
            and call.chunk != self._chunk
            and arguments == "".join(call.arguments)
            and call.is_complete
            for call in self._calls
        )

    def _find_call(
        self,
        id_: str,
        name: str,
        index: int | None,
        arguments: str,
    ) -> _ToolCall | None:
        """Return the tool call that a piece continues, None for a new one.

        A call's identity is its id, given with its name; then its index: some servers give all
        parallel calls the same one, others each piece an id of its own.
        """
        known = self._by_id.get(id_)
        is_same = known is not None and name == known.name and index in (None, known.index)
        if known is not None and (not name or is_same):
            # Two calls may have one id and one name: then each is whole.
            begins_anew = name and begins_object(arguments) and known.is_complete
            return None if begins_anew else known
        if index is None:
            # Others are whole, or have nothing but an id.
            if id_ or name or not self._calls:
                return None
            return self._calls[-1]
        call = self._by_index.get(index)
        if call is None:
            return None if id_ or name else self._last_open_call()
        is_another = known is not None or self._is_another(call, id_, name, arguments)
        if is_another and not self._continues(call, name, arguments):
            return None
        return call

    def _continues(self, call: _ToolCall, name: str, arguments: str) -> bool:
        """Whether a piece of the same index is the rest of a call, by its name and arguments."""
        if not name or self._is_rest_of_name(call, name):
            return True
        return call.is_continued_by(name, arguments)

    def _is_another(self, call: _ToolCall, id_: str, name: str, arguments: str) -> bool:
        """Whether a piece of the same index begins a call of its own."""
        another_id = id_ and call.id and id_ != call.id
        another_name = not name.startswith(call.name)
        # The name may stand on each piece: without an id only the arguments tell.
        begins_anew = not id_ and begins_object(arguments) and call.is_complete
        return bool(another_id or another_name or begins_anew)


def _unique_ids(calls: Sequence[_ToolCall]) -> list[str]:
    """Return an id for each call: V1 gives none, some servers give all calls the same one, and a
    result is sent back under its call's own.
    """
    taken = {call.id for call in calls}
    ids: dict[str, None] = {}
    for i, call in enumerate(calls, start=1):
        id_ = call.id or plain_call_id(i)
        number = i
        while id_ in ids or (id_ != call.id and id_ in taken):
            id_ = f"{call.id or 'call'}_{number}"
            number += 1
        ids[id_] = None
    return list(ids)
