"""Turns and the conversations they make up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from ernie_magic.runtime.observers import Watchers

if TYPE_CHECKING:
    from ernie_magic.api.requests import Message, Part
    from ernie_magic.api.results import Answer


def asked(prompt: str, images: Sequence[Part] = ()) -> Message:
    """A question as a message; with pictures its content is in parts (reference
    aistudio-and-ernie-today 2.8).
    """
    return {
        "role": "user",
        "content": [{"type": "text", "text": prompt}, *images] if images else prompt,
    }


@dataclass(frozen=True)
class Turn:
    """What was asked and what was answered.

    Attributes
    ----------
    prompt : str
    answer : Answer
        `answer.partial` when it was stopped or cut.
    rounds : tuple of messages
        Tools asked for and their results, between the two.
    images : tuple of message parts
        Pictures that went along with the question.
    time : float
        Seconds since the epoch, when the turn entered the history.
    """

    prompt: str
    answer: Answer
    rounds: tuple[Message, ...] = field(default=(), repr=False)
    images: tuple[Part, ...] = field(default=(), repr=False)
    time: float = field(default_factory=time.time, repr=False)

    @property
    def messages(self) -> list[Message]:
        """The turn as the API's messages."""
        said = sum(
            len(message["content"]) for message in self.rounds if message["role"] == "assistant"
        )
        return [
            asked(self.prompt, self.images),
            *self.rounds,
            {"role": "assistant", "content": self.answer.text[said:]},
        ]


class History(Sequence[Turn]):
    """The turns of one conversation, oldest first. Slices are Histories too; `clear()` and `del
    h[-1]` change it.

    A turn is here only when it has both a prompt and an answer, so `messages()` always obeys the
    service's order of
    roles: user, assistant, user, assistant … (seed 000).

    Attributes
    ----------
    changed : Watchers
        Told after each change.
    """

    def __init__(self, turns: Sequence[Turn] = ()) -> None:
        self._turns = list(turns)
        self.changed = Watchers()

    def append(self, turn: Turn) -> None:
        """Add a turn; one without any answered text leaves no trace (the API refuses empty
        messages).
        """
        if turn.answer.text:
            self._turns.append(turn)
            self.changed.tell()

    def replace(self, old: Turn, new: Turn) -> None:
        """Put a turn in the place of another; nothing, when that one is gone or the new one has no
        answered text.
        """
        place = next((i for i, turn in enumerate(self._turns) if turn is old), None)
        if place is not None and new.answer.text:
            self._turns[place] = new
            self.changed.tell()

    def messages(self) -> list[Message]:
        """All turns as messages, ready to be followed by the next prompt."""
        return [message for turn in self._turns for message in turn.messages]

    def clear(self) -> None:
        """Forget every turn."""
        self._turns.clear()
        self.changed.tell()

    def __len__(self) -> int:
        return len(self._turns)

    @overload
    def __getitem__(self, index: int) -> Turn: ...
    @overload
    def __getitem__(self, index: slice) -> History: ...
    def __getitem__(self, index: int | slice) -> Turn | History:
        return History(self._turns[index]) if isinstance(index, slice) else self._turns[index]

    def __delitem__(self, index: int | slice) -> None:
        del self._turns[index]
        self.changed.tell()

    def __repr__(self) -> str:
        return f"History({len(self)} turn{'' if len(self) == 1 else 's'})"
