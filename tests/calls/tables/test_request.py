"""What is asked about each row: the prompt's columns, their values, and mistakes that are told
before anything is sent.
"""

import re
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ernie_magic import errors
from ernie_magic.calls.tables import frames
from ernie_magic.calls.tables.template import Placeholder, Template
from tests.calls.tables.replies import ECHO, asked


def test_a_table_of_no_columns_says_so(session):
    with pytest.raises(
        errors.InvalidOption, match=r"no column t\. What to do: the table has no col"
    ):
        session.map("{{t}}", pd.DataFrame(index=[0, 1]))


@pytest.mark.parametrize(
    "value",
    [
        None,
        float("nan"),
        np.float32("nan"),
        np.float64("nan"),
        complex("nan"),
        pd.NA,
        pd.NaT,
        np.datetime64("NaT", "ns"),
        np.timedelta64("NaT", "ns"),
        Decimal("NaN"),
        Decimal("sNaN"),
        np.ma.masked,
    ],
    ids=repr,
)
def test_a_missing_value_of_any_library_is_an_empty_text(session, emulator, value):
    session.map("[{{v}}]", [{"v": value}])
    assert asked(emulator) == ["[]"]
    assert frames.rows_of(["a", value])[0] == {"text": "a"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        ("", ""),
        ("nan", "nan"),
        (np.array([1.0, float("nan")]), "[ 1. nan]"),
        ([float("nan")], "[nan]"),
        (np.array([np.nan]), "[nan]"),
        (Decimal("1.50"), "1.50"),
        (pd.Timestamp("2024-05-01"), "2024-05-01"),
        (np.bool_(False), "False"),
    ],
    ids=repr,
)
def test_a_value_that_is_there_is_sent(session, emulator, value, text):
    session.map("[{{v}}]", [{"v": value}])
    assert asked(emulator) == [f"[{text}]"]


@pytest.mark.parametrize(
    "column",
    [
        " comment",
        "comment ",
        "\tcomment",
        "comment\n",
        "\ufeffcomment",
        "\u3000comment",
        "com\nment",
    ],
    ids=repr,
)
def test_a_column_is_named_with_or_without_its_blanks(session, emulator, column):
    name = " ".join(column.replace("\ufeff", "").split())
    for written in (name, f" {name} "):
        found = session.map(
            f"[[echo]]{{{{{written}}}}}!", pd.DataFrame({"name": [1], column: ["a"]})
        )
        assert asked(emulator)[-1] == "[[echo]]a!"
    assert list(found.table.columns) == ["name", column, "answer", "error"]


def test_columns_that_differ_in_blanks_only_are_told_apart_as_written(session, emulator):
    rows = [{"a": "1", " a": "2", "b ": "3", " b": "4"}]
    session.map("{{a}}{{ a}}{{b }}{{ b}}", rows)
    assert asked(emulator) == ["1234"]
    with pytest.raises(errors.InvalidOption, match=r"b may be any of the columns 'b ', ' b'"):
        session.map("{{b}}", rows)


ODD_NAMES = [
    ("a\nb", "{{a\nb}}"),
    ("a\r\nb", "{{a b}}"),
    ("{a}", "{{{a}}}"),
    ("{a}", "{{ {a} }}"),
    ("a}}b", "{{a}}b}}"),
    ("a{{b", "{{a{{b}}"),
    ("{{a}}", "{{{{a}}}}"),
    ("}", "{{}}}"),
    ("e\u0301te\u0301", "{{été}}"),
    ("été", "{{e\u0301te\u0301}}"),
    ("ａ１", "{{a1}}"),
    ("a1", "{{ａ１}}"),
    ("ﬁle", "{{file}}"),
    ("名\u200d", "{{名}}"),
]


@pytest.mark.parametrize(("column", "written"), ODD_NAMES)
def test_a_column_of_any_name_is_named_in_braces(session, emulator, column, written):
    session.map(f"[[echo]]<{written}>", [{column: "v", "other": "w"}])
    assert asked(emulator)[-1] == "[[echo]]<v>"


