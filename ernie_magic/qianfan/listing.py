"""What a group lists."""

from __future__ import annotations

from typing import Any, TypeVar

ItemT = TypeVar("ItemT")
_SHOWN = 10  # entries in a repr


class Listing(list[ItemT]):
    """A list of things of the platform: its repr counts them and names the first ones."""

    def __repr__(self) -> str:
        words = [self._describe(item) for item in self[:_SHOWN]]
        if len(self) > _SHOWN:
            words.append("…")
        told = f": {', '.join(words)}" if words else ""
        return f"{type(self).__name__}({len(self)}{told})"

    def _describe(self, item: Any) -> str:
        """Return what an entry is called there; a class may override it."""
        return str(item.name)
