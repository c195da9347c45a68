"""An OpenAI-style server with a list of models, a picture, a vector and an answer."""

import asyncio
import json
import threading


class Service:
    """An OpenAI-style server whose list of models and whose refusals are given."""

    def __init__(self):
        self.listed, self.refusal, self.status = {"data": []}, None, 400
        self.refused_fields = ("stream_options",)
        self.asked = []
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def paths(self):
        return [path for path, _ in self.asked]

    @property
    def bodies(self):
        return [body for _, body in self.asked if body]

    def _run(self):
        async def main():
            self._end = asyncio.Event()
            async with await asyncio.start_server(self._answer, "127.0.0.1", 0) as server:
                self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
                self._ready.set()
                await self._end.wait()

        self._loop.run_until_complete(main())
        self._loop.close()

    async def _answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = head.lower().partition("content-length:")[2].partition("\r\n")[0]
        body = json.loads(await reader.readexactly(int(length))) if length else None
        path = head.split(" ")[1]
        self.asked.append((path, body))
        status, reply = self._reply_to(path.partition("?")[0], body)
        if not isinstance(reply, str):
            reply = json.dumps(reply)
        writer.write(f"HTTP/1.1 {status} X\r\nConnection: close\r\n\r\n{reply}".encode())
        await writer.drain()
        writer.close()

    def _reply_to(self, path, body):
        if path.endswith("/models"):
            return (404, "no such page") if self.listed is None else (200, self.listed)
        if self.refusal is not None and any(name in body for name in self.refused_fields):
            return self.status, self.refusal
        if path.endswith("/embeddings"):
            vectors = [{"index": i, "embedding": [1.0, 2.0]} for i in range(len(body["input"]))]
            return 200, {"data": vectors}
        if path.endswith("/images/generations"):
            return 200, {"data": [{"url": f"{self.url}/picture.png"}]}
        if path.endswith("/rerankers"):
            return 200, {"results": [{"index": 0, "relevance_score": 1.0}]}
        choice = {"message": {"content": "ok"}, "text": "ok", "finish_reason": "stop"}
        return 200, {"choices": [choice]}

    def stop(self):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
