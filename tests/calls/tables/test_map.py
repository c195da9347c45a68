"""A question for each row of a table: answered once, in its place, and never paid for twice."""

import asyncio
import itertools
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ernie_magic import errors
from ernie_magic.calls.tables import frames
from ernie_magic.calls.tables.template import Placeholder, Template
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session
from ernie_magic.storage import folders, ledger
from ernie_magic.wire.limits import LIMITS
from tests.raw_server import Server, http

ECHO = "[[echo]]{{text}}"


@pytest.fixture
def session(emulator):
    emulator.requests.clear()
    with Session(
        ErnieSettings(
            service="aistudio",
            base_url=emulator.base_url,
            api_key="any-key",
            model="ernie-3.5-8k",
            backoff_factor=0.01,
            retry_count=4,
        )
    ) as session:
        yield session


def asked(emulator):
    return [
        logged.body["messages"][-1]["content"]
        for logged in emulator.requests
        if logged.path.endswith("/chat/completions")
    ]


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


OWN = {"text": ["a", "b"], "answer": ["42", ""], "error": ["E11", "E12"]}


def test_a_result_is_read_like_its_table(session):
    frame = session.map(ECHO, pd.DataFrame({"text": ["a", "b"]}))
    assert list(frame["answer"]) == ["a", "b"]
    assert list(frame) == ["text", "answer", "error"]
    rows = session.map(ECHO, ["a", "b"])
    assert rows[1]["answer"] == "b"
    assert [row["answer"] for row in rows] == ["a", "b"]


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


@pytest.mark.parametrize("library", [pd, pl])
@pytest.mark.parametrize("written", ["{{review}}", "{{text}}", "{{ review }}"])
def test_a_column_by_itself_is_named_by_its_own_name_too(session, emulator, library, written):
    found = session.map(f"[[echo]]{written}!", library.DataFrame({"review": ["a"]})["review"])
    assert asked(emulator)[-1] == "[[echo]]a!"
    assert found.table == [{"text": "a", "answer": "a!", "error": None}]
    with pytest.raises(errors.InvalidOption, match="no column other"):
        session.map("{{other}}", library.DataFrame({"review": ["a"]})["review"])


def test_a_prompt_that_takes_no_row_s_value_is_refused_where_it_seems_to(session, emulator):
    with pytest.raises(errors.InvalidOption, match=r"\{text\} would be sent as it is"):
        session.map("Q {text}", ["a", "b"])
    assert not emulator.requests
    assert session.map("A joke", ["a"]).notes == ()
    assert len(session.map("A joke", ["a", "b"]).notes) == 1


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


def test_what_is_changed_in_a_table_afterwards_is_for_the_next_question(session):
    df = pd.DataFrame({"text": ["z", "y", "x"]})
    stream = session.begin_map(ECHO, df)
    df.loc[0, "text"] = "changed"
    df.loc[3] = "new"
    assert stream.result().table["answer"].tolist() == ["z", "y", "x"]


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
        (lambda s: s.map("x", ["a"], schema="a:date"), "a:date is not a column"),
        (lambda s: s.map("x", ["a"], schema="a, a"), "two columns have the same name"),
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
            lambda s: s.map("x", ["a"], schema=["a"]),
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


def test_a_value_s_own_braces_are_not_looked_at_again(session, emulator):
    session.map("{{text}} {{ n }}", [{"text": "{{n}}", "n": None}])
    assert asked(emulator) == ["{{n}} "]
    session.map("{{text}}{{n}}", [{"text": [1, 2], "n": pd.NA}])
    assert asked(emulator)[-1] == "[1, 2]"


