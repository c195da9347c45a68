"""`{{expr}}`: one pass, errors on one line, and everything else left alone."""

import ast
import base64
import functools
import io
from datetime import datetime

import httpx
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.api.results import Answer, Embeddings, Ranked
from ernie_magic.api.usage import Usage
from ernie_magic.calls.chat.history import History, Turn
from ernie_magic.calls.embeddings.similarity import Found
from ernie_magic.calls.tables.result import Mapped
from ernie_magic.errors import InvalidExpression
from ernie_magic.notebook.magics.interpolate import expression_spans, interpolate
from ernie_magic.session import Session

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
        ("{{{city}}}", "{北京}"),
        ('{"name": {{{city}}}, "n": {{{ n + 1 }}}}', '{"name": {北京}, "n": {4}}'),
        ('{{{data["a"]}}}', "{{'b': 1}}"),
        ("{{ {n} }}", "{3}"),
        ("{{{1, 2}}}", "{1, 2}"),
        ("{{{'a': n}}}", "{'a': 3}"),
        ("{{{i for i in [n]}}}", "{3}"),
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


def test_a_table_is_sent_whole():
    df = pd.DataFrame({"n": range(500), "word": "长" * 60})
    assert interpolate("{{df}}", {"df": df}).count("长" * 60) == 500
    assert " 250 " in interpolate('{{f"{df}"}}', {"df": df})
    assert " 2500 " in interpolate("{{a}}", {"a": np.arange(5000)})
    assert interpolate("{{df.n}}", {"df": df}).splitlines()[:2] == ["n", "0"]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("df", "100000 rows and 3 columns"),
        ("df.n", "100000 rows"),
        ("list(df.n)", "100,000 items"),
        ("df[['n', 'n', 'n']].values", "300,000 items"),
    ],
)
def test_what_is_too_long_is_refused_with_a_way_to_choose(expression, told):
    df = pd.DataFrame({"n": range(100_000), "a": "xyz", "b": True})
    with pytest.raises(InvalidExpression) as caught:
        interpolate("{{" + expression + "}}", {"df": df})
    assert told in caught.value.line("en").replace("100,000 rows", "100000 rows")
    assert "send a part" in caught.value.line("en")
    assert len(interpolate("{{df.to_csv()}}", {"df": df})) > 1_000_000


class Plain:
    pass


class Named:
    def __repr__(self):
        return "named"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (interpolate, "is a function, not a text. What to do: call it: {{value(…)}}"),
        (None, "is None: it has no words. What to do: a function has to return its text"),
        (len, "is a function"),
        ([].append, "is a function"),
        (lambda: 1, "is a function"),
        (functools.partial(len), "is a function"),
        (Plain, "is a class"),
        (int, "is a class"),
        (ast, "is a module"),
        (Plain(), "(Plain) has no text of its own"),
        (httpx.Response(200), "(Response) has no text of its own. What to do: write one of its"),
        ((n for n in "a"), "is an iterator, not a text. What to do: take what it has with list(…)"),
        (map(str, "a"), "is an iterator"),
        (zip("a"), "is an iterator"),
        (iter([1]), "is an iterator"),
        (object(), "(object) has no text of its own"),
        ([Plain()], "(Plain) has no text"),
        ({"a": len}, "has no text"),
        (pd.DataFrame({"a": [1]}).groupby("a"), "(DataFrameGroupBy) has no text of its own"),
        (pl.LazyFrame({"a": [1]}), "is not computed yet"),
        (io.StringIO("a"), "is an open file, not a text. What to do: read it with .read()"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_words_is_told(value, told):
    with pytest.raises(InvalidExpression) as caught:
        interpolate("{{value}}", {"value": value})
    assert told in caught.value.line("en")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Named(), "named"),
        ([Named()], "[named]"),
        pytest.param(memoryview(b"text"), "text", id="memoryview"),
        ("<function f at 0x7f00>", "<function f at 0x7f00>"),
        (["<f at 0x7f00>"], "['<f at 0x7f00>']"),
        (range(3), "range(0, 3)"),
        (ValueError("no"), "no"),
    ],
    ids=repr,
)
def test_what_has_words_is_sent(value, text):
    assert interpolate("{{value}}", {"value": value}) == text


def test_what_is_no_expression_in_three_braces_is_told():
    with pytest.raises(InvalidExpression, match="is not a Python expression"):
        interpolate("{{{a b}}}", NAMES)
    with pytest.raises(InvalidExpression, match="nope is not defined"):
        interpolate("{{{nope}}}", NAMES)


@pytest.mark.parametrize(
    ("written", "advised"),
    [
        ("{{x:.2f}}", "{{f'{x:.2f}'}}"),
        ("{{x!r}}", "{{f'{x!r}'}}"),
        ("{{x=}}", "{{f'{x=}'}}"),
        ("{{d['a']:>10}}", "{{f\"{d['a']:>10}\"}}"),
        ("{{rate:.1%}}", "{{f'{rate:.1%}'}}"),
    ],
)
def test_a_format_is_told_to_go_into_an_f_string(written, advised):
    with pytest.raises(InvalidExpression) as caught:
        interpolate(written, {"x": 1.5, "d": {"a": 1}, "rate": 0.5})
    assert advised in caught.value.line("en")
    assert interpolate(advised, {"x": 1.5, "d": {"a": 1}, "rate": 0.5})


