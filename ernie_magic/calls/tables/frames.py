"""Tables of any kind as rows, and rows as a table of that kind: pandas, polars, a list of
dictionaries or of texts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api.requests import is_missing
from ernie_magic.calls.tables.files import TEXT, find_table_file, read_table_file
from ernie_magic.calls.tables.records import as_record
from ernie_magic.calls.tables.written_numbers import are_written_numbers
from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.text.plain_values import (
    days_of_moments,
    has_short_floats,
    python_value,
    shorten_floats,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SHOWN = 5  # labels in an error
# What makes a table of one that is not computed yet, or is elsewhere: polars', dask's, Spark's,
# DuckDB's.
_COMPUTING = ("collect", "compute", "toPandas", "to_pandas", "df")
_COMPUTE = Text("先用 .{name}() 算出来", "compute it first, with .{name}()")
_NAME_VALUES = Text(
    '给每个值一个名字：pd.DataFrame(行, columns=["…", "…"])',
    'give the values names: pd.DataFrame(rows, columns=["…", "…"])',
)
_ODD_ROW = Text(
    "list 不是有行的表：第 {row} 行是 {found}，别的行是 {kind}",
    "list is not a table with rows: row {row} is {found}, others are {kind}",
)
_WHAT = Text(
    "可用：pandas 或 polars 的 DataFrame、字典列表、文本列表、表格文件（.csv .tsv .jsonl "
    ".parquet .xlsx）",
    "pass a DataFrame of pandas or polars, a list of dictionaries or of texts, or a file "
    "(.csv .tsv .jsonl .parquet .xlsx)",
)


_WHOLE_TABLE = Text("这里要一列，不是整张表", "a column is expected here, not a whole table")
_FOR_EXAMPLE = Text("例如 df[{column}]", "for example df[{column}]")
_CHOOSE_COLUMN = Text("写明是哪一列，例如 df[{column}]", "say which one, for example df[{column}]")


class TableContent(NamedTuple):
    """What a table of any kind holds.

    Attributes
    ----------
    columns : tuple of str
        Known without rows too; none for an empty list.
    rows : list of dict
    """

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]


def rows_in_words(content: TableContent) -> list[dict[str, Any]]:
    """Return rows as prompts have their values: a column of days without `00:00:00`."""
    columns = {name: [row[name] for row in content.rows] for name in content.columns}
    written = {
        name: days
        for name, values in columns.items()
        if (days := days_of_moments(values)) is not values
    }
    if not written:
        return content.rows
    return [
        {**row, **{name: values[i] for name, values in written.items()}}
        for i, row in enumerate(content.rows)
    ]


def own_name(data: Any) -> str:
    """Return the name of a column of pandas or polars that is given by itself, whose values are the
    column "text" of a table; "" for anything else.
    """
    is_column = type(data).__name__ == "Series"
    name = getattr(data, "name", None)
    if not is_column or name is None:
        return ""
    return str(name)


def rows_of(data: object) -> list[dict[str, Any]]:
    """Return the rows of a table, by column name; see `read_table`."""
    return read_table(data).rows


def read_table(data: Any, *, with_labels: bool = False) -> TableContent:
    """Return the columns and rows of a table.

    Parameters
    ----------
    data
        A pandas or polars DataFrame or column, a list of dictionaries or of other rows with named
        values (named tuples, dataclasses), a list of texts, a dictionary of columns.
    with_labels
        The labels of a DataFrame of pandas that have a name, as those of a pivot or of groups do,
        are columns as well.

    Raises
    ------
    InvalidOption
        It is none of these, or two of its columns have the same name as text (0 and "0").
    """
    if _is_from(data, "polars") and hasattr(data, "to_dicts"):
        return TableContent(tuple(data.columns), _shorten_records(data.to_dicts(), data.schema))
    if _is_from(data, "pandas") and hasattr(data, "to_dict") and hasattr(data, "columns"):
        table = _read_pandas(data)
        if with_labels:
            return _add_labels(data.index, table)
        return table
    content = None
    if hasattr(data, "to_pylist") and hasattr(data, "column_names"):  # pyarrow's
        types = dict(zip(data.column_names, data.schema.types, strict=True))
        content = TableContent(
            _unique_names(data.column_names), _shorten_records(data.to_pylist(), types)
        )
    elif isinstance(data, dict):
        content = _read_columns(data)
    elif _is_iterable(data) and not isinstance(data, (str, bytes)) and not hasattr(data, "columns"):
        content = _read_items(list(map(as_record, data)))
    if content is not None:
        return content
    raise InvalidOption(
        _no_table_text(data),
        advice=_advice_for(data),
    )


def _read_pandas(data: Any) -> TableContent:
    """Return the columns and rows of a DataFrame of pandas, without its labels."""
    columns = _unique_names(data.columns)
    # Under their own labels, columns of `True` and `1` would be one entry of a record.
    named = data.set_axis(list(columns), axis="columns")
    records: list[dict[Any, Any]] = named.to_dict("records")
    if not columns:  # before 2.1, pandas gives no record of a row without columns
        records = [{} for _ in range(len(data))]
    rows = [dict(zip(columns, record.values(), strict=True)) for record in records]
    types = dict(zip(columns, data.dtypes, strict=True))
    for name in (name for name, dtype in types.items() if dtype.name == "object"):
        # In a record pandas has made a number of 64 bits of each.
        for row, value in zip(rows, named[name].tolist(), strict=True):
            row[name] = value
    return TableContent(columns, _shorten_records(rows, types))


def _add_labels(index: Any, content: TableContent) -> TableContent:
    """Return rows with the labels of pandas that have a name which no column has."""
    for level, name in reversed([*enumerate(index.names)]):
        if name is None or str(name) in content.columns:
            continue
        labels = index.get_level_values(level).tolist()
        rows = [{str(name): label, **row} for label, row in zip(labels, content.rows, strict=True)]
        content = TableContent((str(name), *content.columns), rows)
    return content


def _shorten_records(
    records: list[dict[str, Any]], types: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return records whose numbers have the digits that they are shown with (`shorten_floats`)."""
    short = {name: dtype for name, dtype in types.items() if has_short_floats(dtype)}
    for record in records:
        for name, dtype in short.items():
            record[name] = shorten_floats(record[name], dtype)
    return records


