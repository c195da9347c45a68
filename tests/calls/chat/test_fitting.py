"""A conversation that outgrows its model goes on without its oldest turns."""

import pytest

from ernie_magic.errors import InputTooLong
from ernie_magic.session import Session
from tests.strict_server import Strict

TOO_LONG = "This model's maximum context length is 1000 tokens. However, you requested 1087 tokens."
MOST = 4_000  # characters that the server reads


def refuse_too_long(body):
    characters = sum(len(message["content"]) for message in body["messages"])
    return characters > MOST and (400, {"object": "error", "message": TOO_LONG, "code": 400})


@pytest.fixture
def server():
    with Strict(refuse_too_long) as server:
        yield server


@pytest.fixture
def session(server):
    with Session(
        service="local", base_url=f"{server.url}/v1", model="m1", language="en"
    ) as session:
        yield session


def test_the_oldest_turns_are_left_out_where_a_model_refuses_them_as_too_long(session, server):
    prompts = [f"{number} " + "word " * 100 for number in range(20)]
    for prompt in prompts:
        answer = session.chat(prompt)
    assert len(session.history) == 20
    sent = [message["content"] for message in server.bodies[-1]["messages"]]
    assert sent[-1] == prompts[-1]
    assert sent[-3] == prompts[-2]  # the latest turns stay
    assert answer.request.trimmed == 19 - len(sent) // 2
    # A refusal is remembered: not each prompt is refused again.
    assert len(server.bodies) <= 30


def test_a_prompt_that_is_too_long_by_itself_is_told_and_keeps_the_history(session, server):
    for prompt in ("one", "two"):
        session.chat(prompt)
    with pytest.raises(InputTooLong):
        session.chat("word " * 1_000)
    assert [len(body["messages"]) for body in server.bodies[2:]] == [5, 3, 1]
    assert [turn.prompt for turn in session.history] == ["one", "two"]
    assert session.chat("three").request.trimmed == 0


def test_a_prompt_without_history_is_sent_once(session, server):
    for given in ({"history": False}, {}):
        with pytest.raises(InputTooLong):
            session.chat("word " * 1_000, **given)
    with pytest.raises(InputTooLong):
        session.chat([{"role": "user", "content": "word " * 1_000}])
    assert len(server.bodies) == 3
