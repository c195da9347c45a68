"""Columns from dictionaries, classes and JSON schemas."""

import dataclasses
import enum
import json
from typing import Annotated, ClassVar, Literal, NamedTuple, Optional, TypedDict

import pydantic
import pytest

from ernie_magic.calls.tables import schema
from ernie_magic.calls.tables.schema import Column
from ernie_magic.errors import InvalidOption

MOODS = ("good", "bad")


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


class Model(pydantic.BaseModel):
    mood: Mood
    stars: int | None = None


@dataclasses.dataclass
class Data:
    unit: ClassVar[str] = "star"
    mood: Literal["good", "bad"]
    stars: Annotated[int, "from 1"]


class Dictionary(TypedDict):
    mood: Mood
    stars: Optional[int]  # noqa: UP045  (as people write it)


class Tuple(NamedTuple):
    mood: Literal["good", "bad"]
    stars: int


SCHEMA = {
    "type": "object",
    "properties": {
        "mood": {"type": "string", "enum": ["good", "bad"]},
        "stars": {"type": ["integer", "null"]},
    },
}


@pytest.mark.parametrize(
    "given",
    [
        {"mood": MOODS, "stars": int},
        {"mood": ["good", "bad", None], "stars": "int?"},
        [("mood", Mood), ("stars", int)],
        {"mood": {"enum": list(MOODS)}, "stars": {"type": "integer"}},
        Model,
        Data,
        Dictionary,
        Tuple,
        SCHEMA,
        {"name": "row", "schema": SCHEMA},
        {"type": "json_schema", "json_schema": {"name": "row", "schema": SCHEMA}},
        Model.model_json_schema(),
    ],
    ids=range(12),
)
def test_each_form_of_the_same_fields_gives_the_same_columns(given):
    assert schema.parse_columns(given) == (Column("mood", "str", MOODS), Column("stars", "int"))


def test_a_list_of_names_is_one_of_columns_as_they_are_written():
    assert schema.parse_columns(["mood", "stars:int"]) == schema.parse_columns("mood, stars:int")


def test_columns_may_have_the_names_that_schemas_use():
    given = {"type": str, "properties": int, "schema": {"type": "string"}}
    assert [column.name for column in schema.parse_columns(given)] == list(given)


class Deep(pydantic.BaseModel):
    inner: Model
    mood: str


@pytest.mark.parametrize(
    "given",
    [
        {"mood": []},
        {"mood": ["good", 1]},
        {"mood": {}},
        {"properties": {"mood": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}},
        Deep,
        type("Broken", (), {"__annotations__": {"mood": "no_such_type"}}),
        int,
        {"good", "bad"},
        [1, 2],
    ],
    ids=range(9),
)
def test_what_makes_no_column_is_refused_in_a_line(given):
    with pytest.raises(InvalidOption, match=r"is not a column|must be a text or a dictionary"):
        schema.parse_columns(given)


def test_choices_are_asked_for_and_hold():
    columns = schema.parse_columns({"mood": MOODS})
    asked = schema.json_schema(columns)["json_schema"]["schema"]["properties"]
    assert asked == {"mood": {"type": "string", "enum": ["good", "bad"]}}
    assert '{"mood": <"good" | "bad">}' in schema.json_instruction(columns)
    for said, value, wrong in (
        ("bad", "bad", None),
        ("Bad", "bad", None),
        ("so-so", None, "mood: 'so-so' is not one of its choices"),
        (["bad", "good"], None, "mood: ['bad', 'good'] is not one of its choices"),
    ):
        values, problem = schema.parse_answer(json.dumps({"mood": said}), columns)
        assert (values["mood"], problem and problem.en) == (value, wrong)
