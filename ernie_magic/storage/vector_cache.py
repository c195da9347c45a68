"""Vectors that were paid for once, in an SQLite file in the user's cache folder, found again by
what made them.

A vector's address is a hash of service, address, model, parameters and text, so that nothing else
is ever found for it, and the emulator's vectors are never found for a real service. A store that
cannot be read or written is skipped: it only saves money.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from ernie_magic.storage import files

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from ernie_magic.api.requests import EmbeddingRequest
    from ernie_magic.config.credentials import Endpoint

NAME = "vectors.sqlite3"
_ADDRESSES_PER_QUERY = 500  # addresses in one query: SQLite allows 999 values
_WAIT = 5.0  # seconds to wait for another process that is writing
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS vectors "
    "(address BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
)


class VectorStore:
    """The vectors of one model on one service.

    Parameters
    ----------
    request, endpoint
        Its model, parameters and service are part of each address.
    path
        The file; the default one when None.
    """

    def __init__(
        self, request: EmbeddingRequest, endpoint: Endpoint, path: Path | None = None
    ) -> None:
        self._path = path or files.storage_folder("cache") / NAME
        # The emulator listens on a different port each time.
        where = "" if endpoint.service.name == "emulator" else endpoint.base_url
        self._made_by = json.dumps(
            [
                endpoint.service.name,
                where,
                request.endpoint or request.model,
                dict(request.parameters),
                dict(request.extra),
            ],
            sort_keys=True,
            default=str,
        )
        self._lock = threading.Lock()

    def _vector_address(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._made_by}\0{text}".encode()).digest()

    def _open_connection(self) -> closing[sqlite3.Connection]:
        import sqlite3

        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_WAIT)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return closing(connection)

    def find_vectors(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the vectors of those texts that are stored."""
        import sqlite3

        import numpy as np

        by_address = {self._vector_address(text): text for text in texts}
        addresses = list(by_address)
        vectors: dict[str, np.ndarray] = {}
        with suppress(sqlite3.Error, OSError), self._lock, self._open_connection() as connection:
            for start in range(0, len(addresses), _ADDRESSES_PER_QUERY):
                some = addresses[start : start + _ADDRESSES_PER_QUERY]
                marks = ",".join("?" * len(some))
                rows = connection.execute(
                    f"SELECT address, vector FROM vectors WHERE address IN ({marks})",  # noqa: S608  (only question marks)
                    some,
                )
                vectors |= {
                    by_address[address]: np.frombuffer(vector, dtype="<f4")
                    for address, vector in rows
                    if isinstance(vector, bytes) and vector and len(vector) % 4 == 0
                }
        return {text: vector for text, vector in vectors.items() if np.isfinite(vector).all()}

    def save_vectors(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Store these vectors, by text."""
        import sqlite3

        rows = [
            (self._vector_address(text), vector.astype("<f4").tobytes())
            for text, vector in vectors.items()
        ]
        with (
            suppress(sqlite3.Error, OSError),
            self._lock,
            self._open_connection() as connection,
            connection,
        ):
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
