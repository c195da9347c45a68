"""What an answer's `content` has: words and thoughts, whole or in pieces.

Services write it as a text, as an object around one, or as a list of parts.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import values
from ernie_magic.api.values import as_name
from ernie_magic.wire.answers.content_parts import is_trace, pictures_of, words_under_kind
from ernie_magic.wire.answers.pictures import find_pictures
from ernie_magic.wire.answers.sources import is_source
from ernie_magic.wire.answers.tool_calls import is_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.answer_images import AnswerImage

# Two names are in use for thoughts: `reasoning_content` (AI Studio, Qianfan) and `reasoning` (vLLM,
# OpenRouter); Ollama has a third, GitHub's models and other servers more.
REASONING = (
    *("reasoning_content", "reasoning", "thinking"),
    *("reasoning_text", "thought", "thoughts"),
    *("reasoning_summary", "reasoning_output", "reasoning_process"),
    *("thinking_content", "thinking_text", "thought_content", "thought_process"),
    *("think", "cot", "chain_of_thought", "internal_thoughts"),
)
_WORDS_OF_MESSAGE = frozenset({"content", *REASONING})
# Kinds of parts of a content, and where their words stand.
_TEXT_PARTS = frozenset({"text", "output_text", "refusal"})
_REASONING_PARTS = re.compile(
    r"think|thought|reasoning|analysis|summary_text|(?<![a-z])cot(?![a-z])", re.IGNORECASE
)
_WORDS_OF_PART = ("text", "thinking", "reasoning", "summary", "refusal", "content", "value")
# Fields of a part of a content.
_PART_FIELDS = frozenset(
    {
        *_WORDS_OF_PART,
        "type",
        "role",
        "id",
        "index",
        "annotations",
        "citations",
        "cache_control",
        "metadata",
        "signature",
        "thought",
    }
)
# Fields whose texts arrive in pieces.
_STREAMED = frozenset(
    {"content", "result", "text", "refusal", "arguments", "value", "summary", *REASONING}
)


class Content(NamedTuple):
    """What an answer's `content` has.

    Attributes
    ----------
    text, reasoning : str
    unknown : str
        The kind of what is neither, "" for nothing.
    pictures : tuple
        Parts with pictures, as they came.
    images : tuple of AnswerImage
        The pictures in them.
    skipped : str
        The kind of a part that only tells where the answer comes from, "" for none.
    """

    text: str = ""
    reasoning: str = ""
    unknown: str = ""
    pictures: tuple[Any, ...] = ()
    images: tuple[AnswerImage, ...] = ()
    skipped: str = ""


def read_content(content: object) -> Content:
    """Read an answer's `content`: a text, or parts of it
    (https://platform.openai.com/docs/api-reference/chat/object; thoughts as on
    https://docs.mistral.ai/capabilities/reasoning/).
    """
    if isinstance(content, str):
        return Content(content)
    if content is None or content is False:
        return Content()
    if _is_answer(content):
        return Content(unknown="object")
    if not isinstance(content, list):
        content = [content]
    read = [_read_part(part) for part in content]
    return Content(
        "".join(part.text for part in read),
        "".join(part.reasoning for part in read),
        next((part.unknown for part in read if part.unknown), ""),
        tuple(picture for part in read for picture in part.pictures),
        tuple(image for part in read for image in part.images),
        next((part.skipped for part in read if part.skipped), ""),
    )


def _is_answer_itself(content: Mapping[str, Any]) -> bool:
    """Whether an object is no part of a content, but the JSON of the answer, which a gateway has
    parsed: its other fields would be lost.
    """
    if content.get("type") or find_pictures(content):
        return False
    return any(value and name not in _PART_FIELDS for name, value in content.items())


def _read_part(part: Any) -> Content:
    """Read one part of an answer's `content`."""
    if isinstance(part, str) or part in (None, [], {}):
        return Content(part or "")
    if not isinstance(part, dict):
        return Content(unknown=type(part).__name__)
    kind = as_name(part.get("type"))
    words = next((part[name] for name in _WORDS_OF_PART if part.get(name)), "")
    if is_trace(kind) or is_call(part):
        return Content(skipped=kind)
    if _REASONING_PARTS.search(kind) or part.get("thought") is True:  # Google's
        return Content(reasoning=words_in(words or part.get(kind)))
    if kind in _TEXT_PARTS or (not kind and words):
        return Content(words_in(words))
    return _read_other_part(part, kind or "object")


def _read_other_part(part: dict[str, Any], kind: str) -> Content:
    """Read a part of another kind than words: pictures, sources, or what no one knows."""
    if is_source(part):
        return Content(skipped=kind)
    if images := pictures_of(part, kind):
        return Content(pictures=(part,), images=tuple(images))
    if words := words_under_kind(part, kind):
        return Content(words)
    return Content(unknown=kind)


def with_words_as_text(part: Mapping[str, Any], *, is_json: bool) -> Mapping[str, Any]:
    """Return a message or a delta whose words are texts, as the JSON that they are where a gateway
    has parsed it: Cloudflare's Workers AI does so with tokens that are numbers
    (https://github.com/cloudflare/ai/issues/651), and with a whole answer in JSON
    (https://developers.cloudflare.com/workers-ai/features/json-mode).

    Parameters
    ----------
    is_json
        Whether JSON was asked for: only then an object without a type is the answer itself.
    """
    parsed = {
        name: json.dumps(value, ensure_ascii=False)
        for name, value in part.items()
        if name in _WORDS_OF_MESSAGE and (_is_number(value) or (is_json and _is_answer(value)))
    }
    return {**part, **parsed} if parsed else part


def _is_number(value: object) -> bool:
    # Not false: other gateways write it for nothing.
    return value is True or (isinstance(value, int | float) and value is not False)


def _is_answer(content: object) -> bool:
    return isinstance(content, dict) and _is_answer_itself(content)


def thoughts_in_details(details: object) -> str:
    """Return the thoughts in the `reasoning_details` of OpenRouter
    (https://openrouter.ai/docs/use-cases/reasoning-tokens) and MiniMax
    (https://platform.minimax.io/docs/api-reference/text-openai-api), or in the `thinking_blocks` of
    LiteLLM (https://docs.litellm.ai/docs/reasoning_content); encrypted ones have no words.
    """
    return words_in(
        [
            values.as_text(detail.get("text") or detail.get("summary") or detail.get("thinking"))
            for detail in values.as_objects(details)
            if detail.get("type") != "reasoning.encrypted"
        ]
    )


def words_in(value: object) -> str:
    """Return the words in a text, in an object that wraps one, or in a list of these."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(words_in(item) for item in value)
    wrapped = values.as_object(value)
    return words_in(next((wrapped[name] for name in _WORDS_OF_PART if wrapped.get(name)), ""))


def without_other_halves(chunk: dict[str, Any]) -> dict[str, Any]:
    """Return a chunk of a stream without half characters, but for the answer's own texts, of which
    the other half may follow.
    """
    cleaned = values.without_half_characters(
        {name: value for name, value in chunk.items() if name != "choices"}, ("result",)
    )
    if "choices" in chunk:
        cleaned["choices"] = [
            _without_other_halves_in_choice(choice)
            for choice in values.as_objects(chunk["choices"])
        ]
    return cleaned  # type: ignore[no-any-return]


def _without_other_halves_in_choice(choice: dict[str, Any]) -> dict[str, Any]:
    streamed = {name: choice[name] for name in ("delta", "message", "text") if name in choice}
    others = {name: value for name, value in choice.items() if name not in streamed}
    return {
        **values.without_half_characters(others),
        **values.without_half_characters(streamed, _STREAMED),
    }
