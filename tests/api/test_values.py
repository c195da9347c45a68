"""A reply is read leniently: a value that nobody needs does not cost the answer."""

import json
import pickle
import sys

import pytest

from ernie_magic.api import values

ODD = (
    None,
    True,
    False,
    "",
    "x",
    "1.2s",
    [],
    {},
    [1],
    {"a": 1},
    float("nan"),
    float("inf"),
    -float("inf"),
    10**400,
    -(10**400),
    "\ud800",
    "\0",
    object(),
)


@pytest.mark.parametrize("found", ODD, ids=lambda found: repr(found)[:12])
def test_no_reader_raises_and_none_takes_it_for_what_it_is_not(found):
    assert (
        values.as_number(found) is values.as_whole_number(found) is values.as_seconds(found) is None
    )
    assert "\ud800" not in values.as_text(found) + values.as_name(found)
    assert "\0" not in values.as_name(found)
    assert isinstance(values.as_list(found), (list, tuple))
    assert isinstance(values.as_object(found), dict)
    assert values.is_true(found) is (found is True)


@pytest.mark.parametrize(
    ("found", "number", "whole"),
    [
        (3, 3, 3),
        (3.0, 3.0, 3),
        ("3", 3.0, 3),
        (0.5, 0.5, None),
        ("1.5", 1.5, None),
        (-1, -1, -1),
        (2**53, None, None),
        ("1" * 41, None, None),
    ],
)
def test_a_number_may_come_as_text(found, number, whole):
    assert (values.as_number(found), values.as_whole_number(found)) == (number, whole)


def test_what_is_nested_too_deeply_is_null_and_the_rest_stays():
    deep = "[" * 100_000 + "]" * 100_000
    found = values.parse_json(f'{{"a": {deep}, "text": "[{{[ \\" ]", "b": [{deep}, 1]}}')
    assert found["text"] == '[{[ " ]'
    assert found["b"][1] == 1
    assert json.loads(json.dumps(found)) == pickle.loads(pickle.dumps(found)) == found  # noqa: S301


def test_nesting_that_is_ordinary_stays():
    text = "[" * values.MAX_DEPTH + "1" + "]" * values.MAX_DEPTH
    assert json.dumps(values.parse_json(text)) == text
    wide = json.dumps([{"id": f"m{i}", "of": [i]} for i in range(1000)])
    assert json.dumps(values.parse_json(wide)) == wide


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "[1",
        "",
        "nothing",
        '{"a": }',
        "[]" * 2,
        '"' + "\\" * 99,
        "{" * 70 + '"' * 70,
    ],
)
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011
        values.parse_json(text)
    with pytest.raises(ValueError):  # noqa: PT011
        values.parse_in_turns(text)


def test_an_integer_beyond_python_s_limit_is_no_end_of_an_answer():
    digits = "9" * (sys.get_int_max_str_digits() + 1)
    assert values.parse_json(f'{{"created": {digits}, "text": "ok"}}') == {
        "created": float("inf"),
        "text": "ok",
    }


def test_control_characters_and_half_characters_are_no_end_of_an_answer():
    assert values.parse_json('{"a": "1\n2\\u0000", "\\udc00": ["\\uD800", "\\ud83d\\ude00"]}') == {
        "a": "1\n2\0",
        "\ufffd": ["\ufffd", "😀"],
    }


def test_a_long_text_with_very_many_lists_is_refused():
    with pytest.raises(ValueError, match="too many lists"):
        values.parse_in_turns("[" + "[]," * values.MAX_LISTS + "[]]")


def test_a_name_of_a_megabyte_is_cut_and_one_line():
    assert values.as_name("a\nb\t" + "x" * 1_000_000) == "a b " + "x" * 196
    assert values.as_names(["a\nb", 5, None, "\x1b[31m" + "y" * 300, True, "c"]) == [
        "a b",
        "5",
        "",
        "[31m" + "y" * 196,
        "",
        "c",
    ]
