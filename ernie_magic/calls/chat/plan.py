"""A question as it stood when it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ernie_magic.api import parameters
from ernie_magic.api.requests import ChatRequest, Message, chat_request, pictures_in, room

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.requests import ChatOptions, Part
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.calls.chat.history import Turn
    from ernie_magic.config.services import Endpoint
    from ernie_magic.config.settings import Snapshot


@dataclass(frozen=True)
class Plan:
    """A question as it stood when it was asked: what is changed afterwards is for the next one.

    Attributes
    ----------
    conversation : Conversation
    prompt : str | None
        The question; None when whole messages were given, which leave no turn.
    options : ChatOptions
    settings : Snapshot
    endpoint : Endpoint
    first, last : tuple of messages
        The system prompt; the question, or the messages given.
    generation : int
        Of the conversation, which begins anew with each reset.
    turns : tuple of Turn
        Earlier turns that go along.
    images : tuple of message parts
        Pictures that go along with the question.
    instead : Turn | None
        The turn whose place the answer takes.
    """

    conversation: Conversation
    prompt: str | None
    options: ChatOptions
    settings: Snapshot
    endpoint: Endpoint
    first: tuple[Message, ...]
    turns: tuple[Turn, ...]
    last: tuple[Message, ...]
    generation: int = 0
    images: tuple[Part, ...] = ()
    instead: Turn | None = None

    @property
    def is_turn(self) -> bool:
        """Whether it belongs to its conversation: whole messages, and questions without history,
        stand alone.
        """
        return self.prompt is not None and self.options.history

    @property
    def sees(self) -> bool:
        """Whether the model has to see: there are pictures in what is sent."""
        return bool(
            pictures_in(
                [*(message for turn in self.turns for message in turn.messages), *self.last]
            )
        )

    @property
    def stream(self) -> bool:
        """Whether the answer is asked for piece by piece."""
        return self.settings.stream if self.options.stream is None else self.options.stream

    def request(self, model: str, paths: Mapping[str, str] | None = None) -> ChatRequest:
        """The request to a model; its oldest turns are left out where it would not fit.

        Raises
        ------
        UsageError
        """
        rules = self.endpoint.rules
        trimmed = (
            room(model, [turn.messages for turn in self.turns], [*self.first, *self.last])
            if rules.strict
            else 0
        )
        earlier = [message for turn in self.turns[trimmed:] for message in turn.messages]
        kept = {
            name: value
            for name, value in self.settings.parameters.items()
            if not rules.strict or parameters.of("chat")[name].known_to(rules.protocol)
        }
        given = {**kept, **{k: v for k, v in self.options.parameters.items() if v is not None}}
        if self.stream and self.endpoint.service.asks_usage:
            given.setdefault("stream_options", {"include_usage": True})
        return chat_request(
            [*self.first, *earlier, *self.last],
            model=model,
            given=given,
            extra=self.options.extra,
            stream=self.stream,
            rules=rules,
            endpoint=self.options.endpoint,
            paths=paths,
            trimmed=trimmed,
        )
