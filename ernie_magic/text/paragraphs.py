"""Parts of a text, each a paragraph of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PARAGRAPH = "\n\n"
_SEEN = 100  # characters of a text that tell what separates it from the next part


def separator_after(text: str) -> str:
    """Return what stands between a text and the part that follows it: "" after nothing, and no more
    line breaks than the text lacks.
    """
    if not text.strip() or text.endswith(_PARAGRAPH):
        return ""
    return "\n" if text.endswith("\n") else _PARAGRAPH


def join_parts(parts: Iterable[str]) -> str:
    """Return the parts as one text, each a paragraph of its own."""
    joined = ""
    for part in parts:
        if part:
            joined += separator_after(joined) + part
    return joined


class StreamedParts:
    """Joins the pieces of several parts as they arrive, each part a paragraph of its own."""

    def __init__(self) -> None:
        self._end = ""  # of all that has arrived
        self._part = ""

    def add(self, part: str, piece: str) -> str:
        """Return a piece with what stands before it.

        Parameters
        ----------
        part
            Names the part that it belongs to.
        """
        if not piece:
            return ""
        if part != self._part:
            piece = separator_after(self._end) + piece
            self._part = part
        self._end = (self._end + piece)[-_SEEN:]
        return piece
