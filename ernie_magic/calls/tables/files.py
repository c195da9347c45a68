"""Tables in files, read by pandas and Python's `json`.

A prompt gets what stands in the file, so no value is rewritten: `007`, `NA` and `2024-01-05` stay
texts, a whole number stays one beside a gap, and a column is one of numbers only where each of them
is written as Python writes it.
"""

from __future__ import annotations

import codecs
import io
import json
import warnings
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.tables.formulas import check_formulas
from ernie_magic.calls.tables.json_forms import find_rows
from ernie_magic.calls.tables.other_files import (
    check_content,
    no_table_error,
    web_address_error,
)
from ernie_magic.calls.tables.separated_values import (
    check_header,
    check_row_lengths,
    double_escaped_quotes,
    find_separator,
)
from ernie_magic.calls.tables.sheets import (
    check_sheet,
    note_hidden_rows,
    note_other_sheets,
    visible_sheets,
)
from ernie_magic.calls.tables.typed_values import INT64
from ernie_magic.calls.tables.workbook_parts import (
    count_hidden_rows,
    has_merged_cells,
    load_without_merged_cells,
    read_sheet_part,
)
from ernie_magic.calls.tables.written_numbers import (
    mark_numbers,
    parse_numbers,
    parse_written_float,
)
from ernie_magic.errors import InvalidOption, exception_message
from ernie_magic.storage.paths import find_path
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # Excel's "Unicode text"
_RECORD_MARK = "\x1e"  # before a line of a JSON text sequence (RFC 7464)
_MIXED_ROWS = Text("有的行是对象，有的不是", "some of its rows are objects, and others are not")
_ONE_VALUE = Text("里面只有一个值 {value}", "it holds the single value {value}")
_MIXED_ENCODINGS = Text(
    "文件有的行是 UTF-8，有的不是", "some lines of the file are UTF-8, and others are not"
)
_SAVE_AGAIN = Text(
    "另存为 UTF-8；或自己读：pd.read_csv(…, encoding=…)",
    "save it as UTF-8, or read it yourself: pd.read_csv(…, encoding=…)",
)
_FEWEST_OF_UTF_8 = 2  # characters of three bytes or more that tell it
_MAX_SAID = 150  # characters of what pandas says
TEXT = "text"  # the column of a file that is a list of bare texts


def _read_csv(pandas: ModuleType, file: Path) -> Any:
    return _read_separated(pandas, file, ",")


def _read_tsv(pandas: ModuleType, file: Path) -> Any:
    return _read_separated(pandas, file, "\t")


def _read_separated(pandas: ModuleType, file: Path, separator: str) -> Any:
    """Read values between separators: texts, of which only an empty one is missing.

    A row longer than the header would move each value into another column (pandas takes the first
    one for an index): it is refused, unless the header lacks only the row's last, empty value.
    """
    text, separator = find_separator(decode_text(file.read_bytes()), separator)
    text = double_escaped_quotes(text, separator)
    check_header(text, separator)
    with warnings.catch_warnings():
        warnings.simplefilter("error", pandas.errors.ParserWarning)
        try:
            table = pandas.read_csv(
                io.StringIO(text),
                sep=separator,
                dtype=str,
                keep_default_na=False,
                na_values=[""],
                index_col=False,
            )
        except (pandas.errors.ParserError, pandas.errors.ParserWarning):
            check_row_lengths(text, separator)
            raise
    return _map_columns(pandas, table, parse_numbers)


def _read_json_lines(pandas: ModuleType, file: Path) -> Any:
    text = decode_text(file.read_bytes())
    try:
        rows = list(_parse_json_lines(text))
    except ValueError:
        with suppress(ValueError):  # it may be JSON in spite of its name
            return _build_table(pandas, _parse_json(text))
        raise
    if len(rows) == 1 and isinstance(rows[0], list):
        rows = rows[0]
    return _build_table(pandas, rows)


def _read_json(pandas: ModuleType, file: Path) -> Any:
    text = decode_text(file.read_bytes())
    try:
        content = _parse_json(text)
    except ValueError:
        with suppress(ValueError):  # it may be JSON Lines in spite of its name
            return _build_table(pandas, list(_parse_json_lines(text)))
        raise
    return _build_table(pandas, content)


