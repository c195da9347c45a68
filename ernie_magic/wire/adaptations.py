"""What a request has that the caller did not choose, or a name for what the caller did, and what is
sent instead where a server refuses it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import values
from ernie_magic.errors import BadRequest, ServerError
from ernie_magic.wire.answers.content import REASONING
from ernie_magic.wire.call_ids import with_plain_call_ids
from ernie_magic.wire.error_codes import ABOUT_THE_ACCOUNT
from ernie_magic.wire.refusals.sent_fields import find_refused_field

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from ernie_magic.errors import ServiceError
    from ernie_magic.wire.request import WireRequest

# A refusal may also be told with 200 and a code of the service's own.
_STATUSES = (200, 400, 404, 405, 422)
_ABOUT_FORMAT = re.compile(
    r"(?:response|output)[\s_-]?format|json[\s_-]?(?:mode|schema|object)"
    r"|structured[\s_-]?output|结构化输出|JSON ?(?:模式|输出)"
    # What servers make of it: a grammar (llama.cpp, SGLang), guided decoding (vLLM, TensorRT), a
    # field of their own (Ollama, Gemini, Bedrock).
    r"|grammar|samplers|guided[\s_-]?(?:decoding|json|generation)|required for format"
    r"|response_schema|output_config\.format"
    # Groq's, of an answer that did not become JSON (https://console.groq.com/docs/structured-outputs).
    r"|json_validate_failed|failed to (?:generate|validate) json",
    re.IGNORECASE,
)
# What excludes JSON without a schema too: the mode, or the whole field.
_EXCLUDES_JSON_OBJECT = re.compile(
    r"json[\s_-]?(?:mode|object)['\"`]* (?:is |are )?(?:currently )?(?:not|un)"
    r"|(?<![\w.])response_format['\"`]*(?: parameter| field| option)? (?:is |are )?(?:not |un)"
    r"(?:supported|allowed|permitted|known|recognized|expected)"
    r"|(?:unknown|unrecognized|unexpected|extra|unsupported)[^.:]{0,30}[:\s]\W*response_format(?![\w.])"
    r"|JSON ?模式.{0,4}不|不支持 ?JSON ?模式",
    re.IGNORECASE,
)
_NEVER = re.compile(r"(?!)")
# Not `stream_options`, nor "upstream".
_ABOUT_STREAM = re.compile(
    r"(?<![a-z_])stream(?:ing|ed)?(?![a-z_])(?! ?options)|流式",
    re.IGNORECASE,
)
_ABOUT_STREAMED_TOOLS = re.compile(r"\btools? with stream", re.IGNORECASE)
_LACKS_REASONING = re.compile(
    rf"(?=.*(?<![a-z_])(?:{'|'.join(REASONING)})(?![a-z_]))"
    r".*(?:missing|required|must be|pass(?:ed)? back|absent|缺少|必须|不能为空)",
    re.IGNORECASE | re.DOTALL,
)
_ABOUT_TOOL_NAME = re.compile(
    r"\bmessages\b.{0,80}\bname\b|message[_ ]name",
    re.IGNORECASE | re.DOTALL,
)
_ABOUT_EMPTY_CONTENT = re.compile(
    r"\bcontent\b.{0,80}(?:empty|blank|required|at least|不能为空)"
    r"|(?:empty|blank).{0,40}\bcontent\b",
    re.IGNORECASE | re.DOTALL,
)
# Mistral's, Anthropic's, Bedrock's and OpenAI's rules, and those of chat templates, whose refusals
# llama.cpp tells with 500.
_CALL_ID = r"tool[\s_-]?(?:calls?|use)[\W\d_]{0,8}ids?\b"
_ABOUT_CALL_ID = re.compile(
    rf"{_CALL_ID}.{{0,160}}\b(?:must|should|has to|length|pattern|regular expression|unique"
    rf"|duplicated?|alphanumeric|too long|invalid|not valid)\b"
    rf"|\b(?:invalid|duplicated?|repeated) [^.]{{0,60}}{_CALL_ID}",
    re.IGNORECASE | re.DOTALL,
)
# Of a result that is missing, or that belongs to no call.
_ABOUT_MISSING_RESULT = re.compile(
    r"must be (?:followed|preceded|a response)|did not have|not found"
    r"|no (?:corresponding|matching)",
    re.IGNORECASE,
)
_ABOUT_REASONING = re.compile(rf"(?<![a-z_])(?:{'|'.join(REASONING)})(?![a-z_])")
# Gemma's and Mistral's templates, llama.cpp, OpenAI's o1, Google's, Chinese gateways'.
_ABOUT_SYSTEM = re.compile(
    r"\b(?:system|developer)['\"`]?[\s_-]?(?:role|message|prompt|instruction)s?\b"
    r".{0,40}(?:\bnot\b|n't\b|\bunsupported)"
    r"|(?:\bnot|n't) support .{0,30}\bsystem\b|\bunsupported .{0,20}\bsystem\b"
    r"|\broles? must alternate|\bonly user\b.{0,40}\broles?\b|\brole\b.{0,20}\bgot '?system"
    r"|\brole must be .{0,10}user\b.{0,20}assistant"
    r"|不支持.{0,8}(?:system|系统)|(?:system|系统)(?:角色|消息|提示词?|指令).{0,6}不支持",
    re.IGNORECASE | re.DOTALL,
)
# Words for a field that a server does not know: OpenAI's, pydantic's, Go's, Chinese gateways'.
_UNKNOWN_FIELD = re.compile(
    r"(?:unknown|unrecogni[sz]ed|unexpected|unsupported|additional|extra)[\s_-]*(?:request[\s_-]*)?"
    r"(?:param|argument|field|input|propert|key|option)|extra_forbidden"
    r"|(?:不支持|未知|多余|无法识别)的?(?:参数|字段|属性)",
    re.IGNORECASE,
)
_USE = r"\b(?:use|instead|in favou?r of|renamed)\b|[使改]用"
# OpenAI's, of its thinking models.
_WANTS_MAX_COMPLETION_TOKENS = re.compile(
    rf"(?<!\w)max_tokens\b.{{0,120}}(?:{_USE}).{{0,40}}(?<!\w)max_completion_tokens\b"
    rf"|(?:{_USE}).{{0,20}}(?<!\w)max_completion_tokens\b.{{0,60}}(?<!\w)max_tokens\b",
    re.IGNORECASE | re.DOTALL,
)
# vLLM's, TensorRT-LLM's and Mistral's (https://github.com/voideditor/void/issues/128).
_WANTS_MAX_TOKENS = re.compile(
    rf"(?:{_UNKNOWN_FIELD.pattern}).{{0,80}}(?<!\w)max_completion_tokens\b"
    rf"|(?<!\w)max_completion_tokens\b.{{0,80}}(?:{_UNKNOWN_FIELD.pattern}|not supported|{_USE})",
    re.IGNORECASE | re.DOTALL,
)


class Adaptation(NamedTuple):
    """One way to send a request again.

    Attributes
    ----------
    name : str
    field : str
        What of the request is changed; only where the caller did not choose it. "reasoning" and
        "tools" are what messages have of thoughts, and of calls and results of tools. "" where the
        caller's value is sent all the same.
    refusal : Pattern
        The words of a refusal that names it.
    change : callable
        Returns the request to be sent instead, None where there is nothing to change.
    exclusion : Pattern
        The words of a refusal after which it is not worth a try.
    is_told_by_failures : bool
        Servers refuse it with 500 as well (Ollama).
    """

    name: str
    field: str
    refusal: re.Pattern[str]
    change: Callable[[WireRequest], WireRequest | None]
    exclusion: re.Pattern[str] = _NEVER
    is_told_by_failures: bool = False


def _ask_for_json_object(request: WireRequest) -> WireRequest | None:
    body = dict(request.body or {})
    if values.as_object(body.get("response_format")).get("type") != "json_schema":
        return None
    body["response_format"] = {"type": "json_object"}
    return request._replace(body=body)


def _ask_for_no_format(request: WireRequest) -> WireRequest | None:
    body = dict(request.body or {})
    if body.pop("response_format", None) is None:
        return None
    return request._replace(body=body)


def _ask_for_stream(request: WireRequest) -> WireRequest | None:
    if request.stream:
        return None
    return request._replace(body={**(request.body or {}), "stream": True}, stream=True)


def _ask_for_whole(request: WireRequest) -> WireRequest | None:
    if not request.stream:
        return None
    return request._replace(body={**(request.body or {}), "stream": False}, stream=False)


def _ask_for_whole_with_tools(request: WireRequest) -> WireRequest | None:
    if not (request.body or {}).get("tools"):
        return None
    return _ask_for_whole(request)


def _change_messages(
    change: Callable[[dict[str, Any]], dict[str, Any]],
) -> Callable[[WireRequest], WireRequest | None]:
    """Return what changes each message of a request."""

    def change_request(request: WireRequest) -> WireRequest | None:
        body = dict(request.body or {})
        sent = body.get("messages") or ()
        messages = [change(message) if isinstance(message, dict) else message for message in sent]
        if messages == list(sent):
            return None
        return request._replace(body={**body, "messages": messages})

    return change_request


def _without_reasoning(message: dict[str, Any]) -> dict[str, Any]:
    if message.get("role") != "assistant":
        return message
    return {name: value for name, value in message.items() if name not in REASONING}


def _with_blank_reasoning(message: dict[str, Any]) -> dict[str, Any]:
    if not message.get("tool_calls") or any(name in message for name in REASONING):
        return message
    # A blank, as some servers take "" for none (https://github.com/anomalyco/opencode/issues/10996).
    return {**message, REASONING[0]: " "}


def _without_tool_name(message: dict[str, Any]) -> dict[str, Any]:
    if message.get("role") != "tool":
        return message
    return {name: value for name, value in message.items() if name != "name"}


def _without_empty_content(message: dict[str, Any]) -> dict[str, Any]:
    if not message.get("tool_calls") or message.get("content") != "":
        return message
    return {**message, "content": None}


def _put_system_into_prompt(request: WireRequest) -> WireRequest | None:
    body = request.body or {}
    system, *others = body.get("messages") or [{}]
    if values.as_object(system).get("role") != "system" or not others:
        return None
    first = values.as_object(others[0])
    parts = [system.get("content"), first.get("content")]
    if first.get("role") != "user" or not all(parts):
        return None
    content: object = "\n\n".join(parts) if all(isinstance(part, str) for part in parts) else None
    if content is None:
        content = [part for given in parts for part in _as_parts(given)]
    return request._replace(body={**body, "messages": [{**first, "content": content}, *others[1:]]})


def _as_parts(content: object) -> Sequence[object]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return values.as_list(content)


def _rename_calls(request: WireRequest) -> WireRequest | None:
    """Return a request whose calls of tools have ids that any server takes."""
    body = request.body or {}
    sent = list(body.get("messages") or ())
    messages = with_plain_call_ids(sent)
    if messages == sent:
        return None
    return request._replace(body={**body, "messages": messages})


def _rename(old: str, new: str) -> Callable[[WireRequest], WireRequest | None]:
    """Return what sends a field under another name."""

    def change_request(request: WireRequest) -> WireRequest | None:
        body = request.body or {}
        if old not in body or new in body:
            return None
        renamed = {new if name == old else name: value for name, value in body.items()}
        return request._replace(body=renamed)

    return change_request


# Who has turned one of these once does not turn it back.
_TURNS = (
    frozenset({"streamed", "whole", "whole with tools"}),
    frozenset({"max_completion_tokens", "max_tokens"}),
)
# In the order in which they are tried.
ADAPTATIONS = (
    Adaptation(
        "json_object",
        "response_format",
        _ABOUT_FORMAT,
        _ask_for_json_object,
        exclusion=_EXCLUDES_JSON_OBJECT,
        is_told_by_failures=True,
    ),
    Adaptation(
        "no format",
        "response_format",
        _ABOUT_FORMAT,
        _ask_for_no_format,
        is_told_by_failures=True,
    ),
    Adaptation("streamed", "stream", _ABOUT_STREAM, _ask_for_stream),
    Adaptation("whole with tools", "stream", _ABOUT_STREAMED_TOOLS, _ask_for_whole_with_tools),
    Adaptation("whole", "stream", _ABOUT_STREAM, _ask_for_whole),
    Adaptation(
        "blank reasoning", "reasoning", _LACKS_REASONING, _change_messages(_with_blank_reasoning)
    ),
    Adaptation("no reasoning", "reasoning", _ABOUT_REASONING, _change_messages(_without_reasoning)),
    Adaptation("no tool name", "tools", _ABOUT_TOOL_NAME, _change_messages(_without_tool_name)),
    Adaptation(
        "plain call ids",
        "tools",
        _ABOUT_CALL_ID,
        _rename_calls,
        exclusion=_ABOUT_MISSING_RESULT,
        is_told_by_failures=True,
    ),
    Adaptation(
        "no empty content", "tools", _ABOUT_EMPTY_CONTENT, _change_messages(_without_empty_content)
    ),
    Adaptation("system in prompt", "", _ABOUT_SYSTEM, _put_system_into_prompt),
    Adaptation(
        "max_completion_tokens",
        "",
        _WANTS_MAX_COMPLETION_TOKENS,
        _rename("max_tokens", "max_completion_tokens"),
    ),
    Adaptation(
        "max_tokens",
        "",
        _WANTS_MAX_TOKENS,
        _rename("max_completion_tokens", "max_tokens"),
    ),
)


def adapt_request(
    request: WireRequest,
    names: Collection[str],
    adaptable: Collection[str],
) -> WireRequest:
    """Return a request with these adaptations, as far as its fields are adaptable.

    Parameters
    ----------
    names
        Of adaptations.
    adaptable
        Fields that the caller did not choose.
    """
    for one in ADAPTATIONS:
        if one.name in names and _may_change(one, adaptable):
            request = one.change(request) or request
    return request


def _may_change(adaptation: Adaptation, adaptable: Collection[str]) -> bool:
    return not adaptation.field or adaptation.field in adaptable


def find_adaptation(
    error: ServiceError,
    request: WireRequest,
    tried: Collection[str],
    adaptable: Collection[str],
) -> str:
    """Return the name of the next adaptation after a refusal, "" for none."""
    if isinstance(error, ABOUT_THE_ACCOUNT):
        return ""
    is_refused = error.status in _STATUSES or isinstance(error, BadRequest)
    is_failure = isinstance(error, ServerError)
    said = f"{error.message} {error.body}"
    for one in ADAPTATIONS:
        if one.name in tried or not _may_change(one, adaptable):
            continue
        if any(one.name in turns and turns.intersection(tried) for turns in _TURNS):
            continue
        if one.exclusion.search(said):
            continue
        if not is_refused and not (is_failure and one.is_told_by_failures):
            continue
        if one.refusal.search(said) and one.change(request) is not None:
            return one.name
    return ""


def refuses_stream_options(error: ServiceError, body: Mapping[str, Any]) -> bool:
    """Whether a server may have refused a request because it does not know `stream_options`, which
    some name and others only mean.

    Parameters
    ----------
    body
        The request's other fields: a refusal that names one of them is about that.
    """
    if isinstance(error, ABOUT_THE_ACCOUNT):
        return False
    said = f"{error.message} {error.body}"
    letters = re.sub(r"[^a-z]", "", said.lower())
    if "streamoptions" in letters or "includeusage" in letters:
        return True
    if not isinstance(error, BadRequest) or find_refused_field(error.message, body):
        return False
    return bool(_UNKNOWN_FIELD.search(said))
