"""Tool calls, which arrive in pieces that services tell apart in different ways."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.values import as_name, as_safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TOOL_CALLS = 1000  # in one reply: the rest is left out
# Characters of a tool's name or a call's id, which are sent back unchanged.
_MAX_TOOL_NAME = 1000


@dataclass
class _ToolCall:
    """A tool call as far as it has arrived."""

    id: str = ""
    type: str = "function"
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    index: int | None = None

    @property
    def is_complete(self) -> bool:
        """Whether its arguments are a whole JSON object."""
        try:
            return isinstance(json.loads("".join(self.arguments)), dict)
        except (ValueError, RecursionError):
            return False


class ToolCallAssembler:
    """Put a reply's tool calls together from their pieces.

    Attributes
    ----------
    argument_characters : int
        Those of all tool calls together.
    """

    def __init__(self) -> None:
        self.argument_characters = 0
        self._calls: list[_ToolCall] = []
        self._by_index: dict[int, _ToolCall] = {}
        self._by_id: dict[str, _ToolCall] = {}
        # Made once, until another piece arrives.
        self._whole: tuple[dict[str, Any], ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no piece of a call has arrived."""
        return not self._calls

    def add_piece(self, piece: Mapping[str, Any]) -> None:
        """Add a piece of a tool call."""
        given = values.as_object(piece.get("function"))
        index = values.as_whole_number(piece.get("index"))
        id_, name = (
            as_name(piece.get("id"), _MAX_TOOL_NAME),
            as_name(given.get("name"), _MAX_TOOL_NAME),
        )
        arguments = given.get("arguments") or ""
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)
        call = self._find_call(id_, name, index, arguments)
        if call is None:
            if len(self._calls) == MAX_TOOL_CALLS:
                return
            call = _ToolCall(index=index)
            self._calls.append(call)
            if index is not None:
                self._by_index[index] = call
        self._whole = None
        if name or not call.id:
            call.id = id_ or call.id
        if id_:
            self._by_id[id_] = call
        call.type = as_name(piece.get("type")) or call.type
        call.name = name or call.name
        call.arguments.append(arguments)
        self.argument_characters += len(arguments)

    def join_pieces(self) -> tuple[dict[str, Any], ...]:
        """Return the tool calls so far, each whole."""
        if self._whole is None:
            # V1 gives no ids, and other services require matching ones.
            self._whole = tuple(
                {
                    "id": call.id or f"call_{i}",
                    "type": call.type,
                    "function": {
                        "name": call.name,
                        "arguments": as_safe_text("".join(call.arguments)),
                    },
                }
                for i, call in enumerate(self._calls, start=1)
            )
        return self._whole

    def _find_call(
        self, id_: str, name: str, index: int | None, arguments: str
    ) -> _ToolCall | None:
        """Return the tool call that a piece continues, None for a new one.

        A call's identity is its id, given with its name; then its index: some servers give all
        parallel calls the same one, others each piece an id of its own.
        """
        known = self._by_id.get(id_)
        if known is not None and (not name or (name == known.name and index == known.index)):
            return known
        if index is None:
            # Others are whole, or have nothing but an id.
            if id_ or name or not self._calls:
                return None
            return self._calls[-1]
        call = self._by_index.get(index)
        if call is None or not name:
            return call
        another_id = id_ and call.id and id_ != call.id
        another_name = not name.startswith(call.name)
        # The name may stand on each piece: without an id only the arguments tell.
        begins_anew = not id_ and arguments.lstrip()[:1] == "{" and call.is_complete
        if another_id or another_name or begins_anew or known is not None:
            return None
        return call
