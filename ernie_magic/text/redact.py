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

import base64
import re
import string
import sys
import threading
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

HIDDEN = "•••"
WINDOW = 8  # consecutive characters that count as part of a key
LONG = 16  # a shorter key is made of words: only looked for as a whole
# The same in what a service says outside its answers, where nothing else is likely to look like it.
_PART = 6
# Characters that must match before the end of a piece is held back, except at a key's very
# beginning.
_NEAR = 3
_LONGEST = 1_024  # characters of a text that are removed as one
_BLOCK = 512  # characters examined together: most of a long text needs no closer look
_SHORT = 64  # characters of a word that is remembered as clean
_SHORT_KEPT = 4_096  # such words
_GRAM = 4  # bytes

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

# What public documents say about each kind of key: not a secret.
_PUBLIC = re.compile(
    r"bce-v3/(ALTAK-?)?|ALTAK-?|sk-(proj-|svcacct-|ant-[a-z]+\d+-|or-v\d+-)?|2[45]\."
)
_LIFETIME = "2592000"  # of an access token
_SEPARATORS = (
    "".join(chr(c) for c in range(128) if not chr(c).isalnum())
    + "\xa0\xad\xb7\ufeff\u3000"
    + "".join(map(chr, range(0x2000, 0x2070)))
)
_WORD = frozenset(string.ascii_letters + string.digits)
_GAP = 4  # separators between two characters of a key
_OPEN = frozenset(_SEPARATORS) | _WORD  # from which the end of a piece may continue a key
_ESCAPES = ("\\u00", "\\x", "&#x")  # before two hexadecimal digits
_CUT_ESCAPE = re.compile(r"(?:\\(?:u0?0?|x)?|&(?:#x?)?)$")
_TOKEN = re.compile(
    rf"([0-9A-Za-z]+)|((?:\\u00|\\x|&#x|[{re.escape(_SEPARATORS)}]){{1,{_GAP}}}(?=[0-9A-Za-z]))|[^0-9A-Za-z]+"
)
_LETTERS, _BETWEEN = 1, 2  # its groups
_LOWER = bytes(range(256)).lower()
_DROPPED = bytes(c for c in range(256) if chr(c) not in _WORD)
_UPPER_RUNS = re.compile("[A-Z]+")
# "sk-ab****wxyz", "24.ab...9f": a server's own masking shows both ends of a key. The lengths are
# bounded, since a long reply of one word would otherwise take quadratic time.
_MASK = re.compile(r"\*{2,}|…|\.{3,}")
_HEAD = re.compile(r"[\w.\-/]{2,64}$")
_TAIL = re.compile(r"[\w.\-/]{2,64}")


class _Form(NamedTuple):
    """A key as a text may write it: its letters and digits in lower case, and which part of them is
    public.
    """

    letters: str
    public_from: int = 0
    public_to: int = 0
    written: str = ""  # the same in its own case

    def is_word(self, index: int) -> bool:
        """Whether eight characters are digits, or letters of one case: those may appear separated
        in a list or a sentence.
        """
        window = self.written[index : index + WINDOW]
        return window.isdigit() or (window.isalpha() and (window.islower() or window.isupper()))


def _form(written: str, public_from: int = 0, public_to: int = 0) -> _Form:
    return _Form(written.lower(), public_from, public_to, written)


def _letters(text: str) -> str:
    return "".join(c for c in text if c in _WORD)


def _public_prefix(key: str) -> str:
    """Return the beginning of a key that is the same in every key of its kind, "" where none is."""
    match = _PUBLIC.match(key)
    if match is None:
        return ""
    return match.group()


