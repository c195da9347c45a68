"""A service's refusal, found in a JSON body of whatever shape.

Five shapes occur: {"error": {code, message, type}}, {"errorCode", "errorMsg"}, {"code", "msg"} with
HTTP 200, {"error_code", "error_msg"}, {"detail"}. Where no answer can be meant, any words of a
failure count.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.text.language import whole_characters
from ernie_magic.wire.error_codes import is_failing_status, is_known_code

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY = 64 * 1024  # bytes of a refusal that are read
_CODE = 100  # characters of a code or a type
_LONGEST = {"message": MAX_BODY}  # characters of other fields
# A code at a body's top that is a failure whatever it is, and its message.
_CODES_OF_FAILURE = (
    ("errorCode", "errorMsg"),
    ("error_code", "error_msg"),
    ("errcode", "errmsg"),
)
_CODE_MESSAGES = ("error_msg", "errorMsg", "errmsg", "error_message", "errorMessage", "errors")
_SUCCESS_CODES = frozenset({"0", "200", "ok", "success"})
FAILED_STATUSES = frozenset({"error", "fail", "failed", "failure"})


def parse_refusal(
    body: Mapping[str, Any], status: int = 200, *, may_be_answer: bool = True
) -> dict[str, Any] | None:
    """Return the code, type, message, request id and `status` in a JSON body that is an error; None
    when it is not one.

    With a status that means success, only an unmistakable error counts: other replies have a `code`
    or a `detail` too.

    Parameters
    ----------
    body
        The parsed JSON.
    status
        HTTP status; below 400 means success.
    may_be_answer
        Whether the body may be what was asked for; otherwise any words of a failure count.
    """
    failed = status >= 400  # noqa: PLR2004
    certain = failed or not may_be_answer
    fields = _error_fields(body, failed=failed)
    if fields is None:
        fields = _code_fields(body, certain=certain)
    if fields is None and certain:
        fields = _message_fields(body)
    if fields is None:
        return None
    fields["request_id"] = next(
        (body[k] for k in ("id", "request_id", "trace_id", "logId") if body.get(k)), ""
    )
    return {
        name: _field_text(value, name) for name, value in fields.items() if value not in (None, "")
    }


def _error_fields(body: Mapping[str, Any], *, failed: bool) -> dict[str, Any] | None:
    """Return what `error` says, which is an object, or a code or a sentence by itself."""
    error = body.get("error")
    if isinstance(error, dict):
        if not any(error.values()) or (_means_success(error.get("code")) and not failed):
            return None
        return {
            "code": error.get("code"),
            "type": error.get("type"),
            "message": _nested_message(error),
            "status": _status_field(error),
        }
    if error is True:
        return {"code": body.get("code"), "message": _message(body)}
    if error:
        message = body.get("error_description") or values.as_text(body.get("message"))
        return {"code": error, "message": message or error, "status": _status_field(body)}
    return None


def _nested_message(error: Mapping[str, Any]) -> object:
    """Return an error's message, with what a gateway says that its own provider said
    (https://openrouter.ai/docs/api/reference/errors-and-debugging).
    """
    message = error.get("message") or _message(error)
    provider = values.as_object(error.get("metadata")).get("raw")
    if isinstance(message, str) and isinstance(provider, str) and provider:
        return f"{message}: {provider}"
    return message


def _code_fields(body: Mapping[str, Any], *, certain: bool) -> dict[str, Any] | None:
    """Return what a body says that has a code at its top."""
    for source, name, message in (
        *((body, name, message) for name, message in _CODES_OF_FAILURE),
        (values.as_object(body.get("base_resp")), "status_code", "status_msg"),  # MiniMax
    ):
        if source.get(name) and not _means_success(source[name]):
            return {"code": source[name], "message": source.get(message) or _message(body)}
    code = body.get("code")
    fields = {"code": code, "message": _message(body), "status": _status_field(body)}
    if body.get("object") == "error":
        return {**fields, "type": body.get("type")}
    if body.get("type") == "error":
        return fields
    if not code or _means_success(code) or not ("msg" in body or "message" in body):
        return None
    is_failure = is_known_code(_field_text(code, "code")) or is_failing_status(
        values.as_whole_number(code) or 0
    )
    if certain or is_failure:
        return fields
    return None


def _message_fields(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a body says that has only words."""
    if isinstance(detail := body.get("detail"), dict) and (
        inner := parse_refusal(detail, may_be_answer=False)
    ):
        return inner
    message = _message(body)
    if (message or reports_failure(body)) and not _means_success(body.get("code")):
        return {"code": body.get("code"), "message": message, "status": _status_field(body)}
    return None


def reports_failure(body: Mapping[str, Any]) -> bool:
    """Whether a body that is not an answer clearly is a failure: {"message": "queued"} alone need
    not be one.
    """
    return (
        _is_error_object(body)
        or body.get("success") is False
        or values.as_name(body.get("status")).lower() in FAILED_STATUSES
        or bool(_status_field(body))
        or any(body.get(name) for name in ("error", "code", "detail", *_CODE_MESSAGES))
    )


def _is_error_object(body: Mapping[str, Any]) -> bool:
    return body.get("object") == "error" or body.get("type") == "error"


def _message(body: Mapping[str, Any]) -> object:
    for name in ("msg", "message"):
        if isinstance(body.get(name), str) and body[name]:
            return body[name]
    return next((body[name] for name in ("detail", *_CODE_MESSAGES) if body.get(name)), None)


def _status_field(body: Mapping[str, Any]) -> int | None:
    """Return the HTTP status that a body itself names."""
    for name in ("status", "status_code", "statusCode"):
        number = values.as_whole_number(body.get(name))
        if number is not None and is_failing_status(number):
            return number
    return None


def _means_success(code: object) -> bool:
    """Whether a code says that nothing failed."""
    return not isinstance(code, bool) and values.as_name(code).lower() in _SUCCESS_CODES


def _field_text(value: object, name: str) -> str:
    """Return a service's message, whatever the kind of its value."""
    if not isinstance(value, str):
        value = values.as_name(value) or json.dumps(value, ensure_ascii=False)
    return whole_characters(value[: _LONGEST.get(name, _CODE)])


def unwrap_list(payload: object) -> object:
    """Return the error in a list of one, in which Google's servers wrap it; anything else
    unchanged.
    """
    if isinstance(payload, list) and len(payload) == 1 and "error" in values.as_object(payload[0]):
        return payload[0]
    return payload
