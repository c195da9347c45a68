"""A run over a table: each row is answered once, in its place, and never paid for twice."""

import asyncio
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from ernie_magic import errors
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session
from ernie_magic.storage import folders, ledger
from ernie_magic.wire.limits import LIMITS
from tests.calls.tables.replies import ECHO, asked, choice, reply
from tests.raw_server import Server, http


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


def test_an_empty_answer_that_an_older_version_wrote_down_is_asked_again(raw_session):
    server, session = raw_session
    server.replies = {"": reply({"choices": choice("good")})}
    session.map(ECHO, ["a"])
    with closing(sqlite3.connect(folders.storage_folder("data") / ledger.NAME)) as file, file:
        file.execute("UPDATE answers SET text = ''")
    server.requests.clear()
    assert session.map(ECHO, ["a"], resume=True).rows[0]["answer"] == "good"
    assert len(server.requests) == 1


def test_a_ledger_of_an_earlier_version_is_read_and_keeps_new_endings(raw_session):
    server, session = raw_session
    path = folders.storage_folder("data") / ledger.NAME
    server.replies = {"": reply({"choices": choice("whole")})}
    session.map(ECHO, ["a"])
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("ALTER TABLE answers DROP COLUMN reason")
    server.replies = {"": reply({"choices": choice("half", "length")})}
    for _ in range(2):
        resumed = session.map(ECHO, ["a", "b"], resume=True)
        assert [row["answer"] for row in resumed.rows] == ["whole", "half"]
        assert [note.en for note in resumed.notes] == [
            "⚠ answers that may not be whole: 1 (length)"
        ]


def test_a_key_that_is_refused_with_200_ends_the_table(raw_session):
    server, session = raw_session
    server.replies = {"": reply({"error": {"message": "bad key", "code": 401}})}
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
