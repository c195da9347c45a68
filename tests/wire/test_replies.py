"""Bodies of replies become results."""

import base64
import struct

import pytest

from ernie_magic import errors
from ernie_magic.wire import replies


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_vectors_are_in_the_order_of_the_texts_whatever_order_they_came_in(order):
    packed = base64.b64encode(struct.pack("<1f", 1.0)).decode()
    payload = {"data": [{"index": i, "embedding": packed if i == 1 else [float(i)]} for i in order]}
    assert replies.parse_vectors(payload, 3).vectors.tolist() == [[0.0], [1.0], [2.0]]
    for broken in (
        {"data": []},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": 5},
        {},
        {"data": [{"index": 0, "embedding": "%%"}] * 3},
        {"data": [{"index": i, "embedding": [[1.0]]} for i in range(3)]},
        {"data": [{"index": i, "embedding": [float("nan")]} for i in range(3)]},
        {"data": [{"index": i, "embedding": [1.0] * (i + 1)} for i in range(3)]},
        {"data": [{"index": i, "embedding": [0.0, 0.0]} for i in range(3)]},
        {"data": [{"index": 1e400, "embedding": [0.0]}] * 3},
    ):
        with pytest.raises(errors.ProtocolError):
            replies.parse_vectors(broken, 3)


OTHER_VECTORS = {
    "Ollama's": {"embeddings": [[0.0], [1.0]]},
    "a gateway's": {"code": 0, "data": {"data": [{"index": 1, "embedding": [1.0]}, {"index": 0, "embedding": [0.0]}]}},
    "DashScope's": {"output": {"embeddings": [{"text_index": 1, "embedding": [1.0]}, {"text_index": 0, "embedding": [0.0]}]}},
    "by another name": {"data": [{"vector": [0.0]}, {"vector": [1.0]}]},
    "bare lists": {"data": [[0.0], [1.0]]},
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_VECTORS)
def test_vectors_are_found_where_other_servers_put_them(name):
    assert replies.parse_vectors(OTHER_VECTORS[name], 2).vectors.tolist() == [[0.0], [1.0]]
    with pytest.raises(errors.ProtocolError, match="2 vectors came for 3 texts"):
        replies.parse_vectors(OTHER_VECTORS[name], 3)


SCORED = [{"index": 1, "score": 0.9}, {"index": 0, "score": 0.1}]
OTHER_RANKINGS = {
    "scores": {"results": SCORED},
    "SGLang's": {"results": [{**entry, "document": "ab"[entry["index"]]} for entry in SCORED]},
    "Voyage's": {"data": [{"index": e["index"], "relevance_score": e["score"]} for e in SCORED]},
    "NVIDIA's": {"rankings": [{"index": e["index"], "logit": e["score"]} for e in SCORED]},
    "DashScope's": {"output": {"results": SCORED}},
}


def ranking_of(*documents):
    from ernie_magic.api.parameter import Rules
    from ernie_magic.api.requests import rerank_request

    rules = Rules(strict=False)
    return rerank_request("q", list(documents), model="m", given={}, extra={}, rules=rules)


def test_documents_without_a_score_are_named_beside_the_ranking():
    """As with Ollama (https://github.com/ollama/ollama/pull/14172)."""
    entries = [{"index": 0, "score": 0.9}, {"index": 1, "score": None}, {"index": 2, "score": 0.1}]
    ranking = replies.parse_ranking({"results": entries}, ranking_of("a", "b", "c"), "local")
    assert ([ranked.index for ranked in ranking], ranking.unscored) == ([0, 2], (1,))
    fewer = replies.parse_ranking({"results": entries[:1]}, ranking_of("a", "b", "c"), "local")
    assert fewer.unscored == ()


@pytest.mark.parametrize("name", OTHER_RANKINGS)
def test_rankings_are_found_where_other_servers_put_them(name):
    request = ranking_of("a", "b")
    ranking = replies.parse_ranking(OTHER_RANKINGS[name], request, "local")
    assert [(ranked.index, ranked.score, ranked.document) for ranked in ranking] == [
        (1, 0.9, "b"),
        (0, 0.1, "a"),
    ]
    for broken in ({"results": None}, {"scores": [1]}, {"results": [{"index": 0}]}, {}):
        with pytest.raises(errors.ProtocolError):
            replies.parse_ranking(broken, request, "local")


