"""Values that fit a JSON schema."""

import json

import pytest

from ernie_magic.emulator.refusals import Refusal
from ernie_magic.emulator.schemas import sample_value

NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
        "parent": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        "next": {"$ref": "#/$defs/Node"},
    },
    "required": ["value", "children", "parent"],
}
DOUBLING = {
    f"d{i}": {"properties": {side: {"$ref": f"#/$defs/d{i + 1}"} for side in "ab"}}
    for i in range(40)
} | {"d40": {"type": "string"}}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number"}, 2.5),
        ({"type": "integer"}, 2),
        ({"type": "boolean"}, False),
        ({"type": "string"}, "杭州"),
        ({"enum": ["x", "杭州"]}, "杭州"),
        ({"enum": ["x", "y"]}, "x"),
        ({"type": "array"}, ["杭州"]),
        ({"type": "object", "properties": {"b": {"type": "integer"}}}, {"b": 4}),
    ],
    ids=str,
)
def test_a_value_fits_its_schema(schema, value):
    assert sample_value(schema, "杭州 2.5 与 4", "n", 0) == value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 42),
        ({"type": ["null", "string"]}, "n 42"),
        ({"const": None}, None),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "integer", "maximum": -2.5}, -3),
        ({"type": "integer", "minimum": 10**400}, 42),
        ({"type": "string", "maxLength": 2}, "n "),
        ({"type": "string", "minLength": 6}, "n 42……"),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}]}, [42, True]),
        ({"properties": {"x": True}}, {"x": "n 42"}),
        (
            {
                "description": "pydantic wraps a described reference",
                "allOf": [{"$ref": "#/$defs/Size"}],
                "$defs": {"Size": {"type": "integer", "minimum": 0, "maximum": 9}},
            },
            9,
        ),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"const": "1"}}}, "1"),
        (
            {"$ref": "#/$defs/Node", "$defs": {"Node": NODE}},
            {"value": 42, "children": [], "parent": None},
        ),
    ],
    ids=str,
)
def test_references_choices_and_bounds_of_a_schema_are_kept(schema, value):
    assert sample_value(schema, "n 42", "n", 0) == value


def test_a_number_of_a_thousand_digits_in_a_prompt_is_no_number():
    assert 1 <= sample_value({"type": "integer"}, "1" * 1000, "n", 0) <= 5


@pytest.mark.parametrize(
    "schema",
    [
        5,
        {"enum": 5},
        {"type": "object", "properties": [1]},
        {"$ref": "#"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "#/$defs/d0", "$defs": DOUBLING},
        {"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}},
        {"type": "array", "minItems": 1000, "items": {"type": "array", "minItems": 1000}},
    ],
    ids=lambda schema: json.dumps(schema)[:60],
)
def test_what_is_no_schema_or_has_no_finite_value_is_refused(schema):
    with pytest.raises(Refusal):
        sample_value(schema, "x", "n", 0)
