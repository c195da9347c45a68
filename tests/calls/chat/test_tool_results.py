"""What a tool returned, as the model receives it."""

import dataclasses
import enum
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ernie_magic.calls.chat.tool_results import make_tool_run


@dataclasses.dataclass
class Stay:
    city: str
    nights: int


class Colour(enum.Enum):
    RED = "r"


CALL = {"function": {"name": "f", "arguments": "{}"}}


def content(value, **options):
    return make_tool_run(CALL, value, **options).content


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.arange(3), [0, 1, 2]),
        (np.int64(3), 3),
        ({"n": np.float32(0.5)}, {"n": 0.5}),
        ({"n": [np.float32(0.1)], np.int64(1): np.float16(0.1)}, {"n": [0.1], "1": 0.1}),
        (np.array([0.1], "float32"), [0.1]),
        ({"s": pd.Series([0.1], dtype="float32")}, {"s": [0.1]}),
        ([Stay("a", 1)], [{"city": "a", "nights": 1}]),
        ({"c": Colour.RED}, {"c": "r"}),
        ({1}, [1]),
        (iter([0, 1, 2]), [0, 1, 2]),
        ({"day": pd.Timestamp("2025-01-31")}, {"day": "2025-01-31"}),
        ({"t": pd.DataFrame({"a": [1]})}, {"t": "a\n1"}),
        (None, None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_result_is_json(value, expected):
    assert json.loads(content(value)) == expected


def test_a_result_is_sent_whole():
    assert content(pd.DataFrame({"a": range(5000)})).count("\n") == 5000
    assert content(pd.Series(range(5000), name="a")).count("\n") == 5000
    assert len(json.loads(content(np.arange(5000)))) == 5000
    assert "2500" in content({"a": pd.Series(range(5000))})
    assert content({("a", 1): 2}) == "{('a', 1): 2}"


def test_a_table_that_is_too_long_tells_how_many_rows_are_sent():
    told = content(pd.DataFrame({"n": range(100_000)}), max_characters=1000)
    first, *rows = told.splitlines()
    assert len(told) <= 1000
    sent = len(rows) - 1
    assert first == f"(rows 1 to {sent} of 100,000; ask for fewer columns or a smaller part)"
    assert rows[0] == "n"
    assert rows[-1] == str(sent - 1)


def test_a_text_that_is_too_long_tells_how_much_is_sent():
    assert content("x" * 2500, max_characters=1000) == (
        "x" * 1000 + " … 2,500 characters, of which 1,000 are sent (truncated)"
    )


async def no_rows():
    yield


PICTURE = Image.new("RGB", (640, 480))
# What the model is told of it, alone and in a dictionary.
WITHOUT_WORDS = {
    "bytes": (b"\x89PNG\r\n" + bytes(5_000), "(5,006 bytes)"),
    "a Pillow image": (PICTURE, "(a picture of 640x480)"),
    "an object": (object(), '"(object, which has no text)"'),
    "an asynchronous generator": (no_rows(), '"(async_generator, which has no text)"'),
}


@pytest.mark.parametrize("name", WITHOUT_WORDS)
def test_what_has_no_words_is_named(name):
    value, told = WITHOUT_WORDS[name]
    assert content(value) == told
    assert json.loads(content({"result": value})) == {"result": told.strip('"')}


def test_bytes_of_a_text_are_that_text():
    assert content("好".encode()) == "好"


def test_pictures_are_named_and_not_sent(session):
    pictures = session.image("a cat", n=2)
    for value in (pictures, pictures[0], [pictures[0]], {"cat": pictures}):
        assert "a cat" in content(value)
        assert len(content(value)) < 300
