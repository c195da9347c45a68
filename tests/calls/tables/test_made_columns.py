"""A run's own columns are known again in its table, and in copies of it."""

from io import StringIO

import pandas as pd
import polars as pl
import pytest

from ernie_magic.calls.tables.made_columns import MadeColumns
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


@pytest.mark.parametrize("to", [None, "mood, n:int"])
def test_a_run_is_known_after_many_others(raw_session, to):
    server, session = raw_session
    server.replies = {"": reply({"choices": choice('{"mood": "good", "n": 1}')})}
    for kind in (pd.DataFrame, list):
        table = session.map(ECHO, kind([{"text": "a"}]), schema=to).table
        for other in range(20):
            session.map(f"{other} {{{{text}}}}", ["a"])
        again = session.map(ECHO, table, schema=to, resume=True)
        assert (again.error_column, again.notes) == ("error", ())


AS_FILES = {
    ".csv": lambda table, file: table.to_csv(file, index=False),
    ".xlsx": lambda table, file: table.to_excel(file, index=False),
    ".jsonl": lambda table, file: table.to_json(file, orient="records", lines=True),
}


@pytest.mark.parametrize("numbers", ["1,2.5", "1,3", "1.0,2.0", "1,"])
@pytest.mark.parametrize("kind", AS_FILES)
@pytest.mark.parametrize("to", [None, "mood, n:int"])
def test_a_result_s_file_is_known_in_another_session(
    raw_session, tmp_path, monkeypatch, numbers, kind, to
):
    server, session = raw_session
    server.replies = {"": reply({"choices": choice('{"mood": "good", "n": 1}')})}
    first, second = numbers.split(",")
    (tmp_path / "a.csv").write_text(f"text,stars\na,{first}\nb,{second}\n")
    question = "{{text}}: {{stars}}"
    whole = session.map(question, tmp_path / "a.csv", schema=to)
    file = tmp_path / f"b{kind}"
    AS_FILES[kind](whole.table, file)
    monkeypatch.setattr(session, "_made_columns", MadeColumns())  # as after a restart
    again = session.map(question, file, schema=to, resume=True)
    assert (again.asked, again.reused) == (0, 2)
    assert (again.columns, again.error_column, again.notes) == (whole.columns, "error", ())


@pytest.mark.parametrize("column", ["answer", "error"])
def test_a_column_of_the_user_s_own_stays_one(raw_session, tmp_path, column):
    server, session = raw_session
    server.replies = {"": reply({"choices": choice("good")})}
    session.map(ECHO, ["a", "b"])
    frame = pd.DataFrame({"text": ["a", "b"], "answer": ["good", "good"], "error": [None, None]})
    frame.loc[1, column] = "mine"
    session._made_columns = MadeColumns()
    again = session.map(ECHO, frame, resume=True)
    assert list(again.table[column]) == list(frame[column])
