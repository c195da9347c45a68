"""Quiet lines that open: what stands below an answer for whoever wants to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.notebook.display.origin import line_html
from ernie_magic.notebook.display.style import note_html
from ernie_magic.text.language import Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from ernie_magic.text.language import Language

MAX_ITEMS = 50  # tool calls, search results, files
MAX_CHARACTERS = 300  # characters of a tool's result, an id, a title
MORE = Text("……还有 {n} 项", "… and {n} more")


def folded_html(title: str, body: str) -> str:
    """A quiet line that opens."""
    return f"<details><summary>{note_html(title)}</summary>{body}</details>"


def folded_lines_html(title: str, lines: list[str], language: Language, total: int = 0) -> str:
    """Small lines of HTML below a title in words, with a note when `total` exceeds the lines shown."""
    left_out = total - len(lines)
    if left_out > 0:
        lines = [*lines, plain_html(MORE.say(language, n=left_out))]
    return folded_html(line_html(title), f"<small>{'<br>'.join(lines)}</small>")
