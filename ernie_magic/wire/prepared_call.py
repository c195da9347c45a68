"""A call on the I/O thread: the way to the service, and the reply as far as it arrived."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import ErnieError
from ernie_magic.runtime.io_thread import in_thread_if_long
from ernie_magic.wire import moderation
from ernie_magic.wire.protocols import protocol_of
from ernie_magic.wire.quirks import send_adapting, send_rerank

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.listed_facts import TokenPrice
    from ernie_magic.api.requests import ChatRequest, CompletionRequest
    from ernie_magic.api.results import Answer
    from ernie_magic.api.usage import Usage
    from ernie_magic.api.usage_log import UsageLog
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.settings import Snapshot
    from ernie_magic.config.target import CallTarget
    from ernie_magic.runtime.events import Delta
    from ernie_magic.wire.http import HttpClient
    from ernie_magic.wire.model_lists import ModelLists
    from ernie_magic.wire.protocols import WireProtocol
    from ernie_magic.wire.quirks import ServerQuirks
    from ernie_magic.wire.reader import Reader
    from ernie_magic.wire.request import Context, WireRequest

# Characters of a tool's arguments that are searched for keys in the time that a model's name takes.
_CHARACTERS_PER_MODEL = 200


@dataclass(frozen=True)
class PreparedCall:
    """A call on the I/O thread: the way to the service, and what is done before and after each
    request.

    Attributes
    ----------
    context : Context
    http : HttpClient
    model_lists : ModelLists
    quirks : ServerQuirks
        The account's.
    usage_log : UsageLog
        Counts what is spent.
    """

    context: Context
    http: HttpClient
    model_lists: ModelLists
    quirks: ServerQuirks
    usage_log: UsageLog

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint, with its address."""
        return self.context.endpoint

    @property
    def settings(self) -> Snapshot:
        """The settings as they were when the call began."""
        return self.context.settings

    @property
    def service(self) -> str:
        """The name of the service that answers: the emulator may stand in for another."""
        return self.http.service_name(self.context.endpoint)

    @property
    def is_disguised(self) -> bool:
        """Whether the emulator answers in the place of another service."""
        return self.service != self.context.endpoint.service.name

    @property
    def protocol(self) -> WireProtocol:
        """What builds the service's requests."""
        return protocol_of(self.context.endpoint)

    @property
    def paths(self) -> dict[str, str]:
        """Qianfan V1's paths by model, from the live list; they change with it."""
        return self.model_lists.paths(self.context.endpoint)

    def max_input_tokens(self, model: str) -> int | None:
        """Return a model's longest input by the live list (`ModelLists.max_input_tokens`)."""
        return self.model_lists.max_input_tokens(model, self.context.endpoint)

    def token_price(self, model: str) -> TokenPrice | None:
        """Return what 1,000 tokens of a model cost in CNY (`ModelLists.token_price`)."""
        return self.model_lists.token_price(model, self.context.endpoint)

    def emit(self, delta: Delta) -> None:
        """Pass a piece of the answer, or of the progress, to whoever reads the call."""
        self.context.emit(delta)

    def replace_emit(self, emit: Callable[[Delta], None]) -> PreparedCall:
        """Return the call with another `emit`."""
        return replace(self, context=replace(self.context, emit=emit))

    async def choose_model(self, target: CallTarget, *, needs_vision: bool = False) -> str:
        """Return the model of a call; where none is named or set, the live list decides."""
        return target.model or await self.model_lists.choose_model(
            target.kind, self.context, needs_vision=needs_vision
        )

    async def send_json(self, request: WireRequest) -> dict[str, Any]:
        """Send a request whose reply is one JSON body.

        Raises
        ------
        ErnieError
        """
        return await self.http.send_json(request, self.context)

    async def send_rerank(self, request: WireRequest) -> dict[str, Any]:
        """Send documents to be ranked, to the path that the server has (`quirks.send_rerank`)."""
        return await send_rerank(self.http, request, self.context, self.quirks)

    async def read_reply(
        self,
        wire_request: WireRequest,
        request: ChatRequest | CompletionRequest,
        clock: Clock,
    ) -> Reply:
        """Send a chat or a completion and read the reply; each piece of text is emitted as it
        arrives. Every reply that began is counted, whatever becomes of it.
        """
        reader = self.protocol.reader(request)
        emit = self.context.emit
        problem: ErnieError | asyncio.CancelledError | None = None

        def mark_and_emit(delta: Delta) -> None:
            if not delta.notice:
                clock.mark_first_text()
            emit(delta)

        try:
            context = replace(self.context, emit=mark_and_emit)
            wire_request = await send_adapting(
                self.http, wire_request, reader, context, self.quirks, request.adaptable
            )
        except (ErnieError, asyncio.CancelledError) as error:
            problem = error
        finally:
            clock.mark_end()
        if reader.started or reader.usage is not None:
            self.count_usage(reader.model, reader.usage)
        if problem is None:
            try:  # Made once.
                await in_thread_if_long(
                    reader.argument_characters // _CHARACTERS_PER_MODEL, lambda: reader.tool_calls
                )
            except asyncio.CancelledError as error:
                problem = error
        return Reply(reader, problem, clock, self.service, wire_request.own_fields)

    def count_usage(self, model: str, usage: Usage | None) -> None:
        """Count what a reply has cost."""
        self.usage_log.add(self.service, model, usage)

    async def with_suggestions(self, error: ErnieError, model: str, kind: Kind) -> ErnieError:
        """Add the closest ids to a refused model (`ModelLists.with_suggestions`)."""
        return await self.model_lists.with_suggestions(error, model, self.context, kind)

    @asynccontextmanager
    async def suggesting_models(self, model: str, kind: Kind) -> AsyncIterator[None]:
        """Within this block an error that refuses the model names the closest ids."""
        try:
            yield
        except ErnieError as error:
            raise await self.with_suggestions(error, model, kind) from None


class Clock:
    """How long a call takes, and how long until its first text, in seconds."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.first: float | None = None
        self.seconds = 0.0

    def mark_first_text(self) -> None:
        """Note that text has arrived."""
        if self.first is None:
            self.first = time.monotonic() - self._began

    def mark_end(self) -> None:
        """Note that the call has ended."""
        self.seconds = time.monotonic() - self._began


@dataclass(frozen=True)
class Reply:
    """A reply to a chat or a completion, as far as it arrived.

    Attributes
    ----------
    reader : Reader
        What collected it.
    problem : ErnieError | CancelledError | None
        What ended it early.
    clock : Clock
    service : str
    sent : dict
        The request's fields besides model and messages.
    """

    reader: Reader
    problem: ErnieError | asyncio.CancelledError | None
    clock: Clock
    service: str
    sent: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_blocked(self) -> bool:
        """Whether the service withdrew it: none of it may be shown."""
        return self.reader.flag >= moderation.BLOCKED

    def blocked_error(self, *, locked: bool = False) -> ErnieError:
        """Return what a withdrawn reply raises (`moderation.content_blocked`)."""
        reader = self.reader
        return moderation.content_blocked(
            reader.flag, reader.id, ban_round=reader.ban_round, locked=locked
        )

    def build_answer(self, *, partial: bool | None = None) -> Answer:
        """Return the answer; partial when the reply ended early, unless said otherwise."""
        answer = self.reader.build_answer(
            seconds=self.clock.seconds,
            first_seconds=self.clock.first,
            partial=self.problem is not None if partial is None else partial,
            service=self.service,
        )
        return answer.with_changes(sent=self.sent)
