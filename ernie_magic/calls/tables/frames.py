"""Tables of any kind as rows, and rows as a table of that kind: pandas, polars, a list of
dictionaries or of texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEXT = "text"  # the column of rows that are bare texts


def rows_of(data: object) -> list[dict[str, Any]]:
    """Return the rows of a table, by column name.

    Parameters
    ----------
    data
        A pandas or polars DataFrame or column, a list of dictionaries, a list of texts, a
        dictionary of columns.

    Raises
    ------
    InvalidOption
        It is none of these.
    """
    if _is_from(data, "polars") and hasattr(data, "to_dicts"):
        return list(data.to_dicts())
    if _is_from(data, "pandas") and hasattr(data, "to_dict") and hasattr(data, "columns"):
        if not data.columns.is_unique:
            raise InvalidOption(
                Text("表里有同名的列", "the table has columns of the same name"),
                advice=Text("先给它们改名", "rename them first"),
            )
        records: list[dict[str, Any]] = data.to_dict("records")
        return [{str(name): value for name, value in row.items()} for row in records]
    rows = None
    if isinstance(data, dict):
        rows = _rows_of_columns(data)
    elif (
        hasattr(data, "__iter__")
        and not isinstance(data, (str, bytes))
        and not hasattr(data, "columns")
    ):
        rows = _rows_of_items(list(data))
    if rows is not None:
        return rows
    raise InvalidOption(
        Text("{kind} 不是有行的表", "{kind} is not a table with rows").fill(
            kind=type(data).__name__
        ),
        advice=Text(
            "可用：pandas 或 polars 的 DataFrame、字典列表、文本列表",
            "pass a DataFrame of pandas or polars, a list of dictionaries, or a list of texts",
        ),
    )


def _rows_of_columns(data: dict[Any, Any]) -> list[dict[str, Any]] | None:
    """Return the rows of columns of one length; None where they are not."""
    columns = {
        str(name): list(values)
        for name, values in data.items()
        if hasattr(values, "__iter__") and not isinstance(values, str)
    }
    lengths = {len(values) for values in columns.values()}
    if len(columns) != len(data) or len(lengths) != 1:
        return None
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _rows_of_items(items: list[Any]) -> list[dict[str, Any]] | None:
    """Return dictionaries, or texts and gaps between them, as rows; None for anything else."""
    if items and all(isinstance(row, dict) for row in items):
        names = list(dict.fromkeys(str(name) for row in items for name in row))
        named = [{str(name): value for name, value in row.items()} for row in items]
        return [{name: row.get(name) for name in names} for row in named]
    if any(isinstance(row, str) for row in items) and all(
        isinstance(row, str) or row is None or row != row  # noqa: PLR0124  (NaN)
        for row in items
    ):
        return [{TEXT: row} for row in items]
    return None


def texts_of(data: object) -> list[Any]:
    """Return a table's only column of texts.

    Raises
    ------
    InvalidOption
        It has none, or several.
    """
    rows = rows_of(data)
    columns = [
        name
        for name in (rows[0] if rows else ())
        if any(isinstance(row[name], str) for row in rows)
    ]
    if len(columns) != 1:
        raise InvalidOption(
            Text(
                "表里有 {n} 列文本：{columns}", "the table has {n} columns of texts: {columns}"
            ).fill(n=len(columns), columns=", ".join(columns[:10])),
            advice=Text('写明是哪一列，例如 df["评论"]', 'say which one, for example df["text"]'),
        )
    return [row[columns[0]] for row in rows]


def copy_table(data: Any) -> Any:
    """Return the table as it is now: later changes are for the next call."""
    if _is_from(data, "pandas") and hasattr(data, "copy"):
        return data.copy()
    if _is_from(data, "polars") or isinstance(data, (str, bytes, dict)):
        return data
    if not hasattr(data, "__iter__"):
        return data
    return list(data)


# Types that allow missing values, so that a column of whole numbers with a gap stays one.
_PANDAS = {"str": "string", "int": "Int64", "float": "Float64", "bool": "boolean"}
_POLARS = {"str": "String", "int": "Int64", "float": "Float64", "bool": "Boolean"}


def with_columns(
    data: Any, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, tuple[str, Sequence[Any]]]
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
    if _is_from(data, "pandas") and hasattr(data, "assign"):
        import pandas as pd

        return data.assign(
            **{
                name: pd.Series(list(values), index=data.index, dtype=_PANDAS[kind])
                for name, (kind, values) in columns.items()
            }
        )
    return [
        {**row, **{name: values[i] for name, (_, values) in columns.items()}}
        for i, row in enumerate(rows)
    ]


def _is_from(data: Any, library: str) -> Any:
    return any(kind.__module__.partition(".")[0] == library for kind in type(data).__mro__)
