"""The HTTP server, on a daemon thread of its own."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ernie_magic.api.http_status import HEADERS_TOO_LARGE
from ernie_magic.emulator.aistudio import PREFIX
from ernie_magic.emulator.app import build_app
from ernie_magic.emulator.calls import ServerState
from ernie_magic.emulator.refusals import Refusal

if TYPE_CHECKING:
    from ernie_magic.emulator.faults import Faults
    from ernie_magic.emulator.iam import Iam
    from ernie_magic.emulator.log import RequestLog
    from ernie_magic.emulator.oauth import OAuth
    from ernie_magic.emulator.platform.state import PlatformState
    from ernie_magic.emulator.rates import RateLimits


MAX_CONNECTIONS = 512  # each is a file of the process, which may be the user's kernel
HEAD_TIMEOUT = 10.0  # seconds for a request's line and headers to arrive
_TICK = 0.1  # seconds: uvicorn counts ten of them as the second after which the date is another
_LAST_SECONDS = 0.1  # for replies to notice that their connections are gone


class _Connection(H11Protocol):
    """One connection: uvicorn's, plus bounds that it cannot set, and the services' error format."""

    _waiting_for_head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it, and wait for a request."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Handle bytes that arrived."""
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the connection."""
        self._stop_watching()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  (uvicorn's signature)
        """Answer what is not HTTP; uvicorn calls this while it handles h11's error."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        hint = getattr(sys.exc_info()[1], "error_status_hint", None)
        refusal = Refusal("invalid_http_request")
        if hint == HEADERS_TOO_LARGE:
            refusal = Refusal("headers_too_large")
        body = json.dumps(refusal.body).encode()
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        for event in (
            h11.Response(status_code=refusal.status, headers=headers, reason=b""),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_watching()
        elif self._waiting_for_head is None:
            self._waiting_for_head = self.loop.call_later(HEAD_TIMEOUT, self._give_up)

    def _stop_watching(self) -> None:
        if self._waiting_for_head is not None:
            self._waiting_for_head.cancel()
            self._waiting_for_head = None

    def _give_up(self) -> None:
        self._waiting_for_head = None
        if self.conn.their_state is h11.IDLE:
            self.timeout_keep_alive_handler()


class _Server(uvicorn.Server):
    """Uvicorn's, which ends at once, open streams as well. Uvicorn's own looks ten times a second
    whether it shall end, and then waits for a tenth of a second.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told_to_exit = asyncio.Event()

    def tell_to_exit(self) -> None:
        """Have it end soon; may be called on any thread, in a finalizer, and again."""
        self.should_exit = self.force_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._told_to_exit.set)

    async def main_loop(self) -> None:
        """Serve until it shall end."""
        self._loop = asyncio.get_running_loop()
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._told_to_exit.wait(), _TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving; open connections are cut.

        From Python 3.12.1 on a server that closes waits for all of them (asyncio's
        `Server.wait_closed`), and a stream may never end.
        """
        for server in self.servers:
            server.close()
        for listening in sockets or ():
            listening.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # now each reply knows that its connection is gone
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_LAST_SECONDS)
        for server in self.servers:
            await server.wait_closed()


class Emulator:
    """A running emulator; `stop()` ends it, and so does the end of the process.

    A forked process does not keep it running.

    Parameters
    ----------
    port, host, latency, seed
        As `ernie_magic.emulator.start` says.

    Attributes
    ----------
    url, base_url : str
        The server's address, and the API's.
    token : str
        For the controls under `/emulator/`: `Authorization: Bearer …`.
    """

    def __init__(
        self,
        *,
        port: int,
        host: str,
        latency: float | None,
        seed: int,
        announce: bool = True,
    ) -> None:
        self._state = ServerState(seed, latency, announce=announce)
        family = socket.AF_INET
        shown = host
        if ":" in host:
            family = socket.AF_INET6
            shown = f"[{host}]"
        # The protocol is named because asyncio sends small packets at once (TCP_NODELAY) only on
        # such sockets; on others each reply waits 40 ms.
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # On Windows SO_REUSEADDR lets any other program take the port while we listen on it
        # (Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE").
        option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        self._socket.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"
        self.base_url = self.url + PREFIX
        self.token = self._state.token
        # Anybody can send a proxy's headers, and no proxy stands in front of this server.
        config = uvicorn.Config(
            build_app(self._state, host),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            http=_Connection,
            loop="asyncio",
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
            headers=[("X-Content-Type-Options", "nosniff")],
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run_server, name="ernie-emulator", daemon=True)
        self._thread.start()
        _RUNNING.add(self)
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.002)

    def _run_server(self) -> None:
        try:
            asyncio.run(self._server.serve([self._socket]))
        finally:
            self._socket.close()

    @property
    def requests(self) -> RequestLog:
        """The requests received, oldest first; a bounded number (`log.RequestLog`)."""
        return self._state.request_log

    @property
    def platform(self) -> PlatformState:
        """What Qianfan's platform remembers: services, models, tasks; `platform.clear()` forgets
        all of it.
        """
        return self._state.platform

    @property
    def faults(self) -> Faults:
        """The control for faults."""
        return self._state.faults

    @property
    def iam(self) -> Iam:
        """The signatures it verifies and the tokens it issued; `iam.expire()` expires those."""
        return self._state.iam

    @property
    def oauth(self) -> OAuth:
        """The access tokens it issued; `oauth.expire()` expires those."""
        return self._state.oauth

    @property
    def rates(self) -> RateLimits:
        """What it allows per minute; may be changed at any time."""
        return self._state.rates

    @property
    def open_streams(self) -> int:
        """How many streams are being sent now."""
        return self._state.open_streams

    def stop(self, *, wait: bool = True) -> None:
        """Stop the server, open streams included; may be called again.

        Parameters
        ----------
        wait
            Wait until it has stopped. Without it, `stop` is safe in a finalizer.
        """
        self._server.tell_to_exit()
        if not wait:
            return
        if self._thread is not threading.current_thread():
            self._thread.join(5)
        self._socket.close()

    def _leave_to_parent(self) -> None:
        """In a forked process: release the parent's sockets, so that they close when the parent
        closes them.
        """
        self._socket.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            for connection in list(self._server.server_state.connections):
                inherited = connection.transport.get_extra_info("socket")
                if inherited is not None and inherited.fileno() >= 0:
                    # The number stays in use: asyncio's own object will close it eventually.
                    os.dup2(nothing, inherited.fileno(), inheritable=False)
        finally:
            os.close(nothing)

    def __enter__(self) -> Emulator:  # noqa: PYI034  (Self is in typing from Python 3.11)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


# Weak: a running server is kept alive by its thread.
_RUNNING: weakref.WeakSet[Emulator] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for emulator in list(_RUNNING):
        emulator._leave_to_parent()  # noqa: SLF001
    _RUNNING.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)