def _is_iterable(data: object) -> bool:
    """Whether data has items; an array of no dimensions only looks as if it had."""
    return hasattr(data, "__iter__") and getattr(data, "ndim", 1) != 0


def _advice_for(data: object) -> Text:
    """Return how to make a table of what is none."""
    # Asked of its class: some compute the names of columns when asked for them.
    if hasattr(type(data), "columns"):
        names = (name for name in _COMPUTING if callable(getattr(data, name, None)))
        if (name := next(names, None)) is not None:
            return _COMPUTE.fill(name=name)
    if isinstance(data, list) and data and isinstance(data[0], (tuple, list)):
        return _NAME_VALUES
    return _WHAT


def _find_odd_row(items: Sequence[Any]) -> Text | None:
    """Return which row is no dictionary among dictionaries, or no text among texts; None where a
    list has neither.
    """
    kind = next((kind for kind in (dict, str) if any(isinstance(row, kind) for row in items)), None)
    if kind is None:
        return None
    for number, row in enumerate(items, 1):
        if isinstance(row, kind) or (kind is str and is_missing(row)):
            continue
        found = str(row) if is_missing(row) else type(row).__name__
        return _ODD_ROW.fill(row=number, found=found, kind=kind.__name__)
    return None


def _no_table_text(data: object) -> Text:
    """Return that data is no table; of a list, also what it holds."""
    kind = type(data).__name__
    if not isinstance(data, list) or not data:
        return Text("{kind} 不是有行的表", "{kind} is not a table with rows").fill(kind=kind)
    if odd := _find_odd_row([as_record(row) for row in data]):
        return odd
    return Text(
        "{kind} 不是有行的表：里面是 {item}", "{kind} is not a table with rows: it holds {item}"
    ).fill(kind=kind, item=type(data[0]).__name__)