def test_a_row_that_fails_stays_in_its_place_with_why(session, emulator):
    session.settings.retry_count = 1
    emulator.faults.add(code="user_setting_unsafe", path="/chat")
    found = session.map(ECHO, pd.DataFrame({"text": ["a", "b", "c"]}), in_flight=1)
    assert [row["answer"] for row in found.rows] == [None, "b", "c"]
    assert list(found.errors) == [0]
    assert "content review" in found.table["error"][0] or "HTTP 403" in found.table["error"][0]
    emulator.requests.clear()
    again = session.map(ECHO, pd.DataFrame({"text": ["a", "b", "c"]}), resume=True)
    assert (asked(emulator), again.asked, again.errors) == (["[[echo]]a"], 1, {})


@pytest.mark.parametrize("fault", [{"code": "invalid_iam_token"}, {"code": "no_such_model"}])
def test_what_would_fail_every_row_ends_it_and_keeps_what_came(session, emulator, fault):
    for i in range(3):
        emulator.faults.add(path="/chat", **(fault if i == 2 else {"delay": 0.0}))
    with pytest.raises(errors.ServiceError) as caught:
        session.map(ECHO, ["a", "b", "c", "d"], in_flight=1)
    assert [row["answer"] for row in caught.value.answer.rows] == ["a", "b", None, None]
    assert caught.value.answer.partial
    assert len(asked(emulator)) == 3


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "rpm_rate_limit_exceeded", "retry_after": 0.02},
        {"status": 500},
        {"html": True, "status": 502},
    ],
)
def test_no_row_is_lost_or_asked_twice_after_faults(session, emulator, fault):
    for _ in range(6):
        emulator.faults.add(path="/chat", **fault)
    texts = [f"第{i}行" for i in range(60)]
    found = session.map(ECHO, texts)
    assert [row["answer"] for row in found.rows] == texts
    assert (found.asked, session.usage.total.requests) == (60, 60)


def test_a_dropped_connection_loses_no_row_and_answers_none_twice(tmp_path):
    """Every fourth connection is closed without a reply; resume asks for what was not retried."""
    answered, count = [], itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][
                -1
            ]["content"]
            if next(count) % 4 == 0:
                self.close_connection = True
                return
            answered.append(asked)
            body = json.dumps(
                {
                    "model": "m",
                    "choices": [
                        {
                            "message": {"role": "assistant", "content": asked},
                            "finish_reason": "stop",
                        }
                    ],
                }
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    rows = [f"row {i}" for i in range(40)]
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Session(
            ErnieSettings(
                service="aistudio",
                base_url=f"http://127.0.0.1:{server.server_port}/v1",
                api_key="any-key",
                model="m",
                backoff_factor=0.01,
            )
        ) as session:
            found = session.map("{{text}}", rows)
            for _ in range(6):
                if found.errors:
                    found = session.map("{{text}}", rows, resume=True)
        server.shutdown()
    assert [row["answer"] for row in found.rows] == rows
    assert sorted(answered) == sorted(rows)


def test_resume_asks_only_for_missing_rows_whatever_their_order(session, emulator):
    session.map(ECHO, ["a", "b", "b"])
    emulator.requests.clear()
    found = session.map(ECHO, ["b", "new", "a", "b", "b"], resume=True)
    assert sorted(asked(emulator)) == ["[[echo]]b", "[[echo]]new"]
    assert [row["answer"] for row in found.rows] == ["b", "new", "a", "b", "b"]


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.5},
        {"system": "short"},
        {"model": "ernie-4.0-8k"},
        {"schema": "a"},
        {"extra": {"x": 1}},
    ],
)
def test_another_question_is_asked_anew(session, emulator, change):
    session.map(ECHO, ["a"])
    emulator.requests.clear()
    assert session.map(ECHO, ["a"], resume=True, **change).asked == 1


def test_without_resume_all_rows_are_asked_anew_and_what_was_kept_stays_until_then(
    session, emulator
):
    session.map("{{text}}", ["a", "b"])
    emulator.requests.clear()
    session.settings.retry_count = 1
    emulator.faults.add(status=500, path="/chat")
    assert len(session.map("{{text}}", ["a", "b"], in_flight=1).errors) == 1
    assert len(asked(emulator)) == 2
    emulator.requests.clear()
    assert session.map("{{text}}", ["a", "b"], resume=True).errors == {}
    assert not asked(emulator)


