"""Tables of every kind as rows."""

import pandas as pd
import polars as pl
import pytest

from ernie_magic import errors
from ernie_magic.calls.tables import frames


def test_rows_of_odd_tables():
    assert frames.rows_of({"a": [1, 2], "b": (3, 4)}) == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]
    assert frames.rows_of(pd.Series(["a"])) == [{"text": "a"}]
    assert frames.rows_of(pl.Series(["a"])) == [{"text": "a"}]
    assert frames.rows_of([{1: 2}]) == [{"1": 2}]
    for odd in ("text", b"x", {"a": [1], "b": [1, 2]}, {"a": "x"}, None, [1]):
        with pytest.raises(errors.InvalidOption):
            frames.rows_of(odd)
