"""The stop button while an answer is drawn: it ends within half a second, keeping what arrived."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.kernel.conftest import NoReplyError
from tests.shapes import SHAPES

SIZE = 150_000  # characters of an answer
PIECE = 1_500  # of a delta
# Those that take a parser longest, and one that is drawn as JSON while it comes.
NAMES = [
    "link ends with entities",
    "list that alternates",
    "one fence that never closes",
    "opening brackets",
]
LONGER = [name for name in SHAPES if name not in NAMES]


def events(text):
    """A stream in the service's form (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns)."""
    head = {"id": "as-1", "object": "chat.completion.chunk", "created": 1, "model": "ernie-3.5-8k"}
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    for place, piece in enumerate(pieces):
        is_last = place == len(pieces) - 1
        choice = {
            "index": 0,
            "delta": {"content": piece},
            **({"finish_reason": "stop"} if is_last else {}),
        }
        yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode()
    yield b"data: [DONE]\n\n"


@contextmanager
def serving(text):
    """A server that answers every question with this text at full speed; gives its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            try:
                for event in events(text):
                    self.wfile.write(event)
            except OSError:
                pass  # the reader has left

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ask(kernel):
    """ask(text, after) interrupts the drawing of a text that many seconds after the cell began;
    returns the seconds until it ended.
    """
    before = kernel.value("ernie.settings.base_url")

    def ask_(text, after):
        with serving(text) as url:
            kernel.run(f"ernie.settings.base_url = {url!r}")
            try:
                ran = kernel.run(
                    "%%ernie --no-history -m ernie-3.5-8k\n你好", interrupt_after=-after
                )
            except NoReplyError as lost:
                ran = lost.ran
                if ran.error:  # the cell was interrupted, not the kernel after it
                    raise
            stopped = kernel.interrupted or ran.idle  # it may have been drawn before
            kernel.run(f"ernie.settings.base_url = {before!r}")
        return ran.idle - stopped

    return ask_


def assert_stops(ask, name):
    text = SHAPES[name](SIZE)
    for after in (0.15, 0.6, 1.5):
        # Drawing that cannot be stopped is late each time, a busy machine is not.
        attempts = (ask(text, after) for _ in range(3))
        assert any(took < 0.5 for took in attempts), (name, after)


@pytest.mark.parametrize("name", NAMES)
def test_stop_ends_the_drawing(ask, name):
    assert_stops(ask, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", LONGER)
def test_stop_ends_the_drawing_of_every_shape(ask, name):
    assert_stops(ask, name)