@pytest.mark.parametrize("written", ["{{a: 1}}", "{{not a thing}}", "{{x:'y'}}"])
def test_other_words_in_braces_are_told_to_be_written_as_they_are(written):
    with pytest.raises(InvalidExpression) as caught:
        interpolate(written, {"x": 1})
    assert "f-string" not in caught.value.line("en") or written == "{{a: 1}}"


DATED = pd.DataFrame(
    {"day": pd.to_datetime(["2024-01-05", "2024-02-01"]), "city": ["杭州", "北京"]},
)
TIMED = DATED.assign(at=pd.to_datetime(["2024-01-05 10:00", "2024-01-06 00:00"]))


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("dated.loc[0]", ",0\nday,2024-01-05\ncity,杭州"),
        ("dated.day.tolist()", "['2024-01-05', '2024-02-01']"),
        ("dated.day[0]", "2024-01-05"),
        ("dated.day.max()", "2024-02-01"),
        ("dated.day.values", "['2024-01-05' '2024-02-01']"),
        ("dated.day.values[0]", "2024-01-05"),
        ("dated.day.unique()", "['2024-01-05', '2024-02-01']"),
        ("dated.set_index('day').index", "['2024-01-05', '2024-02-01']"),
        ("dated.loc[0].to_dict()", "{'day': '2024-01-05', 'city': '杭州'}"),
        ("dated[['day']].to_dict('records')", "[{'day': '2024-01-05'}, {'day': '2024-02-01'}]"),
        (
            "timed[['day', 'at']].to_dict('records')",
            (
                "[{'day': '2024-01-05', 'at': '2024-01-05 10:00:00'}, "
                "{'day': '2024-02-01', 'at': '2024-01-06 00:00:00'}]"
            ),
        ),
        ("timed['at'].tolist()", "['2024-01-05 10:00:00', '2024-01-06 00:00:00']"),
        ("datetime(2024, 1, 5)", "2024-01-05 00:00:00"),
        ("[datetime(2024, 1, 5)]", "['2024-01-05 00:00:00']"),
        ("pl.from_pandas(dated[['day']])", "day\n2024-01-05\n2024-02-01"),
    ],
)
def test_days_of_pandas_are_written_without_a_time_wherever_they_stand(expression, text):
    names = {"dated": DATED, "timed": TIMED, "datetime": datetime, "pl": pl}
    assert interpolate(f"{{{{{expression}}}}}", names) == text


LONG = "A long answer. " * 20
ANSWER = Answer(text=LONG, request=None, model="m")
FOUND = Found(LONG, 0.5, 0)
TURNS = History([Turn("one", ANSWER), Turn("two", ANSWER)])
RESULTS = {
    "an answer": (ANSWER, LONG),
    "answers": ([ANSWER, ANSWER], repr([LONG, LONG])),
    "answers by name": ({"a": (ANSWER,)}, repr({"a": (LONG,)})),
    "a text that was found": (FOUND, LONG),
    "texts that were found": ([FOUND], repr([LONG])),
    "ranked documents": ([Ranked(LONG, 0.5, 0)], repr([LONG])),
    "a table's result": (
        Mapped(pd.DataFrame({"t": ["a"], "answer": ["b"]}), []),
        "t,answer\na,b",
    ),
    "a list's result": (Mapped([{"t": "a", "answer": "b"}], []), "[{'t': 'a', 'answer': 'b'}]"),
    "a turn": (TURNS[0], f"user: one\n\nassistant: {LONG}"),
    "a history": (
        TURNS,
        f"user: one\n\nassistant: {LONG}\n\nuser: two\n\nassistant: {LONG}",
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_sent_as_their_words_wherever_they_stand(name):
    value, text = RESULTS[name]
    assert interpolate("{{value}}", {"value": value}) == text


PACKED = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(5_000)).decode()


def test_a_picture_in_an_answer_s_text_is_named():
    answer = ANSWER.with_changes(text=f"See ![it](data:image/png;base64,{PACKED})")
    for text in (interpolate("{{value}}{{[value]}}", {"value": answer}), repr(answer)):
        assert text.startswith(("See", "Answer('See"))
        assert len(text) < 200


def test_answers_in_an_f_string_are_whole():
    assert f"{[ANSWER]}".count("A long answer.") == f"{[FOUND]}".count("A long answer.") == 20


def test_results_without_words_are_refused():
    vectors = Embeddings(("a",), np.ones((1, 2)), None, Usage())
    for value in (vectors, [vectors], Session()):
        with pytest.raises(InvalidExpression, match="has no text of its own"):
            interpolate("{{value}}", {"value": value})
