"""Which choice of a reply is the answer.

With `n` there are several, told apart by their `index`; the first one that arrived is the answer.
Where nobody asked for several, they may be parts of one (`choice_parts`).
Some servers count the tokens of their only choice with it instead: those of Hugging Face before
https://github.com/huggingface/text-generation-inference/pull/1648.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.finish_reasons import find_reason
from ernie_magic.wire.answers.choice_parts import (
    complements,
    has_calls,
    has_words,
    join_parts,
    join_pieces,
    names_tool,
    place_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Choice = Mapping[str, Any]

# An index so far above the first one counts tokens: nobody sends so many choices unasked.
_SURELY_COUNTED = 8
# With so many and a reason to finish, which the first one has not had, it does too.
_PROBABLY_COUNTED = 2


class ChoicePicker:
    """Picks a reply's own choice out of each chunk.

    Parameters
    ----------
    may_be_several
        Whether more than one was asked for, so that each index is a choice's.

    Attributes
    ----------
    has_dropped : bool
        Whether choices of another index were left out although nobody asked for several.
    """

    def __init__(self, *, may_be_several: bool) -> None:
        self._own: int | None = None
        self._last = 0
        self._counts_tokens = False
        self._was_asked = self._has_others = may_be_several
        self.has_dropped = False
        # Of an index that rises by one from chunk to chunk: other choices, or tokens of this one.
        self._held: list[Choice] = []
        # Other indexes: of parts of this answer, and of answers of their own.
        self._parts: set[int] = set()
        self._alternatives: set[int] = set()

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Return the choice that is read now, {} for none."""
        own = self._pick_own(choices)
        if len(choices) == 1 or self._was_asked or self._counts_tokens:
            return own
        parts = [choice for choice in choices if choice is own or self._is_part(choice, own)]
        if len(parts) < 2:  # noqa: PLR2004  (more than the own one)
            return next(iter(parts), own)
        return join_parts(parts)

    def _pick_own(self, choices: Sequence[Choice]) -> Choice:
        """Return the choice of the own index, {} for none."""
        for choice in choices:
            index = values.as_whole_number(choice.get("index"))
            if index is None or index < 0 or self._counts_tokens:
                return choice
            if self._own is None:
                self._own = self._last = index
            if index == self._own:
                self._note_own(choice)
                self.has_dropped = self.has_dropped or (len(choices) > 1 and not self._was_asked)
                return choice
            if len(choices) == 1:
                return self._hold(choice, index)
        if len(choices) > 1:
            self._drop()
        return {}

    def _is_part(self, choice: Choice, own: Choice) -> bool:
        """Whether a choice beside the own one belongs to the same answer."""
        index = values.as_whole_number(choice.get("index"))
        if place_of(choice) == "delta" and index in (None, self._own, *self._parts):
            return True
        if index in self._alternatives or not complements(choice, own):
            self._note_alternative(choice, index)
            return False
        if index is not None:
            self._last = index
            self._parts.add(index)
        return True

    def _note_alternative(self, choice: Choice, index: int | None) -> None:
        """Note that words of another index are another answer's, and so is what follows there."""
        if index is not None and has_words(choice):
            self._alternatives.add(index)

    def _is_part_of_stream(self, choice: Choice, index: int) -> bool:
        """Whether a choice that arrives alone calls a tool for this answer."""
        if self._was_asked or index in self._alternatives or not has_calls(choice):
            return False
        begins = names_tool(choice) and not self._held and not has_words(choice)
        if begins:
            self._last = index
            self._parts.add(index)
        return index in self._parts

    def take_held(self) -> Choice:
        """Return what was held back when the reply ends, {} for nothing: the last of it has the
        reason to finish that the own choice never had.
        """
        if not self._held or not find_reason(self._held[-1]):
            return {}
        return self._release()

    def _note_own(self, choice: Choice) -> None:
        """Note that the own index came once more, or with a reason to finish: it counts nothing."""
        if self._held:
            self._drop()
        self._has_others = self._has_others or bool(find_reason(choice))

    def _drop(self) -> None:
        """Leave out other choices, also those that were held back."""
        self._has_others = True
        self.has_dropped = not self._was_asked
        self._held.clear()

    def _hold(self, choice: Choice, index: int) -> Choice:
        """Hold back a choice of another index, until it is clear what that means."""
        if self._is_part_of_stream(choice, index):
            return choice
        self._note_alternative(choice, index)
        if self._has_others or self._own is None or index not in (self._last, self._last + 1):
            self._drop()
            return {}
        self._last = index
        # The reader takes the text out of a chunk that it has read.
        self._held.append({**choice, "delta": dict(values.as_object(choice.get("delta")))})
        counted = index - self._own
        ends = bool(find_reason(choice)) and counted >= _PROBABLY_COUNTED
        if counted >= _SURELY_COUNTED or ends:
            return self._release()
        return {}

    def _release(self) -> Choice:
        """Return all that was held back as one choice."""
        self._counts_tokens = True
        held = self._held
        self._held = []
        joined = join_pieces(held)
        joined["delta"] = join_pieces([values.as_object(choice.get("delta")) for choice in held])
        return joined
