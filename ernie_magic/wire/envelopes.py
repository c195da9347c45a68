"""What a gateway puts around a reply, and the failure that it reports there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.wire.failures import beginning_of, error_from_refusal
from ernie_magic.wire.inner_objects import inner_objects
from ernie_magic.wire.refusals.parsing import parse_refusal

if TYPE_CHECKING:
    import httpx

    from ernie_magic.errors import ErnieError
    from ernie_magic.wire.reader import Reader


def only_object(payload: object) -> dict[str, Any]:
    """Return the object that a body is, or that a list of one has; {} for anything else."""
    if isinstance(payload, list) and len(payload) == 1:
        payload = payload[0]
    return dict(values.as_object(payload))


def unwrap_reply(payload: dict[str, Any], reader: Reader | None) -> dict[str, Any]:
    """Return the reply that a gateway has put into an object of its own; any other object as it
    is.
    """
    if reader is None or reader.is_whole_reply(payload):
        return payload
    replies = (inner for inner in inner_objects(payload) if reader.is_whole_reply(inner))
    return next(replies, payload)


def without_own_fields(payload: dict[str, Any], reader: Reader | None) -> dict[str, Any]:
    """Return a reply without the fields in which a code is no failure of it."""
    if reader is None or not reader.own_fields:
        return payload
    return {name: value for name, value in payload.items() if name not in reader.own_fields}


def error_beside_answer(
    envelope: dict[str, Any],
    reader: Reader,
    response: httpx.Response,
) -> ErnieError | None:
    """Return the error that a body reports beside an answer, None for none."""
    suspect = without_own_fields(envelope, reader)
    if parse_refusal(suspect) is None:
        return None
    return refusal_error(suspect, response)


def refusal_error(payload: dict[str, Any], response: httpx.Response) -> ErnieError:
    """Return the error for a body that reports a failure."""
    fields = parse_refusal(payload, may_be_answer=False) or {}
    return error_from_refusal(fields, 200, response.headers, beginning_of(payload))
