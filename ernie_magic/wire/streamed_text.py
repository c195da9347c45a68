"""A text that arrives in pieces: each adds what is new in it, whole characters, and no keys."""

from __future__ import annotations

from ernie_magic.text.language import CharacterJoiner
from ernie_magic.text.redact import StreamRedactor
from ernie_magic.wire.repetition import PieceJoiner


class StreamedText:
    """The text of an answer, or its reasoning, as far as it has arrived.

    Parts of it are held back until it is clear whether they repeat what came before, or belong to
    a key.
    """

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._characters_shown = 0  # without the blanks at the beginning
        self._pieces = PieceJoiner()
        self._characters = CharacterJoiner()
        self._redactor = StreamRedactor()

    def __str__(self) -> str:
        return "".join(self._shown)

    def __bool__(self) -> bool:
        return bool(self._shown)

    @property
    def is_plain(self) -> bool:
        """Whether pieces may be given to `add_plain`."""
        return self._pieces.is_plain and not self._characters.is_waiting

    def add(self, piece: str, *, is_message: bool, is_last: bool) -> str:
        """Add a piece; return what may be shown now (`PieceJoiner.feed`)."""
        added = self._pieces.feed(piece, is_message=is_message, is_last=is_last)
        return self._show(self._redactor.feed(self._characters.feed(added)))

    def add_plain(self, piece: str) -> str:
        """Add a piece of whole characters that is known to be new."""
        return self._show(self._redactor.feed(piece))

    def rest_of(self, whole: object) -> str:
        """Return what a whole text adds to the pieces that were shown, "" where it does not begin
        with them. What is held back is in it as well, and forgotten.
        """
        if not self._characters_shown or not isinstance(whole, str):
            return ""
        bare = whole.lstrip()
        if len(bare) <= self._characters_shown or not bare.startswith(str(self).lstrip()):
            return ""
        self._pieces.forget_held()
        self._characters.flush_remaining()
        self._redactor.flush_remaining()
        return bare[self._characters_shown :]

    def flush_remaining(self) -> str:
        """Return what was held back, now that the text has ended."""
        held = self._characters.feed(self._pieces.flush_remaining())
        held = self._redactor.feed(held + self._characters.flush_remaining())
        return self._show(held + self._redactor.flush_remaining())

    def _show(self, text: str) -> str:
        if text:
            self._shown.append(text)
            counted = text
            if not self._characters_shown:
                counted = text.lstrip()
            self._characters_shown += len(counted)
        return text
