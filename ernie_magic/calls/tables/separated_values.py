"""Texts of values between separators, as CSV files have them: which separator it is, and whether
each row has the header's values.
"""

from __future__ import annotations

import csv
import io
import re
from contextlib import suppress
from itertools import takewhile
from typing import TYPE_CHECKING

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Counted, Text, untranslated

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINES_ABOVE = Counted(
    Text("表头上面还有 {n} 行", "{n} lines stand above its header"),
    Text("表头上面还有 {n} 行", "{n} line stands above its header"),
)
_DELETE_LINES = Text(
    "删掉它们，或用 pd.read_csv(…, skiprows={n}) 读成 DataFrame",
    "delete them, or read it into a DataFrame with pd.read_csv(…, skiprows={n})",
)
_REMARK = "#"  # begins a line above a header that is no part of the table
_LONGER_ROW = Text(
    "第 {line} 行有 {n} 个值，表头只有 {columns} 个",
    "line {line} has {n} values, and the header {columns}",
)
_QUOTE = Text(
    "值里有 {separator} 时给它加引号：{example}；表头上面若有别的行，删掉它们",
    "put a value that has a {separator} in quotation marks: {example}; delete other lines above "
    "the header",
)
_SEPARATORS = (";", "\t", "|", ",")
_SHOWN_SEPARATORS = {",": Text("逗号", "comma"), "\t": Text("制表符", "tab")}
_SEPARATOR_LINE = re.compile(r'"?sep=([^\r\n"])"?\r?\n', re.IGNORECASE)
# Two backslashes before it stand for one, and leave it as it is.
_ESCAPED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
_SAMPLE = 64 * 1024  # characters that tell the separator


def find_separator(text: str, expected: str) -> tuple[str, str]:
    """Return the text of a CSV, and what stands between its values.

    Excel writes semicolons where a comma is in numbers, and accepts a first line `sep=;`. Other
    separators than the expected one count only where it is not in the header, and where each row
    has as many values as the header.

    Parameters
    ----------
    expected
        The separator that the file's name tells.
    """
    told = _SEPARATOR_LINE.match(text)
    if told:
        return text[told.end() :], told[1]
    is_cut = len(text) > _SAMPLE
    for separator in _SEPARATORS:
        rows = [row for row in _split_rows(text[:_SAMPLE], separator) if row]
        if is_cut:
            rows = rows[:-1]
        if separator != expected and _is_table_without(expected, rows):
            return text, separator
    return text, expected


def _is_table_without(expected: str, rows: Sequence[Sequence[str]]) -> bool:
    """Whether all rows are as long as the header, which does not have the expected separator."""
    if not rows or any(expected in name for name in rows[0]):
        return False
    return len(rows[0]) > 1 and {len(row) for row in rows} == {len(rows[0])}


def double_escaped_quotes(text: str, separator: str) -> str:
    r"""Return the text of a CSV whose quotation marks in values are doubled, as readers expect them
    (RFC 4180): Spark and MySQL write `\"`. A text that is well-formed as it is stays.
    """
    if '\\"' not in text or _row_lengths(text, separator):
        return text
    doubled = _ESCAPED_QUOTE.sub(r'\1""', text)
    if len(_row_lengths(doubled, separator)) == 1:
        return doubled
    return text


def _row_lengths(text: str, separator: str) -> set[int]:
    """Return how many values the rows have, none where a quotation goes on behind its end."""
    with suppress(csv.Error):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        return {len(row) for row in reader if row}
    return set()


def check_header(text: str, separator: str) -> None:
    """Check that no rows stand above the header.

    Raises
    ------
    InvalidOption
    """
    lines_above = _count_lines_above_header(text, separator)
    if lines_above:
        raise _lines_above_error(lines_above)


def _count_lines_above_header(text: str, separator: str) -> int:
    """Return how many rows stand above the header, as a title or the like does in what banks and
    surveys export: of more than two columns they name one at most, and below them is a row that
    names each.
    """
    rows = _split_rows(text[:_SAMPLE], separator)
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    width = max(map(len, rows), default=0)
    above = sum(1 for _ in takewhile(lambda count: count <= 1, filled))
    if width <= 2 or above == len(rows) or len(rows[above]) < width:  # noqa: PLR2004
        return 0
    return above if filled[above] == width else 0


def _split_rows(sample: str, separator: str) -> list[list[str]]:
    """Return the rows that a separator makes of a text, a blank line as one without values."""
    with suppress(csv.Error):
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
        return list(reader)
    return []


def check_row_lengths(text: str, separator: str) -> None:
    """Check that no row is longer than the header.

    Raises
    ------
    InvalidOption
    """
    lines = text.splitlines()
    remarks = sum(1 for _ in takewhile(_is_remark_or_blank, lines))
    # One with separators may be the header of a column "#".
    if text.startswith(_REMARK) and separator not in lines[0] and remarks < len(lines):
        raise _lines_above_error(remarks)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    columns, line = 0, 1
    with suppress(csv.Error):
        for row in reader:
            columns = columns or len(row)
            if len(row) > columns:
                raise InvalidOption(
                    _LONGER_ROW.fill(line=line, n=len(row), columns=columns),
                    advice=_QUOTE.fill(
                        separator=_SHOWN_SEPARATORS.get(separator, untranslated(separator)),
                        example=f'"…{separator} …"',
                    ),
                )
            line = reader.line_num + 1


def _is_remark_or_blank(line: str) -> bool:
    return line.startswith(_REMARK) or not line.strip()


def _lines_above_error(count: int) -> InvalidOption:
    return InvalidOption(_LINES_ABOVE.fill(count), advice=_DELETE_LINES.fill(n=count))