def test_braces_around_a_column_stay_and_the_exact_name_wins(session, emulator):
    session.map("[[echo]]{{{text}}}", ["v"])
    assert asked(emulator)[-1] == "[[echo]]{v}"
    session.map("[[echo]]{{x2}}{{x²}}", [{"x2": "1", "x²": "2"}])
    assert asked(emulator)[-1] == "[[echo]]12"
    session.map('[[echo]]{{"a": 1,\n"b": 2}}', ["v"])
    assert asked(emulator)[-1] == '[[echo]]{{"a": 1,\n"b": 2}}'
    with pytest.raises(errors.InvalidOption, match="may be any of the columns"):
        session.map("{{ab}}", [{"a b": "1", "ａｂ": "2", "a  b": "3"}])


def test_a_value_s_own_braces_are_not_looked_at_again(session, emulator):
    session.map("{{text}} {{ n }}", [{"text": "{{n}}", "n": None}])
    assert asked(emulator) == ["{{n}} "]
    session.map("{{text}}{{n}}", [{"text": [1, 2], "n": pd.NA}])
    assert asked(emulator)[-1] == "[1, 2]"


@pytest.mark.parametrize("library", [pd, pl])
@pytest.mark.parametrize("written", ["{{review}}", "{{text}}", "{{ review }}"])
def test_a_column_by_itself_is_named_by_its_own_name_too(session, emulator, library, written):
    found = session.map(f"[[echo]]{written}!", library.DataFrame({"review": ["a"]})["review"])
    assert asked(emulator)[-1] == "[[echo]]a!"
    assert found.table == [{"text": "a", "answer": "a!", "error": None}]
    with pytest.raises(errors.InvalidOption, match="no column other"):
        session.map("{{other}}", library.DataFrame({"review": ["a"]})["review"])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "columns",
    [
        pd.MultiIndex.from_tuples([("b", "x"), ("a", "y"), ("b", "y")]),
        pd.MultiIndex.from_tuples([("answer", "x"), ("error", "y"), ("answer", "")]),
        pd.CategoricalIndex(["b", "a", "c"]),
        pd.Index([0, 1, None], dtype=object),
        pd.date_range("2024-01-01", periods=3),
    ],
    ids=lambda columns: type(columns).__name__,
)
def test_labels_of_any_kind_are_named_as_pandas_writes_them(session, emulator, columns):
    df = pd.DataFrame([["1", "2", "3"], ["4", "5", "6"]], columns=columns, index=[7, 7])
    df.attrs["source"] = "poll"
    written = str(columns[0]).replace(", ", ",")  # with or without the blank
    found = session.map("[[echo]]{{" + written + "}}", df, in_flight=1)
    assert asked(emulator) == ["[[echo]]1", "[[echo]]4"]
    assert list(found.table.iloc[:, 3]) == ["1", "4"]
    assert found.table.iloc[:, :3].to_numpy().tolist() == df.to_numpy().tolist()
    assert found.table.attrs == {"source": "poll"}
    assert list(found.table.index) == [7, 7]
    assert found.table.columns.nlevels == columns.nlevels


def test_labels_with_a_name_are_a_column_and_stay_labels(session):
    frame = pd.DataFrame({"city": ["A", "A", "B"], "year": [1, 2, 1], "n": [3, 4, 5]})
    pivot = frame.pivot_table(index="city", columns="year", values="n")
    mapped = session.map("[[echo]]{{city}}: {{1}}", pivot)
    assert list(mapped.table["answer"]) == ["A: 3.0", "B: 5.0"]
    assert list(mapped.table.index) == ["A", "B"]
    assert list(map(str, mapped.table.columns)) == ["1", "2", "answer", "error"]


def test_labels_of_the_same_name_are_one_column(session):
    index = pd.MultiIndex.from_tuples([("A", "B")], names=["city", "city"])
    mapped = session.map("[[echo]]{{city}}: {{n}}", pd.DataFrame({"n": [1]}, index=index))
    assert list(mapped.table["answer"]) == ["B: 1"]


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame([[1, 2]], columns=[0, "0"]),
        pd.DataFrame([[1, 2]], columns=pd.Index([None, "None"], dtype=object)),
        pd.DataFrame([[1, 2]], columns=["True", True]),
        pd.DataFrame([[1, 2]], columns=[1.0, "1.0"]),
        [{0: 1, "0": 2}],
        {0: [1], "0": [2]},
    ],
    ids=repr,
)
def test_columns_that_are_the_same_text_are_told_and_nothing_is_asked(session, emulator, table):
    with pytest.raises(errors.InvalidOption, match=r"columns of the same name: .*'.*rename them"):
        session.map("x", table)
    assert not emulator.requests


