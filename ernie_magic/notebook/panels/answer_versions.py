"""The answers to one prompt, of which its conversation has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ernie_magic.api.results import Answer
    from ernie_magic.calls.chat.history import History, Turn


class AnswerVersions:
    """What was answered before a prompt was asked again, oldest first."""

    def __init__(self) -> None:
        self._versions: dict[int, list[Turn]] = {}  # by the id of each of the turns

    def describe(self, turn: Turn) -> list[int] | None:
        """Which of the answers to its prompt this is, and of how many; None for the only one."""
        versions = self._versions.get(id(turn))
        if versions is None:
            return None
        return [1 + next(i for i, each in enumerate(versions) if each is turn), len(versions)]

    def keep_replaced(self, old: Turn, history: History, answer: Answer | None) -> None:
        """Remember the turn that an answer has replaced."""
        new = next((turn for turn in history if turn.answer is answer), None)
        if new is None:
            return
        versions = self._versions.get(id(old), [old])
        versions.append(new)
        self._versions.update({id(turn): versions for turn in versions})

    def show_other(self, turn: Turn, step: int, history: History) -> None:
        """Put another answer to its prompt into the history: it is the one that is continued."""
        versions = self._versions.get(id(turn), [turn])
        index = next(i for i, each in enumerate(versions) if each is turn) + step
        if 0 <= index < len(versions):
            history.replace(turn, versions[index])
