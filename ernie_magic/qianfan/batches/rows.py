"""Rows of a table that are asked about as one batch."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ernie_magic.api.http_status import BAD_REQUEST, FORBIDDEN, GONE, NOT_FOUND
from ernie_magic.api.usage import Usage
from ernie_magic.calls.tables.rows import Outcome, RowSender, outcome_of_answer
from ernie_magic.errors import ErnieError, InvalidOption, OutcomeUnknown, ServiceError
from ernie_magic.qianfan.batches.group import (
    MAX_REQUESTS,
    BatchCalls,
    batch_form,
    batch_url,
    failed_batch_error,
    make_lines,
)
from ernie_magic.qianfan.files import ServicePaths
from ernie_magic.runtime.events import Delta
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.storage import open_batches
from ernie_magic.text.language import Text
from ernie_magic.wire.prepared_call import Clock, Reply
from ernie_magic.wire.reading import check_whole_reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from ernie_magic.api.requests import ChatRequest
    from ernie_magic.config.settings import ErnieSettings
    from ernie_magic.qianfan.batches.group import Batch
    from ernie_magic.qianfan.batches.results import BatchResult
    from ernie_magic.wire.prepared_call import PreparedCall

ResultT = TypeVar("ResultT")

# A batch that is asked for by its id alone, and is not there: or another account's.
_NO_BATCH = (BAD_REQUEST, FORBIDDEN, NOT_FOUND, GONE)
_CONTINUED = Text(
    "接着等已经提交的批量任务 {batch}，没有再提交",
    "the batch {batch} was sent before: it is waited for, and not sent again",
)
_BEING_SENT = Text(
    "另一个会话正在提交同样的批量任务，等它提交好",
    "another session is sending the same batch: it is waited for",
)
# How often a batch that is surely there is looked at again, and its results, where a service says
# that it has none: what was written is not at once to be read everywhere
# (https://github.com/anthropics/anthropic-sdk-python/issues/1432).
_LATE_LOOKS = 8
_CLAIM_PAUSE = 0.2  # seconds between two looks whether another session has sent it
_SIGNS_OF_LIFE = 5  # while a claim lasts
_RESULTS_GONE = Text(
    "批量任务 {batch} 的结果取不到了：{what}",
    "the results of the batch {batch} are not to be had: {what}",
)
_SENT_AGAIN = Text(
    "同样的调用会重新提交一个批量任务，并再次计费",
    "the same call sends another batch, which is billed again",
)
_NO_RESULT = Text("批量任务里没有这一行的结果", "the batch has no result for this row")


def batch_sender(settings: ErnieSettings, path: Path, executor: object) -> RowSender:
    """Return what asks for the rows of a table as a batch.

    Raises
    ------
    InvalidOption
        They are to be asked on workers too.
    """
    if executor is not None:
        raise InvalidOption(
            Text("batch 和 executor 只能用一个", "only one of batch and executor can be used")
        )
    return RowSender(lambda call: BatchRows(call, settings, path).ask, MAX_REQUESTS, 1)


class _ClaimLostError(Exception):
    """Another session has taken over the claim to the batch, since this one gave no sign of life,
    as a computer that slept.
    """


class BatchRows:
    """Asks for rows as one batch, which is sent once: a run that was interrupted is continued by
    the next one over the same rows, and runs at the same moment share it.

    Parameters
    ----------
    call
    settings
        Has the paths.
    path
        The file that remembers batches.
    """

    def __init__(self, call: PreparedCall, settings: ErnieSettings, path: Path) -> None:
        self._call = call
        self._paths = ServicePaths(call, settings)
        self._calls = BatchCalls(self._paths)
        self._path = path
        self._owner = uuid.uuid4().hex
        self._began = time.time()

    async def ask(self, requests: Sequence[ChatRequest]) -> list[Outcome]:
        """Return the outcome of each request.

        Raises
        ------
        ErnieError
            The batch did not complete, or could not be sent.
        """
        self._began = time.time()
        endpoint = self._call.endpoint
        url = batch_url(endpoint.base_url)
        bodies = [self._call.protocol.chat(request).body or {} for request in requests]
        without_stream = [
            {name: value for name, value in body.items() if name != "stream"} for body in bodies
        ]
        lines = make_lines(without_stream, url)
        # The emulator has another port each time, and forgets its batches with it.
        address = open_batches.batch_address([endpoint.service.name, endpoint.base_url], lines)
        batch = await self._wait_for(address, lines, url)
        for _ in range(_LATE_LOOKS):
            if batch.output_file or batch.error_file or not (batch.completed and batch.is_complete):
                break
            await asyncio.sleep(self._calls.pause)
            batch = await self._watch(batch.id)
        if not batch.output_file and not batch.error_file:
            await self._finish(address, batch)
            raise failed_batch_error(batch)
        try:
            outcomes = await self._try_late(lambda: self._collect(batch, requests))
        except ServiceError as error:
            if error.status in _NO_BATCH and error.status != FORBIDDEN:
                await self._forget(address)
                error.what = _RESULTS_GONE.fill(batch=batch.id, what=error.what)
                error.advice = _SENT_AGAIN
            raise
        await self._finish(address, batch)
        return outcomes

    async def _wait_for(
        self,
        address: bytes,
        lines: list[dict[str, object]],
        url: str,
    ) -> Batch:
        """Wait for the batch that was sent before, or for a new one."""
        batch_id = await self._find_or_send(address, lines, url)
        try:
            return await self._watch(batch_id)
        except ServiceError as error:
            if error.status not in _NO_BATCH or batch_id in self._calls.seen:
                raise
            if await self._may_be_there(batch_id, error):
                raise
        another = await self._find_or_send(address, lines, url, gone=batch_id)
        return await self._watch(another)

    async def _may_be_there(self, batch_id: str, error: ServiceError) -> bool:
        """Whether a batch of an earlier call may be there although it is not shown: the list has
        it, or the key may read neither.
        """
        try:
            listed = await self._calls.list_all()
        except ErnieError:
            return error.status == FORBIDDEN
        return any(batch.id == batch_id for batch in listed)

    async def _watch(self, batch_id: str) -> Batch:
        """Wait for a batch; one that was there a while ago is not gone by one reply."""
        return await self._try_late(
            lambda: self._calls.watch(batch_id), lambda: batch_id in self._calls.seen
        )

    async def _try_late(
        self,
        read: Callable[[], Awaitable[ResultT]],
        is_there: Callable[[], bool] = lambda: True,
    ) -> ResultT:
        """Return what is read; read it again some times where the service says that it is not
        there, although it is.
        """
        for _ in range(_LATE_LOOKS):
            try:
                return await read()
            except ServiceError as error:
                if error.status not in _NO_BATCH or not is_there():
                    raise
            await asyncio.sleep(self._calls.pause)
        return await read()

    async def _find_or_send(
        self,
        address: bytes,
        lines: list[dict[str, object]],
        url: str,
        *,
        gone: str = "",
    ) -> str:
        """Return the id of the batch that was sent before, other than one that is `gone`, or of a
        new one.
        """
        while True:
            try:
                async with self._claiming(address):
                    known = await self._find_known(address)
                    if known in ("", gone):
                        return await self._send(address, lines, url)
            except _ClaimLostError:
                continue
            self._call.emit(Delta(notice=_CONTINUED.fill(batch=known)))
            return known

    @asynccontextmanager
    async def _claiming(self, address: bytes) -> AsyncIterator[None]:
        """Within this block no other session sends the batch; whoever is sending it is waited
        for.
        """
        is_told = False
        while not await self._claim(address):
            if not is_told:
                self._call.emit(Delta(notice=_BEING_SENT))
                is_told = True
            await asyncio.sleep(_CLAIM_PAUSE)
        renewing = asyncio.ensure_future(self._keep_claim(address))
        try:
            yield
        finally:
            renewing.cancel()
            await in_thread(partial(open_batches.release_claim, self._path, address, self._owner))

    async def _claim(self, address: bytes) -> bool:
        return await in_thread(partial(open_batches.claim_batch, self._path, address, self._owner))

    async def _renew_claim(self, address: bytes) -> bool:
        return await in_thread(partial(open_batches.renew_claim, self._path, address, self._owner))

    async def _keep_claim(self, address: bytes) -> None:
        """Give signs of life, until it is cancelled or another has taken the claim."""
        is_held = True
        while is_held:
            await asyncio.sleep(open_batches.CLAIM_SECONDS / _SIGNS_OF_LIFE)
            is_held = await self._renew_claim(address)

    async def _find_known(self, address: bytes) -> str:
        """Return the id of the batch that was sent before, "" for none. Where its reply was lost,
        or did not arrive before a stop, the service is asked what it has.
        """
        known = await in_thread(partial(open_batches.find_batch, self._path, address))
        if not known:
            # Sent and collected by another session since this one began.
            known = await in_thread(
                partial(open_batches.find_finished, self._path, address, self._began)
            )
        if known:
            return known
        file_id = await in_thread(partial(open_batches.find_file, self._path, address))
        batch = await self._calls.find(file_id) if file_id else None
        if batch is None:
            return ""
        await in_thread(partial(open_batches.remember_batch, self._path, address, batch.id))
        return batch.id

    async def _send(self, address: bytes, lines: list[dict[str, object]], url: str) -> str:
        file = await self._paths.upload(batch_form(lines))
        if not await self._renew_claim(address):
            raise _ClaimLostError
        await in_thread(partial(open_batches.remember_file, self._path, address, file.id))
        try:
            batch = await self._calls.create(file.id, url)
        except OutcomeUnknown:
            raise
        except ErnieError:  # it was refused
            await self._forget(address)
            raise
        await in_thread(partial(open_batches.remember_batch, self._path, address, batch.id))
        return batch.id

    async def _finish(self, address: bytes, batch: Batch) -> None:
        await in_thread(partial(open_batches.finish_batch, self._path, address, batch.id))

    async def _forget(self, address: bytes) -> None:
        await in_thread(partial(open_batches.forget_batch, self._path, address))

    async def _collect(self, batch: Batch, requests: Sequence[ChatRequest]) -> list[Outcome]:
        results = {result.custom_id: result for result in await self._calls.read_results(batch)}
        missing = _NO_RESULT
        if not batch.is_complete:
            missing = Text(f"{missing.zh}（{batch.state}）", f"{missing.en} ({batch.state})")
        outcomes = []
        for i, request in enumerate(requests):
            result = results.get(f"row-{i}")
            if result is None:
                words = missing.say(self._call.settings.language)
                outcomes.append(Outcome("", "", Usage(), words))
            else:
                outcomes.append(self._read_outcome(request, result))
        return outcomes

    def _read_outcome(self, request: ChatRequest, result: BatchResult) -> Outcome:
        """Return the outcome of one row; whatever its error is, the others have theirs."""
        if not result.body:
            return Outcome("", "", Usage(), result.error or f"HTTP {result.status}")
        reader = self._call.protocol.reader(request)
        try:
            check_whole_reply(reader, dict(result.body), result.status or 200)
        except ErnieError as error:
            return Outcome("", "", Usage(), error.line(self._call.settings.language))
        reply = Reply(reader, None, Clock(), self._call.service)
        if reply.is_blocked:
            return Outcome(
                "", "", Usage(), reply.blocked_error().line(self._call.settings.language)
            )
        answer = reply.build_answer()
        self._call.count_usage(answer.model, answer.usage)
        return outcome_of_answer(answer)
