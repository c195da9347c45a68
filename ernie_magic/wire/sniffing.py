"""What a reply is, by its bytes: servers and gateways stream under `text/plain`, `application/json`
or no type at all.
"""

from __future__ import annotations

import codecs
import re
from contextlib import aclosing
from typing import TYPE_CHECKING

from ernie_magic.text.charsets import detect_charset

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import httpx

_EVIDENCE = 48  # bytes beyond ASCII that show what charset a stream is in
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_START = 1024  # bytes of a reply by which it must have shown what it is
_MAX_BLANKS = 1024 * 1024  # bytes before them: more come before no stream
_BODY_STARTS = (b"{", b"[", b"<")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
# Those that are read as declared, by Python's names for them, and those that contain them (WHATWG
# Encoding Standard, "Names and labels").
_OTHER_CHARSETS = re.compile(r"ascii|gb|big5|euc|shift_jis|iso8859|iso2022|cp\d|koi8|hz$")
_LATIN = re.compile(r"ascii|iso8859|cp125")
_LARGER = {"gb2312": "gb18030", "gbk": "gb18030", "ascii": "cp1252", "iso8859-1": "cp1252"}
# A field or a comment of an event.
_STREAM_LINE = re.compile(rb"(?:\A|[\r\n])(?:data|event|id|retry)?:")
_EDGE = 200  # characters at each end of a reply in which an event's words stand
_STREAM_LINE_OF_TEXT = re.compile(r"\s*(?:data|event|id|retry)?:")
_COMPLETED = re.compile(r"^event:\s*[\w.]+\.completed\Z")
_LAST_EVENT = re.compile(r"\s*data:\s*\[?DONE\]?\s*\Z", re.IGNORECASE)
# https://github.com/ndjson/ndjson-spec, https://jsonlines.org
_LINES_OF_JSON = ("ndjson", "jsonl", "json-seq", "stream+json", "json-stream")


def is_declared_stream(response: httpx.Response) -> bool:
    """Whether a reply is called a stream of events."""
    return "event-stream" in response.headers.get("content-type", "").lower()


def iter_chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """Iterate over a stream's bytes: requested uncompressed (`Accept-Encoding`), since httpx's own
    decoding costs a layer.
    """
    chunks = response.aiter_bytes()
    if response.headers.get("content-encoding", "identity") == "identity":
        chunks = response.aiter_raw()
    if _CHARSET.search(response.headers.get("content-type", "")):
        return in_utf_8(response, chunks)
    return _detect_charset(chunks)


def in_utf_8(response: httpx.Response, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return a reply's bytes in UTF-8, where another charset is declared (RFC 9110, section
    8.3.2).
    """
    kind = response.headers.get("content-type", "")
    declared = _CHARSET.search(kind)
    if declared is None or kind.lower().startswith("image/"):
        return chunks
    try:
        charset = codecs.lookup(declared[1]).name
    except LookupError:
        return chunks
    if not _OTHER_CHARSETS.match(charset):
        return chunks
    return _transcode(chunks, _LARGER.get(charset, charset))


async def _transcode(chunks: AsyncIterator[bytes], charset: str) -> AsyncGenerator[bytes, None]:
    """Iterate over bytes in UTF-8 instead of this charset. UTF-8 that is called Latin is common,
    so it is read as Latin only from the first byte on that is not UTF-8.
    """
    decoder = codecs.getincrementaldecoder(charset)("replace")
    if _LATIN.match(charset):
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
    async with aclosing(_with_end(chunks)) as pieces:
        async for chunk, is_last in pieces:
            try:
                text = decoder.decode(chunk, is_last)
            except UnicodeDecodeError:
                held_back = decoder.getstate()[0]
                decoder = codecs.getincrementaldecoder(charset)("replace")
                text = decoder.decode(held_back + chunk, is_last)
            yield text.encode()


async def _detect_charset(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Iterate over a stream that declares no charset, in UTF-8. From the first byte on that is not
    UTF-8, some text is waited for that shows what it is.
    """
    held_back = b""  # a character whose other bytes are in the next chunk
    async for chunk in chunks:
        if not held_back and chunk.isascii():
            yield chunk
            continue
        held_back += chunk
        try:
            _, length = codecs.utf_8_decode(held_back, "strict", False)
        except UnicodeDecodeError:
            break
        yield held_back[:length]
        held_back = held_back[length:]
    else:
        yield held_back
        return
    async for chunk in chunks:
        held_back += chunk
        if len(_NOT_ASCII.findall(held_back)) >= _EVIDENCE:
            break
    charset = detect_charset(held_back)
    if charset == "utf-8":  # what is cut or damaged is seen to where events are read
        yield held_back
        async for chunk in chunks:
            yield chunk
        return
    decoder = codecs.getincrementaldecoder(charset)("replace")
    yield decoder.decode(held_back).encode()
    async for chunk in chunks:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", True).encode()


async def _with_end(chunks: AsyncIterator[bytes]) -> AsyncGenerator[tuple[bytes, bool], None]:
    async for chunk in chunks:
        yield chunk, False
    yield b"", True


async def read_start(chunks: AsyncIterator[bytes]) -> bytes:
    """Read as much of a reply as shows what it is: JSON, a page, or lines of a stream."""
    pieces = []
    size = 0
    words = b""
    async for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        words = _without_mark(words + chunk)
        if len(words) >= _START or words[:1] in _BODY_STARTS or _STREAM_LINE.search(words):
            break
        if size > _MAX_BLANKS:
            break
    return b"".join(pieces)


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


def may_be_json(text: str) -> bool:
    """Whether an event's text is a JSON object, or a part of one."""
    return text.lstrip()[:1] == "{"


def _without_mark(start: bytes) -> bytes:
    return start.removeprefix(codecs.BOM_UTF8).lstrip()


async def rejoin(start: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Iterate over a reply of which the start has been read."""
    yield start
    async for chunk in rest:
        yield chunk


def unwrap_event(text: str) -> str:
    """Return the JSON of a reply in one piece which a gateway has made the only event of a stream,
    or has put comments or a `data: [DONE]` around, or which ends a stream of partial pictures
    (https://platform.openai.com/docs/guides/image-generation#streaming).
    """
    if last := _LAST_EVENT.search(text[-_EDGE:]):
        text = text[: last.start() - len(text[-_EDGE:])]
    if not _STREAM_LINE_OF_TEXT.match(text[:_EDGE]):
        return text
    lines = [line for line in map(str.strip, text.split("\n")) if line and line[0] != ":"]
    events = [line.removeprefix("data:").lstrip() for line in lines if line.startswith("data:")]
    if not events:
        return "\n".join(lines)
    if any(_COMPLETED.search(line) for line in lines[-2:]):
        return events[-1]
    return "\n".join(events)
