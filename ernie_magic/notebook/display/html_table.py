"""A small table: HTML in a notebook, aligned text elsewhere (Chinese characters are two columns
wide).
"""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from dataclasses import dataclass, field
from itertools import accumulate, takewhile, zip_longest
from typing import TYPE_CHECKING

from ernie_magic.notebook.display.origin import line_html
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import clip_text
from ernie_magic.text.sanitize import plain_html
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A number, two of them ("0.0008 / 0.0032"), or what stands for one that is not known.
_ONE_NUMBER = r"[-\N{MINUS SIGN}]?\d[\d,]*(?:\.\d+)?"
_NUMBER = re.compile(rf"(?:{_ONE_NUMBER}%?(?: / {_ONE_NUMBER})?|[?–])?")
# A name such as ernie-5.0, perhaps with a remark: "ernie-5.0 (default)".
_NAME = re.compile(r"(?=.{1,32}$)(?a:[\w.:]+(?:-[\w.:]+)+)(?: ?[(（][^()（）]{1,12}[)）])?")
_UNBROKEN_CODE = 40  # characters: shorter code stays on one line
_NOTE = "opacity:.75"
_GAP = 2  # blanks between columns of text
_NARROWEST = 16  # columns of a terminal: a narrower column is no longer read
_MAX_ROWS = 1_000  # that are shown: a list of 20,000 is 7 MB in the saved notebook
# On the page's own ground: rows are striped.
_HEADING = (
    "background:var(--jp-layout-color0,transparent);padding-top:1em;"
    "border-bottom:1px solid var(--jp-border-color2,#bdbdbd)"
)


@dataclass(frozen=True, repr=False)
class Table:
    """Rows under headers; columns of numbers are aligned right.

    Attributes
    ----------
    headers : sequence of str
    rows : sequence of sequences of str
    note : str
        A line below the table, "" for none.
    headings : mapping of int to str
        What stands above some rows, by the row's index.
    folded : int
        How many rows at the end are folded in a page.
    folded_title : str
        The line that opens them.
    code : sequence of int
        Columns whose cells are code.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    headings: Mapping[int, str] = field(default_factory=dict)
    folded: int = 0
    folded_title: str = ""
    code: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def _sides(self) -> list[str]:
        """The side that each column is aligned to."""
        sides = []
        for column in range(len(self.headers)):
            cells = [row[column] for row in self.rows[:_MAX_ROWS]]
            is_numeric = any(cells) and all(map(_NUMBER.fullmatch, cells))
            sides.append("right" if is_numeric else "left")
        return sides

    def _repr_html_(self) -> str:
        count = min(len(self.rows), _MAX_ROWS)
        shown = min(len(self.rows) - self.folded, count)
        markup = self._table_html(range(shown))
        if shown < count:
            rest = self._table_html(range(shown, count))
            title = f"<summary><small>{plain_html(self.folded_title)}</small></summary>"
            markup += f"<details>{title}{rest}</details>"
        if notes := self._notes():
            note = "<br>".join(map(line_html, notes.split("\n")))
            markup += f'<p><small style="{_NOTE}">{note}</small></p>'
        return markup

    def _notes(self) -> str:
        """What stands below the table: how many of its rows are shown, where not all are."""
        if len(self.rows) <= _MAX_ROWS:
            return self.note
        return f"… {_MAX_ROWS:,} / {len(self.rows):,}\n{self.note}".rstrip()

    def _table_html(self, indexes: range) -> str:
        """Some of the rows below the headers."""
        sides = self._sides()
        head = "".join(
            f'<th style="text-align:{side}">{plain_html(header)}</th>'
            for header, side in zip(self.headers, sides, strict=True)
        )
        body = "".join(self._row_html(index, sides) for index in indexes)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f'<div style="overflow-x:auto">{table}</div>'

    def _row_html(self, index: int, sides: Sequence[str]) -> str:
        heading = ""
        if index in self.headings:
            span = len(self.headers)
            style = f"text-align:left;{_HEADING}"
            title = plain_html(self.headings[index])
            cell = f'<th colspan="{span}" style="{style}">{title}</th>'
            heading = f"<tr>{cell}</tr>"
        cells = "".join(
            f'<td style="text-align:{side};white-space:{_wrapping(cell)}">'
            f"{self._cell_html(column, cell)}</td>"
            for column, (cell, side) in enumerate(zip(self.rows[index], sides, strict=True))
        )
        return f"{heading}<tr>{cells}</tr>"

    def _cell_html(self, column: int, cell: str) -> str:
        if column in self.code and cell:
            style = "white-space:nowrap" if len(cell) <= _UNBROKEN_CODE else "white-space:pre-wrap"
            return f'<code style="{style}">{plain_html(cell)}</code>'
        return plain_html(cell)

    @printable
    def __repr__(self) -> str:
        sides = self._sides()
        rows = (self.headers, *self.rows[:_MAX_ROWS])
        lines = [[_one_line(cell) for cell in row] for row in rows]
        widths = _fit_to_terminal(
            [max(map(display_width, column)) for column in zip(*lines, strict=True)]
        )
        head, *body = (_aligned_row(line, widths, sides) for line in lines)
        rendered_lines = [head, (" " * _GAP).join("-" * width for width in widths)]
        first_folded = len(self.rows) - self.folded
        for index, line in enumerate(body):
            if index in self.headings:
                rendered_lines += ["", _one_line(self.headings[index])]
            if self.folded and index == first_folded:
                rendered_lines += ["", _one_line(self.folded_title)]
            rendered_lines.append(line)
        if notes := self._notes():
            rendered_lines.append(make_controls_visible(notes))
        return "\n".join(rendered_lines)


def _wrapping(cell: str) -> str:
    """How CSS breaks a cell's lines: a name such as ernie-5.0 not at its hyphens."""
    return "nowrap" if _NAME.fullmatch(cell) else "pre-wrap"


