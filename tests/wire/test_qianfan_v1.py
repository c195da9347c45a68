"""The session on Qianfan V1: every kind of key, its own messages, numbers and paths."""

import asyncio

import pytest

from ernie_magic import errors
from ernie_magic.api.models import Listed
from ernie_magic.api.requests import ChatOptions
from ernie_magic.config.services import QIANFAN_V1
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.session import Session
from ernie_magic.wire import auth
from tests.raw_server import http

TOKEN = "24.0123456789abcdef0123456789abcdef.2592000.1999999999.282335-1"
JSON = "application/json"
PREFIX = "/rpc/2.0/ai_custom/v1/wenxinworkshop"
KEYS = {
    "OAuth": {"QIANFAN_AK": "an-application-s-key", "QIANFAN_SK": "its-secret-its-secret"},
    "signature": {"QIANFAN_ACCESS_KEY": ACCESS_KEY, "QIANFAN_SECRET_KEY": SECRET_KEY},
    "access token": {"QIANFAN_ACCESS_TOKEN": TOKEN},
}


@pytest.fixture(params=KEYS)
def keys(request, monkeypatch, emulator):
    monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    for name, value in KEYS[request.param].items():
        monkeypatch.setenv(name, value)
    emulator.requests.clear()
    return request.param


@pytest.fixture
def session():
    with Session(
        ErnieSettings(service="qianfan-v1", model="ernie-speed-8k", backoff_factor=0.0)
    ) as session:
        yield session


@pytest.fixture
def v1(session, monkeypatch, emulator):
    """A session with the application's pair."""
    monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
    for name, value in KEYS["OAuth"].items():
        monkeypatch.setenv(name, value)
    emulator.requests.clear()
    return session


def test_a_chat_streamed_by_every_kind_of_key(session, emulator, keys):
    answer = session.chat(
        "[[echo]]你好", system="你是助手", max_completion_tokens=100, user="u1", metadata={"a": "b"}
    )
    assert (answer.text, answer.service, answer.partial) == ("你好", "qianfan-v1", False)
    assert answer.usage.completion_tokens == 2
    request = emulator.requests[-1]
    assert request.path == f"{PREFIX}/chat/ernie_speed"
    assert request.body == {
        "messages": [{"role": "user", "content": "[[echo]]你好"}],
        "system": "你是助手",
        "stream": True,
        "max_output_tokens": 100,
        "user_id": "u1",
        "metadata": {"a": "b"},
    }
    assert session.chat("[[echo]]again", stream=False).text == "again"
    assert len(emulator.requests[-1].body["messages"]) == 3


def test_v1_s_own_names_and_fields(v1, emulator):
    v1.chat(
        "hi",
        max_output_tokens=5,
        min_output_tokens=2,
        user_id="me",
        response_format="json_object",
        penalty_score=1.5,
    )
    body = emulator.requests[-1].body
    assert (
        body["max_output_tokens"],
        body["min_output_tokens"],
        body["user_id"],
        body["response_format"],
    ) == (5, 2, "me", "json_object")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"seed": 3}, "seed is not for Qianfan V1"),
        ({"stream_options": {"include_usage": True}}, "is not for Qianfan V1"),
        ({"top_k": 3}, "top_k is not for the model ernie-speed-8k"),
        ({"max_output_tokens": 1}, "out of range [2, 2048]"),
        ({"metadata": {"a": 1}}, "at most 16 pairs of texts"),
        ({"model": "ernie-5.1"}, "has no path for the model ernie-5.1"),
    ],
)
def test_what_v1_does_not_take_is_told_before_sending(v1, emulator, given, told):
    with pytest.raises(errors.InvalidOption) as caught:
        v1.chat("hi", **given)
    assert told in caught.value.line("en")
    assert not [request for request in emulator.requests if "chat" in request.path]


