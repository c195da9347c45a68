"""Columns and what an answer holds of them."""

import json
from typing import Optional

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.calls.tables import frames, schema
from ernie_magic.errors import InvalidOption


@pytest.mark.parametrize(
    ("text", "values", "wrong"),
    [
        ('{"a": "x", "n": 3}', {"a": "x", "n": 3}, ""),
        ('```json\n{"a": 1, "n": "4"}\n```', {"a": "1", "n": 4}, ""),
        ('{"a": "x"}', {"a": "x", "n": None}, "n: the answer does not have it"),
        ('{"a": "x", "n": null}', {"a": "x", "n": None}, ""),
        ('{"a": null, "N": null}', {"a": None, "n": None}, ""),
        ('{"result": {"a": null, "n": 3}}', {"a": None, "n": 3}, ""),
        ('{"n": null}', {"a": None, "n": None}, "a: the answer does not have it"),
        ('{"a": "x", "n": "null"}', {"a": "x", "n": None}, "n: 'null' is not int"),
        ('{"a": "x", "n": NaN}', {"a": "x", "n": None}, "n: nan is not int"),
        ('{"a": "x", "n": 3.5}', {"a": "x", "n": None}, "n: 3.5 is not int"),
        ('{"a": "x", "n": true}', {"a": "x", "n": None}, "n: True is not int"),
        ('<think>{"a": "y", "n": 9} or {</think>{"a": "x", "n": 3}', {"a": "x", "n": 3}, ""),
        ('The row {r} is {"b": 1}, so {"a": "x", "n": 3} {ok}', {"a": "x", "n": 3}, ""),
        ('{"a": "x"}{"a": "y"}', {}, """not a JSON object: '{"a": "x"}{"a": "y"}'"""),
        ('{"b": {"a": "x"', {}, """not a JSON object: '{"b": {"a": "x"'"""),
        ("sorry", {}, "not a JSON object: 'sorry'"),
        ("[1]", {}, "not a JSON object: '[1]'"),
        ('{"a": {}, "n": 1e999}', {"a": None, "n": None}, "a: {} is not str; n: inf is not int"),
    ],
)
def test_what_an_answer_holds(text, values, wrong):
    found, problem = schema.parse_answer(text, schema.parse_columns("a, n:int"))
    assert (found, problem.en if problem else "") == (values, wrong)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (9007199254740993, 9007199254740993),
        ("9007199254740993", 9007199254740993),
        (10**30, None),
        (1e308, None),
        (2**63, None),
        (-(2**63), -(2**63)),
        (3.0, 3),
        ("x", None),
        ("²", None),
        (-7, -7),
    ],
)
def test_whole_numbers_are_exact_and_fit_a_column(value, found):
    assert schema.parse_answer(json.dumps({"n": value}), schema.parse_columns("n:int"))[0] == {
        "n": found
    }
    frames.with_columns(pl.DataFrame({"a": [1]}), [{"a": 1}], {"n": ("int", [found])})


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 4,}',
        '```json\n{\n  "n": 4,\n}\n```',
        '{"n": 4}\n\n```json\n{"n": 4}\n```',
        '{"n": 4 // good\n}',
        '{ # good\n "n": 4}',
        "{'n': 4}",
        "The row's values are {'n': 4}.",
        "{n: 4}",
        '{"n"：4}',
        "｛“n”：4｝",
        '{"n": "−4"}'.replace("−", "+"),
        '{"n": 4.0, "why": "\\alpha and \\d"}',
        '{"n": "4", "ok": True, "none": None, "others": [1, 2,],}',
    ],
)
def test_what_only_a_lenient_reader_reads_is_an_answer(text):
    assert schema.parse_answer(text, schema.parse_columns("n:int")) == ({"n": 4}, None)


