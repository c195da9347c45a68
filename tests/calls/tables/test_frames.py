"""Tables of every kind as rows."""

import sqlite3
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ernie_magic import errors
from ernie_magic.calls.tables import frames
from ernie_magic.calls.tables.template import Placeholder, Template


def test_rows_of_odd_tables():
    assert frames.rows_of({"a": [1, 2], "b": (3, 4)}) == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]
    assert frames.rows_of(pd.Series(["a"])) == [{"text": "a"}]
    assert frames.rows_of(pl.Series(["a"])) == [{"text": "a"}]
    assert frames.rows_of([{1: 2}]) == [{"1": 2}]
    for odd in ("text", b"x", {"a": [1], "b": [1, 2]}, {"a": "x"}, None, [1]):
        with pytest.raises(errors.InvalidOption):
            frames.rows_of(odd)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"text": "a"}, None], "row 2 is None, others are dict"),
        ([None, {"text": "a"}], "row 1 is None"),
        ([{"text": "a"}, float("nan")], "row 2 is nan"),
        ([{"text": "a"}, {"text": "b"}, "c"], "row 3 is str, others are dict"),
        (["a", None, 1], "row 3 is int, others are str"),
        ([1, 2], "it holds int"),
    ],
)
def test_the_row_that_makes_a_list_no_table_is_named(rows, told):
    with pytest.raises(errors.InvalidOption, match=told):
        frames.rows_of(rows)


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2024-01-01", periods=3)[::-1],
        pd.timedelta_range("1h", periods=3)[::-1],
        pd.period_range("2024-01", periods=3, freq="M"),
        pd.DatetimeIndex(["2024-01-02", "2024-01-01", "2024-01-02"]),
    ],
    ids=lambda index: type(index).__name__,
)
def test_a_table_by_dates_gets_columns_without_a_warning(index):
    data = pd.DataFrame({"a": [1, 2, 3]}, index=index)
    made = frames.with_columns(data, [], {"b": ("str", ["x", "y", None])})
    assert made.index.equals(index)
    assert list(made["b"][:2]) == ["x", "y"]


def test_a_missing_text_of_a_result_is_false_and_missing():
    table = frames.with_columns(pd.DataFrame({"a": [1, 2]}), [], {"error": ("str", [None, "no"])})
    assert [row.a for row in table.itertuples() if row.error] == [2]
    assert table[table.error.isna()].a.tolist() == [1]
    assert table[table.error.notna()].a.tolist() == [2]
    assert table[table.error == "no"].a.tolist() == [2]


def test_a_dataframe_as_a_dictionary_is_its_values_not_its_index():
    table = pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}, index=[7, 8])
    assert frames.rows_of(table.to_dict()) == frames.rows_of(table)
    assert frames.first_rows(table.to_dict(), 1) == [{"a": "x", "b": 1}]
    for odd in ({"a": {7: "x"}, "b": {8: 1}}, {"a": {7: "x"}, "b": [1]}, {"a": b"x"}):
        with pytest.raises(errors.InvalidOption):
            frames.rows_of(odd)


@pytest.mark.filterwarnings("error")
def test_columns_whose_labels_are_equal_but_not_the_same_text_stay_apart():
    table = pd.DataFrame([["x", "y"]], columns=pd.Index([True, 1], dtype=object))
    assert frames.rows_of(table) == [{"True": "x", "1": "y"}]


