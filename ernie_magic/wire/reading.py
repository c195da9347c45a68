"""Read a reply's bytes as chunks of an answer: a stream of events (`event_stream`), or one JSON
body (`whole_reply`), whichever was asked for.
"""

from __future__ import annotations

import json
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.http_status import BAD_REQUEST
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.wire.endings import raise_unless_answered
from ernie_magic.wire.envelopes import error_beside_answer, only_object, unwrap_reply
from ernie_magic.wire.event_stream import iter_streamed_deltas
from ernie_magic.wire.failures import beginning_of, error_from_reply
from ernie_magic.wire.refusals.parsing import MAX_BODY, parse_refusal
from ernie_magic.wire.sniffing import (
    begins_object,
    begins_stream,
    is_declared_stream,
    iter_chunks,
    read_start,
    rejoin,
)
from ernie_magic.wire.whole_reply import (
    MAX_REPLY,
    decode_reply,
    parse_in_thread_if_long,
    read_at_most,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import httpx

    from ernie_magic.runtime.events import Delta
    from ernie_magic.wire.reader import Reader


def iter_deltas(response: httpx.Response, reader: Reader) -> AsyncIterator[Delta]:
    """Iterate over a reply's pieces of text as they arrive; `reader` collects everything.

    Raises
    ------
    ErnieError
    """
    if is_declared_stream(response):
        return iter_streamed_deltas(response, reader, iter_chunks(response))
    return _iter_undeclared_deltas(response, reader)


async def _iter_undeclared_deltas(
    response: httpx.Response,
    reader: Reader,
) -> AsyncGenerator[Delta, None]:
    """Iterate over a reply that is not called a stream: servers and gateways stream under
    `text/plain`, `application/json` or no type at all, so its bytes decide.
    """
    chunks = iter_chunks(response)
    start = await read_start(chunks)
    deltas = _iter_body_deltas(response, reader, start, chunks)
    if begins_stream(start, response):
        deltas = iter_streamed_deltas(response, reader, rejoin(start, chunks))
    async with aclosing(deltas):
        async for delta in deltas:
            yield delta


async def _iter_body_deltas(
    response: httpx.Response,
    reader: Reader,
    start: bytes,
    rest: AsyncIterator[bytes],
) -> AsyncGenerator[Delta, None]:
    """Read a reply that is one JSON body: what was asked for, or an error with status 200."""
    max_bytes = MAX_BODY
    is_object = begins_object(start)
    if is_object or "json" in response.headers.get("content-type", ""):
        max_bytes = MAX_REPLY
    raw = await read_at_most(rejoin(start, rest), max_bytes, is_json=True)
    payload = None
    with suppress(ValueError):
        payload = await parse_in_thread_if_long(decode_reply(raw))
    events = _events_of_chunks(payload, reader)
    if is_object and payload is None:
        events = _lines_of_body(raw)
    if events:
        async for streamed in iter_streamed_deltas(response, reader, _once(events)):
            yield streamed
        return
    envelope = only_object(payload)
    reply = unwrap_reply(envelope, reader)
    if not reader.is_whole_reply(reply):
        raise error_from_reply(response.status_code, response.headers, raw)
    error = error_beside_answer(envelope, reader, response)
    if len(raw) > values.LONG:
        first = await in_thread(reader.feed_whole, reply)
    else:
        first = reader.feed_whole(reply)
    for delta in (first, reader.flush_remaining()):
        if delta:
            yield delta
    if error is not None:
        raise error
    raise_unless_answered(reader, response, raw[:MAX_BODY].decode("utf-8", "replace"))


def check_whole_reply(reader: Reader, reply: dict[str, Any], status: int) -> None:
    """Give a reader a whole reply that came otherwise than by a response of its own: in a file.

    Parameters
    ----------
    status
        Its HTTP status.

    Raises
    ------
    ErnieError
        It is an error, or no answer.
    """
    import httpx

    text = beginning_of(reply)
    if status >= BAD_REQUEST or parse_refusal(reply) is not None:
        raise error_from_reply(status, {}, text.encode("utf-8", "replace"))
    reader.feed_whole(reply)
    reader.flush_remaining()
    raise_unless_answered(reader, httpx.Response(status), text)


def _lines_of_body(raw: bytes) -> bytes:
    """Return the lines of a body that is no JSON by itself, but may be lines of it, or JSON and a
    `data: [DONE]`; b"" when it is one line.
    """
    return raw if b"\n" in raw.strip() else b""


def _events_of_chunks(payload: object, reader: Reader) -> bytes:
    """Return the stream whose chunks a gateway has collected into a list; b"" for anything else."""
    if not isinstance(payload, list) or len(payload) < 2:  # noqa: PLR2004
        return b""
    if not any(isinstance(item, dict) and reader.is_whole_reply(item) for item in payload):
        return b""
    events = [f"data: {json.dumps(item)}\n\n" for item in payload]
    return "".join([*events, "data: [DONE]\n\n"]).encode()


async def _once(raw: bytes) -> AsyncGenerator[bytes, None]:
    """Iterate over bytes that have all been read."""
    yield raw
