"""The HTTP server, on a daemon thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn

from ernie_magic.emulator.aistudio import PREFIX
from ernie_magic.emulator.app import build
from ernie_magic.emulator.calls import Logged, State

if TYPE_CHECKING:
    from collections import deque

    from ernie_magic.emulator.faults import Faults
    from ernie_magic.emulator.iam import Iam
    from ernie_magic.emulator.oauth import OAuth
    from ernie_magic.emulator.rates import Rates


class Emulator:
    """A running emulator; `stop()` ends it, and so does the end of the process.

    Parameters
    ----------
    port, host, latency, seed
        As `ernie_magic.emulator.start` says.

    Attributes
    ----------
    url, base_url : str
        The server's address, and the API's.
    """

    def __init__(self, *, port: int, host: str, latency: float | None, seed: int) -> None:
        self._state = State(seed, latency)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # The protocol is named: asyncio sends small packets at once (TCP_NODELAY) on such sockets only, else each reply waits 40 ms.
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"
        self.base_url = self.url + PREFIX
        config = uvicorn.Config(build(self._state), log_config=None, log_level="critical", access_log=False, lifespan="off",
                                ws="none", http="h11", loop="asyncio")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="ernie-emulator", daemon=True)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.002)

    def _serve(self) -> None:
        asyncio.run(self._server.serve([self._socket]))

    @property
    def requests(self) -> deque[Logged]:
        """What came in, oldest first; the last 5,000."""
        return self._state.requests

    @property
    def faults(self) -> Faults:
        """The control of what goes wrong."""
        return self._state.faults

    @property
    def iam(self) -> Iam:
        """The signatures it verifies and the tokens it gave out; `iam.expire()` ends those."""
        return self._state.iam

    @property
    def oauth(self) -> OAuth:
        """The access tokens it gave out; `oauth.expire()` ends those."""
        return self._state.oauth

    @property
    def rates(self) -> Rates:
        """What it allows a minute; may be changed at any time."""
        return self._state.rates

    @property
    def open_streams(self) -> int:
        """Streams that are being sent now."""
        return self._state.open_streams

    def stop(self) -> None:
        """End it, open streams included; may be called again."""
        self._server.should_exit = self._server.force_exit = True
        if self._thread is not threading.current_thread():
            self._thread.join(5)
        self._socket.close()

    def __enter__(self) -> Emulator:  # noqa: PYI034  (Self is in typing from Python 3.11)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
