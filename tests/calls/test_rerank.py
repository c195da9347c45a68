"""Documents ranked."""

import json
from types import SimpleNamespace

import pytest

from ernie_magic import errors
from ernie_magic.session import Session
from tests.raw_server import Server

RANKED = {"model": "m", "results": [{"index": 0, "relevance_score": 0.5}], "usage": {}}


def reply(status, body, kind="application/json"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {len(raw)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + raw


@pytest.fixture
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def local(server):
    with Session(
        service="local", base_url=server.url, model="m", retry_count=1, backoff_factor=0.0
    ) as session:
        yield session


def test_a_misspelled_model_is_refused_with_the_closest_id(session):
    with pytest.raises(errors.ModelNotFound, match="similar models: bce-reranker-base") as caught:
        session.rerank("cats", ["a cat", "a dog"], model="bce-reranker-bas")
    assert caught.value.suggestions == ("bce-reranker-base",)


@pytest.mark.parametrize(
    "missing",
    [
        reply(404, {"detail": "Not Found"}),
        reply(404, b"<html>404 Not Found</html>", "text/html"),
        reply(404, b"404 page not found", "text/plain"),
        reply(404, {"error": {"message": "Unknown request URL", "type": "invalid_request_error"}}),
        reply(404, b""),
        reply(405, {"detail": "Method Not Allowed"}),
        reply(200, {"code": 404, "message": "404 NOT_FOUND"}),
        reply(501, {"error": {"message": "not implemented"}}),
        reply(400, {"error": {"message": "Unknown request URL: POST /v1/rerankers."}}),
        reply(403, {"message": "Missing Authentication Token"}),
        reply(500, {"error": "no Route matched with those values"}),
        reply(200, b"<!doctype html><div id=root></div>", "text/html"),
    ],
)
def test_a_server_without_rerankers_is_asked_for_rerank_and_that_is_remembered(
    server, local, missing
):
    server.replies = {"/rerankers": missing, "/rerank": reply(200, RANKED)}
    for _ in range(2):
        assert local.rerank("a", ["a"], model="r")[0].document == "a"
    assert server.requests == ["/rerankers", "/rerank", "/rerank"]
    local.settings.base_url = f"{server.url}/rerankers"  # another address: not known yet
    with pytest.raises(errors.ErnieError):
        local.rerank("a", ["a"], model="r")
    assert server.requests[3] == "/rerankers/rerankers"


@pytest.mark.parametrize(
    "refused",
    [
        reply(404, {"error": {"code": "no_such_model", "message": "no"}}),
        reply(404, {"object": "error", "message": "The model `r` does not exist.", "code": 404}),
        reply(401, {"error": {"code": "invalid_api_key", "message": "no"}}),
        reply(400, {"error": {"message": "documents are missing"}}),
    ],
)
def test_another_refusal_is_no_missing_path(server, local, refused):
    server.replies = {
        "/rerankers": refused,
        "/rerank": reply(200, RANKED),
        "/models": reply(200, {"data": []}),
    }
    with pytest.raises(errors.ServiceError):
        local.rerank("a", ["a"], model="r")
    assert "/rerank" not in server.requests


def test_the_words_of_the_path_that_is_there_are_told(server, local):
    gone = {"object": "error", "message": "The model `r9` does not exist.", "code": 404}
    server.replies = {
        "/rerankers": reply(404, {"detail": "Not Found"}),
        "/rerank": reply(404, gone),
        "/models": reply(200, {"data": []}),
    }
    with pytest.raises(errors.ServiceError, match="The model `r9` does not exist"):
        local.rerank("a", ["a"], model="r9")
    server.requests.clear()
    with pytest.raises(errors.ServiceError):
        local.rerank("a", ["a"], model="r9")
    assert server.requests[0] == "/rerank"


def test_a_server_with_none_of_the_paths_is_told_once_each(server, local):
    server.replies = {"/rerank": reply(404, {"detail": "Not Found"})}
    with pytest.raises(errors.BadRequest, match="there is no such endpoint"):
        local.rerank("a", ["a"], model="r")
    assert server.requests == ["/rerankers", "/rerank", "/reranks"]


def test_text_embeddings_inference_is_asked_beside_v1_and_that_is_remembered(server, local):
    server.replies = {
        "/v1": reply(404, b""),
        "/rerank": reply(200, [{"index": 1, "score": 0.9}, {"index": 0, "score": 0.1}]),
    }
    local.settings.base_url = f"{server.url}/v1"
    for _ in range(2):
        assert [r.document for r in local.rerank("q", ["a", "b"], model="r")] == ["b", "a"]
    assert server.requests == ["/v1/rerankers", "/v1/rerank", "/rerank", "/rerank"]


def test_a_server_that_ranks_nowhere_is_told_by_its_first_refusal(server, local):
    server.replies = {"/": reply(404, {"detail": "Not Found"})}
    local.settings.base_url = f"{server.url}/v1"
    with pytest.raises(errors.BadRequest, match="there is no such endpoint"):
        local.rerank("a", ["a"], model="r")
    # The list tells whether the address is right.
    tried = ["/v1/rerankers", "/v1/rerank", "/rerank", "/v1/reranks"]
    assert server.requests == [*tried, "/v1/models"]


def test_dashscope_s_path_is_found_and_remembered(server, local):
    server.replies = {
        "/compatible-api": reply(404, {"detail": "Not Found"}),
        "/compatible-api/v1/reranks": reply(200, RANKED),
    }
    local.settings.base_url = f"{server.url}/compatible-api/v1"
    for _ in range(2):
        assert local.rerank("q", ["a", "b"], model="r")
    assert server.requests[-2:] == ["/compatible-api/v1/reranks"] * 2


def test_documents_before_the_query_are_told_with_the_order(session):
    with pytest.raises(errors.InvalidMessages) as caught:
        session.rerank(["a", "b"], "q")
    assert str(caught.value) == (
        "the query is one text, not list. What to do: the query comes first: "
        "ernie.rerank(query, documents)."
    )


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (SimpleNamespace(page_content="a"), "document 2 must be a string, not SimpleNamespace"),
        (None, "document 2 must be a string, not NoneType"),
        ("", "document 2 is empty"),
    ],
    ids=["object", "None", "empty"],
)
def test_a_document_that_is_no_text_is_named_by_its_place_and_kind(session, document, told):
    with pytest.raises(errors.InvalidMessages, match=told):
        session.rerank("q", ["a", document])
