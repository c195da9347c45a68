"""One way to open an SQLite file, and to wait for one that another holds."""

import asyncio
import errno
import gc
import os
import sqlite3
import time
from contextlib import closing

import pytest

from ernie_magic.storage import sqlite

TABLE = "CREATE TABLE IF NOT EXISTS kept (address BLOB PRIMARY KEY, text TEXT)"


def test_a_file_is_made_with_its_folder_and_readers_do_not_wait(tmp_path):
    path = tmp_path / "new" / "file.sqlite3"
    with (
        closing(sqlite.open_connection(path, TABLE, timeout=0)) as writer,
        closing(sqlite.open_connection(path, timeout=0)) as reader,
    ):
        writer.execute("INSERT INTO kept VALUES (x'01', 'one')")
        assert reader.execute("SELECT * FROM kept").fetchall() == []
        writer.commit()
        assert dict(sqlite.find_by_address(reader, "kept", "text", [b"\1", b"\2"])) == {
            b"\1": "one"
        }


def test_any_number_of_addresses_is_looked_up(tmp_path):
    addresses = [i.to_bytes(4, "big") for i in range(2_345)]
    with closing(sqlite.open_connection(tmp_path / "file", TABLE, timeout=0)) as connection:
        connection.executemany("INSERT INTO kept VALUES (?, 'x')", [(one,) for one in addresses])
        found = sqlite.find_by_address(connection, "kept", "text", addresses)
        assert sorted(address for address, _ in found) == addresses


def test_a_file_that_is_no_database_is_left_as_it_is_and_nothing_stays_open(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(sqlite.database_errors()):
        sqlite.open_connection(path, TABLE, timeout=0)
    gc.collect()  # from Python 3.13 a connection that is left open warns
    assert path.read_bytes() == b"no database at all" * 100


def test_a_locked_file_is_waited_for_and_any_other_error_is_raised_at_once():
    tries = []

    def locked_twice():
        tries.append("try")
        if len(tries) < 3:
            raise sqlite3.OperationalError("database is locked")
        return "done"

    def full():
        tries.append("full")
        raise sqlite3.OperationalError("database or disk is full")

    assert asyncio.run(sqlite.retry_while_locked(locked_twice, tries.append)) == "done"
    with pytest.raises(sqlite3.OperationalError, match="full"):
        asyncio.run(sqlite.retry_while_locked(full, tries.append))
    assert tries == ["try", "try", "try", "full"]


@pytest.fixture
def lockless(monkeypatch):
    """Files cannot be locked, as on NFS without its lock daemon; SQLite says that they are."""
    fcntl = pytest.importorskip("fcntl")
    connect = sqlite3.connect

    def connect_without_locks(database, **options):
        if "vfs=unix-dotfile" not in str(database):
            raise sqlite3.OperationalError("database is locked")
        return connect(database, **options)

    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(sqlite3, "connect", connect_without_locks)
    monkeypatch.setattr(fcntl, "lockf", refuse)


def test_where_files_cannot_be_locked_each_waits_for_the_other_all_the_same(lockless, tmp_path):
    path = tmp_path / "file"
    began = time.monotonic()
    with (
        closing(sqlite.open_connection(path, TABLE, timeout=5)) as writer,
        closing(sqlite.open_connection(path, TABLE, timeout=0)) as other,
    ):
        assert time.monotonic() - began < 1
        writer.execute("INSERT INTO kept VALUES (x'01', 'one')")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO kept VALUES (x'02', 'two')")
        writer.commit()
        other.execute("INSERT INTO kept VALUES (x'02', 'two')")
        other.commit()
        assert len(writer.execute("SELECT * FROM kept").fetchall()) == 2


def test_a_file_from_when_they_could_be_is_read_there(tmp_path, request):
    path = tmp_path / "file"
    with closing(sqlite.open_connection(path, TABLE, timeout=0)) as writer:
        writer.execute("INSERT INTO kept VALUES (x'01', 'one')")
        writer.commit()
    request.getfixturevalue("lockless")
    with closing(sqlite.open_connection(path, TABLE, timeout=0)) as reader:
        assert reader.execute("SELECT text FROM kept").fetchall() == [("one",)]


def test_the_lock_of_a_process_that_was_killed_is_removed_there(lockless, tmp_path):
    path, lock = tmp_path / "file", tmp_path / "file.lock"
    lock.mkdir()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite.open_connection(path, TABLE, timeout=0)
    long_ago = time.time() - 100
    os.utime(lock, (long_ago, long_ago))
    sqlite.open_connection(path, TABLE, timeout=0).close()
    assert not lock.exists()


def test_a_file_that_another_holds_is_not_opened_otherwise(tmp_path):
    path = tmp_path / "file"
    with closing(sqlite.open_connection(path, TABLE, timeout=0)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            sqlite.open_connection(path, "BEGIN IMMEDIATE", timeout=0)
        assert [each.name for each in tmp_path.glob("*.lock")] == []
