"""The one way to open an SQLite file, and to wait for one that another process holds.

Every file is in WAL mode (https://sqlite.org/wal.html), so that readers and a writer do not wait
for each other, and holds one table of what was paid for, by address. A damaged file is left as it
is, and the error is the caller's to report. sqlite3 is imported with the first file.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Connection = sqlite3.Connection

_ADDRESSES_PER_QUERY = 500  # SQLite allows 999 values
_PATIENCE = 300.0  # seconds to wait for another process that holds the file
_LONGEST_PAUSE = 0.2  # seconds between two attempts

ResultT = TypeVar("ResultT")


def open_connection(
    path: Path,
    *statements: str,
    timeout: float,
    isolation_level: Literal["DEFERRED"] | None = "DEFERRED",
) -> Connection:
    """Open a file, which is made with its folder if there is none. When this raises, nothing is
    left open.

    Parameters
    ----------
    statements
        Executed one by one, to make the table and to find out whether the file can be used.
    timeout
        Seconds that SQLite itself waits, blocking the thread, for another process's lock.
    isolation_level
        None commits each statement by itself.

    Raises
    ------
    sqlite3.Error, OSError
        See `database_errors`.
    """
    import sqlite3

    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=timeout, isolation_level=isolation_level)
    try:
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", *statements):
            connection.execute(statement)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def database_errors() -> tuple[type[Exception], ...]:
    """Return what is raised by a file that cannot be opened, read or written."""
    import sqlite3

    return sqlite3.Error, OSError


def find_by_address(
    connection: Connection,
    table: str,
    columns: str,
    addresses: Sequence[bytes],
) -> Iterator[tuple[Any, ...]]:
    """Iterate over the addresses that a table contains, each with its values in these columns."""
    for start in range(0, len(addresses), _ADDRESSES_PER_QUERY):
        some = addresses[start : start + _ADDRESSES_PER_QUERY]
        marks = ",".join("?" * len(some))
        query = f"SELECT address, {columns} FROM {table} WHERE address IN ({marks})"  # noqa: S608  (names of ours, and question marks)
        yield from connection.execute(query, some)


async def retry_while_locked(
    operation: Callable[[], ResultT],
    on_locked: Callable[[int], None],
) -> ResultT:
    """Use a file; while another process holds it, try again.

    SQLite could wait by itself, but it would block this thread, which everybody shares: no Stop
    would be noticed meanwhile.

    Parameters
    ----------
    on_locked
        Called each second with the seconds waited so far.

    Raises
    ------
    sqlite3.Error
    """
    import sqlite3

    began = time.monotonic()
    seconds_reported = 0
    pause = 0.01
    while True:
        try:
            return operation()
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - began
            if "locked" not in str(error) or waited > _PATIENCE:
                raise
        if waited >= seconds_reported + 1:
            seconds_reported = int(waited)
            on_locked(seconds_reported)
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
