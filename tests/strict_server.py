"""A server with a rule about what it takes."""

import json

from tests.loopback_server import LoopbackServer, read_request
from tests.raw_server import END, chunk, events, http

ANSWER = '{"s": "pos", "n": 3}'


class Strict(LoopbackServer):
    """A server with a rule: which refusal, as (status, body), a request's body gets."""

    def __init__(self, rule, reply=None):
        self.bodies, self._rule, self._reply = [], rule, reply
        super().__init__()

    async def _serve(self, reader, writer):
        request = await read_request(reader)
        body = json.loads(request.body) if request.body else None
        if body is None:
            writer.write(http("{}", "404 Not Found", "application/json"))
        else:
            self.bodies.append(body)
            writer.write(self._answer(body))
        await writer.drain()

    def _answer(self, body):
        if refusal := self._rule(body):
            status, refused = refusal
            return http(json.dumps(refused), f"{status} Refused", "application/json")
        if self._reply:
            return self._reply(body)
        if body["stream"]:
            return http(events(chunk({"content": ANSWER}), END))
        choice = {"index": 0, "message": {"role": "assistant", "content": ANSWER}}
        reply = {"choices": [{**choice, "finish_reason": "stop", "text": ANSWER}]}
        return http(json.dumps(reply), kind="application/json")