@pytest.mark.parametrize(
    "text",
    [
        "{'n': 4, 'why': 'cut o",
        '{"n": 4} or {"n": 5}',
        "{'n': 4, ...}",
        "{'b': {\"n\": 4}, 'c': ",
        "{n: four}",
    ],
)
def test_what_is_cut_off_or_in_doubt_is_no_answer(text):
    assert schema.parse_answer(text, schema.parse_columns("n:int"))[0] == {}


@pytest.mark.parametrize(
    ("value", "kind", "found"),
    [
        *[(value, "bool", True) for value in ('"Y"', "1.0", '"对"', '"是的。"', "True", '"TRUE"')],
        *[(value, "bool", False) for value in ('"否。"', '"N"', "0.0", '"不对"', "0", '"没有"')],
        *[('"maybe"', "bool", None), ("2.0", "bool", None)],
        *[('"−4"', "int", -4), ('"1,000"', "int", 1000), ('"1，234，567"', "int", 1_234_567)],
        *[('"1,00"', "int", None), ('"1,234.5"', "float", 1234.5), ('"50%"', "float", None)],
        *[("3.10", "str", "3.10"), ("1e2", "str", "1e2"), ("true", "str", "true")],
        ("3.14159265358979323846", "str", "3.14159265358979323846"),
        ('["好吃", "便宜"]', "str", "好吃, 便宜"),
        *[('["a", 1.50]', "str", "a, 1.50"), ("[]", "str", ""), ('[{"b": 1}]', "str", None)],
        *[("3.10", "float", 3.1), ("1e2", "int", 100), ("2.5", "int", None)],
    ],
)
def test_a_value_is_read_as_it_is_meant(value, kind, found):
    columns = schema.parse_columns({"x": kind})
    assert schema.parse_answer(f'{{"x": {value}}}', columns)[0] == {"x": found}


def test_half_characters_are_made_whole():
    values, _ = schema.parse_answer('{"a": "\\ud800"}', schema.parse_columns("a"))
    assert pl.DataFrame(values)["a"].to_list() == ["\ufffd"]


@pytest.mark.parametrize(
    ("value", "found"),
    [(True, True), ("true", True), ("否", False), (1, True), ("maybe", None), (None, None)],
)
def test_switches(value, found):
    assert schema.parse_answer(json.dumps({"b": value}), schema.parse_columns("b:bool"))[0] == {
        "b": found
    }


@given(
    st.dictionaries(
        st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8).filter(
            lambda name: name != "error"
        ),
        st.sampled_from(list(schema.TYPES)),
        min_size=1,
        max_size=6,
    )
)
def test_columns_in_words_and_as_types_are_the_same(columns):
    in_words = ", ".join(f"{name}:{kind}" for name, kind in columns.items())
    assert schema.parse_columns(in_words) == schema.parse_columns(
        {
            name: {"str": str, "int": int, "float": float, "bool": bool}[kind]
            for name, kind in columns.items()
        }
    )


def test_columns_may_be_written_with_chinese_punctuation():
    assert schema.parse_columns("情感，分数：int") == schema.parse_columns("情感, 分数:int")


@pytest.mark.parametrize("given", ["情感、分数:int", "情感;分数：int", "情感； 分数:int"])
def test_columns_are_separated_as_lists_are(given):
    assert schema.parse_columns(given) == schema.parse_columns("情感, 分数:int")


@pytest.mark.parametrize(
    "given",
    [
        *("sentiment score:int", "情感 分数", "情感(正,负), 分数:int", "a|b", "a=int", "`a`, b"),
        *("[a,b]", "(a,b)", '["a", "b:int"]', "{a, b}", "“a”，“b”", "情感（正、负）"),
    ],
)
def test_what_cannot_be_a_column_s_name_is_told(given):
    with pytest.raises(InvalidOption, match="is not a column's name"):
        schema.parse_columns(given)


def test_a_name_with_a_blank_is_told_with_both_that_may_be_meant():
    with pytest.raises(InvalidOption, match="comma between columns, and write _ for a blank"):
        schema.parse_columns("sentiment score:int")


