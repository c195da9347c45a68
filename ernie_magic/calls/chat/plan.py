"""A prompt and its context, as they were when it was asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from ernie_magic.api import parameters
from ernie_magic.api.messages import Message, count_pictures, turns_to_drop
from ernie_magic.api.models import find_model
from ernie_magic.api.passages import quote_passages, shorten_passages
from ernie_magic.api.requests import ChatRequest, chat_request, check_session_parameters
from ernie_magic.calls.chat.history import user_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ernie_magic.api.messages import Part
    from ernie_magic.api.passages import Passage
    from ernie_magic.api.requests import ChatOptions
    from ernie_magic.calls.chat.history import Turn
    from ernie_magic.config.target import CallTarget

# Characters of what knowledge bases hold that a prompt quotes; at most half of the model's input.
_MAX_QUOTED = 12_000


@dataclass(frozen=True)
class Plan:
    """A prompt and its context, as they were when it was asked: later changes are for the next one.

    Attributes
    ----------
    prompt : str | None
        The prompt; None when whole messages were given, which leave no turn.
    options : ChatOptions
    target : CallTarget
    system_messages, new_messages : tuple of messages
        The system prompt; the prompt, or the messages given.
    generation : int
        The conversation's, which changes with each reset.
    earlier_turns : tuple of Turn
        Earlier turns that are sent too.
    images : tuple of message parts
        Pictures sent with the prompt.
    replaced_turn : Turn | None
        The turn that the answer replaces.
    overlaps : bool
        Whether another prompt of its conversation was being answered when it was asked.
    conversation : str
        The name of its conversation.
    """

    prompt: str | None
    options: ChatOptions
    target: CallTarget
    system_messages: tuple[Message, ...]
    earlier_turns: tuple[Turn, ...]
    new_messages: tuple[Message, ...]
    generation: int = 0
    images: tuple[Part, ...] = ()
    replaced_turn: Turn | None = None
    overlaps: bool = False
    conversation: str = ""

    @property
    def is_turn(self) -> bool:
        """Whether it belongs to its conversation: whole messages, and prompts without history,
        stand alone.
        """
        return self.prompt is not None and self.options.history is not False

    def following(self, turns: Iterable[Turn]) -> Plan:
        """Return the plan with the turns that are there by now."""
        earlier_turns = turns_before(self.replaced_turn, turns)
        return replace(self, earlier_turns=earlier_turns, overlaps=False)

    @property
    def needs_vision(self) -> bool:
        """Whether the model needs vision: pictures are sent."""
        return bool(
            count_pictures(
                [
                    *(message for turn in self.earlier_turns for message in turn.messages),
                    *self.new_messages,
                ]
            )
        )

    @property
    def sees_earlier(self) -> bool:
        """Whether only pictures of earlier turns decide which model is the default."""
        is_named = self.target.model or self.target.deployed
        return self.needs_vision and not is_named and not count_pictures([*self.new_messages])

    @property
    def drops_system(self) -> bool:
        """Whether the turn before had a system prompt given with it, which is not sent again."""
        if self.options.system is not None or not self.earlier_turns:
            return False
        before = self.earlier_turns[-1].options
        sent = [message["content"] for message in self.system_messages]
        return before is not None and bool(before.system) and sent != [before.system]

    @property
    def is_streamed(self) -> bool:
        """Whether the answer is streamed."""
        if self.options.stream is None:
            return self.target.settings.stream
        return self.options.stream

    def build_request(
        self,
        model: str,
        max_input_tokens: int | None = None,
        inferred_limit: int | None = None,
        min_dropped: int = 0,
    ) -> ChatRequest:
        """Build the request to a model; the oldest turns are left out where it would not fit.

        Parameters
        ----------
        max_input_tokens
            The model's longest input by the live list, None where that does not say.
        inferred_limit
            The same in estimated tokens, as far as it refused longer ones; None where it did not.
        min_dropped
            So many of the oldest turns are left out in any case.

        Raises
        ------
        UsageError
        """
        rules = self.target.rules
        limits = [limit for limit in (max_input_tokens, inferred_limit) if limit is not None]
        turns_dropped = min_dropped
        if rules.strict or limits:
            fitting = turns_to_drop(
                model,
                [turn.messages for turn in self.earlier_turns],
                [*self.system_messages, *self.new_messages],
                min(limits, default=None),
            )
            turns_dropped = max(turns_dropped, fitting)
        service = self.target.endpoint.service.name
        earlier = [
            message
            for turn in self.earlier_turns[turns_dropped:]
            for message in turn.messages_for(service, model)
        ]
        kept = self.target.settings.parameters
        given = parameters.merge_parameters("chat", kept, self.options.parameters, rules)
        check_session_parameters("chat", kept, given, model, rules)
        request = chat_request(
            [*self.system_messages, *earlier, *self.new_messages],
            model=model,
            given=given,
            extra=self.options.extra,
            stream=self.is_streamed,
            rules=rules,
            endpoint=self.target.deployed,
            trimmed=turns_dropped,
            max_input_tokens=max_input_tokens,
        )
        adaptable = set()
        if self.is_streamed and self.options.stream is None:
            adaptable.add("stream")
        return replace(
            request,
            adaptable=frozenset(adaptable),
            sees_earlier=self.sees_earlier,
            knowledge=self.options.knowledge or (),
            plugins=self.options.plugins or (),
            unfilled=self.options.unfilled,
            overlaps=self.overlaps,
            drops_system_of=self.conversation if self.drops_system else "",
        )

    def quote(self, passages: Sequence[Passage]) -> Plan:
        """Return the plan with what knowledge bases hold about its prompt; the turn that it leaves
        has the prompt alone.
        """
        quoted = quote_passages(self.prompt or "", passages)
        return replace(self, new_messages=(user_message(quoted, self.images),))


def fit_passages(
    passages: Sequence[Passage],
    model: str,
    max_input_tokens: int | None,
) -> tuple[Passage, ...]:
    """Return as much of what was found as a prompt to a model quotes, the best first.

    Parameters
    ----------
    max_input_tokens
        As in `Plan.build_request`.
    """
    limits = [_MAX_QUOTED]
    entry = find_model(model)
    if entry is not None:
        max_input_tokens = max_input_tokens or entry.max_input_tokens
        if entry.max_characters:
            limits.append(entry.max_characters // 2)
    if max_input_tokens:
        limits.append(max_input_tokens // 2)
    return shorten_passages(passages, min(limits))


def turns_before(replaced_turn: Turn | None, turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Return the turns that are sent with a prompt: those before the one that it replaces."""
    return tuple(takewhile(lambda turn: turn is not replaced_turn, turns))
