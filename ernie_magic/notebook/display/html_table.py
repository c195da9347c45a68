"""A small table: HTML in a notebook, aligned text elsewhere (Chinese characters are two columns
wide).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ernie_magic.text.language import clip_text
from ernie_magic.text.sanitize import plain_html
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, repr=False)
class Table:
    """Rows under headers.

    Attributes
    ----------
    headers : sequence of str
    rows : sequence of sequences of str
    note : str
        A line below the table, "" for none.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    def _repr_html_(self) -> str:
        head = "".join(f'<th style="text-align:left">{plain_html(h)}</th>' for h in self.headers)
        body = "".join(
            "<tr>"
            + "".join(
                f'<td style="text-align:left;white-space:pre-wrap">{plain_html(c)}</td>'
                for c in row
            )
            + "</tr>"
            for row in self.rows
        )
        note = f"<p><small>{plain_html(self.note)}</small></p>" if self.note else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"

    def __repr__(self) -> str:
        lines = [
            [make_controls_visible(cell).replace("\n", " ") for cell in row]
            for row in (self.headers, *self.rows)
        ]
        widths = [max(display_width(line[i]) for line in lines) for i in range(len(self.headers))]
        rendered_lines = [
            "  ".join(
                cell + " " * (w - display_width(cell)) for cell, w in zip(line, widths, strict=True)
            ).rstrip()
            for line in lines
        ]
        rendered_lines.insert(1, "  ".join("-" * w for w in widths))
        if self.note:
            rendered_lines.append(make_controls_visible(self.note))
        return "\n".join(rendered_lines)


def display_width(text: str) -> int:
    """Columns that a text occupies in a terminal."""
    return sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.combining(character) else 1


def clip_to_line(text: str, limit: int = 80) -> str:
    """The beginning of a text, on one line."""
    return clip_text(" ".join(text.split()), limit)
