"""What a service's word for an end means: a failure, a limit, a filter, or a normal end.

Every gateway has its own words (`upstream_error`, `engine_overloaded`, `MAX_TOKENS` …), so they are
told apart by what they contain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Names of a reason to finish: OpenAI's and Google's; Anthropic's, which vLLM has for the stop
# sequence beside its own; OpenRouter's for what its provider said; OpenAI's first for pictures.
_NAMES = ("finish_reason", "finishReason")
_OTHER_NAMES = ("stop_reason", "native_finish_reason", "finish_details")
_CLOSER_NAMES = ("native_finish_reason", "finish_details")  # believed where they tell of a cut

_FAILURE = re.compile(
    r"error|fail|exception|(?<!de)fault|abort|crash|cancel|terminated|interrupted|time.?out"
    r"|timed.?out|deadline|overload|unavailable|exhaust|insufficient|rate.?limit|throttl"
    r"|malformed|invalid|preempted|evicted|disconnect|out.?of.?memory|(?<![a-z])oom(?![a-z])"
    r"|killed|panic|失败|错误|异常|超时|中断|过载",
    re.IGNORECASE,
)
# A reason is a name or a sentence; anything else (markup) is not understood.
_PLAIN = re.compile(r"[\w\s.,:;/()'!-]*")
_NO_FAILURE = re.compile(
    r"(?<![a-z])(?:no|not|non|none|without|zero|0)[\s_-]*"
    r"(?:errors?|fail(?:ed|ures?)?|exceptions?|faults?)(?![a-z])|(?:没有|无|未)(?:错误|异常|失败)",
    re.IGNORECASE,
)
_TRUNCATED = re.compile(
    r"length|max[a-z_\s-]*tokens?|token[a-z_\s-]*limit|context.?window|incomplete|truncated",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"filter|safety|moderation|sensitive|blocked|blocklist|prohibited|recitation|refusal|spii",
    re.IGNORECASE,
)
_STATES = ("type", "status", "state", "event")
_CUT = re.compile(r"(?:\w+[./:-])*(?:incomplete|truncated)", re.IGNORECASE)
# What some servers write in each chunk but the last: DashScope "null", others that they go on.
_NO_REASON = re.compile(
    r"\s*(?:null|none|nil|undefined|(?:not|un)[\s_-]?finished|in[\s_-]?progress|continu(?:e|es|ing)"
    r"|generating|streaming|processing|running|pending)?\s*",
    re.IGNORECASE,
)
_NORMAL = re.compile(
    r"stop|(?<![a-z])eos(?![a-z])|(?<![a-z])end|complete|done|finish|normal|success|(?<![a-z])ok"
    r"|tool|function|pause_turn|no.?error",
    re.IGNORECASE,
)


def names_failure(word: str) -> bool:
    """Whether a word or a sentence says that something failed."""
    return bool(_FAILURE.search(_NO_FAILURE.sub("", word)))


def is_failure(reason: str) -> bool:
    """Whether a reason to finish is a failure."""
    return bool(_PLAIN.fullmatch(reason)) and names_failure(reason)


def is_truncation(reason: str) -> bool:
    """Whether a reason to finish is the length limit."""
    return bool(_TRUNCATED.search(reason))


def is_filter(reason: str) -> bool:
    """Whether a reason to finish is content review."""
    return bool(_FILTERED.search(reason))


def is_known_reason(reason: str) -> bool:
    """Whether it is clear what a reason to finish means; so it is when none was given."""
    if is_truncation(reason) or is_filter(reason) or is_failure(reason):
        return True
    return not reason or bool(_NORMAL.search(reason))


def is_whole_reason(reason: str) -> bool:
    """Whether a reason to finish means that the answer is whole; so it is when none was given."""
    return is_known_reason(reason) and not (
        is_truncation(reason) or is_filter(reason) or is_failure(reason)
    )


def tells_cut(reply: Mapping[str, Any]) -> bool:
    """Whether a reply's own type or status says that the answer was cut off, as OpenAI's
    `response.incomplete` (https://platform.openai.com/docs/api-reference/responses-streaming).
    """
    for source in (reply, values.as_object(reply.get("response"))):
        if source.get("incomplete_details"):
            return True
        # Most chunks have none, and each step costs a part of reading one.
        states = filter(None, map(source.get, _STATES))
        if any(_CUT.fullmatch(values.as_name(state)) for state in states):
            return True
    return False


def find_reason(*sources: Mapping[str, Any]) -> str:
    """Return the reason to finish in a reply's objects, "" for none. Gateways move it from the
    choice into the message, or to the top, and have names of their own.
    """
    for name in _NAMES:
        for source in sources:
            if source.get(name) and (reason := spell_reason(source[name])):
                return _closer_reason(reason, sources)
    for name in _OTHER_NAMES:
        for source in sources:
            # Most chunks have none, and each step costs a part of reading one.
            if not source.get(name):
                continue
            reason = spell_reason(source[name])
            if reason and is_known_reason(reason):
                return reason
    return ""


def _closer_reason(reason: str, sources: Sequence[Mapping[str, Any]]) -> str:
    """Return a reason, or the one beside it that says more closely that the answer was cut."""
    if not is_whole_reason(reason):
        return reason
    for name in _CLOSER_NAMES:
        for source in sources:
            closer = spell_reason(source.get(name))
            if is_known_reason(closer) and not is_whole_reason(closer):
                return closer
    return reason


def spell_reason(value: object) -> str:
    """Return a reason to finish as a word, also where it stands in an object or a list; "" for a
    word that says that there is none yet.
    """
    for _ in range(3):
        if isinstance(value, list):
            value = next(iter(value), "")
        elif isinstance(value, dict):
            given = value
            names = ("type", "reason", "finish_reason", "code", "name", "status", "message")
            value = next((given[name] for name in names if given.get(name)), "")
    word = values.as_name(value)
    if _NO_REASON.fullmatch(word):
        return ""
    return word