def test_rows_of_different_columns_and_a_whole_table_in_the_place_of_a_column(session):
    assert frames.rows_of([{"a": 1}, {"b": 2}]) == [{"a": 1, "b": None}, {"a": None, "b": 2}]
    with pytest.raises(
        errors.InvalidMessages,
        match=r'a column is expected here, not a whole table.*for example df\["评论 内容"\]\.',
    ):
        session.embed(pd.DataFrame({"价格": [1], "评论 内容": ["a"]}))
    with pytest.raises(errors.InvalidOption, match=r'texts: b, c.*for example df\["b"\]\.'):
        session.search("x", pd.DataFrame({"a": [1], "b": ["x"], "c": ["y"]}))

    class Geo(pd.DataFrame):
        """Like geopandas'."""

    assert frames.rows_of(Geo({"text": ["a"]})) == [{"text": "a"}]
    assert [bool(row["text"] == "a") for row in frames.rows_of(pd.Series(["a", None]))] == [
        True,
        False,
    ]
    with pytest.raises(errors.InvalidOption, match="the column error says why"):
        session.map(ECHO, ["a"], schema="error")


def test_what_is_changed_in_a_table_afterwards_is_for_the_next_question(session):
    df = pd.DataFrame({"text": ["z", "y", "x"]})
    stream = session.begin_map(ECHO, df)
    df.loc[0, "text"] = "changed"
    df.loc[3] = "new"
    assert stream.result().table["answer"].tolist() == ["z", "y", "x"]


def test_a_prompt_that_takes_no_row_s_value_is_refused_where_it_seems_to(session, emulator):
    with pytest.raises(errors.InvalidOption, match=r"\{text\} would be sent as it is"):
        session.map("Q {text}", ["a", "b"])
    assert not emulator.requests
    assert session.map("A joke", ["a"]).notes == ()
    assert len(session.map("A joke", ["a", "b"]).notes) == 1


