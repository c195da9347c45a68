"""Every documented refusal, and how to provoke each here: AI Studio's, Qianfan V2's and V1's.

Sources, each a page titled "错误码": AI Studio, "大模型 API"
(https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns), Qianfan V2
(https://cloud.baidu.com/doc/qianfan-api/s/Om9b4yj3w) and Qianfan V1
(https://cloud.baidu.com/doc/WENXINWORKSHOP/s/tlmyncueh).
"""

from __future__ import annotations

import secrets
import string
import uuid
from typing import Any, NamedTuple

from ernie_magic.api.http_status import FORBIDDEN


class ErrorRow(NamedTuple):
    """One row of the error table.

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
V1 = "v1"
V1_ROOT = "/rpc/"  # of V1's paths
V1_PREFIX = "/rpc/2.0/ai_custom/v1/wenxinworkshop"  # of its models' paths
TABLE: tuple[ErrorRow, ...] = (
    ErrorRow(
        400,
        _BAD,
        "malformed_json",
        "Invalid JSON",
        "a body that is not JSON, a wrong field or value",
    ),
    ErrorRow(400, _BAD, "invalid_model", "model is empty", "no model"),
    ErrorRow(
        400,
        _BAD,
        "invalid_messages",
        "the messages are invalid",
        "a wrong order of roles, empty content",
    ),
    ErrorRow(
        400,
        _BAD,
        "characters_too_long",
        "the max input characters is {limit}",
        "more characters than the model takes",
    ),
    ErrorRow(400, _BAD, "invalid_user_id", "user_id can not be empty", 'user: ""'),
    ErrorRow(
        400, _BAD, "tokens_too_long", "Prompt tokens too long", "more tokens than the model takes"
    ),
    ErrorRow(
        401,
        "access_denied",
        "no_parameter_permission",
        "No permission to use the parameter",
        "penalties on a model that does not take them",
    ),
    ErrorRow(
        401,
        _BAD,
        "invalid_model",
        "No permission to use the model",
        "a model that begins with forbidden",
    ),
    ErrorRow(
        401,
        _BAD,
        "invalid_appid",
        "No permission to use the appid",
        "a header appid that begins with bad",
    ),
    ErrorRow(
        401,
        _BAD,
        "invalid_iam_token",
        "IAM Certification failed",
        "no key, or one that begins with bad",
    ),
    ErrorRow(
        403,
        "unsafe_request",
        "system_unsafe",
        "the content of system field is invalid",
        "[[unsafe]] in a system message",
    ),
    ErrorRow(
        403,
        "unsafe_request",
        "user_setting_unsafe",
        "the content of user field is invalid",
        "[[unsafe]] in a user message",
    ),
    ErrorRow(
        403,
        "unsafe_request",
        "functions_unsafe",
        "the content of functions field is invalid",
        "[[unsafe]] in tools or functions",
    ),
    ErrorRow(404, _BAD, "no_such_model", "no such model", "a model nobody knows"),
    ErrorRow(
        405, _BAD, "method_not_supported", "Only POST requests are accepted", "another method"
    ),
    ErrorRow(
        429,
        _BUSY,
        "rpm_rate_limit_exceeded",
        "Rate limit reached for RPM",
        "a key that begins with limited",
    ),
    ErrorRow(
        429,
        _BUSY,
        "tpm_rate_limit_exceeded",
        "Rate limit reached for TPM",
        "a key that begins with limited-tpm",
    ),
    ErrorRow(
        429,
        _BUSY,
        "preemptible_rate_limit_exceeded",
        "Rate limit reached for preemptible resource",
        "a key that begins with limited-preemptible",
    ),
    ErrorRow(
        429,
        _BUSY,
        "user_rate_limit_exceeded",
        "qps request limit by APP ID reached",
        "a key that begins with limited-user",
    ),
    ErrorRow(
        429,
        _BUSY,
        "cluster_rate_limit_exceeded",
        "request limit by resouce cluster reached",
        "a key that begins with limited-cluster",
    ),
    ErrorRow(500, "Internal_error", "internal_error", "Internal error", "[[error]] in a message"),
    ErrorRow(
        500,
        "Internal_error",
        "dispatch_internal_error",
        "Internal error",
        "[[dispatch_error]] in a message",
    ),
    # Later additions to V2 (https://cloud.baidu.com/doc/qianfan-api/s/Om9b4yj3w).
    ErrorRow(400, _BAD, "invalid_argument", "Invalid Argument", "a fault"),
    ErrorRow(400, _BAD, "invalid_image_generation_prompt", "the prompt is invalid", "a fault"),
    ErrorRow(400, _BAD, "invalid_image_url", "the image url is invalid", "a fault"),
    ErrorRow(400, _BAD, "invalid_plugin_argument", "the plugin argument is invalid", "a fault"),
    ErrorRow(400, "unsafe_request", "image_url_unsafe", "the image is unsafe", "a fault"),
    # V1 answers with HTTP 200 and a number
    # (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/tlmyncueh).
    ErrorRow(200, V1, "1", "Unknown error", "a fault"),
    ErrorRow(200, V1, "2", "Service temporarily unavailable", "a fault"),
    ErrorRow(200, V1, "3", "Unsupported openapi method", "a path nobody knows"),
    ErrorRow(200, V1, "4", "Open api request limit reached", "a fault"),
    ErrorRow(200, V1, "6", "No permission to access data", "a service that begins with forbidden"),
    ErrorRow(200, V1, "13", "Get service token failed", "no token and no signature"),
    ErrorRow(200, V1, "14", "IAM Certification failed", "a wrong signature"),
    ErrorRow(200, V1, "15", "app not exists or create failed", "a fault"),
    ErrorRow(200, V1, "17", "Open api daily request limit reached", "a fault"),
    ErrorRow(200, V1, "18", "Open api qps request limit reached", "a fault"),
    ErrorRow(200, V1, "19", "Open api total request limit reached", "a fault"),
    ErrorRow(200, V1, "100", "Invalid parameter", "an empty access_token"),
    ErrorRow(
        200,
        V1,
        "110",
        "Access token invalid or no longer valid",
        "an access_token that begins with bad",
    ),
    ErrorRow(
        200,
        V1,
        "111",
        "Access token expired",
        "an access_token that begins with expired, or has ended",
    ),
    ErrorRow(200, V1, "336000", "Internal error", "[[error]] in a message"),
    ErrorRow(200, V1, "336001", "Invalid Argument", "a field that is missing"),
    ErrorRow(200, V1, "336002", "Invalid JSON", "a body that is not JSON"),
    ErrorRow(200, V1, "336003", "Invalid parameter", "a value out of range"),
    ErrorRow(200, V1, "336004", "permission error", "a fault"),
    ErrorRow(200, V1, "336005", "API name does not exist", "a fault"),
    ErrorRow(
        200,
        V1,
        "336006",
        "the length of messages must be an odd number",
        "an even number, a wrong order of roles",
    ),
    ErrorRow(
        200,
        V1,
        "336007",
        "the max input characters is {limit}",
        "more characters than the model takes",
    ),
    ErrorRow(200, V1, "336100", "the server is overloaded, please try again later", "a fault"),
    ErrorRow(200, V1, "336101", "Invalid HTTP method", "another method"),
    ErrorRow(200, V1, "336103", "Prompt tokens too long", "more tokens than the model takes"),
    ErrorRow(200, V1, "336104", "the content of system field is invalid", "[[unsafe]] in system"),
    ErrorRow(200, V1, "336105", "the content of user field is invalid", "[[unsafe]] in a message"),
    ErrorRow(200, V1, "336501", "Rate limit reached for RPM", "more requests than are allowed"),
    ErrorRow(200, V1, "336502", "Rate limit reached for TPM", "more tokens than are allowed"),
    ErrorRow(200, V1, "500000", "console internal error", "a fault"),
)
# What the emulator itself refuses, in the services' form (`access.py`); no service has these codes.
OWN: tuple[ErrorRow, ...] = (
    ErrorRow(
        400, _BAD, "invalid_http_request", "this is not an HTTP request", "bytes that are not HTTP"
    ),
    ErrorRow(
        401,
        "access_denied",
        "invalid_emulator_token",
        "this needs the emulator's token, as a Bearer token: it is printed where the emulator is "
        "started",
        "/emulator/* without the token",
    ),
    ErrorRow(
        403,
        "access_denied",
        "forbidden_host",
        "the emulator answers only at localhost and at its own address and port: start it with the "
        "--host and the --port that callers name",
        "a Host header that names another",
    ),
    ErrorRow(
        403,
        "access_denied",
        "forbidden_origin",
        "the emulator does not answer web pages of another origin",
        "an Origin header or Sec-Fetch-Site of another page",
    ),
    ErrorRow(
        403,
        "access_denied",
        "invalid_picture_link",
        "this emulator has not given out this link",
        "a link to a picture that was changed",
    ),
    ErrorRow(
        408,
        _BAD,
        "request_timeout",
        "the request did not arrive in time",
        "a body that does not come",
    ),
    ErrorRow(
        413, _BAD, "request_too_large", "the body is larger than {limit} bytes", "a larger body"
    ),
    ErrorRow(
        415,
        _BAD,
        "unsupported_media_type",
        "Content-Type must be application/json",
        "a form, or plain text",
    ),
    ErrorRow(
        431, _BAD, "headers_too_large", "the headers are too large", "more than 64 KiB of headers"
    ),
)
V1_CONSOLE = "/wenxinworkshop/"
# The groups of V1's console whose replies have a `status` and `success`.
V1_DATA_GROUPS = frozenset({"dataset", "enhance", "entity", "etl", "prompt"})
_INVALID_PARAMETER = 336003
# The groups of the platform, whose refusals have a form of their own.
PLATFORM_GROUPS = frozenset(
    {
        "app",
        "batchinference",
        "dataset",
        "eval",
        "finetuning",
        "knowledgeBase",
        "knowledgebases",
        "model",
        "promptLabels",
        "promptTemplates",
        "service",
    }
)
# What all of Baidu's cloud shares (https://cloud.baidu.com/doc/Reference/s/Rjx4d0rxo), and what the
# platform's own pages name: codes with their statuses.
CONSOLE_STATUSES = {
    "AccessDenied": 403,
    "InappropriateJSON": 400,
    "InternalError": 500,
    "InvalidAccessKeyId": 403,
    "InvalidHTTPAuthHeader": 400,
    "MalformedJSON": 400,
    "OptInRequired": 403,
    "RequestExpired": 400,
    "SignatureDoesNotMatch": 400,
    "TaskRunningNumberExceedLimit": 400,
}
# V1's numbers for what V2 names in words.
IN_V1 = {
    "invalid_argument": "336003",
    "malformed_json": "336003",
    "invalid_messages": "336006",
    "characters_too_long": "336007",
    "tokens_too_long": "336103",
    "system_unsafe": "336104",
    "user_setting_unsafe": "336105",
    "functions_unsafe": "336003",
    "internal_error": "336000",
    "dispatch_internal_error": "336000",
    "rpm_rate_limit_exceeded": "336501",
    "tpm_rate_limit_exceeded": "336502",
    "no_parameter_permission": "336003",
    "invalid_user_id": "336003",
    "method_not_supported": "336101",
    "no_such_model": "3",
    "forbidden_host": "6",
    "forbidden_origin": "6",
    "unsupported_media_type": "336002",
    "request_too_large": "336003",
    "request_timeout": "336003",
    "headers_too_large": "336003",
}


class Refusal(Exception):
    """The service refuses.

    Parameters
    ----------
    code
        A code of the table.
    message
        Replaces the table's message.
    status
        Chooses between two rows with the same code.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        status: int | None = None,
        **fields: Any,
    ) -> None:
        row = next(
            row for row in (*TABLE, *OWN) if row.code == code and status in (None, row.status)
        )
        super().__init__(code)
        self.code = code
        self.status = row.status
        self.message = message
        self.fields = fields
        said = message or row.message
        if fields:
            said = said.format(**fields)
        self.formatted_message = said
        self.body: dict[str, Any]
        if row.type == V1:
            self.body = {"error_code": int(row.code), "error_msg": said}
        else:
            self.body = {"error": {"code": row.code, "message": said, "type": row.type}}
        self.body["id"] = request_id()

    def in_v1(self) -> Refusal:
        """The same refusal in V1's numbers."""
        if self.code not in IN_V1:
            return self
        message = self.message
        if any(row.code == self.code for row in OWN):
            message = self.formatted_message
        return Refusal(IN_V1[self.code], message, **self.fields)

    def in_protocol_of(self, path: str) -> Refusal:
        """The same refusal as the protocol that a path belongs to writes it."""
        if path.startswith(V1_ROOT):
            return self.in_v1()
        if is_console_path(path):
            written = ConsoleRefusal(self.status, self.code, self.formatted_message)
            return written.in_protocol_of(path)
        return self