def test_a_row_whose_prompt_is_none_fails_by_itself(session, emulator):
    found = session.map("{{text}}", ["hello", "", None, "长" * 20_001, "bye"])
    assert sorted(found.errors) == [1, 2, 3]
    assert "the prompt is empty" in found.errors[1]
    assert [bool(row["answer"]) for row in found.rows] == [True, False, False, False, True]


def test_an_answer_that_is_none_of_what_was_asked_for_is_asked_for_again(session, emulator):
    emulator.faults.add(delay=0.0)
    rows = ["[[echo]]no json"]
    assert list(session.map("{{text}}", rows, schema="a").errors) == [0]
    emulator.requests.clear()
    assert session.map("{{text}}", rows, schema="a", resume=True).asked == 1


def test_a_ledger_that_cannot_be_used_is_told_before_anything_is_paid(session, emulator):
    folder = folders.storage_folder("data")
    folder.mkdir(parents=True)
    (folder / ledger.NAME).write_bytes(b"no database" * 100)
    with pytest.raises(
        errors.InvalidOption,
        match=r"the file that answers are written to cannot be used: .*ledger\.sqlite3",
    ):
        session.map(ECHO, ["a"])
    assert not emulator.requests


def test_a_ledger_that_fails_on_the_way_keeps_what_came(session, monkeypatch):
    put, count = ledger.Ledger.save_answer, []

    def failing(self, *args):
        count.append(1)
        if len(count) == 3:
            raise OSError("disk full")
        put(self, *args)

    monkeypatch.setattr(ledger.Ledger, "save_answer", failing)
    with pytest.raises(errors.InvalidOption, match="disk full") as caught:
        session.map(ECHO, ["a", "b", "c", "d"], in_flight=1)
    assert [row["answer"] for row in caught.value.answer.rows] == ["a", "b", "c", None]


def test_rows_of_different_columns_and_a_whole_table_in_the_place_of_a_column(session):
    assert frames.rows_of([{"a": 1}, {"b": 2}]) == [{"a": 1, "b": None}, {"a": None, "b": 2}]
    with pytest.raises(
        errors.InvalidMessages, match="a column is expected here, not a whole table"
    ):
        session.embed(pd.DataFrame({"text": ["a"]}))

    class Geo(pd.DataFrame):
        """Like geopandas'."""

    assert frames.rows_of(Geo({"text": ["a"]})) == [{"text": "a"}]
    assert [bool(row["text"] == "a") for row in frames.rows_of(pd.Series(["a", None]))] == [
        True,
        False,
    ]
    with pytest.raises(errors.InvalidOption, match="the column error says why"):
        session.map(ECHO, ["a"], schema="error")


def test_an_interrupt_keeps_the_rows_that_came(session, emulator):
    for _ in range(40):
        emulator.faults.add(path="/chat", delay=0.1)
    stream = session.begin_map(ECHO, [f"第{i}行" for i in range(40)], in_flight=4)
    time.sleep(0.6)
    found = stream.stop()
    came = [row["answer"] for row in found.rows if row["answer"]]
    assert found.partial
    assert 0 < len(came) < 40
    not_asked = "not asked yet: run it again with --resume (in Python resume=True)"
    assert sum(row["error"] == not_asked for row in found.rows) == 40 - len(came)
    emulator.faults.clear()
    emulator.requests.clear()
    whole = session.map(ECHO, [f"第{i}行" for i in range(40)], resume=True)
    assert whole.asked == 40 - len(came)


def test_awaited(session):
    found = asyncio.run(session.amap(ECHO, ["a"]))
    assert found.rows[0]["answer"] == "a"


