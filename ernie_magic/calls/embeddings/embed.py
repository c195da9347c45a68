"""Vectors of any number of texts, on the I/O thread: known vectors first, then batches, several in
flight, in the texts' order.
"""

from __future__ import annotations

import asyncio
import math
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ernie_magic.api import models, parameters
from ernie_magic.api.results import Embeddings
from ernie_magic.api.usage import Usage
from ernie_magic.errors import (
    ErnieError,
    InputTooLong,
    ProtocolError,
    ServiceError,
    UnsafeRequest,
)
from ernie_magic.runtime.concurrency import run_concurrently
from ernie_magic.runtime.events import Delta, Progress
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.storage.vector_cache import VectorStore
from ernie_magic.text.language import Text, clip_text
from ernie_magic.wire import replies
from ernie_magic.wire.failures import clip_said
from ernie_magic.wire.throttling.batch_limits import find_batch_limit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from typing import Any

    import numpy as np

    from ernie_magic.api.requests import EmbeddingRequest
    from ernie_magic.wire.prepared_call import PreparedCall
    from ernie_magic.wire.replies import VectorsReply
    from ernie_magic.wire.request import Context

    AskForVectors = Callable[[EmbeddingRequest], Awaitable[VectorsReply]]

_SHOWN = 60  # characters of a text in an error
_MOST_REFUSED = 20  # texts, after which no more are asked
# What may be wrong with one text of many.
_ABOUT_A_TEXT = (InputTooLong, UnsafeRequest)
_SHORTEST = 8  # characters of a text that is still shortened
_NUMBER = re.compile(r"\b[0-9]{2,9}\b")
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
    batch_size = min(batch_size, call.quirks.texts_per_call.get(request.sent_model, batch_size))
    job = EmbeddingJob(ask, call, store, max_concurrency)
    async with call.suggesting_models(request.model, "embedding"):
        return await job.embed_texts(request, batch_size, call.count_usage)


async def request_vectors(call: PreparedCall, request: EmbeddingRequest) -> VectorsReply:
    """Make one call for vectors."""
    payload = await call.send_json(call.protocol.embeddings(request))
    return replies.parse_vectors(payload, len(request.texts))


class _VectorLengthChanged(Exception):
    """Vectors have another length than the stored ones."""


def _unusable_error(texts: list[str]) -> ProtocolError:
    """Return the error for texts without a vector that can be used."""
    return ProtocolError(
        Text(
            "有 {n} 段文本没有可用的向量，如：{text}",
            "no usable vector came for some texts ({n}), such as {text}",
        ).fill(n=len(texts), text=repr(clip_text(texts[0], _SHOWN))),
        Text(
            "服务给的是空值、NaN、全零、别的长度，或不是数字",
            "the service sent null, NaN, only zeros, another length, or no numbers",
        ),
        Text(
            "其余的已经存下；再算一次只会问缺的，或去掉这段文本",
            "the others are kept: run it again for the missing ones, or leave this text out",
        ),
    )


def _name_texts(error: ServiceError, texts: list[str]) -> None:
    """Name the texts that a service refused, in its refusal of the first of them."""
    error.what = Text(
        "有 {n} 段文本对这个模型太长，如：{text}（{size} 个字符）",
        "some texts ({n}) are too long for the model, such as {text} ({size} characters)",
    )
    error.advice = Text(
        "其余的已经存下；拆开或缩短它再算一次，只会问缺的；或 --invalid truncate 截断，"
        "--invalid skip 跳过",
        "the others are kept: split or shorten it and run it again for the missing ones; or cut "
        "it with --invalid truncate, leave it out with --invalid skip",
    )
    if isinstance(error, UnsafeRequest):
        error.what = Text(
            "有 {n} 段文本未通过内容审核，如：{text}",
            "some texts ({n}) did not pass content review, such as {text}",
        )
        error.advice = Text(
            "其余的已经存下；去掉或改写它再算一次，只会问缺的",
            "the others are kept: leave it out or rephrase it and run it again for the missing "
            "ones",
        )
    shown = repr(clip_text(texts[0], _SHOWN))
    error.what = error.what.fill(n=len(texts), text=shown, size=len(texts[0]))
    if error.message:
        said = clip_said(error.message)
        error.cause = Text("服务说：{said}", "the service said: {said}").fill(said=said)


