"""Tables within an object of JSON: what APIs answer, and what pandas writes."""

from __future__ import annotations

from typing import Any


def find_rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows in an object, [] for one that has none: the only list of objects with facts
    about it, and the forms of `DataFrame.to_json` other than lists of rows and objects of columns
    (https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.to_json.html).
    """
    return (
        _read_split(content) or _read_schema(content) or _read_index(content) or _read_only(content)
    )


def _read_split(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of `orient="split"`: names, and lists of values."""
    columns, data = content.get("columns"), content.get("data")
    if not (isinstance(columns, list) and isinstance(data, list)):
        return []
    names = [str(name) for name in columns]
    are_rows = all(isinstance(row, list) and len(row) == len(names) for row in data)
    if not are_rows or len({*names}) < len(names):
        return []
    return [dict(zip(names, row, strict=True)) for row in data]


def _read_schema(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of `orient="table"`, without the labels that pandas numbers by itself."""
    schema, data = content.get("schema"), content.get("data")
    if not (isinstance(schema, dict) and "fields" in schema and _are_objects(data)):
        return []
    labels = schema.get("primaryKey") == ["index"]
    return [
        {name: value for name, value in row.items() if not (labels and name == "index")}
        for row in data or ()
    ]


def _read_index(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of `orient="index"`: objects by number. Those of columns have the numbers
    within.
    """
    rows = list(content.values())
    if [*content] != [str(number) for number in range(len(rows))] or not _are_objects(rows):
        return []
    if any(name.isdecimal() for row in rows for name in row):
        return []
    return rows


def _read_only(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the only list in an object that has nothing else than single values beside it."""
    lists = [value for value in content.values() if isinstance(value, (list, dict))]
    if len(lists) != 1 or not _are_objects(lists[0]):
        return []
    return [*lists[0]]


def _are_objects(rows: object) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
