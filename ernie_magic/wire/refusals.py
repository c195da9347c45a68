"""A service's refusal, found in a JSON body of whatever shape.

One rule tells a failure from an answer. A failure is an error with something in it, a code of
failure with words that do not say success, or a flag, a status or a type that says so; at the top,
or in an object that gateways wrap around it. Where an answer stands beside it, a `code`, a `detail`
or a `message` alone does not count; where no answer can be meant, any words of a failure do.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.finish_reasons import names_failure
from ernie_magic.text.language import whole_characters
from ernie_magic.wire.error_codes import is_failing_status, is_known_code, names_limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    Fields = dict[str, Any]

MAX_BODY = 64 * 1024  # bytes of a refusal that are read
_CODE = 100  # characters of a code or a type
_LONGEST = {"message": MAX_BODY}  # characters of other fields
_MAX_NAMES = 200  # of a body's fields that are examined
_MAX_ERRORS = 20  # of a list
_DEEPEST = 4  # objects around an error
# Names are compared without case and separators: `errorMsg`, `error_msg` and `ErrorMsg` are one.
_ERRORS = (
    "error",
    "errors",
    "err",
    "fault",
    "exception",
    "failure",
    "errorinfo",
    "errordetail",
    "errordetails",
    "lasterror",
)
_FAILURE_CODES = ("errorcode", "errcode", "errno", "errorno", "retcode", "returncode", "resultcode")
_FAILURE_MESSAGES = (
    "errormsg",
    "errmsg",
    "errormessage",
    "errmessage",
    "errordescription",
    "errortext",
    "failurereason",
    "failreason",
    "faultstring",
)
_FAILURE_FLAGS = ("failed", "iserror", "haserror", "isfailed")
_OTHER_MESSAGES = ("retmsg", "returnmsg", "resultmsg", "statusmsg")
_MORE_MESSAGES = ("details", "reason", "description", "title", "text", "type", "status")
_STATUSES = ("status", "state", "taskstatus", "resultstatus")
_SUCCESS_FLAGS = ("success", "succeeded", "issuccess", "ok")
# Objects in which gateways put an error (Tencent, Volcengine, Apigee, Spark, OpenAI's responses).
_WRAPPERS = (
    "response",
    "responsemetadata",
    "header",
    "fault",
    "detail",
    "data",
    "result",
    "output",
    "body",
    "baseresp",
    "status",
    "meta",
)
# Objects of a service's own: an extension by its name, or the name of the service.
_VENDOR_NAME = re.compile(
    r"x[_-]\w|(?:\w+[_-])?(?:provider|vendor|upstream|gateway|proxy|backend|engine|server|nvext"
    r"|sglext|groq|openrouter|together|fireworks|cerebras|mistral|cohere|vllm|sglang|nvidia|litellm"
    r"|portkey|cloudflare|bedrock|amazon|azure|deepinfra|siliconflow|novita|huggingface|tgi|ollama"
    r"|perplexity|anthropic|openai|google|gemini|vertex|xai|deepseek|moonshot|zhipu|baidu|qianfan"
    r"|dashscope|volcengine|hunyuan|minimax)(?:[_-]\w+|ai)?$",
    re.IGNORECASE,
)
_HEADERS = ("header", "baseresp")  # a code in these is an error's, whatever stands beside it
# What the envelope of a platform's reply has besides its result.
_ENVELOPE = (
    "error",
    "errorcode",
    "errormsg",
    "code",
    "message",
    "success",
    "status",
    "requestid",
    "logid",
)
# What an answer is named, where it stands beside a code.
_ANSWERS = (
    "choices",
    "result",
    "data",
    "results",
    "output",
    "response",
    "embeddings",
    "images",
)
_REQUEST_IDS = ("id", "requestid", "traceid", "logid", "sid")
_FAILED_TYPE = re.compile(
    r"(?:\w+[./:-])*\w*(?:error|exception|failed|failure|fail)", re.IGNORECASE
)
_SUCCESS_CODE = re.compile(
    r"[a-z]?[0.]+|2\d\d0*|(?:200)?\s*ok|success\w*|succeeded|normal|none|null|nil|false|undefined",
    re.IGNORECASE,
)
_SUCCESS_MESSAGE = re.compile(
    r"\W*(?:ok(?:ay)?|done|completed?|finished|normal|none|null|nil|undefined|false|fine|accepted"
    r"|no[\s_-]*errors?|n/a)\W*",
    re.IGNORECASE,
)
_SUCCESS_WORDS = re.compile(r"成功|(?<![a-z])succe(?:ss|eded)", re.IGNORECASE)
_NO_SUCCESS = re.compile(r"[不未没非无]\S{0,2}成功|(?<![a-z])(?:not?|without)\W", re.IGNORECASE)
_NOTHING = frozenset({"", "null", "none", "nil", "undefined", "{}", "[]"})


def parse_refusal(
    body: Mapping[str, Any],
    status: int = 200,
    *,
    may_be_answer: bool = True,
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
    fields = _find_failure(body, failed=failed, certain=certain)
    if fields is None and certain:
        fields = _message_fields(fold_names(body))
    if fields is None:
        return None
    fields["request_id"] = _request_id(body)
    return {
        name: _field_text(value, name) for name, value in fields.items() if value not in (None, "")
    }


def parse_envelope(body: Mapping[str, Any]) -> dict[str, str] | None:
    """Return what the envelope of a reply of Qianfan's platform says, if it reports a failure; None
    for any other. A status or a message inside it, and a status that is a word, are those of a task
    or of a document.
    """
    folded = fold_names(body)
    envelope = {name: folded[name] for name in _ENVELOPE if name in folded}
    if isinstance(envelope.get("status"), str):
        del envelope["status"]
    message = envelope.get("message")
    if isinstance(message, dict):  # the prompts' own: {"global": "…"}
        envelope["message"] = "; ".join(values.as_name(value) for value in message.values())
    return parse_refusal(envelope, may_be_answer=not envelope.get("code"))


def reports_failure(body: Mapping[str, Any]) -> bool:
    """Whether a body that is not an answer clearly is a failure: {"message": "queued"} alone need
    not be one.
    """
    return _find_failure(body, failed=False, certain=True) is not None


def is_failed_type(name: str) -> bool:
    """Whether the name of an event or the type of an object is a failure's."""
    return bool(_FAILED_TYPE.fullmatch(name)) and names_failure(name)


