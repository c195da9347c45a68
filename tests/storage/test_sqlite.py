"""One way to open an SQLite file, and to wait for one that another holds."""

import asyncio
import gc
import sqlite3
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
