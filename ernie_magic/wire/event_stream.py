"""Read the events of a stream: as chunks of an answer, or as they are.

When a stream is over
---------------------
`[DONE]`, or the end of the reply, is the end. A reason to finish alone is only a claim. Most
servers make it in the last chunk, but some make it with each chunk, with a thought, or before a
pause, and some hold the connection open after it and never send `[DONE]`. So whatever still arrives
is part of the answer, and a server that sends nothing more is not waited for without end:

- When the number of tokens came with the reason (or after it, in a chunk without text, as
  `stream_options` has it on https://platform.openai.com/docs/api-reference/chat/create), the answer
  is whole: `AFTER_FINISH` seconds remain for `[DONE]`.
- Otherwise nothing tells a pause from the end. The text is returned after a silence of
  `AFTER_FINISH` seconds where the reason had a chunk of its own behind the text, as it usually has,
  else of `AFTER_EARLY_FINISH`; it is marked partial (`Reader.end_unseen`).
- Once text has followed a reason, a reason beside text means nothing: that stream may be silent as
  long as one without any.
- Comments, pings and repetitions are silence. How the connection breaks after a last reason does
  not matter.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.finish_reasons import is_truncation, names_failure
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.text.redact import EventRedactor
from ernie_magic.wire import sse
from ernie_magic.wire.answers.content import without_other_halves
from ernie_magic.wire.endings import (
    announces_end,
    failed_end_error,
    is_end_word,
    is_keep_alive,
    raise_unless_answered,
    raise_unless_ended,
)
from ernie_magic.wire.envelopes import refusal_error, unwrap_reply, without_own_fields
from ernie_magic.wire.failures import (
    error_from_event,
    error_from_reply,
    invalid_chunk_error,
    not_this_api_error,
    stream_cut_error,
)
from ernie_magic.wire.refusals.parsing import MAX_BODY, parse_refusal, reports_failure, unwrap_list
from ernie_magic.wire.refusals.words import tells_failure
from ernie_magic.wire.sniffing import (
    begins_stream,
    is_declared_stream,
    iter_chunks,
    may_be_json,
    read_start,
    rejoin,
)
from ernie_magic.wire.whole_reply import (
    MAX_REPLY,
    TOO_LARGE,
    check_announced_size,
    parse_in_thread_if_long,
    parse_reply,
    read_bytes,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import httpx

    from ernie_magic.errors import ErnieError
    from ernie_magic.runtime.events import Delta
    from ernie_magic.wire.reader import Reader

AFTER_FINISH = 3.0  # seconds to wait for more, or [DONE], after a reason to finish behind the text
# The same for a reason beside text, or before it: some servers write one on each chunk.
AFTER_EARLY_FINISH = 8.0
AFTER_DONE = 0.1  # seconds for the connection to end after [DONE]
MAX_UNREAD = 200  # lines of a page that arrived instead of a stream
_PIECE = 8 * 1024  # bytes of a stream that are read at once: some thousand lines at most
# What chunks of an answer have. Any other field may be a refusal's (`refusals.parse_refusal`), and
# most chunks have none.
_ORDINARY = frozenset(
    {
        "id",
        "object",
        "created",
        "model",
        "choices",
        "usage",
        "result",
        "is_end",
        "sentence_id",
        "need_clear_history",
        "is_truncated",
        "finish_reason",
        "flag",
        "ban_round",
        "system_fingerprint",
        "service_tier",
        "search_info",
        "search_results",
        "provider",
        "obfuscation",
        "is_safe",
    }
)


async def iter_events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Iterate over the JSON of each event of a stream, whatever its meaning. An error among the
    events is raised, and so is a reply that is not a stream.
    """
    chunks = iter_chunks(response)
    if not is_declared_stream(response):
        check_announced_size(response, MAX_REPLY, TOO_LARGE)
        start = await read_start(chunks)
        chunks = rejoin(start, chunks)
        if not begins_stream(start, response):
            raw = await read_bytes(response, MAX_REPLY, chunks=chunks)
            yield await parse_reply(response, raw)
            return
    unread: list[str] = []
    redactor = EventRedactor()
    any_event = False
    async with aclosing(_iter_payloads(response, None, unread, chunks)) as payloads:
        async for payload, is_long in payloads:
            any_event = True
            if is_long:
                yield await in_thread(redactor.feed, payload)
            else:
                yield redactor.feed(payload)
    if not any_event:
        raise error_from_reply(
            response.status_code, response.headers, "\n".join(unread).encode("utf-8", "replace")
        )


