"""The session's other calls on AI Studio and Qianfan V2; what results carry; early checks."""

import asyncio
import base64
import json
import struct
import time

import pytest

from ernie_magic import errors
from ernie_magic.session import Session
from ernie_magic.text.tokens import estimate_tokens
from ernie_magic.wire import protocol, replies


@pytest.fixture(params=["aistudio", "qianfan"])
def session(request, emulator, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-calls")
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
    emulator.requests.clear()
    with Session(service=request.param, model="ernie-3.5-8k", backoff_factor=0.0) as session:
        yield session


def test_vectors(session, emulator):
    found = session.embed(["推荐一些美食", "给我讲个故事"], user="me")
    assert (len(found), len(found[0]), found.texts[1], found.service) == (
        2,
        384,
        "给我讲个故事",
        session.settings.service,
    )
    assert emulator.requests[-1].body == {
        "model": "embedding-v1",
        "input": ["推荐一些美食", "给我讲个故事"],
        "user": "me",
    }
    assert found.usage.total_tokens == 12
    assert repr(found) == "Embeddings(2 x 384, model='embedding-v1', tokens=12)"
    assert session.embed("x", extra={"encoding_format": "base64"})[0] == pytest.approx(
        session.embed("x")[0], abs=1e-6
    )


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
        {"data": [{"index": i, "embedding": [0.0] * (i + 1)} for i in range(3)]},
        {"data": [{"index": 1e400, "embedding": [0.0]}] * 3},
    ):
        with pytest.raises(errors.ProtocolError):
            replies.parse_vectors(broken, 3)


def test_pictures_as_links_and_as_bytes(session, emulator):
    links = session.image("一只白猫, 红帽子", n=2, response_format="url")
    assert [picture.url.startswith("http://127.0.0.1") for picture in links.pictures] == [
        True,
        True,
    ]
    (picture,) = session.image(
        "一只黑猫, 蓝帽子", response_format="b64_json", size="768x768", seed=7
    ).pictures
    assert picture.content.startswith(b"\x89PNG")
    default = {"qianfan": "irag-1.0"}.get(session.settings.service, "Stable-Diffusion-XL")
    assert emulator.requests[-1].body == {
        "model": default,
        "prompt": "一只黑猫, 蓝帽子",
        "size": "768x768",
        "seed": 7,
        "response_format": "b64_json",
    }


@pytest.mark.parametrize(
    ("fault", "sent", "error"),
    [
        ({"status": 500}, 1, errors.ServerError),
        ({"delay": 0.5}, 1, errors.RequestTimeout),
        ({"code": "rpm_rate_limit_exceeded"}, 3, errors.RateLimited),
    ],
    ids=str,
)
def test_a_picture_is_sent_again_only_when_nothing_can_have_been_made(
    session, emulator, fault, sent, error
):
    session.settings.request_timeout = 0.2
    emulator.faults.add(**fault, times=9)
    with pytest.raises(error):
        session.image("cat")
    assert len(emulator.requests) == sent


def test_ranking(session):
    found = session.rerank("猫喜欢吃什么", ["狗喜欢骨头", "猫喜欢吃鱼", "今天下雨"], top_n=2)
    assert [(ranked.document, ranked.index) for ranked in found.results] == [
        ("猫喜欢吃鱼", 1),
        ("狗喜欢骨头", 0),
    ]
    assert found[0].score > found[1].score


def test_a_completion_is_a_chat_of_one_question_where_the_service_has_none(session, emulator):
    session.chat("[[echo]]before")
    assert session.complete("[[echo]]once upon", temperature=0.5).text == "once upon"
    assert len(emulator.requests[-1].body["messages"]) == 1
    assert len(session.history) == 1
    assert "".join(session.stream_completion("[[echo]]a b c")) == "a b c"


def test_tokens_are_estimated_by_the_documents_rule_and_say_so(session, emulator):
    counted = session.count_tokens("你好,世界 hello")
    assert (int(counted), counted.estimated) == (5, True)
    assert "estimate" in repr(counted)
    assert not emulator.requests
    assert [estimate_tokens(text) for text in ("你好", "Hello world, foo_bar 123", "")] == [2, 5, 0]