@pytest.mark.parametrize("name", ["价格(元)", "a_b", "C#", "why?", "total-score", "好/差", "N°"])
def test_a_name_may_have_marks(name):
    assert schema.parse_columns(f"{name}:int") == (schema.Column(name, "int"),)
    assert schema.parse_columns({"two words, or more": int})


@pytest.mark.parametrize(
    "given",
    [
        *("n:int?", "n:int？", "n: int | None", "n:int|None", "n:Optional[int]"),
        *({"n": int | None}, {"n": None | int}, {"n": "int?"}, {"n": "int | None"}),
        {"n": Optional[int]},  # noqa: UP045  (as people write it)
    ],
)
def test_a_column_that_may_be_empty_is_declared_as_python_does(given):
    assert schema.parse_columns(given) == (schema.Column("n", "int"),)


@pytest.mark.parametrize("given", ["n:?", "n:date?", {"n": int | str}, {"n": list[int]}, "n:None"])
def test_a_type_that_is_none_of_ours_is_told(given):
    with pytest.raises(InvalidOption, match="is not a column"):
        schema.parse_columns(given)


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        *(
            (f"tags:{kind}", "write tags, and several items become")
            for kind in ("list", "List[str]")
        ),
        *((f"tags:{kind}", "write tags, and several items become") for kind in ("str[]", "列表")),
        ("tags:list[str, int], n:int", "write tags, and several items become"),
        *((f"a:{kind}", "make each of its fields a column") for kind in ("dict", "json")),
        *((f"d:{kind}", "write d, and say in the prompt how dates") for kind in ("date", "日期")),
        *((f"n:{kind}", "write n:int, and say in the prompt") for kind in ("int(1-5)", "1-5")),
        *((f"m:{kind}", "write m, and say in the prompt") for kind in ("好|坏", "Literal[a, b]")),
        ({"tags": list[str]}, "write tags, and several items become"),
    ],
)
def test_a_type_that_no_column_has_is_told_with_what_to_write(given, advice):
    with pytest.raises(InvalidOption, match="is not a column") as caught:
        schema.parse_columns(given)
    assert advice in caught.value.line("en")


def test_a_misspelled_type_of_a_column_is_told_with_the_closest():
    with pytest.raises(InvalidOption) as caught:
        schema.parse_columns("mood, stars:integr")
    assert caught.value.line("en") == (
        "'stars:integr' is not a column. What to do: did you mean int?"
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"Mood": "x", "TOTAL SCORE": 3}',
        '{" mood": "x", "total-score": 3}',
        '{"ｍｏｏｄ": "x", "total_score": 3, "Total Score": 9}',
        '{"result": {"mood": "x", "total_score": 3}}',
        '{"answer": {"Mood": "x", "totalScore": 3}}',
    ],
)
def test_an_answer_s_names_may_be_in_other_letters_and_in_an_object(text):
    values, wrong = schema.parse_answer(text, schema.parse_columns("mood, total_score:int"))
    assert (values, wrong) == ({"mood": "x", "total_score": 3}, None)


def test_columns_that_differ_in_letters_only_are_told_apart():
    values, _ = schema.parse_answer('{"A": "x"}', schema.parse_columns("a, A"))
    assert values == {"a": None, "A": "x"}


def test_a_line_break_in_a_text_spoils_no_answer():
    values, wrong = schema.parse_answer('{"a": "x\ny"}', schema.parse_columns("a"))
    assert (values, wrong) == ({"a": "x\ny"}, None)


@pytest.mark.parametrize(
    ("written", "type_"),
    [
        ("integer", "int"),
        ("Integer", "int"),
        ("整数", "int"),
        ("string", "str"),
        ("number", "float"),
        ("boolean", "bool"),
        ("integer?", "int"),
        ("文本", "str"),
    ],
)
def test_a_type_may_have_the_name_of_json_schema_or_a_chinese_one(written, type_):
    assert schema.parse_columns(f"n:{written}") == (schema.Column("n", type_),)