def test_what_is_v1_s_own_is_told_on_other_services(emulator, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    with (
        Session() as session,
        pytest.raises(errors.InvalidOption, match="it is a field of Qianfan V1"),
    ):
        session.chat("hi", min_output_tokens=5)


def test_a_service_that_a_user_deployed(v1, emulator):
    assert v1.chat("[[echo]]hi", endpoint="ngxxxol8_test1", top_k=4).text == "hi"
    assert (emulator.requests[-1].path, emulator.requests[-1].body["top_k"]) == (
        f"{PREFIX}/chat/ngxxxol8_test1",
        4,
    )
    with pytest.raises(
        errors.InvalidMessages, match="4801 characters; Dolly-12B takes at most 4800"
    ):
        v1.chat("x" * 4801, model="Dolly-12B", endpoint="ngxxxol8_test1", history=False)
    with pytest.raises(errors.InvalidOption, match="takes no system prompt"):
        v1.chat("hi", model="Dolly-12B", endpoint="ngxxxol8_test1", system="s", history=False)
    with pytest.raises(errors.ModelNotFound, match="no endpoint for this model"):
        v1.chat("hi", endpoint="nobody")


@pytest.mark.parametrize("keys", ["signature"], indirect=True)
@pytest.mark.usefixtures("keys")
def test_a_deployed_service_has_its_base_model_s_rules_once_the_list_tells_it(session, emulator):
    session.models()
    emulator.requests.clear()
    for ask in (
        lambda: session.chat("x" * 4801, endpoint="your_custom_endpoint"),
        lambda: session.complete("x" * 4801, endpoint="your_custom_endpoint"),
        lambda: session.chat(
            [{"role": "user", "content": "x" * 4801}], endpoint="your_custom_endpoint"
        ),
    ):
        with pytest.raises(
            errors.InvalidMessages, match="4801 characters; Dolly-12B takes at most 4800"
        ):
            ask()
    with pytest.raises(errors.InvalidOption, match="takes no system prompt"):
        session.chat("hi", endpoint="your_custom_endpoint", system="s")
    assert not emulator.requests
    answer = session.chat("[[echo]]hi", endpoint="your_custom_endpoint", top_k=4)
    assert answer.text == "hi"
    assert emulator.requests[-1].path == f"{PREFIX}/chat/your_custom_endpoint"
    table = session.map("{{text}}", ["[[echo]]a", "x" * 4801], endpoint="your_custom_endpoint")
    assert [row["answer"] for row in table.table] == ["a", None]


@pytest.mark.parametrize(
    ("listed", "limited"),
    [
        ({"name": "mine", "baseModel": "dolly-12b"}, True),
        ({"name": "Mine", "url": "https://e.com/chat/mine", "base_model": "Dolly-12B"}, True),
        ({"name": "mine", "url": "https://e.com/chat/mine/", "modelName": "Llama-2-7B-Chat"}, True),
        ({"name": "mine", "baseModel": "a-model-nobody-knows"}, False),
        ({"name": "mine", "baseModel": {"name": "Dolly-12B"}}, False),
        ({"name": "other", "baseModel": "Dolly-12B"}, False),
        ({"name": "mine"}, False),
    ],
)
def test_the_base_model_is_read_wherever_a_list_tells_it(v1, listed, limited):
    entry = Listed(str(listed["name"]), listed)
    v1.client.model_lists.remember_list([entry], v1.settings.build_endpoint())
    plan = v1.conversation.plan_prompt
    if limited:
        with pytest.raises(errors.InvalidMessages, match="at most 4800"):
            plan("x" * 4801, ChatOptions(endpoint="mine"))
    else:
        assert plan("x" * 4801, ChatOptions(endpoint="mine"))


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("ERNIE-Bot-4", "ernie-4.0-8k"),
        ("ERNIE 3.5", "ernie-3.5-8k"),
        ("ERNIE-SPEED-8K", "ernie-speed-8k"),
        ("ERNIE-Character-8K", "ernie-char-8k"),
        (None, "ernie-speed-8k"),
    ],
)
def test_tokens_are_counted_for_a_model_under_any_of_its_names(v1, emulator, model, asked):
    counted = v1.count_tokens("你好 hello", model=model)
    assert (counted.tokens, counted.estimated, counted.model) == (3, False, asked)
    assert emulator.requests[-1].body["model"] == asked


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("你好", "ernie-4.5-turbo-128k"),
        ("你好", "Dolly-12B"),
        ("你好", "deepseek-v4-pro"),
        ("字" * 512_001, "ernie-3.5-8k"),
        ("", "ernie-3.5-8k"),
    ],
    ids=["newer", "open", "unknown", "long", "empty"],
)
def test_what_the_tokenizer_does_not_count_is_estimated(v1, emulator, text, model):
    counted = v1.count_tokens(text, model=model)
    assert (counted.tokens, counted.estimated) == (len(text), True)
    assert not [request for request in emulator.requests if "tokenizer" in request.path]


