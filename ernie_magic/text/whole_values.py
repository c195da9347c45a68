"""Values as text, whole: pandas, numpy and polars leave out the middle of what they print, and a
model would never see it.

None of these libraries is imported here: what a value comes from is loaded already.
"""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.text.plain_values import (
    days_of_moments,
    has_short_floats,
    plain_value,
    python_value,
    shorten_floats,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from contextlib import AbstractContextManager

_WIDEST = 65_535  # characters of a line: polars takes no more
_LONGEST_TEXT = 1_000_000_000  # characters of a cell
_PANDAS = (
    "display.max_rows",
    "display.max_columns",
    "display.max_colwidth",
    "display.max_seq_items",
)
_CONTROLS = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
# What Python shows of an object that has no text: its kind, and where it is.
ADDRESS = re.compile(r"<.* at 0x[0-9a-fA-F]+>", re.DOTALL)
_FEWEST_CHARACTERS = 2  # of a cell: one, and a comma


class TableText(NamedTuple):
    """A table as CSV.

    Attributes
    ----------
    text : str
    rows_written, rows : int
        Rows of the table that the text has, and all.
    """

    text: str
    rows_written: int
    rows: int

    @property
    def is_whole(self) -> bool:
        """Whether the text has all rows."""
        return self.rows_written == self.rows


def _whole_numpy(numpy: Any) -> AbstractContextManager[object]:
    return numpy.printoptions(threshold=sys.maxsize)  # type: ignore[no-any-return]


def _whole_pandas(pandas: Any) -> AbstractContextManager[object]:
    options: list[object] = []
    for name in _PANDAS:
        options += [name, None]
    return pandas.option_context(*options, "display.expand_frame_repr", False)  # type: ignore[no-any-return]


def _whole_polars(polars: Any) -> AbstractContextManager[object]:
    return polars.Config(  # type: ignore[no-any-return]
        tbl_rows=-1,
        tbl_cols=-1,
        fmt_str_lengths=_LONGEST_TEXT,
        fmt_table_cell_list_len=-1,
        tbl_width_chars=_WIDEST,
    )


_LIBRARIES: dict[str, Callable[[Any], AbstractContextManager[object]]] = {
    "numpy": _whole_numpy,
    "pandas": _whole_pandas,
    "polars": _whole_polars,
}


@contextmanager
def printing_whole() -> Iterator[None]:
    """Have numpy, pandas and polars leave out nothing of what they print meanwhile."""
    with ExitStack() as stack:
        for name, print_whole in _LIBRARIES.items():
            library = sys.modules.get(name)
            if library is not None and hasattr(library, "__version__"):
                stack.enter_context(print_whole(library))
        yield


def whole_text(value: object) -> str:
    """Return the text of a value, with nothing left out: a table as CSV, of anything else what
    `str` gives.
    """
    value = python_value(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _write_bytes(bytes(value))
    if (table := as_table(value)) is not None:
        return write_table(table).text
    with printing_whole():
        if is_array(value):
            return _write_array(value)
        return str(plain_value(value))


def _write_bytes(value: bytes) -> str:
    """Return the text that bytes are in UTF-8, as columns of databases have it; what Python shows
    of other bytes.
    """
    with suppress(UnicodeDecodeError):
        text = value.decode()
        if not _CONTROLS.search(text):
            return text
    return str(value)


def _write_array(array: Any) -> str:
    if not _is_of(array, "numpy", ("ndarray",)):
        return str(plain_value(shorten_floats(array.tolist(), array.dtype)))
    if _is_of(array, "numpy", ("MaskedArray",)):
        return str(array)
    numpy = sys.modules["numpy"]
    if array.dtype.kind == "M":  # pandas' days have a time of 0
        days = array.astype("datetime64[D]")
        if (numpy.isnat(array) | (days == array)).all():
            array = days
    # The digits that tell each number from its neighbours, rather than the first eight.
    return str(numpy.array2string(array, threshold=sys.maxsize, floatmode="unique"))


def is_array(value: object) -> bool:
    """Whether a value is an array of numpy, torch, pandas or such, of more than one dimension."""
    if isinstance(value, type):
        return False
    return (
        hasattr(value, "tolist") and hasattr(value, "dtype") and bool(getattr(value, "shape", ()))
    )


def _is_of(value: object, library: str, names: Collection[str]) -> bool:
    """Whether a value's class is one of these of a library, or made from one."""
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] == library
        for kind in type(value).__mro__
    )


