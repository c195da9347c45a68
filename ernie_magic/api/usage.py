"""Token usage of one call, and of a session."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from ernie_magic.api.models import is_simulated

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Usage:
    """Tokens of one call, as the service counted them.

    Attributes
    ----------
    prompt_tokens, completion_tokens, total_tokens : int
    search_tokens : int
        Prompt tokens that a web search added.
    cached_tokens, reasoning_tokens : int
        Prompt tokens that were cached; answer tokens spent on reasoning.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    search_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            *(getattr(self, part.name) + getattr(other, part.name) for part in fields(self))
        )


def sum_reported(usages: Iterable[Usage | None]) -> Usage | None:
    """Return what several replies cost together, as far as it was reported; None where none was."""
    reported = [usage for usage in usages if usage is not None]
    if not reported:
        return None
    return sum(reported, Usage())


@dataclass(frozen=True)
class Spent:
    """What a session spent on one model of one service.

    Attributes
    ----------
    requests : int
        Calls that were answered, in whole or in part.
    uncounted : int
        Of these, calls for which the service gave no token count (mostly stopped streams).
    usage : Usage
    """

    requests: int = 0
    uncounted: int = 0
    usage: Usage = field(default_factory=Usage)


def simulated_note(service: str) -> str:
    """Return the note in a repr for what no model made."""
    if is_simulated(service):
        return ", simulated=True"
    return ""
