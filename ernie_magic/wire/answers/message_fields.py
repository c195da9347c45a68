"""Which fields of a choice and its message may have a failure, or the words of an answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.wire.answers.content import REASONING, words_in
from ernie_magic.wire.refusals.parsing import is_vendor_object

if TYPE_CHECKING:
    from collections.abc import Mapping

# Fields of a choice and of a message that are no failure's: any other may be one.
HARMLESS = frozenset(
    {
        "index",
        "delta",
        "message",
        "text",
        "finish_reason",
        "stop_reason",
        "matched_stop",
        "logprobs",
        "token_ids",
        "content_filter_results",
        "native_finish_reason",
        "seed",
        "flag",
        "ban_round",
        "usage",
        "role",
        "content",
        "tool_calls",
        "function_call",
        "refusal",
        "annotations",
        "reasoning_details",
        *REASONING,
        # Of a chunk of Qianfan V1, which is its own choice:
        "id",
        "object",
        "created",
        "sentence_id",
        "is_end",
        "is_truncated",
        "result",
        "need_clear_history",
    }
)
# Fields of a message with what is not words: OpenRouter's pictures, OpenAI's speech.
_OTHER_CONTENT = ("images", "image", "audio", "video", "videos", "media", "parts")
# Texts of a message that are no words of an answer.
_NO_WORDS = frozenset(
    {
        *(HARMLESS - {"text", "result"}),
        *("name", "type", "status", "state", "model", "author", "channel", "recipient", "phase"),
        *("sender", "sender_type", "content_type", "language", "timestamp", "provider"),
        *("version", "prefix", "reason", "code", "finishReason", "finish_details"),
    }
)
# Objects and lists of a message that are about the answer.
_BESIDE_ANSWER = re.compile(
    r"reasoning|think|thought|signature|extra|specific|meta|usage|token|logprob|filter|safety"
    r"|moderation|detail|stat|timing|info|annotation|citation|reference|search|source|tool|call"
    r"|audit|provider|debug|trace|param|setting|config|role|name|context|id$",
    re.IGNORECASE,
)
# Where the answers of other APIs have their words, beside empty choices.
_ANSWERS = ("output_text", "text", "answer", "output", "response", "content", "reply")
_HOLDERS = ("message", "delta")  # which a message itself does not have
_NO_WORDS_ENDINGS = ("id", "_at", "_reason", "_type", "_name")


def find_unread_field(
    message: Mapping[str, Any],
    choice: Mapping[str, Any],
    reply: Mapping[str, Any],
) -> str:
    """Return the field in which an answer without words has something else instead, such as a film,
    or has its words under a name that is not known; "" for none.
    """
    words = (
        name
        for name, value in (*message.items(), *choice.items())
        if isinstance(value, str) and value.strip() and _may_be_words(name)
    )
    places = (
        *(name for name in _OTHER_CONTENT if message.get(name)),
        *words,
        *(name for name, value in message.items() if _may_be_content(name, value)),
        *(name for name, value in choice.items() if _has_words(name, value)),
        *(name for name in _ANSWERS if words_in(reply.get(name)).strip()),
        *(name for name in _HOLDERS if words_in(values.as_object(reply.get(name))).strip()),
    )
    return next(iter(places), "")


def _may_be_content(name: str, value: object) -> bool:
    """Whether what stands in a message may be an answer that is no text."""
    if name in _HOLDERS:
        return bool(value)
    return bool(value) and isinstance(value, (dict, list)) and not _is_about_answer(name)


def _has_words(name: str, value: object) -> bool:
    """Whether what stands in a choice has words of an answer."""
    return not _is_about_answer(name) and bool(words_in(value).strip())


def _may_be_words(name: str) -> bool:
    """Whether a text under this name may be the words of an answer."""
    return name not in _NO_WORDS and not name.endswith(_NO_WORDS_ENDINGS)


def _is_about_answer(name: str) -> bool:
    """Whether an object of this name tells something about an answer, and is no part of it."""
    if name in HARMLESS or is_vendor_object(name):
        return True
    return _BESIDE_ANSWER.search(name) is not None
