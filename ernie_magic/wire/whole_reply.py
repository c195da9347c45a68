"""Read a reply in one piece: its bytes, or the JSON that they are, never more than its limit."""

from __future__ import annotations

import codecs
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.errors import ProtocolError
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.text.charsets import decode_text
from ernie_magic.text.language import Text
from ernie_magic.text.redact import redact, redact_values
from ernie_magic.wire.failures import (
    beginning_of,
    error_from_refusal,
    error_from_reply,
    is_failing_line,
    not_this_api_error,
)
from ernie_magic.wire.pictures.fields import find_bare_picture
from ernie_magic.wire.refusals.parsing import (
    MAX_BODY,
    is_failed_type,
    parse_envelope,
    parse_refusal,
    unwrap_list,
)
from ernie_magic.wire.sniffing import in_utf_8, unwrap_event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from ernie_magic.wire.request import WireRequest


# Most bytes of a reply in one piece, and most characters of one event: more is not an answer.
MAX_REPLY = 32 * 1024 * 1024
_PICTURES = ("b64_json", "url")  # fields of a picture in a list of them
# What a service says that a reply is, besides JSON.
_LINE_KINDS = (
    "text/csv",
    "text/markdown",
    "application/x-ndjson",
    "application/jsonl",
    "application/openmetrics-text",
)
_BINARY_KINDS = ("audio/", "image/", "video/", "application/octet-stream", "application/pdf")
MAX_VALUES = 2_000_000  # in one reply: each is an object of about 50 bytes, however short its text
TOO_LARGE = Text(
    "回复超过 {most} MB，没有读完", "the reply exceeds {most} MB and was not fully read"
)


async def read_json(
    response: httpx.Response,
    max_bytes: int,
    *,
    list_name: str = "",
    has_envelope: bool = False,
) -> dict[str, Any]:
    """Read a reply that is one JSON body.

    Parameters
    ----------
    max_bytes
        Bytes: a longer one is rejected.
    list_name
        The name under which a bare list is returned, "" to reject it.
    has_envelope
        Only the reply's envelope reports a failure (`refusals.parse_envelope`).

    Raises
    ------
    ErnieError
        The reply is not JSON, or is an error with status 200.
    """
    raw = await read_bytes(response, max_bytes, is_json=True)
    if not raw and response.request.method == "DELETE":  # "204 No Content" (RFC 9110, 9.3.5)
        return {}
    return await parse_reply(response, raw, list_name, has_envelope=has_envelope)


async def read_anything(response: httpx.Response, request: WireRequest) -> object:
    """Read a reply of whatever kind: JSON, or text or bytes where the service says that it is.

    Raises
    ------
    ErnieError
        As in `read_json`. What a lookup finds may hold an error, of a batch that failed: that is
        part of it.
    """
    raw = await read_bytes(response, request.max_bytes, is_json=True)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw and kind.startswith(_BINARY_KINDS):
        return bytes(raw)
    if not raw and request.method == "DELETE":  # as in `read_json`
        return {}
    looks_like_json = raw.lstrip().startswith((b"{", b"["))
    if kind in _LINE_KINDS or not looks_like_json:
        is_text = kind in ("text/plain", *_LINE_KINDS)
        words = await _read_words(raw, is_text=is_text)
        if words is not _NO_WORDS and not (isinstance(words, str) and is_failing_line(words)):
            return words
    return await parse_reply(
        response,
        raw,
        request.list_name,
        has_envelope=request.has_envelope,
        is_lookup=request.method == "GET",
    )


_NO_WORDS = object()


async def _read_words(raw: bytearray, *, is_text: bool) -> object:
    """Return the text, number or other plain value that a reply is; `_NO_WORDS` for others."""
    text = decode_reply(raw)
    payload: object = _NO_WORDS
    with suppress(ValueError):
        payload = await parse_in_thread_if_long(text, redacted=True)
    if payload is _NO_WORDS and raw and is_text:
        return redact(text, strict=True)
    return _NO_WORDS if isinstance(payload, dict | list) else payload


def _is_record(payload: object) -> bool:
    """Whether a reply describes one thing that the service has: by an id, and a kind or a state."""
    fields = values.as_object(payload)
    kind = values.as_name(fields.get("object"))
    return bool(values.as_name(fields.get("id"))) and (
        bool(kind and not is_failed_type(kind)) or isinstance(fields.get("status"), str)
    )


async def parse_reply(
    response: httpx.Response,
    raw: bytearray,
    list_name: str = "",
    *,
    has_envelope: bool = False,
    is_lookup: bool = False,
) -> dict[str, Any]:
    """Return the JSON of a reply that was read, as `read_json` does.

    Parameters
    ----------
    is_lookup
        What the service has is described: an error in it may be that of a batch or a job.

    Raises
    ------
    ErnieError
    """
    start = bytes(raw[:MAX_BODY])
    if len(raw) > MAX_VALUES and raw.count(b",") > MAX_VALUES:
        raise not_this_api_error(response.status_code, redact(decode_text(start), strict=True))
    if list_name and (picture := find_bare_picture(raw)):
        return {list_name: [{"b64_json": picture}]}
    payload = None
    with suppress(ValueError):
        text = unwrap_event(decode_reply(raw))
        del raw  # pictures make a large reply: it must not exist three times
        payload = await parse_in_thread_if_long(text, redacted=True)
    if list_name and isinstance(payload, list) and unwrap_list(payload) is payload:
        payload = {list_name: payload}
    if has_envelope and isinstance(payload, dict):
        return _check_envelope(payload, response)
    if is_lookup and _is_record(payload):
        return dict(values.as_object(payload))
    is_refused = not isinstance(payload, dict) or parse_refusal(payload) is not None
    if is_refused and not _lists_pictures(payload, list_name):
        raise error_from_reply(response.status_code, response.headers, start)
    return dict(values.as_object(payload))


