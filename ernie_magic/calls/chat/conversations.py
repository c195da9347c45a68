"""A session's conversations, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ernie_magic.calls.chat.history import TURNS
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.calls.chat.history import History
    from ernie_magic.runtime.observers import Watchers

IS_CONVERSATION = Text(
    '{name} 是一段对话：用 %%ernie -s {name} 或 ernie["{name}"].chat(…) 提问',
    '{name} is a conversation: ask with %%ernie -s {name} or ernie["{name}"].chat(…)',
)


class WithHistory(Protocol):
    """What is kept here: a conversation, which knows the others."""

    @property
    def history(self) -> History:
        """Its turns."""


ConversationT = TypeVar("ConversationT", bound=WithHistory)


class Conversations(dict[str, ConversationT]):
    """The conversations of a session, in the order in which they began. However one is taken out,
    who shows it is told.

    Parameters
    ----------
    changed
        Told of each that is taken out, and of new names; of one's system prompt as well.
    """

    def __init__(self, changed: Watchers) -> None:
        super().__init__()
        self.changed = changed

    def rename(self, old: str, new: str) -> None:
        """Know the conversation of a name by another, at its place."""
        items = [(new if name == old else name, each) for name, each in self.items()]
        super().clear()
        self.update(items)
        self.changed.notify_watchers()

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self.changed.notify_watchers()

    def pop(self, name: str, *default: Any) -> Any:
        """Take one out and return it, as `dict.pop` does."""
        was_there = name in self
        taken = super().pop(name, *default)
        if was_there:
            self.changed.notify_watchers()
        return taken

    def popitem(self) -> tuple[str, ConversationT]:
        """Take the last one out."""
        item = super().popitem()
        self.changed.notify_watchers()
        return item

    def clear(self) -> None:
        """Forget all of them."""
        super().clear()
        self.changed.notify_watchers()

    @printable
    def __repr__(self) -> str:
        each = [
            f"{name!r}: {TURNS.say('en', len(conversation.history))}"
            for name, conversation in self.items()
        ]
        return f"Conversations({', '.join(each)})"
