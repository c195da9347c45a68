"""Requests as long as their models read. Where only a refusal tells how long that is, a prompt is
asked again without the oldest turns.

Few servers list how much a model reads, and what a text is in tokens is an estimate.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ernie_magic.api.messages import estimate_messages
from ernie_magic.calls.chat.plan import fit_passages
from ernie_magic.calls.chat.turn import ask_turn
from ernie_magic.errors import InputTooLong

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ernie_magic.api.passages import Passage
    from ernie_magic.api.requests import ChatRequest
    from ernie_magic.calls.chat.plan import Plan
    from ernie_magic.calls.chat.turn import Asked
    from ernie_magic.client import Client
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.wire.prepared_call import PreparedCall

_PARTS = (0.25, 0.5, 0.75, 1.0)  # of the turns, left out one after the other


class InferredLimits:
    """The longest inputs that models may take, in estimated tokens, as far as they refused longer
    ones.
    """

    def __init__(self) -> None:
        self._tokens: dict[tuple[object, str], int] = {}

    def find(self, model: str, endpoint: Endpoint) -> int | None:
        """Return how long an input to a model may be, None where it refused none."""
        return self._tokens.get((endpoint.account, model))

    def on_refused(self, model: str, endpoint: Endpoint, tokens: int) -> None:
        """Note that a model refused an input of so many tokens."""
        known = (endpoint.account, model)
        self._tokens[known] = min(tokens - 1, self._tokens.get(known, tokens))


class FittingRequests:
    """Builds the requests of a conversation's plans, as long as their models read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.inferred_limits = InferredLimits()

    def build(self, plan: Plan, model: str, min_dropped: int = 0) -> ChatRequest:
        """Build the request to a model, without at least so many of the oldest turns.

        Raises
        ------
        UsageError
        """
        endpoint = plan.target.endpoint
        return plan.build_request(
            model,
            self._client.model_lists.max_input_tokens(model, endpoint),
            self.inferred_limits.find(model, endpoint),
            min_dropped,
        )

    def build_again(self, plan: Plan, request: ChatRequest, min_dropped: int = 0) -> ChatRequest:
        """Build another request to the model of one."""
        built = self.build(plan, request.model, min_dropped)
        return replace(built, paths=request.paths)

    def fit_passages(self, plan: Plan, model: str, found: Sequence[Passage]) -> tuple[Passage, ...]:
        """Return what a prompt quotes of what was found."""
        max_input_tokens = self._client.model_lists.max_input_tokens(model, plan.target.endpoint)
        return fit_passages(found, model, max_input_tokens)


async def ask_fitting_turn(
    call: PreparedCall,
    plan: Plan,
    request: ChatRequest,
    on_flag: Callable[[int], object],
    build_shorter: Callable[[int], ChatRequest],
    limits: InferredLimits,
) -> Asked:
    """Ask as `ask_turn` does, and again without the oldest turns as long as the request is refused
    as too long.

    Parameters
    ----------
    build_shorter
        Returns the request without at least so many of the oldest turns.
    limits
        Learn from what was refused.
    """
    first_dropped = request.trimmed
    turns = len(plan.earlier_turns) - first_dropped
    asked = await ask_turn(call, plan, request, on_flag)
    for dropped in [first_dropped + math.ceil(part * turns) for part in _PARTS]:
        if dropped <= request.trimmed:
            continue
        if not _is_too_long(asked):
            break
        tokens = estimate_messages(request.messages)
        limits.on_refused(request.model, plan.target.endpoint, tokens)
        request = build_shorter(dropped)
        asked = await ask_turn(call, plan, request, on_flag)
    return asked


def _is_too_long(asked: Asked) -> bool:
    """Whether a request was refused as too long, before any tool was called for it."""
    has_run = asked.answer is not None and bool(asked.answer.tool_runs)
    return isinstance(asked.problem, InputTooLong) and not asked.has_answer_to_keep and not has_run
