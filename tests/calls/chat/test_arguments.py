"""A tool's arguments, as models write them, become what the function declares."""

import enum
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, TypedDict
from uuid import UUID

import numpy as np
import pytest
from pydantic import BaseModel

from ernie_magic.calls.chat.arguments import bind_arguments
from ernie_magic.calls.chat.tools import describe_function


class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass
class Stay:
    city: str
    nights: int
    since: date | None = None
    is_paid: bool = False


class Point(NamedTuple):
    x: int
    y: float = 0.5


class Options(TypedDict, total=False):
    deep: bool
    tags: list[str]


class Guest(BaseModel):
    name: str
    age: int


class Party(BaseModel):
    guests: list[Guest]


Id = NewType("Id", int)


def converted(hint, value, *default):
    def function(x):
        """f"""

    function.__annotations__ = {"x": hint}
    function.__defaults__ = default or None
    bound = bind_arguments(function, json.dumps({"x": value}))
    bound.apply_defaults()
    return bound.arguments["x"]


@pytest.mark.parametrize(
    ("hint", "given", "expected"),
    [
        (bool, "false", False),
        (bool, "True", True),
        (bool, "否", False),
        (bool, 0, False),
        (bool, 1, True),
        (int, "3", 3),
        (int, 3.0, 3),
        (int, " 1e3 ", 1000),
        (int, "9007199254740993", 9007199254740993),
        (float, 3, 3.0),
        (float, "2.5", 2.5),
        (str, 5, "5"),
        (str, True, "true"),
        (str, "false", "false"),
        (Decimal, "1.10", Decimal("1.10")),
        (Colour, "r", Colour.RED),
        (Colour, "green", Colour.GREEN),
        (Level, "2", Level.HIGH),
        (Rights, 3, Rights.READ | Rights.WRITE),
        (Rights, "WRITE", Rights.WRITE),
        (Level, 1, Level.LOW),
        (Literal["single", "double"], "Single", "single"),
        (Literal[1, 2], "2", 2),
        (Literal["1", 1], 1, 1),
        (date, "2025-01-31", date(2025, 1, 31)),
        (date, "2025-01-31T00:00:00", date(2025, 1, 31)),
        (datetime, "2025-01-31T08:00:00Z", datetime(2025, 1, 31, 8, tzinfo=timezone.utc)),
        (datetime, "2025-01-31", datetime(2025, 1, 31)),  # noqa: DTZ001  (as it was written)
        (time, "08:30:00", time(8, 30)),
        (timedelta, "90", timedelta(seconds=90)),
        (Path, "a/b", Path("a/b")),
        (UUID, "12345678123456781234567812345678", UUID("12345678" * 4)),
        (int | None, None, None),
        (int | None, "null", None),
        (int | None, "7", 7),
        (str | None, "null", "null"),
        (int | str, "7", "7"),
        (int | bool, True, True),
        (date | str, "2025-01-31", "2025-01-31"),
        (int | Stay, {"city": "北京", "nights": "2"}, Stay("北京", 2)),
        (list[int], ["1", 2.0], [1, 2]),
        (list[int], "[1, 2]", [1, 2]),
        (list, ["1"], ["1"]),
        (set[str], ["a", "a"], {"a"}),
        (tuple[int, bool], ["1", "no"], (1, False)),
        (tuple[float, ...], ["1", 2], (1.0, 2.0)),
        (Iterable[int], ["1"], [1]),
        (dict[str, int], {"a": "1"}, {"a": 1}),
        (dict[int, bool], {"1": "yes"}, {1: True}),
        (Mapping[str, Any], '{"a": [1]}', {"a": [1]}),
        (Stay, {"city": "北京", "nights": "2", "since": "2025-01-31", "is_paid": "false"},
         Stay("北京", 2, date(2025, 1, 31))),
        (list[Stay], [{"city": "a", "nights": 1}], [Stay("a", 1)]),
        (Point, {"x": "1"}, Point(1)),
        (Point, [1, "2"], Point(1, 2.0)),
        (Options, {"deep": "false", "tags": [1]}, {"deep": False, "tags": ["1"]}),
        (Guest, {"name": "a", "age": "3"}, Guest(name="a", age=3)),
        (list[Guest], [{"name": "a", "age": 3}], [Guest(name="a", age=3)]),
        (Annotated[int, "how many"], "4", 4),
        (Id, "4", 4),
        ("int", "4", 4),
        ("NoSuchName", "4", "4"),
        (Any, "4", "4"),
        (np.float64, "0.5", np.float64(0.5)),
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_becomes_what_is_declared(hint, given, expected):
    found = converted(hint, given)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("hint", "given", "told"),
    [
        (int, None, "x: expected an integer, got null"),
        (int, "three", "x: expected an integer, got 'three'"),
        (int, 2.5, "x: expected an integer, got 2.5"),
        (int, True, "x: expected an integer, got true"),
        (float, "", "x: expected a number, got ''"),
        (bool, "perhaps", "x: expected true or false, got 'perhaps'"),
        (bool, 2, "x: expected true or false, got 2"),
        (str, None, "x: expected a string, got null"),
        (str, {"a": 1}, "x: expected a string, got {'a': 1}"),
        (Colour, "blue", "x: expected one of 'r', 'g', 'RED', 'GREEN', got 'blue'"),
        (Literal["a", 1], "b", "x: expected one of 'a', 1, got 'b'"),
        (date, "31/01/2025", "x: expected a date as 2025-01-31, got '31/01/2025'"),
        (datetime, 5, "x: expected a date and time as 2025-01-31T08:00:00, got 5"),
        (int | None, "x", "x: expected an integer, got 'x'"),
        (int | bool, "x", "x: expected int or bool, got 'x'"),
        (list[int], ["1", "b"], "x[1]: expected an integer, got 'b'"),
        (list[int], "1, 2", "x: expected a list (list[int]), got '1, 2'"),
        (tuple[int, int], [1], "x: expected a list of 2, got [1]"),
        (dict[str, int], {"a": "b"}, "x.a: expected an integer, got 'b'"),
        (dict, [1], "x: expected an object (dict), got [1]"),
        (Stay, {"city": "a", "nights": "b"}, "x.nights: expected an integer, got 'b'"),
        (Stay, {"city": "a"}, "x: missing a required argument: 'nights'; expected Stay("),
        (Guest, {"name": "a", "age": "b"}, "valid integer"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_does_not_fit_is_told_with_what_was_expected(hint, given, told):
    with pytest.raises((TypeError, ValueError)) as caught:
        converted(hint, given)
    assert told in str(caught.value)
    assert not type(caught.value).__name__.startswith("_")  # the model reads it too


def test_a_null_for_what_has_a_default_is_the_default():
    assert converted(int, None, 5) == 5
    assert converted(int | None, None, 5) is None


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('{"n": ', "the arguments are not JSON: "),
        ("[1]", "not a JSON object; expected the arguments (n: int)"),
        ("{}", "missing a required argument: 'n'; expected the arguments (n: int)"),
        ('{"m": 1}', "expected the arguments (n: int)"),
        ('{"n": 1, "m": 1}', "unexpected keyword argument 'm'; expected the arguments (n: int)"),
    ],
)
def test_arguments_of_another_form_are_told_with_the_signature(written, told):
    def f(n: int):
        """f"""

    with pytest.raises((TypeError, ValueError)) as caught:
        bind_arguments(f, written)
    assert told in str(caught.value)


def test_the_types_are_described_to_the_model():
    def f(
        colour: Colour,
        day: date,
        stay: Stay,
        party: Party,
        options: Options,
        points: list[Point] = (),
        level: Level = Level.LOW,
    ):
        """f"""

    schema = describe_function(f)["function"]["parameters"]
    fields = schema["properties"]
    assert fields["colour"] == {"enum": ["r", "g"], "type": "string"}
    assert fields["day"] == {"type": "string", "format": "date"}
    assert fields["stay"]["required"] == ["city", "nights"]
    assert fields["stay"]["properties"]["since"] == {"type": "string", "format": "date"}
    assert fields["party"]["properties"]["guests"]["items"] == {"$ref": "#/$defs/Guest"}
    assert schema["$defs"]["Guest"]["required"] == ["name", "age"]
    assert fields["options"]["properties"]["deep"] == {"type": "boolean"}
    assert fields["points"]["items"]["properties"]["y"] == {"type": "number"}
    assert fields["level"] == {"enum": [1, 2], "type": "integer", "default": 1}
    assert schema["required"] == ["colour", "day", "stay", "party", "options"]
    json.dumps(schema)


@pytest.mark.parametrize(
    "written",
    [
        {"arguments": {"city": "Paris"}},
        {"name": "weather", "parameters": {"city": "Paris"}},
        {"type": "function", "function": "weather", "args": {"city": "Paris"}},
    ],
)
def test_arguments_inside_a_call_written_in_their_place_are_found(written):
    def weather(city: str):
        """weather"""

    assert bind_arguments(weather, json.dumps(written)).arguments == {"city": "Paris"}


def test_fields_that_a_tool_has_itself_are_its_arguments():
    def own(name: str, arguments: dict | None = None):
        """own"""

    def anything(**fields: Any):
        """anything"""

    given = {"name": "n", "arguments": {"city": "Paris"}}
    assert bind_arguments(own, json.dumps(given)).arguments == given
    assert bind_arguments(anything, json.dumps(given)).arguments == {"fields": given}
    with pytest.raises(TypeError, match="missing a required argument"):
        bind_arguments(own, json.dumps({"arguments": {"name": "n"}}))


def test_a_default_tells_the_type_where_no_annotation_does():
    def power(x, n=2, exact=True, label="", colour=Colour.RED):
        """Raise it."""

    written = '{"x": "3", "n": "3", "exact": "false", "label": 7, "colour": "g"}'
    assert bind_arguments(power, written).arguments == {
        "x": "3", "n": 3, "exact": False, "label": "7", "colour": Colour.GREEN,
    }  # fmt: skip
    assert bind_arguments(power, '{"x": [1], "n": 2.5}').arguments == {"x": [1], "n": 2.5}
    assert bind_arguments(power, '{"x": 1, "n": null}').arguments == {"x": 1}


class Adder:
    def __call__(self, a: "int", b: "date | None" = None) -> "int":
        return a


def test_an_object_s_call_method_declares_its_types():
    assert bind_arguments(Adder(), '{"a": "3", "b": "2025-01-31"}').arguments == {
        "a": 3,
        "b": date(2025, 1, 31),
    }
