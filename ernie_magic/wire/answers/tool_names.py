"""The tools that a request offers, and which of them a model means that writes the name its own
way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ernie_magic.api import values
from ernie_magic.api.values import as_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The call's brackets of `f()`, and what a name has around it.
_BRACKETS = re.compile(r"\(.*\)\s*$", re.DOTALL)
_AROUND = " \t\r\n`'\"<>|"
# Between a name and what stands before or behind it: `functions.f`, `functions.f:0`, `tools/f`,
# `f<|channel|>commentary` (https://cookbook.openai.com/articles/openai-harmony).
_SEPARATORS = re.compile(r"[.:/]+|<\|[^|<>]*\|>")
_MARKS = re.compile(r"[\s_-]+")
_MAX_NAME = 1000  # characters: a longer one is no misspelling


def offered_names(parameters: Mapping[str, object]) -> list[str]:
    """Return the names of the tools among a request's parameters, in both protocols' forms."""
    offered = [
        values.as_object(tool.get("function")) or tool
        for name in ("tools", "functions")
        for tool in values.as_objects(parameters.get(name))
    ]
    return [name for tool in offered if (name := as_name(tool.get("name"), _MAX_NAME))]


def find_tool_name(written: str, offered: Sequence[str]) -> str:
    """Return the name of the tool that a model means; what means none, or several, as it is."""
    if written in offered or not offered or len(written) > _MAX_NAME:
        return written
    bare = _BRACKETS.sub("", written.strip(_AROUND)).strip(_AROUND)
    for form in (str, _fold):
        by_form: dict[str, set[str]] = {}
        for name in offered:
            by_form.setdefault(form(name), set()).add(name)
        for part in (bare, *reversed(_SEPARATORS.split(bare))):
            meant = by_form.get(form(part), ())
            if len(meant) == 1:
                return next(iter(meant))
    return written


def _fold(name: str) -> str:
    return _MARKS.sub("", name).casefold()