CHILD = """
import json, sys
from ernie_magic import Session
session = Session(service="aistudio", api_key="any-key", base_url=sys.argv[1], model="ernie-3.5-8k")
found = session.map("[[echo]]{{text}}", [f"row {i}" for i in range(int(sys.argv[2]))], resume=True, in_flight=4, progress=False)
print(json.dumps([found.asked, [row["answer"] for row in found.rows]]))
session.close()
"""
ROWS = 40


def child(url):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(ROWS)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_at_any_row_it_goes_on_with_the_missing_ones(emulator, kills):
    emulator.requests.clear()
    rng, expected = random.Random(7), [f"row {i}" for i in range(ROWS)]  # noqa: S311  (which row, no secret)
    for _ in range(ROWS * 30):
        emulator.faults.add(path="/chat", delay=0.02)
    for _ in range(kills):
        for file in (
            folders.storage_folder("data").glob("*")
            if folders.storage_folder("data").exists()
            else ()
        ):
            file.unlink()
        emulator.requests.clear()
        process = child(emulator.base_url)
        wanted = rng.randrange(1, ROWS - 4)
        while len(asked(emulator)) < wanted and process.poll() is None:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        time.sleep(0.05)
        book = ledger.Ledger(folders.storage_folder("data") / ledger.NAME)
        kept = book._connection.execute("SELECT count(*) FROM answers").fetchone()[0]
        book.close()
        out, problems = child(emulator.base_url).communicate(timeout=30)
        again, answers = json.loads(out)
        assert problems == ""
        assert answers == expected
        assert again == ROWS - kept
        # At most those whose answers were on their way when it died are paid for twice.
        assert len(asked(emulator)) <= ROWS + 4 + 1


def _reply(body):
    raw = json.dumps(body).encode()
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n" % len(raw)
    ) + raw


def _choice(content, reason="stop"):
    return [{"message": {"content": content}, "finish_reason": reason}]


NOT_DONE = {
    "a limit": {
        "choices": _choice(None),
        "error": {"message": "Provider returned error", "code": 429},
    },
    "an empty answer": {"choices": _choice("")},
    "blanks": {"choices": _choice(" \n")},
    "only thoughts": {
        "choices": [{"message": {"content": "", "reasoning": "hm"}, "finish_reason": "length"}]
    },
    "only thoughts between tags": {"choices": _choice("<think>hm</think>\n")},
    "thoughts that were cut": {"choices": _choice("<think>hm", "length")},
    "nothing": {"choices": _choice(None, None)},
    "half": {"choices": _choice("half", "error")},
}


@pytest.fixture
def raw_session():
    server = Server()
    with Session(
        ErnieSettings(
            service="local",
            base_url=server.url,
            model="m",
            backoff_factor=0.0,
            retry_count=1,
        )
    ) as session:
        yield server, session
    server.stop()


@pytest.mark.parametrize("to", [None, "mood"])
@pytest.mark.parametrize("name", NOT_DONE)
def test_a_row_without_an_answer_is_told_and_asked_again(raw_session, name, to):
    server, session = raw_session
    server.replies = {"": _reply(NOT_DONE[name])}
    mapped = session.map(ECHO, ["a", "b"], schema=to)
    assert sorted(mapped.errors) == [0, 1]
    assert all(row["error"] for row in mapped.rows)
    assert [row[to or "answer"] for row in mapped.rows] == [None, None]
    server.requests.clear()
    server.replies = {"": _reply({"choices": _choice('{"mood": "good"}')})}
    mapped = session.map(ECHO, ["a", "b"], schema=to, resume=True)
    assert (len(server.requests), mapped.errors) == (2, {})


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "sensitive"])
@pytest.mark.parametrize(("content", "to"), [("", None), (" ", "mood"), ('{"mood": "go', "mood")])
def test_a_row_that_content_review_stopped_says_so(raw_session, reason, content, to):
    server, session = raw_session
    server.replies = {"": _reply({"choices": _choice(content, reason)})}
    told = session.map(ECHO, ["a"], schema=to).errors[0]
    assert told.startswith(f"content review stopped the answer (finish_reason {reason})")
    assert "longer" not in told


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


