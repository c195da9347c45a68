"""A session's conversations, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.calls.chat.history import TURNS
from ernie_magic.text.encodings import printable

if TYPE_CHECKING:
    from ernie_magic.calls.chat.conversation import Conversation


class Conversations(dict[str, "Conversation"]):
    """The conversations of a session, in the order in which they began."""

    @printable
    def __repr__(self) -> str:
        each = [
            f"{name!r}: {TURNS.say('en', len(conversation.history))}"
            for name, conversation in self.items()
        ]
        return f"Conversations({', '.join(each)})"
