"""The one way to open an SQLite file, and to wait for one that another process holds.

Every file is in WAL mode (https://sqlite.org/wal.html), so that readers and a writer do not wait
for each other, and holds one table of what was paid for, by address. A damaged file is left as it
is, and the error is the caller's to report. sqlite3 is imported with the first file.

Some network folders take no file locks. Files there are locked by a folder beside them, which
SQLite makes (`unix-dotfile` on https://sqlite.org/vfs.html); one that a killed process left behind
is removed.
"""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Connection = sqlite3.Connection

_ADDRESSES_PER_QUERY = 500  # SQLite allows 999 values
_PATIENCE = 300.0  # seconds to wait for another process that holds the file
_LONGEST_PAUSE = 0.2  # seconds between two attempts
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
_LONGEST_LOCK = 60.0  # seconds: a lock is held while a row is written

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
    # Who uses the file asks at once whether locks work here: SQLite would wait, and not say.
    statements = (f"PRAGMA busy_timeout={int(timeout * 1000)}", *statements)
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=isolation_level)
        return _execute_all(connection, *_IN_WAL_MODE, *statements)
    except sqlite3.OperationalError:
        if _takes_locks(path):
            connection = sqlite3.connect(path, timeout=timeout, isolation_level=isolation_level)
            return _execute_all(connection, *_IN_WAL_MODE, *statements)
    uri = f"{path.absolute().as_uri()}?vfs=unix-dotfile"
    connection = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=isolation_level)
    return _execute_all(connection, *_WITHOUT_WAL_MODE, *statements)


_IN_WAL_MODE = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL")
# That mode needs memory which processes share; only who has a file for itself can bring one that is
# in it out of it.
_WITHOUT_WAL_MODE = (
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA journal_mode=DELETE",
    "PRAGMA locking_mode=NORMAL",
)


def _execute_all(connection: Connection, *statements: str) -> Connection:
    """Return the connection after these statements; it is closed if one fails."""
    import sqlite3

    try:
        for statement in statements:
            connection.execute(statement)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _takes_locks(path: Path) -> bool:
    """Whether files in a file's folder can be locked. If not, a lock beside the file that has been
    forgotten is removed.
    """
    try:
        import fcntl
    except ImportError:  # Windows, which always has locks
        return True
    # Not the file itself: to close it would end this process's own locks on it.
    with suppress(OSError), tempfile.TemporaryFile(dir=path.parent) as probe:
        try:
            fcntl.lockf(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            probe.write(b"now")
            probe.flush()
            # The folder's clock may be another machine's.
            _remove_forgotten_lock(path, os.fstat(probe.fileno()).st_mtime)
            return False
    return True  # also where nothing can be written, which is told by who opens the file


def _remove_forgotten_lock(path: Path, now: float) -> None:
    """Remove the lock of a process that was killed."""
    lock = path.with_name(f"{path.name}.lock")
    with suppress(OSError):  # there is none, or another process was first
        if now - lock.stat().st_mtime > _LONGEST_LOCK:
            lock.rmdir()


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
            if not is_locked(error) or waited > _PATIENCE:
                raise
        if waited >= seconds_reported + 1:
            seconds_reported = int(waited)
            on_locked(seconds_reported)
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def is_full(error: Exception) -> bool:
    """Whether a file could not be written since its disk is full (SQLITE_FULL,
    https://www.sqlite.org/rescode.html; SQLITE_IOERR_WRITE where the disk tells it later).
    """
    return "disk is full" in str(error)


def is_locked(error: Exception) -> bool:
    """Whether another process holds a file (SQLITE_BUSY, SQLITE_LOCKED)."""
    return "locked" in str(error)
