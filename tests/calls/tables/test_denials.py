"""Rows that are refused with the words of a missing permission: for their own text, or as all."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from ernie_magic import errors
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session
from tests.calls.tables.replies import choice, reply
from tests.loopback_server import LoopbackServer, read_request
from tests.raw_server import http

PAGE = "<html><head><title>405</title></head><body>your request has been blocked</body></html>"


class Firewall(LoopbackServer):
    """Answers each prompt but those with one of these words, which it refuses."""

    def __init__(self, *words, refusal=None):
        self.words = words
        self.refusal = refusal or http(PAGE, "405 Not Allowed", "text/html")
        self.prompts = []
        super().__init__()

    async def _serve(self, reader, writer):
        prompt = json.loads((await read_request(reader)).body)["messages"][-1]["content"]
        self.prompts.append(prompt)
        is_refused = any(word in prompt for word in self.words)
        writer.write(self.refusal if is_refused else reply({"choices": choice("fine")}))
        await writer.drain()


@pytest.fixture
def serve():
    servers = []

    def start(*words, **options):
        servers.append(Firewall(*words, **options))
        settings = ErnieSettings(
            service="local",
            base_url=f"{servers[-1].url}/v1",
            model="m",
            backoff_factor=0,
            retry_count=1,
        )
        return servers[-1], Session(settings, language="en")

    yield start
    for server in servers:
        server.stop()


def ask(session, texts, **options):
    return session.map("{{text}}", texts, in_flight=1, **options)


@pytest.mark.parametrize(
    "refusal",
    [
        None,
        http("<title>Attention Required! | Cloudflare</title>", "403 Forbidden", "text/html"),
        http("error code: 1020", "403 Forbidden", "text/plain"),
        http('{"message":"Forbidden"}', "403 Forbidden", "application/json"),
        http('{"error":{"message":"nope","code":403}}', "403 Forbidden", "application/json"),
        http('{"error":{"message":"no"}}', "451 Unavailable", "application/json"),
    ],
    ids=["alibaba", "cloudflare", "plain", "aws", "unknown review", "legal"],
)
@pytest.mark.parametrize("place", [0, 3, 7])
def test_a_row_whose_text_a_firewall_refuses_fails_alone(serve, refusal, place):
    server, session = serve("DROP TABLE", refusal=refusal)
    texts = [f"row {number}" for number in range(8)]
    texts[place] = "DROP TABLE users"
    with session:
        table = ask(session, texts)
    assert list(table.errors) == [place]
    assert "something in this row's text (SQL, code, a command)" in table.errors[place]
    assert (table.asked, len(server.prompts), table.partial) == (7, 8, False)


def test_a_refused_row_is_the_only_one_that_a_resumed_run_asks_again(serve):
    server, session = serve("rm -rf")
    with session:
        ask(session, ["a", "rm -rf /", "b"])
        server.prompts.clear()
        again = ask(session, ["a", "rm -rf /", "b"], resume=True)
    assert server.prompts == ["rm -rf /"]
    assert "this row's text" in again.errors[1]


def test_a_table_of_which_nothing_passes_ends_with_the_refusal(serve):
    server, session = serve("row")
    with session:
        for count, sent in ((2, 2), (50, 10)):
            server.prompts.clear()
            with pytest.raises(errors.PermissionDenied) as caught:
                ask(session, [f"row {number}" for number in range(count)])
            assert len(server.prompts) == sent
            assert "try another text or network" in caught.value.line("en")


def test_a_table_ends_where_everything_is_refused_from_some_row_on(serve):
    server, session = serve("late")
    with session, pytest.raises(errors.PermissionDenied) as caught:
        ask(session, ["early"] + [f"late {number}" for number in range(50)])
    assert len(server.prompts) == 11
    assert caught.value.answer.rows[0]["answer"] == "fine"


def test_what_a_service_says_of_the_account_ends_a_table_at_once(serve):
    refusal = http(
        '{"error":{"message":"Your account has been suspended"}}', "403 X", "application/json"
    )
    server, session = serve("b", refusal=refusal)
    with session, pytest.raises(errors.PermissionDenied):
        ask(session, ["a", "b", "c"])
    assert server.prompts == ["a", "b"]


def test_rows_that_are_asked_on_workers_fail_alone_too(serve):
    _, session = serve("DROP TABLE")
    texts = ["DROP TABLE a", *(f"row {number}" for number in range(30)), "DROP TABLE b"]
    with session, ThreadPoolExecutor(2) as executor:
        table = session.map("{{text}}", texts, executor=executor)
    assert list(table.errors) == [0, 31]
    assert table.asked == 30
