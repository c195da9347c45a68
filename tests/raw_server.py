"""A server that sends bytes as they are, whole, broken or hostile."""

import json

from tests.loopback_server import LoopbackServer, read_request


class Server(LoopbackServer):
    """Answers each request with the reply whose key is the longest prefix of its path.

    A reply is bytes, or pieces of them.
    """

    def __init__(self, *, keep_alive=False):
        self.replies = {}
        self.requests = []
        self._keep_alive = keep_alive
        super().__init__()

    async def _serve(self, reader, writer):
        wanted = True
        while wanted:
            path = (await read_request(reader)).target
            self.requests.append(path)
            longest = max((known for known in self.replies if path.startswith(known)), key=len)
            reply = self.replies[longest]
            for part in [reply] if isinstance(reply, bytes) else reply:
                writer.write(part)
                await writer.drain()
            wanted = self._keep_alive


def http(body, status="200 OK", kind="text/event-stream", **headers):
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        "Connection: close",
        *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items()),
    ]
    return (
        "\r\n".join(lines).encode()
        + b"\r\n\r\n"
        + (body if isinstance(body, bytes) else body.encode())
    )


def events(*chunks, done=True):
    return "".join(f"data: {c if isinstance(c, str) else json.dumps(c)}\n\n" for c in chunks) + (
        "data: [DONE]\n\n" if done else ""
    )


def chunk(delta=None, **fields):
    return {"id": "x", "model": "m", "choices": [{"index": 0, "delta": delta, **fields}]}


OK, END = chunk({"content": "ok"}), chunk({}, finish_reason="stop")
