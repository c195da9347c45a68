"""Read a reply's bytes as chunks of an answer: a stream of events, or one JSON body, whichever was
asked for.

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
import codecs
import json
import re
import time
from collections import deque
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.finish_reasons import names_failure
from ernie_magic.errors import ProtocolError
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.text.charsets import decode_text
from ernie_magic.text.language import Text
from ernie_magic.text.redact import EventRedactor, redact, redact_values
from ernie_magic.wire import sse
from ernie_magic.wire.content import without_other_halves
from ernie_magic.wire.failures import (
    beginning_of,
    empty_answer_error,
    error_from_event,
    error_from_refusal,
    error_from_reply,
    failed_answer_error,
    header_request_id,
    invalid_chunk_error,
    not_this_api_error,
    stream_cut_error,
    unknown_shape_error,
)
from ernie_magic.wire.picture_fields import find_bare_picture
from ernie_magic.wire.refusals import (
    MAX_BODY,
    parse_envelope,
    parse_refusal,
    reports_failure,
    unwrap_list,
)
from ernie_magic.wire.sniffing import (
    begins_object,
    begins_stream,
    in_utf_8,
    is_declared_stream,
    iter_chunks,
    may_be_json,
    read_start,
    rejoin,
    unwrap_event,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

    import httpx

    from ernie_magic.errors import ErnieError
    from ernie_magic.runtime.events import Delta
    from ernie_magic.wire.reader import Reader

# Most bytes of a reply in one piece, and most characters of one event: more is not an answer.
MAX_REPLY = 32 * 1024 * 1024
AFTER_FINISH = 3.0  # seconds to wait for more, or [DONE], after a reason to finish behind the text
# The same for a reason beside text, or before it: some servers write one on each chunk.
AFTER_EARLY_FINISH = 8.0
AFTER_DONE = 0.1  # seconds for the connection to end after [DONE]
MAX_VALUES = 2_000_000  # in one reply: each is an object of about 50 bytes, however short its text
MAX_UNREAD = 200  # lines of a page that arrived instead of a stream
_PIECE = 8 * 1024  # bytes of a stream that are read at once: some thousand lines at most
_TOO_LARGE = Text(
    "回复超过 {most} MB，没有读完", "the reply exceeds {most} MB and was not fully read"
)
# What chunks of an answer have. Any other field may be a refusal's (`refusals.parse_refusal`), and
# most chunks have none.
# Where servers say in their last event that it is the last.
_END_SWITCHES = (
    *("done", "end", "finish", "finished", "complete", "completed", "stop", "eos"),
    *(
        "is_end",
        "isEnd",
        "is_done",
        "is_finished",
        "isFinished",
        "is_final",
        "is_complete",
        "is_last",
    ),
)
_STATES = ("type", "event", "status", "state", "action")
_HOLDERS_OF_STATE = ("data", "result", "output", "message")
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
# Where gateways put a reply: {"code": 0, "data": {"choices": …}}.
_ENVELOPES = ("data", "result", "response", "body", "output", "payload")
# Bare lines that only keep a connection open.
_KEEP_ALIVE = re.compile(
    r"\W*(?:ping|pong|keep.?alive|heart.?beat|processing|ok)?\W*", re.IGNORECASE
)


def iter_deltas(response: httpx.Response, reader: Reader) -> AsyncIterator[Delta]:
    """Iterate over a reply's pieces of text as they arrive; `reader` collects everything.

    Raises
    ------
    ErnieError
    """
    if is_declared_stream(response):
        return _iter_streamed_deltas(response, reader, iter_chunks(response))
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
        deltas = _iter_streamed_deltas(response, reader, rejoin(start, chunks))
    async with aclosing(deltas):
        async for delta in deltas:
            yield delta


async def iter_events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Iterate over the JSON of each event of a stream, whatever its meaning. An error among the
    events is raised, and so is a reply that is not a stream.
    """
    chunks = iter_chunks(response)
    if not is_declared_stream(response):
        _check_announced_size(response, MAX_REPLY, _TOO_LARGE)
        start = await read_start(chunks)
        chunks = rejoin(start, chunks)
        if not begins_stream(start, response):
            raw = await read_bytes(response, MAX_REPLY, chunks=chunks)
            yield await _parse_reply(response, raw)
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
        raise error_from_reply(200, response.headers, "\n".join(unread).encode("utf-8", "replace"))


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
    raw = await read_bytes(response, max_bytes)
    if not raw and response.request.method == "DELETE":  # "204 No Content" (RFC 9110, 9.3.5)
        return {}
    return await _parse_reply(response, raw, list_name, has_envelope=has_envelope)


