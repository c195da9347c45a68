"""Turn a service's refusal, whatever the shape of its body, into one error of the tree.

Five shapes occur: {"error": {code, message, type}}, {"errorCode", "errorMsg"}, {"code", "msg"} with
HTTP 200, {"error_code", "error_msg"}, {"detail"}; and plain text or HTML from a gateway.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.config.addresses import redact_url
from ernie_magic.errors import (
    ErnieError,
    IncompleteAnswer,
    ProtocolError,
    RateLimited,
    RequestTimeout,
    ServiceUnreachable,
)
from ernie_magic.text.language import Text, clip_text, untranslated, whole_characters
from ernie_magic.text.redact import redact, redact_values
from ernie_magic.wire.error_codes import case_for, is_known_code

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY = 64 * 1024  # bytes of a refusal that are read
_SAID = Text("{what}（服务说：{said}）", "{what} (the service said: {said})")
_SAID_SHOWN = 200  # characters
_CODE = 100  # characters of a code or a type
_LONGEST = {"message": MAX_BODY}  # characters of other fields
_LONGEST_WAIT = 366 * 86_400.0  # seconds: a longer wait than a year is ignored
_OTHER_JSON = Text("其他 JSON 内容", "JSON of another kind")


def parse_refusal(body: Mapping[str, Any], status: int = 200) -> dict[str, Any] | None:
    """Return the code, type, message and request id in a JSON body that is an error; None when it
    is not one.

    With a status that means success, only an unmistakable error counts: other replies have a `code`
    or a `detail` too.

    Parameters
    ----------
    body
        The parsed JSON.
    status
        HTTP status; below 400 means success.
    """
    bad = status >= 400  # noqa: PLR2004
    fields: dict[str, Any] | None = None
    error = body.get("error")
    if isinstance(error, dict):
        fields = {
            "code": error.get("code"),
            "type": error.get("type"),
            "message": error.get("message"),
        }
    elif error:
        fields = {"code": error, "message": body.get("error_description") or error}
    elif body.get("errorCode"):
        fields = {"code": body["errorCode"], "message": body.get("errorMsg")}
    elif body.get("error_code"):
        fields = {"code": body["error_code"], "message": body.get("error_msg")}
    elif (
        body.get("code")
        and ("msg" in body or "message" in body)
        and (bad or is_known_code(_field_text(body["code"], "code")))
    ):
        fields = {"code": body["code"], "message": body.get("msg") or body.get("message")}
    elif "detail" in body and bad:
        fields = {"message": body["detail"]}
    if fields is None:
        return None
    fields["request_id"] = next(
        (body[k] for k in ("id", "request_id", "trace_id", "logId") if body.get(k)), ""
    )
    return {
        name: _field_text(value, name) for name, value in fields.items() if value not in (None, "")
    }


def _field_text(value: object, name: str) -> str:
    """Return a service's message, whatever the kind of its value."""
    if not isinstance(value, str):
        value = values.as_name(value) or json.dumps(value, ensure_ascii=False)
    return whole_characters(value[: _LONGEST.get(name, _CODE)])


def error_from_reply(status: int, headers: Mapping[str, str], body: bytes) -> ErnieError:
    """Return the error for a reply that is not an answer.

    Parameters
    ----------
    status
        HTTP status; 200 for an error inside a stream or a body.
    headers
        Those of the response: `Retry-After` and request ids are read.
    body
        The first `MAX_BODY` bytes of the reply.
    """
    whole = body[:MAX_BODY].decode("utf-8", "replace")
    text = redact(whole, strict=True)
    parsed = None
    with suppress(ValueError):
        parsed = values.parse_json(whole)
        original = beginning_of(parsed)
        if (redacted := beginning_of(redact_values(parsed))) != original:
            # A key may be escaped in the text, as JSON allows for each character.
            text = redact(redacted, strict=True)
    if 300 <= status < 400 and (target := headers.get("location")):  # noqa: PLR2004
        return _redirect_error(redact(target, strict=True), status)
    refusal_fields = None
    if isinstance(parsed, dict):
        refusal_fields = parse_refusal(parsed, status)
    if refusal_fields is None and status < 400:  # noqa: PLR2004
        return not_this_api_error(status, text)
    if parsed is None:
        refusal_fields = {"message": _readable_message(text)}
    return error_from_refusal(refusal_fields or {}, status, headers, text)


