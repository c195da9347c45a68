"""Answers, stored row by row as they arrive, in an SQLite file that survives a crash, a restart or
an interrupt.

A row's address is a hash of everything that determines its answer (service, model, parameters,
prompt) and of how often the same prompt occurred before it. So a table that was sorted or has grown
finds its rows again, and equal rows have answers of their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from ernie_magic.api.usage import Usage

NAME = "ledger.sqlite3"
_ADDRESSES_PER_QUERY = 500  # addresses in one query: SQLite allows 999 values
_PATIENCE = 300.0  # seconds to wait for another process that holds the file
_LONGEST_PAUSE = 0.2  # seconds between two tries
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS answers "
    "(address BLOB PRIMARY KEY, text TEXT NOT NULL, usage TEXT NOT NULL) WITHOUT ROWID"
)
_PUT = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)"

Result = TypeVar("Result")


def row_addresses(made_by: object, requests: Sequence[str]) -> list[bytes]:
    """Return the address of each row, made from its request and the service that answers it."""
    head = json.dumps(made_by, sort_keys=True, default=str)
    seen: Counter[str] = Counter()
    hashes = []
    for request in requests:
        hashes.append(hashlib.sha256(f"{head}\0{seen[request]}\0{request}".encode()).digest())
        seen[request] += 1
    return hashes


async def retry_while_locked(
    operation: Callable[[], Result], on_locked: Callable[[int], None]
) -> Result:
    """Use the file; while another process holds it, try again.

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

    began, seconds_reported, pause = time.monotonic(), 0, 0.01
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


@asynccontextmanager
async def open_ledger(path: Path, on_locked: Callable[[int], None]) -> AsyncIterator[Ledger]:
    """Open the ledger in a file; `on_locked` as in `retry_while_locked`.

    Raises
    ------
    InvalidOption
        It cannot be read or written.
    """
    import sqlite3

    book: Ledger | None = None
    try:
        book = await retry_while_locked(lambda: Ledger(path), on_locked)
        yield book
    except (sqlite3.Error, OSError) as error:
        raise InvalidOption(
            Text(
                "记录答案的文件用不了：{file}（{said}）",
                "the file that answers are written to cannot be used: {file} ({said})",
            ).fill(file=path, said=str(error)[:100]),
            advice=Text(
                "关掉占用它的程序，或把它移走；在笔记本旁建 .ernie 文件夹可换个位置",
                "close the program that holds it, or move it away; a folder .ernie "
                "beside the notebook is used instead",
            ),
        ) from None
    finally:
        if book is not None:
            book.close()


class Ledger:
    """The answers in a file; use `open_ledger`.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        import sqlite3

        path.parent.mkdir(parents=True, exist_ok=True)
        # Each row is committed by itself.
        self._connection: sqlite3.Connection = sqlite3.connect(
            path, timeout=0, isolation_level=None
        )
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_SCHEMA)
            # A file that cannot be written is found before anything is asked and paid for.
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_PUT, (b"", "", ""))
            self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._connection.close()
            raise

    def find_answers(self, wanted: Sequence[bytes]) -> dict[bytes, str]:
        """Return the answers of the addresses that are stored."""
        answers: dict[bytes, str] = {}
        for start in range(0, len(wanted), _ADDRESSES_PER_QUERY):
            some = list(wanted[start : start + _ADDRESSES_PER_QUERY])
            marks = ",".join("?" * len(some))
            rows = self._connection.execute(
                f"SELECT address, text FROM answers WHERE address IN ({marks})",  # noqa: S608  (only question marks)
                some,
            )
            answers |= dict(rows)
        return answers

    def save_answer(self, address: bytes, text: str, usage: Usage) -> None:
        """Write one answer; when this returns, it outlives the process."""
        self._connection.execute(_PUT, (address, text, json.dumps(asdict(usage))))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