async def iter_streamed_deltas(
    response: httpx.Response,
    reader: Reader,
    chunks: AsyncIterator[bytes],
) -> AsyncGenerator[Delta, None]:
    """Iterate over a reply streamed as server-sent events."""
    # Bare lines that are not JSON by themselves: an error page, or JSON over several lines.
    unread: list[str] = []
    async with aclosing(_iter_payloads(response, reader, unread, chunks)) as payloads:
        async for payload, is_long in payloads:
            if is_long:
                delta = await in_thread(reader.feed, payload)
            else:
                delta = reader.feed(payload)
            if delta:
                yield delta
    if not reader.started:
        whole = await _parse_whole_reply("\n".join(unread), reader)
        if whole is not None and (delta := reader.feed_whole(whole)):
            yield delta
    if delta := reader.flush_remaining():
        yield delta
    if not reader.started:
        raise error_from_reply(
            response.status_code, response.headers, "\n".join(unread).encode("utf-8", "replace")
        )
    raise_unless_answered(reader, response, "\n".join(unread))


async def _parse_whole_reply(text: str, reader: Reader) -> dict[str, Any] | None:
    """Return a whole reply that was sent as a stream, on several lines; None for anything else."""
    try:
        payload = await parse_in_thread_if_long(text)
    except ValueError:
        return None
    if not isinstance(payload, dict) or parse_refusal(payload) is not None:
        return None
    if not reader.is_whole_reply(payload):
        return None
    return payload


async def _iter_payloads(  # noqa: C901, PLR0912, PLR0915  (one loop for every byte: each additional layer costs a tenth of it)
    response: httpx.Response,
    reader: Reader | None,
    unread: list[str],
    all_chunks: AsyncIterator[bytes],
) -> AsyncGenerator[tuple[dict[str, Any], bool], None]:
    """Iterate over the JSON of a reply's events, and whether an event is large, until the reply
    ends or, once the service said that this was all, sends nothing more.
    """
    import httpx

    decoder = sse.Decoder()
    parse = values.parse_simple
    remarks: list[dict[str, Any]] = []  # words that are an error only if the answer does not end
    chunks = all_chunks.__aiter__()
    pieces: list[bytes] = []  # of a chunk that is read piece by piece, the last one first
    problem: Exception | None = None
    ended = done = False
    give_up = 0.0  # when the announced end must have arrived; pings may continue for ever
    gains = 0
    understood = 0  # lines that something readable followed
    event: sse.Event | None = None
    payload: object = None  # of that event
    while not ended:
        finished = done or (reader is not None and reader.finished)
        waits_for_end = done or (reader is not None and reader.awaits_end)
        if waits_for_end:
            if reader is not None and reader.gains != gains:
                gains = reader.gains
                give_up = 0.0
            give_up = give_up or time.monotonic() + _seconds_after_finish(reader)
            patience = _seconds_of_patience(give_up, done=done)
        try:
            # Only then: a timer for each chunk costs as much as decoding it (tests/benchmarks). A
            # connection that is read to its end can be used again.
            if pieces:
                chunk = pieces.pop()
                # Very many events at once: everybody else has a turn in between.
                await asyncio.sleep(0)
            elif waits_for_end:
                chunk = await asyncio.wait_for(chunks.__anext__(), patience)
            else:
                chunk = await chunks.__anext__()
            if len(chunk) > _PIECE:
                pieces = [chunk[start : start + _PIECE] for start in range(0, len(chunk), _PIECE)][
                    ::-1
                ]
                chunk = pieces.pop()
            events = decoder.feed(chunk)
            if decoder.waiting_characters > MAX_REPLY:
                raise not_this_api_error(200, "")
        except StopAsyncIteration:
            events = decoder.flush_remaining()
            ended = True
        except asyncio.TimeoutError:
            events = decoder.flush_remaining()
            ended = True
            _mark_end_unseen(reader, done=done)
        except httpx.HTTPError as error:
            events = decoder.flush_complete()
            ended = True
            if finished and isinstance(error, httpx.TimeoutException):
                _mark_end_unseen(reader, done=done)
            elif not waits_for_end:
                problem = error
        if done:
            continue
        events_left = deque(events)
        while events_left:
            event = events_left.popleft()
            if event.name:
                if names_failure(event.name):
                    raise error_from_event(event.data, response.headers)
                if reader is not None and is_truncation(event.name):
                    reader.is_cut = True
            payload = parse(event.data)
            is_long = False
            if payload is None:
                if sse.is_last_word(event.data):
                    done = True
                    break
                if reader is not None and reader.finished and not may_be_json(event.data):
                    continue  # a word after the end: the answer is whole without it
                if is_end_word(event):
                    if reader is not None and tells_failure(event.data):
                        raise error_from_event(event.data, response.headers)
                    continue
                payload = await _parse_event(event, unread, joined=reader is not None)
                is_long = len(event.data) > values.LONG
            if type(payload) is not dict:
                if payload == "[DONE]":
                    done = True
                    break
                if inner := _events_inside(event, payload, reader):
                    events_left.extendleft(reversed(inner))
                    continue
                _examine_other_json(event, payload, response, unread)
            elif _ORDINARY.issuperset(payload) and payload.get("choices", True):
                understood = len(unread)
                yield payload, is_long
            else:
                refused, is_answer = _examine_suspect(payload, response, reader, remarks)
                refused = refused or failed_end_error(event, payload, reader, response)
                if is_answer:
                    understood = len(unread)
                    yield unwrap_reply(payload, reader), is_long
                if refused is not None:
                    raise refused
    if problem:
        raise problem
    if reader is not None and not reader.finished:
        done = done or announces_end(event, payload)
        raise_unless_ended(reader, remarks, unread[understood:], response, done=done)


