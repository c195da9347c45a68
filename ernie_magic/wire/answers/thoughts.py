"""Thoughts among an answer's words, told from them by marks and tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.wire.answers.content import Content

_OPENING = "<think>"
END_OF_THOUGHTS = "</think>"
# What models write around their thoughts where the server has no parser for them: DeepSeek, Qwen
# and ERNIE; Magistral (https://docs.mistral.ai/capabilities/reasoning/); Kimi-VL; Seed-OSS
# (https://huggingface.co/ByteDance-Seed/Seed-OSS-36B-Instruct).
_TAGS = {
    _OPENING: END_OF_THOUGHTS,
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<seed:think>": "</seed:think>",
}
# OpenAI's harmony format, which servers without a parser for gpt-oss leave in the text
# (https://cookbook.openai.com/articles/openai-harmony).
_ANALYSIS = "<|channel|>analysis<|message|>"
_FINAL = "<|channel|>final<|message|>"
_ASSISTANT = "<|start|>assistant"
_TAGS |= dict.fromkeys((_ANALYSIS, _ASSISTANT + _ANALYSIS), f"<|end|>{_ASSISTANT}{_FINAL}")
_ENDS_OF_FINAL = ("<|return|>", "<|end|>")
# What models write around their words behind their thoughts: ERNIE (its parser in vLLM,
# https://github.com/vllm-project/vllm/pull/25027) and Granite, Hunyuan, GLM
# (https://huggingface.co/zai-org/GLM-4.5V).
_AROUND_WORDS = {
    "<response>": "</response>",
    "<answer>": "</answer>",
    "<|begin_of_box|>": "<|end_of_box|>",
}
_BEGINNINGS = (*_TAGS, _FINAL, _ASSISTANT + _FINAL)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
# The prompt ends with the opening tag, so that the answer has the closing one alone: on a line
# (https://huggingface.co/Qwen/Qwen3-30B-A3B-Thinking-2507), or right behind the last word
# (DeepSeek V3.1, https://huggingface.co/deepseek-ai/DeepSeek-V3.1). In a sentence about tags there
# is a space or a quotation mark before it.
_CLOSING_ALONE = re.compile(
    rf"\n{END_OF_THOUGHTS}[ \t]*\n|(?<=[^\s`'\"“”‘’「『《（(<>]){END_OF_THOUGHTS}(?=\s*\S)"
)


class ThoughtMarks:
    """Gemini's thoughts, which its API in OpenAI's style writes into the content between tags
    (`thought_tag_marker`, https://github.com/GoogleCloudPlatform/generative-ai/pull/2090), in
    chunks that are marked.
    """

    _BEGIN = "<thought>"
    _END = "</thought>"

    def __init__(self) -> None:
        self._is_open = False

    @staticmethod
    def is_marked(part: Mapping[str, Any]) -> bool:
        """Whether a message or a delta is marked to have thoughts."""
        google = values.as_object(values.as_object(part.get("extra_content")).get("google"))
        return google.get("thought") is True

    def move_thoughts(self, content: Content, part: Mapping[str, Any]) -> Content:
        """Return a content whose marked thoughts are its reasoning, without their tags."""
        if self.is_marked(part):
            thoughts, end, text = content.text.partition(self._END)
            self._is_open = not end
            thoughts = content.reasoning + thoughts.removeprefix(self._BEGIN)
            return content._replace(text=text, reasoning=thoughts)
        if self._is_open and content.text:
            self._is_open = False
            return content._replace(text=content.text.removeprefix(self._END))
        return content


def _is_never(_tag: str) -> bool:
    return False


class ThoughtTags:
    """Tells the thoughts with which a text begins, between tags, from its other words.

    What may be part of a tag is held back until that is known.

    Parameters
    ----------
    is_whole
        The text comes in one piece: its closing tag may stand alone.
    follows_thoughts
        Thoughts came before the text, in a field of their own: tags may stand around its words, as
        behind thoughts between tags.
    is_asked_for
        Whether the request has a tag, which then belongs to the answer.

    Attributes
    ----------
    is_past : bool
        Whatever follows is no thought.
    has_tags : bool
        Some were found, around thoughts or words.
    follows_thoughts : bool
    """

    def __init__(
        self,
        *,
        is_whole: bool = False,
        follows_thoughts: bool = False,
        is_asked_for: Callable[[str], bool] = _is_never,
    ) -> None:
        self.is_past = False
        self.has_tags = False
        self.follows_thoughts = follows_thoughts
        self._is_asked_for = is_asked_for
        self._is_whole = is_whole
        self._held = ""
        self._closing = ""  # of thoughts that have begun
        self._end_of_words = ""  # the tag
        self._has_begun = False
        self._read = self._read_beginning

    def split(self, piece: str) -> tuple[str, str]:
        """Add a piece; return what may be shown now, as words and as thoughts."""
        if self.is_past or not piece:
            return piece, ""
        text = self._held + piece
        self._held = ""
        return self._read(text)

    def flush_remaining(self) -> tuple[str, str]:
        """Return what was held back, now that the text has ended."""
        held = self._held
        self._held = ""
        if self._closing:
            return "", held
        if self._end_of_words and held.strip() == self._end_of_words:
            return "", ""
        return held, ""

    def _read_beginning(self, text: str) -> tuple[str, str]:
        bare = text.lstrip()
        for opening in _BEGINNINGS:
            if bare.startswith(opening):
                self.has_tags = True
                self._closing = _TAGS.get(opening, "")
                self._read = self._read_thoughts
                if not self._closing:
                    self._read = self._read_final
                return self._read(bare[len(opening) :])
        if not self._is_whole and any(opening.startswith(bare) for opening in _BEGINNINGS):
            self._held = text
            return "", ""
        if self._is_whole:
            words, thoughts = self._split_at_closing(text)
            if self.has_tags:
                return self._read_gap(words)[0], thoughts
        if self.follows_thoughts:
            return self._read_words(text, text)
        self.is_past = True
        return text, ""

    def _split_at_closing(self, text: str) -> tuple[str, str]:
        """Return a whole text's words and thoughts, where one closing tag stands between them, and
        not as an example: behind the opening one, in a block of code or in a JSON text.
        """
        thoughts, *words = _CLOSING_ALONE.split(text)
        if not words or text.count(END_OF_THOUGHTS) > 1:
            return text, ""
        if _OPENING in thoughts or len(_FENCE.findall(thoughts)) % 2 or text[:1] in "{[":
            return text, ""
        if thoughts.rpartition("\n")[2].count("`") % 2 or self._is_asked_for(END_OF_THOUGHTS):
            return text, ""
        self.has_tags = True
        return words[0], thoughts.strip()

    def _read_thoughts(self, text: str) -> tuple[str, str]:
        if not self._has_begun:
            text = text.lstrip()
        thoughts, closing, words = text.partition(self._closing)
        if not closing:
            thoughts, self._held = _cut_before_part(text, self._closing)
            self._has_begun = self._has_begun or bool(thoughts)
            return "", thoughts
        self._read = self._read_gap
        if self._closing.endswith(_FINAL):
            self._read = self._read_final
        self._closing = ""
        return self._read(words)[0], thoughts

    def _read_gap(self, text: str) -> tuple[str, str]:
        """Read the blanks between the thoughts and the words."""
        return self._read_words(text, text.lstrip())

    def _read_words(self, text: str, words: str) -> tuple[str, str]:
        """Read the first words of a text, which are `words` if no tags stand around them."""
        bare = text.lstrip()
        opening = next((tag for tag in _AROUND_WORDS if bare.startswith(tag)), "")
        first = bare.removeprefix(opening).lstrip()[:1]
        if any(tag.startswith(bare) for tag in _AROUND_WORDS) or (opening and not first):
            self._held = words
            return "", ""
        # Behind the first tag of an XML text is the next one.
        if opening and first != "<" and not self._is_asked_for(opening):
            self.has_tags = True
            self._has_begun = False
            self._end_of_words = _AROUND_WORDS[opening]
            self._read = self._read_between_tags
            return self._read(bare[len(opening) :])
        self.is_past = True
        return words, ""

    def _read_between_tags(self, text: str) -> tuple[str, str]:
        """Read words up to the last closing tag, which ends the text, without the blanks there."""
        if not self._has_begun:
            text = text.lstrip()
        words = text.rstrip()
        if words.endswith(self._end_of_words):
            words = words.removesuffix(self._end_of_words)
        else:
            words, _ = _cut_before_part(words, self._end_of_words)
        words = words.rstrip()
        self._has_begun = self._has_begun or bool(words)
        self._held = text[len(words) :]
        return words, ""

    def _read_final(self, text: str) -> tuple[str, str]:
        """Read harmony's words, up to the mark at their end."""
        for end in _ENDS_OF_FINAL:
            words, mark, _ = text.partition(end)
            if mark:
                self._read = self._drop
                return words, ""
        parts = (_cut_before_part(text, end) for end in _ENDS_OF_FINAL)
        words, self._held = min(parts, key=lambda part: len(part[0]))
        return words, ""

    def _drop(self, text: str) -> tuple[str, str]:  # noqa: ARG002
        """Leave out what follows the end."""
        return "", ""


def split_thoughts(
    text: str,
    *,
    is_whole: bool = False,
    follows_thoughts: bool = False,
    is_asked_for: Callable[[str], bool] = _is_never,
) -> tuple[str, str]:
    """Return a text's words, and the thoughts with which it begins (`ThoughtTags`)."""
    tags = ThoughtTags(
        is_whole=is_whole, follows_thoughts=follows_thoughts, is_asked_for=is_asked_for
    )
    words, thoughts = tags.split(text)
    last_words, last_thoughts = tags.flush_remaining()
    return words + last_words, thoughts + last_thoughts


def _cut_before_part(text: str, tag: str) -> tuple[str, str]:
    """Return a text without the beginning of a tag at its end, and that."""
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:length]):
            return text[:-length], text[-length:]
    return text, ""
