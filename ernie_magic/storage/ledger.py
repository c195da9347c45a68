"""Answers, stored row by row as they arrive, in an SQLite file that survives a crash, a restart or
an interrupt.

A row's address is a hash of everything that determines its answer (service, model, parameters,
prompt) and of how often the same prompt occurred before it. So a table that was sorted or has grown
finds its rows again, and equal rows have answers of their own.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from contextlib import asynccontextmanager, closing
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.errors import InvalidOption
from ernie_magic.storage import sqlite
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from ernie_magic.api.usage import Usage

NAME = "ledger.sqlite3"
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS answers "
    "(address BLOB PRIMARY KEY, text TEXT NOT NULL, usage TEXT NOT NULL) WITHOUT ROWID"
)
# Files of earlier versions have no such column.
_ADD_REASON = "ALTER TABLE answers ADD COLUMN reason TEXT NOT NULL DEFAULT ''"
_INSERT = "INSERT OR REPLACE INTO answers"
_PUT = f"{_INSERT} (address, text, usage, reason) VALUES (?, ?, ?, ?)"
# A file that cannot be written is found before anything is asked and paid for.
_TRIAL = (
    "BEGIN IMMEDIATE",
    f"{_INSERT} (address, text, usage) VALUES (x'', '', '')",
    "ROLLBACK",
)


class StoredAnswer(NamedTuple):
    """What the ledger has of an answer.

    Attributes
    ----------
    text : str
    reason : str
        The reason to finish of an answer that may not be whole, "" for others.
    """

    text: str
    reason: str


def row_addresses(made_by: object, requests: Sequence[str]) -> list[bytes]:
    """Return the address of each row, made from its request and the service that answers it."""
    head = json.dumps(made_by, sort_keys=True, default=str)
    seen: Counter[str] = Counter()
    hashes = []
    for request in requests:
        hashes.append(hashlib.sha256(f"{head}\0{seen[request]}\0{request}".encode()).digest())
        seen[request] += 1
    return hashes


_RELEASE = Text(
    "关掉占用它的程序；在笔记本旁建 .ernie 文件夹可换个位置",
    "close the program that holds it; a new folder .ernie beside the notebook is used instead",
)
_FREE_SPACE = Text(
    "磁盘满了：腾出空间；在笔记本旁建 .ernie 文件夹可换个位置",
    "the disk is full: free some space; a new folder .ernie beside the notebook is used instead",
)
_MOVE = Text(
    "把它移走；在笔记本旁建 .ernie 文件夹可换个位置",
    "move it away; a new folder .ernie beside the notebook is used instead",
)
_MAKE_FOLDER = Text(
    "让这个文件夹可写，或在笔记本旁建 .ernie 文件夹",
    "make that folder writable, or make a folder .ernie beside the notebook",
)
_LEAVE_RESUME_OUT = Text(
    "{advice}；要全部重新付费去问，就不加 --resume",
    "{advice}; to ask and pay for every row again, leave --resume out",
)


class MemoryLedger:
    """The answers of one run, where no file can be made for them."""

    outlives_process = False

    def __init__(self) -> None:
        self._answers: dict[bytes, StoredAnswer] = {}

    def find_answers(self, wanted: Sequence[bytes]) -> dict[bytes, StoredAnswer]:
        """As `Ledger.find_answers`."""
        return {each: self._answers[each] for each in wanted if each in self._answers}

    def save_answer(self, address: bytes, text: str, _usage: Usage, reason: str = "") -> None:
        """Keep one answer until the run ends."""
        self._answers[address] = StoredAnswer(text, reason)

    def close(self) -> None:
        """As `Ledger.close`."""


@asynccontextmanager
async def open_ledger(
    path: Path,
    on_locked: Callable[[int], None],
    *,
    must_be_kept: bool,
) -> AsyncIterator[Ledger | MemoryLedger]:
    """Open the ledger in a file; one in memory where there is no file and none can be made.

    Parameters
    ----------
    on_locked
        As in `sqlite.retry_while_locked`.
    must_be_kept
        Whether earlier answers are asked for: they may be where nothing can be read now.

    Raises
    ------
    InvalidOption
        It cannot be read or written.
    """
    try:
        book: Ledger | MemoryLedger
        try:
            book = await sqlite.retry_while_locked(lambda: Ledger(path), on_locked)
        except sqlite.database_errors():
            if must_be_kept or _is_there(path):
                raise
            book = MemoryLedger()
        with closing(book):
            yield book
    except sqlite.database_errors() as error:
        raise InvalidOption(
            Text(
                "记录答案的文件用不了：{file}（{said}）",
                "the file that answers are written to cannot be used: {file} ({said})",
            ).fill(file=path, said=str(error)[:100]),
            advice=_advise(path, error, must_be_kept=must_be_kept),
        ) from None


def _advise(path: Path, error: Exception, *, must_be_kept: bool) -> Text:
    """Return what to do about a file that cannot be used."""
    if sqlite.is_full(error):
        return _FREE_SPACE
    if sqlite.is_locked(error):
        return _RELEASE
    if _is_there(path):
        return _MOVE
    if must_be_kept:
        return _LEAVE_RESUME_OUT.fill(advice=_MAKE_FOLDER)
    return _MAKE_FOLDER


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)  # not where its folder cannot be looked into


class Ledger:
    """The answers in a file; use `open_ledger`.

    Parameters
    ----------
    path
        The file.
    """

    outlives_process = True

    def __init__(self, path: Path) -> None:
        # Each row is committed by itself.
        self._connection = sqlite.open_connection(
            path, _SCHEMA, *_TRIAL, timeout=0, isolation_level=None
        )
        try:
            self._add_reason_column()
        except sqlite.database_errors():
            self.close()
            raise

    def _add_reason_column(self) -> None:
        """Bring a file of an earlier version up to date."""
        if self._has_reason_column():
            return
        self._connection.execute("BEGIN IMMEDIATE")
        # Another process may have been first.
        if not self._has_reason_column():
            self._connection.execute(_ADD_REASON)
        self._connection.execute("COMMIT")

    def _has_reason_column(self) -> bool:
        columns = self._connection.execute("PRAGMA table_info(answers)")
        return any(name == "reason" for _, name, *_ in columns)

    def find_answers(self, wanted: Sequence[bytes]) -> dict[bytes, StoredAnswer]:
        """Return the answers of the addresses that are stored."""
        found = sqlite.find_by_address(self._connection, "answers", "text, reason", wanted)
        return {address: StoredAnswer(text, reason) for address, text, reason in found}

    def save_answer(self, address: bytes, text: str, usage: Usage, reason: str = "") -> None:
        """Write one answer; when this returns, it outlives the process."""
        self._connection.execute(_PUT, (address, text, json.dumps(asdict(usage)), reason))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