def as_table(value: object) -> Any:
    """Return a table as pandas' or polars', a column as a table; None for what is neither."""
    for library in ("pandas", "polars"):
        if _is_of(value, library, ("DataFrame",)):
            return value
        if _is_of(value, library, ("Series",)):
            return _column_as_table(value)
    if hasattr(value, "to_pandas") and hasattr(value, "column_names"):  # pyarrow's, datasets'
        if _is_of(value, "pyarrow", ("Table", "RecordBatch")):
            return value.to_pandas(integer_object_nulls=True)  # beside a gap 1 is not 1.0
        return value.to_pandas()
    return None


def _column_as_table(column: Any) -> Any:
    if column.name in (None, ""):
        return column.to_frame("value")
    return column.to_frame()


def write_table(table: Any, max_characters: int | None = None) -> TableText:
    """Write a table as CSV.

    Parameters
    ----------
    max_characters
        Only so many of the first rows are written as fit; all when None.
    """
    rows = count = len(table)
    if max_characters is not None:
        cells = max_characters // _FEWEST_CHARACTERS
        count = min(rows, cells // max(1, len(table.columns)) + 1)
    text = _write_csv(table, count)
    while max_characters is not None and len(text) > max_characters and count:
        count = min(count - 1, count * max_characters // len(text))
        text = _write_csv(table, count)
    return TableText(text, count, rows)


def _write_csv(table: Any, rows: int) -> str:
    if not rows and not len(table.columns):
        return str(table)  # its library's words for an empty table
    part = table
    if rows < len(table):
        part = table.head(rows)
    with printing_whole():
        if not hasattr(part, "to_csv"):
            return _write_polars(part)
        is_counted = _only_counts_rows(part.index)
        # pandas 2.0 warns of each NaN that it writes.
        with sys.modules["numpy"].errstate(invalid="ignore"):
            written = _with_plain_cells(part).to_csv(
                index=not is_counted, index_label=_label_index(part), lineterminator="\n"
            )
    return str(written).rstrip("\n")


def _only_counts_rows(index: Any) -> bool:
    """Whether labels of pandas are 0, 1, 2 and so on, which say nothing. A range may as well be
    years or the numbers of students.
    """
    if type(index).__name__ != "RangeIndex" or index.name is not None:
        return False
    return (index.start, index.step) == (0, 1)


def _label_index(table: Any) -> list[str] | None:
    """Return the heads of a DataFrame's labels where its columns have a name as well, as those of a
    crosstab or a pivot do, for which CSV has no place; None where CSV has all names.
    """
    name = getattr(table.columns, "name", None)
    if name is None or table.columns.nlevels > 1:
        return None
    *others, last = ("" if one is None else str(one) for one in table.index.names)
    return [*others, f"{last} \\ {name}".lstrip()]


def _with_plain_cells(table: Any) -> Any:
    """Return a DataFrame of pandas whose numbers have their own digits, in its lists too."""
    changed = table
    for position, dtype in enumerate(table.dtypes):
        if dtype.name != "object" and not has_short_floats(dtype):
            continue
        if changed is table:
            changed = table.copy()
        column = days_of_moments(table.iloc[:, position].tolist())
        cells = [_plain_cell(cell, dtype) for cell in column]
        changed.isetitem(position, sys.modules["pandas"].Series(cells, table.index, dtype=object))
    return changed


def _plain_cell(cell: Any, dtype: Any) -> Any:
    if dtype.name != "object":
        return shorten_floats(cell, dtype)
    if isinstance(cell, (list, tuple, dict, set)):
        return plain_value(cell)
    return cell


def _write_polars(part: Any) -> str:
    """Write a DataFrame of polars, with texts in the place of what its CSV cannot have: lists,
    structs, durations, bytes.
    """
    polars = sys.modules["polars"]
    for name, dtype in part.schema.items():
        if dtype == polars.Datetime and days_of_moments(cells := part[name].to_list()) is not cells:
            part = part.with_columns(part[name].dt.date())
    written = _try_write_csv(part)
    if written is not None:
        return written
    for name, dtype in part.schema.items():
        if _try_write_csv(part.select(name)) is None:
            cells = map(_cell_as_text, shorten_floats(part[name].to_list(), dtype))
            part = part.with_columns(polars.Series(name, list(cells), dtype=polars.String))
    return str(part.write_csv()).rstrip("\n")


def _try_write_csv(part: Any) -> str | None:
    try:
        return str(part.write_csv()).rstrip("\n")
    except Exception:  # noqa: BLE001  (polars' own errors, which differ by version)
        return None


def _cell_as_text(cell: object) -> str | None:
    if cell is None:
        return None
    return whole_text(cell)
