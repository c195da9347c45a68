"""Many prompts that one cell asks in one conversation, as `frame["text"].apply(ernie.chat)` does:
each is sent with all before it, and is billed and answered with them.
"""

from __future__ import annotations

from ernie_magic.runtime.interrupts import CELLS
from ernie_magic.text.language import Text

_MANY = 10
MANY_IN_CELL = Text(
    "这个单元格已在同一个对话里提问 {n} 次，每次都带着之前的各轮。互不相关的提示词用 %%ernie_map "
    "或 ernie.map(…)，或给 history=False",
    "this cell has asked {n} prompts of one conversation, each sent with all before it. "
    "For prompts that are independent use %%ernie_map or ernie.map(…), or give history=False",
)


class TurnsInCell:
    """Counts a conversation's prompts by the cell that asks them."""

    def __init__(self) -> None:
        self._cell = 0
        self._count = 0

    def add(self) -> Text | None:
        """Count a prompt; return what is said of as many as one cell seldom means, once for each
        cell.
        """
        if not CELLS.running:
            return None
        if self._cell != CELLS.running:
            self._cell, self._count = CELLS.running, 0
        self._count += 1
        if self._count == _MANY:
            return MANY_IN_CELL.fill(n=_MANY)
        return None
