"""A prompt with placeholders for a row's values."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api.requests import is_missing
from ernie_magic.errors import InvalidExpression, InvalidOption
from ernie_magic.text.language import Text, whole_characters
from ernie_magic.text.suggest import close_matches, did_you_mean
from ernie_magic.text.whole_values import whole_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

# In one pass: a placeholder is not part of another.
_PLACEHOLDER = re.compile(r"\{\{((?:(?!\{\{|\}\}).)+)\}\}", re.DOTALL)
_MAX_ENDS = 8  # `}}` that are tried after one `{{`: a column's name may hold some
_ADDED_BLANKS = 100  # characters by which a name may be longer as it is written
# A header row may hold line ends, and a file's byte order mark before its first name.
_BLANKS = re.compile(r"[\s\ufeff\u200b]+")
_SHOWN = 20  # columns in an error
# What stands between names: of a list, and of Python's `df["a"]`.
_PARTS = re.compile(r"[\s,，、;；|.\[\](){}'\"“”]+")
_EACH_ALONE = Text(
    "一次只能写一列；在提示词里分别写 {columns}",
    "one column is named at a time; in the prompt write {columns}",
)
_ONE_FOR_ALL_ROWS = Text(
    "{option} 对所有行都一样，不能放一行的值 {column}",
    "{option} is one for all rows: it takes no row's value {column}",
)
_VALUE_IN_PROMPT = Text("把 {{{{{column}}}}} 写进提示词", "write {{{{{column}}}}} into the prompt")
# A name in braces of any number, also in the wide ones of a Chinese keyboard.
_IN_BRACES = re.compile(r"[{｛]{1,9}([^{}｛｝\n]{1,200})[}｝]{1,9}")
_UNCLOSED = re.compile(r"[{｛]{2}[ \t]*([^\W\d]\w*)")


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
    def parse(cls, text: str, columns: Collection[str] = ()) -> Template:
        """Return the template that a text is: its `{{column}}` are placeholders.

        Parameters
        ----------
        columns
            Those of the table: a name may hold braces and line breaks. Without them braces on one
            line are a placeholder, whatever they name.
        """
        pieces: list[str | Placeholder] = []
        copied_until = 0
        for start, end in column_spans(text, columns):
            pieces += cls._parse_unknown(text[copied_until:start], columns)
            pieces.append(Placeholder(text[start + 2 : end - 2]))
            copied_until = end
        return cls((*pieces, *cls._parse_unknown(text[copied_until:], columns)))

    @staticmethod
    def _parse_unknown(text: str, columns: Collection[str]) -> Iterator[str | Placeholder]:
        """Iterate over the pieces of a text in which braces name no column: those on one line are a
        placeholder all the same, and so are those over several lines that resemble a column's name.
        Both are reported when the columns are resolved.
        """
        copied_until = 0
        for found in _PLACEHOLDER.finditer(text):
            written = found.group(1)
            if "\n" in written and not close_matches(written.strip(), columns):
                continue
            yield text[copied_until : found.start()]
            yield Placeholder(written)
            copied_until = found.end()
        yield text[copied_until:]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names."""
        return tuple(piece.column for piece in self.pieces if isinstance(piece, Placeholder))

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing."""
        return not any(isinstance(piece, Placeholder) or piece.strip() for piece in self.pieces)

    def find_braced_column(self, columns: Collection[str]) -> str | None:
        """Return what stands in braces among its words and names a column all the same: single
        braces, or double ones in a value that was filled in. None if there is no such thing.
        """
        names = ColumnNames(columns)
        for piece in self.pieces:
            if isinstance(piece, Placeholder):
                continue
            for found in (*_IN_BRACES.finditer(piece), *_UNCLOSED.finditer(piece)):
                if names.find_names(found[1]):
                    return found[0]
        return None

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

    def rename_column(self, name: str, new_name: str) -> Template:
        """Return it with another column in the place of one."""
        renamed: dict[str | Placeholder, str | Placeholder] = {
            Placeholder(name): Placeholder(new_name)
        }
        return Template(tuple(renamed.get(piece, piece) for piece in self.pieces))

    def takes_nothing(self, row: Mapping[str, Any]) -> bool:
        """Whether it has columns, and none of them has anything but blanks in a row."""
        values = [_cell_text(row.get(name)) for name in self.columns]
        return bool(values) and not any(value.strip() for value in values)

    def fill(self, row: Mapping[str, Any]) -> str:
        """Return the prompt about a row; braces in a value are not filled in again."""
        return "".join(
            _cell_text(row.get(piece.column)) if isinstance(piece, Placeholder) else piece
            for piece in self.pieces
        )


class ColumnNames:
    """A table's columns, by each way in which their names may be written: of this very name; one
    that differs in blanks only (a file's `name, comment` has a column " comment", labels of two
    levels are "('a', 'b')"); one that differs in Unicode's compatibility forms (Unicode Standard
    Annex 15), as full-width or decomposed letters do.
    """

    def __init__(self, columns: Iterable[str]) -> None:
        self._names = dict.fromkeys(columns)
        self._by_form: tuple[dict[str, list[str]], ...] = ({}, {})
        for name in self._names:
            for by_form, form in zip(self._by_form, _forms_of(name), strict=True):
                by_form.setdefault(form, []).append(name)
        self.longest = max(map(len, self._names), default=0)

    def find_names(self, written: str) -> list[str]:
        """Return the columns that may be meant: those of the closest form."""
        for name in (written, written.strip()):
            if name in self._names:
                return [name]
        for by_form, form in zip(self._by_form, _forms_of(written), strict=True):
            if alike := by_form.get(form):
                return alike
        return []


def _forms_of(name: str) -> tuple[str, str]:
    """Return a name without blanks, and the same in compatibility form, without what cannot be
    seen.
    """
    bare = _BLANKS.sub("", name)
    if bare.isascii():
        return bare, bare
    normal = unicodedata.normalize("NFKC", bare)
    visible = "".join(letter for letter in normal if unicodedata.category(letter) != "Cf")
    return bare, _BLANKS.sub("", visible)


def find_column(written: str, columns: Iterable[str]) -> str | None:
    """Return the column that is meant (`ColumnNames`), None if there is none.

    Raises
    ------
    InvalidOption
        Several may be meant.
    """
    alike = ColumnNames(columns).find_names(written)
    if len(alike) > 1:
        raise InvalidOption(
            Text("{name} 可能指几列：{columns}", "{name} may be any of the columns {columns}").fill(
                name=written.strip(), columns=", ".join(map(repr, alike[:_SHOWN]))
            ),
            advice=Text("连同空格照原样写", "write its blanks and letters as they are"),
        )
    return next(iter(alike), None)


def row_value_error(option: str, column: str) -> InvalidExpression:
    """Return the error for a row's value in what is one for all rows."""
    return InvalidExpression(
        _ONE_FOR_ALL_ROWS.fill(option=option, column=column),
        advice=_VALUE_IN_PROMPT.fill(column=column),
    )


