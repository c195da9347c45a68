"""What the reply of a search in a knowledge base holds, in whatever form."""

import json

import pytest

from ernie_magic import errors
from ernie_magic.session import Session
from tests.raw_server import Server, http

BASE = "70c6375a-1595-41f2-9a3b-e81bc9060b01"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def search_with(reply):
    with Server() as server:
        server.replies = {"/v2/knowledgebases": http(json.dumps(reply), kind="application/json")}
        with Session(service="qianfan", api_key="k", base_url=f"{server.url}/v2") as session:
            return session.knowledge.search("When?", BASE)


CHUNK = {"chunk_id": "c1", "content": [{"type": "text", "text": "Closed on Mondays."}]}


@pytest.mark.parametrize(
    "reply",
    [
        {"chunks": [CHUNK]},
        {"data": [CHUNK]},
        {"data": {"chunks": [CHUNK]}},
        {"result": {"chunks": [CHUNK]}},
        {"result": [CHUNK]},
        {"chunks": [{"content": None}, CHUNK]},
    ],
)
def test_passages_are_found_wherever_the_reply_has_them(reply):
    assert [str(each) for each in search_with(reply)] == ["Closed on Mondays."]


@pytest.mark.parametrize("reply", [{"chunks": []}, {"chunks": None}, {"data": {"chunks": []}}])
def test_an_empty_list_means_that_nothing_was_found(reply):
    assert search_with(reply) == []


@pytest.mark.parametrize(
    "reply",
    [
        {"requestId": "r"},
        {"requestId": "r", "records": [CHUNK]},
        {"requestId": "r", "data": {"total": 3}},
        {"requestId": "r", "data": None},
        {"chunks": {"c1": CHUNK}},
        {"chunks": "none"},
        {"chunks": [{"passage": "Closed on Mondays."}]},
        {"chunks": ["Closed on Mondays."]},
        {"chunks": [{"content": [{"type": "video"}]}]},
    ],
)
def test_a_reply_of_another_shape_is_an_error_and_not_nothing_found(reply):
    with pytest.raises(errors.ProtocolError, match="cannot be read"):
        search_with(reply)


def test_a_model_is_not_asked_where_the_search_s_reply_cannot_be_read():
    with Server() as server:
        server.replies = {"/v2/knowledgebases": http('{"id": "r"}', kind="application/json")}
        with Session(
            service="qianfan", api_key="k", base_url=f"{server.url}/v2", model="ernie-3.5-8k"
        ) as session:
            with pytest.raises(errors.ProtocolError, match="cannot be read"):
                session.chat("When?", knowledge=BASE)
            assert not session.history
    assert server.requests == ["/v2/knowledgebases/search"]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}, "https://a.b/c.png"),
        ({"type": "image", "image": "https://a.b/c.png"}, "https://a.b/c.png"),
        ({"type": "image", "url": "https://a.b/c.png"}, "https://a.b/c.png"),
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}, "[image]"),
    ],
)
def test_a_passage_of_pictures_alone_is_their_addresses(part, text):
    (passage,) = search_with({"chunks": [{**CHUNK, "content": [part]}]})
    assert str(passage) == text
    both = [{"type": "text", "text": "see"}, part]
    assert str(search_with({"chunks": [{**CHUNK, "content": both}]})[0]) == "see"
