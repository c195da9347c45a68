"""The forms that a text may give a key: as it is, reversed, in hexadecimal, in base64; and what of
each is searched for.
"""

from __future__ import annotations

import base64
import re
import string
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOW = 8  # consecutive characters that count as part of a key
LONG = 16  # a shorter key is made of words: only looked for as a whole
GRAM = 4  # bytes
LETTERS_AND_DIGITS = frozenset(string.ascii_letters + string.digits)

# What public documents say about each kind of key: not a secret.
_PUBLIC = re.compile(
    r"bce-v3/(ALTAK-?)?|ALTAK-?|sk-(proj-|svcacct-|ant-[a-z]+\d+-|or-v\d+-)?|2[45]\."
)
_LIFETIME = "2592000"  # of an access token


class Form(NamedTuple):
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


def _form(written: str, public_from: int = 0, public_to: int = 0) -> Form:
    return Form(written.lower(), public_from, public_to, written)


def letters_of(text: str) -> str:
    """Return a text's letters and digits (of ASCII)."""
    return "".join(c for c in text if c in LETTERS_AND_DIGITS)


def _public_prefix(key: str) -> str:
    """Return the beginning of a key that is the same in every key of its kind, "" where none is."""
    match = _PUBLIC.match(key)
    if match is None:
        return ""
    return match.group()


def _forms(key: str) -> list[Form]:
    raw = key.encode()
    prefix = _public_prefix(key)
    plain = letters_of(key)
    public = len(letters_of(prefix))
    forms = [
        _form(plain, 0, public),
        _form(plain[::-1], len(plain) - public, len(plain)),
        _form(raw.hex(), 0, 2 * len(prefix)),
    ]
    if (quoted := quote(key, safe="")) != key:
        forms.append(_form(letters_of(quoted), 0, len(letters_of(quote(prefix, safe="")))))
    for shift, written in enumerate(_base64_forms(raw)):
        public_to = 0
        if prefix:
            public_to = (shift + len(prefix)) * 8 // 6 - _first_fixed_digit(shift)
        forms.append(_form(letters_of(written), 0, len(letters_of(written[: max(0, public_to)]))))
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


class SearchParts(NamedTuple):
    """The search data for one key."""

    windows: dict[str, tuple[Form, int]]
    words: frozenset[str]
    literal: dict[str, tuple[Form, int, int]]
    grams: frozenset[int]
    partial_matches: frozenset[str]
    beginnings: frozenset[str]


@lru_cache(maxsize=64)
def search_parts(key: str) -> SearchParts:
    """Return what is searched for to find a key."""
    forms = _forms(key)
    windows: dict[str, tuple[Form, int]] = {}
    words: set[str] = set()
    partial_matches: set[str] = set()
    for form in forms:
        found = _windows_of(form)
        for index, window in found.items():
            windows.setdefault(window, (form, index))
        words |= {window for index, window in found.items() if form.is_word(index)}
        partial_matches |= _partial_matches_of(form, found)
    literal = _literal_windows(key, forms[0])
    grams: set[str] = set()
    for window in windows:
        grams |= _grams_of(window)
    for form, start, count in literal.values():
        grams |= _grams_of(form.letters[start : start + count])
    plain = forms[0].letters
    beginnings = {plain[:end] for end in range(1, len(plain) + 1)}
    codes = {int.from_bytes(gram.encode(), sys.byteorder) for gram in grams}
    return SearchParts(
        windows,
        frozenset(words),
        literal,
        frozenset(codes),
        frozenset(partial_matches),
        frozenset(beginnings & partial_matches),
    )


def _windows_of(form: Form) -> dict[int, str]:
    """Return the windows of a form by their positions, without those that are wholly public."""
    letters = form.letters
    return {
        start: letters[start : start + WINDOW]
        for start in range(len(letters) - WINDOW + 1)
        if start < form.public_from or start + WINDOW > form.public_to
    }


def _partial_matches_of(form: Form, windows: Mapping[int, str]) -> set[str]:
    """Return texts that may still become part of the key, but are not yet."""
    size = len(form.letters)
    matches: set[str] = set()
    # The next position at which a window begins that is certainly part of the key.
    certain = size
    for start in reversed(range(size)):
        if start in windows and not form.is_word(start):
            certain = start
        end = min(certain + WINDOW - 1, size)
        matches |= {form.letters[start:stop] for stop in range(start + 1, end + 1)}
    return matches


def _literal_windows(key: str, plain: Form) -> dict[str, tuple[Form, int, int]]:
    """Return the windows of a key that hold other characters than letters and digits, with where
    these stand among its letters, and how many they are.
    """
    public = len(_public_prefix(key))
    found: dict[str, tuple[Form, int, int]] = {}
    for start in range(len(key) - WINDOW + 1):
        window = key[start : start + WINDOW]
        count = len(letters_of(window))
        if count == WINDOW or count <= GRAM:
            continue
        if start + WINDOW <= public or _LIFETIME in window:
            continue
        found[window.lower()] = (plain, len(letters_of(key[:start])), count)
    return found


def _grams_of(window: str) -> set[str]:
    return {window[start : start + GRAM] for start in range(len(window) - GRAM + 1)}


def stable_forms_of(key: str) -> list[str]:
    """Return how a long key is written whatever surrounds it, without its ends."""
    raw = key.encode()
    encoded = _base64_forms(raw)
    url_safe = [written.replace("+", "-").replace("/", "_") for written in encoded]
    return [key[1:-1], raw.hex()[2:-2], *encoded, *url_safe]
