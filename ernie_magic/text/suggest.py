"""Names that look like a misspelled one."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ABBREVIATED = 3  # characters that tell a name by its beginning
_LONGEST = 200  # characters of a name: what is longer is not misspelled
_LOOKED_AT = 10_000  # names: each of them costs some 10 µs


def near(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Up to `count` of the `known` names that look like `name`, the nearest first; in any case.
    One it begins comes before others.
    """
    if len(name) > _LONGEST:
        return ()
    by_lower = {word.lower(): word for word in islice(known, _LOOKED_AT) if len(word) <= _LONGEST}
    lower = name.lower()
    begun = [
        word
        for word in by_lower
        if len(lower.strip("-")) >= _ABBREVIATED and word.startswith(lower) and word != lower
    ]
    close = difflib.get_close_matches(lower, by_lower, n=count, cutoff=0.5)
    return tuple(by_lower[word] for word in dict.fromkeys([*sorted(begun, key=len), *close]))[
        :count
    ]
