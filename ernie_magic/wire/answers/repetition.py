"""Pieces of a text that each repeat all that came before.

DashScope streams a message so unless `incremental_output` is set
(https://help.aliyun.com/zh/model-studio/stream), and some gateways do so in a `delta`
(https://github.com/QwenLM/qwen-code/pull/3896). Others send the whole text once, at the end.
"""

from __future__ import annotations

# Characters of a first piece that no second one begins with by chance.
_LONG = 8
# Pieces, one longer than the other, that begin with all before: by chance only one does.
_SURELY = 2
# Characters of the longest of them: blanks, figures and short words may well follow each other so.
_TELLING = 5
# Characters of a text that comes once more at the end, and not by chance.
_COPY = 20


class PieceJoiner:
    """Tell what each piece of a text adds, whether each is new or repeats all before.

    A piece that begins with all before is held back until the next one tells which.

    Attributes
    ----------
    is_plain : bool
        Whether each piece is known to be new, so that they need not be fed any more.
    """

    def __init__(self) -> None:
        self.is_plain = False
        self._repeats = False
        self._shown = ""  # the first piece
        self._last = ""  # the longest so far
        self._held: list[str] = []  # behind the first
        self._growths = 0
        self._is_message = False
        self._always_last = False  # a reason to finish stood beside the first piece already

    def feed(self, piece: str, *, is_message: bool, is_last: bool) -> str:
        """Return what a piece adds as far as it may be shown.

        Parameters
        ----------
        is_message
            It stands in a message, which may be whole each time, and not in a `delta`.
        is_last
            A reason to finish stands beside it.
        """
        if self.is_plain or not piece:
            return piece
        if self._repeats:
            return self._added(piece)
        if not self._shown:
            self._shown = self._last = piece
            self._always_last = is_last
            return piece
        before = self._last
        if is_message:  # a blank at its end may be missing in the next one
            before = before.rstrip() or before
        if not piece.startswith(before):
            return self._decide(repeats=False) + piece
        is_end = is_message and is_last and not self._always_last
        return self._examine(piece, is_message=is_message, is_end=is_end)

    def _examine(self, piece: str, *, is_message: bool, is_end: bool) -> str:
        """Return what a piece adds that begins with all before."""
        self._is_message = is_message
        has_grown = len(piece) > len(self._last)
        self._growths += has_grown
        self._last = piece
        self._held.append(piece)
        may_be_copy = len(self._held) == 1 and len(piece) >= _COPY
        if not has_grown and not self._growths and not may_be_copy:
            return self._decide(repeats=is_end)
        if is_end or self._is_clear():
            return self._decide(repeats=True)
        return ""

    def flush_remaining(self) -> str:
        """Return what was held back, now that the text has ended."""
        if not self._held:
            return ""
        is_copy = len(self._held) == 1 and len(self._shown) >= _COPY
        is_grown_message = self._is_message and self._growths > 0
        return self._decide(repeats=is_copy or is_grown_message)

    def forget_held(self) -> None:
        """Forget what was held back: a whole message has it too."""
        self._held.clear()

    def _is_clear(self) -> bool:
        """Whether the pieces so far are not alike by chance."""
        if self._is_message and len(self._shown) >= _LONG:
            return True
        is_telling = len(self._last) >= _TELLING and len(set(self._last)) > 1
        return self._growths >= _SURELY and is_telling

    def _decide(self, *, repeats: bool) -> str:
        """Return what was held back, as it is meant."""
        self.is_plain = not repeats
        self._repeats = repeats
        held = "".join(self._held)
        self._held.clear()
        if repeats:
            return self._last[len(self._shown) :]
        return held

    def _added(self, piece: str) -> str:
        """Return what a piece adds where each repeats all before."""
        if self._last.startswith(piece):
            return ""
        alike = _count_alike(self._last, piece)
        if alike < len(self._last) // 2:
            self._last += piece  # a piece that is only new
            return piece
        # A blank at the end of the one before may be missing in this one.
        self._last = piece
        return piece[alike:]


def _count_alike(text: str, other: str) -> int:
    """Return how many characters two texts begin with alike, by halving: they may be long."""
    alike = 0
    unlike = min(len(text), len(other)) + 1
    while unlike - alike > 1:
        middle = (alike + unlike) // 2
        if text[alike:middle] == other[alike:middle]:
            alike = middle
        else:
            unlike = middle
    return alike
