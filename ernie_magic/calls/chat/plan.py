"""A prompt and its context, as they were when it was asked."""

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
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.settings import Snapshot


@dataclass(frozen=True)
class Plan:
    """A prompt and its context, as they were when it was asked: later changes are for the next one.

    Attributes
    ----------
    conversation : Conversation
    prompt : str | None
        The prompt; None when whole messages were given, which leave no turn.
    options : ChatOptions
    settings : Snapshot
    endpoint : Endpoint
    first, last : tuple of messages
        The system prompt; the prompt, or the messages given.
    generation : int
        The conversation's, which changes with each reset.
    turns : tuple of Turn
        Earlier turns that are sent too.
    images : tuple of message parts
        Pictures sent with the prompt.
    instead : Turn | None
        The turn that the answer replaces.
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
        """Whether it belongs to its conversation: whole messages, and prompts without history,
        stand alone.
        """
        return self.prompt is not None and self.options.history

    @property
    def sees(self) -> bool:
        """Whether the model needs vision: pictures are sent."""
        return bool(
            pictures_in(
                [*(message for turn in self.turns for message in turn.messages), *self.last]
            )
        )

    @property
    def stream(self) -> bool:
        """Whether the answer is streamed."""
        return self.settings.stream if self.options.stream is None else self.options.stream

    def request(self, model: str, paths: Mapping[str, str] | None = None) -> ChatRequest:
        """Build the request to a model; the oldest turns are left out where it would not fit.

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