def _unique_names(labels: Iterable[Any]) -> tuple[str, ...]:
    """Return labels as texts.

    Raises
    ------
    InvalidOption
        Two are the same text: one column would take the other's place.
    """
    by_name: dict[str, list[Any]] = {}
    for label in labels:
        by_name.setdefault(str(label), []).append(label)
    alike = next((same for same in by_name.values() if len(same) > 1), None)
    if alike:
        raise InvalidOption(
            Text("表里有同名的列：{names}", "the table has columns of the same name: {names}").fill(
                names=", ".join(map(repr, alike[:_SHOWN]))
            ),
            advice=Text("先给它们改名", "rename them first"),
        )
    return tuple(by_name)


def _read_columns(data: dict[Any, Any]) -> TableContent | None:
    """Return what columns of one length hold; None where they are not. A column may be an object
    of the values by index, as `DataFrame.to_dict()` writes it.
    """
    given = list(data.values())
    by_index = [values for values in given if isinstance(values, dict)]
    if by_index:
        if len(by_index) < len(given) or len({tuple(values) for values in by_index}) > 1:
            return None
        given = [values.values() for values in by_index]
    columns = {
        name: list(values)
        for name, values in zip(_unique_names(data), given, strict=True)
        if hasattr(values, "__iter__") and not isinstance(values, (str, bytes))
    }
    lengths = {len(values) for values in columns.values()}
    if len(columns) != len(data) or len(lengths) != 1:
        return None
    return TableContent(
        tuple(columns),
        [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)],
    )


def _read_items(items: list[Any]) -> TableContent | None:
    """Return what dictionaries, or texts and gaps between them, hold; None for anything else."""
    if not items:
        return TableContent((), [])
    if all(isinstance(row, dict) for row in items):
        for row in items:
            _unique_names(row)
        names = tuple(dict.fromkeys(str(name) for row in items for name in row))
        named = [{str(name): value for name, value in row.items()} for row in items]
        return TableContent(names, [{name: row.get(name) for name in names} for row in named])
    if any(isinstance(row, str) for row in items) and all(
        isinstance(row, str) or is_missing(row) for row in items
    ):
        return TableContent((TEXT,), [{TEXT: row} for row in items])
    return None


def texts_of(data: object) -> list[Any]:
    """Return a table's only column of texts.

    Raises
    ------
    InvalidOption
        It has none, or several.
    """
    content = read_table(data)
    columns = _text_columns(content)
    if len(columns) != 1:
        raise InvalidOption(
            Text(
                "表里有 {n} 列文本：{columns}", "the table has {n} columns of texts: {columns}"
            ).fill(n=len(columns), columns=", ".join(columns[:10])),
            advice=_CHOOSE_COLUMN.fill(column=_first_name(columns or content.columns)),
        )
    return [row[columns[0]] for row in content.rows]


def whole_table_error(data: object) -> InvalidMessages:
    """Return the error for a table where a column is expected, which names one of its own.

    Raises
    ------
    InvalidOption
        It is not computed yet.
    """
    content = read_table(data)
    column = _first_name(_text_columns(content) or content.columns)
    return InvalidMessages(_WHOLE_TABLE, advice=_FOR_EXAMPLE.fill(column=column))


def _text_columns(content: TableContent) -> list[str]:
    return [
        name for name in content.columns if any(isinstance(row[name], str) for row in content.rows)
    ]


def _first_name(columns: Sequence[str]) -> str:
    """Return the first column as it is written in Python."""
    return json.dumps([*columns, "text"][0], ensure_ascii=False)


