"""Token usage of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ernie_magic.api.public_names import SuggestsNames, names_by_use
from ernie_magic.text.counts import REQUESTS, TOKENS
from ernie_magic.text.encodings import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.usage import Spent, Usage


class UsageLog(SuggestsNames):
    """What a session spent, by service and model; `total` is the sum."""

    _meant_by: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("cost", "tokens", "total_tokens", "usage"), "total"
    )

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], Spent] = {}

    def add(self, service: str, model: str, usage: Usage | None) -> None:
        """Count one answered call; `usage` is None when the service did not say."""
        from ernie_magic.api.usage import Spent, Usage

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
        from ernie_magic.api.usage import Spent

        total = Spent()
        for spent in self.by_model.values():
            total = Spent(
                total.requests + spent.requests,
                total.uncounted + spent.uncounted,
                total.usage + spent.usage,
            )
        return total

    def __dir__(self) -> list[str]:
        return names_by_use(super().__dir__(), ("total", "by_model"), ("add",))

    @printable
    def __repr__(self) -> str:
        total = self.total
        requests = REQUESTS.say("en", total.requests)
        tokens = TOKENS.say("en", total.usage.total_tokens)
        return f"UsageLog({requests}, {tokens})"
