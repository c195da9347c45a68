"""The async client: where calls start, which models are on offer, and what is spent.

A call is a coroutine on the I/O thread that is given a `PreparedCall`: it asks the service with it,
and reports usage to it. The calls themselves are in `calls`.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
import weakref
from collections import defaultdict
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ernie_magic.api import models
from ernie_magic.api.default_model import configured_model, default_model
from ernie_magic.api.usage_log import UsageLog
from ernie_magic.config.services import SERVICES
from ernie_magic.config.settings import choose_endpoint
from ernie_magic.errors import (
    ErnieError,
    UsageError,
    forget_frames,
    stop_error,
    unexpected_error,
)
from ernie_magic.runtime.call import Call
from ernie_magic.runtime.io_thread import IO, in_thread, in_thread_if_long
from ernie_magic.runtime.stream import Stream
from ernie_magic.wire import moderation
from ernie_magic.wire.http import HttpClient
from ernie_magic.wire.model_lists import ModelLists
from ernie_magic.wire.protocols import protocol_of
from ernie_magic.wire.quirks import ServerQuirks, send_asking_for_usage, send_rerank
from ernie_magic.wire.request import Context, WireRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.models import Listed
    from ernie_magic.api.parameter import Rules
    from ernie_magic.api.requests import ChatRequest, CompletionRequest, Request
    from ernie_magic.api.results import Answer
    from ernie_magic.api.usage import Usage
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.services import Service
    from ernie_magic.config.settings import ErnieSettings, Snapshot
    from ernie_magic.emulator.server import Emulator
    from ernie_magic.runtime.events import Delta
    from ernie_magic.text.language import Text
    from ernie_magic.wire.protocols import WireProtocol
    from ernie_magic.wire.reader import Reader

ResultT = TypeVar("ResultT")
RequestT = TypeVar("RequestT", bound="Request")
# Characters of a tool's arguments that are searched for keys in the time that a model's name takes.
_CHARACTERS_PER_MODEL = 200
_CLOSE_TIMEOUT = 3.0  # seconds for connections to close: a process that exits waits no longer


class Client:
    """What starts the calls of one session, with its connections and its emulator.

    Parameters
    ----------
    settings
    usage
        Counts what is spent.
    on_result
        Called on the I/O thread with each result; with what a failed call had, or None.

    Attributes
    ----------
    http : HttpClient
    model_lists : ModelLists
        The live lists of models, by account.
    """

    def __init__(
        self,
        settings: ErnieSettings,
        usage: UsageLog | None = None,
        on_result: Callable[[object], object] = lambda _result: None,
    ) -> None:
        self.settings = settings
        self.usage = usage or UsageLog()
        self.http = HttpClient()
        self.model_lists = ModelLists(self.http)
        # What their servers do in their own way, by account.
        self._quirks: defaultdict[object, ServerQuirks] = defaultdict(ServerQuirks)
        self._on_result = on_result
        self._emulator: Emulator | None = None
        self._emulator_end: weakref.finalize[..., Client] | None = None
        self._starting = threading.Lock()
        # What a dropped client has open is closed; at the end of the process `_close_all` does it.
        weakref.finalize(self, IO.run_soon, self.http.aclose).atexit = False
        _OPEN_CLIENTS.add(self)

    # --- settings and errors ----------------------------------------------------------------------

    def settings_and_endpoint(
        self, given: Mapping[str, Any] | None = None
    ) -> tuple[Snapshot, Endpoint]:
        """Return the settings and the endpoint as they are now.

        Parameters
        ----------
        given
            The call's own parameters, which take precedence over the settings.

        Raises
        ------
        MissingKey, InvalidOption
        """
        settings = self.settings.take_snapshot()
        return (
            self.localizing_errors(lambda: settings.with_call_settings(given or {})),
            self.localizing_errors(self.settings.build_endpoint),
        )

    def localizing_errors(self, make: Callable[[], ResultT]) -> ResultT:
        """Return what `make` returns; its errors are in the language of the settings."""
        try:
            return make()
        except ErnieError as error:
            forget_frames(error)
            raise self.with_language(error) from None
        except BaseException as error:
            forget_frames(error)
            raise

    def with_language(self, error: ErnieError) -> ErnieError:
        """Return the error in the language of the settings."""
        error.language = self.settings.interface_language
        return error

    # --- endpoints --------------------------------------------------------------------------------

    def endpoint(self) -> Endpoint:
        """Return where a call would go now; starts the emulator if it is chosen.

        Raises
        ------
        MissingKey, InvalidOption
        """
        endpoint = self.localizing_errors(self.settings.build_endpoint)
        if endpoint.service.is_simulated:
            return replace(endpoint, base_url=self._emulator_url())
        return endpoint

    async def resolve_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint with its address; the emulator, if chosen, is started outside this
        loop.
        """
        if not endpoint.service.is_simulated or endpoint.base_url:
            return endpoint
        return replace(endpoint, base_url=await asyncio.to_thread(self._emulator_url))

    def _emulator_url(self) -> str:
        with self._starting:
            if self._emulator is None:
                from ernie_magic import (
                    emulator,  # Its server is imported when it starts, not before.
                )

                self._emulator = emulator.start()
                # It ends with the client; not waited for, since the garbage collector runs on any
                # thread.
                self._emulator_end = weakref.finalize(self, self._emulator.stop, wait=False)
            return self._emulator.base_url

    def service_name(self, endpoint: Endpoint) -> str:
        """Return the name of the service that answers at an endpoint: the emulator may stand in for
        another.
        """
        return self.http.service_name(endpoint)

    def quirks(self, endpoint: Endpoint) -> ServerQuirks:
        """Return what the server of an account was found to do in its own way."""
        return self._quirks[endpoint.account]

    def answering_service(self) -> Service:
        """Return the service that answers a call now, as far as replies have told: the emulator may
        stand in for the one that is set.
        """
        try:
            name = self.service_name(self.settings.build_endpoint())
        except ErnieError:  # reported by the call
            return self.settings.choose_service()
        return SERVICES[name]

    # --- calls ------------------------------------------------------------------------------------

    def start_call(
        self,
        work: Callable[[PreparedCall], Awaitable[ResultT]],
        settings: Snapshot,
        endpoint: Endpoint,
        *,
        needs_address: bool = True,
        progress_title: Text | None = None,
    ) -> Stream[ResultT]:
        """Start a call on the I/O thread; its errors are in the language of the settings.

        Parameters
        ----------
        settings, endpoint
            As they were when the call was requested (`settings_and_endpoint`).
        needs_address
            Whether a request will be sent: then the emulator, if chosen, is started.
        progress_title
            What the bar counts that whoever waits for the result sees; no bar when None.
        """
        language = self.settings.interface_language

        async def run_and_record(emit: Callable[[Delta], None]) -> ResultT:
            try:
                resolved = await self.resolve_endpoint(endpoint) if needs_address else endpoint
                result = await work(PreparedCall(self, Context(resolved, settings, emit)))
            except asyncio.CancelledError:  # stopped before there was anything to return
                raise stop_error(None, language) from None
            except ErnieError as error:
                error.language = language
                self._on_result(error.answer)
                raise
            except Exception as error:  # noqa: BLE001  (what libraries raise may hold a request, with its headers)
                problem = unexpected_error(error)
                problem.language = language
                forget_frames(error)
                raise problem from None
            self._on_result(result)
            return result

        title = progress_title.say(language) if progress_title else ""
        return Stream(Call(run_and_record), lambda: language, title)

    def choose_target(
        self, kind: Kind, model: str | None, deployed: str, given: Mapping[str, Any]
    ) -> CallTarget:
        """Return whom a call asks, as the settings are now.

        Parameters
        ----------
        kind
            The model's.
        model
            The one that the call names, if any.
        deployed
            The service that a user deployed and the call names, "" for none.
        given
            The call's own parameters.

        Raises
        ------
        MissingKey, InvalidOption
        """
        settings, endpoint = self.settings_and_endpoint(given)
        deployed = self.localizing_errors(
            lambda: choose_endpoint(kind, settings, endpoint.service, model, deployed)
        )
        model = model or self.model_lists.base_model(deployed, endpoint)
        model = model or configured_model(kind, settings)
        return CallTarget(kind, model, deployed, settings, endpoint)

    def start_model_call(
        self,
        target: CallTarget,
        build: Callable[[str], RequestT],
        work: Callable[[PreparedCall, RequestT], Awaitable[ResultT]],
        *,
        needs_vision: bool = False,
        progress_title: Text | None = None,
    ) -> Stream[ResultT]:
        """Start a call of one model on the I/O thread.

        Parameters
        ----------
        build
            Builds the request to a model. Where that is not known yet it is called twice, so that
            what is wrong with every model is told at once.
        work
            Makes the call.
        needs_vision
            The model has to accept pictures.
        progress_title
            As in `start_call`.

        Raises
        ------
        UsageError
        """
        request: RequestT | None = None
        if target.model:
            request = self.localizing_errors(lambda: build(target.model))
        else:
            self._check_before_choice(target, build)

        async def choose_and_work(call: PreparedCall) -> ResultT:
            complete = request
            if complete is None:
                model = await call.choose_model(target, needs_vision=needs_vision)
                complete = await in_thread(build, model)
            return await work(call, replace(complete, paths=call.paths))

        return self.start_call(
            choose_and_work, target.settings, target.endpoint, progress_title=progress_title
        )

    def _check_before_choice(self, target: CallTarget, build: Callable[[str], object]) -> None:
        """Raise what is wrong with a request whichever model is chosen for it."""
        try:
            self.localizing_errors(lambda: build(models.UNDECIDED))
        except UsageError:
            # The documented default's rules tell more of what is wrong.
            documented = default_model(target.kind, target.endpoint.service.name)
            self.localizing_errors(lambda: build(documented or models.UNDECIDED))
            raise

    # --- models -----------------------------------------------------------------------------------

    def start_model_list(self) -> Stream[list[Listed]]:
        """Start a call for the live list of models."""
        return self.start_call(
            lambda call: self.model_lists.fetch_list(call.context), *self.settings_and_endpoint()
        )

    def known_models(self) -> list[Listed]:
        """Return the live list of the account that a call would use now; none before it was
        fetched.
        """
        try:
            endpoint = self.settings.build_endpoint()
        except ErnieError:  # reported by the call
            return []
        if endpoint.service.is_simulated and self._emulator is not None:
            endpoint = replace(endpoint, base_url=self._emulator.base_url)
        return list(self.model_lists.listed(endpoint))

    # --- the end ----------------------------------------------------------------------------------

    def close(self) -> None:
        """Close connections and the emulator. The client may be used again."""
        from concurrent.futures import TimeoutError  # noqa: A004  (not the built-in one before Python 3.11)

        if self.http.is_open:
            with suppress(TimeoutError):
                IO.run_and_wait(self.http.aclose(), _CLOSE_TIMEOUT)
        with self._starting:
            if self._emulator is not None:
                self._emulator.stop()
                if self._emulator_end is not None:
                    self._emulator_end.detach()
                self._emulator = None

    def forget_parent(self) -> None:
        """Forget the parent's threads, connections and locks, in a forked process."""
        self._emulator, self._starting = None, threading.Lock()
        self.http.forget_connections()


