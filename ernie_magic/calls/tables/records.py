"""Rows with named values, as Python and its libraries have them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_AS_DICTIONARY = ("_asdict", "model_dump")  # of named tuples, of pydantic's


def as_record(item: Any) -> Any:
    """Return a row as a dictionary: a named tuple, an instance of a dataclass, a mapping such as
    `sqlite3.Row`, a record of numpy; anything else as it is.
    """
    if isinstance(item, (dict, str, type)):
        return item
    if dataclasses.is_dataclass(item):
        return {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
    for method in _AS_DICTIONARY:
        if callable(getattr(item, method, None)):
            return getattr(item, method)()
    names = _names_of(item)
    if names is None:
        return item
    return {name: item[name] for name in names}


def _names_of(item: Any) -> Iterable[Any] | None:
    """Return the names of what an item holds, None where nothing has a name."""
    names: Iterable[Any] | None = getattr(getattr(item, "dtype", None), "names", None)
    is_table = hasattr(item, "columns")
    if names is None and not is_table and hasattr(item, "keys") and hasattr(item, "__getitem__"):
        return list(item.keys())
    return names