def column_spans(text: str, columns: Collection[str]) -> list[tuple[int, int]]:
    """Return where a text names columns in double braces, from the first brace to behind the last.
    Of several ends the first that makes a column's name counts; what is not one begins at the next
    brace (`{{{a}}}` is the value of `a` in braces).
    """
    spans: list[tuple[int, int]] = []
    if not columns:
        return spans
    names = ColumnNames(columns)
    start = text.find("{{")
    while start >= 0:
        end = _find_column_end(text, start + 2, names)
        next_start = start + 1
        if end >= 0:
            spans.append((start, end + 2))
            next_start = end + 2
        start = text.find("{{", next_start)
    return spans


def _find_column_end(text: str, start: int, names: ColumnNames) -> int:
    """Return where the column's name ends that begins at `start`, -1 when none does."""
    stop = start + names.longest + _ADDED_BLANKS
    end = start
    for _ in range(_MAX_ENDS):
        end = text.find("}}", end, stop)
        if end < 0:
            break
        written = text[start:end]
        if written.strip() and names.find_names(written):
            return end
        end += 1
    return -1


def _require_column(written: str, columns: Collection[str]) -> str:
    column = find_column(written, columns)
    if column is not None:
        return column
    name = written.strip()
    advice = Text("表没有列", "the table has no columns")
    if columns:
        advice = _advise_on_column(name, columns)
    raise InvalidOption(Text("没有列 {name}", "no column {name}").fill(name=name), advice=advice)


def _advise_on_column(name: str, columns: Collection[str]) -> Text:
    """Return what to write for a name that no column has: of several columns in one (`a, b`) each
    stands in braces of its own, and Python's way to write one (`df["a"]`) is the bare name here.
    """
    known = ColumnNames(columns)
    named = [column for part in _PARTS.split(name) if part for column in known.find_names(part)]
    if len(named) > 1:
        return _EACH_ALONE.fill(columns=" ".join(f"{{{{{column}}}}}" for column in named[:_SHOWN]))
    return (
        did_you_mean(name, columns)
        or did_you_mean("".join(named), named)
        or Text("有：{known}", "columns: {known}").fill(known=", ".join(list(columns)[:_SHOWN]))
    )


def _cell_text(value: object) -> str:
    return "" if is_missing(value) else whole_characters(whole_text(value))