def copy_table(data: Any) -> Any:
    """Return the table as it is now: later changes are for the next call. A file's path is the
    table in that file, a table's result its table.

    Raises
    ------
    InvalidOption
        The file cannot be read.
    """
    stands_for = python_value(data)
    if not isinstance(stands_for, str):  # a history's rows are its turns
        data = stands_for
    if isinstance(data, (str, Path)) and (file := find_table_file(data)):
        return read_table_file(file)
    if _is_from(data, "pandas") and hasattr(data, "copy"):
        return data.copy()
    if _is_from(data, "polars") or isinstance(data, (str, bytes, dict)):
        return data
    if not _is_iterable(data):
        return data
    return list(data)


def first_rows(data: Any, count: int) -> Any:
    """Return the beginning of a table, of the same kind."""
    if hasattr(data, "head"):
        return data.head(count)
    if isinstance(data, dict):
        return read_table(data).rows[:count]
    return list(data)[:count]


# Types that allow missing values, so that a column of whole numbers with a gap stays one. Of texts,
# only Python's own None is false in `if row.error:`: pandas' NA raises there, and NaN is true.
_PANDAS = {"str": "object", "int": "Int64", "float": "Float64", "bool": "boolean"}
_POLARS = {"str": "String", "int": "Int64", "float": "Float64", "bool": "Boolean"}


def with_columns(
    data: Any,
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, tuple[str, Sequence[Any]]],
) -> Any:
    """Return the table with these columns at its end, replacing any of the same names.

    The result is of the same kind as the table; for other kinds it is a list of dictionaries.

    Parameters
    ----------
    rows
        What `rows_of` returned.
    columns
        Type ("str", "int", "float", "bool") and values by name, None where there is none.
    """
    if _is_from(data, "polars") and hasattr(data, "with_columns"):
        import polars as pl

        return data.with_columns(
            *(
                pl.Series(name, list(values), dtype=getattr(pl, _POLARS[kind]))
                for name, (kind, values) in columns.items()
            )
        )
    if _is_from(data, "pandas") and hasattr(data, "isetitem"):
        return _with_pandas_columns(data, columns)
    return [
        {**row, **{name: values[i] for name, (_, values) in columns.items()}}
        for i, row in enumerate(rows)
    ]


def _with_pandas_columns(data: Any, columns: Mapping[str, tuple[str, Sequence[Any]]]) -> Any:
    """Return a DataFrame with these columns, whatever kind of labels its own have: `assign` raises
    for categories as labels, warns for labels of several levels, and knows no 0 as "0".
    """
    import pandas as pd

    positions = {str(label): position for position, label in enumerate(data.columns)}
    replaced = _with_number_types(data)
    added = {}
    for name, (kind, values) in columns.items():
        column = pd.Series(list(values), index=data.index, dtype=_PANDAS[kind])
        if name in positions:
            replaced.isetitem(positions[name], column)
        else:
            added[name] = column
    new = pd.DataFrame(added, index=data.index)
    if data.columns.nlevels > 1:
        rest = [""] * (data.columns.nlevels - 1)
        new.columns = pd.MultiIndex.from_tuples([(name, *rest) for name in added])
    combined = pd.concat([replaced, new], axis="columns", sort=False)
    combined.attrs = dict(data.attrs)
    return combined


def _with_number_types(data: Any) -> Any:
    """Return a copy of a DataFrame in which the numbers of a file have their own type."""
    table = data.copy()
    for position, dtype in enumerate(data.dtypes):
        if dtype.name != "object":
            continue
        column = data.iloc[:, position]
        if are_written_numbers(column.tolist()):
            table.isetitem(position, column.astype("float64"))
    return table


def _is_from(data: Any, library: str) -> Any:
    return any(kind.__module__.partition(".")[0] == library for kind in type(data).__mro__)
