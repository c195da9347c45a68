"""Vectors of many texts: in batches, once each, stored, and in order whatever happens on the way."""

import asyncio
import json
import math
import sqlite3
import time
from contextlib import contextmanager

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ernie_magic import errors
from ernie_magic.api.parameter import Rules
from ernie_magic.api.requests import embedding_request
from ernie_magic.calls.embeddings import similarity
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.notebook.display import embeddings as vectors
from ernie_magic.session import Session
from ernie_magic.storage import vector_cache as vector_store
from ernie_magic.text.tokens import estimate_tokens
from tests.loopback_server import LoopbackServer, read_request
from tests.raw_server import http

JSON = "application/json"


@pytest.fixture
def session(emulator):
    emulator.requests.clear()
    with Session(
        ErnieSettings(
            service="aistudio",
            base_url=emulator.base_url,
            api_key="any-key",
            embedding_model="embedding-v1",
            backoff_factor=0.01,
            retry_count=4,
        )
    ) as session:
        yield session


def asked(emulator):
    return [
        text
        for logged in emulator.requests
        if logged.path.endswith("/embeddings")
        for text in logged.body["input"]
    ]


def test_any_number_of_texts_in_batches_of_the_model_s(session, emulator):
    texts = [f"文本 {i}" for i in range(100)]
    found = session.embed(texts)
    assert (found.shape, found.vectors.dtype, found.asked, found.partial) == (
        (100, 384),
        np.float32,
        100,
        False,
    )
    assert sorted(len(logged.body["input"]) for logged in emulator.requests) == [4, *[16] * 6]
    assert np.allclose(found[37], session.embed("文本 37", cache=False)[0])
    assert session.embed(texts[:2], model="tao-8k").shape == (2, 384)
    assert [len(logged.body["input"]) for logged in list(emulator.requests)[-2:]] == [1, 1]


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        np.array,
        pd.Series,
        pl.Series,
        lambda texts: pd.DataFrame({"a": texts})["a"],
        iter,
    ],
)
def test_a_column_of_any_kind(session, make):
    assert session.embed(make(["a", "b"])).texts == ("a", "b")


def test_equal_texts_are_asked_for_once(session, emulator):
    found = session.embed(["a", "b", "a"] * 20)
    assert asked(emulator) == ["a", "b"]
    assert (found.asked, np.unique(found.vectors, axis=0).shape[0]) == (2, 2)
    assert np.allclose(found[0], found[57])


def test_a_second_run_asks_only_for_new_texts(session, emulator, tmp_path):
    first = session.embed(["a", "b"])
    emulator.requests.clear()
    found = session.embed(["b", "c", "a"])
    assert asked(emulator) == ["c"]
    assert np.allclose(found[2], first[0])
    assert (found.asked, found.usage.total_tokens) == (1, 1)
    assert session.embed(["a"], cache=False).asked == 1
    session.settings.cache = False
    assert session.embed(["a"]).asked == 1


def test_a_store_that_is_broken_is_done_without(session, emulator, tmp_path):
    (tmp_path / "work" / ".ernie").mkdir()
    (tmp_path / "work" / ".ernie" / vector_store.NAME).write_bytes(b"no database" * 100)
    assert session.embed(["a"]).asked == 1
    assert session.embed(["a"]).asked == 1


def test_a_folder_beside_the_notebook_is_used_when_it_is_there(session, tmp_path):
    (tmp_path / "work" / ".ernie").mkdir()
    session.embed(["a"])
    with sqlite3.connect(tmp_path / "work" / ".ernie" / vector_store.NAME) as connection:
        assert connection.execute("SELECT count(*) FROM vectors").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("invalid", ["truncate", "skip"])
def test_texts_that_do_not_fit(session, emulator, invalid):
    found = session.embed(
        ["a", "", "长" * 1001, " ", "b", None, float("nan"), pd.NA], invalid=invalid
    )
    nan = [bool(np.isnan(row).all()) for row in found.vectors]
    assert nan == [False, True, invalid == "skip", True, False, True, True, True]
    assert ("长" * 384 in asked(emulator)) is (invalid == "truncate")
    assert found.known().texts[:1] == ("a",)
    assert np.isfinite(found.known().vectors).all()
    assert found.to_pandas().shape == (8, 384)


