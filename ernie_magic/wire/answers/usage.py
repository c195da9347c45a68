"""The tokens that a reply reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.api.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST = 10**15  # tokens: more cannot be meant


def usage_of(raw_usage: object) -> Usage:
    """Return the tokens in a reply's `usage`; missing or malformed counts are 0."""

    def token_count(counts: Mapping[str, Any], name: str) -> int:
        value = values.as_whole_number(counts.get(name)) or 0
        return value if 0 <= value < _LARGEST else 0

    reported = values.as_object(raw_usage)
    of_prompt = values.as_object(reported.get("prompt_tokens_details"))
    of_completion = values.as_object(reported.get("completion_tokens_details"))
    prompt = token_count(reported, "prompt_tokens") or token_count(reported, "input_tokens")
    completion = token_count(reported, "completion_tokens")
    completion = completion or token_count(reported, "output_tokens")  # as Anthropic has it
    return Usage(
        prompt,
        completion,
        token_count(reported, "total_tokens") or prompt + completion,
        token_count(of_prompt, "search_tokens"),
        token_count(of_prompt, "cached_tokens"),
        token_count(of_completion, "reasoning_tokens"),
    )
