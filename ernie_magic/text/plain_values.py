"""Values of numpy, pandas, polars, torch and such as Python's own, with the digits that they are
shown with.

A number of less than 64 bits has fewer digits than Python writes of it: 0.1 of 32 bits is
0.10000000149011612 as a `float`. None of these libraries is imported here.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from inspect import isroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Bits of the significand, by the name that a library has for a type; pyarrow's `float` has 32 bits
# (https://arrow.apache.org/docs/python/api/datatypes.html).
_SIGNIFICANT_BITS = {
    "float32": 24,
    "float": 24,
    "float16": 11,
    "half": 11,
    "halffloat": 11,
    "half_float": 11,
    "bfloat16": 8,
}
_COMPLEX = {"complex64": 24}
_MOST_DIGITS = 17  # tell any two numbers of 64 bits apart
# Where a type has the types of what is in it: pandas' categories and sparse columns, its Arrow
# types, pyarrow's lists, polars' lists and arrays.
_INNER_TYPES = ("subtype", "pyarrow_dtype", "value_type", "item_type", "inner")
_MAX_TYPES = 8  # types inside types
_CONTAINERS = (list, tuple, set, frozenset)
_DATES = (date, time, timedelta)  # a list would show them as Python's calls
_MOMENTS = ("M", "m")  # numpy's kinds of dates and durations


def python_value(value: Any) -> Any:
    """Return what an object of this package is where words or rows are wanted, as its
    `_python_value_` says: an answer's text, a result's table; anything else as it is.
    """
    while (convert := getattr(type(value), "_python_value_", None)) is not None:
        value = convert(value)
    return value


def has_no_words(value: object) -> bool:
    """Whether an object of this package says of itself that it is no words: pictures, vectors."""
    return getattr(type(value), "_python_value_", has_no_words) is None


def plain_value(value: Any) -> Any:
    """Return a value with Python's own numbers, texts and lists in place of a library's, at any
    depth of lists and dictionaries, and with dates in these as texts; what is none of these stays
    as it is.
    """
    return _to_plain(value, frozenset())


def _to_plain(value: Any, containers: frozenset[int]) -> Any:
    """Return a plain value; `containers` are the ids of those that hold it."""
    if type(value) in (str, int, float, bool, type(None)) or id(value) in containers:
        return value
    value = python_value(value)
    if containers and isinstance(value, _DATES) and value == value:  # noqa: PLR0124  (NaT is not)
        return str(value)
    if isinstance(value, (dict, *_CONTAINERS)):
        return _plain_container(value, containers | {id(value)})
    if _is_number_of_library(value):
        return _plain_number(value)
    if _is_plain_array(value):
        return shorten_floats(value.tolist(), value.dtype)
    return value


def _plain_container(container: Any, containers: frozenset[int]) -> Any:
    """Return a list, a set or a dictionary with plain items; itself where they all are already."""
    if isinstance(container, dict):
        # Records in a list are rows, whose columns it has looked at.
        values: Sequence[Any] = [*container.values()]
        if len(containers) == 1:
            values = _days_of_pandas(values)
        pairs = [
            (_to_plain(name, containers), _to_plain(value, containers))
            for name, value in zip(container, values, strict=True)
        ]
        given = [item for pair in container.items() for item in pair]
        if _are_the_same(given, [item for pair in pairs for item in pair]):
            return container
        return dict(pairs)
    items = [_to_plain(item, containers) for item in _write_days(container)]
    if _are_the_same(container, items):
        return container
    for kind in _CONTAINERS:
        if isinstance(container, kind):
            return kind(items)
    return items


def days_of_moments(values: Sequence[Any]) -> Sequence[Any]:
    """Return the moments among the values of a column as days if none of them has a time: whoever
    wrote them meant days, for which pandas and Excel have no other type.
    """
    moments = [value for value in values if _is_moment(value)]
    if not moments or not all(map(_is_day, moments)):
        return values
    return [value.date() if _is_moment(value) else value for value in values]


def day_of_pandas(value: Any) -> Any:
    """Return one moment of pandas, or of its arrays, as the day that it is where it has no time;
    anything else as it is.
    """
    if _is_number_of_library(value) and getattr(value.dtype, "kind", "") == "M":
        day = value.astype("datetime64[D]")
        return day if day == value else value
    return next(iter(_days_of_pandas([value])))


def _days_of_pandas(values: Iterable[Any]) -> Sequence[Any]:
    """Return the items of a list, where Python's own moments stay: there they are no column's."""
    items = list(values)
    if any(_is_moment(item) and not hasattr(item, "nanosecond") for item in items):
        return items
    return days_of_moments(items)


def _write_days(items: Iterable[Any]) -> Sequence[Any]:
    """Return a list with days in place of moments without a time; of records each column alone."""
    items = list(items)
    if not items or not all(isinstance(item, dict) for item in items):
        return _days_of_pandas(items)
    names = dict.fromkeys(name for item in items for name in item)
    columns = {name: [item.get(name) for item in items] for name in names}
    written = {name: _days_of_pandas(column) for name, column in columns.items()}
    if all(_are_the_same(columns[name], written[name]) for name in names):
        return items
    return [{name: written[name][i] for name in item} for i, item in enumerate(items)]


def _is_moment(value: Any) -> bool:
    """Whether a value is a moment, and not pandas' NaT, which calls itself one."""
    return isinstance(value, datetime) and value == value  # noqa: PLR0124