def error_from_refusal(
    refusal_fields: Mapping[str, str], status: int, headers: Mapping[str, str], text: str
) -> ErnieError:
    """Return the error for a service's message (`parse_refusal`).

    Parameters
    ----------
    refusal_fields
        Code, type, message and request id, as far as known.
    text
        The reply's beginning.
    """
    case = case_for(status, refusal_fields.get("code", ""))
    code = refusal_fields.get("code", "")
    if not case.codes:  # a code of the table is not a key
        code = redact(code, strict=True)
    message = redact(refusal_fields.get("message", ""), strict=True)
    what = case.what
    if message:
        what = _SAID.fill(what=what, said=untranslated(clip_text(message, _SAID_SHOWN)))
    request_id = refusal_fields.get("request_id") or _header_request_id(headers)
    error = case.error(
        what,
        case.cause,
        case.advice,
        status=status,
        code=code,
        type=redact(refusal_fields.get("type", ""), strict=True),
        message=message,
        request_id=redact(request_id[:_CODE], strict=True),
        body=redact(text, strict=True),
        retryable=case.retryable,
        retry_after=_retry_after_seconds(headers),
    )
    error.renews = case.renews
    if error.retry_after and isinstance(error, RateLimited):
        error.advice = Text(
            "服务要求等 {seconds:.0f} 秒再试", "the service asks to wait {seconds:.0f} s"
        ).fill(seconds=error.retry_after)
    return error


def _header_request_id(headers: Mapping[str, str]) -> str:
    names = ("x-request-id", "x-bce-request-id", "x-baidu-request-id")
    return next((headers[name] for name in names if headers.get(name)), "")


def not_this_api_error(status: int, text: str) -> ProtocolError:
    """Return the error for a reply that is not from this API: a login page, a proxy, another
    server.
    """
    kind = {
        "<": Text("一个网页（HTML）", "a web page (HTML)"),
        "": Text("空内容", "nothing"),
        "{": _OTHER_JSON,
        "[": _OTHER_JSON,
    }.get(text.strip()[:1], Text("不是 JSON 的内容", "something that is not JSON"))
    return ProtocolError(
        Text("服务返回了{kind}，而不是回答", "the service sent {kind} instead of an answer").fill(
            kind=kind
        ),
        Text(
            "服务地址（base_url）不对，或中间有代理、登录页",
            "the base URL is wrong, or a proxy or login page is in between",
        ),
        Text(
            "检查 %ernie config base_url 和网络，再用 %ernie doctor 测试",
            "check %ernie config base_url and the network, then try %ernie doctor",
        ),
        body=text,
        status=status,
    )


def unexpected_reply_error(payload: object) -> ProtocolError:
    """Return the error for a JSON reply that is not what was asked for."""
    return not_this_api_error(200, redact(beginning_of(payload, 2000), strict=True))


def beginning_of(payload: object, limit: int = MAX_BODY) -> str:
    """Return the beginning of a reply as JSON; no more of it is written than that."""
    pieces = json.JSONEncoder(ensure_ascii=False, default=str).iterencode(payload)
    return "".join(islice(pieces, limit))[:limit]


def _redirect_error(target: str, status: int) -> ProtocolError:
    """Return the error for a redirect, which is not followed: the key would go to another host."""
    return ProtocolError(
        Text("服务要求转到 {target}", "the service redirects to {target}").fill(
            target=untranslated(target[:_SAID_SHOWN])
        ),
        Text(
            "服务地址（base_url）已变或写错，或需要先登录网络",
            "the base URL has moved or is wrong, or the network requires a login",
        ),
        Text(
            "核对后用 %ernie config base_url 设置新地址",
            "check it and set the new one with %ernie config base_url",
        ),
        status=status,
    )


