"""The async client: where calls start, which models are on offer, and what is spent.

A call is a coroutine on the I/O thread that is given a `PreparedCall`: it asks the service with it,
and reports usage to it. The calls themselves are in `calls`.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from ernie_magic.api import models
from ernie_magic.api.default_model import configured_model, default_model, editing_model
from ernie_magic.api.keywords import check_types
from ernie_magic.api.public_names import stays_in_process
from ernie_magic.api.usage_log import UsageLog
from ernie_magic.config.addresses import is_absolute
from ernie_magic.config.deployed import choose_endpoint
from ernie_magic.config.services import SERVICES
from ernie_magic.config.target import CallTarget
from ernie_magic.errors import (
    ErnieError,
    UsageError,
    forget_frames,
    stop_error,
    unexpected_error,
)
from ernie_magic.runtime.call import Call
from ernie_magic.runtime.io_thread import IO, in_thread
from ernie_magic.runtime.stream import Stream
from ernie_magic.wire.http import HttpClient
from ernie_magic.wire.model_lists import ModelLists
from ernie_magic.wire.prepared_call import PreparedCall
from ernie_magic.wire.quirks import ServerQuirks
from ernie_magic.wire.request import Context

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.models import Listed
    from ernie_magic.api.requests import Request
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.platform import Route
    from ernie_magic.config.services import Service
    from ernie_magic.config.settings import ErnieSettings, Snapshot
    from ernie_magic.emulator.server import Emulator
    from ernie_magic.runtime.events import Delta
    from ernie_magic.text.language import Text

ResultT = TypeVar("ResultT")
RequestT = TypeVar("RequestT", bound="Request")
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
        self,
        given: Mapping[str, Any] | None = None,
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

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise self.with_language(stays_in_process())

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
            return replace(endpoint, base_url=self._start_emulator().base_url)
        return endpoint

    async def resolve_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint with its address; the emulator, if chosen, is started outside this
        loop.
        """
        if not endpoint.service.is_simulated or endpoint.base_url:
            return endpoint
        emulator = await asyncio.to_thread(self._start_emulator)
        if endpoint.is_platform:
            return replace(endpoint, base_url=emulator.url)
        return replace(endpoint, base_url=emulator.base_url)

    def route_path(self, path: str, *, is_action: bool = False) -> Route:
        """Return where a path of the service or of Qianfan's platform is sent now.

        Parameters
        ----------
        path
            Begins with `/`; or a whole URL below the service's own addresses.
        is_action
            It is the platform's, also where the service in use is a server of the user's own.

        Raises
        ------
        MissingKey, InvalidOption
        """
        return self.localizing_errors(lambda: self._route_path(path, is_action=is_action))

    def _route_path(self, path: str, *, is_action: bool) -> Route:
        from ernie_magic.config.platform import path_below, route_path

        if is_absolute(path):
            path = path_below(path, self._own_addresses())
        return route_path(self.settings, path, is_action=is_action)

    def _own_addresses(self) -> tuple[str, ...]:
        """Return the addresses that keys may be sent to: the service's own, and the platform's."""
        from ernie_magic.config.platform import own_addresses

        endpoint = self.endpoint()
        if endpoint.service.is_simulated:
            return endpoint.base_url, self._start_emulator().url
        return own_addresses(endpoint, self.settings)

    def _start_emulator(self) -> Emulator:
        with self._starting:
            if self._emulator is None:
                from ernie_magic import (
                    emulator,  # Its server is imported when it starts, not before.
                )

                self._emulator = emulator.start()
                # It ends with the client; not waited for, since the garbage collector runs on any
                # thread.
                self._emulator_end = weakref.finalize(self, self._emulator.stop, wait=False)
            return self._emulator

    def service_name(self, endpoint: Endpoint) -> str:
        """Return the name of the service that answers at an endpoint: the emulator may stand in for
        another.
        """
        return self.http.service_name(endpoint)

    def answering_service(self) -> Service:
        """Return the service that answers a call now, as far as replies have told: the emulator may
        stand in for the one that is set.
        """
        try:
            name = self.service_name(self.settings.build_endpoint())
        except ErnieError:  # reported by the call
            return self.settings.choose_service()
        return SERVICES[name]

    def is_simulated(self) -> bool:
        """Whether the emulator answers a call now, as far as replies have told."""
        return self.answering_service().is_simulated

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
                result = await work(self.prepare_call(Context(resolved, settings, emit)))
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

    def prepare_call(self, context: Context) -> PreparedCall:
        """Return the way to the service for a call."""
        quirks = self._quirks[context.endpoint.account]
        return PreparedCall(context, self.http, self.model_lists, quirks, self.usage)

    def choose_target(
        self,
        kind: Kind,
        model: str | None,
        deployed: str,
        given: Mapping[str, Any],
        **options: object,
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
        options
            Its other arguments, whose types are checked (`keywords.check_types`).

        Raises
        ------
        MissingKey, InvalidOption
        """
        self.localizing_errors(lambda: check_types(model=model, endpoint=deployed, **options))
        settings, endpoint = self.settings_and_endpoint(given)
        deployed = self.localizing_errors(
            lambda: choose_endpoint(kind, settings, endpoint.service, model, deployed)
        )
        model = model or self.model_lists.base_model(deployed, endpoint)
        model = model or configured_model(kind, settings)
        return CallTarget(kind, model, deployed, settings, endpoint)

    def editing_model(self, *, is_masked: bool) -> str:
        """Return the model of a call that edits pictures and names none
        (`default_model.editing_model`).
        """
        service = self.settings.choose_service().name
        offered = self.known_models()
        return editing_model(self.settings, service, offered, is_masked=is_masked)

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
        self._emulator = None
        self._starting = threading.Lock()
        self.http.forget_connections()


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