def _share_that_fits(said: str) -> float:
    """Return how much of a text a service takes that says how long it is and how long it may be
    ("maximum context length is 512 tokens, however you requested 2048"): half where it does not.
    """
    numbers = {int(number) for number in _NUMBER.findall(said)}
    if len(numbers) != 2:  # noqa: PLR2004
        return 0.5
    return max(0.01, 0.95 * min(numbers) / max(numbers))


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
        self._batch_size = parameters.MAX_TEXTS
        self._row_count = 0
        self._texts: list[str] = []
        self._writing: list[asyncio.Future[None]] = []
        self._refused: dict[str, ServiceError] = {}
        self._skipped: dict[str, ServiceError] = {}
        self._shortened: set[str] = set()

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
            Texts in one call; fewer where the service refuses so many, which is remembered.
        on_usage
            Called with the model and the usage of each call.

        Raises
        ------
        ErnieError
            A call failed permanently, or the vector of a text cannot be used; `answer` has the
            vectors received so far, partial. They are in the store too.
        """
        self._batch_size = batch_size
        self._row_count = len(request.texts)
        self._texts = list(request.texts)
        for row, text in enumerate(request.texts):
            if row not in request.skipped:
                self._rows.setdefault(text, []).append(row)
                self._total += 1
        known: dict[str, Any] = {}
        if self._store:
            known = await in_thread(self._store.find_vectors, list(self._rows))
        try:
            return await self._embed_missing(request, on_usage, known)
        except _VectorLengthChanged:
            # The service's vectors now differ from the stored ones: request the stored ones again.
            self._vectors = None
            self._done = 0
            return await self._embed_missing(request, on_usage, {})

    async def _embed_missing(
        self,
        request: EmbeddingRequest,
        on_usage: Callable[[str, Usage], None],
        known: dict[str, Any],
    ) -> Embeddings:
        self._refused = {}
        self._skipped = {}
        self._fill_rows(known)
        missing = [text for text in self._rows if text not in known]
        self._report_progress()

        async def embed_batch(texts: list[str]) -> None:
            await self._embed_batch(texts, request, on_usage, is_any_known=bool(known))

        problem: BaseException | None = None
        try:
            await run_concurrently(self._max_concurrency, self._split(missing), embed_batch)
        except (ErnieError, asyncio.CancelledError) as error:
            problem = error
        if self._refused and (problem is None or problem in self._refused.values()):
            problem = self._name_refused()
        # Stop does not wait for a store that another process holds: it is written meanwhile.
        timeout = None
        if isinstance(problem, asyncio.CancelledError):
            timeout = _STOP_GRACE
        if self._writing:
            await asyncio.wait(self._writing, timeout=timeout)
        embeddings = self._build_result(request, partial=problem is not None)
        if isinstance(problem, ErnieError):
            if self._done:
                problem.answer = embeddings
            raise problem
        return embeddings

    def _split(self, texts: list[str]) -> Iterator[list[str]]:
        """Iterate over the texts in batches, whose size may fall meanwhile."""
        start = 0
        while start < len(texts):
            batch = texts[start : start + self._batch_size]
            start += len(batch)
            yield batch

    async def _embed_batch(
        self,
        texts: list[str],
        request: EmbeddingRequest,
        on_usage: Callable[[str, Usage], None],
        *,
        is_any_known: bool,
    ) -> None:
        """Request the vectors of some texts, in one call if the service takes as many."""
        try:
            reply = await self._ask(replace(request, texts=tuple(texts), skipped=frozenset()))
        except ServiceError as error:
            limit = find_batch_limit(error, len(texts))
            if limit is None and isinstance(error, _ABOUT_A_TEXT):
                for part in await self._divide(texts, request, error):
                    await self._embed_batch(part, request, on_usage, is_any_known=is_any_known)
                return
            if limit is None:
                raise
            self._batch_size = min(self._batch_size, limit)
            for batch in self._split(texts):
                await self._embed_batch(batch, request, on_usage, is_any_known=is_any_known)
            self._call.quirks.texts_per_call[request.sent_model] = self._batch_size
            return
        self._usage += reply.usage
        self._asked += len(texts)
        self._model = reply.model or self._model
        on_usage(self._model or request.sent_model, reply.usage)
        received = {
            text: reply.vectors[position]
            for position, text in enumerate(texts)
            if position not in reply.unusable
        }
        usable = self._of_right_length(received)
        if not usable and is_any_known:
            raise _VectorLengthChanged
        # Vectors of the emulator are not kept as another service's.
        if self._store and not self._call.is_disguised:
            saving = in_thread(self._store.save_vectors, usable)
            self._writing.append(asyncio.ensure_future(saving))
        self._fill_rows(usable)
        self._report_progress()
        if odd := [text for text in texts if text not in usable]:
            raise _unusable_error(odd)

    async def _divide(
        self, texts: list[str], request: EmbeddingRequest, error: ServiceError
    ) -> list[list[str]]:
        """Return the halves of a batch of which a text is refused. One by itself is shortened or
        left out where that was asked for, or else noted, and the others are asked all the same.
        """
        middle = len(texts) // 2
        if middle:
            return [texts[:middle], texts[middle:]]
        (text,) = texts
        is_too_long = isinstance(error, InputTooLong)
        if is_too_long and request.invalid == "truncate" and len(text) > _SHORTEST:
            return await self._shorten(text, error)
        if is_too_long and request.invalid == "skip":
            self._skipped[text] = error
            # A service that refuses every text does not mean their lengths.
            if self._done or len(self._skipped) < _MOST_REFUSED:
                return []
            self._refused |= self._skipped
        self._refused[text] = error
        if len(self._refused) >= _MOST_REFUSED:
            raise error
        return []

    async def _shorten(self, text: str, error: ServiceError) -> list[list[str]]:
        """Return the beginning of a text that is too long, to be asked in its place; nothing where
        its vector is known.
        """
        share = 0.5
        if text not in self._shortened:
            share = _share_that_fits(error.message)
        short = text[: int(len(text) * share)]
        self._shortened.add(short)
        rows = self._rows.pop(text)
        for row in rows:
            self._texts[row] = short
        if same := self._rows.get(short):
            if self._vectors is not None and not math.isnan(self._vectors[same[0], 0]):
                self._vectors[rows] = self._vectors[same[0]]
                self._done += len(rows)
            same += rows
            return []
        self._rows[short] = rows
        if self._store and (known := await in_thread(self._store.find_vectors, [short])):
            self._fill_rows(known)
            return []
        return [[short]]

    def _name_refused(self) -> ServiceError:
        """Return the error for the first text that was refused, which names all like it."""
        first = next(iter(self._refused.values()))
        _name_texts(
            first, [text for text, error in self._refused.items() if type(error) is type(first)]
        )
        return first

    def _of_right_length(self, vectors: dict[str, Any]) -> dict[str, Any]:
        """Return the vectors that are as long as those before them."""
        if self._vectors is None:
            return vectors
        length = self._vectors.shape[1]
        return {text: vector for text, vector in vectors.items() if len(vector) == length}

    def _fill_rows(self, vectors: dict[str, Any]) -> None:
        import numpy as np

        for text, vector in vectors.items():
            if self._vectors is None:
                shape = (self._row_count, len(vector))
                self._vectors = np.full(shape, np.nan, dtype=np.float32)
            if self._vectors.shape[1] != len(vector):
                raise _VectorLengthChanged  # two stored ones differ
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
            tuple(self._texts),
            vectors,
            request,
            self._usage,
            self._model or request.sent_model,
            self._call.service,
            asked=self._asked,
            partial=partial,
        )
