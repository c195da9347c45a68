"""What a group lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ernie_magic.text.encodings import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

ItemT = TypeVar("ItemT")
_SHOWN = 10  # entries in a repr


class Listing(list[ItemT]):
    """A list of things of the platform: its repr counts them and names the first ones.

    Parameters
    ----------
    items
    is_simulated
        Whether the emulator told them: an empty list is its answer too.
    """

    def __init__(self, items: Iterable[ItemT] = (), *, is_simulated: bool = False) -> None:
        super().__init__(items)
        self.is_simulated = is_simulated

    @printable
    def __repr__(self) -> str:
        words = [self._describe(item) for item in self[:_SHOWN]]
        if len(self) > _SHOWN:
            words.append("…")
        told = f": {', '.join(words)}" if words else ""
        simulated = ", simulated=True" if self.is_simulated else ""
        return f"{type(self).__name__}({len(self)}{told}{simulated})"

    def _describe(self, item: Any) -> str:
        """Return what an entry is called there; a class may override it."""
        return str(item.name)