def test_everything_has_an_async_twin(session):
    async def run():
        return await asyncio.gather(
            session.aembed("x"),
            session.aimage("cat", size="768x768"),
            session.arerank("q", ["a"]),
            session.acomplete("[[echo]]hi"),
            session.acount_tokens("你好"),
            session.amodels(),
            session.wire.aget("/models"),
            session.wire.apost("/embeddings", {"model": "embedding-v1", "input": ["x"]}),
        )

    found = asyncio.run(run())
    assert [type(one).__name__ for one in found] == [
        "Embeddings",
        "ImageSet",
        "Ranking",
        "Answer",
        "TokenCount",
        "list",
        "dict",
        "dict",
    ]


def test_any_other_path_of_the_service(session):
    assert session.wire.get("/models")["object"] == "list"
    body = {
        "model": "ernie-3.5-8k",
        "messages": [{"role": "user", "content": "[[echo]]a b"}],
        "stream": True,
    }
    chunks = list(session.wire.stream("/chat/completions", body))
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == "a b"
    assert (
        session.wire.post("/chat/completions", {**body, "stream": False})["choices"][0]["message"][
            "content"
        ]
        == "a b"
    )
    with pytest.raises(errors.ModelNotFound):
        session.wire.post("/chat/completions", {**body, "model": "nobody", "stream": False})
    with pytest.raises(errors.ModelNotFound):
        list(session.wire.stream("/chat/completions", {**body, "model": "nobody"}))
    with pytest.raises(errors.InvalidOption, match=r"ernie\.wire\.stream"):
        session.wire.post("/chat/completions", body)
    assert not session.history


def test_a_call_of_any_kind_can_be_stopped(session, emulator):
    emulator.faults.add(delay=5, path="models")
    stream = session.start_call(
        lambda core, _emit: core.list_models(*reversed(session.settings_and_endpoint()))
    )
    began = time.monotonic()
    stream.stop()
    assert time.monotonic() - began < 1
    with pytest.raises(errors.Stopped):
        stream.result()


# --- what results carry ---------------------------------------------------------------------------


def test_an_answer_has_all_the_documents_fields(session):
    answer = session.chat("[[echo]]hi there", web_search={"enable": True}, max_completion_tokens=2)
    assert answer.search[0]["url"] == "https://example.com/simulated"
    assert answer.usage.search_tokens == 120
    assert (answer.flag, answer.ban_round, answer.is_truncated) == (0, None, False)
    assert answer.statistic.measured
    assert answer.statistic.total_latency == answer.seconds > 0
    assert answer.statistic.avg_output_tokens_per_second > 0
    assert session.chat("[[chunks=20]]", max_completion_tokens=3).is_truncated
    assert session.chat("[[echo]][[flag=1]]hi", history=False).ban_round == -1


def test_the_service_s_own_statistic_is_taken_where_it_gives_one():
    from ernie_magic.api.requests import chat_request
    from ernie_magic.wire.openai_style import Reader

    reader = Reader(chat_request([{"role": "user", "content": "hi"}], model="m", given={}))
    # The numbers of an example reply of Qianfan V2.
    reader.feed(
        {
            "choices": [{"message": {"content": "x"}, "finish_reason": "normal"}],
            "statistic": {
                "first_token_latency": 0,
                "total_latency": 2.557672722,
                "avg_output_tokens_per_second": 10.165491376734478,
            },
        }
    )
    statistic = reader.build_answer(
        seconds=9, first_seconds=1, partial=False, service="s"
    ).statistic
    assert (
        statistic.total_latency,
        statistic.avg_output_tokens_per_second,
        statistic.measured,
    ) == (2.557672722, 10.165491376734478, False)


