"""What a sheet of Excel has in the place of a table or beside it: a title above it, hidden rows, or
nothing, as its table is on another sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNNAMED = "Unnamed: "  # what pandas calls a column without a header
_MAX_SHEETS = 5  # names in an error
_EMPTY = Text(
    "第一个工作表 {first} 是空的，还有：{others}",
    "its first sheet, {first}, is empty; there are also: {others}",
)
_NO_VALUES = Text("工作表 {name} 是空的", "its sheet, {name}, is empty")
_TITLE = Text("表头上面还有别的行", "other rows stand above its header")
_NAME_SHEET = Text(
    '用 pd.read_excel(…, sheet_name="{name}") 读成 DataFrame',
    'read one into a DataFrame with pd.read_excel(…, sheet_name="{name}")',
)
_ONE_OF_SHEETS = Text(
    "只读了第一个工作表 {first}，没有读 {others}：{advice}",
    "only the first sheet, {first}, was read, and not {others}: {advice}",
)
_HIDDEN_ROWS = Text(
    "⚠ 工作表里隐藏或筛掉的行也会问（{n} 行）；不想问就先删掉",
    "⚠ rows that the sheet hides or filters out are asked too ({n}); delete them first to leave "
    "them out",
)
# Where pandas keeps what a table came from.
_OTHERS = "ernie_magic_sheets"
_HIDDEN = "ernie_magic_hidden_rows"
_SKIP_ROWS = Text(
    "删掉它们，或用 pd.read_excel(…, skiprows={n}) 读成 DataFrame",
    "delete them, or read it into a DataFrame with pd.read_excel(…, skiprows={n})",
)


def visible_sheets(book: Any) -> list[str]:
    """Return the names of a workbook's sheets that a user sees; of all where all are hidden."""
    sheets = book.book.worksheets
    visible = [sheet.title for sheet in sheets if sheet.sheet_state == "visible"]
    return visible or [sheet.title for sheet in sheets]


def check_sheet(table: Any, sheets: Sequence[object]) -> None:
    """Check that the first sheet of a file has a table with a header.

    Parameters
    ----------
    table : DataFrame
        As pandas reads the sheet.
    sheets
        The names of all sheets.

    Raises
    ------
    InvalidOption
    """
    first, *others = map(str, sheets)
    if table.empty and not len(table.columns):
        if not others:
            raise InvalidOption(_NO_VALUES.fill(name=first))
        named = ", ".join(others[:_MAX_SHEETS])
        raise InvalidOption(
            _EMPTY.fill(first=first, others=named), advice=_NAME_SHEET.fill(name=others[0])
        )
    if lines_above := _count_rows_above_header(table):
        raise InvalidOption(_TITLE, advice=_SKIP_ROWS.fill(n=lines_above))


def note_other_sheets(table: Any, sheets: Sequence[str]) -> None:
    """Note with a table which sheet it is, and which others have one."""
    if len(sheets) > 1:
        table.attrs[_OTHERS] = tuple(sheets)


def note_hidden_rows(table: Any, count: int) -> None:
    """Note with a table how many of its rows its sheet hides."""
    if count:
        table.attrs[_HIDDEN] = count


def take_sheet_notes(table: Any) -> tuple[Text, ...]:
    """Return what to know of a table that is one sheet of several or has hidden rows, and forget
    it: what is made of the table is no sheet.
    """
    attrs = getattr(table, "attrs", None)
    if not isinstance(attrs, dict):
        return ()
    notes = []
    if sheets := attrs.pop(_OTHERS, None):
        first, *others = sheets
        named = ", ".join(others[:_MAX_SHEETS])
        advice = _NAME_SHEET.fill(name=others[0])
        notes.append(_ONE_OF_SHEETS.fill(first=first, others=named, advice=advice))
    if count := attrs.pop(_HIDDEN, 0):
        notes.append(_HIDDEN_ROWS.fill(n=count))
    return tuple(notes)


def _count_rows_above_header(table: Any) -> int:
    """Return how many rows stand above the header: they name one column at most, and below them is
    a row that names each; behind an empty one, where there are only two columns.
    """
    width = len(table.columns)
    named = sum(1 for name in table.columns if not str(name).startswith(_UNNAMED))
    if width < 2 or named > 1:  # noqa: PLR2004
        return 0
    is_apart = width > 2  # noqa: PLR2004
    for number, filled in enumerate(table.notna().sum(axis=1).tolist(), 1):
        is_apart = is_apart or not filled
        if filled == width and is_apart:
            return number
        if filled > 1:
            break
    return 0