def _seconds_after_finish(reader: Reader | None) -> float:
    """Return how long to wait for more."""
    if reader is None or reader.is_end_sure or reader.is_end_usual:
        return AFTER_FINISH
    return AFTER_EARLY_FINISH


def _mark_end_unseen(reader: Reader | None, *, done: bool) -> None:
    """Note that a silent stream is no longer waited for, although it may have had more to say."""
    if reader is not None and not done:
        reader.end_unseen = not reader.is_end_sure


def _seconds_of_patience(give_up: float, *, done: bool) -> float:
    seconds = give_up - time.monotonic()
    if done:
        return min(seconds, AFTER_DONE)
    return seconds


async def _parse_event(event: sse.Event, unread: list[str], *, joined: bool) -> object:
    """Return the JSON of an event, or the events that are written into it; None for a part of
    something longer, which is kept for an error.

    Parameters
    ----------
    joined
        Whether texts are joined to those of the next event, which may begin with half a character.

    Raises
    ------
    ErnieError
        It is neither of these.
    """
    try:
        if event.bare and event.data.lstrip()[:1] != "{":
            raise ValueError("a line of something else")  # noqa: TRY301
        if joined and len(event.data) <= values.LONG and values.has_halves(event.data):
            payload = values.parse_json(event.data, keep_halves=True)
            if isinstance(payload, dict):
                return without_other_halves(payload)
        return await parse_in_thread_if_long(event.data)
    except ValueError:
        if event.bare:
            if len(unread) < MAX_UNREAD:
                unread.append(event.data[:MAX_BODY])
            return None
        if len(event.data) <= values.LONG and (pieces := sse.split_glued(event)):
            return pieces
        if not event.whole:
            raise stream_cut_error() from None
        if is_keep_alive(event):
            return None
        raise invalid_chunk_error(event.data[:MAX_BODY]) from None


def _events_inside(event: sse.Event, payload: object, reader: Reader | None) -> list[sse.Event]:
    """Return the events in one whose JSON is no object: several that were written into one, a list
    of chunks, or a chunk whose JSON was encoded twice; [] for anything else.
    """
    if isinstance(payload, str):
        payload = [payload] if may_be_json(payload) else []
    if not isinstance(payload, list) or not payload:
        return []
    if isinstance(payload[0], sse.Event):
        return payload
    if isinstance(payload[0], str):
        return [event._replace(data=payload[0])]
    is_chunk = reader.is_whole_reply if reader is not None else bool
    if not all(isinstance(item, dict) and is_chunk(item) for item in payload):
        return []
    return [event._replace(data=json.dumps(item)) for item in payload]


def _examine_suspect(
    payload: dict[str, Any],
    response: httpx.Response,
    reader: Reader | None,
    remarks: list[dict[str, Any]],
) -> tuple[ErnieError | None, bool]:
    """Return the error that an event is, and whether it may also have a part of the answer.

    Parameters
    ----------
    remarks
        Where an event is kept that only says something: `{"message": "queued"}`.
    """
    is_answer = reader is None or reader.is_whole_reply(unwrap_reply(payload, reader))
    payload = without_own_fields(payload, reader)
    if parse_refusal(payload) is not None:
        return refusal_error(payload, response), is_answer and reader is not None
    if is_answer or parse_refusal(payload, may_be_answer=False) is None:
        return None, True
    if reports_failure(payload):
        return refusal_error(payload, response), False
    remarks[:] = [payload]
    return None, False


def _examine_other_json(
    event: sse.Event,
    payload: object,
    response: httpx.Response,
    unread: list[str],
) -> None:
    """Keep JSON that is not an object, for an error; raise it when it is one by itself."""
    inner = unwrap_list(payload)
    if isinstance(inner, dict) and parse_refusal(inner) is not None:
        raise refusal_error(inner, response)
    if payload is not None and len(unread) < MAX_UNREAD:
        unread.append(event.data[:MAX_BODY])
