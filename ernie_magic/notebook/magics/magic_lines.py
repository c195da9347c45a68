"""Lines of magics within a cell's text, where they are words that are sent."""

from __future__ import annotations

from ernie_magic.calls.magic_code import find_magic_line
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text, clip_text

_SECOND_MAGIC = Text(
    "单元格的文字里又有一行魔法命令：{line}", "a second magic stands in the cell's text: {line}"
)
_ONE_EACH = Text(
    "一个单元格一条：选项都写在第一行，另一条写进新的单元格；要把这一行原样发送，加 --verbatim",
    "write one magic per cell: all options go on the first line, another magic into a cell of its "
    "own; to send this line as it is, add --verbatim",
)
_SHOWN = 60  # characters of a line in an error


def check_for_magics(text: str) -> None:
    """Check that no line of a cell's text is a magic of ours, which would be sent, and paid for, as
    words. A text with a block of code may be about such lines.

    Raises
    ------
    InvalidOption
    """
    if line := find_magic_line(text):
        raise InvalidOption(_SECOND_MAGIC.fill(line=clip_text(line, _SHOWN)), advice=_ONE_EACH)
