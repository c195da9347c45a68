"""Calls that wait in turn, where a service answers one after the other."""

import asyncio
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ernie_magic import errors
from ernie_magic.session import Session
from ernie_magic.wire.throttling.allowed_span import SentRequest
from ernie_magic.wire.throttling.throttle import Throttle
from ernie_magic.wire.throttling.turns import Turns
from ernie_magic.wire.throttling.waiting_queue import QueueTicket
from tests.loopback_server import LoopbackServer, read_request
from tests.raw_server import http


def sent(at):
    return SentRequest(at, 0)


def answer(turns, *calls):
    for sent_at, ended_at in calls:
        turns.on_answered(sent(sent_at), ended_at)


def test_half_as_many_are_sent_at_once_as_were_answered_in_the_time_that_one_waits():
    turns = Turns()
    assert not turns.is_full(64)
    answer(turns, (0, 1), (0, 2), (0, 3), (0, 4), (0, 5))
    assert turns.on_timeout(sent(0.0), 6)
    assert turns.limit == 2
    assert (turns.is_full(1), turns.is_full(2)) == (False, True)


def test_what_was_sent_before_the_number_was_lowered_may_wait_again():
    turns = Turns()
    answer(turns, (0, 2), (0, 4))
    assert turns.on_timeout(sent(0.1), 6)
    assert turns.on_timeout(sent(5.0), 11)
    assert (turns.limit, turns.on_timeout(sent(7.0), 13)) == (1, False)


@pytest.mark.parametrize(
    "answered",
    [
        (),  # the service is down, or this call takes longer alone
        ((-9, -1),),
        ((0, 1), (3, 4)),  # sent later and answered: this one is lost
        tuple((second, second + 1) for second in range(5)),
    ],
)
def test_a_call_that_waited_for_no_other_shows_no_queue(answered):
    turns = Turns()
    answer(turns, *answered)
    assert not turns.on_timeout(sent(0), 6)
    assert turns.limit is None


def test_one_more_is_sent_as_long_as_the_wait_leaves_room():
    in_turn, at_once = Turns(), Turns()
    for turns in (in_turn, at_once):
        answer(turns, *((0, second) for second in range(1, 5)))
        assert turns.on_timeout(sent(0), 10)
        assert turns.limit == 2
    for number in range(60):  # each takes 1 s, alone or beside the others
        now = 10 + number
        answer(in_turn, (now - in_turn.limit, now))
        answer(at_once, (now - 1, now))
    assert in_turn.limit == 5
    assert at_once.limit > 8


def test_what_was_inferred_is_forgotten_with_the_limits():
    turns = Turns()
    answer(turns, (0, 1))
    turns.on_timeout(sent(0), 6)
    turns.reset()
    assert (turns.limit, turns.is_full(99)) == (None, False)


REPLY = {
    "choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}],
    "data": [{"index": 0, "embedding": [1.0, 2.0]}],
}


class OneByOne(LoopbackServer):
    """Answers one request after the other; one that was given up before its turn is dropped."""

    def __init__(self, seconds):
        self.answered = 0
        self._seconds = seconds
        self._turn = None
        super().__init__()

    async def _serve(self, reader, writer):
        self._turn = self._turn or asyncio.Lock()
        await read_request(reader)
        async with self._turn:
            if reader.at_eof():
                return
            await asyncio.sleep(self._seconds)
            self.answered += 1
        writer.write(http(json.dumps(REPLY), kind="application/json"))
        await writer.drain()


def ask_one_by_one(seconds, rows, **settings):
    server = OneByOne(seconds)
    try:
        with Session(
            service="local",
            base_url=f"{server.url}/v1",
            model="m",
            request_timeout=1,
            language="en",
            **settings,
        ) as session:
            return server, session.map("{{text}}", list("abcdefghijklmnop")[:rows])
    finally:
        server.stop()


def test_each_row_of_a_table_gets_its_turn_where_a_server_answers_one_by_one():
    server, table = ask_one_by_one(0.28, 16)
    assert (table.errors, table.asked) == ({}, 16)
    assert server.answered <= 16 + 8  # in vain: those that were given up in their turn


def test_the_advice_names_how_many_are_sent_where_a_row_is_not_asked_again():
    _, table = ask_one_by_one(0.4, 8, retry_count=1)
    assert table.errors
    assert all("%ernie config in_flight 1" in line for line in table.errors.values())


def test_a_call_alone_that_gets_no_answer_in_time_is_told_at_once():
    server = OneByOne(5)
    try:
        with (
            Session(
                service="local", base_url=f"{server.url}/v1", model="m", request_timeout=1
            ) as session,
            pytest.raises(errors.RequestTimeout) as caught,
        ):
            session.chat("hi")
        assert "in_flight" not in caught.value.line("en")
    finally:
        server.stop()


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


async def open_calls(throttle, *moments):
    calls = []
    for moment in moments:
        throttle.clock.now = moment
        calls.append(await throttle.acquire(0, lambda _seconds: None))
    return calls


def on_no_connection(moments, now, answered_at=None):
    """The limit after the last of some calls was not connected by `now`."""

    async def run():
        throttle = Throttle("s", "m", clock=Clock())
        if answered_at is not None:
            (answered,) = await open_calls(throttle, answered_at - 1)
            throttle.clock.now = answered_at
            throttle.on_success(answered)
            throttle.release(answered)
        *_, last = await open_calls(throttle, *moments)
        throttle.clock.now = now
        return throttle.on_no_connection(last, QueueTicket())

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("moments", "now", "answered_at", "limit"),
    [
        ([100] * 8, 110, 95, 7),  # others are answered
        ([100, 100, 115], 125, None, 2),  # others are connected for longer than that takes
        ([100] * 8, 110, None, None),  # nothing shows that it is there
        ([100], 110, 95, None),  # it is busy with nothing of ours
        ([200] * 8, 210, 95, None),  # it was there a while ago
    ],
)
def test_a_server_that_takes_no_more_connections_is_sent_fewer_at_once(
    moments, now, answered_at, limit
):
    assert on_no_connection(moments, now, answered_at) == limit


def test_a_server_of_one_thread_answers_all_rows(monkeypatch):
    monkeypatch.setattr("ernie_magic.wire.http.CONNECT_TIMEOUT", 0.25)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            time.sleep(0.3)
            body = json.dumps(REPLY).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Narrow(HTTPServer):
        request_queue_size = 1

    with Narrow(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/v1"
        with Session(service="local", base_url=address, backoff_factor=0.0) as session:
            rows = session.map("{{text}}", [f"row {i}" for i in range(8)], model="m")
        server.shutdown()
    assert [row["error"] for row in rows] == [None] * 8
