"""What a reply is, by its bytes: servers and gateways stream under `text/plain`, `application/json`
or no type at all.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import httpx

_START = 1024  # bytes of a reply by which it must have shown what it is
_BODY_STARTS = (b"{", b"[", b"<")
# A field or a comment of an event.
_STREAM_LINE = re.compile(rb"(?:\A|[\r\n])(?:data|event|id|retry)?:")
_EDGE = 200  # characters at each end of a reply in which an event's words stand
_EVENT_START, _LAST_EVENT = re.compile(r"\s*data:"), re.compile(r"\s*data:\s*\[DONE\]\s*\Z")
# https://github.com/ndjson/ndjson-spec, https://jsonlines.org
_LINES_OF_JSON = ("ndjson", "jsonl", "json-seq", "stream+json", "json-stream")


def is_declared_stream(response: httpx.Response) -> bool:
    """Whether a reply is called a stream of events."""
    return "event-stream" in response.headers.get("content-type", "").lower()


def iter_chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """Iterate over a stream's bytes: requested uncompressed (`Accept-Encoding`), since httpx's own
    decoding costs a layer.
    """
    if response.headers.get("content-encoding", "identity") == "identity":
        return response.aiter_raw()
    return response.aiter_bytes()


async def read_start(chunks: AsyncIterator[bytes]) -> bytes:
    """Read as much of a reply as shows what it is: JSON, a page, or lines of a stream."""
    start = b""
    async for chunk in chunks:
        start += chunk
        words = _without_mark(start)
        if len(words) >= _START or words[:1] in _BODY_STARTS or _STREAM_LINE.search(words):
            break
    return start


def begins_stream(start: bytes, response: httpx.Response) -> bool:
    """Whether a reply that begins with these bytes is a stream of events, or of JSON lines."""
    words = _without_mark(start)
    if words[:1] in _BODY_STARTS:
        kind = response.headers.get("content-type", "").lower()
        return words[:1] == b"{" and any(name in kind for name in _LINES_OF_JSON)
    return _STREAM_LINE.search(words) is not None


def begins_object(start: bytes) -> bool:
    """Whether a reply that begins with these bytes is a JSON object."""
    return _without_mark(start)[:1] == b"{"


def _without_mark(start: bytes) -> bytes:
    return start.removeprefix(codecs.BOM_UTF8).lstrip()


async def rejoin(start: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Iterate over a reply of which the start has been read."""
    yield start
    async for chunk in rest:
        yield chunk


def unwrap_event(text: str) -> str:
    """Return the JSON of a reply in one piece which a gateway has made the only event of a stream,
    or has put a `data: [DONE]` behind; any other text unchanged.
    """
    if last := _LAST_EVENT.search(text[-_EDGE:]):
        text = text[: last.start() - len(text[-_EDGE:])]
    if first := _EVENT_START.match(text[:_EDGE]):
        text = text[first.end() :]
    return text
