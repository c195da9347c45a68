"""A text that arrives in pieces: each adds what is new in it, whole characters, and no keys."""

from __future__ import annotations

from ernie_magic.text.language import CharacterJoiner
from ernie_magic.text.redact import StreamRedactor
from ernie_magic.wire.answers.repetition import PieceJoiner

# Characters with which no piece begins as the text does by chance.
_LONG = 20
_BLANKS = 2  # at the end of the text, which may be missing in a copy


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
        self._copy = ""  # a piece that may be the whole text again

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
        if piece and self._pieces.is_plain:
            added = self._hold_copy(piece)
        else:
            added = self._pieces.feed(piece, is_message=is_message, is_last=is_last)
        return self._show(self._redactor.feed(self._characters.feed(added)))

    def add_plain(self, piece: str) -> str:
        """Add a piece of whole characters that is known to be new."""
        return self._show(self._redactor.feed(piece))

    def may_add_plain(self, piece: str) -> bool:
        """Whether a piece may be given to `add_plain`: it is no copy, nor behind one."""
        is_short = len(piece) < _LONG or not self._is_long(piece)
        return is_short and not self._copy

    def _is_long(self, piece: str) -> bool:
        """Whether a piece is as long as all that was shown."""
        return len(piece) >= max(_LONG, self._characters_shown - _BLANKS)

    def _hold_copy(self, piece: str) -> str:
        """Return what may be shown now: not a piece that begins as the text does and is as long,
        since RAGFlow ends a stream with all of it
        (https://github.com/infiniflow/ragflow/issues/15286). What follows tells.
        """
        held = self._copy
        self._copy = ""
        if not self._is_long(piece):
            return held + piece
        if not str(self).lstrip().startswith(piece.lstrip()[:_LONG]):
            return held + piece
        self._copy = piece
        return held

    def compare_with_whole(self, whole: object) -> None:
        """Forget a copy that differs a little from what was shown, as one with citations does,
        where the whole text is told, and is shorter than with that behind it.
        """
        if not self._copy or not isinstance(whole, str) or not whole:
            return
        is_shorter = len(whole) < self._characters_shown + len(self._copy)
        if is_shorter and self._rest_behind_shown(self._copy) is None:
            self._copy = ""

    def _take_rest_of_copy(self) -> str:
        """Return what the piece that was held back adds, now that nothing follows it: all of it
        where it does not begin with the text.
        """
        held = self._copy
        self._copy = ""
        if held and (rest := self._rest_behind_shown(held)) is not None:
            self._characters.flush_remaining()
            self._redactor.flush_remaining()
            return rest
        return held

    def _rest_behind_shown(self, whole: str) -> str | None:
        """Return what a whole text has behind what was shown, None where it begins otherwise."""
        bare = whole.lstrip()
        if bare.startswith(str(self).lstrip()):
            return bare[self._characters_shown :]
        if bare.rstrip() == str(self).strip():
            return ""
        return None

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
        self._copy = ""
        self._characters.flush_remaining()
        self._redactor.flush_remaining()
        return bare[self._characters_shown :]

    def flush_remaining(self) -> str:
        """Return what was held back, now that the text has ended."""
        remaining = self._pieces.flush_remaining() + self._take_rest_of_copy()
        held = self._characters.feed(remaining)
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
