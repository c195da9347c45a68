"""Names that look like a misspelled one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def near(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Up to `count` of the `known` names that look like `name`, the nearest first; in any case."""
    by_lower = {word.lower(): word for word in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.5)
    return tuple(by_lower[word] for word in found)
