"""What an earlier session has made of a table, as a file of its result shows it: numbers that are
written otherwise than its prompts had them, and columns that are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api.requests import is_missing
from ernie_magic.calls.tables.frames import TableContent, rows_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ernie_magic.calls.tables.template import Template


def respell_prompts(template: Template, rows: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Iterate over the prompts about rows with the same numbers written otherwise: a column of 1
    and 2.5 is one of 1.0 and 2.5 in a result's CSV, and one of 1.0 and 2.0 has 1 and 2 in a sheet.
    """
    names = tuple(dict.fromkeys(template.columns))
    for respell in (_as_whole, _as_float):
        respelled = [{name: respell(row.get(name)) for name in names} for row in rows]
        is_other = any(
            respelled[i][name] is not row.get(name) for i, row in enumerate(rows) for name in names
        )
        if is_other:
            content = TableContent(names, respelled)
            yield [template.fill(row) for row in rows_in_words(content)]


def _as_whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_float(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and _is_exact(value):
        return float(value)
    return value


def _is_exact(value: int) -> bool:
    try:
        return int(float(value)) == value
    except OverflowError:
        return False


def are_made_columns(
    rows: Sequence[Mapping[str, Any]],
    outputs: Sequence[str],
    error: str,
    known: Mapping[int, Mapping[str, Any]],
) -> bool:
    """Whether the columns of a table hold nothing but stored answers, and errors of rows that lack
    one.

    Parameters
    ----------
    outputs, error
        The columns that the run would make if the table had none.
    known
        The values of stored answers, by their rows' positions.
    """
    is_any_same = False
    for index, row in enumerate(rows):
        values = known.get(index, {})
        filled = [name for name in outputs if not _is_blank(row.get(name))]
        if any(_written(row[name]) != _written(values.get(name)) for name in filled):
            return False
        if len(filled) == len(outputs) and not _is_blank(row.get(error)):
            return False
        is_any_same = is_any_same or bool(filled)
    return is_any_same


def _is_blank(value: Any) -> bool:
    return is_missing(value) or value == ""


def _written(value: Any) -> object:
    """Return a value as it is compared with that of a file, where 3 may be 3.0 and true a text."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return str(value)
