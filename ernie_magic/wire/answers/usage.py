"""The tokens that a reply reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LARGEST = 10**15  # tokens: more cannot be meant
# Where the counts are that no field of OpenAI's chats has: its Responses, DeepSeek
# (https://api-docs.deepseek.com/guides/kv_cache), Moonshot, Perplexity, Anthropic
# (https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching).
_OF_PROMPT = ("prompt_tokens_details", "input_tokens_details")
_OF_COMPLETION = ("completion_tokens_details", "output_tokens_details")
_CACHED = ("prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens")
_WRITTEN = "cache_creation_input_tokens"


def usage_of(raw_usage: object) -> Usage:
    """Return the tokens in a reply's `usage`; missing or malformed counts are 0."""
    reported = values.as_object(raw_usage)
    cached = _count_inside(reported, _OF_PROMPT, "cached_tokens") or _count(reported, *_CACHED)
    prompt = _count(reported, "prompt_tokens")
    if not prompt:
        prompt = _count(reported, "input_tokens")
        if _count(reported, "cache_read_input_tokens", _WRITTEN):
            # Anthropic counts what the cache has to do with beside what is left.
            prompt += _count(reported, "cache_read_input_tokens") + _count(reported, _WRITTEN)
    completion = _count(reported, "completion_tokens", "output_tokens")
    thoughts = _count_inside(reported, _OF_COMPLETION, "reasoning_tokens")
    return Usage(
        prompt,
        completion,
        _count(reported, "total_tokens") or prompt + completion,
        _count_inside(reported, _OF_PROMPT[:1], "search_tokens"),
        cached,
        thoughts or _count(reported, "reasoning_tokens"),
    )


def _count(counts: Mapping[str, Any], *names: str) -> int:
    """Return the first of these counts that is not 0."""
    for name in names:
        number = values.as_whole_number(counts.get(name)) or 0
        if 0 < number < _LARGEST:
            return number
    return 0


def _count_inside(reported: Mapping[str, Any], objects: Sequence[str], name: str) -> int:
    details = (values.as_object(reported.get(inside)) for inside in objects)
    return next(filter(None, (_count(each, name) for each in details)), 0)
