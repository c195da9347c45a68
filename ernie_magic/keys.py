"""Keys are held, sent and never shown: not in a repr, not in an error, not even in part."""

from __future__ import annotations

import logging
import re
import threading
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

Raw = TypeVar("Raw", bytes, bytearray)
HIDDEN = "•••"
# A run this long of a key's own characters is a part of the key; shorter runs stand in ordinary words.
_PART = 6
# Keys of services are longer than this; a shorter one ("local-key") is made of words, and only hidden as a whole.
_LONG = 16
# "sk-ab****wxyz", "24.ab...9f": a server's own masking shows both ends of a key. The lengths are bounded, or a long
# reply of one word would take quadratic time.
_MASK = re.compile(r"\*{2,}|…|\.{3,}")
_HEAD = re.compile(r"[\w.\-/]{2,64}$")
_TAIL = re.compile(r"[\w.\-/]{2,64}")


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


class Pair(NamedTuple):
    """An access key and its secret key.

    Attributes
    ----------
    access, secret : Key
    """

    access: Key
    secret: Key


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
                self._values |= {value, quote(value, safe=""), quote_plus(value)}  # as it stands in a URL

    def clear(self) -> None:
        with self._lock:
            self._values.clear()

    def snapshot(self) -> Iterable[str]:
        with self._lock:
            return sorted(self._values, key=len, reverse=True)


_KNOWN = _Known()


def without_keys(raw: Raw) -> Raw:
    """A reply without any whole key in it; every other byte stays. It is copied only when there is one."""
    for key in _KNOWN.snapshot():
        if len(key) >= _LONG and key.encode() in raw:
            raw = raw.replace(key.encode(), HIDDEN.encode())
    return raw


class LogFilter(logging.Filter):
    """Takes keys out of what libraries log: httpx logs each URL, and Qianfan V1's tokens and secrets are in the query."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, without keys."""
        record.msg, record.args = scrub(record.getMessage()), ()
        return True


class Guard:
    """Takes keys out of a text that comes in pieces: a key may be cut in two by the pieces.

    What may be the beginning of a key waits until it is known. Only whole keys are looked for, so that a stream costs
    little; what a server says beside its answers goes through `scrub`.
    """

    def __init__(self) -> None:
        self._keys = [(key, key[:_PART]) for key in _KNOWN.snapshot() if len(key) >= _LONG]
        self._firsts = frozenset(key[0] for key, _ in self._keys)
        self._held = ""

    def feed(self, piece: str) -> str:
        """The text that may be shown now."""
        # Nearly every piece is this: no key begins in it, and none has begun before.
        if not self._held and self._firsts.isdisjoint(piece):
            return piece
        text = self._held + piece
        for key, head in self._keys:
            if head in text:
                text = text.replace(key, HIDDEN)
        start = min(self._begins(text, key) if key[0] in text else len(text) for key, _ in self._keys)
        self._held = text[start:]
        return text[:start]

    def end(self) -> str:
        """What was held back and has turned out to be no key; a part of one is not shown."""
        text, self._held = self._held, ""
        return HIDDEN if any(key.startswith(text) and len(text) >= _PART for key, _ in self._keys) else text

    @staticmethod
    def _begins(text: str, key: str) -> int:
        """Where the end of the text may be the beginning of a key: only its last characters are looked at."""
        for size in range(min(len(key) - 1, len(text)), 0, -1):
            if text.endswith(key[:size]):
                return len(text) - size
        return len(text)


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

    return _without_masked(text, key)


def _without_masked(text: str, key: str) -> str:
    pieces, shown = [], 0
    for mask in _MASK.finditer(text):
        head = _HEAD.search(text[max(shown, mask.start() - 64) : mask.start()])
        tail = _TAIL.match(text, mask.end())
        before = head is not None and (key.startswith(head.group()) or head.group().endswith(key[:4]))
        behind = tail is not None and key.endswith(tail.group())
        if before or behind:
            pieces += [text[shown : mask.start() - (len(head.group()) if head else 0)], HIDDEN]
            shown = tail.end() if tail else mask.end()
    return "".join([*pieces, text[shown:]])
