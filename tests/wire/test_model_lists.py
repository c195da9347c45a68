"""What is told where a server's list of models does not help."""

import json

import pytest

from ernie_magic import errors
from ernie_magic.session import Session
from tests.raw_server import Server, http

GONE = http(json.dumps({"detail": "Not Found"}), "404 Not Found", "application/json")
CALLS = {
    "a model is named": lambda session: session.chat("hi", model="m"),
    "none is": lambda session: session.chat("hi"),
    "vectors": lambda session: session.embed(["a"], model="m"),
}


@pytest.fixture(scope="module")
def server():
    with Server() as server:
        server.replies = {"/": GONE}
        yield server


def local_session(base_url):
    return Session(service="local", base_url=base_url, retry_count=1, language="en")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("end", ["", "/"])
def test_an_address_without_a_path_may_lack_v1(server, name, end):
    with local_session(server.url + end) as session:
        for _ in range(2):
            with pytest.raises(errors.ErnieError) as caught:
                CALLS[name](session)
            assert f"try %ernie config base_url {server.url}/v1" in caught.value.line("en")


@pytest.mark.parametrize("name", CALLS)
def test_an_address_with_a_path_has_another_fault(server, name):
    with local_session(f"{server.url}/v1") as session:
        with pytest.raises(errors.ErnieError) as caught:
            CALLS[name](session)
        assert "/v1/v1" not in caught.value.line("en")


def test_a_server_whose_list_is_empty_has_its_address_right(server):
    empty = http(json.dumps({"data": []}), kind="application/json")
    server.replies = {"/models": empty, "/": GONE}
    with local_session(server.url) as session:
        with pytest.raises(errors.InvalidOption) as caught:
            session.chat("hi")
        assert "/v1" not in caught.value.line("en")
    server.replies = {"/": GONE}


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        ("403 Forbidden", "Country, region, or territory not supported", "not offered in this reg"),
        ("429 Too Many", "slow down", "too many requests (the service said: slow down)"),
        ("500 Failed", "oops", "the service failed (the service said: oops)"),
    ],
)
def test_why_no_list_could_be_read_is_the_cause_that_no_model_is_chosen(server, status, said, told):
    body = json.dumps({"error": {"message": said}})
    server.replies = {"/": http(body, status, "application/json")}
    with (
        local_session(f"http://127.0.0.1:{server.port}/v1") as session,
        pytest.raises(errors.InvalidOption) as caught,
    ):
        session.chat("hi")
    line = caught.value.line("en")
    assert "no model is chosen" in line
    assert "list of models cannot be read: " in line
    assert told in line
    assert "choose one with -m" in line


LISTED = http(json.dumps({"data": [{"id": "deepseek-chat"}]}), kind="application/json")
BLOCKED = http(
    json.dumps({"error": "Requested Resource Not Found", "stage": "WAF"}),
    "418 I'm a teapot",
    "application/json",
)
MISSING = {
    "embedding": lambda session: session.embed(["a"], model="m", cache=False),
    "image": lambda session: session.image("a cat", model="m"),
    "rerank": lambda session: session.rerank("q", ["a", "b"], model="m"),
    "completion": lambda session: session.complete("Once", model="m"),
}


@pytest.mark.parametrize(
    "refusal",
    [GONE, BLOCKED, http("404 page not found", "404 Not Found", "text/plain")],
    ids=["json", "DeepSeek's", "text"],
)
@pytest.mark.parametrize("kind", MISSING)
def test_what_a_server_does_not_offer_is_not_told_as_a_wrong_address(server, kind, refusal):
    server.replies = {"/v1/models": LISTED, "/": refusal}
    with local_session(f"{server.url}/v1") as session:
        with pytest.raises(errors.BadRequest) as caught:
            MISSING[kind](session)
        line = caught.value.line("en")
        assert f"the server has no {kind} calls; the address is right" in line
        assert "use another service" in line
        server.replies = {"/": refusal}
        with pytest.raises(errors.BadRequest, match="the base URL is wrong"):
            MISSING[kind](session)
