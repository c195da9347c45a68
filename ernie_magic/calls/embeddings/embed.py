"""Vectors of any number of texts, on the I/O thread: known vectors first, then batches, several in
flight, in the texts' order.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ernie_magic.api import models, parameters
from ernie_magic.api.results import Embeddings
from ernie_magic.api.usage import Usage
from ernie_magic.errors import ErnieError
from ernie_magic.runtime.concurrency import run_concurrently
from ernie_magic.runtime.events import Delta, Progress
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.storage.vector_cache import VectorStore
from ernie_magic.wire import replies
from ernie_magic.wire.failures import not_this_api_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    import numpy as np

    from ernie_magic.api.requests import EmbeddingRequest
    from ernie_magic.wire.prepared_call import PreparedCall
    from ernie_magic.wire.replies import VectorsReply
    from ernie_magic.wire.request import Context

    AskForVectors = Callable[[EmbeddingRequest], Awaitable[VectorsReply]]

_STOP_GRACE = 0.3  # seconds that a stop waits for vectors that are being stored


async def embed_texts(
    call: PreparedCall,
    request: EmbeddingRequest,
    *,
    cache: bool,
    max_concurrency: int,
    submit: Callable[[Context], AskForVectors] | None = None,
) -> Embeddings:
    """Return the vectors of any number of texts (`EmbeddingJob.embed_texts`).

    Parameters
    ----------
    cache
        Whether vectors are stored, and stored ones used.
    max_concurrency
        Calls in flight.
    submit
        Returns what makes a call elsewhere (`workers.RemoteExecutor.submit_embeddings`).
    """
    store: VectorStore | None = None
    if cache:
        store = VectorStore(request, call.endpoint)
    ask: AskForVectors = partial(request_vectors, call)
    if submit:
        ask = submit(call.context)
    batch_size = parameters.MAX_TEXTS
    if entry := models.find_model(request.model):
        batch_size = entry.batch
    job = EmbeddingJob(ask, call, store, max_concurrency)
    async with call.suggesting_models(request.model, "embedding"):
        return await job.embed_texts(request, batch_size, call.count_usage)


async def request_vectors(call: PreparedCall, request: EmbeddingRequest) -> VectorsReply:
    """Make one call for vectors."""
    payload = await call.send_json(call.protocol.embeddings(request))
    return replies.parse_vectors(payload, len(request.texts))


class _VectorLengthChanged(Exception):
    """A vector has another length than those before it."""


class EmbeddingJob:
    """One request for vectors, in as many calls as needed.

    Parameters
    ----------
    ask
        Makes one call.
    call
        Where it goes; its `emit` is called with the progress (`Delta.progress`).
    store
        Known vectors; None to request all.
    max_concurrency
        Calls in flight.
    """

    def __init__(
        self,
        ask: AskForVectors,
        call: PreparedCall,
        store: VectorStore | None,
        max_concurrency: int,
    ) -> None:
        self._ask = ask
        self._call = call
        self._store = store
        self._max_concurrency = max_concurrency
        self._rows: dict[str, list[int]] = {}
        self._vectors: np.ndarray | None = None
        self._usage = Usage()
        self._model = ""
        self._done = self._asked = self._total = 0

    async def embed_texts(
        self,
        request: EmbeddingRequest,
        batch_size: int,
        on_usage: Callable[[str, Usage], None],
    ) -> Embeddings:
        """Return the vectors. Equal texts are sent once; rows of skipped texts are NaN.

        Parameters
        ----------
        batch_size
            Texts in one call.
        on_usage
            Called with the model and the usage of each call.

        Raises
        ------
        ErnieError
            A call failed permanently; `answer` has the vectors received so far, partial. They are
            in the store too.
        """
        for row, text in enumerate(request.texts):
            if row not in request.skipped:
                self._rows.setdefault(text, []).append(row)
                self._total += 1
        known: dict[str, Any] = {}
        if self._store:
            known = await in_thread(self._store.find_vectors, list(self._rows))
        try:
            return await self._embed_missing(request, batch_size, on_usage, known)
        except _VectorLengthChanged:
            if not known:
                raise not_this_api_error(200, "") from None
            # The service's vectors now differ from the stored ones: request the stored ones again.
            self._vectors = None
            self._done = 0
            return await self._embed_missing(request, batch_size, on_usage, {})

    async def _embed_missing(
        self,
        request: EmbeddingRequest,
        batch_size: int,
        on_usage: Callable[[str, Usage], None],
        known: dict[str, Any],
    ) -> Embeddings:
        self._fill_rows(request, known)
        missing = [text for text in self._rows if text not in known]
        self._report_progress()
        writing: list[asyncio.Future[None]] = []

        async def embed_batch(texts: list[str]) -> None:
            part = replace(request, texts=tuple(texts), skipped=frozenset())
            reply = await self._ask(part)
            self._usage += reply.usage
            self._asked += len(texts)
            self._model = reply.model or self._model
            on_usage(self._model or request.sent_model, reply.usage)
            received = dict(zip(texts, reply.vectors, strict=True))
            # Vectors of the emulator are not kept as another service's.
            if self._store and not self._call.is_disguised:
                writing.append(asyncio.ensure_future(in_thread(self._store.save_vectors, received)))
            self._fill_rows(request, received)
            self._report_progress()

        problem: BaseException | None = None
        try:
            await run_concurrently(
                self._max_concurrency,
                (
                    missing[start : start + batch_size]
                    for start in range(0, len(missing), batch_size)
                ),
                embed_batch,
            )
        except (ErnieError, asyncio.CancelledError) as error:
            problem = error
        # Stop does not wait for a store that another process holds: it is written meanwhile.
        timeout = None
        if isinstance(problem, asyncio.CancelledError):
            timeout = _STOP_GRACE
        if writing:
            await asyncio.wait(writing, timeout=timeout)
        embeddings = self._build_result(request, partial=problem is not None)
        if isinstance(problem, ErnieError):
            if self._done:
                problem.answer = embeddings
            raise problem
        return embeddings

    def _fill_rows(self, request: EmbeddingRequest, vectors: dict[str, Any]) -> None:
        import numpy as np

        for text, vector in vectors.items():
            if self._vectors is None:
                self._vectors = np.full((len(request.texts), len(vector)), np.nan, dtype=np.float32)
            if self._vectors.shape[1] != len(vector):
                raise _VectorLengthChanged
            for row in self._rows[text]:  # nearly always one; a list as index is ten times as slow
                self._vectors[row] = vector
            self._done += len(self._rows[text])

    def _report_progress(self) -> None:
        yuan = 0.0
        price = self._call.token_price(self._model)
        if price is not None:
            yuan = price.cost(self._usage.total_tokens, 0)
        tokens = self._usage.total_tokens
        self._call.emit(Delta(progress=Progress(self._done, self._total, tokens=tokens, yuan=yuan)))

    def _build_result(self, request: EmbeddingRequest, *, partial: bool) -> Embeddings:
        import numpy as np

        vectors = self._vectors
        if vectors is None:
            vectors = np.empty((len(request.texts), 0), dtype=np.float32)
        return Embeddings(
            request.texts,
            vectors,
            request,
            self._usage,
            self._model or request.sent_model,
            self._call.service,
            asked=self._asked,
            partial=partial,
        )