def test_a_deployed_service_on_v2_is_named_in_model(emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
    with Session(model="ernie-3.5-8k") as session, pytest.raises(errors.ModelNotFound):
        session.chat("hi", endpoint="ngxxxol8_test1")
    assert [r for r in emulator.requests if "chat" in r.path][-1].body["model"] == "ngxxxol8_test1"


@pytest.mark.parametrize("code", ["100", "110", "111", "13"])
@pytest.mark.parametrize(
    "how", [{}, {"bare_json_error": True}], ids=["body", "bare line in a stream"]
)
def test_a_token_that_ended_is_exchanged_once_and_the_call_repeated_once_even_when_it_is_new(
    v1, emulator, code, how
):
    emulator.faults.add(code=code, path="chat", **how)
    assert v1.chat("[[echo]]hi").text == "hi"
    emulator.faults.add(code=code, path="chat", times=2, **how)
    with pytest.raises(errors.AuthenticationFailed):
        v1.chat("[[echo]]hi")


def test_two_calls_that_find_the_token_expired_exchange_it_once(v1, emulator, monkeypatch):
    calls, exchange = [], auth._access_token
    monkeypatch.setattr(
        auth, "_access_token", lambda *given: calls.append(given) or exchange(*given)
    )
    v1.chat("[[echo]]hi")
    emulator.oauth.expire()

    async def both():
        return await asyncio.gather(*[v1.achat("[[echo]]hi", history=False) for _ in range(3)])

    assert [answer.text for answer in asyncio.run(both())] == ["hi"] * 3
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("503 Service Unavailable", b'{"error": "unavailable"}'),
        ("200 OK", b'{"error_code": 18, "error_msg": "Open api qps request limit reached"}'),
    ],
    ids=["503", "18"],
)
def test_a_refused_exchange_is_an_attempt_and_says_nothing_of_the_model_s_limit(
    v1, server, monkeypatch, status, body
):
    monkeypatch.setenv("QIANFAN_BASE_URL", server.url)
    server.replies["/oauth"] = http(b'{"access_token": "24.a", "expires_in": 9}', kind=JSON)
    server.replies["/rpc"] = http(b'{"id": "as-1", "result": "hi", "is_end": true}', kind=JSON)
    assert v1.chat("hi", stream=False).text == "hi"  # so the service may be busy with our calls
    server.requests.clear()
    server.replies["/oauth"] = http(body, status, JSON)
    with pytest.raises(errors.ServiceError):
        v1.chat("hi", stream=False, retry_count=2)
    assert len(server.requests) <= 4  # two for the call, two for the list of models
    assert not any(limit.is_known for limit in v1.limits())


@pytest.mark.parametrize(
    "code", ["2", "15", "18", "336100", "336501", "336502", "1", "4", "336000"]
)
def test_what_may_pass_is_tried_again(v1, emulator, code):
    emulator.faults.add(code=code, path="chat", times=2)
    assert v1.chat("[[echo]]hi").text == "hi"
    assert len([request for request in emulator.requests if "chat" in request.path]) == 3
    assert len(v1.history) == 1


@pytest.mark.parametrize(
    "code",
    [
        "3",
        "6",
        "17",
        "19",
        "336001",
        "336002",
        "336003",
        "336006",
        "336007",
        "336101",
        "336103",
        "336104",
        "336105",
    ],
)
def test_what_would_not_pass_is_sent_once(v1, emulator, code):
    emulator.faults.add(code=code, path="chat", times=9)
    with pytest.raises(errors.ServiceError) as caught:
        v1.chat("[[echo]]hi")
    assert caught.value.code == code
    assert len([request for request in emulator.requests if "chat" in request.path]) == 1


def test_an_error_in_mid_stream_keeps_what_came_and_is_not_repeated(v1, emulator):
    emulator.faults.add(code="110", error_after=2, path="chat")
    with pytest.raises(errors.AuthenticationFailed) as caught:
        v1.chat("[[echo]]one two three four")
    assert caught.value.answer.text == "one two"
    assert caught.value.answer.partial
    assert len([request for request in emulator.requests if "chat" in request.path]) == 1


def test_a_stream_without_its_end_is_incomplete(v1, emulator):
    emulator.faults.add(cut_after=2, path="chat")
    with pytest.raises(errors.IncompleteAnswer) as caught:
        v1.chat("[[echo]]one two three four")
    assert caught.value.answer.text == "one two"


def test_need_clear_history_clears_it_and_says_so(v1):
    v1.chat("[[echo]]before")
    answer = v1.chat("[[echo]][[clear]]hi")
    assert (answer.history_cleared, answer.ban_round, len(v1.history)) == (True, -1, 0)


