"""The table that comes back: of the kind that was given, with the answers in columns of its own."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ernie_magic import errors
from tests.calls.tables.replies import ECHO, choice, reply

TABLES = {
    "pandas": lambda texts: pd.DataFrame(
        {"text": texts, "n": range(len(texts))}, index=[f"i{i}" for i in range(len(texts))]
    ),
    "polars": lambda texts: pl.DataFrame({"text": texts, "n": range(len(texts))}),
    "dictionaries": lambda texts: [{"text": text, "n": i} for i, text in enumerate(texts)],
    "texts": list,
    "columns": lambda texts: {"text": texts, "n": list(range(len(texts)))},
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_any_kind_comes_back_as_that_kind(session, kind):
    table = TABLES[kind](["好", "坏"])
    found = session.map(ECHO, table)
    assert [row["answer"] for row in found.rows] == ["好", "坏"]
    assert (found.errors, found.partial, found.asked, len(found)) == ({}, False, 2, 2)
    assert isinstance(found.table, type(table) if kind in ("pandas", "polars") else list)
    if kind == "pandas":
        assert list(found.table.columns) == ["text", "n", "answer", "error"]
        assert list(found.table.index) == ["i0", "i1"]
    assert session.last is found
    assert not session.history


def test_a_list_has_no_html_so_that_it_is_displayed_as_text(session):
    """marimo draws what `_repr_html_` returns, and None as nothing."""
    assert not hasattr(session.map(ECHO, ["a"]), "_repr_html_")
    assert "<table" in session.map(ECHO, pd.DataFrame({"text": ["a"]}))._repr_html_()


def test_a_result_is_read_like_its_table(session):
    frame = session.map(ECHO, pd.DataFrame({"text": ["a", "b"]}))
    assert list(frame["answer"]) == ["a", "b"]
    assert list(frame) == ["text", "answer", "error"]
    rows = session.map(ECHO, ["a", "b"])
    assert rows[1]["answer"] == "b"
    assert [row["answer"] for row in rows] == ["a", "b"]


@pytest.mark.parametrize("kind", ["pandas", "polars", "texts"])
def test_a_result_can_be_asked_about_as_its_table(session, kind):
    first = session.map(ECHO, TABLES[kind](["a", "b"]))
    second = session.map("Say again {{answer}}", first)
    assert second.prompts == ("Say again a", "Say again b")
    assert second.columns[-2:] == ("answer_2", "error_2")


def test_the_turns_of_a_history_can_be_asked_about(session):
    session.chat("one")
    session.chat("two")
    assert session.map("Rate {{prompt}}", session.history).prompts == ("Rate one", "Rate two")


def test_what_only_the_table_has_is_told_to_be_there(session):
    found = session.map(ECHO, pd.DataFrame({"text": ["a"]}))
    for name in ("to_csv", "head", "loc", "text"):
        with pytest.raises(AttributeError, match=rf"did you mean table\.{name}"):
            getattr(found, name)
    with pytest.raises(AttributeError, match="did you mean answer_columns"):
        found.answer_column  # noqa: B018


@pytest.mark.parametrize("kind", ["pandas", "polars"])
@pytest.mark.parametrize(
    "read", [pd.DataFrame, np.asarray, lambda found: found.__setitem__("z", 1)]
)
def test_whoever_takes_a_result_for_its_table_is_told_where_that_is(session, kind, read):
    found = session.map(ECHO, TABLES[kind](["a", "b"]))
    with pytest.raises(errors.InvalidOption, match=r"result\.table"):
        read(found)
    assert len(pd.DataFrame(found.table)) == 2


def test_a_result_of_a_list_becomes_a_table(session):
    found = session.map(ECHO, ["a", "b"])
    assert pd.DataFrame(found)["answer"].tolist() == ["a", "b"]


OWN = {"text": ["a", "b"], "answer": ["42", ""], "error": ["E11", "E12"]}


@pytest.mark.parametrize(
    "make",
    [pd.DataFrame, pl.DataFrame, dict, lambda columns: pd.DataFrame(columns).to_dict("records")],
)
def test_the_table_s_own_columns_answer_and_error_are_kept(session, make):
    found = session.map("[[echo]]{{text}}{{error}}{{answer}}", make(OWN))
    assert found.columns == ("text", "answer", "error", "answer_2", "error_2")
    assert found.error_column == "error_2"
    assert [row["answer"] for row in found.rows] == OWN["answer"]
    assert [row["error"] for row in found.rows] == OWN["error"]
    assert [row["answer_2"] for row in found.rows] == ["aE1142", "bE12"]
    assert [row["error_2"] for row in found.rows] == [None, None]
    assert [note.en for note in found.notes] == [
        "the table's own column answer is kept; the answers are in answer_2",
        "the table's own column error is kept; error_2 says why a row failed",
    ]
    if make in (pd.DataFrame, pl.DataFrame):
        assert tuple(found.table.columns) == found.columns
        assert list(found.table["error"]) == OWN["error"]
    # Once more over its own result: nothing of it is lost either.
    again = session.map("{{text}}", found.table, schema="score:int, error_2")
    assert again.columns[-3:] == ("error_2", "score", "error_3")
    assert [note.en for note in again.notes][1:] == ["replaced the table's own columns: error_2"]


def test_a_row_s_failure_is_in_the_column_that_is_ours(session, emulator):
    session.settings.retry_count = 1
    emulator.faults.add(code="user_setting_unsafe", path="/chat")
    found = session.map("{{text}}", pd.DataFrame(OWN), in_flight=1)
    assert list(found.table["error"]) == OWN["error"]
    assert found.errors[0] == found.table["error_2"][0]
    assert found.table["error_2"].isna().tolist() == [False, True]


EMPTY = {
    "pandas": pd.DataFrame({"name": ["Ann"], "text": ["a"]}).query("name == 'nobody'"),
    "polars": pl.DataFrame({"name": ["Ann"], "text": ["a"]}).filter(pl.col("name") == "nobody"),
    "columns": {"name": [], "text": []},
    "list": [],
    "series": pd.Series([], dtype=str),
    "no columns": pd.DataFrame(),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_a_table_without_rows_gets_the_new_columns_and_nothing_is_asked(session, emulator, kind):
    session.settings.model = ""
    found = session.map("{{text}}", EMPTY[kind], schema="topic, score:int")
    assert (found.rows, found.errors, found.asked, found.partial) == ([], {}, 0, False)
    assert found.columns[-3:] == ("topic", "score", "error")
    assert not emulator.requests
    if kind in ("pandas", "polars"):
        assert list(found.table.columns) == ["name", "text", "topic", "score", "error"]
        assert str(found.table["score"].dtype) == "Int64"
    if kind not in ("list", "series", "no columns"):
        with pytest.raises(errors.InvalidOption, match=r"no column txt.*did you mean text"):
            session.map("{{txt}}", EMPTY[kind])


def test_an_output_column_takes_the_place_of_the_label_that_reads_the_same(session):
    found = session.map("x", pd.DataFrame({0: ["a"], "t": ["b"]}), schema="0:int")
    assert list(found.table.columns) == [0, "t", "error"]
    assert str(found.table[0].dtype) == "Int64"


def test_columns_are_typed(session):
    found = session.map(
        "{{text}}",
        pd.DataFrame({"text": ["a", "b"]}),
        schema="topic, score:int, share:float, good:bool",
    )
    assert [str(found.table[name].dtype) for name in ("topic", "score", "share", "good")] == [
        "object",
        "Int64",
        "Float64",
        "boolean",
    ]
    assert found.errors == {}
    assert [
        str(kind)
        for kind in session.map(
            "{{text}}", pl.DataFrame({"text": ["a"]}), schema={"score": int, "good": bool}
        ).table.dtypes
    ] == ["String", "Int64", "Boolean", "String"]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_null_is_a_gap_in_a_typed_column_and_asked_for_once(raw_session, make):
    server, session = raw_session
    answer = '{"n": null, "share": null, "good": null, "topic": null}'
    server.replies = {"": reply({"choices": choice(answer)})}
    columns = "n:int, share:float, good:bool, topic"
    found = session.map(ECHO, make({"text": ["a", "b"]}), schema=columns)
    assert found.errors == {}
    kinds = [str(found.table[name].dtype) for name in ("n", "share", "good", "topic")]
    text = "object" if make is pd.DataFrame else "string"
    assert [kind.lower() for kind in kinds] == ["int64", "float64", "boolean", text]
    assert [row["n"] for row in found.rows] == [None, None]
    server.requests.clear()
    again = session.map(ECHO, make({"text": ["a", "b"]}), schema=columns, resume=True)
    assert (again.errors, server.requests) == ({}, [])
