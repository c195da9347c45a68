"""Batches that have been sent and not been collected, so that none is sent twice.

A batch's address is a hash of everything that it asks, and of whom; the file is that of the ledger.
Sessions that ask the same at the same moment, in one process or in several, send one batch: only
the holder of its claim may send it, and the others find it.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from ernie_magic.storage import sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from ernie_magic.storage.sqlite import Connection

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS batches (address BLOB PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID"
)
# What a batch is found by whose id has not arrived.
_FILES = (
    "CREATE TABLE IF NOT EXISTS batch_files "
    "(address BLOB PRIMARY KEY, file TEXT NOT NULL) WITHOUT ROWID"
)
# Who may send a batch; the time is that of the last sign of life.
_CLAIMS = (
    "CREATE TABLE IF NOT EXISTS batch_claims "
    "(address BLOB PRIMARY KEY, owner TEXT NOT NULL, renewed REAL NOT NULL) WITHOUT ROWID"
)
# What was collected while others may still have been about to look for it.
_FINISHED = (
    "CREATE TABLE IF NOT EXISTS batches_finished "
    "(address BLOB PRIMARY KEY, id TEXT NOT NULL, finished REAL NOT NULL) WITHOUT ROWID"
)
_TIMEOUT = 5.0  # seconds to wait for another process
CLAIM_SECONDS = 15.0  # without a sign of life, after which a claim is another's to take
_KEEP_FINISHED = 24 * 3600.0  # seconds


def batch_address(made_by: Sequence[str], lines: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the address of a batch, made from its requests and the service that answers them."""
    text = json.dumps([made_by, lines], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    opened = sqlite.open_connection(path, _SCHEMA, _FILES, _CLAIMS, _FINISHED, timeout=_TIMEOUT)
    with closing(opened) as connection, connection:
        yield connection


def find_batch(path: Path, address: bytes) -> str:
    """Return the id of the batch that was sent and not collected, "" for none."""
    with _opened(path) as connection:
        row = connection.execute("SELECT id FROM batches WHERE address = ?", (address,)).fetchone()
    if row is None:
        return ""
    return str(row[0])


def remember_batch(path: Path, address: bytes, batch_id: str) -> None:
    """Keep the id of a batch that was sent."""
    with _opened(path) as connection:
        connection.execute("INSERT OR REPLACE INTO batches VALUES (?, ?)", (address, batch_id))


def find_file(path: Path, address: bytes) -> str:
    """Return the id of the file of a batch that may have been created, "" for none."""
    with _opened(path) as connection:
        row = connection.execute(
            "SELECT file FROM batch_files WHERE address = ?", (address,)
        ).fetchone()
    if row is None:
        return ""
    return str(row[0])


def remember_file(path: Path, address: bytes, file_id: str) -> None:
    """Keep the id of the file of a batch before the batch is created: its reply may be lost."""
    with _opened(path) as connection:
        connection.execute("INSERT OR REPLACE INTO batch_files VALUES (?, ?)", (address, file_id))


def forget_batch(path: Path, address: bytes) -> None:
    """Forget a batch that was refused, or whose results are gone."""
    with _opened(path) as connection:
        _delete_batch(connection, address)


def finish_batch(path: Path, address: bytes, batch_id: str) -> None:
    """Forget a batch that was collected or has failed; who was about to ask the same still finds it
    (`find_finished`).
    """
    now = time.time()
    with _opened(path) as connection:
        _delete_batch(connection, address)
        connection.execute(
            "DELETE FROM batches_finished WHERE finished < ?", (now - _KEEP_FINISHED,)
        )
        connection.execute(
            "INSERT OR REPLACE INTO batches_finished VALUES (?, ?, ?)", (address, batch_id, now)
        )


def find_finished(path: Path, address: bytes, since: float) -> str:
    """Return the id of the batch that another session has collected since a time (seconds since
    1970), "" for none.
    """
    with _opened(path) as connection:
        row = connection.execute(
            "SELECT id FROM batches_finished WHERE address = ? AND finished > ?", (address, since)
        ).fetchone()
    if row is None:
        return ""
    return str(row[0])


def claim_batch(path: Path, address: bytes, owner: str) -> bool:
    """Take the claim to a batch; whether the owner has it now.

    A claim that was not renewed for `CLAIM_SECONDS`, as a process that was killed leaves it, is
    taken over. Times are compared in both directions, since clocks are set back too.
    """
    now = time.time()
    with _opened(path) as connection:
        # Nobody else writes between the look and the entry.
        connection.execute("BEGIN IMMEDIATE")
        held = connection.execute(
            "SELECT owner, renewed FROM batch_claims WHERE address = ?", (address,)
        ).fetchone()
        if held is not None:
            holder, renewed = held
            if holder != owner and abs(now - renewed) < CLAIM_SECONDS:
                return False
        connection.execute(
            "INSERT OR REPLACE INTO batch_claims VALUES (?, ?, ?)", (address, owner, now)
        )
    return True


def renew_claim(path: Path, address: bytes, owner: str) -> bool:
    """Give a sign of life; whether the owner still has the claim."""
    with _opened(path) as connection:
        updated = connection.execute(
            "UPDATE batch_claims SET renewed = ? WHERE address = ? AND owner = ?",
            (time.time(), address, owner),
        )
        return updated.rowcount == 1


def release_claim(path: Path, address: bytes, owner: str) -> None:
    """Give a claim back, unless another has taken it over."""
    with _opened(path) as connection:
        connection.execute(
            "DELETE FROM batch_claims WHERE address = ? AND owner = ?", (address, owner)
        )


def _delete_batch(connection: Connection, address: bytes) -> None:
    connection.execute("DELETE FROM batches WHERE address = ?", (address,))
    connection.execute("DELETE FROM batch_files WHERE address = ?", (address,))
