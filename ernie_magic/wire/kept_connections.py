"""Connections that are kept for the next request, and that their server may have closed by then.

This module imports httpx; it is itself imported with the first request.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Send = Callable[[httpx.Request, "Steps"], Awaitable[httpx.Response]]

# A request's extension: whether sending it twice costs no more than time.
MAY_REPEAT = "ernie_magic.may_repeat"
# uvicorn and Node close an idle connection after 5 s, httpx's own limit: which of both is first,
# is a matter of luck (https://github.com/Kludex/uvicorn/issues/824).
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=3.0)
# Seconds in which a closed connection shows, a round trip: later, the request has been read.
_SHOWN_WITHIN = 1.0
_BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


class Steps(list[str]):
    """The names of the steps that httpcore took for a request (httpx, "Request extensions")."""

    async def note(self, step: str, _info: dict[str, Any]) -> None:
        """Note a step."""
        self.append(step)

    @property
    def has_connected(self) -> bool:
        """Whether a connection was made for it."""
        return any(step.endswith("connect_tcp.started") for step in self)


async def send_over_open_connection(send: Send, request: httpx.Request) -> httpx.Response:
    """Send a request, and again where a kept connection turns out to be closed: nobody has read it
    then, as after a close by the server that crossed it on its way.
    """
    while True:
        began = asyncio.get_running_loop().time()
        steps = Steps()
        try:
            return await send(request, steps)
        except _BROKEN:
            seconds = asyncio.get_running_loop().time() - began
            # Each attempt uses up one kept connection.
            if steps.has_connected or seconds > _SHOWN_WITHIN or not _may_repeat(request):
                raise


def _may_repeat(request: httpx.Request) -> bool:
    has_whole_body = isinstance(request.stream, httpx.ByteStream)
    return has_whole_body and bool(request.extensions.get(MAY_REPEAT))
