"""Values as text: nothing is left out in the middle, whatever library they come from."""

from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ernie_magic.text.whole_values import printing_whole, whole_text, write_table

LONG = list(range(5000))
WIDE = {f"column_{number}": [number] for number in range(200)}
TEXTS = ["x" * 500 + "end"] * 3


@pytest.mark.parametrize(
    ("value", "contained"),
    [
        (pd.DataFrame({"a": LONG}), "\n2500\n"),
        (pd.DataFrame(WIDE), "column_100"),
        (pd.DataFrame({"a": TEXTS}), "xend"),
        (pd.Series(LONG, name="n"), "n\n0\n1\n"),
        (pd.Series(LONG), "\n2500\n"),
        (pd.Series({"a": 1, "b": 2}), ",value\na,1\nb,2"),
        (pd.Index(LONG), " 2500,"),
        (pd.date_range("2020-01-01", periods=900, freq="D"), "2021-06-01"),
        (pd.Categorical(["a"] * 500 + ["b"] + ["a"] * 500), "'b'"),
        (np.arange(5000), " 2500 "),
        (np.zeros((4, 40, 40)) + 7, "7."),
        (np.array([1 / 3, 0.1]), "[0.3333333333333333 0.1               ]"),
        (np.array([0.1], dtype=np.float32), "[0.1]"),
        (np.array(["2020-01-01"], dtype="datetime64[ns]"), "2020-01-01"),
        ([np.arange(5000)], " 2500,"),
        ({"a": np.arange(5000)}, " 2500,"),
        ([pd.DataFrame({"a": LONG})], "2500"),
        ((pd.Series(TEXTS),), "xend"),
        (pd.DataFrame({"a": [np.arange(5000)]}), " 2500 "),
        (pl.DataFrame({"a": LONG}), "\n2500\n"),
        (pl.DataFrame(WIDE), "column_100"),
        (pl.Series("n", LONG), "n\n0\n1\n"),
        (pl.DataFrame({"a": [[number] for number in LONG]}), "[2500]"),
        ([pl.Series("n", LONG)], "2500"),
        (LONG, " 2500,"),
        (dict.fromkeys(LONG), "2500: None"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_text_of_a_value_has_all_of_it(value, contained):
    text = whole_text(value)
    assert contained in text
    assert "..." not in text
    assert "…" not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\nb", "a\nb"),
        (3, "3"),
        (None, "None"),
        (np.float64(0.5), "0.5"),
        ("你\n".encode(), "你\n"),
        (np.bytes_(b"a"), "a"),
        (b"\xff", "b'\\xff'"),
        (b"\x00a", "b'\\x00a'"),
        ({"a": [np.float32(0.1), np.int64(2)]}, "{'a': [0.1, 2]}"),
        (pd.DataFrame({"a": [[np.float32(0.1)]]}), "a\n[0.1]"),
        (pd.DataFrame({"a": pd.Categorical(np.array([0.1], "float32"))}), "a\n0.1"),
        (np.array(3), "3"),
        (np.array([1, 2]), "[1 2]"),
        (date(2025, 1, 31), "2025-01-31"),
        (pd.DataFrame({"a": [1, 2], "b": ["x,y", 'q"']}), 'a,b\n1,"x,y"\n2,"q"""'),
        (pd.DataFrame({"a": [1.5, None]}, index=["r", "s"]), ",a\nr,1.5\ns,"),
        (pd.DataFrame({"a": [1, 2]}, index=range(2019, 2021)), ",a\n2019,1\n2020,2"),
        (pd.DataFrame({"a": [1, 2]}, index=range(0, 8, 4)), ",a\n0,1\n4,2"),
        (pd.DataFrame({"a": [1, 2]}, index=range(1, -1, -1)), ",a\n1,1\n0,2"),
        (pd.DataFrame({"a": list("abc")})[1:], ",a\n1,b\n2,c"),
        (pd.Series({1: "x", 2: "y"}), ",value\n1,x\n2,y"),
        (pd.DataFrame({"a": []}), "a"),
        (pd.DataFrame(), "Empty DataFrame\nColumns: []\nIndex: []"),
        (np.ma.array([1, 2, 3], mask=[0, 1, 0]), "[1 -- 3]"),
        (np.eye(2), "[[1. 0.]\n [0. 1.]]"),
        (pd.DataFrame({"a": [1]}).columns, "['a']"),
        (pd.DataFrame({"a": [0.1 + 0.2]}), "a\n0.30000000000000004"),
        (pl.DataFrame({"a": [1, None]}), "a\n1\n"),
        (pl.DataFrame({"a": [[1, 2], None], "b": ["x", "y"]}), 'a,b\n"[1, 2]",x\n,y'),
        (pl.DataFrame({"a": [{"b": 1, "c": "x"}]}), "a\n\"{'b': 1, 'c': 'x'}\""),
    ],
    ids=repr,
)
def test_a_small_value_is_written_plainly(value, text):
    assert whole_text(value) == text or whole_text(value) == text.rstrip("\n")


def test_only_the_rows_that_fit_are_written():
    table = pd.DataFrame({"n": range(100_000), "word": "一二三"})
    written = write_table(table, 2000)
    assert len(written.text) <= 2000
    assert (written.rows, written.is_whole) == (100_000, False)
    assert written.text.splitlines()[-1] == f"{written.rows_written - 1},一二三"
    assert written.rows_written > 150


def test_the_libraries_print_as_before_afterwards():
    array, frame = np.arange(5000), pd.DataFrame({"a": LONG})
    before = str(array), str(frame)
    with printing_whole():
        assert "..." not in str(array) + str(frame)
    assert (str(array), str(frame)) == before
    assert "..." in before[0]


def test_the_name_of_a_pivot_s_columns_stands_beside_that_of_its_labels():
    frame = pd.DataFrame({"class": ["a", "b"], "passed": [True, False]})
    counts = pd.crosstab(frame["class"], frame["passed"])
    assert whole_text(counts).splitlines()[0] == "class \\ passed,False,True"
    labelled = pd.DataFrame({"x": [1]}, index=["a"])
    assert whole_text(labelled) == ",x\na,1"
    assert whole_text(labelled.rename_axis("year", axis="columns")) == "\\ year,x\na,1"
    counted = pd.DataFrame({"x": [1]}).rename_axis("year", axis="columns")
    assert whole_text(counted) == "x\n1"