def test_the_positions_of_texts_that_do_not_fit_are_named(session, emulator):
    with pytest.raises(
        errors.InvalidMessages,
        match=r"text 4 is empty, and text 2 is too long \(text 2 has 1001 characters, about 1001 tokens; embedding-v1 takes 1000 characters and 384 tokens\)",
    ):
        session.embed(["a", "长" * 1001, "b", ""])
    with pytest.raises(errors.InvalidMessages, match=r"^text 1 is too long \(text 1 has"):
        session.embed("长" * 1001)
    with pytest.raises(errors.InvalidMessages, match="text 2 must be a string, not int"):
        session.embed(["a", 7])
    with pytest.raises(
        errors.InvalidOption, match=r"invalid 'cut' is not one of: error \| truncate \| skip"
    ):
        session.embed(["a"], invalid="cut")
    assert not emulator.requests


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (
            ["a", None, "b", " "],
            'texts 2, 4 are empty. What to do: remove them; or leave them out with --invalid skip (in Python: invalid="skip").',
        ),
        ("", "the text is empty. What to do: write something."),
    ],
    ids=["several", "one"],
)
def test_empty_texts_are_not_to_be_shortened(session, emulator, texts, told):
    with pytest.raises(errors.InvalidMessages) as caught:
        session.embed(texts)
    assert str(caught.value) == told
    assert not emulator.requests


def test_a_text_is_cut_as_late_as_it_may_be():
    words = "a " * 600
    (text,) = embedding_request(
        [words], model="embedding-v1", given={}, extra={}, rules=Rules(), invalid="truncate"
    ).texts
    assert estimate_tokens(text) <= 384 < estimate_tokens(words[: len(text) + 3])
    assert words.startswith(text)


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "rpm_rate_limit_exceeded", "retry_after": 0.05},
        {"status": 500},
        {"html": True, "status": 503},
    ],
)
def test_nothing_is_lost_or_paid_twice_after_faults(session, emulator, fault):
    for _ in range(5):
        emulator.faults.add(path="/embeddings", **fault)
    texts = [f"文本 {i}" for i in range(200)]
    found = session.embed(texts, cache=False)
    assert not np.isnan(found.vectors).any()
    assert session.usage.total.requests == 13
    assert found.asked == 200


def test_what_came_before_a_failure_is_kept_and_the_rest_is_asked_for_next_time(session, emulator):
    session.settings.retry_count = 1
    texts = [f"文本 {i}" for i in range(64)]
    session.embed(["warm"])
    emulator.requests.clear()
    for i in range(4):
        emulator.faults.add(path="/embeddings", **({"status": 500} if i == 2 else {"delay": 0.0}))
    with pytest.raises(errors.ServerError) as caught:
        session.embed(texts, in_flight=1)
    partial = caught.value.answer
    assert (partial.partial, int(np.isnan(partial.vectors).any(axis=1).sum())) == (True, 32)
    assert session.last is partial
    emulator.faults.clear()
    emulator.requests.clear()
    assert session.embed(texts).asked == 32
    assert asked(emulator) == texts[32:]


def test_search_finds_the_nearest(session):
    texts = ["北京烤鸭很好吃", "给我讲个故事", "今天天气很好", "讲一个睡前故事"]
    found = session.search("讲故事", texts, k=2)
    assert {one.text for one in found} == {"给我讲个故事", "讲一个睡前故事"}
    assert found[0].score >= found[1].score
    assert repr(found[0]).startswith("Found('")
    with pytest.raises(errors.InvalidOption, match="dimensions"):
        session.search("x", session.embed(texts, model="bge-large-zh"), model="embedding-v1")


def test_an_interrupt_keeps_what_came(session, emulator):
    for _ in range(20):
        emulator.faults.add(path="/embeddings", delay=0.2)
    before = len(emulator.requests)
    stream = session.begin_embed([f"文本 {i}" for i in range(320)], in_flight=2)
    while len(emulator.requests) < before + 5:  # so three of two at a time have been answered
        time.sleep(0.01)
    found = stream.stop()
    assert found.partial
    assert 0 < np.isfinite(found.vectors).all(axis=1).sum() < 320


def test_vectors_that_were_kept_and_are_others_now_are_asked_for_anew(
    session, emulator, monkeypatch
):
    session.embed(["a", "b"])
    short = vector_store.VectorStore.find_vectors
    monkeypatch.setattr(
        vector_store.VectorStore,
        "find_vectors",
        lambda self, texts: {text: vector[:4] for text, vector in short(self, texts).items()},
    )
    found = session.embed(["a", "b", "c"])
    assert (found.shape, np.isfinite(found.vectors).all()) == ((3, 384), True)
    assert session.embed(["a", "b"]).shape == (2, 4)


