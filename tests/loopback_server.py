"""A server on this machine in a thread of its own, and how it reads a request."""

import asyncio
import re
import threading
from contextlib import suppress
from dataclasses import dataclass

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Request:
    """A request of HTTP/1.1, as the client wrote it.

    Attributes
    ----------
    method, target : str
        The first two words of its first line.
    head : bytes
        All before the body, with the empty line at its end.
    body : bytes
        As long as its Content-Length says; empty where it has none.
    """

    method: str
    target: str
    head: bytes
    body: bytes


async def read_request(reader, begun=b""):
    """Read one request, whose first bytes may be read already."""
    head = begun + await reader.readuntil(b"\r\n\r\n")
    method, target, _ = head.decode("latin-1").split(" ", 2)
    length = LENGTH.search(head)
    body = b""
    if length:
        body = await reader.readexactly(int(length[1]))
    return Request(method, target, head, body)


class LoopbackServer:
    """Listens on a free port of 127.0.0.1 until it is stopped.

    A subclass serves a connection in `_serve(reader, writer)`; it is closed afterwards.

    Attributes
    ----------
    open_connections : int
    """

    open_connections = 0

    def __init__(self, *, context=None):
        self._loop, ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(context, ready), daemon=True)
        self._thread.start()
        ready.wait()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def stop(self):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _run(self, context, ready):
        self._loop.run_until_complete(self._listen(context, ready))
        self._loop.close()

    async def _listen(self, context, ready):
        self._end = asyncio.Event()
        async with await asyncio.start_server(
            self._serve_and_close, "127.0.0.1", 0, ssl=context, backlog=512
        ) as server:
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await self._end.wait()
            server.close()
            # A connection that has just come gets its task, and a transport closes its socket, in
            # the loop's next rounds.
            for _ in range(3):
                left = asyncio.all_tasks() - {asyncio.current_task()}
                for task in left:
                    task.cancel()
                await asyncio.gather(*left, return_exceptions=True)
                await asyncio.sleep(0)

    async def _serve_and_close(self, reader, writer):
        self.open_connections += 1
        try:
            # The client is gone, or this server ends.
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self.open_connections -= 1
            writer.close()

    async def _serve(self, reader, writer):
        raise NotImplementedError