async def _parse_reply(
    response: httpx.Response,
    raw: bytearray,
    list_name: str = "",
    *,
    has_envelope: bool = False,
) -> dict[str, Any]:
    start = bytes(raw[:MAX_BODY])
    if len(raw) > MAX_VALUES and raw.count(b",") > MAX_VALUES:
        raise not_this_api_error(response.status_code, redact(decode_text(start), strict=True))
    if list_name and (picture := find_bare_picture(raw)):
        return {list_name: [{"b64_json": picture}]}
    payload = None
    with suppress(ValueError):
        text = unwrap_event(_decode_text(raw))
        del raw  # pictures make a large reply: it must not exist three times
        payload = await _parse_in_thread_if_long(text, redacted=True)
    if list_name and isinstance(payload, list) and unwrap_list(payload) is payload:
        payload = {list_name: payload}
    if has_envelope and isinstance(payload, dict):
        return _check_envelope(payload, response)
    if not isinstance(payload, dict) or parse_refusal(payload) is not None:
        raise error_from_reply(response.status_code, response.headers, start)
    return payload


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


async def _parse_in_thread_if_long(text: str, *, redacted: bool = False) -> object:
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


def _decode_text(raw: bytes | bytearray) -> str:
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


async def _iter_streamed_deltas(
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
        raise error_from_reply(200, response.headers, "\n".join(unread).encode("utf-8", "replace"))
    _raise_unless_answered(reader, response, "\n".join(unread))


async def _parse_whole_reply(text: str, reader: Reader) -> dict[str, Any] | None:
    """Return a whole reply that was sent as a stream, on several lines; None for anything else."""
    try:
        payload = await _parse_in_thread_if_long(text)
    except ValueError:
        return None
    if not isinstance(payload, dict) or parse_refusal(payload) is not None:
        return None
    if not reader.is_whole_reply(payload):
        return None
    return payload


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
    if status >= 400 or parse_refusal(reply) is not None:  # noqa: PLR2004
        raise error_from_reply(status, {}, text.encode("utf-8", "replace"))
    reader.feed_whole(reply)
    reader.flush_remaining()
    _raise_unless_answered(reader, httpx.Response(status), text)


def _raise_unless_answered(reader: Reader, response: httpx.Response, body: str) -> None:
    """Raise the error for a reply that ended as an answer does, but reports a failure in a choice
    or in its reason to finish, or has nothing in it.
    """
    if reader.failure is not None:
        raise error_from_refusal(
            reader.failure, 200, response.headers, beginning_of(reader.failure)
        )
    if (error := failed_answer_error(reader.finish_reason)) is not None:
        error.request_id = reader.id
        raise error
    request_id = reader.id or header_request_id(response.headers)
    if unknown := reader.unknown_shape or reader.unreadable_call or reader.unread_content:
        raise unknown_shape_error(unknown, request_id)
    if reader.is_empty and not reader.finish_reason:
        raise empty_answer_error(body[:MAX_BODY], request_id)


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
            if event.name and names_failure(event.name):
                raise error_from_event(event.data, response.headers)
            payload = parse(event.data)
            is_long = False
            if payload is None:
                if sse.is_last_word(event.data):
                    done = True
                    break
                if reader is not None and reader.finished and not may_be_json(event.data):
                    continue  # a word after the end: the answer is whole without it
                if _is_end_word(event):
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
            elif _ORDINARY.issuperset(payload):
                understood = len(unread)
                yield payload, is_long
            else:
                refused, is_answer = _examine_suspect(payload, response, reader, remarks)
                if is_answer:
                    understood = len(unread)
                    yield _unwrap_reply(payload, reader), is_long
                if refused is not None:
                    raise refused
    if problem:
        raise problem
    if reader is not None and not reader.finished:
        done = done or _announces_end(event, payload)
        _raise_unless_ended(reader, remarks, unread[understood:], response, done=done)


def _is_end_word(event: sse.Event) -> bool:
    """Whether an event without JSON is the end, by its text or its name."""
    if sse.is_end_word(event.data):
        return True
    return sse.is_end_name(event.name) and not may_be_json(event.data)


def _announces_end(event: sse.Event | None, payload: object) -> bool:
    """Whether the last event of a stream says that it is the last, in words of the server's own:
    `event: done`, `{"done": true}`, `{"type": "message_stop"}`.
    """
    if event is None:
        return False
    if _is_end_word(event) or sse.is_end_name(event.name):
        return True
    if isinstance(payload, str) and sse.is_end_word(payload):
        return True
    fields = values.as_object(payload)
    return any(
        _says_end(source)
        for source in (fields, *map(values.as_object, map(fields.get, _HOLDERS_OF_STATE)))
    )


def _says_end(fields: Mapping[str, Any]) -> bool:
    # A number may be a position.
    if any(fields.get(name) is True for name in _END_SWITCHES):
        return True
    return any(sse.is_end_name(values.as_name(fields.get(name))) for name in _STATES)


def _raise_unless_ended(
    reader: Reader,
    remarks: list[dict[str, Any]],
    lines: list[str],
    response: httpx.Response,
    *,
    done: bool,
) -> None:
    """Raise the error for a stream that did not say why it ended.

    Parameters
    ----------
    lines
        The last lines that were no part of the answer: without a reason to finish, they are it.
    """
    if remarks:
        raise _refusal_error(remarks[-1], response)
    words = "\n".join(line for line in lines if _may_be_failure(line))
    if reader.started and words and (done or names_failure(words)):
        raise error_from_event(words, response.headers)
    if reader.started and not done:
        raise stream_cut_error()


def _may_be_failure(line: str) -> bool:
    """Whether a line that is no part of an answer may say why it ended: plain words may."""
    if names_failure(line):
        return True
    if line.lstrip().startswith('"'):
        return False  # a text in JSON; a long one is kept only in part, and does not parse
    try:
        values.parse_json(line)
    except ValueError:
        return not _KEEP_ALIVE.fullmatch(line)
    return False


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
        return await _parse_in_thread_if_long(event.data)
    except ValueError:
        if event.bare:
            if len(unread) < MAX_UNREAD:
                unread.append(event.data[:MAX_BODY])
            return None
        if len(event.data) <= values.LONG and (pieces := sse.split_glued(event)):
            return pieces
        if not event.whole:
            raise stream_cut_error() from None
        raise invalid_chunk_error(event.data[:MAX_BODY]) from None


def _only_object(payload: object) -> dict[str, Any]:
    """Return the object that a body is, or that a list of one has; {} for anything else."""
    if isinstance(payload, list) and len(payload) == 1:
        payload = payload[0]
    return dict(values.as_object(payload))


def _unwrap_reply(payload: dict[str, Any], reader: Reader | None) -> dict[str, Any]:
    """Return the reply that a gateway has put into an object of its own; any other object as it
    is.
    """
    if reader is None or reader.is_whole_reply(payload):
        return payload
    inner = (payload.get(name) for name in _ENVELOPES)
    for value in inner:
        if isinstance(value, dict) and reader.is_whole_reply(value):
            return value
    return payload


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
    is_answer = reader is None or reader.is_whole_reply(_unwrap_reply(payload, reader))
    payload = _without_own_fields(payload, reader)
    if parse_refusal(payload) is not None:
        return _refusal_error(payload, response), is_answer and reader is not None
    if is_answer or parse_refusal(payload, may_be_answer=False) is None:
        return None, True
    if reports_failure(payload):
        return _refusal_error(payload, response), False
    remarks[:] = [payload]
    return None, False


def _without_own_fields(payload: dict[str, Any], reader: Reader | None) -> dict[str, Any]:
    """Return a reply without the fields in which a code is no failure of it."""
    if reader is None or not reader.own_fields:
        return payload
    return {name: value for name, value in payload.items() if name not in reader.own_fields}


def _refusal_error(payload: dict[str, Any], response: httpx.Response) -> ErnieError:
    fields = parse_refusal(payload, may_be_answer=False) or {}
    return error_from_refusal(fields, 200, response.headers, beginning_of(payload))


def _examine_other_json(
    event: sse.Event,
    payload: object,
    response: httpx.Response,
    unread: list[str],
) -> None:
    """Keep JSON that is not an object, for an error; raise it when it is one by itself."""
    inner = unwrap_list(payload)
    if isinstance(inner, dict) and parse_refusal(inner) is not None:
        raise _refusal_error(inner, response)
    if payload is not None and len(unread) < MAX_UNREAD:
        unread.append(event.data[:MAX_BODY])


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
    raw = await _read_at_most(rejoin(start, rest), max_bytes)
    payload = None
    with suppress(ValueError):
        payload = await _parse_in_thread_if_long(_decode_text(raw))
    events = _events_of_chunks(payload, reader)
    if is_object and payload is None:
        events = _lines_of_body(raw)
    if events:
        async for streamed in _iter_streamed_deltas(response, reader, _once(events)):
            yield streamed
        return
    envelope = _only_object(payload)
    reply = _unwrap_reply(envelope, reader)
    if not reader.is_whole_reply(reply):
        raise error_from_reply(response.status_code, response.headers, raw)
    error = _error_beside_answer(envelope, reader, response)
    if len(raw) > values.LONG:
        first = await in_thread(reader.feed_whole, reply)
    else:
        first = reader.feed_whole(reply)
    for delta in (first, reader.flush_remaining()):
        if delta:
            yield delta
    if error is not None:
        raise error
    _raise_unless_answered(reader, response, raw[:MAX_BODY].decode("utf-8", "replace"))


def _error_beside_answer(
    envelope: dict[str, Any],
    reader: Reader,
    response: httpx.Response,
) -> ErnieError | None:
    """Return the error that a body reports beside an answer, None for none."""
    suspect = _without_own_fields(envelope, reader)
    if parse_refusal(suspect) is None:
        return None
    return _refusal_error(suspect, response)


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


def _too_large_error(max_bytes: int, message: Text) -> ProtocolError:
    """Return the error for what is far too large."""
    return ProtocolError(
        message.fill(most=max_bytes // 1024 // 1024),
        Text("服务出错，或地址不对", "the service failed, or the address is wrong"),
        Text("减少一次请求的数量，或检查 base_url", "ask for less at a time, or check base_url"),
    )


def _check_announced_size(response: httpx.Response, max_bytes: int, message: Text) -> None:
    length = response.headers.get("content-length", "")
    # A bomb: a few kB that expand to gigabytes.
    packed_twice = "," in response.headers.get("content-encoding", "")
    if packed_twice or (length.isdigit() and int(length) > max_bytes):
        raise _too_large_error(max_bytes, message)


async def read_bytes(
    response: httpx.Response,
    max_bytes: int,
    message: Text = _TOO_LARGE,
    chunks: AsyncIterator[bytes] | None = None,
) -> bytearray:
    """Return a reply in one piece, without copying it.

    Raises
    ------
    ProtocolError
        It has more than `max_bytes` bytes; no more of it is read.
    """
    _check_announced_size(response, max_bytes, message)
    got = bytearray()
    async for chunk in chunks or in_utf_8(response, response.aiter_bytes()):
        got += chunk
        if len(got) > max_bytes:
            raise _too_large_error(max_bytes, message)
    return got


async def read_beginning(response: httpx.Response, max_bytes: int = MAX_BODY) -> bytes:
    """Return the first `max_bytes` bytes: a refusal is short, and a hostile reply is not read to
    its end.
    """
    return await _read_at_most(in_utf_8(response, response.aiter_bytes()), max_bytes)


async def _read_at_most(chunks: AsyncIterator[bytes], max_bytes: int) -> bytes:
    got = bytearray()
    async for chunk in chunks:
        got += chunk
        if len(got) >= max_bytes:
            break
    return bytes(got[:max_bytes])


async def _once(raw: bytes) -> AsyncGenerator[bytes, None]:
    """Iterate over bytes that have all been read."""
    yield raw