def test_rows_with_nothing_in_what_the_prompt_takes_are_told(session, emulator):
    rows = pd.DataFrame({"text": ["a", "", " ", None, np.nan], "n": [1, 2, 3, 4, 5]})
    (note,) = session.map("[[echo]]Q {{text}}", rows).notes
    assert len(asked(emulator)) == 5
    assert note.en == (
        "⚠ 4 rows with nothing in text, asked about all the same: drop such rows first to leave "
        "them out"
    )
    assert "4 行的 text 是空的" in note.zh
    (one,) = session.map("[[echo]]Q {{text}}", rows[:2]).notes
    assert one.en.startswith("⚠ 1 row with nothing in text, ")
    assert session.map("[[echo]]Q {{text}} {{n}}", rows).notes == ()
    # A prompt that is empty as a whole is that row's failure, and not sent.
    only = session.map("{{text}}", rows)
    assert (sorted(only.errors), only.notes, only.sent) == ([1, 2, 3, 4], (), 1)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda s: s.map("{{txt}}", ["a"]), "no column txt. What to do: did you mean text?"),
        (
            lambda s: s.map(Template((Placeholder("评论, cat"),)), [{"评论": "a", "cat": "b"}]),
            "one column is named at a time; in the prompt write {{评论}} {{cat}}",
        ),
        (
            lambda s: s.map(Template((Placeholder("df['评论']"),)), [{"评论": "a", "cat": "b"}]),
            "no column df['评论']. What to do: did you mean 评论?",
        ),
        (
            lambda s: s.map("{{a\nc}}", [{"a\nb": 1}]),
            "no column a c. What to do: did you mean a b?",
        ),
        (
            lambda s: s.map("{{A1}}", [{"ａ１ｂ": 1}]),
            "no column A1. What to do: did you mean ａ１ｂ?",
        ),
        (lambda s: s.map("x", 5), "int is not a table with rows"),
        (lambda s: s.map("x", {}), "dict is not a table with rows"),
        (lambda s: s.map("x", [{"a": 1}, 3]), "list is not a table"),
        (lambda s: s.map("x", ["a"], schema="a:date"), "'a:date' is not a column"),
        (lambda s: s.map("x", ["a"], schema="a, a"), "two columns are called a. What to do: give"),
        (lambda s: s.map("", ["a"]), "the prompt is empty"),
        (
            lambda s: s.map("{{text}}", ["a"], schema="text"),
            "the column text is in the prompt and is also an output column",
        ),
        (
            lambda s: s.map("{{a}}", pd.DataFrame([[1, 2]], columns=["a", "a"])),
            "columns of the same name",
        ),
        (lambda s: s.map(None, ["a"]), "the prompt must be a text, not NoneType"),
        (
            lambda s: s.map("x", ["a"], schema=[1]),
            "schema must be a text or a dictionary, not list",
        ),
        (lambda s: s.map("x", ["a"], temperature=7), "out of range"),
        (lambda s: s.map("x", ["a"], in_flight=0), "in_flight"),
        (lambda s: s.map("x", ["a"], nothing=1), "no option nothing"),
        (lambda s: s.map("x", ["a"], shema="a"), "did you mean schema?"),
        (lambda s: s.map("x", ["a"], to="a"), "no option to. What to do: did you mean schema?"),
        (lambda s: s.map("x", ["a"], to_="a"), "did you mean schema?"),
        (lambda s: s.map("x", ["a"], columns="a"), "did you mean schema?"),
        (lambda s: s.map("x", ["a"], resumed=True), "did you mean resume?"),
        (lambda s: s.map("x", ["a"], max_concurrency=2), "did you mean in_flight?"),
        (lambda s: s.map("x", ["a"], inflight=2), "did you mean in_flight?"),
        (lambda s: s.map("x", ["a"], sytem="a"), "did you mean system?"),
        (lambda s: s.map("x", ["a"], executer=1), "did you mean executor?"),
        (lambda s: s.map("x", ["a"], temprature=1), "did you mean temperature?"),
        (lambda s: s.map("x", ["a"], stream=True), "this call takes no stream"),
        (lambda s: s.map("x", ["a"], shema="a", temprature=1), "(2) no option temprature"),
        (lambda s: s.map("x", ["a"], images=["a.png"]), "this call takes no images"),
        (lambda s: s.map("x", ["a"], history=True), "this call takes no history"),
        (lambda s: s.map("x", ["a"], system=5), "system cannot be int (5)"),
        (lambda s: s.map("x", ["a"], extra=[1]), "extra cannot be list"),
        (
            lambda s: s.map(pd.DataFrame({"a": ["b"]}), "{{a}}"),
            'not DataFrame. What to do: the prompt comes first, then the table: ernie.map("…{{column}}',
        ),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(session, emulator, call, told):
    with pytest.raises(errors.UsageError, match=re.escape(told)):
        call(session)
    assert not emulator.requests


def test_a_format_beside_columns_is_refused_before_anything_is_sent(session, emulator):
    for given in ("json_object", {"type": "text"}):
        with pytest.raises(errors.InvalidOption) as caught:
            session.map(ECHO, ["a"], schema="mood", response_format=given)
        assert caught.value.line("en") == (
            "the output columns (--to, schema) decide response_format. What to do: leave out one "
            "of them."
        )
    assert not emulator.requests
    assert session.map(ECHO, ["a"], response_format="text").errors == {}


@pytest.mark.parametrize("name", ["col", "column"])
def test_a_column_as_an_argument_is_told_to_go_into_the_prompt(ernie, name):
    with pytest.raises(errors.InvalidOption) as caught:
        ernie.map("judge", [{"t": "a"}], **{name: "t"})
    assert "the prompt of ernie.map: {{column}}" in caught.value.line("en")
    assert "extra=" not in caught.value.line("en")


def test_a_row_s_value_in_the_system_prompt_is_told(session):
    with pytest.raises(errors.InvalidExpression) as caught:
        session.map("{{text}}", ["a"], system="Say {{ text }}")
    assert caught.value.line("en") == (
        "system is one for all rows: it takes no row's value text. What to do: write {{text}} into "
        "the prompt."
    )
    assert session.map("{{text}}", ["a"], system="Fill in {{name}}").errors == {}