def test_wrong_keys_are_told_with_what_to_do(v1, monkeypatch):
    monkeypatch.setenv("QIANFAN_SK", "bad-canary-canary-canary")
    with pytest.raises(
        errors.AuthenticationFailed, match="QIANFAN_ACCESS_KEY/QIANFAN_SECRET_KEY are IAM's"
    ) as caught:
        v1.chat("hi")
    assert "canary" not in str(caught.value) + caught.value.body


@pytest.mark.parametrize(
    "query",
    [
        "api_key=abcdefgh12345678",
        "app=mine&api_key=abcdefgh12345678",
        "sig=a%2Bb%2Fc%3Dd%20e%26f&app=%E4%BD%A0",
        "api_key=abcdefgh12345678&token=%E4%BD%A0%E5%A5%BD%E4%BD%A0%E5%A5%BD",
        "api-version=2024-02-01",
    ],
)
def test_the_keys_of_the_address_are_signed_too(session, emulator, monkeypatch, query):
    monkeypatch.setenv("QIANFAN_BASE_URL", f"{emulator.url}?{query}")
    for name, value in KEYS["signature"].items():
        monkeypatch.setenv(name, value)
    assert session.chat("[[echo]]hi").text == "hi"
    assert session.embed("x").model
    monkeypatch.setenv("QIANFAN_BASE_URL", f"{emulator.url}{PREFIX}?{query}")
    assert session.chat("[[echo]]hi").text == "hi"


def test_a_wrong_signature_is_told(session, emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("QIANFAN_SECRET_KEY", "not-the-secret-of-it")
    with pytest.raises(errors.AuthenticationFailed, match="this machine's clock"):
        session.chat("hi")


def test_the_other_calls(v1, emulator):
    assert v1.complete("[[echo]]select 1", model="SQLCoder-7B").text == "select 1"
    assert emulator.requests[-1].path == f"{PREFIX}/completions/sqlcoder_7b"
    # A chat model: sent as one question, as the official client does.
    assert v1.complete("[[echo]]hi").text == "hi"
    assert emulator.requests[-1].path == f"{PREFIX}/chat/ernie_speed"
    vectors = v1.embed(["推荐一些美食", "给我讲个故事"])
    assert [len(vector) for vector in vectors.vectors] == [384, 384]
    assert len(v1.embed("x", model="tao-8k")) == 1
    pictures = v1.image("一只白猫，红帽子", size="768x768", n=2)
    assert [picture.content[:4] for picture in pictures.pictures] == [b"\x89PNG"] * 2
    assert v1.rerank("猫", ["狗喜欢骨头", "猫喜欢鱼"], top_n=1)[0].document == "猫喜欢鱼"
    counted = v1.count_tokens("你好 hello")
    assert (counted.tokens, counted.estimated) == (3, False)
    # Counting tokens is free.
    assert v1.usage.total.requests == 6
    assert len(v1.history) == 0


def test_the_list_of_services_is_asked_for_with_a_signature_only(session, emulator, keys):
    ids = [entry.id for entry in session.models()]
    assert "ernie-speed-8k" in ids
    asked = [
        request for request in emulator.requests if request.path == "/wenxinworkshop/service/list"
    ]
    assert len(asked) == (keys == "signature")
    session.settings.model = ""
    assert session.chat("[[echo]]hi").model == "ernie-3.5-8k"
    assert emulator.requests[-1].path == f"{PREFIX}/chat/completions"


@pytest.fixture
def own_host(monkeypatch, server):
    """A server in the place of Qianfan V1's own host."""
    monkeypatch.setenv("QIANFAN_ACCESS_TOKEN", TOKEN)
    before = QIANFAN_V1.base_url
    object.__setattr__(QIANFAN_V1, "base_url", f"{server.url}{PREFIX}")
    yield server
    object.__setattr__(QIANFAN_V1, "base_url", before)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("404 Not Found", '{"error_code": 3, "error_msg": "Unsupported openapi method"}'),
        ("200 OK", '{"error_code": 336005, "error_msg": "该接口已下线，请使用V2接口"}'),
        ("200 OK", '{"error_code": 6, "error_msg": "No permission to access data"}'),
        ("404 Not Found", "<html>404 Not Found</html>"),
        ("410 Gone", ""),
    ],
)
def test_a_refusal_of_v1_s_own_host_says_that_it_was_announced_off(own_host, status, body):
    own_host.replies = {"/": http(body, status, JSON)}
    with (
        Session(service="qianfan-v1", model="ernie-speed-8k", retry_count=1) as session,
        pytest.raises(errors.ServiceError) as caught,
    ):
        session.chat("hi")
    assert "off since 2026-08-31: use Qianfan V2 (%ernie use qianfan" in caught.value.line("en")
    assert "停用：改用千帆 V2" in caught.value.line("zh")


