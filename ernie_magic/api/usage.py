"""Token usage of one call, and of a session."""

from __future__ import annotations

from dataclasses import dataclass, field, fields


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


class UsageLog:
    """What a session spent, by service and model; `total` is the sum."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], Spent] = {}

    def add(self, service: str, model: str, usage: Usage | None) -> None:
        """Count one answered call; `usage` is None when the service did not say."""
        spent = self._spent.get((service, model), Spent())
        self._spent[service, model] = Spent(
            spent.requests + 1, spent.uncounted + (usage is None), spent.usage + (usage or Usage())
        )

    @property
    def by_model(self) -> dict[tuple[str, str], Spent]:
        """`{(service, model): Spent}`, in the order of first use."""
        return dict(self._spent)

    @property
    def total(self) -> Spent:
        """The sum of all usage."""
        total = Spent()
        for spent in self._spent.values():
            total = Spent(
                total.requests + spent.requests,
                total.uncounted + spent.uncounted,
                total.usage + spent.usage,
            )
        return total

    def __repr__(self) -> str:
        total = self.total
        return f"UsageLog({total.requests} requests, {total.usage.total_tokens} tokens)"


def simulated(service: str) -> str:
    """Return the note in a repr for what no model made."""
    return ", simulated=True" if service == "emulator" else ""
