"""Tools, as the emulator's model uses them."""

import json

import pytest

from ernie_magic.emulator.refusals import Refusal
from ernie_magic.emulator.tools import choose_functions, fill_arguments, sample_value

WEATHER = {"name": "get_current_weather", "description": "天气查询工具"}
ADD = {
    "name": "add",
    "description": "",
    "parameters": {
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 0}},
        "required": ["a"],
    },
}


@pytest.mark.parametrize(
    ("choice", "prompt", "parallel", "names"),
    [
        ("auto", "北京天气", True, ["get_current_weather"]),
        ("auto", "what WEATHER, and add", True, ["get_current_weather", "add"]),
        ("auto", "what weather, and add", False, ["get_current_weather"]),
        ("auto", "get the current news", True, []),  # words of most names tell nothing
        ("none", "北京天气", True, []),
        ("required", "hello", True, ["get_current_weather"]),
        ({"type": "function", "function": {"name": "add"}}, "北京天气", True, ["add"]),
    ],
    ids=str,
)
def test_a_function_is_called_when_its_name_or_description_is_meant(
    choice, prompt, parallel, names
):
    chosen = choose_functions([WEATHER, ADD], choice, prompt, parallel=parallel)
    assert [tool["name"] for tool in chosen] == names


def test_arguments_are_filled_from_the_prompt_and_defaults_left_out():
    assert json.loads(fill_arguments(ADD, "add 3 and 5", 0)) == {"a": 3}
    both = {**ADD, "parameters": {**ADD["parameters"], "required": ["a", "b"]}}
    assert json.loads(fill_arguments(both, "add 3 and 5", 0)) == {"a": 3, "b": 5}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number"}, 2.5),
        ({"type": "integer"}, 2),
        ({"type": "boolean"}, True),
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


@pytest.mark.parametrize("schema", [5, {"enum": 5}, {"type": "object", "properties": [1]}], ids=str)
def test_what_is_no_schema_is_refused(schema):
    with pytest.raises(Refusal):
        sample_value(schema, "x", "n", 0)