@pytest.mark.parametrize(
    "damage",
    [b"", b"abc", "text", 5, b"\0" * 1536, np.array([np.nan] * 384, dtype="<f4").tobytes()],
)
def test_a_damaged_vector_is_asked_for_again(session, tmp_path, damage):
    (tmp_path / "work" / ".ernie").mkdir()
    session.embed(["a"])
    connection = sqlite3.connect(tmp_path / "work" / ".ernie" / vector_store.NAME)
    with connection:
        connection.execute("UPDATE vectors SET vector = ?", (damage,))
    connection.close()
    assert session.embed(["a"]).asked == 1


TWO_QUERIES = ["睡前", "天气"]


@pytest.mark.parametrize(
    "queries",
    [TWO_QUERIES, tuple(TWO_QUERIES), pd.Series(TWO_QUERIES), np.array(TWO_QUERIES)],
    ids=["list", "tuple", "column", "array"],
)
def test_a_search_for_several_queries_is_refused_with_the_way_to_ask_each(session, queries):
    vectors = session.embed(["讲一个睡前故事", "今天天气很好"])
    with pytest.raises(errors.InvalidMessages, match="one query at a time") as caught:
        session.search(queries, vectors)
    assert "for query in ernie.embed(queries)]" in str(caught.value)
    found = [session.search(query, vectors, k=1) for query in session.embed(queries)]
    assert found == [session.search(query, vectors, k=1) for query in TWO_QUERIES]


@pytest.mark.parametrize(
    "take",
    [
        lambda vectors: vectors[1],
        lambda vectors: vectors[1:],
        lambda vectors: vectors[1].tolist(),
        lambda vectors: pd.Series(vectors[1]),
        lambda vectors: vectors.vectors[1:],
    ],
    ids=["row", "slice", "list", "column", "array"],
)
def test_a_vector_is_a_query_too(session, emulator, take):
    vectors = session.embed(["讲一个睡前故事", "今天天气很好"])
    emulator.requests.clear()
    found = session.search(take(vectors), vectors, k=1)
    assert [(each.text, round(each.score, 3)) for each in found] == [("今天天气很好", 1)]
    assert asked(emulator) == []


def test_a_query_that_no_texts_can_be_compared_with_says_why(session):
    vectors = session.embed(["a", "", "b"], invalid="skip")
    with pytest.raises(errors.InvalidMessages, match="a text that was skipped or failed"):
        session.search(vectors[1], vectors)
    with pytest.raises(errors.InvalidMessages, match=r"write ernie\.search"):
        session.search(vectors, "b")
    other = session.embed(["a"], model="bge-large-zh")
    with pytest.raises(errors.InvalidOption, match="bge-large-zh made the query's vector"):
        session.search(other, vectors)


@pytest.mark.parametrize("k", [0, -1, None, "3", 2.5, True])
def test_how_many_a_search_gives(session, k):
    with pytest.raises(errors.InvalidOption, match="k must be a whole number from 1"):
        session.search("a", ["a"], k=k)


def test_a_table_with_one_column_of_texts_can_be_searched(session):
    df = pd.DataFrame({"n": [1, 2], "text": ["讲一个睡前故事", "今天天气很好"]})
    assert session.search("故事", df, k=1)[0].text == "讲一个睡前故事"
    with pytest.raises(errors.InvalidOption, match="the table has 2 columns of texts: text, other"):
        session.search("故事", df.assign(other="x"))
    with pytest.raises(errors.InvalidOption, match="the table has 0 columns of texts"):
        session.search("故事", df[["n"]])


def test_where_plotly_is_installed_the_plane_is_its_figure_too(session):
    graph_objects = pytest.importorskip("plotly.graph_objects")
    embeddings = session.embed(["讲一个睡前故事", "今天天气很好"])
    bundle = vectors.Plane(
        embeddings, *similarity.project_to_plane(embeddings.vectors), "zh"
    )._repr_mimebundle_()
    figure = graph_objects.Figure(bundle["application/vnd.plotly.v1+json"])
    assert list(figure.data[0].hovertext) == ["讲一个睡前故事", "今天天气很好"]
    assert {"text/html", "text/plain"} < set(bundle)