def test_other_errors_and_other_hosts_say_nothing_of_v1_s_end(own_host, monkeypatch):
    full = http('{"error_code": 336103, "error_msg": "Prompt tokens too long"}', kind=JSON)
    gone = http('{"error_code": 3, "error_msg": "Unsupported openapi method"}', kind=JSON)
    with Session(service="qianfan-v1", model="ernie-speed-8k", retry_count=1) as session:
        own_host.replies = {"/": full}
        with pytest.raises(errors.InputTooLong) as caught:
            session.chat("hi")
        assert "2026" not in caught.value.line("en")
        own_host.replies = {"/": gone}
        monkeypatch.setenv("QIANFAN_BASE_URL", f"{own_host.url}/gateway")
        with pytest.raises(errors.ModelNotFound) as caught:
            session.chat("hi")
        assert "2026" not in caught.value.line("en")


def test_the_pair_may_be_given_in_python(emulator):
    with Session(
        service="qianfan-v1",
        base_url=f"{emulator.url}{PREFIX}",
        api_key="PfHVN4v3GjjE3vV24FzZdGhB",
        secret_key="its-secret",
        model="ernie-lite-8k",
    ) as session:
        assert session.chat("[[echo]]hi").text == "hi"
    assert emulator.requests[-1].path == f"{PREFIX}/chat/ernie-lite-8k"


@pytest.mark.parametrize("flag", [1, 2, 3, 4, 7])
def test_what_v1_withdraws_stays_withdrawn_too(v1, flag):
    if flag >= 3:
        with pytest.raises(errors.AnswerWithdrawn):
            v1.chat(f"[[echo]][[flag={flag}]]secret")
        assert (len(v1.history), v1.last) == (0, None)
    else:
        assert v1.chat(f"[[echo]][[flag={flag}]]secret").flag == flag
    assert v1.conversation.locked == (flag >= 2)


def test_search_results_and_truncation_are_read_from_v1_too(v1):
    answer = v1.chat(
        "[[chunks=20]]", stream=False, max_output_tokens=3, extra={"enable_trace": True}
    )
    assert answer.is_truncated
    assert answer.search[0]["title"].startswith("模拟")


@pytest.mark.parametrize("ids", ["ab", ("same", "same"), (None, None)], ids=str)
def test_parallel_calls_made_on_v2_go_to_v1_in_pairs(ids):
    from ernie_magic.api.requests import ChatRequest
    from ernie_magic.wire import qianfan_v1

    calls = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": "{}"}}
        for id_, name in zip(ids, ("fa", "fb"), strict=True)
    ]
    results = [
        {"role": "tool", "tool_call_id": id_, "name": name, "content": "1"}
        for id_, name in zip(ids, ("fa", "fb"), strict=True)
    ]
    messages = (
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "", "tool_calls": calls},
        *results,
        {"role": "assistant", "content": "done"},
        {"role": "user", "content": "next"},
    )
    sent = qianfan_v1.chat(ChatRequest(model="ernie-3.5-8k", messages=messages)).body["messages"]
    assert [
        m.get("name") or (m.get("function_call") or {}).get("name") or m["role"] for m in sent
    ] == ["user", "fa", "fa", "fb", "fb", "assistant", "user"]
    assert len(sent) % 2 == 1


@pytest.mark.parametrize(
    "given",
    [
        {"response_format": {"type": "json_schema", "json_schema": {}}},
        {"tool_choice": "required"},
        {"tools": [{"type": "web_search"}]},
    ],
    ids=str,
)
def test_what_v1_has_in_one_form_only_is_told(given):
    session = Session(
        service="qianfan-v1",
        api_key="24.0123456789abcdef0123456789abcdef.2592000.1999999999.282335-1",
        model="ernie-3.5-8k",
    )
    with pytest.raises(errors.InvalidOption, match="Qianfan V1 does not take this value"):
        session.chat("hi", **given)


