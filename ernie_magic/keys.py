"""Keys are held, sent and never shown: not in a repr, not in an error, not even in part."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "•••"
# A run this long of a key's own characters is a part of the key; shorter runs stand in ordinary words.
_PART = 6
# Keys of services are longer than this; a shorter one ("local-key") is made of words, and only hidden as a whole.
_LONG = 16
# "sk-ab****wxyz", "24.ab...9f": a server's own masking shows both ends of a key.
_MASKED = re.compile(r"([\w.\-/]{2,})?(?:\*{2,}|…|\.{3,})([\w.\-/]{2,})?")


class Key:
    """A credential. `reveal()` is for the wire only.

    White space is stripped: a pasted line end would make an illegal header (reference aistudio-and-ernie-today 1.1).

    Parameters
    ----------
    value
        The credential.
    secret
        False for a token that anybody may know (the emulator's): it is not hidden in texts.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str, *, secret: bool = True) -> None:
        self._value = value.strip()
        if secret:
            _KNOWN.add(self._value)

    def reveal(self) -> str:
        """The credential itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Key({HIDDEN if self._value else 'not set'})"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


class _Known:
    """Every key this process has held: what a scrubber must never let through.

    The one piece of process-wide state: a server may echo the key of one session into the log of another.
    """

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._lock = threading.Lock()

    def add(self, value: str) -> None:
        if len(value) >= _PART:
            with self._lock:
                self._values.add(value)

    def clear(self) -> None:
        with self._lock:
            self._values.clear()

    def snapshot(self) -> Iterable[str]:
        with self._lock:
            return sorted(self._values, key=len, reverse=True)


_KNOWN = _Known()


def scrub(text: str) -> str:
    """`text` without any key this process has held: whole, in part (6 characters and more in a row) or masked by a server."""
    for key in _KNOWN.snapshot():
        text = text.replace(key, HIDDEN)
        text = _without_parts(text, key) if len(key) >= _LONG else text
    return text


def _without_parts(text: str, key: str) -> str:
    parts = {key[i : i + _PART] for i in range(len(key) - _PART + 1)}
    hits = [i for i in range(len(text) - _PART + 1) if text[i : i + _PART] in parts]
    if hits:
        pieces, shown, i = [], 0, 0
        while i < len(hits):
            start = end = hits[i]
            while i < len(hits) and hits[i] <= end + _PART:  # runs that touch are one run
                end = hits[i]
                i += 1
            pieces += [text[shown:start], HIDDEN]
            shown = end + _PART
        text = "".join([*pieces, text[shown:]])

    def masked(match: re.Match[str]) -> str:
        head, tail = match.group(1), match.group(2)
        shows = (head and (key.startswith(head) or head.endswith(key[:4]))) or (tail and key.endswith(tail))
        return HIDDEN if shows else match.group(0)

    return _MASKED.sub(masked, text)
