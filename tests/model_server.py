"""An OpenAI-style server with a list of models, a picture, a vector and an answer."""

import json

from tests.loopback_server import LoopbackServer, read_request


class Service(LoopbackServer):
    """An OpenAI-style server whose list of models and whose refusals are given."""

    def __init__(self):
        self.listed, self.refusal, self.status = {"data": []}, None, 400
        self.refused_fields = ("stream_options",)
        self.asked = []
        super().__init__()

    @property
    def paths(self):
        return [path for path, _ in self.asked]

    @property
    def bodies(self):
        return [body for _, body in self.asked if body]

    async def _serve(self, reader, writer):
        request = await read_request(reader)
        body = None
        if request.body:
            body = json.loads(request.body)
        self.asked.append((request.target, body))
        status, reply = self._reply_to(request.target.partition("?")[0], body)
        if not isinstance(reply, str):
            reply = json.dumps(reply)
        writer.write(f"HTTP/1.1 {status} X\r\nConnection: close\r\n\r\n{reply}".encode())
        await writer.drain()

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
