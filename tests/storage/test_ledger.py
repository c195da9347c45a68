"""A ledger that is locked, full, read-only or broken: a map waits or fails with one line, and no
row is paid for twice.
"""

import contextlib
import os
import sqlite3
import subprocess
import sys
import time

import pytest

from ernie_magic import errors
from ernie_magic.api.usage import Usage
from ernie_magic.session import Session
from ernie_magic.storage import folders, ledger, sqlite

ROWS = [f"[[echo]]row {i}" for i in range(12)]
HOLD = """
import sqlite3, sys, time
book = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[3] == "delete":
    book.execute("PRAGMA journal_mode=DELETE")
book.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
book.execute("COMMIT")
"""


@pytest.fixture
def session(emulator):
    emulator.requests.clear()
    with Session(
        service="aistudio",
        base_url=emulator.base_url,
        api_key="any-key-of-a-ledger",
        model="ernie-3.5-8k",
        retry_count=1,
    ) as session:
        yield session


def asked(emulator):
    return [
        logged.body["messages"][-1]["content"]
        for logged in emulator.requests
        if logged.path.endswith("/chat/completions")
    ]


def path():
    place = folders.storage_folder("data")
    place.mkdir(parents=True, exist_ok=True)
    return place / ledger.NAME


@contextlib.contextmanager
def held(seconds, mode="wal"):
    """Another process that holds a lock on the file."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path(), str(seconds), mode], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("seconds", "mode"),
    [
        (2.5, "wal"),
        (2.5, "delete"),
        pytest.param(12, "wal", marks=pytest.mark.slow),
        pytest.param(12, "delete", marks=pytest.mark.slow),
    ],
)
def test_a_map_waits_for_another_process_and_says_so(session, emulator, seconds, mode):
    session.map("first {{text}}", ["x"])
    emulator.requests.clear()
    begin = time.monotonic()
    with held(seconds, mode):
        stream = session.begin_map("{{text}}", ROWS)
        notices = [
            delta.waited
            for batch in stream.iter_batches()
            for delta in batch
            if delta.notice and "another program holds" in delta.notice.en
        ]
        found = stream.result()
    assert time.monotonic() - begin >= seconds - 0.5
    assert notices[:2] == [1, 2]
    assert [row["answer"] for row in found.rows] == [f"row {i}" for i in range(12)]
    assert sorted(asked(emulator)) == sorted(ROWS)
    assert session.map("{{text}}", ROWS, resume=True).asked == 0


def test_a_lock_in_the_middle_holds_only_what_is_in_flight_and_stop_works_at_once(
    session, emulator
):
    for _ in ROWS:
        emulator.faults.add(path="/chat", delay=0.05)
    session.map("first {{text}}", ["x"])
    emulator.requests.clear()
    stream = session.begin_map("{{text}}", ROWS, in_flight=2)
    while not asked(emulator):
        time.sleep(0.005)
    with held(30):
        time.sleep(1.2)
        count = len(asked(emulator))
        assert count < len(ROWS)
        begin = time.monotonic()
        found = stream.stop()
        assert time.monotonic() - begin < 0.5
    assert found.partial
    assert sum(row["answer"] is not None for row in found.rows) == count
    emulator.faults.clear()
    # Rows paid for while it was locked are not requested again.
    again = session.map("{{text}}", ROWS, resume=True)
    assert [row["answer"] for row in again.rows] == [f"row {i}" for i in range(12)]
    assert sorted(asked(emulator)) == sorted(ROWS)
    with Session(
        service="aistudio",
        base_url=emulator.base_url,
        api_key="any-key-of-a-ledger",
        model="ernie-3.5-8k",
    ) as another:
        assert another.map("{{text}}", ROWS, resume=True).asked == 0  # and they are in the ledger


def test_stop_works_while_the_file_is_waited_for_at_the_beginning(session, emulator):
    with held(30):
        stream = session.begin_map("{{text}}", ROWS)
        time.sleep(0.3)
        begin = time.monotonic()
        found = stream.stop()
        assert time.monotonic() - begin < 0.5
    assert found.partial
    assert asked(emulator) == []


def test_patience_ends(session, monkeypatch):
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.3)
    with (
        held(30),
        pytest.raises(
            errors.InvalidOption,
            match=r"database is locked.*What to do: close the program that holds it",
        ),
    ):
        session.map("{{text}}", ["a"])


def broken(how):
    """A ledger with a few hundred rows that is broken in some way."""
    book = ledger.Ledger(path())
    for _ in range(300):
        book.save_answer(os.urandom(32), "x" * 500, Usage())
    book._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    book.close()
    content = path().read_bytes()
    middle = len(content) // 2
    path().write_bytes(
        {
            "header": b"\0" * 100 + content[100:],
            "text": b"no database at all",
            "cut": content[: middle - 100],
            "page": content[:4096] + os.urandom(len(content) - 4096),
            "schema": content[:100] + os.urandom(3996) + content[4096:],
        }[how]
    )


@pytest.mark.parametrize("how", ["header", "text", "cut", "page", "schema"])
def test_a_broken_ledger_is_one_line_before_anything_is_paid(session, emulator, how):
    broken(how)
    with pytest.raises(
        errors.InvalidOption, match="the file that answers are written to cannot be used"
    ) as caught:
        session.map("{{text}}", ROWS)
    assert "\n" not in str(caught.value)
    assert asked(emulator) == []


def put_a_file_in_the_place_of_its_folder():
    place = path().parent
    place.rmdir()
    place.write_text("")


def test_where_no_file_can_be_made_the_session_keeps_the_answers_and_says_so(session, emulator):
    put_a_file_in_the_place_of_its_folder()
    stream = session.begin_map("{{text}}", ROWS)
    notices = [delta.notice for batch in stream.iter_batches() for delta in batch if delta.notice]
    found = stream.result()
    assert [f"[[echo]]{row['answer']}" for row in found.rows] == ROWS
    assert len(asked(emulator)) == len(ROWS)
    (note,) = found.notes
    assert notices == [note]
    assert f"{path_of_folder()} cannot be written" in note.en
    assert ".ernie" in note.en
    # What the session has is not paid for again, and is written as soon as it can be.
    assert session.map("{{text}}", ROWS, resume=True).asked == 0
    path_of_folder().unlink()
    found = session.map("{{text}}", ROWS, resume=True)
    assert (found.asked, found.notes) == (0, ())
    with Session(
        service="aistudio", base_url=session.settings.base_url, api_key="any-key-of-a-ledger"
    ) as another:
        again = another.map("{{text}}", ROWS, resume=True, model="ernie-3.5-8k")
        assert again.asked == 0


def path_of_folder():
    return folders.storage_folder("data")


def test_answers_of_an_earlier_run_are_not_paid_again_where_they_cannot_be_looked_up(
    session, emulator
):
    put_a_file_in_the_place_of_its_folder()
    with pytest.raises(errors.InvalidOption, match=r"make that folder writable.*leave --resume"):
        session.map("{{text}}", ROWS, resume=True)
    assert asked(emulator) == []


@pytest.mark.parametrize("kind", ["file", "other table", "read-only"])
def test_a_file_that_cannot_be_written_is_one_line_before_anything_is_paid(
    session, emulator, monkeypatch, kind
):
    if kind == "file":
        path().mkdir()
    elif kind == "other table":
        with contextlib.closing(sqlite3.connect(path())) as other:
            other.execute("CREATE TABLE answers (a)")
            other.commit()
    else:
        session.map("first {{text}}", ["x"])
        emulator.requests.clear()
        connect = sqlite3.connect
        # root may write anywhere.
        monkeypatch.setattr(
            sqlite3,
            "connect",
            lambda file, **options: connect(f"file:{file}?mode=ro", uri=True, **options),
        )
    with pytest.raises(
        errors.InvalidOption, match="the file that answers are written to cannot be used"
    ):
        session.map("{{text}}", ROWS)
    assert asked(emulator) == []


def test_a_disk_that_fills_up_is_one_line_and_nothing_is_paid_twice(session, emulator, monkeypatch):
    rows = [f"[[echo]]{i} " + "x" * 3000 for i in range(30)]
    opens, full = ledger.Ledger.__init__, [True]

    def small(book, file):
        opens(book, file)
        if full:  # SQLite's own limit: "database or disk is full"
            book._connection.execute("PRAGMA max_page_count = 12")

    monkeypatch.setattr(ledger.Ledger, "__init__", small)
    with pytest.raises(errors.InvalidOption, match="database or disk is full") as caught:
        session.map("{{text}}", rows, in_flight=3)
    came = sum(row["answer"] is not None for row in caught.value.answer.rows)
    assert 0 < came < 30
    assert "free some space" in caught.value.line("en")
    assert "--resume" in caught.value.line("en")
    full.clear()
    assert session.map("{{text}}", rows, resume=True).asked == 30 - came
    assert sorted(asked(emulator)) == sorted(rows)


def test_two_processes_write_at_the_same_time(emulator):
    emulator.requests.clear()
    code = """
import sys
from ernie_magic import Session
with Session(service="aistudio", api_key="any-key-of-a-ledger", base_url=sys.argv[1], model="ernie-3.5-8k") as session:
    print(session.map("{{text}}", [f"[[echo]]{sys.argv[2]} {i}" for i in range(60)], progress=False).errors)
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, emulator.base_url, name], stdout=subprocess.PIPE, text=True
        )
        for name in "ab"
    ]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["{}\n", "{}\n"]
    assert len(set(asked(emulator))) == len(asked(emulator)) == 120


def test_a_held_store_of_vectors_does_not_hold_a_stop(session, emulator):
    session.embed(["a"])
    place = folders.storage_folder("cache") / "vectors.sqlite3"
    with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for _ in range(9):
            emulator.faults.add(path="/embeddings", delay=0.4)
        stream = session.begin_embed([f"text {i}" for i in range(100)], in_flight=1)
        time.sleep(0.7)
        begin = time.monotonic()
        stream.stop()
        assert time.monotonic() - begin < 0.5