class ConsoleRefusal(Refusal):
    """A refusal of Qianfan's platform, whose codes are words and whose envelope is its own.

    Sources: the codes that all of Baidu's cloud shares
    (https://cloud.baidu.com/doc/Reference/s/Rjx4d0rxo).

    Parameters
    ----------
    status
        HTTP status.
    code, message
        In the service's words.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        Exception.__init__(self, code)
        self.code = code
        self.status = status
        self.message = message
        self.fields = {}
        self.formatted_message = message
        self.body = {"requestId": str(uuid.uuid4()), "code": code, "message": message}

    def in_protocol_of(self, path: str) -> Refusal:
        """The same refusal as V1's console writes it, with HTTP status 200, where it is that."""
        if not path.startswith(V1_CONSOLE) or self.status == FORBIDDEN:
            return self
        written = ConsoleRefusal(200, self.code, self.message)
        written.body = {"log_id": request_id()}
        group = path.removeprefix(V1_CONSOLE).partition("/")[0]
        if group not in V1_DATA_GROUPS:
            written.body |= {"error_code": _INVALID_PARAMETER, "error_msg": self.message}
            return written
        message: object = self.message
        if group == "prompt":
            message = {"global": self.message}
        written.body |= {"status": 400, "success": False, "code": self.code, "message": message}
        return written


def is_console_path(path: str) -> bool:
    """Whether a path is one of the platform's, which has an envelope of its own."""
    group = path.removeprefix("/v2/").partition("/")[0]
    return path.startswith(V1_CONSOLE) or (path.startswith("/v2/") and group in PLATFORM_GROUPS)


def request_id() -> str:
    """An id in the services' form: `as-` and ten letters or digits."""
    # Not `random`: the emulator may run in the user's kernel, whose random state is the user's.
    return "as-" + "".join(
        secrets.choice(string.ascii_lowercase + string.digits) for _ in range(10)
    )
