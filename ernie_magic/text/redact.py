"""Remove keys from text: whole, in part, split, and in the forms that a text easily gives them.

A run of eight or more characters of a key is removed. So is such a run of the key in upper or lower
case, with separators between its characters, reversed, percent-encoded, in hexadecimal, or in
base64 (RFC 4648, both alphabets, at each of the three offsets at which a key may begin within a
larger text).

Not looked for: other encodings (base32, base85, rot13, compressed), letters of other alphabets, a
description of the key in words. A key of fewer than 16 characters ("token-abc123") is made of
words: only the whole of it is removed, and one of fewer than eight not at all. The prefix that all
keys of a kind share ("bce-v3/ALTAK-", "sk-proj-") is removed with the rest, and left where it
occurs alone. A key that contains an ordinary word of eight letters hides that word.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from ernie_magic.text.data_pictures import is_packed_picture
from ernie_magic.text.encodings import printable
from ernie_magic.text.key_forms import LONG, WINDOW
from ernie_magic.text.key_search import CONTINUES_KEY, Patterns, find_all, merge_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

HIDDEN = "•••"
# The same in what a service says outside its answers, where nothing else is likely to look like it.
_PART = 6
_BLOCK = 512  # characters examined together: most of a long text needs no closer look
_SHORT = 64  # characters of a word that is remembered as clean
_SHORT_KEPT = 4_096  # such words

# What services call a piece of text in an event.
_PIECES = frozenset(
    {
        "content",
        "reasoning_content",
        "reasoning",
        "text",
        "result",
        "delta",
        "arguments",
        "partial_json",
    }
)
_DATA_FIELDS = frozenset({"b64_json", "b64_image", "embedding"})
_DATA = 4_096  # characters of such a field: shorter ones are words

# "sk-ab****wxyz", "24.ab...9f": a server's own masking shows both ends of a key. The lengths are
# bounded, since a long reply of one word would otherwise take quadratic time.
_MASK = re.compile(r"\*{2,}|…|\.{3,}")
_HEAD = re.compile(r"[\w.\-/]{2,64}$")
_TAIL = re.compile(r"[\w.\-/]{2,64}")


class Secrets:
    """Every key this process has held, which must never be shown.

    The one piece of process-wide state: a server may echo the key of one session in the log of
    another.
    """

    def __init__(self) -> None:
        self._values: frozenset[str] = frozenset()
        self._patterns: Patterns | None = None
        self._lock = threading.Lock()

    def add_key(self, value: str) -> None:
        """Remember a key."""
        if len(value) >= _PART and value not in self._values:
            with self._lock:
                self._values = self._values | {value}
                self._patterns = None

    def forget_all(self) -> None:
        """Forget all keys."""
        with self._lock:
            self._values = frozenset()
            self._patterns = None

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._values, key=len, reverse=True))

    def current_patterns(self) -> Patterns:
        """The search data for these keys."""
        patterns = self._patterns
        if patterns is None:
            with self._lock:
                patterns = self._patterns = Patterns(self._values)
        return patterns

    @printable
    def __repr__(self) -> str:
        return f"Secrets({len(self._values)})"


KNOWN = Secrets()


class StreamRedactor:
    """Remove keys from a text that arrives in pieces, wherever the pieces cut a key.

    What may be part of a key is held back until that is known: a few characters, at most until the
    next piece that does not match. A text without keys comes out unchanged.

    Parameters
    ----------
    holds_back
        False when each piece must be given out at once: then up to seven characters of a key are
        shown before the rest is removed.
    """

    def __init__(self, *, holds_back: bool = True) -> None:
        self._patterns = KNOWN.current_patterns()
        self._idle = not (self._patterns.long or self._patterns.whole)
        self._buffered = ""  # what has been given out and still counts, then what is held back
        self._emitted = 0  # characters of it that have been given out
        self._hidden = False  # the last of them were removed
        self._holds_back = holds_back

    def feed(self, piece: str) -> str:
        """Add a piece; return the text that may be shown now."""
        if len(piece) > _BLOCK:
            return "".join([self.feed(piece[i : i + _BLOCK]) for i in range(0, len(piece), _BLOCK)])
        # Nearly every piece of Chinese is like this: too short to contain part of a key, and no
        # part begins at its end.
        if self._idle:
            return piece
        if not self._buffered and len(piece) < WINDOW and piece[-1:] not in CONTINUES_KEY:
            return piece
        text = self._buffered + piece
        patterns = self._patterns
        spans: list[tuple[int, int]] = []
        if len(text) >= WINDOW and patterns.may_hold_key(text):
            spans = patterns.find_spans(text)
        waits, counts = patterns.find_open_tail(text)
        if spans and spans[-1][1] > waits:  # it may continue
            waits = spans[-1][0]
        if not self._holds_back:
            waits = len(text)
        waits = max(waits, self._emitted)
        given = _replace_spans(text, spans, self._emitted, waits, hidden=self._hidden)
        start = min(counts, waits)
        if spans and spans[-1][1] > counts:
            start = min(start, spans[-1][0])
        self._hidden = bool(spans) and spans[-1][0] < waits <= spans[-1][1]
        self._buffered = text[start:]
        self._emitted = waits - start
        return given

    def flush_remaining(self) -> str:
        """Return what was held back: it is not part of a key, or is removed."""
        text = self._buffered
        given = self._emitted
        self._buffered = ""
        self._emitted = 0
        if len(text) == given:
            return ""
        return _replace_spans(
            text, self._patterns.find_spans(text), given, len(text), hidden=self._hidden
        )


def _replace_spans(
    text: str,
    spans: Iterable[tuple[int, int]],
    start: int,
    end: int,
    *,
    hidden: bool = False,
) -> str:
    """Return a stretch of text with `•••` in place of the spans; `hidden` when the span that it
    begins in was already replaced.
    """
    pieces = []
    for first, last in spans:
        if last <= start or first >= end:
            continue
        pieces.append(text[start:first])
        if not (hidden and first < start):
            pieces.append(HIDDEN)
        start = last
    return "".join([*pieces, text[start:end]])


def redact(text: str, *, strict: bool = False) -> str:
    """Return `text` without any part of a key this process has held.

    Parameters
    ----------
    strict
        For what a service says outside its answers: six characters count as part of a key, and a
        key that a server masked itself ("sk-ab****wxyz") is removed too.
    """
    patterns = KNOWN.current_patterns()
    clean = patterns.clean
    if strict:
        clean = patterns.strictly_clean
    if len(text) < _PART or text in clean:
        return text
    redacted = text
    if len(text) > _BLOCK:
        stream = StreamRedactor()
        redacted = stream.feed(text) + stream.flush_remaining()
    elif patterns.may_hold_key(text):
        redacted = _replace_spans(text, patterns.find_spans(text), 0, len(text))
    if strict:
        redacted = _redact_strictly(redacted)
    if redacted == text and len(text) <= _SHORT and len(clean) < _SHORT_KEPT:
        clean.add(text)
    return redacted


def redact_values(value: Any) -> Any:
    """Redact all text in parsed JSON, including names, in place, whatever its shape and depth.

    Returns
    -------
    object
        The given value, or a new one when it is a text.
    """
    if isinstance(value, str):
        return redact(value)
    left = [value]
    while left:
        left += _redact_container(left.pop())
    return value


def _redact_container(container: Any) -> list[Any]:
    """Redact one object or list; yield those inside it."""
    if type(container) is dict:
        for name in [name for name in container if redact(name) != name]:
            container[redact(name)] = container.pop(name)
        items: Iterable[tuple[Any, Any]] = container.items()
    elif type(container) is list and not _is_numbers(container):
        items = enumerate(container)
    else:
        return []
    inner = []
    changed = {}
    for name, value in items:
        kind = type(value)
        if kind is str:
            if len(value) >= WINDOW and (redacted := _redact_field(name, value)) is not value:
                changed[name] = redacted
        elif kind is dict or kind is list:
            inner.append(value)
    for name, redacted in changed.items():
        container[name] = redacted
    return inner


class EventRedactor:
    """Redact the events of a stream one after the other: their texts belong together."""

    def __init__(self) -> None:
        self._streams: dict[tuple[Any, ...], StreamRedactor] = {}

    def feed(self, event: dict[str, Any]) -> dict[str, Any]:
        """Redact the event in place; nothing in it waits for the next one."""
        left: list[tuple[tuple[Any, ...], Any]] = [((), event)]
        while left:
            path, here = left.pop()
            for name, value in here.items() if type(here) is dict else enumerate(here):
                if type(value) is dict or type(value) is list:
                    left.append(((*path, name), value))
                elif type(value) is str and name in _PIECES:
                    stream = self._streams.setdefault(
                        (*path, name), StreamRedactor(holds_back=False)
                    )
                    here[name] = stream.feed(value)
        redact_values(event)
        return event


def _is_numbers(values: list[Any]) -> bool:
    """Whether a list is a vector: thousands of numbers are not searched."""
    if not values or type(values[0]) is not float:
        return False
    try:
        sum(values)  # the fastest way to see that none of them is a text
    except (TypeError, OverflowError):
        return False
    return True


def _redact_field(name: object, value: str) -> str:
    """Redact a text of a reply.

    The data of a picture or a vector are long enough to contain eight characters of a key by
    chance, so only whole keys are looked for in them. A JPEG of any length does: its usual tables
    spell "456789" and "cdefghij" (https://www.w3.org/Graphics/JPEG/itu-t81.pdf, K.3).
    """
    if len(value) >= _DATA and (name in _DATA_FIELDS or value[:5] == "data:"):
        return _remove_whole_keys(value)
    if is_packed_picture(value):
        return _remove_whole_keys(value)
    redacted = redact(value)
    if redacted == value:
        return value  # the same object: the caller need not replace it
    return redacted


def _remove_whole_keys(text: str) -> str:
    for form in KNOWN.current_patterns().stable_forms():
        text = text.replace(form, HIDDEN)
    return text


def holds_key(text: str) -> bool:
    """Whether a text contains a long key, except for its ends, as it is, in hexadecimal or in
    base64.
    """
    return any(form in text for form in KNOWN.current_patterns().stable_forms())


def _redact_strictly(text: str) -> str:
    for key in KNOWN:
        text = text.replace(key, HIDDEN)
        if len(key) >= LONG:
            text = _remove_masked(_remove_parts(text, key), key)
    return text


def _remove_parts(text: str, key: str) -> str:
    parts = {key[i : i + _PART] for i in range(len(key) - _PART + 1)}
    hits = [i for part in parts for i in find_all(text, part, step=1)]
    if not hits:
        return text
    return _replace_spans(text, merge_spans([(i, i + _PART) for i in hits]), 0, len(text))


def _remove_masked(text: str, key: str) -> str:
    pieces = []
    shown = 0
    for mask in _MASK.finditer(text):
        head = _HEAD.search(text[max(shown, mask.start() - 64) : mask.start()])
        tail = _TAIL.match(text, mask.end())
        before = head is not None and (
            key.startswith(head.group()) or head.group().endswith(key[:4])
        )
        behind = tail is not None and key.endswith(tail.group())
        if before or behind:
            pieces += [text[shown : mask.start() - (len(head.group()) if head else 0)], HIDDEN]
            shown = tail.end() if tail else mask.end()
    return "".join([*pieces, text[shown:]])
