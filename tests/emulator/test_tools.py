"""Tools, as the emulator's model uses them."""

import json

import pytest

from ernie_magic.emulator.tools import choose_functions, fill_arguments

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


CUSTOMER = {
    "name": "create_customer",
    "parameters": {
        "type": "object",
        "properties": {"customer_name": {"type": "string"}, "note": {"type": "string"}},
    },
}


@pytest.mark.parametrize(
    ("prompt", "name", "note"),
    [
        ("Create a customer named '你好啊集团' (Hello Group)", "你好啊集团", "你好啊集团"),
        (
            "Create 'こんにちは株式会社' with the note \"日本の会社\"",
            "こんにちは株式会社",
            "日本の会社",
        ),
        ("客户名“Ωμέγα”，备注『한국어 🎉』", "Ωμέγα", "한국어 🎉"),
        ("don't lose «Łukasz Żółć»: it's a name", "Łukasz Żółć", "Łukasz Żółć"),
        ("Customer: Zoë, née Müller 👩‍👩‍👧", "Customer: Zoë, née Müller 👩‍👩‍👧", None),
        ("العميل: شركة مرحبا، في القاهرة", "العميل: شركة مرحبا، في القاهرة", None),
        ("客户是𠮷野家，生僻字㐂也要保留", "客户是𠮷野家，生僻字㐂也要保留", None),
        ("Create the customer Acme. Then stop", "Create the customer Acme", None),
        ("给北京的客户“北方”写信", "北方", "北方"),
    ],
)
def test_arguments_keep_the_prompt_s_letters_whatever_their_script(prompt, name, note):
    packed = fill_arguments(CUSTOMER, prompt, 0)
    assert json.loads(packed) == {"customer_name": name, "note": note or name}
    assert "\\u" not in packed


def test_a_place_is_the_prompt_s_city_even_where_something_else_is_quoted():
    tool = {"parameters": {"properties": {"location": {"type": "string"}}}}
    assert json.loads(fill_arguments(tool, "用“摄氏度”说北京的天气", 0)) == {"location": "北京"}