def _one_line(cell: str) -> str:
    return make_controls_visible(cell).replace("\n", " ")


def _fit_to_terminal(widths: list[int]) -> list[int]:
    """Return the columns' widths where a terminal shows them: its lines would break anywhere, so
    the widest columns are made narrower. A page, a file and a pipe have no width.
    """
    if not getattr(sys.stdout, "isatty", bool)():
        return widths
    fitting = list(widths)
    room = shutil.get_terminal_size().columns - _GAP * (len(widths) - 1)
    while sum(fitting) > room and max(fitting) > _NARROWEST:
        fitting[fitting.index(max(fitting))] -= 1
    return fitting


def _aligned_row(cells: Sequence[str], widths: Sequence[int], sides: Sequence[str]) -> str:
    """A row of one line, or of several where a cell is wider than its column."""
    wrapped = [_wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = zip_longest(*wrapped, fillvalue="")
    return "\n".join(_aligned_line(line, widths, sides) for line in lines)


def _wrap(cell: str, width: int) -> list[str]:
    """The lines of a cell, broken at blanks where there are any."""
    lines = []
    rest = cell
    while display_width(rest) > width:
        end = _characters_within(rest, width)
        blank = rest.rfind(" ", 1, end + 1)
        lines.append(rest[: blank if blank > 0 else end])
        rest = rest[blank + 1 if blank > 0 else end :]
    return [*lines, rest]


def _characters_within(text: str, width: int) -> int:
    """How many characters of a text fit, one at least."""
    columns = accumulate(map(_character_width, text))
    return max(1, sum(1 for _ in takewhile(lambda column: column <= width, columns)))


def _aligned_line(cells: Sequence[str], widths: Sequence[int], sides: Sequence[str]) -> str:
    padded = []
    for cell, width, side in zip(cells, widths, sides, strict=True):
        blanks = " " * (width - display_width(cell))
        padded.append(blanks + cell if side == "right" else cell + blanks)
    return (" " * _GAP).join(padded).rstrip()


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