TOOL_DELTAS = {
    "with an index, in pieces": [
        [{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x"'}}],
        [{"index": 0, "function": {"arguments": ": 1}"}}],
        [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}],
    ],
    "whole, without an index": [
        [
            {"id": "a", "function": {"name": "f", "arguments": '{"x": 1}'}},
            {"id": "b", "function": {"name": "g", "arguments": "{}"}},
        ]
    ],
    "without any id": [
        [{"function": {"name": "f", "arguments": {"x": 1}}}],
        [{"function": {"name": "g", "arguments": "{}"}}],
    ],
    "pieces by id": [
        [{"id": "a", "function": {"name": "f", "arguments": '{"x"'}}],
        [{"id": "a", "function": {"arguments": ": 1}"}}],
        [{"id": "b", "function": {"name": "g", "arguments": "{}"}}],
    ],
}


@pytest.mark.parametrize("name", TOOL_DELTAS)
def test_tool_calls_come_together_however_they_are_cut(name):
    from ernie_magic.api.requests import chat_request
    from ernie_magic.wire.openai_style import Reader

    reader = Reader(chat_request([{"role": "user", "content": "hi"}], model="m", given={}))
    for calls in TOOL_DELTAS[name]:
        reader.feed({"choices": [{"index": 0, "delta": {"content": "", "tool_calls": calls}}]})
    found = [
        (call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in reader.tool_calls
    ]
    assert found == [("f", {"x": 1}), ("g", {})]
    assert "index" not in reader.tool_calls[0]


@pytest.mark.parametrize(
    "found",
    [None, 5, [], {"prompt_tokens": True, "total_tokens": "x"}, {"prompt_tokens_details": 3}],
)
def test_usage_that_is_nonsense_is_nothing(found):
    assert protocol.usage_of(found).total_tokens == 0


# --- what is checked before sending ---------------------------------------------------------------


def test_a_history_that_would_not_fit_loses_its_oldest_whole_turns_and_says_so(session, emulator):
    for i in range(4):
        session.chat(f"[[echo]]{i}{'长' * 2000}")
    answer = session.chat("[[echo]]" + "长" * 1000)
    sent = emulator.requests[-1].body["messages"]
    assert answer.request.trimmed == 3
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert sent[0]["content"].startswith("[[echo]]3")
    assert len(session.history) == 5  # forgotten for this call only
    from ernie_magic.notebook.display.chat import summary_line

    assert "the oldest turns were left out to fit: 3" in summary_line(answer, "en")
    assert "已略去最早的 3 轮" in summary_line(answer, "zh")


def test_a_prompt_that_is_too_long_by_itself_is_told_before_sending(session, emulator):
    with pytest.raises(
        errors.InvalidMessages, match=r"20001 characters; ernie-3\.5-8k takes at most 20000"
    ):
        session.chat("长" * 20_001)
    assert not emulator.requests
    with pytest.raises(errors.InputTooLong):  # tokens can only be estimated: the service decides
        session.chat("长" * 6_000)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("response_format", "json_schema", "requires the json_schema object"),
        ("response_format", "xml", "is not one of: text | json_object | json_schema"),
        ("tool_choice", "maybe", "is not one of: none | auto | required"),
        ("web_search", 5, "is not a JSON object"),
        ("parallel_tool_calls", "yes", "is not a switch"),
        ("metadata", {"a": "b" * 3, "c": 1}, "at most 16 pairs of texts"),
        ("enable_thinking", 1, "is not a switch"),
    ],
)
def test_new_fields_are_checked_too(session, emulator, name, value, told):
    with pytest.raises(errors.InvalidOption) as caught:
        session.chat("hi", **{name: value})
    assert told in caught.value.line("en")
    assert not emulator.requests


def test_a_schema_is_kept_to(session, emulator):
    schema = {
        "type": "json_schema",
        "json_schema": {
            "name": "city",
            "schema": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "score": {"type": "integer"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    }
    found = json.loads(session.chat("北京 5 分", response_format=schema).text)
    assert (found["name"], found["score"], type(found["tags"])) == ("北京", 5, list)
    assert emulator.requests[-1].body["response_format"] == schema