@dataclass(frozen=True)
class CallTarget:
    """Whom a call asks, as it was when the call was requested.

    Attributes
    ----------
    kind : str
        The model's.
    model : str
        The model that the call names, or that is behind its deployed service, or that is set; ""
        where the live list decides.
    deployed : str
        The name of a service that a user deployed, "" for a preset one.
    settings : Snapshot
    endpoint : Endpoint
    """

    kind: Kind
    model: str
    deployed: str
    settings: Snapshot
    endpoint: Endpoint

    @property
    def rules(self) -> Rules:
        """The ranges and fields that apply."""
        return self.endpoint.rules


@dataclass(frozen=True)
class PreparedCall:
    """A call on the I/O thread: the way to the service, and what is done before and after each
    request.

    Attributes
    ----------
    client : Client
    context : Context
    """

    client: Client
    context: Context

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
        return self.client.service_name(self.context.endpoint)

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
        return self.client.model_lists.paths(self.context.endpoint)

    def max_input_tokens(self, model: str) -> int | None:
        """Return a model's longest input by the live list (`ModelLists.max_input_tokens`)."""
        return self.client.model_lists.max_input_tokens(model, self.context.endpoint)

    def emit(self, delta: Delta) -> None:
        """Pass a piece of the answer, or of the progress, to whoever reads the call."""
        self.context.emit(delta)

    def replace_emit(self, emit: Callable[[Delta], None]) -> PreparedCall:
        """Return the call with another `emit`."""
        return replace(self, context=replace(self.context, emit=emit))

    async def choose_model(self, target: CallTarget, *, needs_vision: bool = False) -> str:
        """Return the model of a call; where none is named or set, the live list decides."""
        return target.model or await self.client.model_lists.choose_model(
            target.kind, self.context, needs_vision=needs_vision
        )

    async def send_json(self, wire: WireRequest) -> dict[str, Any]:
        """Send a request whose reply is one JSON body.

        Raises
        ------
        ErnieError
        """
        return await self.client.http.send_json(wire, self.context)

    async def send_rerank(self, wire: WireRequest) -> dict[str, Any]:
        """Send documents to be ranked, to the path that the server has (`quirks.send_rerank`)."""
        return await send_rerank(
            self.client.http, wire, self.context, self.client.quirks(self.endpoint)
        )

    async def read_reply(
        self, wire: WireRequest, request: ChatRequest | CompletionRequest, clock: Clock
    ) -> Reply:
        """Send a chat or a completion and read the reply; each piece of text is emitted as it
        arrives. Every reply that began is counted, whatever becomes of it.
        """
        reader, emit = self.protocol.reader(request), self.context.emit
        problem: ErnieError | asyncio.CancelledError | None = None

        def mark_and_emit(delta: Delta) -> None:
            if not delta.notice:
                clock.mark_first_text()
            emit(delta)

        try:
            await send_asking_for_usage(
                self.client.http,
                wire,
                reader,
                replace(self.context, emit=mark_and_emit),
                self.client.quirks(self.endpoint),
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
        return Reply(reader, problem, clock, self.service)

    def count_usage(self, model: str, usage: Usage | None) -> None:
        """Count what a reply has cost."""
        self.client.usage.add(self.service, model, usage)

    async def with_suggestions(self, error: ErnieError, model: str, kind: Kind) -> ErnieError:
        """Add the closest ids to a refused model (`ModelLists.with_suggestions`)."""
        lists = self.client.model_lists
        return await lists.with_suggestions(error, model, self.context, kind)

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
    """

    reader: Reader
    problem: ErnieError | asyncio.CancelledError | None
    clock: Clock
    service: str

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
        return self.reader.build_answer(
            seconds=self.clock.seconds,
            first_seconds=self.clock.first,
            partial=self.problem is not None if partial is None else partial,
            service=self.service,
        )


# Closed when the kernel exits, so that no connection and no server is left to the garbage
# collector.
_OPEN_CLIENTS: weakref.WeakSet[Client] = weakref.WeakSet()


def _forget_parent() -> None:
    for client in list(_OPEN_CLIENTS):
        client.forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parent)


@atexit.register
def _close_all() -> None:
    for client in list(_OPEN_CLIENTS):
        client.close()