def _forms(key: str) -> list[_Form]:
    raw = key.encode()
    prefix = _public_prefix(key)
    plain = _letters(key)
    public = len(_letters(prefix))
    forms = [
        _form(plain, 0, public),
        _form(plain[::-1], len(plain) - public, len(plain)),
        _form(raw.hex(), 0, 2 * len(prefix)),
    ]
    if (quoted := quote(key, safe="")) != key:
        forms.append(_form(_letters(quoted), 0, len(_letters(quote(prefix, safe="")))))
    for shift, written in enumerate(_base64_forms(raw)):
        public_to = 0
        if prefix:
            public_to = (shift + len(prefix)) * 8 // 6 - _first_fixed_digit(shift)
        forms.append(_form(_letters(written), 0, len(_letters(written[: max(0, public_to)]))))
    return forms


def _base64_forms(raw: bytes) -> list[str]:
    """Return bytes in base64, as written at each of the three offsets where they may begin.

    The characters at the ends are left out, since the surrounding bytes change them.
    """
    return [
        base64.b64encode(b"\0" * shift + raw).decode()[
            _first_fixed_digit(shift) : (shift + len(raw)) * 8 // 6
        ]
        for shift in range(3)
    ]


def _first_fixed_digit(shift: int) -> int:
    return -(-shift * 8 // 6)


class _Parts(NamedTuple):
    """The search data for one key."""

    windows: dict[str, tuple[_Form, int]]
    words: frozenset[str]
    literal: dict[str, tuple[_Form, int, int]]
    grams: frozenset[int]
    partial_matches: frozenset[str]
    beginnings: frozenset[str]


@lru_cache(maxsize=64)
def _parts(key: str) -> _Parts:
    windows: dict[str, tuple[_Form, int]] = {}
    partial_matches: set[str] = set()
    grams: set[str] = set()
    words: set[str] = set()
    forms = _forms(key)
    for form in forms:
        size = len(form.letters)
        # At each position, whether a window that begins there is certainly part of the key.
        certain = [False] * size
        for i in range(size - WINDOW + 1):
            window = form.letters[i : i + WINDOW]
            if form.public_from <= i and i + WINDOW <= form.public_to:
                continue
            windows.setdefault(window, (form, i))
            grams |= {window[j : j + _GRAM] for j in range(WINDOW - _GRAM + 1)}
            certain[i] = not form.is_word(i)
            if form.is_word(i):
                words.add(window)
        # Texts that may still become part of the key, but are not yet.
        for i in range(size):
            end = next((j + WINDOW - 1 for j in range(i, size) if certain[j]), size)
            partial_matches |= {form.letters[i:j] for j in range(i + 1, end + 1)}
    literal: dict[str, tuple[_Form, int, int]] = {}
    public = len(_public_prefix(key))
    for i in range(len(key) - WINDOW + 1):
        window = key[i : i + WINDOW]
        inside = _letters(window).lower()
        if (
            len(inside) == WINDOW
            or len(inside) <= _GRAM
            or i + WINDOW <= public
            or _LIFETIME in window
        ):
            continue
        literal[window.lower()] = (forms[0], len(_letters(key[:i])), len(inside))
        grams |= {inside[j : j + _GRAM] for j in range(len(inside) - _GRAM + 1)}
    plain = forms[0].letters
    beginnings = frozenset(plain[:j] for j in range(1, len(plain) + 1)) & partial_matches
    codes = frozenset(int.from_bytes(gram.encode(), sys.byteorder) for gram in grams)
    return _Parts(windows, frozenset(words), literal, codes, frozenset(partial_matches), beginnings)


def _stable_forms_of(key: str) -> list[str]:
    raw = key.encode()
    encoded = _base64_forms(raw)
    url_safe = [written.replace("+", "-").replace("/", "_") for written in encoded]
    return [key[1:-1], raw.hex()[2:-2], *encoded, *url_safe]


class Patterns:
    """The search data for a set of keys.

    Parameters
    ----------
    keys
        Keys of fewer than eight characters are ignored.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        ordered = sorted((key for key in keys if len(key) >= WINDOW), key=len, reverse=True)
        self.long = [key for key in ordered if len(key) >= LONG and len(_letters(key)) >= WINDOW]
        self.whole = [key for key in ordered if key not in self.long]
        self._low = [key.lower() for key in self.long]
        self._windows: dict[str, list[tuple[_Form, int]]] = {}
        self._literal: dict[str, list[tuple[_Form, int, int]]] = {}
        grams: set[int] = set()
        words: set[str] = set()
        partial_matches: set[str] = set()
        beginnings: set[str] = set()
        for parts in map(_parts, self.long):
            for window, occurrence in parts.windows.items():
                self._windows.setdefault(window, []).append(occurrence)
            for window, where in parts.literal.items():
                self._literal.setdefault(window, []).append(where)
            grams |= parts.grams
            words |= parts.words
            partial_matches |= parts.partial_matches
            beginnings |= parts.beginnings
        for key in self.whole:
            letters = _letters(key).lower()
            started = {letters[:j] for j in range(1, len(letters))}
            partial_matches |= {start[i:] for start in started for i in range(len(start))}
            beginnings |= started
        self._grams = frozenset(grams)
        self._words = frozenset(words)
        self._partial_matches = frozenset(partial_matches)
        self._beginnings = frozenset(beginnings)
        # Of eight consecutive characters seven are nearly always letters and digits. Then one block
        # of four that begins at a multiple of four lies within them.
        fewest = min(
            (count for occurrences in self._literal.values() for _, _, count in occurrences),
            default=WINDOW,
        )
        self._starts: tuple[int, ...] = (0, 2)
        if fewest >= 2 * _GRAM - 1:
            self._starts = (0,)
        self._stable_forms: frozenset[str] | None = None
        # Short words that have been examined, and those that have been examined strictly.
        self.clean: set[str] = set()
        self.strictly_clean: set[str] = set()

    def stable_forms(self) -> frozenset[str]:
        """Return how long keys are written whatever surrounds them: plainly, in hexadecimal, in
        base64, each without its ends.
        """
        if self._stable_forms is None:
            self._stable_forms = frozenset(
                form for key in self.long for form in _stable_forms_of(key)
            )
        return self._stable_forms

    def may_hold_key(self, text: str) -> bool:
        """Whether a closer look is due; costs a few nanoseconds per character."""
        raw = text.encode("utf-8", "surrogatepass")
        if b"\\" in raw or b"&#" in raw:
            for escape in _ESCAPES:
                raw = raw.replace(escape.encode(), b"")
        raw = raw.translate(_LOWER, _DROPPED)
        for start in self._starts:
            end = start + (len(raw) - start) // _GRAM * _GRAM
            if end > start and not self._grams.isdisjoint(memoryview(raw)[start:end].cast("I")):
                return True
        return any(key in text for key in self.whole)

    def find_spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the parts of keys are, in order and without overlaps."""
        letters, offsets = _letters_and_offsets(text)
        matches = [
            (start, start + len(key)) for key in self.whole for start in _find_all(text, key)
        ]
        reached: dict[tuple[str, int], int] = {}
        for i in range(len(letters) - WINDOW + 1):
            window = letters[i : i + WINDOW]
            if window in self._windows and not (
                window in self._words
                and self._is_apart(text[offsets[i] : offsets[i + WINDOW - 1] + 1])
            ):
                for form, offset in self._windows[window]:
                    matches += _extend_matches(
                        letters, offsets, (i, WINDOW), (form.letters, offset), reached
                    )
        if self._literal:
            low = _UPPER_RUNS.sub(lambda run: run.group().lower(), text)
            for index in range(len(low) - WINDOW + 1):
                for form, offset, count in self._literal.get(low[index : index + WINDOW], ()):
                    matches += _extend_matches(
                        letters,
                        offsets,
                        (bisect_left(offsets, index), count),
                        (form.letters, offset),
                        reached,
                    )
        return _merge_spans(matches)

    def _is_apart(self, characters: str) -> bool:
        """Whether digits or letters are separated as in a list or a sentence, not as in a key, nor
        percent-encoded.
        """
        if len(characters) == WINDOW or set(characters) <= {*string.digits, "%"}:
            return False
        low = characters.lower()
        return not any(low in key or low[::-1] in key for key in self._low)

    def find_open_tail(self, text: str) -> tuple[int, int]:
        """Return where the end of a text may begin part of a key: from where it has to wait, and
        from where it counts.
        """
        grown = ""
        gap = 0
        waits = len(text)
        counts = len(text)
        escaped = "\\" in text or "&#" in text
        i = len(text)
        if escaped and (match := _CUT_ESCAPE.search(text, max(0, len(text) - _GRAM))):
            i = match.start()
        while i > 0:
            i -= 1
            c = text[i]
            if (
                escaped
                and gap < _GAP
                and (size := next((len(e) for e in _ESCAPES if text.endswith(e, 0, i + 1)), 0))
            ):
                i -= size - 1
                gap += 1
            elif c in _WORD:
                grown = c.lower() + grown
                gap = 0
                if grown not in self._partial_matches:
                    break
                counts = i
                if len(grown) >= _NEAR or grown in self._beginnings:
                    waits = i
            elif gap < _GAP and c in _OPEN:
                gap += 1
            else:
                break
        return waits, counts


def _letters_and_offsets(text: str) -> tuple[str, list[int]]:
    """Return a text's letters and digits in lower case, and the position of each; a NUL where they
    are not adjacent.
    """
    letters: list[str] = []
    offsets: list[int] = []
    for token in _TOKEN.finditer(text):
        if token.lastindex == _LETTERS:
            letters.append(token.group().lower())
            offsets += range(*token.span())
        elif token.lastindex != _BETWEEN:
            letters.append("\0")
            offsets.append(token.start())
    return "".join(letters), offsets


def _find_all(text: str, word: str, step: int = 0) -> Iterable[int]:
    """Find where a word begins; includes overlapping matches when `step` is 1."""
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + (step or len(word)))


