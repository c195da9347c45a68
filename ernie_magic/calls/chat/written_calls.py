"""Calls of tools that a model wrote into its text, since its server did not read them."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from ernie_magic.api import values
from ernie_magic.text.json_text import find_json
from ernie_magic.wire.answers.tool_calls import ARGUMENTS
from ernie_magic.wire.answers.tool_names import offered_names

if TYPE_CHECKING:
    from ernie_magic.api.results import Answer

# How the chat templates of Qwen and Hermes, Mistral, Llama and DeepSeek begin a call
# (https://docs.vllm.ai/en/latest/features/tool_calling.html).
_MARKS = re.compile(
    r"^\s*(?:<tool_call>|\[TOOL_CALLS\]|<function=|<\|python_tag\|>|<｜tool▁calls▁begin｜>)",
    re.MULTILINE,
)
_JSON = re.compile(r"\s*(?:```|[{\[])")


def has_written_call(answer: Answer) -> bool:
    """Whether an answer to a request with tools has none of their calls, but one as its text."""
    names = offered_names(answer.request.parameters)
    if not names or answer.tool_calls or answer.tool_runs:
        return False
    return bool(_MARKS.search(answer.text)) or _is_call(answer.text, names)


def _is_call(text: str, names: list[str]) -> bool:
    """Whether a text is a call as an object of JSON, and no more."""
    if not _JSON.match(text):
        return False
    with suppress(ValueError):
        found = find_json(text)
        if isinstance(found, list):
            found = next(iter(found), None)
        call = values.as_object(found)
        return call.get("name") in names and any(name in call for name in ARGUMENTS)
    return False
