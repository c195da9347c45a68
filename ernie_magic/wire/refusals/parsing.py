"""A service's refusal, found in a JSON body of whatever shape.

One rule tells a failure from an answer. A failure is an error with something in it, a code of
failure with words that do not say success, or a flag, a status or a type that says so; at the top,
or in an object that gateways wrap around it. Where an answer stands beside it, a `code` counts
unless it or the words beside it say success, a `detail` only where it names a failure, and a
`message` alone does not; where no answer can be meant, any words of a failure do.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.finish_reasons import names_failure
from ernie_magic.api.http_status import BAD_REQUEST
from ernie_magic.text.language import whole_characters
from ernie_magic.wire.error_codes import is_failing_status, is_known_code
from ernie_magic.wire.refusals.meanings import names_limit
from ernie_magic.wire.refusals.provider_errors import find_objects, parse_object, split_words
from ernie_magic.wire.refusals.words import (
    FAILURE_MESSAGES,
    MAX_NAMES,
    find_message,
    find_other_words,
    fold_names,
    means_success,
    says_success,
    tells_failure,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    Fields = dict[str, Any]

MAX_BODY = 64 * 1024  # bytes of a refusal that are read
_CODE = 100  # characters of a code or a type
_LONGEST = {"message": MAX_BODY, "provider_message": MAX_BODY}  # characters of other fields
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
# Codes of a failure, or of success.
_CODES = (
    *("code", "statuscode", "httpcode", "httpstatuscode", "ret", "rtncode"),
    *("rescode", "respcode", "rspcode", "responsecode", "bizcode", "subcode"),
)
_FAILURE_FLAGS = ("failed", "iserror", "haserror", "isfailed")
_MORE_MESSAGES = ("details", "reason", "description", "title", "text", "type", "status")
_STATUSES = ("status", "state", "taskstatus", "resultstatus")
_SUCCESS_FLAGS = ("success", "succeeded", "issuccess", "ok")
_NO = (0, "0", "no", "No", "N")  # of a flag beside words: a number alone may be a count
# A word for how it went, where the answer stands in `choices`: elsewhere it is the answer.
_RESULTS = ("result", "outcome", "ack")
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
# What an object of a gateway's own has that tells how a call was routed, and what each attempt has.
_ROUTING = frozenset(
    {"attempt", "attempts", "retries", "retrycount", "fallback", "fallbacks", "endpoints"}
)
_ATTEMPT = frozenset({*_ROUTING, "provider", "providername", "endpoint", "selected", "route"})
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
    failed = status >= BAD_REQUEST
    certain = failed or not may_be_answer
    fields = _find_failure(body, failed=failed, certain=certain)
    if fields is None and not certain:
        return None
    folded = fold_names(body)
    if fields is None:
        fields = _message_fields(folded) or _failing_sentence(folded)
    if fields is None:
        return None
    if fields.get("message") in (None, ""):
        fields["message"] = find_other_words(folded)
    fields["request_id"] = _request_id(folded)
    return {
        name: _field_text(value, name)
        for name, value in fields.items()
        if value is not False and value not in (None, "")
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
    for name, inner in islice(body.items(), MAX_NAMES):
        if not isinstance(inner, dict) or not is_failed_type(name):
            continue
        said = fold_names(inner)
        if any(said.values()):
            return {"code": name, "message": find_message(said), "status": _status_field(said)}
    return None


def _find_vendor_failure(body: Mapping[str, Any], *, failed: bool, depth: int) -> Fields | None:
    """Return what an object of a service's own says that reports a failure."""
    for name, inner in islice(body.items(), MAX_NAMES):
        if isinstance(inner, dict) and is_vendor_object(name):
            told = inner
            if _lists_attempts(inner):
                told = {name: value for name, value in inner.items() if name != "errors"}
            found = _find_failure(told, failed=failed, certain=False, depth=depth + 1)
            if found is not None:
                return found
    return None


def _lists_attempts(fields: Mapping[str, Any]) -> bool:
    """Whether the errors in an object are those of attempts, after which another one answered, as
    https://openrouter.ai/docs/guides/features/router-metadata lists them.
    """
    errors = values.as_objects(fields.get("errors"))[:_MAX_ERRORS]
    listed = [fold_names(error) for error in errors]
    if not listed:
        return False
    if not _ROUTING.isdisjoint(fold_names(fields)):
        return True
    return all(not _ATTEMPT.isdisjoint(error) or find_message(error) is None for error in listed)


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
        error = parse_object(error) or error
    if isinstance(error, dict) and depth <= _DEEPEST:
        return _read_error_object(error, failed=failed, depth=depth)
    if isinstance(error, list) and depth <= _DEEPEST:
        read = (_read_error(e, body, failed=failed, depth=depth + 1) for e in error[:_MAX_ERRORS])
        return next((fields for fields in read if fields is not None), None)
    if error is True:
        return {"code": body.get("code"), "message": find_message(body)}
    is_nothing = not error or values.as_name(error).strip().lower() in _NOTHING
    if is_nothing or (not failed and (means_success(error) or says_success(error))):
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
    message = _error_message(folded)
    if not failed and (means_success(code) or (not code and says_success(message))):
        return None
    if not any(folded.values()):
        return None
    fields = _build_fields(folded, code, message)
    provider = _read_provider_error(error, folded, message, depth=depth)
    return fields if provider is None else _add_provider_error(fields, provider)