def _parse_json(text: str) -> Any:
    return json.loads(text, parse_float=parse_written_float)


def _parse_json_lines(text: str) -> Iterator[Any]:
    for number, written in enumerate(text.split("\n"), 1):
        line = written.strip().lstrip(_RECORD_MARK)
        if not line:
            continue
        try:
            yield _parse_json(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None


def _holds_columns(content: dict[str, Any]) -> bool:
    """Whether an object may be one of columns: all its values are lists, or all objects."""
    kinds = set(map(type, content.values()))
    return not kinds or (len(kinds) == 1 and kinds <= {list, dict})


def _build_table(pandas: ModuleType, content: Any) -> Any:
    """Return the table that JSON holds: a list of objects or of texts, an object of columns, or an
    object that is the only row; the rows within an object (`json_forms`).
    """
    if not isinstance(content, (dict, list)):
        raise InvalidOption(
            _ONE_VALUE.fill(value=f"{content!r:.40}"),
            advice=Text("一行一个对象，或文本列表", "write an object per row, or a list of texts"),
        )
    if isinstance(content, dict) and (rows := find_rows(content)):
        content = rows
    elif isinstance(content, dict) and not _holds_columns(content):
        content = [content]
    if isinstance(content, list) and content and all(isinstance(row, str) for row in content):
        content = {TEXT: content}
    if isinstance(content, list) and len({isinstance(row, dict) for row in content}) > 1:
        raise InvalidOption(_MIXED_ROWS)
    return _map_columns(pandas, pandas.DataFrame(content, dtype=object), list)


def _read_parquet(pandas: ModuleType, file: Path) -> Any:
    # A whole number beside a gap stays one.
    table = pandas.read_parquet(file, dtype_backend="numpy_nullable")
    if any(name is not None for name in table.index.names):
        with suppress(ValueError):  # the file has it as a column too
            return table.reset_index()
    return table


def _read_excel(pandas: ModuleType, file: Path) -> Any:
    with pandas.ExcelFile(file) as book:
        first, *others = visible_sheets(book)
        part = read_sheet_part(file, first)
        source = book
        if has_merged_cells(part):
            workbook = load_without_merged_cells(file, first)
            source = pandas.ExcelFile(workbook, engine="openpyxl")
        table = pandas.read_excel(
            source, sheet_name=first, dtype=object, keep_default_na=False, na_values=[""]
        )
        check_sheet(table, [first, *others])
        check_formulas(file, first)
        filled = [
            name
            for name in others
            if len(pandas.read_excel(book, sheet_name=name, nrows=1).columns)
        ]
    table = _map_columns(pandas, table, list)
    note_other_sheets(table, [first, *filled])
    note_hidden_rows(table, count_hidden_rows(part, len(table) + 1))
    return table


def decode_text(content: bytes) -> str:
    """Decode a text file in the first encoding that fits.

    Raises
    ------
    InvalidOption
        None does, or a part of the text is in UTF-8 and another is not.
    """
    if content.startswith(_UTF16_MARKS):
        return content.decode("utf-16")
    with suppress(UnicodeDecodeError):
        return content.decode("utf-8-sig")
    from ernie_magic.text.charsets import EAST_ASIAN, detect_charset

    if any(map(_is_utf_8_line, content.splitlines())):
        raise InvalidOption(_MIXED_ENCODINGS, advice=_SAVE_AGAIN)
    # Excel in China writes a CSV in GB 18030, elsewhere in the charset of that place.
    charset = detect_charset(content)
    if charset in EAST_ASIAN:
        with suppress(UnicodeDecodeError):
            return content.decode(charset)
    raise InvalidOption(
        Text("文件既不是 UTF-8 也不是 GB 18030", "the file is neither UTF-8 nor GB 18030"),
        advice=_SAVE_AGAIN,
    )


def _is_utf_8_line(line: bytes) -> bool:
    """Whether a line is East Asian in UTF-8; of another encoding hardly any is by chance."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return False
    return sum(character >= "\u0800" for character in text) >= _FEWEST_OF_UTF_8


def _map_columns(
    pandas: ModuleType,
    table: Any,
    parse: Callable[[Sequence[Any]], Sequence[Any]],
) -> Any:
    """Return the table with each column's values parsed, and of their own type."""
    for position in range(len(table.columns)):
        values = mark_numbers(parse(table.iloc[:, position].tolist()))
        column = pandas.Series(values, index=table.index, dtype=object)
        present = column.dropna().tolist()
        column_type = _column_type(present, has_gaps=len(present) < len(column))
        table.isetitem(position, column.astype(column_type))
    return table


def _column_type(present: Sequence[Any], *, has_gaps: bool) -> str:
    """Return the type of a column that keeps its values as they are."""
    kinds = set(map(type, present))
    if kinds == {float}:
        return "float64"
    if kinds and all(issubclass(kind, datetime) for kind in kinds):  # pandas 2.0 has its own
        return "datetime64[us]"
    whole_type, gapped_type = "object", "object"
    if kinds == {int} and all(-INT64 <= value < INT64 for value in present):
        whole_type, gapped_type = "int64", "Int64"
    if kinds == {bool}:
        whole_type, gapped_type = "bool", "boolean"
    if has_gaps:
        return gapped_type
    return whole_type


_READERS: Mapping[str, Callable[[ModuleType, Path], Any]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".json": _read_json,
    ".parquet": _read_parquet,
    ".xlsx": _read_excel,
}
EXTENSIONS = tuple(_READERS)

# What pandas requires for a kind of file; its error names it in words only.
_INSTALL = Text(
    "先 %pip install {module}；各种表格文件所需的都在 ernie-magic[tables] 里",
    "first %pip install {module}; ernie-magic[tables] has what all kinds of tables require",
)
_REQUIRED_MODULES = {".parquet": "pyarrow", ".xlsx": "openpyxl"}


def find_table_file(path: str | Path) -> Path | None:
    """Return the file of a table that a path names, None for any other text.

    Raises
    ------
    InvalidOption
        The path is that of a table, but there is no such file; or there is one of another kind.
    """
    with suppress(OSError, ValueError, RuntimeError):  # too long, a null byte, an unknown home
        if isinstance(path, str) and path.startswith(("http://", "https://")):
            raise web_address_error(path)
        file = find_path(path)
        if file.is_dir() or (file.is_file() and file.suffix.lower() not in _READERS):
            raise no_table_error(file)
        if file.suffix.lower() not in _READERS:
            return None
        if file.is_file():
            return file
        raise InvalidOption(
            Text("没有文件 {file}", "no such file: {file}").fill(file=str(path)[:_MAX_SAID]),
            advice=Text("检查文件名和所在的文件夹", "check its name and folder"),
        )
    return None


def read_table_file(file: Path) -> Any:
    """Return a file's table as a DataFrame.

    Raises
    ------
    InvalidOption
        pandas is missing, or what it needs for this kind of file; it cannot read the file, or
        another kind of file has that name.
    """
    with suppress(OSError):  # its reader tells why
        check_content(file)
    try:
        import pandas as pd

        return _READERS[file.suffix.lower()](pd, file)
    except InvalidOption as error:
        raise InvalidOption(
            Text("读不了表格 {file}：{said}", "the table {file} cannot be read: {said}").fill(
                file=file.name, said=error.what
            ),
            advice=error.advice,
        ) from None
    except ImportError as error:
        module = error.name or _REQUIRED_MODULES.get(file.suffix.lower(), "pandas")
        advice = _INSTALL.fill(module=module)
        reason = exception_message(error)
    except Exception as error:  # noqa: BLE001  (each of pandas' readers has errors of its own)
        advice = Text(
            "检查文件；或自己读成 DataFrame 再用",
            "check the file, or read it into a DataFrame first",
        )
        reason = exception_message(error)
    raise InvalidOption(
        Text("读不了表格 {file}：{said}", "the table {file} cannot be read: {said}").fill(
            file=file.name, said=reason[:_MAX_SAID]
        ),
        advice=advice,
    )