def test_an_answer_in_json_that_a_server_takes_for_a_thought_is_read(raw_session):
    server, session = raw_session
    message = {"content": None, "reasoning_content": '{"mood": "good"}'}
    server.replies = {"": _reply({"choices": [{"message": message, "finish_reason": "stop"}]})}
    assert session.map(ECHO, ["a"], schema="mood").rows[0]["mood"] == "good"
    server.requests.clear()
    session.map(ECHO, ["a"], schema="mood", resume=True)
    assert server.requests == []


def test_a_column_has_no_thoughts_between_tags(raw_session):
    server, session = raw_session
    server.replies = {"": _reply({"choices": _choice("<think>hm</think>\n\ngood")})}
    assert session.map(ECHO, ["a"]).rows[0]["answer"] == "good"


def test_an_empty_answer_that_an_older_version_wrote_down_is_asked_again(raw_session):
    server, session = raw_session
    server.replies = {"": _reply({"choices": _choice("good")})}
    session.map(ECHO, ["a"])
    with closing(sqlite3.connect(folders.storage_folder("data") / ledger.NAME)) as file, file:
        file.execute("UPDATE answers SET text = ''")
    server.requests.clear()
    assert session.map(ECHO, ["a"], resume=True).rows[0]["answer"] == "good"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reason", "told"),
    [("length", "(length)"), ("content_filter", "(content_filter)"), ("stop", "")],
)
def test_after_a_resume_cut_answers_are_told_as_in_the_first_run(raw_session, reason, told):
    server, session = raw_session
    server.replies = {"": _reply({"choices": _choice("half", reason)})}
    first = session.map(ECHO, ["a", "b"])
    server.requests.clear()
    resumed = session.map(ECHO, ["b", "a"], resume=True)
    assert (resumed.rows, server.requests) == (first.rows[::-1], [])
    assert resumed.notes == first.notes
    assert first.cut == resumed.cut == ({0: reason, 1: reason} if told else {})
    assert ("2 cut" in repr(first)) is bool(told)
    assert [note.en for note in first.notes] == [f"⚠ answers that may not be whole: 2 {told}"][
        : len(told)
    ]


@pytest.mark.parametrize(
    "answer", ["Sorry, I cannot tell.", '{"n": "many"}', "[3]", '{"n": 3.5} {"n": 4}', "n = 3"]
)
def test_an_answer_that_does_not_fit_its_columns_is_kept_whole(raw_session, answer):
    server, session = raw_session
    server.replies = {"": _reply({"choices": _choice(answer)})}
    found = session.map(ECHO, ["a", "b"], schema="n:int")
    assert (sorted(found.errors), found.unread) == ([0, 1], {0: answer, 1: answer})


def test_the_words_of_an_answer_that_is_not_read_outlive_its_run(raw_session):
    server, session = raw_session
    server.replies = {"": _reply({"choices": _choice("three, I think")})}
    session.map(ECHO, ["a"], schema="n:int")
    server.replies = {"": _reply(NOT_DONE["a limit"])}
    assert session.map(ECHO, ["a"], schema="n:int").unread == {}
    found = session.map(ECHO, ["a"], schema="n:int", resume=True)
    assert (found.asked, found.unread) == (0, {0: "three, I think"})
    server.replies = {"": _reply({"choices": _choice('{"n": 3}')})}
    found = session.map(ECHO, ["a"], schema="n:int", resume=True)
    assert (found.asked, found.unread, found.rows[0]["n"]) == (1, {}, 3)
    server.replies = {"": _reply({"choices": _choice("three, I think")})}
    session.map(ECHO, ["a"], schema="n:int")
    found = session.map(ECHO, ["a"], schema="n:int", resume=True)
    assert (found.asked, found.rows[0]["n"]) == (0, 3)


