"""The reply's bytes, as chunks of an answer: a stream of events, or one JSON body, whatever was asked for."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import ProtocolError
from ernie_magic.keys import scrub
from ernie_magic.language import Text
from ernie_magic.wire import sse
from ernie_magic.wire.failures import MAX_BODY, cut, failure, not_the_api, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import httpx

    from ernie_magic.wire.protocol import Delta, Reader

MAX_REPLY = 32 * 1024 * 1024  # bytes of a reply in one piece, characters of one event: more is no answer
# Some servers hold the connection open after the last chunk and never send [DONE] (reference, quirk 16).
AFTER_FINISH = 2.0  # seconds to wait for usage and [DONE] once a finish reason came
MAX_UNREAD = 200  # lines of a page that came in the place of a stream


def deltas(response: httpx.Response, reader: Reader) -> AsyncIterator[Delta]:
    """The pieces of text of a reply, as they come; `reader` collects everything.

    Raises
    ------
    ErnieError
    """
    streamed = "event-stream" in response.headers.get("content-type", "")
    return _events(response, reader) if streamed else _whole(response, reader)


async def events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """The JSON of each event of a stream, whatever it means; an error among them is raised."""
    unread: list[str] = []
    async with aclosing(_received(response, None)) as received:
        async for event in received:
            payload = None if event.data == "[DONE]" else _parsed(event, unread)
            if payload is not None:
                _raise_refusal(payload, response)
                yield payload


async def whole(response: httpx.Response, most: int = MAX_REPLY) -> dict[str, Any]:
    """A reply that is one JSON body.

    Parameters
    ----------
    most
        Bytes: a longer one is no reply.

    Raises
    ------
    ErnieError
        It is not JSON, or an error with status 200.
    """
    raw = await beginning(response, most + 1)
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict) or len(raw) > most or refusal(payload) is not None:
        raise failure(response.status_code, response.headers, raw)
    return payload


async def _events(response: httpx.Response, reader: Reader) -> AsyncIterator[Delta]:
    """A reply streamed as server-sent events."""
    unread: list[str] = []  # bare lines that are no JSON by themselves: an error page, or JSON over several lines
    async with aclosing(_received(response, reader)) as received:
        async for event in received:
            if event.data == "[DONE]":
                break
            payload = _parsed(event, unread)
            if payload is None:
                continue
            _raise_refusal(payload, response)
            if delta := reader.feed(payload):
                yield delta
        else:
            if reader.started and not reader.finished:
                raise cut()
    if delta := reader.end():
        yield delta
    if not reader.started:
        raise failure(200, response.headers, "\n".join(unread).encode("utf-8", "replace"))


async def _received(response: httpx.Response, reader: Reader | None) -> AsyncGenerator[sse.Event, None]:
    """The events of a reply, until it ends or, once the service said that this was all, has nothing more to say."""
    import httpx

    decoder = sse.Decoder()
    chunks = response.aiter_bytes().__aiter__()
    while True:
        finished = reader is not None and reader.finished
        try:
            # Only then: a timer for each chunk is what costs most in a fast stream (tests/benchmarks).
            chunk = await (asyncio.wait_for(chunks.__anext__(), AFTER_FINISH) if finished else chunks.__anext__())
        except (StopAsyncIteration, asyncio.TimeoutError):
            break
        except httpx.HTTPError:
            if not finished:
                for event in decoder.cut():
                    yield event
                raise
            break  # the answer is whole; how the connection ends does not matter
        for event in decoder.feed(chunk):
            yield event
        if decoder.waiting > MAX_REPLY:
            raise not_the_api(200, "")
    for event in decoder.end():
        yield event


def _parsed(event: sse.Event, unread: list[str]) -> dict[str, Any] | None:
    try:
        payload = json.loads(event.data)
    except (ValueError, RecursionError):
        if event.bare:
            if len(unread) < MAX_UNREAD:
                unread.append(event.data[:MAX_BODY])
            return None
        if not event.whole:
            raise cut() from None
        raise ProtocolError(
            Text("流中有一段不是有效的 JSON", "a chunk of the stream is not valid JSON"),
            Text("服务或中间的代理损坏了数据", "the service, or a proxy in between, damaged it"),
            Text("再试一次", "try again"), body=scrub(event.data[:MAX_BODY])) from None
    return payload if isinstance(payload, dict) else None


def _raise_refusal(payload: dict[str, Any], response: httpx.Response) -> None:
    if refusal(payload) is not None:
        raise failure(200, response.headers, json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace"))


async def _whole(response: httpx.Response, reader: Reader) -> AsyncIterator[Delta]:
    """A reply that is one JSON body: what was asked for, or an error with status 200."""
    is_json = "json" in response.headers.get("content-type", "json")
    raw = await beginning(response, MAX_REPLY if is_json else MAX_BODY)
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict) or not reader.knows(payload):
        raise failure(response.status_code, response.headers, raw)
    pieces = [piece for piece in (reader.feed(payload), reader.end()) if piece]
    if not reader.finished and not pieces and not reader.tool_calls:
        raise not_the_api(response.status_code, scrub(raw[:MAX_BODY].decode("utf-8", "replace")))
    for delta in pieces:
        yield delta


async def beginning(response: httpx.Response, most: int = MAX_BODY) -> bytes:
    """The first `most` bytes: a refusal is short, and a hostile reply is not read to its end."""
    got = bytearray()
    async for chunk in response.aiter_bytes():
        got += chunk
        if len(got) >= most:
            break
    return bytes(got[:most])
