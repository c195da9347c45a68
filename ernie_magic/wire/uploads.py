"""Files on their way to a service: how much of them has been sent."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ernie_magic.runtime.events import Delta, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

_REPORTED = 256 * 1024  # bytes between two reports


class SentBytes:
    """How many bytes of some files have been sent, told as they are read.

    Parameters
    ----------
    total
        The bytes of all files.
    emit
        Called with the progress, on the I/O thread.
    """

    def __init__(self, total: int, emit: Callable[[Delta], None]) -> None:
        self._total = total
        self._emit = emit
        self._sent = 0
        self._reported = 0

    def reader_of(self, content: bytes) -> io.BytesIO:
        """Return a file's content as something to read from, which is counted."""
        return _CountedReader(content, self._count)

    def _count(self, number: int) -> None:
        self._sent += number
        is_complete = self._sent == self._total and bool(number)
        if self._sent - self._reported >= _REPORTED or is_complete:
            self._reported = self._sent
            self._emit(Delta(progress=Progress(self._sent, self._total)))


class _CountedReader(io.BytesIO):
    def __init__(self, content: bytes, count: Callable[[int], None]) -> None:
        super().__init__(content)
        self._count = count

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self._count(len(piece))
        return piece
