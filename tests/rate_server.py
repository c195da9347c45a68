"""A server that refuses calls by a rule of its own and says no more than 429: the services' limits
that no header tells.
"""

import asyncio
import json
import time
from collections import deque

from ernie_magic.session import Session
from tests.loopback_server import LoopbackServer, read_request


def at_once(most):
    """So many at the same time."""

    def allows(server):
        return server.active < most

    return allows


def in_any_span(most, seconds):
    """So many in any span of so many seconds."""
    accepted = deque()

    def allows(_server):
        now = time.monotonic()
        while accepted and accepted[0] <= now - seconds:
            accepted.popleft()
        if len(accepted) >= most:
            return False
        accepted.append(now)
        return True

    return allows


def in_each_window(most, seconds):
    """So many in each window of so many seconds, by the server's clock."""
    count = {}

    def allows(_server):
        window = int(time.monotonic() / seconds)
        count[window] = count.get(window, 0) + 1
        if count[window] > most:
            count[window] -= 1
            return False
        return True

    return allows


class RateServer(LoopbackServer):
    """Answers chats, each after `latency` seconds, where `allows(self)` is true."""

    def __init__(self, allows, *, latency, status=429, refusal=None, headers=()):
        self.allows, self.latency, self.status = allows, latency, status
        self.refusal = refusal or {"error": {"message": "Too Many Requests", "code": "429"}}
        self.headers = dict(headers)
        self.active = self.accepted = self.refused = self.most = 0
        super().__init__()

    async def _serve(self, reader, writer):
        while True:
            request = await read_request(reader)
            is_v1 = request.target.startswith("/rpc/")
            await self._answer(writer, json.loads(request.body), is_v1)
            await writer.drain()

    async def _answer(self, writer, body, is_v1):
        if not self.allows(self):
            self.refused += 1
            writer.write(_response(self.status, self.headers, json.dumps(self.refusal)))
            return
        self.active += 1
        self.accepted += 1
        self.most = max(self.most, self.active)
        try:
            await asyncio.sleep(self.latency)
        finally:
            self.active -= 1
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        if is_v1:
            payload = {"id": "as-1", "result": "ok", "is_end": True, "usage": usage}
        else:
            key = "message"
            if body.get("stream"):
                key = "delta"
            choice = {"index": 0, key: {"content": "ok"}, "finish_reason": "stop"}
            payload = {"id": "1", "choices": [choice], "usage": usage}
        if body.get("stream"):
            text = f"data: {json.dumps(payload)}\n\n"
            if not is_v1:
                text += "data: [DONE]\n\n"
            writer.write(_response(200, {"Content-Type": "text/event-stream"}, text))
        else:
            writer.write(_response(200, {}, json.dumps(payload)))


def _response(status, headers, text):
    body = text.encode()
    fields = {"Content-Type": "application/json", "Content-Length": len(body), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


QPS = {"error_code": 18, "error_msg": "Open api qps request limit reached"}
V1 = {"service": "qianfan-v1", "path": "/rpc/2.0/ai_custom/v1/wenxinworkshop"}


def open_session(server, service="local", path="/v1", **settings):
    """Return a session on a rate server."""
    session = Session(service=service, model="ernie-3.5-8k", **settings)
    session.settings.base_url = server.url + path
    session.settings.api_key = "key-of-a-rate-server"
    return session


def ask_many(session, count, max_concurrency):
    """Ask and return the seconds it took; every call must be answered."""
    asking = asyncio.Semaphore(max_concurrency)

    async def ask():
        async with asking:
            return (await session.achat("hi", history=False)).text

    async def ask_all():
        return await asyncio.gather(*(ask() for _ in range(count)))

    began = time.monotonic()
    assert asyncio.run(ask_all()) == ["ok"] * count
    return time.monotonic() - began
