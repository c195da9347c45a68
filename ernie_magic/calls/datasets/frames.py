"""Samples as the rows of a table, and back. The turns of one conversation are rows with the same
value in the column `_group`, as in the tables of the official client.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ernie_magic.api.requests import is_missing
from ernie_magic.calls.datasets import values
from ernie_magic.calls.datasets.faults import ROW, FaultLog, Place, Problem
from ernie_magic.calls.datasets.formats import GROUP, meant_field
from ernie_magic.calls.datasets.values import WrongValue
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping, Sequence

    from ernie_magic.calls.datasets.formats import Format, Row, Sample

_REQUIRED = ("prompt", "text", "messages")
_IN_JSON = ("score", "messages", "functions", "tools")  # cells that hold more than a text


def decode_table(
    columns: Sequence[str],
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    form: Format,
    given: Mapping[str, str],
    log: FaultLog,
    left_out: Counter[str],
    *,
    unit: Text = ROW,
    file: str = "",
) -> list[tuple[Place, Sample]]:
    """Return the samples that a table's rows hold, each with its place; faults go to the log.

    Parameters
    ----------
    rows
        Each with its number in the file or table, from 1.
    given
        Columns by field, where they are not the usual ones.
    left_out
        Counts the columns that the format does not have.

    Raises
    ------
    InvalidOption
        The table lacks a column that each row needs.
    """
    names = _find_columns(columns, form, given)
    left_out.update(column for column in columns if column not in names.values())
    decoder = _TableDecoder(form, names, log)
    for number, row in rows:
        decoder.add(Place(number, unit, file), row)
    return decoder.check_samples()


def _find_columns(
    columns: Sequence[str],
    form: Format,
    given: Mapping[str, str],
) -> dict[str, str]:
    """Return the column of each field that the table has.

    Raises
    ------
    InvalidOption
    """
    wanted = form.names_in_tables(given)
    in_lines = form.names_in_lines(given)
    found = {}
    for name, column in wanted.items():
        candidates = [column, in_lines.get(name, column)]
        present = [candidate for candidate in candidates if candidate in columns]
        if present:
            found[name] = present[0]
    absent = {name: column for name, column in wanted.items() if name not in found}
    for column in columns:
        if column in found.values():
            continue
        name = meant_field(column, absent, has_preferences=form.has_preferences)
        if name:
            raise _no_column(absent[name], columns, name, column)
    for name, column in absent.items():
        if name in _REQUIRED or name in given:
            raise _no_column(column, columns, name)
    return found


def _no_column(
    column: str,
    columns: Sequence[str],
    name: str,
    meant: str = "",
) -> InvalidOption:
    shown = ", ".join(columns[:10]) or "–"
    advice = did_you_mean(column, columns)
    setting = Text(
        "写明哪一列：fields={{'{name}': '{meant}'}}",
        "say which one it is: fields={{'{name}': '{meant}'}}",
    ).fill(name=name, meant=meant or "…")
    if advice is not None and not meant:
        setting = Text(f"{advice.zh} {setting.zh}", f"{advice.en} {setting.en}")
    return InvalidOption(
        Text("表里没有列 {column}；有：{shown}", "no column {column}; there are: {shown}").fill(
            column=column, shown=shown
        ),
        advice=setting,
    )


class _TableDecoder:
    """The samples of a table that is read row by row.

    Parameters
    ----------
    names
        The column of each field that the table has.
    """

    def __init__(self, form: Format, names: Mapping[str, str], log: FaultLog) -> None:
        self._form = form
        self._names = names
        self._log = log
        self._readers = _cell_readers(form)
        self._samples: dict[Any, list[Row]] = {}
        self._places: dict[Any, Place] = {}
        self._broken: set[Any] = set()

    def add(self, place: Place, cells: Mapping[str, Any]) -> None:
        """Read one row."""
        group: Any = object()  # a sample of its own
        if GROUP in self._names:
            group = cells.get(self._names[GROUP])
            if is_missing(group) or not _is_hashable(group):
                self._log.add(place, _no_group(self._names[GROUP]))
                return
        row, problems = self._read_row(cells)
        self._places.setdefault(group, place)
        self._samples.setdefault(group, []).append(row)
        for problem in problems:
            self._broken.add(group)
            self._log.add(place, problem)

    def _read_row(self, cells: Mapping[str, Any]) -> tuple[Row, list[Problem]]:
        row: Row = {}
        problems = []
        for name, read in self._readers.items():
            column = self._names.get(name)
            if column is None:
                continue
            value = cells.get(column)
            if is_missing(value) or value == "":
                continue
            try:
                row[name] = read(_plain_value(value))
            except WrongValue as wrong:
                problems.append(Problem(column, wrong.what, wrong.advice))
        return row, problems

    def check_samples(self) -> list[tuple[Place, Sample]]:
        """Return all samples; what their rows together lack goes to the log."""
        names = self._form.names_in_tables({}) | dict(self._names)
        samples = []
        for group, rows in self._samples.items():
            sample = tuple(rows)
            place = self._places[group]
            if group not in self._broken:
                for problem in self._form.rule(sample, names):
                    self._log.add(place, problem)
            samples.append((place, sample))
        return samples


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _no_group(column: str) -> Problem:
    return Problem(
        column,
        Text("缺对话的编号", "has no number of its conversation"),
        Text("同一对话的各轮写同一个值", "write the same value in all turns of a conversation"),
    )


def _cell_readers(form: Format) -> dict[str, values.ReadValue]:
    """Return how the cells of each column are read: also from JSON in a text."""
    readers = dict(form.readers)
    if form.readers.get("response") is values.read_ranked:
        readers["response"] = _from_json(values.read_answer_list)
    for name in _IN_JSON:
        if name in readers:
            readers[name] = _from_json(readers[name])
    if "weight" in readers:
        readers["weight"] = _from_json(readers["weight"])
    return readers


def _from_json(read: values.ReadValue) -> values.ReadValue:
    def read_cell(cell: Any) -> Any:
        if isinstance(cell, str):
            with suppress(ValueError, RecursionError):
                return read(json.loads(cell))
        return read(cell)

    return read_cell


def _plain_value(value: Any) -> Any:
    """Return a cell as Python's own types: numpy's numbers and arrays become numbers and lists."""
    convert = getattr(value, "tolist", None)
    if convert is not None:
        value = convert()
    if isinstance(value, float) and value.is_integer():
        return int(value)  # a column of whole numbers with gaps
    return value


def encode_rows(
    samples: Sequence[Sample],
    form: Format,
    given: Mapping[str, str],
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return columns and rows of a table that holds the samples; every row has all columns, None
    where a field is absent.
    """
    names = form.names_in_tables(given)
    present = {name for sample in samples for row in sample for name in row}
    fields = [name for name in form.readers if name in present]
    columns = [names[name] for name in fields]
    is_grouped = any(len(sample) > 1 for sample in samples)
    if is_grouped:
        columns.insert(0, names[GROUP])
    rows = []
    for group, sample in enumerate(samples):
        for turn in sample:
            row = {names[name]: _cell_value(turn.get(name)) for name in fields}
            if is_grouped:
                row = {names[GROUP]: group, **row}
            rows.append(row)
    return columns, rows


def _cell_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value
