"""Suggest names that resemble a misspelled one."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

DID_YOU_MEAN = Text("是不是 {close}？", "did you mean {close}?")
_ABBREVIATED = 3  # characters that identify a name by its beginning
_CHARACTERS_PER_SLIP = 4  # of a name: so many may hold one wrong character
_MAX_SLIPS = 3
_SHORTEST = 3  # characters of a name in which one is wrong: of two, the other says too little
_MAX_ABBREVIATED = 3  # names that one abbreviation may stand for, of those that are told
_SHORTEST_FURTHER = 6  # characters of a name in which two are wrong
_SHORTEST_BEGINNING = 8  # characters of a name's first words in which one is wrong
_LONGEST = 200  # characters of a name: a longer one is not a misspelling
_MAX_CANDIDATES = 10_000  # names: each costs about 10 µs
# The closest name would ask for the opposite.
_OPPOSITES = (("enable", "disable"), ("min", "max"))
_SEPARATORS = re.compile(r"[\W_]+")


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
    by_lower = {
        _fold(word): word for word in islice(known, _MAX_CANDIDATES) if len(word) <= _LONGEST
    }
    lower = _fold(name)
    ranks = {word: rank for word in by_lower if (rank := _rank(lower, word)) is not None}
    near = sorted(ranks, key=ranks.__getitem__)
    if not near:
        near = _only_one_further(lower, by_lower)
    if not near:
        near = sorted((word for word in by_lower if _begins_with_slip(lower, word)), key=len)
    return tuple(by_lower[word] for word in near[:count])


_BEGUN, _MISSPELLED, _OF_ITS_WORDS = 1, 2, 3


def _rank(name: str, word: str) -> tuple[int, int] | None:
    """Return how near a known name is, the lowest first; None if it is not near.

    One begins as the other; it differs by a slip or two; or one of the two consists of the other's
    words (`timeout`, `request_timeout`).
    """
    typed = name.strip("-_ ")
    meant = word.strip("-_ ")
    if _are_opposite(typed, meant):
        return None
    if len(typed) >= _ABBREVIATED and meant.startswith(typed) and meant != typed:
        return _BEGUN, len(meant)
    longest = max(len(typed), len(meant))
    allowed = min(max(1, longest // _CHARACTERS_PER_SLIP), _MAX_SLIPS)
    distance = _count_slips(typed, meant, allowed)
    if distance <= allowed and (longest >= _SHORTEST or not distance):
        return _MISSPELLED, distance
    if len(meant) >= _ABBREVIATED and typed.startswith(meant):  # `integer`, `int`
        return _OF_ITS_WORDS, len(typed) - len(meant)
    words = [set(filter(None, _SEPARATORS.split(text))) for text in (typed, meant)]
    if min(map(len, words)) and _have_same_words(*words):
        return _OF_ITS_WORDS, abs(len(meant) - len(typed))
    return None


def _are_opposite(name: str, other: str) -> bool:
    return any(
        name != other and name.replace(one, "") == other.replace(another, "")
        for pair in _OPPOSITES
        for one, another in (pair, pair[::-1])
        if name.startswith(one) and other.startswith(another)
    )


def _only_one_further(name: str, known: Iterable[str]) -> list[str]:
    """Return the one name that differs by a slip more than is near, from its second character on:
    `dokter` is `doctor` where nothing else resembles it.
    """
    typed = name.strip("-_ ")
    if len(typed) < _SHORTEST_FURTHER:
        return []
    allowed = max(2, len(typed) // _CHARACTERS_PER_SLIP + 1)
    further = [
        word
        for word in known
        if word.strip("-_ ")[:1] == typed[:1]
        and not _are_opposite(typed, word.strip("-_ "))
        and _count_slips(typed, word.strip("-_ "), allowed) <= allowed
    ]
    return further if len(further) == 1 else []


def _begins_with_slip(name: str, word: str) -> bool:
    """Whether the first words of a known name are these but for a slip (`ernie-sped`,
    `ernie-speed-8k`); of one word that would say too little.
    """
    separators = list(_SEPARATORS.finditer(word))
    count = len(_SEPARATORS.findall(name))
    if len(name) < _SHORTEST_BEGINNING or not 0 < count < len(separators):
        return False
    return _count_slips(name, word[: separators[count].start()], 1) == 1


def _have_same_words(typed: set[str], meant: set[str]) -> bool:
    """Whether one name has all words of the other, of which one at least is a word."""
    shared = typed & meant
    return shared in (typed, meant) and max(map(len, shared), default=0) >= _SHORTEST


def _count_slips(typed: str, meant: str, allowed: int) -> int:
    """Return how many slips make one text of another: a character that is missing, too many or
    another, or two that changed places (the optimal string alignment distance); more than `allowed`
    is not counted further.
    """
    if abs(len(typed) - len(meant)) > allowed:
        return allowed + 1
    pairs = zip(typed, meant, strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    typed, meant = typed[same:], meant[same:]
    before_last = list[int]()
    last = list(range(len(meant) + 1))
    for row, character in enumerate(typed, 1):
        current = [row]
        for column, other in enumerate(meant, 1):
            replaced = last[column - 1] + (character != other)
            cheapest = min(last[column] + 1, current[-1] + 1, replaced)
            if before_last and typed[row - 2 : row] == meant[column - 2 : column][::-1]:
                cheapest = min(cheapest, before_last[column - 2] + 1)
            current.append(cheapest)
        if min(current) > allowed:
            return allowed + 1
        before_last, last = last, current
    return last[-1]


def _fold(word: str) -> str:
    """Return a word without differences of case and of compatibility forms (full-width letters)."""
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKC", word).lower()


def did_you_mean(name: str, known: Iterable[str], count: int = 1) -> Text | None:
    """Return the question "did you mean …?" about a misspelled name; None if nothing is close. Of
    several names that begin as an abbreviation does, all are named.
    """
    suggestions = close_matches(name, known, max(count, _MAX_ABBREVIATED))
    named = suggestions[:count]
    if abbreviated := _names_begun(name, suggestions):
        named = abbreviated
    if not named:
        return None
    return DID_YOU_MEAN.fill(close=", ".join(named))


def _names_begun(name: str, suggestions: Iterable[str]) -> tuple[str, ...]:
    """Return the names that an abbreviation may stand for, none where it can only be the first:
    `top` is `top-k` or `top-p`, and `think` is `thinking` before it is `thinking-budget`.
    """
    typed = _fold(name).strip("-_ ")
    begun = [word for word in suggestions if _fold(word).strip("-_ ").startswith(typed)]
    first, *others = begun or ("",)
    if all(_fold(word).startswith(_fold(first)) for word in others):
        return ()
    # The plural of what was typed is nearest.
    return tuple(sorted(begun, key=lambda word: (_fold(word).strip("-_ ") != f"{typed}s", word)))
