"""A run's own columns are known again in its table, and in copies of it."""

from io import StringIO

import pandas as pd
import polars as pl
import pytest

from tests.calls.tables.replies import ECHO, NOT_DONE, asked, choice, reply


@pytest.mark.parametrize("to", [None, "mood"])
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, lambda rows: rows])
@pytest.mark.parametrize("own", [(), ("answer", "error")])
def test_a_run_that_resumes_replaces_the_columns_of_the_run_before(raw_session, make, to, own):
    server, session = raw_session
    table = make([{"text": word} | dict.fromkeys(own, "mine") for word in "ab"])
    server.replies = {"": reply(NOT_DONE["a limit"])}
    failed = session.map(ECHO, table, schema=to)
    server.replies = {"": reply({"choices": choice('{"mood": "good"}')})}
    whole = session.map(ECHO, failed.table, schema=to, resume=True)
    again = session.map(ECHO, whole.table, schema=to, resume=True)
    assert sorted(again.rows[0]) == sorted(whole.rows[0]) == sorted(failed.rows[0])
    assert [row[again.error_column] for row in again.rows] == [None, None]
    assert [row[name] for row in again.rows for name in own] == ["mine"] * (2 * len(own))
    assert again.error_column == failed.error_column == ("error_2" if own else "error")
    assert (again.columns, again.notes) == (failed.columns, failed.notes)


COPIES = {
    "a copy": lambda table: table.copy(),
    "a file": lambda table: pd.read_csv(StringIO(table.to_csv(index=False))),
    "some rows": lambda table: table[table["text"] == "a"],
    "dictionaries": lambda table: table.to_dict("records"),
}


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("to", [None, "mood, n:int"])
def test_a_copy_of_a_run_s_table_has_no_columns_of_its_own_from_that_run(
    session, emulator, to, copy
):
    session.settings.retry_count = 1
    emulator.faults.add(code="user_setting_unsafe", path="/chat")
    question = "Is it good or bad? {{text}}"
    failed = session.map(question, pd.DataFrame({"text": ["a", "b", "c"]}), schema=to, in_flight=1)
    assert list(failed.errors) == [0]
    copied = COPIES[copy](failed.table)
    whole = session.map(question, copied, schema=to, resume=True)
    assert (whole.columns, whole.error_column, whole.errors) == (failed.columns, "error", {})
    assert whole.notes == failed.notes
    theirs = pd.DataFrame(copied).assign(error="mine")
    assert session.map(question, theirs, schema=to, resume=True).error_column == "error_2"


def test_a_run_with_another_question_keeps_the_answers_of_the_run_before(raw_session):
    server, session = raw_session
    server.replies = {"": reply({"choices": choice("yes")})}
    first = session.map(ECHO, ["a"])
    second = session.map("again {{text}}", first.table, resume=True)
    assert second.answer_columns == ("answer_2",)
    assert session.map(ECHO, first.table).answer_columns == ("answer_2",)


@pytest.mark.parametrize("copy", {"itself": lambda table: table} | COPIES)
@pytest.mark.parametrize("numbers", ["1,2.5", "1,3", "1.0,2.5", "1,"])
def test_a_number_of_a_copy_that_is_written_otherwise_is_the_same_number(
    session, emulator, tmp_path, copy, numbers
):
    first, second = numbers.split(",")
    (tmp_path / "a.csv").write_text(f"text,n\na,{first}\nb,{second}\n")
    question = "[[echo]]{{text}}: {{n}}"
    whole = session.map(question, tmp_path / "a.csv")
    assert list(whole.table["answer"]) == [f"a: {first}", f"b: {second}"]
    emulator.requests.clear()
    copied = ({"itself": lambda table: table} | COPIES)[copy](whole.table)
    again = session.map(question, copied, resume=True)
    assert (asked(emulator), again.columns) == ([], whole.columns)
    # Of another number, another answer.
    changed = pd.DataFrame(copied).assign(n=7)
    session.map(question, changed, resume=True)
    assert asked(emulator)[0] == "[[echo]]a: 7"