def _read_provider_error(
    error: Mapping[str, Any],
    folded: Mapping[str, Any],
    message: object,
    *,
    depth: int,
) -> Fields | None:
    """Return what a gateway's error has of its provider's; None for nothing. Its `message` is that
    of both.
    """
    if depth >= _DEEPEST:
        return None
    words = message if isinstance(message, str) else ""
    if (whole := parse_object(words)) is not None:
        return _read_error(whole, folded, failed=True, depth=depth + 1)
    for told in find_objects(error, folded):
        nested = _read_told(told, depth=depth + 1)
        if nested is not None:
            return _say_both(words, nested)
    words, inner = split_words(words)
    if inner is not None and (nested := _read_told(inner, depth=depth + 1, certain=False)):
        return _say_both(words, nested)
    return None


def _read_told(told: object, *, depth: int, certain: bool = True) -> Fields | None:
    """Return what a provider's error says, which is an object, JSON, or a sentence.

    Parameters
    ----------
    certain
        Whether it can be nothing else.
    """
    words = ""
    if isinstance(told, str):
        words = told.strip()
        told = parse_object(words)
        if told is None:
            words, told = split_words(words)
    told = unwrap_list(told)
    nested = None
    if isinstance(told, dict):
        folded = fold_names(told)
        nested = _find_failure(told, failed=True, certain=certain, depth=depth)
        if nested is None and folded.get("raw"):
            nested = _read_provider_error(told, folded, "", depth=depth)
        if nested is None and certain:
            nested = _message_fields(folded)
    if nested is None or not nested.get("message"):
        nested = {**(nested or {}), "message": words}
    return nested if nested["message"] else None


def _say_both(words: str, nested: Fields) -> Fields:
    """Return a provider's error with a gateway's words before its own."""
    said = nested["message"]
    if not words or not isinstance(said, str):
        return nested
    own = nested.get("provider_message") or said
    return {**nested, "provider_message": own, "message": f"{words.rstrip('.')}: {said}"}


def _add_provider_error(fields: Fields, provider: Fields) -> Fields:
    """Return a gateway's error with what its provider's says instead, and the status of both."""
    number = values.as_whole_number(fields.get("code"))
    if number is not None and is_failing_status(number) and not fields.get("status"):
        fields["status"] = number
    return {**fields, **{name: value for name, value in provider.items() if value}}


def _build_fields(folded: Mapping[str, Any], code: object, message: object) -> Fields:
    """Return a code and a message, with the type and the status that stand beside them."""
    return {
        "code": code,
        "type": folded.get("type") or folded.get("statustext"),
        "message": message,
        "status": _status_field(folded),
    }


def _error_message(folded: Mapping[str, Any]) -> object:
    """Return an error's message, with what Groq's model wrote that is no tool call and no JSON
    (https://console.groq.com/docs/tool-use).
    """
    message = folded.get("message") or find_message(folded)
    if not message:
        message = next((folded[name] for name in _MORE_MESSAGES if folded.get(name)), None)
    written = folded.get("failedgeneration")
    if isinstance(message, str) and isinstance(written, str) and written:
        return f"{message.rstrip('.')}: {written}"
    return message


def _code_fields(folded: Mapping[str, Any], *, certain: bool) -> Fields | None:
    """Return what a body says that has a code, or words that only failures have."""
    message = find_message(folded)
    succeeded = False
    for name in _FAILURE_CODES:
        code = folded.get(name)
        if isinstance(code, dict | list):
            continue
        succeeded = succeeded or means_success(code)
        if code and not means_success(code) and not says_success(message):
            return {
                "code": code,
                "message": message,
                "is_error_code": name == "errorcode",
            }
    code = _find_code(folded)
    fields = _build_fields(folded, code, message)
    succeeded = succeeded or means_success(code)
    if not succeeded and (words := _failure_message(folded)) is not None:
        return {**fields, **words}
    if code and not means_success(code) and not says_success(message):
        if (certain and message) or _is_failing_code(folded, code, message):
            return fields
        return None
    if not succeeded and (failing := _failing_words(folded)):
        return {**fields, "message": failing}
    return None