def test_awaited_a_search_finds_the_same(session):
    texts = ["讲一个睡前故事", "今天天气很好"]
    assert asyncio.run(session.asearch("故事", texts, k=1)) == session.search("故事", texts, k=1)


def test_a_query_is_embedded_with_the_fields_that_the_texts_were_embedded_with(session, emulator):
    def sent_fields():
        body = emulator.requests[-1].body
        return {name: body.get(name) for name in ("model", "user", "input_type")}

    texts = ["讲一个睡前故事", "今天天气很好"]
    made_by = {"model": "bge-large-zh", "user": "me"}
    vectors = session.embed(texts, **made_by, extra={"input_type": "document"})
    session.search("故事", vectors)
    assert sent_fields() == {**made_by, "input_type": "query"}
    session.search("故事", vectors[:1], extra={"input_type": "classification"})
    assert sent_fields() == {**made_by, "input_type": "classification"}
    session.search("天气", texts, model="bge-large-zh", extra={"input_type": "query"})
    assert sent_fields() == {"model": "bge-large-zh", "user": None, "input_type": "query"}


class VectorServer(LoopbackServer):
    """Takes so many texts of a length at once; what it makes of a vector is `change`'s affair."""

    def __init__(self, most=100, change=lambda text, vector: vector, longest=99, unsafe=()):
        self.most = most
        self.longest = longest
        self.unsafe = unsafe
        self.change = change
        self.sizes = []
        self.refused = 0
        super().__init__()

    async def _serve(self, reader, writer):
        body = json.loads((await read_request(reader)).body)
        texts = body["input"]
        said = ""
        if len(texts) > self.most:
            said = f"batch size is invalid, it should not be larger than {self.most}."
        elif max(map(len, texts)) > self.longest:
            said = "length of prompt_tokens (744) must be less than max_seq_len (512)."
        if not said and not set(texts).isdisjoint(self.unsafe):
            said = "Input data may contain inappropriate content."
        if said:
            self.refused += 1
            reply = http(json.dumps({"error": {"message": said}}), "400 Bad Request", JSON)
        else:
            self.sizes.append(len(texts))
            data = [
                {"index": n, "embedding": self.change(text, [float(text), 1.0])}
                for n, text in enumerate(texts)
            ]
            reply = http(json.dumps({"data": data, "model": body["model"]}), kind=JSON)
        writer.write(reply)
        await writer.drain()


@contextmanager
def served_by(server):
    try:
        with Session(
            service="local",
            base_url=f"http://127.0.0.1:{server.port}/v1",
            embedding_model="m",
            retry_count=1,
        ) as session:
            yield session
    finally:
        server.stop()


def test_a_batch_that_a_service_refuses_is_made_smaller_and_remembered():
    server = VectorServer(most=10)
    with served_by(server) as session:
        found = session.embed([str(n) for n in range(45)], cache=False, in_flight=1)
        assert found.vectors[:, 0].tolist() == list(map(float, range(45)))
        assert (max(server.sizes), sum(server.sizes), server.refused) == (10, 45, 1)
        session.embed([str(n) for n in range(45)], cache=False, in_flight=4)
        assert server.refused == 1


@pytest.mark.parametrize("odd", [None, [1.0], [1.0, math.inf], [math.nan, 1.0], [0, 0], "x"])
def test_an_odd_vector_is_told_with_its_text_and_the_others_are_kept(odd):
    server = VectorServer(change=lambda text, vector: odd if text == "2" else vector)
    with served_by(server) as session:
        with pytest.raises(errors.ProtocolError, match=r"no usable vector.*'2'.*NaN") as caught:
            session.embed([str(n) for n in range(5)])
        assert np.isnan(caught.value.answer.vectors).any(axis=1).tolist() == [
            text == "2" for text in "01234"
        ]
        server.change = lambda _text, vector: vector
        assert session.embed([str(n) for n in range(5)]).asked == 1


def test_texts_that_are_too_long_are_named_and_the_others_are_kept():
    server = VectorServer(longest=3)
    texts = [str(n) for n in range(40)]
    texts[7], texts[30] = "7.000", "30.00"
    with served_by(server) as session:
        with pytest.raises(errors.InputTooLong) as caught:
            session.embed(texts, in_flight=1)
        line = caught.value.line("en")
        assert "some texts (2) are too long for the model, such as '7.000' (5 characters)" in line
        assert "must be less than max_seq_len" in line
        assert "tools" not in line
        missing = np.isnan(caught.value.answer.vectors).any(axis=1)
        assert np.flatnonzero(missing).tolist() == [7, 30]
        assert server.refused < 16
        server.longest = 9
        assert session.embed(texts).asked == 2


