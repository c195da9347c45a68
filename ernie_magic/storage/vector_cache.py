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

from ernie_magic.storage import folders, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from ernie_magic.api.requests import EmbeddingRequest
    from ernie_magic.config.credentials import Endpoint

NAME = "vectors.sqlite3"
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
        self,
        request: EmbeddingRequest,
        endpoint: Endpoint,
        path: Path | None = None,
    ) -> None:
        self._path = path or folders.storage_folder("cache") / NAME
        where = endpoint.base_url
        if endpoint.service.is_simulated:
            where = ""  # it listens on a different port each time
        self._made_by = json.dumps(
            [
                endpoint.service.name,
                where,
                request.sent_model,
                dict(request.parameters),
                dict(request.extra),
            ],
            sort_keys=True,
            default=str,
        )
        self._lock = threading.Lock()

    def _vector_address(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._made_by}\0{text}".encode()).digest()

    def _open_connection(self) -> closing[sqlite.Connection]:
        return closing(sqlite.open_connection(self._path, _SCHEMA, timeout=_WAIT))

    def find_vectors(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the vectors of those texts that are stored."""
        import numpy as np

        texts_by_address = {self._vector_address(text): text for text in texts}
        stored: dict[bytes, object] = {}
        with suppress(*sqlite.database_errors()), self._lock, self._open_connection() as connection:
            stored.update(
                sqlite.find_by_address(connection, "vectors", "vector", list(texts_by_address))
            )
        vectors = {
            texts_by_address[address]: np.frombuffer(vector, dtype="<f4")
            for address, vector in stored.items()
            if isinstance(vector, bytes) and vector and len(vector) % 4 == 0
        }
        return {
            text: vector
            for text, vector in vectors.items()
            if np.isfinite(vector).all() and vector.any()
        }

    def save_vectors(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Store these vectors, by text."""
        rows = [
            (self._vector_address(text), vector.astype("<f4").tobytes())
            for text, vector in vectors.items()
        ]
        with (
            suppress(*sqlite.database_errors()),
            self._lock,
            self._open_connection() as connection,
            connection,
        ):
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