@pytest.mark.parametrize(
    ("indices", "expected"),
    [
        ([0, 0, 0], [0.0, 1.0, 2.0]),
        ([1, 2, 3], [0.0, 1.0, 2.0]),
        ([3, 1, 2], [1.0, 2.0, 0.0]),
        (["1", "2", "3"], [0.0, 1.0, 2.0]),
        ([7, 7, 7], [0.0, 1.0, 2.0]),
        ([None, None, None], [0.0, 1.0, 2.0]),
        ([0, None, 2], [0.0, 1.0, 2.0]),
        ([2, 1, 0], [2.0, 1.0, 0.0]),
    ],
)
def test_vectors_that_are_numbered_in_another_way_are_put_in_order(indices, expected):
    data = [{"index": index, "embedding": [float(n)]} for n, index in enumerate(indices)]
    assert replies.parse_vectors({"data": data}, 3).vectors[:, 0].tolist() == expected


@pytest.mark.parametrize(
    "indices", [[0, 1, 1], [0, 0, 2], [1, 1, 2], [2, 3, 4], [0, 1], [0, 1, 2, 2], [-1, 0, 1], []]
)
def test_vectors_whose_texts_are_unclear_are_refused(indices):
    data = [{"index": index, "embedding": [float(n)]} for n, index in enumerate(indices)]
    with pytest.raises(errors.ProtocolError):
        replies.parse_vectors({"data": data}, 3)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        [1.0],
        [1.0, 2.0, 3.0],
        [1.0, None],
        [float("nan"), 1.0],
        "%%",
        {},
        [[1.0], 2],
        [0.0, -0.0],
    ],
)
def test_an_odd_vector_costs_only_its_own_text(odd):
    data = [{"index": n, "embedding": odd if n == 1 else [float(n), 0.5]} for n in range(3)]
    found = replies.parse_vectors({"data": data}, 3)
    assert found.unusable == (1,)
    assert found.vectors[[0, 2]].tolist() == [[0.0, 0.5], [2.0, 0.5]]


MISSING_VECTORS = {
    # https://github.com/garrytan/gbrain/issues/328
    "Ollama's": {"object": "list", "data": [{"embedding": [], "index": n} for n in (0, 1)]},
    # https://github.com/huggingface/text-embeddings-inference/issues/51
    "TEI's": {"data": [{"embedding": [None, None], "index": n} for n in (0, 1)]},
    "bare": {"embeddings": [[], []]},
    # https://github.com/openai/openai-python/pull/2369
    "null": {"object": "list", "data": None, "model": "m", "usage": None},
    "none at all": {"object": "list", "model": "m", "usage": {"prompt_tokens": 2}},
    "an empty list": {"data": [], "model": "m"},
    "zeros": {"data": [{"embedding": [0.0, 0.0], "index": n} for n in (0, 1)]},
    "words": {"data": [{"embedding": ["a"]}, {"embedding": ["b"]}]},
}


@pytest.mark.parametrize("name", MISSING_VECTORS)
def test_a_reply_that_lacks_its_vectors_is_told_as_that(name):
    with pytest.raises(errors.ProtocolError, match="the reply has no usable vectors") as caught:
        replies.parse_vectors(MISSING_VECTORS[name], 2)
    assert "base URL" not in str(caught.value)


@pytest.mark.parametrize("other", [{}, {"login": "please"}, {"title": "Portal", "links": []}])
def test_a_reply_of_another_kind_may_come_from_a_wrong_address(other):
    with pytest.raises(errors.ProtocolError, match="base URL"):
        replies.parse_vectors(other, 2)
    with pytest.raises(errors.ProtocolError, match="base URL"):
        replies.parse_ranking(other, ranking_of("a"), "local")


def test_the_documents_that_have_a_score_are_ranked():
    items = [{"index": n, "relevance_score": score} for n, score in enumerate([0.1, None, 0.9])]
    ranking = replies.parse_ranking({"results": items}, ranking_of("a", "b", "c"), "local")
    assert [(ranked.index, ranked.score) for ranked in ranking] == [(2, 0.9), (0, 0.1)]
    for lacking in ({"results": [{"index": 0, "relevance_score": None}]}, {"results": None}):
        with pytest.raises(errors.ProtocolError, match="the reply has no usable scores"):
            replies.parse_ranking(lacking, ranking_of("a", "b", "c"), "local")
