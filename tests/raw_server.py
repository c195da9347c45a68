"""A server that sends bytes as they are, whole, broken or hostile."""

import asyncio
import threading


class Server:
    """Answers each request with the reply whose key is the longest prefix of its path.

    A reply is bytes, or pieces of them.
    """

    def __init__(self, *, keep_alive=False):
        self.replies = {}
        self._keep_alive = keep_alive
        self.requests = []
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def _run(self):
        async def main():
            self._end = asyncio.Event()
            async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
                self.port = server.sockets[0].getsockname()[1]
                self._ready.set()
                await self._end.wait()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        self._loop.run_until_complete(main())
        self._loop.close()

    async def _serve(self, reader, writer):
        try:
            wanted = True
            while wanted:
                head = await reader.readuntil(b"\r\n\r\n")
                lower = head.lower()
                if b"content-length:" in lower:
                    await reader.readexactly(
                        int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
                    )
                path = head.split(b" ")[1].decode()
                self.requests.append(path)
                reply = self.replies[
                    max((known for known in self.replies if path.startswith(known)), key=len)
                ]
                for part in [reply] if isinstance(reply, bytes) else reply:
                    writer.write(part)
                    await writer.drain()
                wanted = self._keep_alive
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def stop(self):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)
