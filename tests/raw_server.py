"""A server that sends bytes as they are, whole, broken or hostile."""

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