def _extend_matches(
    letters: str,
    offsets: list[int],
    hit: tuple[int, int],
    occurrence: tuple[str, int],
    reached: dict[tuple[str, int], int],
) -> list[tuple[int, int]]:
    """Extend a match to the whole run that the form shares, as a span of the text; empty when it
    was already found.
    """
    (start, count), (form, offset) = hit, occurrence
    if start < reached.get((form, offset - start), 0):
        return []
    end = start + count
    lead = offset - start
    while start > 0 and start + lead > 0 and letters[start - 1] == form[start + lead - 1]:
        start -= 1
    while end < len(letters) and end + lead < len(form) and letters[end] == form[end + lead]:
        end += 1
    reached[form, lead] = end
    return [(offsets[start], offsets[end - 1] + 1)]


def _merge_spans(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge spans in order. Those inside others are dropped and overlapping ones joined, up to a
    length that a stream can hold back.
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        before = merged[-1] if merged else (0, 0)
        if end <= before[1]:
            continue
        if start < before[1] and end - before[0] <= _LONGEST:
            merged[-1] = (before[0], end)
        else:
            merged.append((max(start, before[1]), end))
    return merged


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
        if self._idle or (not self._buffered and len(piece) < WINDOW and piece[-1:] not in _OPEN):
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
    text: str, spans: Iterable[tuple[int, int]], start: int, end: int, *, hidden: bool = False
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
    chance, so only whole keys are looked for in them.
    """
    if len(value) >= _DATA and (name in _DATA_FIELDS or value[:5] == "data:"):
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
    hits = [i for part in parts for i in _find_all(text, part, step=1)]
    if not hits:
        return text
    return _replace_spans(text, _merge_spans([(i, i + _PART) for i in hits]), 0, len(text))


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