@pytest.mark.parametrize("to", [None, "mood"])
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, lambda rows: rows])
@pytest.mark.parametrize("own", [(), ("answer", "error")])
def test_a_run_that_resumes_replaces_the_columns_of_the_run_before(raw_session, make, to, own):
    server, session = raw_session
    table = make([{"text": word} | dict.fromkeys(own, "mine") for word in "ab"])
    server.replies = {"": _reply(NOT_DONE["a limit"])}
    failed = session.map(ECHO, table, schema=to)
    server.replies = {"": _reply({"choices": _choice('{"mood": "good"}')})}
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


def test_a_run_with_another_question_keeps_the_answers_of_the_run_before(raw_session):
    server, session = raw_session
    server.replies = {"": _reply({"choices": _choice("yes")})}
    first = session.map(ECHO, ["a"])
    second = session.map("again {{text}}", first.table, resume=True)
    assert second.answer_columns == ("answer_2",)
    assert session.map(ECHO, first.table).answer_columns == ("answer_2",)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_null_is_a_gap_in_a_typed_column_and_asked_for_once(raw_session, make):
    server, session = raw_session
    answer = '{"n": null, "share": null, "good": null, "topic": null}'
    server.replies = {"": _reply({"choices": _choice(answer)})}
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


def test_a_ledger_of_an_earlier_version_is_read_and_keeps_new_endings(raw_session):
    server, session = raw_session
    path = folders.storage_folder("data") / ledger.NAME
    server.replies = {"": _reply({"choices": _choice("whole")})}
    session.map(ECHO, ["a"])
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("ALTER TABLE answers DROP COLUMN reason")
    server.replies = {"": _reply({"choices": _choice("half", "length")})}
    for _ in range(2):
        resumed = session.map(ECHO, ["a", "b"], resume=True)
        assert [row["answer"] for row in resumed.rows] == ["whole", "half"]
        assert [note.en for note in resumed.notes] == [
            "⚠ answers that may not be whole: 1 (length)"
        ]


def test_a_key_that_is_refused_with_200_ends_the_table(raw_session):
    server, session = raw_session
    server.replies = {"": _reply({"error": {"message": "bad key", "code": 401}})}
    with pytest.raises(errors.AuthenticationFailed):
        session.map(ECHO, [str(i) for i in range(50)], in_flight=1)
    assert len(server.requests) == 1


def test_a_table_ends_where_the_service_refuses_everything_for_longer_than_a_minute(monkeypatch):
    monkeypatch.setattr(LIMITS, "minute", 0.2)
    server = Server()
    refused = http('{"error": {"message": "Too Many Requests"}}', "429 X", "application/json")
    answered = http(
        json.dumps({"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}),
        kind="application/json",
    )

    class Turning(dict):
        def __getitem__(self, _):
            return answered if len(server.requests) <= 3 else refused

    server.replies = Turning({"": refused})
    try:
        with (
            Session(
                service="local",
                base_url=f"http://127.0.0.1:{server.port}/v1",
                model="m-turning",
                stream=False,
                retry_count=2,
                backoff_factor=0.01,
                in_flight=2,
            ) as session,
            pytest.raises(errors.RateLimited) as caught,
        ):
            session.map("{{text}}", [str(i) for i in range(40)])
    finally:
        server.stop()
    assert caught.value.is_lasting
    line = caught.value.line("en")
    assert "the service has refused every call for" in line
    assert line.index("try again later") < line.index("--resume to ask only for the missing rows")
    assert len([row for row in caught.value.answer.rows if row["answer"] == "ok"]) == 3
    assert len(server.requests) < 40


@pytest.mark.parametrize("name", ["col", "column"])
def test_a_column_as_an_argument_is_told_to_go_into_the_prompt(ernie, name):
    with pytest.raises(errors.InvalidOption) as caught:
        ernie.map("judge", [{"t": "a"}], **{name: "t"})
    assert "the prompt of ernie.map: {{column}}" in caught.value.line("en")
    assert "extra=" not in caught.value.line("en")
