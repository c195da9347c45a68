"""Batches that have been sent and not been collected, so that none is sent twice.

A batch's address is a hash of everything that it asks, and of whom; the file is that of the ledger.
"""

from __future__ import annotations

import hashlib
import json
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
_TIMEOUT = 5.0  # seconds to wait for another process


def batch_address(made_by: Sequence[str], lines: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the address of a batch, made from its requests and the service that answers them."""
    text = json.dumps([made_by, lines], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    opened = sqlite.open_connection(path, _SCHEMA, _FILES, timeout=_TIMEOUT)
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
    """Forget a batch that was collected, has failed, or was refused."""
    with _opened(path) as connection:
        connection.execute("DELETE FROM batches WHERE address = ?", (address,))
        connection.execute("DELETE FROM batch_files WHERE address = ?", (address,))
