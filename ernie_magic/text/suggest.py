"""Suggest names that resemble a misspelled one."""

from __future__ import annotations

import unicodedata
from itertools import islice
from typing import TYPE_CHECKING

from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

_ABBREVIATED = 3  # characters that identify a name by its beginning
_LONGEST = 200  # characters of a name: a longer one is not a misspelling
_MAX_CANDIDATES = 10_000  # names: each costs about 10 µs


def close_matches(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Return up to `count` of the `known` names that resemble `name`, ignoring case and
    compatibility forms, the closest first.

    Names that begin with it come before the others.

    Parameters
    ----------
    name
        At most 200 characters; a longer one has no suggestions.
    known
        The valid names; the first 10,000 are searched.
    count
        At most this many.
    """
    if len(name) > _LONGEST:
        return ()
    import difflib  # for an error only: loading the extension does not pay for it

    by_lower = {
        _fold(word): word for word in islice(known, _MAX_CANDIDATES) if len(word) <= _LONGEST
    }
    lower = _fold(name)
    begun = [
        word
        for word in by_lower
        if len(lower.strip("-")) >= _ABBREVIATED and word.startswith(lower) and word != lower
    ]
    close = difflib.get_close_matches(lower, by_lower, n=count, cutoff=0.5)
    return tuple(by_lower[word] for word in dict.fromkeys([*sorted(begun, key=len), *close]))[
        :count
    ]


def _fold(word: str) -> str:
    """Return a word without differences of case and of compatibility forms (full-width letters)."""
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKC", word).lower()


def did_you_mean(name: str, known: Iterable[str], count: int = 1) -> Text | None:
    """Return the question "did you mean …?" about a misspelled name; None if nothing is close."""
    suggestions = close_matches(name, known, count)
    if not suggestions:
        return None
    return Text("是不是 {close}？", "did you mean {close}?").fill(close=", ".join(suggestions))
