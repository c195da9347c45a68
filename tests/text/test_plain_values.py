"""Values of other libraries as Python's own, with the digits that they are shown with."""

import math
from collections import Counter
from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ernie_magic.text.plain_values import has_short_floats, plain_value, short_float, shorten_floats

F32 = np.float32(0.1)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (F32, 0.1),
        (np.float16(0.1), 0.1),
        (np.float64(0.1) + np.float64(0.2), 0.30000000000000004),
        (np.float32(16777216), 16777216.0),
        (np.float32(2.0**-20), 9.536743e-07),
        (np.longdouble("0.5"), 0.5),
        (np.complex64(0.1 + 0.2j), 0.1 + 0.2j),
        ([F32, np.int64(2), np.bool_(True), np.str_("x")], [0.1, 2, True, "x"]),
        ({np.int64(1): {"b": (F32,)}}, {1: {"b": (0.1,)}}),
        ({F32}, {0.1}),
        (Counter({"a": np.int64(2)}), {"a": 2}),
        ([np.array([[0.1]], ">f4")], [[[0.1]]]),
        ([np.datetime64("2020-01-31")], ["2020-01-31"]),
        (
            {"d": [date(2020, 1, 31), pd.Timestamp("2020-01-31 10:00")]},
            {"d": ["2020-01-31", "2020-01-31 10:00:00"]},
        ),
        ([np.array(0.1, "float16")], [0.1]),
        ([pd.NaT, np.int8(1)], [pd.NaT, 1]),
    ],
    ids=repr,
)
def test_a_value_is_plain_at_any_depth(value, plain):
    found = plain_value(value)
    assert repr(found) == repr(plain)


@pytest.mark.parametrize(
    "value",
    [
        "x",
        0.1,
        None,
        [1, {"a": (2.5, "b")}],
        pd.NA,
        pd.Timestamp("2020-01-31"),
        Counter("aab"),
        float,
    ],
    ids=repr,
)
def test_what_is_plain_already_stays_the_same_object(value):
    assert plain_value(value) is value


def test_a_list_inside_itself_is_no_trouble():
    items = [F32]
    items.append(items)
    assert plain_value(items)[0] == 0.1


@pytest.mark.parametrize(
    ("dtype", "value", "shown"),
    [
        (pl.Float32, float(F32), 0.1),
        (pl.List(pl.Array(pl.Float32, 1)), [[float(F32)]], [[0.1]]),
        (
            pl.Struct({"k": pl.Float32, "l": pl.Float64}),
            {"k": float(F32), "l": float(F32)},
            {"k": 0.1, "l": float(F32)},
        ),
        (pd.SparseDtype("float32"), float(F32), 0.1),
        (pd.CategoricalDtype(np.array([0.1], "float32")), float(F32), 0.1),
        ("torch.float16", float(np.float16(0.1)), 0.1),
        ("torch.bfloat16", 0.10009765625, 0.1),
    ],
    ids=repr,
)
def test_a_type_of_fewer_than_64_bits_tells_the_digits(dtype, value, shown):
    assert has_short_floats(dtype)
    assert shorten_floats(value, dtype) == shown


@pytest.mark.parametrize(
    "dtype",
    [np.dtype("float64"), np.dtype("int8"), pl.Float64, pl.String, pl.Categorical, pl.Datetime("us"),
     pl.Enum(["a"]), pl.Decimal(9, 2), pl.Object, pd.StringDtype(), pd.PeriodDtype("D"),
     pd.DatetimeTZDtype("ns", "UTC"), pd.SparseDtype("int64"), np.dtype(object)],
    ids=repr,
)  # fmt: skip
def test_other_types_have_nothing_to_shorten(dtype):
    assert not has_short_floats(dtype)


def test_the_digits_are_those_that_numpy_shows():
    bits = np.random.default_rng(1).integers(0, 2**32, 3000, dtype=np.uint32)
    for number in bits.view(np.float32):
        if math.isfinite(number) and abs(number) > np.finfo(np.float32).tiny:
            assert short_float(float(number), 24) == float(str(number))
