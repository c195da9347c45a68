"""Search texts for parts of a set of keys."""

from __future__ import annotations

import re
import string
from bisect import bisect_left
from typing import TYPE_CHECKING

from ernie_magic.text.key_forms import (
    GRAM,
    LETTERS_AND_DIGITS,
    LONG,
    WINDOW,
    letters_of,
    search_parts,
    stable_forms_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ernie_magic.text.key_forms import Form

# Characters that must match before the end of a piece is held back, except at a key's very
# beginning.
_NEAR = 3
_LONGEST = 1_024  # characters of a text that are removed as one
_SEPARATORS = (
    "".join(chr(c) for c in range(128) if not chr(c).isalnum())
    + "\xa0\xad\xb7\ufeff\u3000"
    + "".join(map(chr, range(0x2000, 0x2070)))
)
_GAP = 4  # separators between two characters of a key
# What the end of a piece may consist of where a key may continue.
CONTINUES_KEY = frozenset(_SEPARATORS) | LETTERS_AND_DIGITS
_ESCAPES = ("\\u00", "\\x", "&#x")  # before two hexadecimal digits
_CUT_ESCAPE = re.compile(r"(?:\\(?:u0?0?|x)?|&(?:#x?)?)$")
_TOKEN = re.compile(
    rf"([0-9A-Za-z]+)|((?:\\u00|\\x|&#x|[{re.escape(_SEPARATORS)}]){{1,{_GAP}}}(?=[0-9A-Za-z]))|[^0-9A-Za-z]+"
)
_LETTERS = 1  # its groups
_BETWEEN = 2
_LOWER = bytes(range(256)).lower()
_DROPPED = bytes(c for c in range(256) if chr(c) not in LETTERS_AND_DIGITS)
_UPPER_RUNS = re.compile("[A-Z]+")


class _FoundParts:
    """Parts of keys that have been found in one text.

    Attributes
    ----------
    text : str
    letters : str
        Its letters and digits in lower case.
    offsets : list of int
        The position of each in the text.
    spans : list of pairs of int
        Where the parts are in the text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.letters, self.offsets = _letters_and_offsets(text)
        self.spans: list[tuple[int, int]] = []
        self._reached: dict[tuple[str, int], int] = {}

    def text_of(self, start: int) -> str:
        """Return the text of the window that begins at a letter."""
        return self.text[self.offsets[start] : self.offsets[start + WINDOW - 1] + 1]

    def add_run(self, start: int, count: int, form: str, offset: int) -> None:
        """Add the whole run of letters that a key's form shares around these, unless it is there.

        Parameters
        ----------
        start, count
            The letters that match.
        form, offset
            The form, and where in it they match.
        """
        letters = self.letters
        lead = offset - start
        if start < self._reached.get((form, lead), 0):
            return
        end = start + count
        while start > 0 and start + lead > 0 and letters[start - 1] == form[start + lead - 1]:
            start -= 1
        while end < len(letters) and end + lead < len(form) and letters[end] == form[end + lead]:
            end += 1
        self._reached[form, lead] = end
        self.spans.append((self.offsets[start], self.offsets[end - 1] + 1))


class Patterns:
    """The search data for a set of keys.

    Parameters
    ----------
    keys
        Keys of fewer than eight characters are ignored.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        ordered = sorted((key for key in keys if len(key) >= WINDOW), key=len, reverse=True)
        self.long = [key for key in ordered if len(key) >= LONG and len(letters_of(key)) >= WINDOW]
        self.whole = [key for key in ordered if key not in self.long]
        self._low = [key.lower() for key in self.long]
        self._windows: dict[str, list[tuple[Form, int]]] = {}
        self._literal: dict[str, list[tuple[Form, int, int]]] = {}
        grams: set[int] = set()
        words: set[str] = set()
        partial_matches: set[str] = set()
        beginnings: set[str] = set()
        for parts in map(search_parts, self.long):
            for window, occurrence in parts.windows.items():
                self._windows.setdefault(window, []).append(occurrence)
            for window, where in parts.literal.items():
                self._literal.setdefault(window, []).append(where)
            grams |= parts.grams
            words |= parts.words
            partial_matches |= parts.partial_matches
            beginnings |= parts.beginnings
        for key in self.whole:
            letters = letters_of(key).lower()
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
        if fewest >= 2 * GRAM - 1:
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
                form for key in self.long for form in stable_forms_of(key)
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
            end = start + (len(raw) - start) // GRAM * GRAM
            if end > start and not self._grams.isdisjoint(memoryview(raw)[start:end].cast("I")):
                return True
        return any(key in text for key in self.whole)

    def find_spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the parts of keys are, in order and without overlaps."""
        found = _FoundParts(text)
        for key in self.whole:
            found.spans += [(start, start + len(key)) for start in find_all(text, key)]
        self._find_windows(found)
        if self._literal:
            self._find_literal_windows(found)
        return merge_spans(found.spans)

    def _find_windows(self, found: _FoundParts) -> None:
        """Find parts of keys by their letters and digits."""
        letters = found.letters
        for start in range(len(letters) - WINDOW + 1):
            window = letters[start : start + WINDOW]
            if window not in self._windows:
                continue
            if window in self._words and self._is_apart(found.text_of(start)):
                continue
            for form, offset in self._windows[window]:
                found.add_run(start, WINDOW, form.letters, offset)

    def _find_literal_windows(self, found: _FoundParts) -> None:
        """Find parts of keys in which other characters stand."""
        low = _UPPER_RUNS.sub(lambda run: run.group().lower(), found.text)
        for index in range(len(low) - WINDOW + 1):
            for form, offset, count in self._literal.get(low[index : index + WINDOW], ()):
                start = bisect_left(found.offsets, index)
                found.add_run(start, count, form.letters, offset)

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
        if escaped and (match := _CUT_ESCAPE.search(text, max(0, len(text) - GRAM))):
            i = match.start()
        while i > 0:
            i -= 1
            c = text[i]
            if escaped and gap < _GAP and (escape := _escape_before(text, i + 1)):
                i -= len(escape) - 1
                gap += 1
            elif c in LETTERS_AND_DIGITS:
                grown = c.lower() + grown
                gap = 0
                if grown not in self._partial_matches:
                    break
                counts = i
                if len(grown) >= _NEAR or grown in self._beginnings:
                    waits = i
            elif gap < _GAP and c in CONTINUES_KEY:
                gap += 1
            else:
                break
        return waits, counts


def _escape_before(text: str, end: int) -> str:
    """Return the escape that ends at a position, "" for none."""
    return next((escape for escape in _ESCAPES if text.endswith(escape, 0, end)), "")


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


def find_all(text: str, word: str, step: int = 0) -> Iterable[int]:
    """Find where a word begins; includes overlapping matches when `step` is 1."""
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + (step or len(word)))


def merge_spans(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
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
