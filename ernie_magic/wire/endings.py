"""How an answer ended: with a word for the end, with a failure, or cut off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.finish_reasons import names_failure
from ernie_magic.wire import sse
from ernie_magic.wire.envelopes import refusal_error
from ernie_magic.wire.failures import (
    beginning_of,
    error_from_event,
    error_from_refusal,
    failed_answer_error,
    header_request_id,
    stream_cut_error,
    unknown_shape_error,
)
from ernie_magic.wire.refusals.parsing import MAX_BODY
from ernie_magic.wire.refusals.words import find_other_words, fold_names, tells_failure
from ernie_magic.wire.sniffing import may_be_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from ernie_magic.errors import ErnieError
    from ernie_magic.wire.reader import Reader

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
_PINGS = r"ping|pong|keep.?alive|heart.?beat"
# Bare lines that only keep a connection open.
_KEEP_ALIVE = re.compile(rf"\W*(?:{_PINGS}|processing|ok)?\W*", re.IGNORECASE)
# As the name of an event, or all of its text.
_KEEP_ALIVE_NAME = re.compile(rf"\W*(?:{_PINGS}|no.?op)\W*", re.IGNORECASE)
# What a program writes for nothing, a number or a time: no words, and no JSON.
_NO_WORDS = re.compile(
    r"\s*(?:None|nil|undefined|nan|true|false|(?![{\[\"])[\d\s:.,/+TZ-]*)\s*", re.IGNORECASE
)


def is_keep_alive(event: sse.Event) -> bool:
    """Whether an event without JSON only keeps a connection open: a time in an `event: ping`
    (https://github.com/lanqian528/chat2api/pull/25), a `None`
    (https://github.com/CherryHQ/cherry-studio/issues/11122).
    """
    text = event.data
    if _NO_WORDS.fullmatch(text) or _KEEP_ALIVE_NAME.fullmatch(text):
        return True
    if may_be_json(text) or tells_failure(text):
        return False
    return _KEEP_ALIVE_NAME.fullmatch(event.name) is not None


def is_end_word(event: sse.Event) -> bool:
    """Whether an event without JSON is the end, by its text or its name."""
    if sse.is_end_word(event.data):
        return True
    return sse.is_end_name(event.name) and not may_be_json(event.data)


def announces_end(event: sse.Event | None, payload: object) -> bool:
    """Whether the last event of a stream says that it is the last, in words of the server's own:
    `event: done`, `{"done": true}`, `{"type": "message_stop"}`.
    """
    if event is None:
        return False
    if is_end_word(event) or sse.is_end_name(event.name):
        return True
    if isinstance(payload, str) and sse.is_end_word(payload):
        return True
    fields = values.as_object(payload)
    return any(
        _says_end(source)
        for source in (fields, *map(values.as_object, map(fields.get, _HOLDERS_OF_STATE)))
    )


def failed_end_error(
    event: sse.Event,
    payload: Mapping[str, Any],
    reader: Reader | None,
    response: httpx.Response,
) -> ErnieError | None:
    """Return the error for an event that says that the stream ends, and that it failed:
    `event: close`, `{"reason": "upstream timeout"}`; None for any other.
    """
    if reader is None or reader.finished or reader.is_whole_reply(payload):
        return None
    words = find_other_words(fold_names(payload))
    if not tells_failure(words) or not announces_end(event, payload):
        return None
    return error_from_refusal({"message": words}, 200, response.headers, beginning_of(payload))


def _says_end(fields: Mapping[str, Any]) -> bool:
    # A number may be a position.
    if any(fields.get(name) is True for name in _END_SWITCHES):
        return True
    return any(sse.is_end_name(values.as_name(fields.get(name))) for name in _STATES)


def raise_unless_ended(
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
        raise refusal_error(remarks[-1], response)
    if reader.failure is not None:
        return  # that is why it ended
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


def raise_unless_answered(reader: Reader, response: httpx.Response, body: str) -> None:
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
    if (empty := reader.empty_error(body[:MAX_BODY], request_id)) is not None:
        raise empty
