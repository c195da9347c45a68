"""Every refusal of the documents: seed 000's error table, and how to provoke each here."""

from __future__ import annotations

import secrets
import string
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One row of the error table (seed 000, "错误码").

    Attributes
    ----------
    status : int
    type, code, message : str
    trigger : str
        How to provoke it here.
    """

    status: int
    type: str
    code: str
    message: str
    trigger: str


_BAD = "invalid_request_error"
_BUSY = "rate_limit_exceeded"
TABLE: tuple[Row, ...] = (
    Row(400, _BAD, "malformed_json", "Invalid JSON", "a body that is not JSON, a wrong field or value"),
    Row(400, _BAD, "invalid_model", "model is empty", "no model"),
    Row(400, _BAD, "invalid_messages", "the messages are invalid", "a wrong order of roles, empty content"),
    Row(400, _BAD, "characters_too_long", "the max input characters is {limit}", "more characters than the model takes"),
    Row(400, _BAD, "invalid_user_id", "user_id can not be empty", 'user: ""'),
    Row(400, _BAD, "tokens_too_long", "Prompt tokens too long", "more tokens than the model takes"),
    Row(401, "access_denied", "no_parameter_permission", "No permission to use the parameter", "penalties on a model that does not take them"),
    Row(401, _BAD, "invalid_model", "No permission to use the model", "a model that begins with forbidden"),
    Row(401, _BAD, "invalid_appid", "No permission to use the appid", "a header appid that begins with bad"),
    Row(401, _BAD, "invalid_iam_token", "IAM Certification failed", "no key, or one that begins with bad"),
    Row(403, "unsafe_request", "system_unsafe", "the content of system field is invalid", "[[unsafe]] in a system message"),
    Row(403, "unsafe_request", "user_setting_unsafe", "the content of user field is invalid", "[[unsafe]] in a user message"),
    Row(403, "unsafe_request", "functions_unsafe", "the content of functions field is invalid", "[[unsafe]] in tools or functions"),
    Row(404, _BAD, "no_such_model", "no such model", "a model nobody knows"),
    Row(405, _BAD, "method_not_supported", "Only POST requests are accepted", "another method"),
    Row(429, _BUSY, "rpm_rate_limit_exceeded", "Rate limit reached for RPM", "a key that begins with limited"),
    Row(429, _BUSY, "tpm_rate_limit_exceeded", "Rate limit reached for TPM", "a key that begins with limited-tpm"),
    Row(429, _BUSY, "preemptible_rate_limit_exceeded", "Rate limit reached for preemptible resource", "a key that begins with limited-preemptible"),
    Row(429, _BUSY, "user_rate_limit_exceeded", "qps request limit by APP ID reached", "a key that begins with limited-user"),
    Row(429, _BUSY, "cluster_rate_limit_exceeded", "request limit by resouce cluster reached", "a key that begins with limited-cluster"),
    Row(500, "Internal_error", "internal_error", "Internal error", "[[error]] in a message"),
    Row(500, "Internal_error", "dispatch_internal_error", "Internal error", "[[dispatch_error]] in a message"),
)


class Refusal(Exception):
    """The service says no.

    Parameters
    ----------
    code
        A code of the table.
    message
        In place of the table's words.
    status
        Chooses between two rows with the same code.
    """

    def __init__(self, code: str, message: str = "", status: int | None = None, **fields: object) -> None:
        row = next(row for row in TABLE if row.code == code and status in (None, row.status))
        super().__init__(code)
        self.status = row.status
        self.body: dict[str, Any] = {
            "error": {"code": row.code, "message": (message or row.message).format(**fields) if fields else message or row.message, "type": row.type},
            "id": request_id(),
        }


def request_id() -> str:
    """An id as the service makes them: `as-` and ten letters or digits."""
    # Not `random`: the emulator may run in the user's kernel, whose seeded numbers are the user's.
    return "as-" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(10))