def fold_names(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body's fields by their names without case and separators; the first with a value
    counts.
    """
    folded: dict[str, Any] = {}
    for name, value in islice(body.items(), _MAX_NAMES):
        plain = name.replace("_", "").replace("-", "").lower()
        if folded.get(plain) in (None, ""):
            folded[plain] = value
    return folded


def _find_failure(
    body: Mapping[str, Any],
    *,
    failed: bool,
    certain: bool,
    depth: int = 0,
) -> Fields | None:
    """Return what a body says that reports a failure, at its top or in an object inside it."""
    folded = fold_names(body)
    found = _error_fields(folded, failed=failed)
    if found is None:
        found = _code_fields(folded, certain=certain)
    if found is None:
        found = _flag_fields(folded)
    if found is None and certain:
        found = _named_failure(body)
    if depth >= _DEEPEST or (found is not None and found.get("message")):
        return found
    for name in _WRAPPERS:
        if isinstance(inner := folded.get(name), dict):
            nested = _find_failure(
                inner, failed=failed, certain=certain or name in _HEADERS, depth=depth + 1
            )
            if nested is None and found is None and name == "baseresp":
                nested = _status_code_fields(fold_names(inner))
            if nested is not None:
                return {**(found or {}), **{k: v for k, v in nested.items() if v}}
    return found or _find_vendor_failure(body, failed=failed, depth=depth)


def _named_failure(body: Mapping[str, Any]) -> Fields | None:
    """Return the failure that a field is by its own name, as in the event streams of Amazon Bedrock
    (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html).
    """
    for name, inner in islice(body.items(), _MAX_NAMES):
        if not isinstance(inner, dict) or not is_failed_type(name):
            continue
        said = fold_names(inner)
        if any(said.values()):
            return {"code": name, "message": _words(said), "status": _status_field(said)}
    return None


def _find_vendor_failure(body: Mapping[str, Any], *, failed: bool, depth: int) -> Fields | None:
    """Return what an object of a service's own says that reports a failure."""
    for name, inner in islice(body.items(), _MAX_NAMES):
        if isinstance(inner, dict) and is_vendor_object(name):
            found = _find_failure(inner, failed=failed, certain=False, depth=depth + 1)
            if found is not None:
                return found
    return None


def is_vendor_object(name: str) -> bool:
    """Whether a field is a service's own object about the whole call, as Groq's `x_groq`
    (https://console.groq.com/docs/api-reference), and not about one part of the answer, such as a
    search that failed.
    """
    return bool(_VENDOR_NAME.match(name))


def _error_fields(folded: Mapping[str, Any], *, failed: bool) -> Fields | None:
    """Return what `error` says, by whichever name."""
    for name in _ERRORS:
        fields = _read_error(folded.get(name), folded, failed=failed)
        if fields is not None:
            return fields
    return None


def _read_error(
    error: object,
    body: Mapping[str, Any],
    *,
    failed: bool,
    depth: int = 0,
) -> Fields | None:
    """Return what an error says, which is an object, a list of them, or a code or a sentence by
    itself; None for one that is none.
    """
    if isinstance(error, str):
        error = _parse_object(error) or error
    if isinstance(error, dict) and depth <= _DEEPEST:
        return _read_error_object(error, failed=failed, depth=depth)
    if isinstance(error, list) and depth <= _DEEPEST:
        read = (_read_error(e, body, failed=failed, depth=depth + 1) for e in error[:_MAX_ERRORS])
        return next((fields for fields in read if fields is not None), None)
    if error is True:
        return {"code": body.get("code"), "message": _words(body)}
    is_nothing = not error or values.as_name(error).strip().lower() in _NOTHING
    if is_nothing or (not failed and (_means_success(error) or _says_success(error))):
        return None
    message = body.get("errordescription") or values.as_text(body.get("message"))
    message = message or values.as_text(body.get("msg")) or error
    return {"code": error, "message": message, "status": _status_field(body)}


def _read_error_object(error: Mapping[str, Any], *, failed: bool, depth: int) -> Fields | None:
    folded = fold_names(error)
    for name in _ERRORS:
        if isinstance(inner := folded.get(name), (dict, list)):
            nested = _read_error(inner, folded, failed=failed, depth=depth + 1)
            if nested is not None:
                return nested
    codes = (folded.get(name) for name in ("code", *_FAILURE_CODES))
    code = next((code for code in codes if code), folded.get("code"))
    message = _nested_message(error, folded)
    if not failed and (_means_success(code) or (not code and _says_success(message))):
        return None
    if not any(folded.values()):
        return None
    fields = {
        "code": code,
        "type": folded.get("type"),
        "message": message,
        "status": _status_field(folded),
    }
    # A gateway may repeat its provider's whole error as its message.
    if isinstance(message, str) and (inner := _parse_object(message)) is not None:
        nested = _read_error(inner, folded, failed=failed, depth=depth + 1)
        if nested is not None:
            return {**fields, **{k: v for k, v in nested.items() if v}}
    return fields


def _parse_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object that a text is; None for any other text."""
    if text.lstrip()[:1] != "{":
        return None
    with suppress(ValueError):
        parsed = values.parse_json(text[:MAX_BODY])
        if isinstance(parsed, dict):
            return parsed
    return None


def _nested_message(error: Mapping[str, Any], folded: Mapping[str, Any]) -> object:
    """Return an error's message, with what a gateway says that its own provider said
    (https://openrouter.ai/docs/api/reference/errors-and-debugging).
    """
    message = folded.get("message") or _words(folded)
    if not message:
        message = next((folded[name] for name in _MORE_MESSAGES if folded.get(name)), None)
    provider = values.as_object(error.get("metadata")).get("raw")
    if isinstance(message, str) and isinstance(provider, str) and provider:
        return f"{message}: {provider}"
    return message


def _code_fields(folded: Mapping[str, Any], *, certain: bool) -> Fields | None:
    """Return what a body says that has a code, or a message that only failures have."""
    message = _words(folded)
    succeeded = False
    for name in _FAILURE_CODES:
        code = folded.get(name)
        succeeded = succeeded or _means_success(code)
        if code and not _means_success(code) and not _says_success(message):
            return {"code": code, "message": message}
    code = folded.get("code")
    fields = {"code": code, "message": message, "status": _status_field(folded)}
    for name in _FAILURE_MESSAGES:
        words = folded.get(name)
        if words and not succeeded and not _means_success(code) and not _says_success(words):
            return {**fields, "message": words}
    if not code or _means_success(code) or _says_success(message):
        return None
    if certain and message:
        return fields
    if ("msg" in folded or "message" in folded or certain) and _is_failing_code(folded, message):
        return fields
    return None


def _is_failing_code(folded: Mapping[str, Any], message: object) -> bool:
    """Whether a `code` is a failure's where an answer may stand beside it: gateways have small
    numbers for success.
    """
    code = folded["code"]
    name = _field_text(code, "code")
    number = values.as_whole_number(code)
    if names_failure(values.as_text(message)):
        return True
    if number is None:
        return is_known_code(name) or names_failure(name) or names_limit(name)
    if number < 0 or is_failing_status(number):
        return True
    has_answer = any(folded.get(name) for name in _ANSWERS)
    is_clear = number >= 1000 or (bool(message) and not has_answer)  # noqa: PLR2004
    return is_known_code(name) and is_clear


def _status_code_fields(folded: Mapping[str, Any]) -> Fields | None:
    """Return what MiniMax's `base_resp` says."""
    code = folded.get("statuscode")
    if not code or _means_success(code):
        return None
    return {"code": code, "message": _words(folded)}


def _flag_fields(folded: Mapping[str, Any]) -> Fields | None:
    """Return what a body says whose type, flag or status is a failure's."""
    fields = {
        "code": folded.get("code"),
        "message": _words(folded),
        "status": _status_field(folded),
    }
    for name in ("object", "type", "event"):
        if is_failed_type(values.as_name(folded.get(name))):
            return {**fields, "type": folded.get("type")}
    flags = (folded.get(name) for name in _SUCCESS_FLAGS)
    if any(flag is False or flag in ("false", "False") for flag in flags):
        return fields
    if any(folded.get(name) is True for name in _FAILURE_FLAGS):
        return fields
    for name in _STATUSES:
        word = folded.get(name)
        if isinstance(word, str) and names_failure(values.as_name(word)):
            return {**fields, "code": fields["code"] or word}
    if fields["status"]:
        return fields
    return None


def _message_fields(folded: Mapping[str, Any]) -> Fields | None:
    """Return what a body says that has only words."""
    message = _words(folded)
    if not message:
        named = (
            value
            for name, value in folded.items()
            if isinstance(value, str) and value and names_failure(name)
        )
        message = next(named, None)
    code = folded.get("code")
    if not (message or code) or _means_success(code) or _says_success(message):
        return None
    return {"code": code, "message": message, "status": _status_field(folded)}


def _words(folded: Mapping[str, Any]) -> object:
    """Return a body's message."""
    for name in ("msg", "message"):
        # SGLang's is a list of what is wrong with each field.
        if isinstance(folded.get(name), str | list) and folded[name]:
            return folded[name]
    names = (*_FAILURE_MESSAGES, *_OTHER_MESSAGES, "detail", "errors")
    return next((folded[name] for name in names if folded.get(name)), None)


def _request_id(body: Mapping[str, Any]) -> object:
    folded = fold_names(body)
    inner = (folded[name] for name in _WRAPPERS if isinstance(folded.get(name), dict))
    for fields in (folded, *map(fold_names, inner)):
        for name in _REQUEST_IDS:
            if fields.get(name):
                return fields[name]
    return ""


def _status_field(folded: Mapping[str, Any]) -> int | None:
    """Return the HTTP status that a body itself names."""
    for name in ("status", "statuscode", "httpstatus", "httpcode"):
        number = values.as_whole_number(folded.get(name))
        if number is not None and is_failing_status(number):
            return number
    return None


def _means_success(code: object) -> bool:
    """Whether a code says that nothing failed."""
    word = values.as_name(code).strip()
    return bool(word) and _SUCCESS_CODE.fullmatch(word) is not None


def _says_success(message: object) -> bool:
    """Whether a message says that nothing failed."""
    if not isinstance(message, str) or not message.strip() or names_failure(message):
        return False
    if _SUCCESS_MESSAGE.fullmatch(message):
        return True
    return bool(_SUCCESS_WORDS.search(message)) and not _NO_SUCCESS.search(message)


def _field_text(value: object, name: str) -> str:
    """Return a service's message, whatever the kind of its value."""
    if not isinstance(value, str):
        value = values.as_name(value) or json.dumps(value, ensure_ascii=False)
    return whole_characters(value[: _LONGEST.get(name, _CODE)])


def unwrap_list(payload: object) -> object:
    """Return the error in a list of one, in which Google's servers wrap it; anything else
    unchanged.
    """
    if isinstance(payload, list) and len(payload) == 1:
        inner = values.as_object(payload[0])
        if any(name in fold_names(inner) for name in _ERRORS):
            return payload[0]
    return payload
