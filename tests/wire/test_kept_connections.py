"""A kept connection that its server has closed costs nothing: what is sent on it goes again."""

import asyncio
import json

import pytest

from ernie_magic import errors
from ernie_magic.session import Session
from tests.loopback_server import LoopbackServer, read_request

REPLY = json.dumps(
    {
        "choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}],
        "data": [{"url": "http://127.0.0.1:1/cat.png"}],
    }
).encode()


class Closing(LoopbackServer):
    """Answers so many requests of a connection, and closes it when the next one has come."""

    def __init__(self, answered=1, seconds=0.0):
        self.received = []
        self.connections = 0
        self._answered = answered
        self._seconds = seconds
        super().__init__()

    async def _serve(self, reader, writer):
        self.connections += 1
        for _ in range(self._answered):
            self.received.append((await read_request(reader)).target)
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(REPLY), REPLY)
            )
            await writer.drain()
        self.received.append((await read_request(reader)).target)
        await asyncio.sleep(self._seconds)


@pytest.fixture
def start():
    opened = []

    def start(*args):
        server = Closing(*args)
        session = Session(
            service="local",
            base_url=f"{server.url}/v1",
            model="m",
            stream=False,
            retry_count=1,
            language="en",
        )
        opened.append((server, session))
        return server, session

    yield start
    for server, session in opened:
        session.close()
        server.stop()


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_on_a_connection_that_was_closed_goes_again_on_a_new_one(start, stream):
    server, session = start()
    texts = [session.chat("hi", stream=stream).text for _ in range(3)]
    assert texts == ["ok"] * 3
    assert server.connections == 3


def test_each_closed_connection_is_given_up_until_one_is_open(start):
    server, session = start()

    async def ask_at_once():
        return await asyncio.gather(*(session.achat("hi", history=False) for _ in range(4)))

    asyncio.run(ask_at_once())
    kept = server.connections
    assert session.chat("hi").text == "ok"
    assert server.connections == kept + 1


def test_a_closed_connection_to_a_proxy_costs_nothing_either(start, monkeypatch):
    proxy, session = start()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    session.settings.base_url = "http://ernie.example/v1"
    assert [session.chat("hi").text for _ in range(3)] == ["ok"] * 3
    assert proxy.connections == 3
    assert proxy.received[0] == "http://ernie.example/v1/chat/completions"


def test_a_new_connection_that_is_closed_is_not_tried_again(start):
    server, session = start(0)
    with pytest.raises(errors.ServiceUnreachable, match="hung up"):
        session.chat("hi")
    assert len(server.received) == 1


def test_what_may_have_been_carried_out_is_not_sent_again(start, monkeypatch):
    """A server that closes later has read the request; a picture is paid for each time."""
    monkeypatch.setattr("ernie_magic.wire.kept_connections._SHOWN_WITHIN", 0.2)
    server, session = start(1, 0.6)
    session.chat("hi")
    with pytest.raises(errors.ServiceUnreachable):
        session.chat("hi")
    assert len(server.received) == 2
    server, session = start()
    session.chat("hi")
    with pytest.raises(errors.ServiceUnreachable):
        session.image("a cat", model="any")
    assert server.received[1:] == ["/v1/images/generations"]