def _find_code(folded: Mapping[str, Any]) -> object:
    """Return the code of a body: that named so where it is one of success, else the first that is
    none of success; None for none.
    """
    codes = [folded[name] for name in _CODES if folded.get(name) not in (None, "")]
    codes = [code for code in codes if not isinstance(code, dict | list)]
    if means_success(folded.get("code")):
        return folded["code"]
    failing = (code for code in codes if code and not means_success(code))
    return next(failing, next(iter(codes), None))


def _failure_message(folded: Mapping[str, Any]) -> Fields | None:
    """Return what stands in a field that only failures have; None where it says success."""
    for name in FAILURE_MESSAGES:
        words = folded.get(name)
        if not words or says_success(words):
            continue
        if isinstance(words, dict):  # Tencent's
            return _read_error_object(words, failed=False, depth=0)
        return {"message": words}
    return None


def _failing_words(folded: Mapping[str, Any]) -> str:
    """Return the words that name a failure where no code stands beside them, "" for none. A message
    beside an answer may be about anything.
    """
    names: tuple[str, ...] = ("detail",)
    if "choices" in folded and not folded["choices"]:
        names = ("detail", "message", "msg")
    said = (values.as_text(folded.get(name)) for name in names)
    return next((words for words in said if tells_failure(words)), "")


def _is_failing_code(folded: Mapping[str, Any], code: object, message: object) -> bool:
    """Whether a code that means no success is a failure's where an answer may stand beside it.

    Gateways have a `code` 1 for success as well: what it means beside an answer, only words tell.
    """
    name = _field_text(code, "code")
    number = values.as_whole_number(code)
    if tells_failure(values.as_text(message)):
        return True
    has_answer = any(folded.get(name) for name in _ANSWERS)
    if number is None:
        if is_known_code(name) or names_failure(name) or names_limit(name):
            return True
        is_remark = has_answer and name.islower()  # "cached": codes of failures have capitals
        return bool(message) and not is_remark
    if number < 0 or is_failing_status(number):
        return True
    if number == 1 and has_answer and folded.get("code") == code:
        return False
    return bool(message) or (number >= 1000 and is_known_code(name))  # noqa: PLR2004


def _failing_sentence(folded: Mapping[str, Any]) -> Fields | None:
    """Return the words that name a failure in a body without a message, wherever they stand."""
    words = find_other_words(folded)
    if not tells_failure(words):
        return None
    return {"message": words}


def _status_code_fields(folded: Mapping[str, Any]) -> Fields | None:
    """Return what MiniMax's `base_resp` says."""
    code = folded.get("statuscode")
    if not code or means_success(code):
        return None
    return {"code": code, "message": find_message(folded)}


def _flag_fields(folded: Mapping[str, Any]) -> Fields | None:
    """Return what a body says whose type, flag or status is a failure's."""
    fields = {
        "code": folded.get("code"),
        "message": find_message(folded),
        "status": _status_field(folded),
    }
    for name in ("object", "type", "event"):
        if is_failed_type(values.as_name(folded.get(name))):
            return {**fields, "type": folded.get("type")}
    if word := _failing_status_word(folded):
        return {**fields, "code": fields["code"] or word}
    has_failed = (
        any(_is_no(folded.get(name), fields["message"]) for name in _SUCCESS_FLAGS)
        or any(folded.get(name) is True for name in _FAILURE_FLAGS)
        or (fields["message"] and any(folded.get(name) is False for name in _STATUSES))
    )
    if has_failed or fields["status"]:
        return fields
    return None


def _is_no(flag: object, message: object) -> bool:
    """Whether a flag of success says that there was none."""
    if isinstance(flag, str) and (names_failure(flag) or flag.lower() == "false"):
        return True
    is_no = isinstance(flag, int | str) and flag in _NO
    return flag is False or (is_no and bool(message))


def _failing_status_word(folded: Mapping[str, Any]) -> str:
    """Return the word with which a status says that it failed, "" for none."""
    names: tuple[str, ...] = _STATUSES
    if "choices" in folded:
        names = (*_STATUSES, *_RESULTS)
    for name in names:
        word = folded.get(name)
        if not isinstance(word, str) or (name in _RESULTS and len(word.split()) != 1):
            continue
        if tells_failure(values.as_name(word)):
            return word
    return ""


def _message_fields(folded: Mapping[str, Any]) -> Fields | None:
    """Return what a body says that has only words."""
    message = find_message(folded)
    if not message:
        named = (
            value
            for name, value in folded.items()
            if isinstance(value, str) and value and names_failure(name)
        )
        message = next(named, None)
    code = folded.get("code")
    if not (message or code) or means_success(code) or says_success(message):
        return None
    return {"code": code, "message": message, "status": _status_field(folded)}


def _request_id(folded: Mapping[str, Any]) -> object:
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