def test_texts_that_a_service_refuses_as_too_long_are_skipped_where_that_was_asked_for():
    server = VectorServer(longest=3)
    texts = [f"{n}.000" if n % 3 else str(n) for n in range(90)]
    with served_by(server) as session:
        found = session.embed(texts, invalid="skip", in_flight=1)
        missing = np.isnan(found.vectors).all(axis=1)
        assert missing.tolist() == [n % 3 > 0 for n in range(90)]
        assert (found.partial, found.asked, found.texts) == (False, 30, tuple(texts))
        server.unsafe = {"90"}
        with pytest.raises(errors.UnsafeRequest, match=r"some texts \(1\) did not pass"):
            session.embed([*texts, "90"], invalid="skip")


def test_where_every_text_is_refused_as_too_long_skipping_them_ends():
    server = VectorServer(longest=0)
    too_long = pytest.raises(errors.InputTooLong, match=r"\(20\) are too long")
    with served_by(server) as session, too_long:
        session.embed([str(n) for n in range(200)], invalid="skip", cache=False, in_flight=1)
    assert server.refused < 60


def test_texts_that_a_service_refuses_as_too_long_are_cut_where_that_was_asked_for():
    server = VectorServer(longest=13)
    long = "7." + "0" * 18  # the service says 744 and 512: 13 of 20 characters
    texts = ["1", long, "7." + "0" * 98, "2", long, "7." + "0" * 11]
    with served_by(server) as session:
        found = session.embed(texts, invalid="truncate", in_flight=1)
        assert found.vectors[:, 0].tolist() == [1, 7, 7, 2, 7, 7]
        assert [len(text) for text in found.texts] == [1, 13, 8, 1, 13, 13]
        assert (sum(server.sizes), found.partial) == (4, False)
        assert session.embed(texts, invalid="truncate").asked == 0
        with pytest.raises(errors.InputTooLong):
            session.embed(texts)
        found = session.embed(texts[::-1], invalid="truncate", cache=False, in_flight=2)
        assert found.vectors[:, 0].tolist() == [7, 7, 2, 7, 7, 1]


def test_texts_that_content_review_refuses_are_named_and_the_others_are_kept():
    server = VectorServer(unsafe={"7", "30"})
    texts = [str(n) for n in range(40)]
    with served_by(server) as session:
        with pytest.raises(errors.UnsafeRequest) as caught:
            session.embed(texts, in_flight=1)
        line = caught.value.line("en")
        assert "some texts (2) did not pass content review, such as '7'" in line
        assert "Input data may contain inappropriate content" in line
        assert "prompt" not in line
        missing = np.isnan(caught.value.answer.vectors).any(axis=1)
        assert np.flatnonzero(missing).tolist() == [7, 30]
        assert server.refused < 16
        server.unsafe = ()
        assert session.embed(texts).asked == 2


def test_of_texts_that_are_refused_for_two_reasons_those_like_the_first_are_named():
    server = VectorServer(unsafe={"7", "30"}, longest=2)
    texts = [*map(str, range(40)), "1.5"]
    unsafe = pytest.raises(errors.UnsafeRequest, match=r"some texts \(2\) did not pass.*'7'")
    with served_by(server) as session, unsafe:
        session.embed(texts, cache=False, in_flight=1)
    assert sum(server.sizes) == 38


def test_where_many_texts_are_too_long_the_rest_is_not_asked():
    server = VectorServer(longest=0)
    too_long = pytest.raises(errors.InputTooLong, match=r"\(20\) are too long")
    with served_by(server) as session, too_long:
        session.embed([str(n) for n in range(200)], cache=False, in_flight=1)
    assert server.refused < 60


def test_a_batch_of_another_length_is_told_and_not_stored():
    server = VectorServer(
        most=2, change=lambda text, vector: vector * 2 if float(text) > 1 else vector
    )
    with served_by(server) as session:
        with pytest.raises(errors.ProtocolError, match=r"no usable vector.*'2'"):
            session.embed(["0", "1", "2", "3"], in_flight=1)
        server.change = lambda _text, vector: vector
        assert session.embed(["0", "1", "2", "3"]).asked == 2