@pytest.mark.parametrize("dtype", ["float32", "float16", "Float32"])
def test_short_floats_are_sent_as_they_are_shown(dtype):
    table = pd.DataFrame({"a": pd.array([0.1, 2.5, None], dtype=dtype), "b": [0.1, 1, 2]})
    values = [row["a"] for row in frames.rows_of(table)]
    assert values[:2] == [0.1, 2.5]
    assert pd.isna(values[2])
    assert [row["b"] for row in frames.rows_of(table)] == [0.1, 1.0, 2.0]
    assert table["a"].dtype == dtype


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"a": pl.Series([0.1, 2.5], dtype=pl.Float32)}),
        pl.DataFrame({"a": pl.Series([[0.1], None], dtype=pl.List(pl.Float32))}),
        pl.DataFrame({"a": [{"k": 0.1}]}, schema={"a": pl.Struct({"k": pl.Float32})}),
        pd.DataFrame({"a": pd.Categorical(np.array([0.1, 2.5], "float32"))}),
        pd.DataFrame({"a": pd.arrays.SparseArray(np.array([0.1, 0], "float32"))}),
        pd.DataFrame({"a": [np.float32(0.1), "x"]}, dtype=object),
        pd.DataFrame(
            {"a": [[np.float32(0.1)], np.array([0.1], "float16"), {"k": np.float32(0.1)}]}
        ),
        [{"a": np.float32(0.1)}, {"a": {"k": (np.float16(0.1), np.int64(2))}}],
        {"a": np.array([0.1], "float32")},
    ],
    ids=lambda table: type(table).__module__,
)
def test_a_prompt_has_a_number_s_own_digits_wherever_it_stands(table):
    for row in frames.rows_of(table):
        prompt = Template.parse("{{a}}").fill(row)
        assert "0000" not in prompt
        assert "np." not in prompt
    assert "0.1" in Template.parse("{{a}}").fill(frames.rows_of(table)[0])


class Stay(NamedTuple):
    x: int
    y: str


@dataclass
class Visit:
    x: int
    y: str


def sqlite_rows():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    rows = connection.execute("select 1 as x, 'a' as y").fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize(
    "data",
    [
        [Stay(1, "a")],
        [Visit(1, "a")],
        sqlite_rows(),
        np.array([(1, "a")], dtype=[("x", int), ("y", "U1")]),
        np.rec.array([(1, "a")], dtype=[("x", int), ("y", "U1")]),
        [MappingProxyType({"x": 1, "y": "a"})],
        [row for _, row in pd.DataFrame({"x": [1], "y": ["a"]}).iterrows()],
    ],
    ids=lambda data: type(data[0]).__name__,
)
def test_rows_whose_values_have_names_are_a_table(data):
    assert frames.rows_of(frames.copy_table(data)) == [{"x": 1, "y": "a"}]


def test_a_table_that_is_not_computed_yet_is_told():
    with pytest.raises(errors.InvalidOption) as caught:
        frames.read_table(frames.copy_table(pl.LazyFrame({"a": [1]})))
    assert caught.value.line("en") == (
        "LazyFrame is not a table with rows. What to do: compute it first, with .collect()."
    )


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([["a", "b"]], "list is not a table with rows: it holds list"),
        (np.array([["a", "b"]]), "list is not a table with rows: it holds ndarray"),
        ([1, 2], "list is not a table with rows: it holds int"),
        ([("a", 1)], r"it holds tuple. .* pd.DataFrame\(rows, columns=\["),
        ([Visit], "it holds type"),
        (np.array("a"), "ndarray is not a table"),
    ],
)
def test_what_is_no_table_is_named_with_what_it_holds(data, told):
    with pytest.raises(errors.InvalidOption, match=told):
        frames.read_table(frames.copy_table(data))


DAYS = pd.Series(pd.to_datetime(["2024-01-05", None, "2024-02-01"]))


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"d": DAYS}),
        pd.DataFrame({"d": DAYS.astype(object)}),
        pl.from_pandas(pd.DataFrame({"d": DAYS})),
        DAYS.to_frame("d").to_dict("list"),
        pd.DataFrame({"n": [1, 2, 3]}, index=pd.Index(DAYS, name="d")),
    ],
    ids=["pandas", "objects", "polars", "lists", "labels"],
)
def test_a_column_of_whole_days_is_written_as_days(table):
    content = frames.read_table(table, with_labels=True)
    template = Template((Placeholder("d"),))
    written = [template.fill(row) for row in frames.rows_in_words(content)]
    assert written == ["2024-01-05", "", "2024-02-01"]


@pytest.mark.parametrize(
    "moments",
    [
        ["2024-01-05 10:00", "2024-02-01 00:00"],
        ["2024-01-05 00:00:00.000000001", "2024-02-01"],
        ["2024-01-05T00:00+08:00", "2024-02-01T00:00+08:00"],
    ],
)
def test_a_column_of_moments_keeps_their_times_and_zones(moments):
    column = pd.Series(pd.to_datetime(moments, format="ISO8601"))
    content = frames.read_table(column.to_frame("d"))
    assert frames.rows_in_words(content) is content.rows
    filled = [Template((Placeholder("d"),)).fill(row) for row in content.rows]
    assert filled == [str(moment) for moment in column]