def _is_day(moment: Any) -> bool:
    """Whether a moment has neither a time nor a zone."""
    is_midnight = moment.time() == time() and not getattr(moment, "nanosecond", 0)
    return is_midnight and moment.tzinfo is None


def _are_the_same(given: Iterable[Any], items: Iterable[Any]) -> bool:
    return all(one is other for one, other in zip(given, items, strict=True))


def _is_number_of_library(value: Any) -> bool:
    """Whether a value is one number or text of an array, whatever library it is from."""
    if isinstance(value, type) or not hasattr(value, "dtype"):
        return False
    return hasattr(value, "item") and getattr(value, "shape", None) == ()


def _plain_number(value: Any) -> Any:
    if getattr(value.dtype, "kind", "") in _MOMENTS:
        return str(value)  # numpy makes a whole number of a moment in nanoseconds
    number = value.item()
    if type(number) is not type(value):
        return shorten_floats(number, value.dtype)
    if value.dtype.kind == "c":  # more than 64 bits
        return complex(value)
    return float(value)


def _is_plain_array(value: Any) -> bool:
    """Whether a value is an array of numbers or texts; pandas prints its own better."""
    if isinstance(value, type) or not hasattr(value, "tolist"):
        return False
    if type(value).__module__.partition(".")[0] == "pandas" or hasattr(value, "mask"):
        return False
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    return bool(getattr(value, "shape", ())) and kind not in _MOMENTS


def shorten_floats(value: Any, dtype: Any) -> Any:
    """Return a value, in any number of lists or dictionaries, with the digits that its numbers
    have in their own type.

    Parameters
    ----------
    value
        As its library gives it for Python.
    dtype
        The type that the library has for it.
    """
    if isinstance(value, float):
        return short_float(value, _significant_bits(dtype))
    if isinstance(value, complex):
        bits = _COMPLEX.get(_name_of(dtype))
        return complex(short_float(value.real, bits), short_float(value.imag, bits))
    if isinstance(value, (list, tuple)):
        inner = _inner_type(dtype)
        items = [shorten_floats(item, inner) for item in value]
        if isinstance(value, tuple):
            return tuple(items)
        return items
    if isinstance(value, dict):
        types = _field_types(_inner_type(dtype))
        return {name: shorten_floats(item, types.get(name)) for name, item in value.items()}
    return value


def has_short_floats(dtype: Any) -> bool:
    """Whether `shorten_floats` has anything to do for values of a type."""
    inner = _inner_type(dtype)
    if _significant_bits(inner) is not None or _name_of(inner) in _COMPLEX:
        return True
    return any(map(has_short_floats, _field_types(inner).values()))


def _name_of(dtype: Any) -> str:
    """Return a type's name as most libraries write it: torch's is `torch.float32`."""
    name = getattr(dtype, "name", None)
    if not isinstance(name, str):
        name = str(dtype)
    return name.rpartition(".")[2].lower()


def _significant_bits(dtype: Any) -> int | None:
    """Return how many bits a type's numbers have, None for whole numbers, texts and 64 bits."""
    return _SIGNIFICANT_BITS.get(_name_of(_inner_type(dtype)))


def _inner_type(dtype: Any) -> Any:
    """Return the type of what is in a type: of a list's items, of categories; itself if none."""
    for _ in range(_MAX_TYPES):
        inner = _type_inside(dtype)
        if inner is None:
            break
        dtype = inner
    return dtype


def _type_inside(dtype: Any) -> Any:
    for name in _INNER_TYPES:
        inner = getattr(dtype, name, None)
        if inner is not None and not isroutine(inner):
            return inner
    return getattr(getattr(dtype, "categories", None), "dtype", None)


def _field_types(dtype: Any) -> dict[str, Any]:
    """Return the types of an object's fields, as polars and pyarrow have them."""
    dtype = getattr(dtype, "pyarrow_dtype", dtype)
    if isinstance(getattr(dtype, "num_fields", None), int) and not hasattr(dtype, "value_type"):
        fields = [dtype.field(position) for position in range(dtype.num_fields)]
        return {field.name: field.type for field in fields}
    if isinstance(getattr(dtype, "fields", None), list):
        return {field.name: field.dtype for field in dtype.fields}
    return {}


def short_float(value: float, bits: int | None) -> float:
    """Return the number with the fewest digits that a number of so many significant bits cannot be
    told from.

    Parameters
    ----------
    bits
        None for a number of 64 bits, which is returned as it is.
    """
    if bits is None or not math.isfinite(value):
        return value
    for digits in range(1, _MOST_DIGITS):
        short = float(f"{value:.{digits}g}")
        if _round_to_bits(short, bits) == value:
            return short
    return value


def _round_to_bits(value: float, bits: int) -> float:
    fraction, exponent = math.frexp(value)
    try:
        return math.ldexp(round(math.ldexp(fraction, bits)), exponent - bits)
    except OverflowError:
        return math.inf
