"""`{{expr}}`: one pass, errors on one line, and everything else left alone."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.errors import InvalidExpression
from ernie_magic.notebook.magics.interpolate import expression_spans, interpolate

NAMES = {
    "city": "北京",
    "n": 3,
    "secret": "TOPSECRET",
    "brace": "{{secret}}",
    "data": {"a": {"b": 1}},
}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("介绍 {{city}}", "介绍 北京"),
        ("{{ n + 1 }} 个", "4 个"),
        ("{{city}}{{n}}", "北京3"),
        ('{{ {"a": {"b": 1}}["a"]["b"] }}', "1"),
        ('{{ data["a"] }}', "{'b': 1}"),
        ("{{ '}}' }}", "}}"),
        ("{{'{{'}}", "{{"),
        ("{{[i for i in range(n)]}}", "[0, 1, 2]"),
    ],
)
def test_expressions_become_their_text(text, made):
    assert interpolate(text, NAMES) == made


@pytest.mark.parametrize(
    "text",
    [
        "print({'foo': 'bar'})",
        "{}",
        "{city}",
        '{"a": {"b": 1}}',
        "\\frac{a}{b}",
        "{{ never closed",
        "}} {{",
        "100% {0}",
        "$city",
    ],
)
def test_everything_else_stays_text(text):
    assert interpolate(text, NAMES) == text


def test_a_value_is_never_expanded_again():
    assert interpolate("{{brace}}", NAMES) == "{{secret}}"


def test_an_undefined_name_lists_near_ones():
    with pytest.raises(InvalidExpression) as caught:
        interpolate("{{ctiy}}", NAMES)
    assert (
        caught.value.line("en")
        == "{{ctiy}}: the name ctiy is not defined. What to do: did you mean city?"
    )
    assert caught.value.line("zh") == "{{ctiy}} 里的变量 ctiy 没有定义。怎么办：是不是 city？"


def test_a_name_like_no_other_is_told_to_be_defined_without_a_builtin_s_name():
    with pytest.raises(InvalidExpression) as caught:
        interpolate("{{quix}}", {"quit": 1, "exit": 2})
    assert "give quix a value in a cell above" in caught.value.line("en")
    assert "{{{{" not in caught.value.line("en") + caught.value.line("zh")


def test_what_an_expression_raises_is_one_line():
    with pytest.raises(InvalidExpression, match="raised ZeroDivisionError: division by zero"):
        interpolate("{{1/0}}", NAMES)


def test_what_is_no_expression_is_told_with_the_way_out():
    with pytest.raises(InvalidExpression, match="--verbatim"):
        interpolate("{{ user name }}", NAMES)


def test_the_user_s_names_are_not_changed():
    before = dict(NAMES)
    interpolate("{{ (x := 5) }}", NAMES)
    assert before == NAMES


@given(st.text(st.characters(exclude_characters="{}")), st.text())
def test_any_text_without_a_closed_pair_is_unchanged_and_any_value_stands_as_it_is(text, value):
    assert interpolate(text, {}) == text
    assert interpolate(text + "{{value}}" + text, {"value": value}) == text + value + text


PIECES = [
    "{{",
    "}}",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    '"',
    "'",
    '"""',
    "'''",
    "\\",
    "\n",
    "#",
    " ",
    "a",
    "1",
    ",",
    ":",
    'f"',
    '{"a": {"b": 1}}',
    "f'{a}'",
    '"}}"',
    "# }}",
    '["c"]',
]


def is_expression(source):
    try:
        ast.parse(source.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def tried_one_by_one(text):
    """What `{{…}}` means, by brute force.

    It ends at the first `}}` of its line that leaves an expression, else at the first.
    """
    at = 0
    while (start := text.find("{{", at)) >= 0 and (first := text.find("}}", start + 2)) >= 0:
        line_end = text.find("\n", first)
        ends = [
            i
            for i in range(first, line_end if line_end >= 0 else len(text))
            if text.startswith("}}", i)
        ]
        end = next((i for i in ends if is_expression(text[start + 2 : i])), first)
        yield start, end + 2
        at = end + 2


@pytest.mark.filterwarnings(
    "ignore:.*escape sequence",
    "ignore:invalid decimal literal",
    "ignore:.*is not callable",
    "ignore:.*not subscriptable",
    "ignore:.*indices must",
)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_brackets_and_quotes_tell_where_an_expression_ends(text):
    assert expression_spans("{{" + text + "}}") == list(tried_one_by_one("{{" + text + "}}"))