def test_a_model_has_what_only_v1_documents_for_it(v1, emulator):
    v1.settings.model = "ernie-novel-8k"
    v1.settings.presence_penalty = 0.5
    v1.chat("hi", frequency_penalty=-1)
    body = emulator.requests[-1].body
    assert (body["frequency_penalty"], body["presence_penalty"]) == (-1, 0.5)
    for model in ("ernie-novel-8k", "ernie-3.5-8k"):
        with (
            Session(service="qianfan", api_key="bce-v3/ALTAK-novel/0123", model=model) as v2,
            pytest.raises(errors.InvalidOption) as caught,
        ):
            v2.chat("hi", frequency_penalty=-1)
        assert "ernie-novel-8k" not in str(caught.value).partition("one of")[2]
    with pytest.raises(errors.InvalidOption, match=r"one of: .*ernie-novel-8k"):
        v1.chat("hi", model="ernie-3.5-8k", frequency_penalty=-1)


def test_a_deployed_service_that_is_set_answers_unless_a_model_is_named(v1, emulator):
    v1.settings.endpoint = v1.settings.image_endpoint = "ngxxxol8_test1"

    def last_path():
        return emulator.requests[-1].path.removeprefix(PREFIX)

    assert v1.chat("[[echo]]hi").text == "hi"
    assert last_path() == "/chat/ngxxxol8_test1"
    v1.conversation.regenerate()
    assert last_path() == "/chat/ngxxxol8_test1"
    v1.complete("hi")
    assert last_path() == "/chat/ngxxxol8_test1"
    v1.map("{{text}}", ["hi"])
    assert last_path() == "/chat/ngxxxol8_test1"
    v1.chat("hi", model="ernie-speed-8k")
    assert last_path() == "/chat/ernie_speed"
    v1.map("{{text}}", ["hi"], model="ernie-speed-8k")
    assert last_path() == "/chat/ernie_speed"
    v1.embed("hi", cache=False)
    assert last_path() == "/embeddings/embedding-v1"
    with pytest.raises(errors.ErnieError):
        v1.image("a cat")
    drawn = [r.path for r in emulator.requests if "text2image" in r.path]
    assert drawn == [f"{PREFIX}/text2image/ngxxxol8_test1"]


@pytest.mark.parametrize(
    ("setting", "ask"),
    [
        ("endpoint", lambda ernie: ernie.chat("hi")),
        ("endpoint", lambda ernie: ernie.complete("hi")),
        ("endpoint", lambda ernie: ernie.map("{{text}}", ["hi"])),
        ("image_endpoint", lambda ernie: ernie.image("a cat")),
        ("embedding_endpoint", lambda ernie: ernie.embed("hi", cache=False)),
    ],
    ids=["chat", "complete", "map", "image", "embed"],
)
def test_a_deployed_service_that_is_set_is_told_where_there_are_none(setting, ask, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-calls")
    with (
        Session(service="aistudio", **{setting: "mine"}) as session,
        pytest.raises(errors.InvalidOption, match=f"unset it: %ernie config {setting} default"),
    ):
        ask(session)


@pytest.mark.parametrize("stream", [True, False])
def test_a_picture_is_asked_about_by_image_to_text(v1, emulator, stream):
    picture = v1.image("一只白猫", size="768x768")[0]
    answer = v1.chat("图里有什么？", model="Fuyu-8B", images=[picture], stream=stream)
    assert "PNG 768x768" in answer.text
    request = emulator.requests[-1]
    assert request.path == f"{PREFIX}/image2text/fuyu_8b"
    assert set(request.body) == {"prompt", "image", "stream"}
    assert (request.body["prompt"], request.body["stream"]) == ("图里有什么？", stream)
    # A second question is about the same picture.
    again = v1.chat("它多大？", model="Fuyu-8B", stream=stream)
    assert "PNG 768x768" in again.text
    assert emulator.requests[-1].body["image"] == request.body["image"]


def test_a_deployed_service_takes_a_picture_too(v1, emulator):
    picture = v1.image("一只白猫", size="768x768")[0]
    assert v1.chat("看", endpoint="ngxxxol8_eyes", images=[picture]).text
    assert emulator.requests[-1].path == f"{PREFIX}/image2text/ngxxxol8_eyes"


def test_what_image_to_text_cannot_take_is_told_and_not_sent(v1, emulator):
    with pytest.raises(errors.InvalidOption, match="takes the picture itself"):
        v1.chat("hi", model="Fuyu-8B")
    link = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    messages = [{"role": "user", "content": [{"type": "text", "text": "hi"}, *link]}]
    with pytest.raises(errors.InvalidOption, match="takes the picture itself"):
        v1.chat(messages, model="Fuyu-8B")
    with pytest.raises(errors.InvalidOption, match="does not take pictures"):
        v1.chat(messages, model="ernie-speed-8k")
    assert not emulator.requests
