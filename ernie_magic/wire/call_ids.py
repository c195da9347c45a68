"""The ids by which results of tools name their calls: each one's own in all that is sent, and of a
form that servers take.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# What every service takes: Mistral's rule is the strictest
# (https://github.com/ml-explore/mlx-lm/issues/1375).
_PLAIN = re.compile(r"[A-Za-z0-9]{9}")


def plain_call_id(number: int) -> str:
    """Return an id that every service takes."""
    return f"call{number:05}"


def with_unique_call_ids(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return messages in which no two calls have the same id: servers give a call of each round the
    same one, or none, and others then refuse the conversation ("`tool_use` ids must be unique").
    """
    return _rename_calls(messages, re.compile(r".+", re.DOTALL))


def with_plain_call_ids(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return messages whose calls have unique ids that every service takes."""
    return _rename_calls(messages, _PLAIN)


def _rename_calls(
    messages: Sequence[Mapping[str, Any]],
    kept: re.Pattern[str],
) -> list[Mapping[str, Any]]:
    """Return messages with other ids in the place of those that are repeated or not to be kept."""
    renaming = _Renaming({id_ for message in messages for id_ in _call_ids(message)}, kept)
    return [renaming.rename_ids(message) for message in messages]


class _Renaming:
    """The new ids of calls. A result belongs to a call of the last message that has any.

    Parameters
    ----------
    taken
        Ids that stand anywhere in the messages: no new one is one of these.
    kept
        Those that need no other.
    """

    def __init__(self, taken: set[str], kept: re.Pattern[str]) -> None:
        self._taken = taken
        self._kept = kept
        self._used: set[str] = set()
        self._number = 0
        # By id, the new ones of the last message's calls: of equal ids, in their order.
        self._awaited: dict[str, list[str]] = {}

    def rename_ids(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a message, which follows those before, with the new ids of what it has."""
        if any(_call_ids(message)):
            return self._rename_calls(message)
        if message.get("role") == "tool":
            return self._rename_result(message)
        return message

    def _rename_calls(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        self._awaited = {}
        calls = []
        for call in message["tool_calls"]:
            id_ = values.as_text(values.as_object(call).get("id"))
            new = self._choose_id(id_)
            self._awaited.setdefault(id_, []).append(new)
            calls.append(call if new == id_ else {**call, "id": new})
        return {**message, "tool_calls": calls}

    def _rename_result(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        id_ = values.as_text(message.get("tool_call_id"))
        new_ids = self._awaited.get(id_)
        if not new_ids:
            return message
        new = new_ids[0]
        if len(new_ids) > 1:
            del new_ids[0]
        return message if new == id_ else {**message, "tool_call_id": new}

    def _choose_id(self, id_: str) -> str:
        new = id_
        if id_ and (id_ in self._used or not self._kept.fullmatch(id_)):
            while new in self._taken:
                self._number += 1
                new = plain_call_id(self._number)
            self._taken.add(new)
        self._used.add(new)
        return new


def _call_ids(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids of a message's calls, of those that have one."""
    for call in values.as_objects(message.get("tool_calls")):
        if id_ := values.as_text(call.get("id")):
            yield id_
