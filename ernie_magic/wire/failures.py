"""Turn a service's refusal (`refusals`), or a reply that is no answer, into an error."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING

from ernie_magic.api import values
from ernie_magic.api.finish_reasons import is_failure, is_whole_reason
from ernie_magic.api.http_status import (
    ACCEPTED,
    BAD_REQUEST,
    CONTENT_TOO_LARGE,
    FIRST_REDIRECT,
    FORBIDDEN,
    NETWORK_LOGIN,
)
from ernie_magic.errors import (
    BadRequest,
    ErnieError,
    IncompleteAnswer,
    InputTooLong,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    ServerError,
    ServiceUnreachable,
)
from ernie_magic.text.charsets import decode_text
from ernie_magic.text.language import Text, clip_text, untranslated
from ernie_magic.text.redact import redact, redact_values
from ernie_magic.wire.error_codes import (
    BLOCKED_ON_THE_WAY,
    DAILY,
    LONGER,
    case_for,
)
from ernie_magic.wire.refusals.meanings import (
    case_of_review,
    find_period,
    is_too_large_for_limit,
    read_refusal,
)
from ernie_magic.wire.refusals.parsing import MAX_BODY, parse_refusal, unwrap_list
from ernie_magic.wire.refusals.words import tells_failure
from ernie_magic.wire.throttling.durations import (
    LONGEST_KEPT_WAIT,
    find_told_wait,
    reset_seconds,
    retry_after_seconds,
    whole_again_seconds,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.wire.error_codes import Case

_SAID_SHOWN = 200  # characters of what a service says
_SAID = Text("{what}（服务说：{said}）", "{what} (the service said: {said})")
_CODE = 100  # characters of a request id
_LONGEST_SHORT_WAIT = 3600.0  # seconds: who is told to wait longer has used up a day's limit
_REASON = re.compile(r"reason$", re.IGNORECASE)  # finishReason, raiFilteredReason
# Statuses and words of web application firewalls: Cloudflare's, Alibaba's, Tencent's, CloudFront's.
_WAF_STATUSES = (400, 405, 406, 418, 493, 503)
_WAF_WORDS = re.compile(
    r"attention required|just a moment|error code: ?1\d{3}\b|request could not be satisfied"
    r"|(?:request|access|you) (?:has |have |was |is )?(?:been )?(?:blocked|rejected)|\bwaf\b"
    r"|阻断|拦截|安全威胁",
    re.IGNORECASE,
)
_SMALL_NUMBER = 3  # digits
_IAM_FAILED = "14"  # "IAM Certification failed", whatever was wrong
_BAIDUS_ID = "as-"  # how Qianfan's request ids begin
_OTHER_JSON = Text("其他 JSON 内容", "JSON of another kind")


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
    whole = decode_text(body[:MAX_BODY])
    text = redact(whole, strict=True)
    parsed = None
    with suppress(ValueError):
        parsed = values.parse_json(whole)
        original = beginning_of(parsed)
        if (redacted := beginning_of(redact_values(parsed))) != original:
            # A key may be escaped in the text, as JSON allows for each character.
            text = redact(redacted, strict=True)
    if FIRST_REDIRECT <= status < BAD_REQUEST and (target := headers.get("location")):
        return _redirect_error(redact(target, strict=True), status)
    refusal_fields = None
    if isinstance(parsed := unwrap_list(parsed), dict):
        refusal_fields = parse_refusal(parsed, status, may_be_answer=False)
    if refusal_fields is None and status < BAD_REQUEST and not is_failing_line(whole):
        is_cut = parsed is None and len(body) < MAX_BODY and text.lstrip()[:1] == "{"
        return invalid_json_error(status, text) if is_cut else not_this_api_error(status, text)
    if parsed is None:
        refusal_fields = {"message": _readable_message(text)}
    elif isinstance(parsed, str):  # as SiliconFlow writes some
        refusal_fields = {"message": parsed}
    said = _read_headers(headers, refusal_fields or {})
    if status == NETWORK_LOGIN:
        return _network_login_error(said)
    case = None
    if parsed is None and "code" not in said and _is_blocked(status, headers, text):
        case = BLOCKED_ON_THE_WAY
    return error_from_refusal(said, status, headers, text, case)


def _read_headers(headers: Mapping[str, str], fields: Mapping[str, str]) -> Mapping[str, str]:
    """Return a refusal's fields with what Baidu's gateway says in headers, where the body says less
    (https://github.com/baidubce/bce-sdk-python, `baidubce/http/handler.py`).
    """
    code = headers.get("x-bce-error-code", "")
    if not code or fields.get("code") not in (None, "", _IAM_FAILED):
        return fields
    message = headers.get("x-bce-error-message") or fields.get("message", "")
    return {**fields, "code": code[:_CODE], "message": message[:_SAID_SHOWN]}


def is_failing_line(text: str) -> bool:
    """Whether a reply is one short line of words about a failure, as frameworks send beside any
    status: "Internal Server Error".
    """
    line = text.strip()
    is_words = line[:1].isalpha() and len(line.splitlines()) == 1 and len(line) <= _SAID_SHOWN
    return is_words and tells_failure(line)


def _is_blocked(status: int, headers: Mapping[str, str], text: str) -> bool:
    """Whether a refusal that is not JSON is a firewall's or a gateway's
    (https://developers.cloudflare.com/support/troubleshooting/http-status-codes).
    """
    if headers.get("cf-mitigated"):
        return True
    return status == FORBIDDEN or (status in _WAF_STATUSES and bool(_WAF_WORDS.search(text)))


def error_from_refusal(
    refusal_fields: Mapping[str, str],
    status: int,
    headers: Mapping[str, str],
    text: str,
    case: Case | None = None,
) -> ErnieError:
    """Return the error for a service's message (`parse_refusal`).

    Parameters
    ----------
    refusal_fields
        Code, type, message and request id, as far as known.
    text
        The reply's beginning.
    case
        The table's row, where it is known already.
    """
    code = refusal_fields.get("code", "")
    message = refusal_fields.get("message", "")
    case = case or _documented_case(status, refusal_fields)
    if case is None:
        meant, case = read_refusal(status, refusal_fields)
        if status < BAD_REQUEST:
            status = meant
    case = case_of_review(case, refusal_fields)
    wait = retry_after_seconds(headers)
    told_wait = find_told_wait(message, text) or 0.0
    if issubclass(case.error, RateLimited):
        seconds = max(wait or 0.0, told_wait) or whole_again_seconds(headers) or 0.0
        case = _case_of_limit(refusal_fields, text, seconds) or case
    if " " in code and message.startswith(code):  # one sentence in both places, as LM Studio's
        code = ""
    if not case.codes:  # a code of the table is not a key
        code = redact(code, strict=True)
    message = redact(message, strict=True)
    what = _add_said(case.what, message)
    request_id = refusal_fields.get("request_id") or header_request_id(headers)
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
        retry_after=wait,
    )
    error.renews = case.renews
    if isinstance(error, PermissionDenied):
        error.may_be_about_text = not case.codes
    if isinstance(error, RateLimited) and error.retryable:
        _note_wait(error, headers, told_wait)
    return error


def _add_said(what: Text, message: str) -> Text:
    """Return what happened, with what the service says of it, if it says anything."""
    if not message:
        return what
    return _SAID.fill(what=what, said=clip_said(message))


def clip_said(said: str) -> Text:
    """Return the beginning of what a service says, as it says it."""
    return untranslated(clip_text(said, _SAID_SHOWN))


def _documented_case(status: int, refusal_fields: Mapping[str, str]) -> Case | None:
    """Return the row of a code of Baidu's tables; None for another code. The small numbers of V1
    and of Baidu's gateways mean other things with other servers, so they count only in
    `error_code` (https://ai.baidu.com/ai-doc/WENXINWORKSHOP/tlmyncueh) or beside a request id of
    Baidu's.
    """
    code = refusal_fields.get("code", "")
    is_small = code.isdecimal() and len(code) <= _SMALL_NUMBER
    request_id = refusal_fields.get("request_id", "")
    is_baidus = bool(refusal_fields.get("is_error_code")) or request_id.startswith(_BAIDUS_ID)
    if is_small and not is_baidus:
        return None
    case = case_for(status, code)
    if not case.codes:
        return None
    if case.error is BadRequest and not code.isdecimal():
        # Other clouds have the same word for a wrong parameter, and say more in their sentence.
        said = read_refusal(status, refusal_fields)[1]
        if said.error is InputTooLong:
            return said
    return case


def _case_of_limit(refusal_fields: Mapping[str, str], text: str, seconds: float) -> Case | None:
    """Return the row for a limit that is no minute's; None for one that is.

    Parameters
    ----------
    seconds
        What the service asks to wait, or else until a limit of which nothing is left is whole
        again; 0.0 where it tells neither.
    """
    period = find_period("\n".join((*refusal_fields.values(), text)))
    if period == "longer":
        return LONGER
    if period == "hour":
        # It lets a call through now and then: a service that says when is obeyed.
        if 0 < seconds <= LONGEST_KEPT_WAIT:
            return None
        return LONGER
    if period or seconds > _LONGEST_SHORT_WAIT:
        return DAILY
    if is_too_large_for_limit(refusal_fields.get("message", "")):
        return case_for(CONTENT_TOO_LARGE, "")
    return None


def _note_wait(error: RateLimited, headers: Mapping[str, str], told_wait: float) -> None:
    """Note how long a service asks to wait: in a header, or else in its sentence."""
    if error.retry_after is None:
        error.retry_after = reset_seconds(headers)
    if error.retry_after is None:
        error.told_wait = told_wait
    seconds = error.retry_after or error.told_wait
    whole_again = whole_again_seconds(headers)
    if not seconds and whole_again:
        error.advice = Text(
            "稍等一分钟再试；限额要过 {seconds} 秒才全部恢复",
            "wait a minute and try again; the limit is whole again in {seconds} s",
        ).fill(seconds=math.ceil(whole_again))
    if seconds:
        error.advice = Text(
            "服务要求等 {seconds} 秒再试", "the service asks to wait {seconds} s"
        ).fill(seconds=math.ceil(seconds))


def error_from_event(data: str, headers: Mapping[str, str]) -> ErnieError:
    """Return the error for an event that is named "error": its text is JSON, or plain words."""
    fields = None
    text = data[:MAX_BODY]
    with suppress(ValueError):
        parsed = unwrap_list(values.parse_json(text))
        text = beginning_of(parsed)
        if isinstance(parsed, dict):
            fields = parse_refusal(parsed, may_be_answer=False)
        elif isinstance(parsed, str):
            fields = {"message": parsed}
    if fields is None:
        fields = {"message": _readable_message(text)}
    return error_from_refusal(fields, 200, headers, text)


def invalid_chunk_error(text: str) -> ProtocolError:
    """Return the error for an event of a stream that is not JSON; plain words are repeated."""
    what = Text("流中有一段不是有效的 JSON", "a chunk of the stream is not valid JSON")
    words = redact(_readable_message(text), strict=True)
    if words and words[0] not in '{["':
        what = _add_said(what, words)
    return ProtocolError(
        what,
        Text("服务或中间的代理损坏了数据", "the service, or a proxy in between, damaged it"),
        Text("再试一次", "try again"),
        body=redact(text, strict=True),
    )


def invalid_json_error(status: int, text: str) -> ProtocolError:
    """Return the error for a reply that begins as JSON does, and is none."""
    return ProtocolError(
        Text("回复是不完整或损坏的 JSON", "the reply is incomplete or damaged JSON"),
        Text(
            "连接断了，或中间的代理改动了它",
            "the connection was cut, or a proxy in between changed it",
        ),
        Text("再试一次；%ernie doctor 可测试", "try again; %ernie doctor tests the service"),
        body=text,
        status=status,
    )


def failed_answer_error(reason: str) -> ServerError | None:
    """Return the error for an answer whose reason to finish is a failure; None for any other
    reason.
    """
    if not is_failure(reason):
        return None
    return ServerError(
        Text(
            "服务没能把回答写完（finish_reason {reason}）",
            "the service failed before the answer was complete (finish_reason {reason})",
        ).fill(reason=reason),
        Text("服务方的临时故障", "a temporary fault on its side"),
        Text(
            "已收到的文字都在；请再问一次",
            "the received text is kept; ask again",
        ),
        status=200,
        code=reason,
        retryable=True,
    )


def unknown_shape_error(kind: str, request_id: str) -> ProtocolError:
    """Return the error for an answer with a part that cannot be read."""
    return ProtocolError(
        Text(
            "回答里有读不了的部分：{kind}",
            "the answer has a part that cannot be read: {kind}",
        ).fill(kind=kind),
        Text("服务用了这里还不认识的格式", "the service uses a form that is not known here"),
        Text(
            "换一个模型，或用 ernie.wire.post 读原样的回复",
            "use another model, or read the reply as it is with ernie.wire.post",
        ),
        status=200,
        request_id=redact(request_id[:_CODE], strict=True),
    )


def empty_answer_error(body: str = "", request_id: str = "") -> ProtocolError:
    """Return the error for an answer without any text, thought, tool call or reason to finish."""
    return ProtocolError(
        Text(
            "服务没有给出回答：没有文字、思考和工具调用，也没有说为什么结束",
            "the service sent an empty answer: no text, thought or tool call, and no finish reason",
        ),
        Text(
            "服务或中间的网关出错，但没有说出来",
            "the service, or a gateway in between, failed without saying so",
        ),
        Text("再试一次；%ernie doctor 可测试", "try again; %ernie doctor tests the service"),
        body=redact(body, strict=True),
        status=200,
        request_id=redact(request_id[:_CODE], strict=True),
    )


def empty_app_answer_error(body: str, request_id: str) -> ProtocolError:
    """Return the error for an application's answer without anything in it."""
    error = empty_answer_error(body, request_id)
    error.what = Text(
        "应用没有给出回答：没有文字、图片和文件",
        "the application gave no answer: no words, picture or file",
    )
    error.cause = Text(
        "流程到此没有输出，或某个组件出错但没有说出来",
        "its flow ends without words, or a component failed without saying so",
    )
    error.advice = Text(
        "在千帆控制台查看这个应用，或再试一次",
        "look at the application in Qianfan's console, or try again",
    )
    return error


def header_request_id(headers: Mapping[str, str]) -> str:
    """Return the request id in a reply's headers, "" when there is none."""
    names = ("x-request-id", "x-bce-request-id", "x-baidu-request-id")
    return next((headers[name] for name in names if headers.get(name)), "")


def not_this_api_error(status: int, text: str) -> ProtocolError:
    """Return the error for a reply that is not from this API: a login page, a proxy, another
    server.
    """
    if status == ACCEPTED:
        return _accepted_error(text)
    cause = Text(
        "服务地址（base_url）不对，或中间有代理、登录页",
        "the base URL is wrong, or a proxy or login page is in between",
    )
    if not text.strip():
        cause = Text(
            "服务或网关没有回答就结束了，或服务地址（base_url）不对",
            "the service, or a gateway, ended without an answer, or the base URL is wrong",
        )
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
        cause,
        Text(
            "检查 %ernie config base_url 和网络；%ernie doctor 可测试",
            "check %ernie config base_url and the network; %ernie doctor tests it",
        ),
        body=text,
        status=status,
    )


def _accepted_error(text: str) -> ProtocolError:
    """Return the error for a reply that promises an answer (RFC 9110, section 15.3.3)."""
    return ProtocolError(
        Text(
            "服务收下了请求（HTTP 202），但没有给出回答",
            "the service accepted the request (HTTP 202), but sent no answer",
        ),
        Text(
            "这个地址排队处理，结果要到别处去取",
            "this address queues it, and has the result elsewhere",
        ),
        Text(
            "换成直接回答的地址（base_url）或模型",
            "use an address (base_url) or a model that answers directly",
        ),
        body=text,
        status=ACCEPTED,
    )


def unexpected_reply_error(payload: object) -> ErnieError:
    """Return the error for a JSON reply that is not what was asked for: the service's own words,
    where it has any.
    """
    fields = None
    if isinstance(payload, dict):
        fields = parse_refusal(payload, may_be_answer=False)
    if fields is not None:
        return error_from_refusal(fields, 200, {}, beginning_of(payload, 2000))
    return not_this_api_error(200, redact(beginning_of(payload, 2000), strict=True))


def missing_picture_error(facts: Mapping[str, object]) -> ErnieError | None:
    """Return the error that stands in the place of one picture, or the reason why there is none, as
    Volcengine, DashScope and Vertex AI tell it; None where there is neither.
    """
    fields = parse_refusal(facts, may_be_answer=False)
    if fields is None:
        reasons = (values.as_text(facts[name]) for name in facts if _REASON.search(name))
        reason = next(filter(None, reasons), "")
        if not reason or is_whole_reason(reason):
            return None
        fields = {"code": reason, "message": reason}
    return error_from_refusal(fields, 200, {}, beginning_of(facts))


def no_picture_error(payload: Mapping[str, object]) -> ErnieError:
    """Return the error for a reply of pictures in which none is found: it may have been paid for,
    so its caller keeps it.
    """
    entries = (values.as_objects(entries) for entries in payload.values())
    told = (missing_picture_error(entry) for entry in chain.from_iterable(entries))
    if (error := next(filter(None, told), None)) is not None:
        return error
    error = unexpected_reply_error(payload)
    if payload and type(error) is ProtocolError:
        error.what = Text("回复里找不到图片", "no picture was found in the reply")
        error.cause = Text(
            "服务用了不认识的写法，或没有生成", "the service has a form of its own, or made none"
        )
        error.advice = Text(
            "整个回复在 ernie.last.raw（error.answer.raw）里",
            "the whole reply is in ernie.last.raw (error.answer.raw)",
        )
    return error


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


def _network_login_error(refusal_fields: Mapping[str, str]) -> ServiceUnreachable:
    """Return the error for a network that lets nobody through who has not logged in."""
    what = Text("这个网络要求先登录（HTTP 511）", "this network requires a login (HTTP 511)")
    message = redact(refusal_fields.get("message", ""), strict=True)
    return ServiceUnreachable(
        _add_said(what, message),
        Text(
            "酒店、校园或公司网络的登录页拦住了请求，没有到达服务",
            "the login page of a hotel's, campus's or company's network is in between; the "
            "service was not reached",
        ),
        Text(
            "在浏览器里打开任意网页登录，再试", "open any web page in a browser, log in, try again"
        ),
    )


def _readable_message(text: str) -> str:
    """Return a refusal that is not JSON in a few words: an HTML page's title, or the text's
    beginning.
    """
    for tag in ("title", "h1"):
        if heading := re.search(rf"<{tag}[^<>]{{0,200}}>([^<]{{1,200}})", text, re.IGNORECASE):
            return heading.group(1).strip()
    if text.lstrip().startswith("<"):
        return ""
    return " ".join(text.split())[:_SAID_SHOWN]


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