def _lists_pictures(payload: object, list_name: str) -> bool:
    """Whether a reply has pictures, which are paid for, beside what it says of others."""
    items = values.as_objects(values.as_object(payload).get(list_name))
    return any(values.as_text(item.get(name)) for item in items for name in _PICTURES)


def _check_envelope(payload: dict[str, Any], response: httpx.Response) -> dict[str, Any]:
    """Return a reply of the platform.

    Raises
    ------
    ServiceError
        Its envelope reports a failure.
    """
    refusal_fields = parse_envelope(payload)
    if refusal_fields is None:
        return payload
    text = beginning_of(payload)
    raise error_from_refusal(refusal_fields, response.status_code, response.headers, text)


async def parse_in_thread_if_long(text: str, *, redacted: bool = False) -> object:
    """Parse a text as JSON, a long one on a thread of its own, so that the loop serves everybody
    else meanwhile.
    """

    def parse_and_redact(parse: Callable[[str], object]) -> object:
        payload = parse(text)
        if redacted:
            payload = redact_values(payload)
        return payload

    if len(text) <= values.LONG:
        return parse_and_redact(values.parse_json)
    return await in_thread(parse_and_redact, values.parse_in_turns)


def decode_reply(raw: bytes | bytearray) -> str:
    """Decode a reply as text: an invalid byte does not spoil the others. One that is not in
    Unicode declares no charset (`sniffing.in_utf_8`).
    """
    encoding = json.detect_encoding(raw)
    if encoding == "utf-8":
        return decode_text(raw)
    text = memoryview(raw)  # the bytes are not copied
    if encoding == "utf-8-sig":
        text = text[len(codecs.BOM_UTF8) :]
        encoding = "utf-8"
    return str(text, encoding, "replace")


def _too_large_error(max_bytes: int, message: Text) -> ProtocolError:
    """Return the error for what is far too large."""
    return ProtocolError(
        message.fill(most=max_bytes // 1024 // 1024),
        Text("服务出错，或地址不对", "the service failed, or the address is wrong"),
        Text("减少一次请求的数量，或检查 base_url", "ask for less at a time, or check base_url"),
    )


def check_announced_size(response: httpx.Response, max_bytes: int, message: Text) -> None:
    """Check the size that a reply announces, in bytes, before any of it is read.

    Raises
    ------
    ProtocolError
    """
    length = response.headers.get("content-length", "")
    # A bomb: a few kB that expand to gigabytes.
    packed_twice = "," in response.headers.get("content-encoding", "")
    if packed_twice or (length.isdigit() and int(length) > max_bytes):
        raise _too_large_error(max_bytes, message)


async def read_bytes(
    response: httpx.Response,
    max_bytes: int,
    message: Text = TOO_LARGE,
    chunks: AsyncIterator[bytes] | None = None,
    *,
    is_json: bool = False,
) -> bytearray:
    """Return a reply in one piece, without copying it.

    Parameters
    ----------
    is_json
        It is whole where its JSON is, whatever its connection said.

    Raises
    ------
    ProtocolError
        It has more than `max_bytes` bytes; no more of it is read.
    """
    check_announced_size(response, max_bytes, message)
    chunks = chunks or in_utf_8(response, response.aiter_bytes())
    got = await _collect(chunks, max_bytes, is_json=is_json)
    if len(got) > max_bytes:
        raise _too_large_error(max_bytes, message)
    return got


async def read_beginning(response: httpx.Response, max_bytes: int = MAX_BODY) -> bytes:
    """Return the first `max_bytes` bytes: a refusal is short, and a hostile reply is not read to
    its end.
    """
    return await read_at_most(in_utf_8(response, response.aiter_bytes()), max_bytes)


async def read_at_most(
    chunks: AsyncIterator[bytes],
    max_bytes: int,
    *,
    is_json: bool = False,
) -> bytes:
    """Return the first `max_bytes` bytes of these chunks (`read_bytes`)."""
    got = await _collect(chunks, max_bytes, is_json=is_json)
    return bytes(got[:max_bytes])


async def _collect(chunks: AsyncIterator[bytes], max_bytes: int, *, is_json: bool) -> bytearray:
    """Collect bytes until they end, or are at least this many."""
    import httpx

    got = bytearray()
    try:
        async for chunk in chunks:
            got += chunk
            if len(got) > max_bytes:
                break
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.ReadTimeout):
        if not (is_json and await _is_whole_json(got)):
            raise
    return got


async def _is_whole_json(raw: bytearray) -> bool:
    try:
        payload = await parse_in_thread_if_long(decode_reply(raw))
    except ValueError:
        return False
    return isinstance(payload, dict | list)
