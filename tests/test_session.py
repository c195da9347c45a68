"""The session's other calls on AI Studio and Qianfan V2; what results carry; early checks."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ernie_magic import errors
from ernie_magic.api.public_names import CallGroup
from ernie_magic.session import Session
from ernie_magic.text.tokens import estimate_tokens


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


def test_pictures_as_links_and_as_bytes(session, emulator):
    links = session.image("一只白猫，红帽子", n=2, response_format="url")
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


_CALLS_BY_ENDPOINT = [
    lambda ernie, name: ernie.chat("hi", endpoint=name),
    lambda ernie, name: ernie.complete("hi", endpoint=name),
    lambda ernie, name: ernie.map("{{text}}", ["hi"], endpoint=name),
    lambda ernie, name: ernie.image("a cat", endpoint=name),
    lambda ernie, name: ernie.embed("hi", cache=False, endpoint=name),
    lambda ernie, name: ernie.rerank("hi", ["a", "b"], endpoint=name),
]
_CALL_NAMES = ["chat", "complete", "map", "image", "embed", "rerank"]


@pytest.mark.parametrize("ask", _CALLS_BY_ENDPOINT, ids=_CALL_NAMES)
def test_every_call_refuses_a_deployed_service_where_there_are_none(ask, emulator):
    emulator.requests.clear()
    with (
        Session(service="aistudio", base_url=emulator.base_url, api_key="k-calls") as studio,
        pytest.raises(errors.InvalidOption, match="AI Studio has no services of your own"),
    ):
        ask(studio, "mine")
    assert not emulator.requests


@pytest.mark.parametrize("name", ["http://x/y", "a b", "x?y", 5, ["mine"]], ids=str)
@pytest.mark.parametrize("ask", _CALLS_BY_ENDPOINT, ids=_CALL_NAMES)
def test_every_call_names_a_deployed_service_by_its_name(ask, name, session, emulator):
    with pytest.raises(errors.InvalidOption, match=r"endpoint (is a service's name|cannot be)"):
        ask(session, name)
    assert not emulator.requests


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
    session.settings.request_timeout, session.settings.image_model = 0.2, "Stable-Diffusion-XL"
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
        "ModelList",
        "dict",
        "dict",
    ]


def test_a_call_of_any_kind_can_be_stopped(session, emulator):
    emulator.faults.add(delay=5, path="models")
    stream = session.begin_models()
    began = time.monotonic()
    stream.stop()
    assert time.monotonic() - began < 1
    with pytest.raises(errors.Stopped):
        stream.result()


# --- what results carry ---------------------------------------------------------------------------


def test_an_answer_has_all_the_documents_fields(session):
    answer = session.chat("[[echo]]hi there", web_search={"enable": True}, max_completion_tokens=2)
    (page,) = answer.search  # although each chunk repeats it
    assert page["url"] == "https://example.com/simulated"
    assert answer.usage.search_tokens == 120
    assert (answer.flag, answer.ban_round, answer.is_truncated) == (0, None, False)
    assert answer.statistic.measured
    assert answer.statistic.total_latency == answer.seconds > 0
    assert answer.statistic.avg_output_tokens_per_second > 0
    assert session.chat("[[chunks=20]]", max_completion_tokens=3).is_truncated
    assert session.chat("[[echo]][[flag=1]]hi", history=False).ban_round == -1


# --- what is checked before sending ---------------------------------------------------------------


def test_a_prompt_that_is_too_long_by_itself_is_told_before_sending(session, emulator):
    with pytest.raises(
        errors.InvalidMessages, match=r"20001 characters; ernie-3\.5-8k takes at most 20000"
    ):
        session.chat("长" * 20_001)
    assert not emulator.requests
    with pytest.raises(errors.InvalidMessages, match="about 6000 tokens"):
        session.chat("长" * 6_000)
    assert not emulator.requests
    # Where the estimate is too high, the service decides.
    messages = [{"role": "user", "content": "长" * 6_000}]
    with pytest.raises(errors.InputTooLong):
        session.wire.post("/chat/completions", {"model": "ernie-3.5-8k", "messages": messages})


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


def test_a_search_that_has_ended_gives_its_result_again_and_its_error(session):
    stream = session.begin_search("故事", ["讲一个故事", "今天天气好"], k=1)
    assert stream.result() is stream.result()
    stream = session.begin_search("故事", ["讲一个故事", ""])
    raised = []
    for _ in range(2):
        with pytest.raises(errors.InvalidMessages) as caught:
            stream.result()
        raised.append(caught.value)
    assert raised[0] is raised[1]


def test_to_show_a_session_makes_nothing():
    session = Session()
    assert "0 turns" in repr(session)
    assert session.conversations == {}
    assert "_client" not in vars(session)


def test_settings_are_one_object_for_the_life_of_a_session():
    with pytest.raises(AttributeError):
        Session().settings = None


@pytest.fixture(scope="module")
def announced():
    """An emulator as everybody starts it: its replies say what it is."""
    from ernie_magic.emulator import start

    with start(latency=0) as emulator:
        yield emulator


@pytest.mark.parametrize("service", ["aistudio", "qianfan", "qianfan-v1"])
def test_what_the_emulator_makes_in_the_place_of_a_service_says_so(service, announced, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", announced.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-announced")
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", announced.url)
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-announced/0123")
    monkeypatch.setenv("QIANFAN_BASE_URL", announced.url)
    monkeypatch.setenv("QIANFAN_AK", "an-application-s-key")
    monkeypatch.setenv("QIANFAN_SK", "its-secret-its-secret")
    with Session(service=service, model="ernie-speed-8k") as session:
        results = [
            session.chat("hi"),
            session.chat("hi", stream=False),
            session.complete("hi"),
            session.embed("an announced text"),
            session.embed("an announced text"),  # not from the cache, as another service's
            session.image("a cat", model="Stable-Diffusion-XL"),
            session.map("{{text}}", ["one"]),
            session.rerank("a", ["a", "b"], **RERANKERS.get(service, {})),
        ]
        for result in results[:-1]:
            assert "simulated=True" in repr(result)
        assert [result.is_simulated for result in results] == [True] * len(results)
        assert [result.asked for result in results[3:5]] == [1, 1]
        assert "simulated=True" in repr(results[5][0])
        assert {name for name, _ in session.usage.by_model} == {"emulator"}
        if service == "qianfan-v1":
            assert "simulated=True" in repr(session.count_tokens("hi"))


RERANKERS = {"qianfan-v1": {"model": "bce-reranker-base_v1"}}


@pytest.mark.parametrize(
    ("group", "calls"),
    [
        ("services", "list(), get(), models(), deploy(), watch() ·"),
        ("wire", "get(), post(), call(), iterate(), watch(), delete(), upload(), stream() ·"),
        ("batches", "create(), watch(), results(), list(), get(), cancel() ·"),
        ("batch_inference", "create(), watch(), list(), get(), stop() ·"),
        ("files", "upload(), list(), get(), content(), delete() ·"),
        ("apps", "list(), chat(), stream(), get() ·"),
        ("knowledge", "list(), search(), "),
        ("datasets", ", import_files(), "),
        ("tuning", "models(), plan(), create(), watch(), get(), list(), jobs(), "),
    ],
)
def test_a_group_of_calls_shows_which_there_are(group, calls):
    with Session(service="emulator") as session:
        shown = repr(getattr(session, group))
    assert shown.startswith(f"ernie.{group}: ")
    assert calls in shown
    assert shown.endswith(f" · ernie.{group}?")


GROUPS = {  # with what waits for nothing, and so has no form to await
    "templates": {"list", "get", "save", "delete", "render", "make", "base", "crispe", "few_shot"},
    "knowledge": set(),
    "apps": set(),
    "services": set(),
    "tuning": set(),
    "datasets": {"read"},
    "batches": set(),
    "batch_inference": set(),
    "files": set(),
    "wire": {"iterate"},
}


def test_groups_of_calls_follow_one_another_and_can_be_awaited():
    with Session(service="emulator") as session:
        public = [name for name in session.__dir__() if not name.startswith("_")]
        found = [name for name in public if isinstance(getattr(session, name), CallGroup)]
        assert found == list(GROUPS)
        for name, here in GROUPS.items():
            group = getattr(session, name)
            first = list(group._in_order_of_use)
            assert group.__dir__()[: len(first)] == first
            assert {call for call in first if not hasattr(group, f"a{call}")} == here


def test_threads_that_ask_first_at_the_same_time_share_a_conversation(monkeypatch):
    from ernie_magic.calls.chat import conversation

    meeting = threading.Barrier(2, timeout=5)
    made = conversation.Conversation.__init__

    def make(self, *args):
        meeting.wait()  # both are made before either is kept
        made(self, *args)

    monkeypatch.setattr(conversation.Conversation, "__init__", make)
    with Session(service="emulator") as session, ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: session.conversation, range(2))
        assert first is second is session.conversation


@pytest.mark.parametrize("call", ["chat", "map"])
def test_what_a_session_keeps_is_told_as_that_where_it_does_not_fit(call):
    with Session(service="emulator", language="en", max_completion_tokens=8000) as session:
        asks = {
            "chat": lambda **given: session.chat("hi", model="ernie-novel-8k", **given),
            "map": lambda **given: session.map("{{text}}", ["a"], model="ernie-novel-8k", **given),
        }
        with pytest.raises(errors.InvalidOption) as kept:
            asks[call]()
        assert "max_completion_tokens is set for the session" in str(kept.value)
        assert "%ernie config max_completion_tokens default unsets it" in str(kept.value)
        with pytest.raises(errors.InvalidOption) as given:
            asks[call](max_completion_tokens=9000)
        assert "is set for the session" not in str(given.value)
        asks[call](max_completion_tokens=100)


def test_a_call_s_limit_of_length_takes_the_place_of_a_session_s_by_another_name():
    with Session(service="emulator", language="en", max_completion_tokens=800) as session:
        sent = session.chat("hi", max_tokens=100).sent
    assert (sent.get("max_tokens"), sent.get("max_completion_tokens")) == (100, None)


@pytest.mark.parametrize(
    ("call", "advised"),
    [
        (lambda ernie: ernie("Hello"), "to ask something use ernie.chat('Hello')."),
        (lambda ernie: ernie(["a"], model="m"), 'to ask something use ernie.chat("…").'),
        (lambda ernie: ernie.search(["a"], "x"), "write ernie.search(query, vectors)."),
        (lambda ernie: ernie.search(("a", "b"), "x"), "write ernie.search(query, vectors)."),
    ],
)
def test_what_people_call_first_is_told_in_a_line_with_the_right_call(session, call, advised):
    with pytest.raises(errors.UsageError) as caught:
        call(session)
    assert str(caught.value).endswith(f" What to do: {advised}")


def test_vectors_before_the_query_are_told_and_cost_nothing(session, emulator):
    vectors = session.embed(["a", "b"])
    emulator.requests.clear()
    with pytest.raises(errors.UsageError, match="the query comes first"):
        session.search(vectors, "a")
    assert not emulator.requests
    assert session.search("a", vectors)[0].text == "a"