def _readable_message(text: str) -> str:
    """Return a refusal that is not JSON in a few words: an HTML page's title, or the text's
    beginning.
    """
    if title := re.search(r"<title[^<>]{0,200}>([^<]{1,200})", text, re.IGNORECASE):
        return title.group(1).strip()
    if text.lstrip().startswith("<"):
        return ""
    return " ".join(text.split())[:_SAID_SHOWN]


def _retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in Retry-After, which is a number or a date (RFC 9110, section 10.2.3)."""
    header = headers.get("retry-after", "")
    seconds = values.as_seconds(header)
    if seconds is None:
        # The library may raise anything for what only looks like a date, for example OverflowError
        # for a year of eleven digits.
        with suppress(Exception):
            seconds = max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    if seconds is not None and seconds > _LONGEST_WAIT:
        return None
    return seconds


def stream_cut_error() -> IncompleteAnswer:
    """Return the error for a stream that ended too early."""
    return IncompleteAnswer(
        Text("回答没有传完，连接就断了", "the connection closed before the answer was complete"),
        Text("网络中断，或服务方提前断开", "the network failed, or the service hung up"),
        Text(
            "已收到的文字都在；可以再问一次，或让它“继续”",
            "the received text is kept; ask again, or ask it to continue",
        ),
    )


def network_error(
    error: Exception, address: str, timeout: float, *, started: bool = False, harmless: bool = False
) -> ErnieError:
    """Return the error of the tree for an httpx exception.

    Parameters
    ----------
    address
        Where the request was sent.
    timeout
        Seconds without data that were allowed.
    started
        Whether part of the answer had arrived.
    harmless
        Whether the request may be sent again although it may have been carried out (a GET).
    """
    import httpx

    host = untranslated(redact_url(address))
    if isinstance(
        error,
        httpx.ConnectTimeout
        | httpx.ConnectError
        | httpx.UnsupportedProtocol
        | httpx.InvalidURL
        | httpx.ProxyError
        | UnicodeError,
    ):
        unreachable = _unreachable_error(
            host, redact(str(error), strict=True) or type(error).__name__
        )
        # The request was never sent.
        unreachable.retryable = isinstance(error, httpx.ConnectTimeout | httpx.ConnectError)
        return unreachable
    if isinstance(error, httpx.TimeoutException):
        return _no_data_error(timeout)
    if isinstance(error, httpx.DecodingError):
        return ProtocolError(
            Text("服务的压缩数据已损坏", "the service's compressed reply is damaged"),
            Text("服务或中间的代理出错", "the service, or a proxy in between, failed"),
            Text("再试一次", "try again"),
        )
    if started:
        return stream_cut_error()
    hung_up = _hung_up_error(host)
    hung_up.retryable = harmless
    return hung_up


def _unreachable_error(host: Text, why: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        Text("连不上 {host}（{why}）", "cannot reach {host} ({why})").fill(host=host, why=why),
        Text(
            "服务没有运行、地址写错，或网络不通",
            "it is not running, the address is wrong, or there is no network",
        ),
        Text(
            "检查 %ernie config base_url；%ernie doctor 可测试",
            "check %ernie config base_url; %ernie doctor tests it",
        ),
    )


def _hung_up_error(host: Text) -> ServiceUnreachable:
    return ServiceUnreachable(
        Text("{host} 没有回答就断开了连接", "{host} hung up without an answer").fill(host=host),
        Text("服务出错或网络中断", "the service or the network failed"),
        Text("再试一次", "try again"),
    )


def _no_data_error(timeout: float) -> RequestTimeout:
    return RequestTimeout(
        Text(
            "{seconds:g} 秒内没有收到数据", "no data was received within {seconds:g} seconds"
        ).fill(seconds=timeout),
        Text(
            "服务繁忙，或模型思考得太久",
            "the service is busy, or the model is thinking for too long",
        ),
        Text(
            "再试，或用 %ernie config request_timeout 放宽",
            "try again, or allow more with %ernie config request_timeout",
        ),
    )
