"""Values as models write them: what means one thing is read, what may mean two is not."""

import pytest

from ernie_magic.calls.tables import schema
from ernie_magic.calls.tables.typed_values import convert_value
from ernie_magic.text.json_text import NumberText


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *[(text, 5) for text in ("5分", "5 分", "５分", "5.0分", "5 stars", "5 Points", "5颗星")],
        *[("★★★★☆", 4), ("⭐️⭐️⭐️", 3), ("3人", 3), ("￥1,200", 1200), ("-5分", -5)],
    ],
)
def test_a_whole_number_may_have_the_unit_that_it_counts(written, number):
    assert convert_value(written, "int") == number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *[(text, 12.5) for text in ("￥12.50", "¥12.5", "12.5元", "12.5 块", "人民币12.5元")],
        *[(text, 12.5) for text in ("$12.50", "US$12.5", "12.5 USD", "12.5 dollars", "RMB 12.5")],
        *[("$1,234.50", 1234.5), ("-￥5", -5.0), ("€9.99", 9.99), ("4.5分", 4.5)],
    ],
)
def test_an_amount_may_have_its_currency(written, number):
    assert convert_value(written, "float") == number


@pytest.mark.parametrize(
    "written",
    [
        *("85%", "4/5", "4/10", "4 out of 5", "3-4", "约4", "1,5", "€12,50", "1.2万", "10k"),
        *("3 million", "30 min", "3 kg", "N/A", "", "分", "￥", "5分6秒", "5 5", "☆☆☆"),
    ],
)
def test_what_may_mean_two_numbers_is_none_and_is_named(written):
    for kind in ("int", "float"):
        assert convert_value(written, kind) is None
    _, wrong = schema.parse_answer(f'{{"n": "{written}"}}', schema.parse_columns("n:float"))
    assert wrong.en == f"n: '{written}' is not float"


@pytest.mark.parametrize(
    ("written", "switch"),
    [
        *[(text, True) for text in ("Correct", "✓", "✔", "✅", "√", "对", "会", "“是”", "right.")],
        *[(text, False) for text in ("Incorrect", "✗", "✘", "❌", "×", "错", "不", "不是", "不会")],
        *[(text, None) for text in ("不确定", "N/A", "positive", "yes and no", "", "是不是")],
    ],
)
def test_yes_and_no_have_many_words(written, switch):
    assert convert_value(written, "bool") is switch


@pytest.mark.parametrize(
    ("given", "kind", "found"),
    [
        ([4], "int", 4),
        (["￥4.50"], "float", 4.5),
        ([NumberText("4.5")], "float", 4.5),
        ([True], "bool", True),
        ([True], "int", None),
        ([4, 5], "int", None),
        ([], "int", None),
        ([[4]], "int", None),
        ([None], "int", None),
        ({"n": 4}, "int", None),
    ],
)
def test_a_list_of_one_is_that_one(given, kind, found):
    assert convert_value(given, kind) == found
