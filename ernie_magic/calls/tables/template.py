"""A prompt with placeholders for a row's values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api.requests import is_missing
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text, whole_characters
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# In one pass: a placeholder is not part of another.
_PLACEHOLDER = re.compile(r"\{\{((?:(?!\{\{|\}\}).)+)\}\}")
# A header row may hold line ends, and a file's byte order mark before its first name.
_BLANKS = re.compile(r"[\s\ufeff\u200b]+")
_SHOWN = 20  # columns in an error


class Placeholder(NamedTuple):
    """Where a row's value goes.

    Attributes
    ----------
    column : str
        As written between the braces; once resolved, the column's own name.
    """

    column: str


@dataclass(frozen=True)
class Template:
    """A prompt in pieces: words that are sent as they are, and placeholders for a row's values.

    What was filled in before is a piece like any other: braces in it are the reader's, not ours.

    Attributes
    ----------
    pieces : tuple of str and Placeholder
    """

    pieces: tuple[str | Placeholder, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Return the template that a text is: its `{{column}}` are placeholders."""
        pieces: list[str | Placeholder] = []
        copied_until = 0
        for found in _PLACEHOLDER.finditer(text):
            pieces += [text[copied_until : found.start()], Placeholder(found.group(1))]
            copied_until = found.end()
        return cls((*pieces, text[copied_until:]))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names."""
        return tuple(piece.column for piece in self.pieces if isinstance(piece, Placeholder))

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing."""
        return not any(isinstance(piece, Placeholder) or piece.strip() for piece in self.pieces)

    def resolve_columns(self, columns: Collection[str]) -> Template:
        """Return it with the columns' own names in its placeholders.

        Raises
        ------
        InvalidOption
            A placeholder names no column (the closest is suggested), or several.
        """
        return Template(
            tuple(
                Placeholder(_require_column(piece.column, columns))
                if isinstance(piece, Placeholder)
                else piece
                for piece in self.pieces
            )
        )

    def fill(self, row: Mapping[str, Any]) -> str:
        """Return the prompt about a row; braces in a value are not filled in again."""
        return "".join(
            _cell_text(row.get(piece.column)) if isinstance(piece, Placeholder) else piece
            for piece in self.pieces
        )


def find_column(written: str, columns: Iterable[str]) -> str | None:
    """Return the column that is meant: of this very name, else the one that differs in blanks only
    (a file's `name, comment` has a column " comment", labels of two levels are "('a', 'b')"); None
    if there is none.

    Raises
    ------
    InvalidOption
        Several differ in blanks only.
    """
    names = list(columns)
    for name in (written, written.strip()):
        if name in names:
            return name
    meant = _without_blanks(written)
    alike = [name for name in names if _without_blanks(name) == meant]
    if len(alike) > 1:
        raise InvalidOption(
            Text("{name} 可能指几列：{columns}", "{name} may be any of the columns {columns}").fill(
                name=written.strip(), columns=", ".join(map(repr, alike[:_SHOWN]))
            ),
            advice=Text("连同空格照原样写", "write its blanks as they are"),
        )
    return next(iter(alike), None)


def _without_blanks(name: str) -> str:
    return _BLANKS.sub("", name)


def _require_column(written: str, columns: Collection[str]) -> str:
    column = find_column(written, columns)
    if column is not None:
        return column
    name = written.strip()
    advice = did_you_mean(name, columns) or Text("有：{known}", "columns: {known}").fill(
        known=", ".join(list(columns)[:_SHOWN])
    )
    if not columns:
        advice = Text("表没有列", "the table has no columns")
    raise InvalidOption(Text("没有列 {name}", "no column {name}").fill(name=name), advice=advice)


def _cell_text(value: object) -> str:
    return "" if is_missing(value) else whole_characters(str(value))
