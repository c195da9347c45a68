"""Plugins of Qianfan V1, on the emulator and on servers that answer otherwise."""

import json

import pytest

from ernie_magic import errors
from ernie_magic.api.plugins import check_plugins
from ernie_magic.session import Session
from tests.raw_server import Server, events, http

QUESTION = "咖啡豆拆封后能退吗？"


@pytest.fixture
def v1(emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_ACCESS_TOKEN", "24.0123456789abcdef.1.1.1")
    emulator.requests.clear()
    with Session(service="qianfan-v1", retry_count=1, request_timeout=5) as session:
        yield session


@pytest.mark.parametrize("stream", [True, False])
def test_an_application_s_knowledge_base_answers_with_its_sources(v1, emulator, stream):
    answer = v1.chat(QUESTION, plugins="knowledge", endpoint="my_app", stream=stream)
    assert "不能退货 [1]" in answer.text
    assert (answer.partial, answer.finish_reason) == (False, "normal")
    assert (answer.search[0]["index"], answer.search[0]["title"]) == (1, "退货与退款.md")
    assert answer.usage.total_tokens > 0
    request = emulator.requests[-1]
    assert request.path.endswith("/plugin/my_app/")
    assert request.body == {
        "query": QUESTION,
        "plugins": ["uuid-zhishiku"],
        "verbose": True,
        "stream": stream,
    }
    assert [turn.prompt for turn in v1.history] == [QUESTION]


def test_a_question_that_is_sent_again_goes_to_the_same_plugin(v1, emulator):
    v1.chat(QUESTION, plugins="knowledge", endpoint="my_app")
    v1.conversation.regenerate()
    first, again = (request.body for request in list(emulator.requests)[-2:])
    assert first == again


def test_the_history_and_the_model_s_parameters_are_sent_as_plugins_take_them(v1, emulator):
    v1.chat("杭州天气怎么样？", plugins="weather", endpoint="my_app")
    answer = v1.chat("北京呢？", plugins=["auto"], endpoint="my_app", temperature=0.3)
    body = emulator.requests[-1].body
    assert [message["role"] for message in body["history"]] == ["user", "assistant"]
    assert body["llm"] == {"temperature": 0.3}
    assert "plugins" not in body
    assert answer.text


def test_a_picture_s_address_is_sent(v1, emulator):
    address = "https://b.bj.bcebos.com/cat.png"
    answer = v1.chat("画的是什么？", plugins="image", endpoint="my_app", images=address)
    assert emulator.requests[-1].body["fileurl"] == address
    assert "cat.png" in answer.text


@pytest.mark.parametrize("path", ["eChart", "ImageAI"])
def test_ernie_bot_s_plugins_need_no_application(v1, emulator, path):
    answer = v1.chat("[[echo]]你好", plugins=path)
    assert (answer.text, answer.partial) == ("你好", False)
    request = emulator.requests[-1]
    assert request.path.endswith("/erniebot/plugin")
    assert request.body["plugins"] == [path]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"plugins": "knowledge"}, "--endpoint"),
        ({"plugins": "knowlege", "endpoint": "a"}, "did you mean knowledge"),
        ({"plugins": 3}, "no plugin 3"),
        ({"plugins": ["auto", "image"]}, "auto alone"),
        ({"plugins": "image", "endpoint": "a"}, "one picture on BOS"),
        ({"plugins": "image", "endpoint": "a", "images": "https://x.org/a.png"}, "on BOS"),
        ({"plugins": "weather", "endpoint": "a", "max_tokens": 3}, "do not take max_tokens"),
        ({"plugins": "weather", "endpoint": "a", "system": "x"}, "do not take system"),
        ({"plugins": "weather", "endpoint": "a", "knowledge": "demo"}, "do not take knowledge"),
    ],
)
def test_what_plugins_do_not_take_is_told_before_anything_is_sent(v1, emulator, options, told):
    with pytest.raises(errors.UsageError, match=told):
        v1.chat("hi", **options)
    assert not emulator.requests


def test_a_question_that_is_too_long_is_told(v1):
    with pytest.raises(errors.InvalidMessages, match="1,001"):
        v1.chat("a" * 1001, plugins="weather", endpoint="a")


@pytest.mark.parametrize(
    ("plugin", "successor"),
    [("knowledge", "--knowledge NAME"), ("image", "--image"), ("weather", "--tools")],
)
def test_elsewhere_the_error_says_what_has_replaced_them(session, plugin, successor):
    with pytest.raises(errors.InvalidOption, match=f"only Qianfan V1.*{successor}"):
        session.chat("hi", plugins=plugin)


def test_names_of_plugins():
    assert check_plugins(None) == ()
    assert check_plugins(["weather", "uuid-mine", "weather"]) == (
        "uuid-weatherforecast",
        "uuid-mine",
    )


META = {"plugin_id": "uuid-zhishiku", "response": {"retCode": 1, "message": "failed", "result": 3}}
END = {"result": "k", "is_end": True, "usage": {"total_tokens": 3}}
REPLIES = [
    # A code of the plugin's own is no failure of the answer, wherever it stands.
    ([META, {"result": "o", "is_end": False}, END], None, "ok"),
    ([{"meta_info": META}, {"result": "o", "is_end": False}, END], None, "ok"),
    ([{"result": "o", "is_end": False, "plugin_info": [{"plugin_resp": "{}"}]}, END], None, "ok"),
    # The end of a plugin's events is not that of the answer.
    (
        [{**META, "is_end": True}, {"result": "half", "is_end": False}],
        errors.IncompleteAnswer,
        "half",
    ),
    ([META], errors.IncompleteAnswer, None),
    ([META, {"error_code": 4224003, "error_msg": "no permission"}], errors.PermissionDenied, None),
]


@pytest.mark.parametrize(("chunks", "error", "text"), REPLIES)
def test_what_plugins_may_answer(chunks, error, text, monkeypatch):
    monkeypatch.setenv("QIANFAN_ACCESS_TOKEN", "24.0123456789abcdef.1.1.1")
    with Server() as server:
        monkeypatch.setenv("QIANFAN_BASE_URL", server.url)
        prefix = "/rpc/2.0/ai_custom/v1/wenxinworkshop"
        server.replies = {f"{prefix}/plugin/a/": http(events(*chunks, done=False))}
        with Session(service="qianfan-v1", retry_count=1) as session:
            options = {"plugins": "knowledge", "endpoint": "a"}
            if error is None:
                answer = session.chat("hi", **options)
            else:
                with pytest.raises(error) as caught:
                    session.chat("hi", **options)
                answer = caught.value.answer
    assert (answer and answer.text) == text
    assert json.dumps(answer.raw if answer else {})
