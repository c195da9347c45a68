"""Applications: their answers, conversations, files and tools."""

import json

import pytest

from ernie_magic import errors
from ernie_magic.calls.chat.history import History
from ernie_magic.emulator.platform.apps import CHAT_APP, FLOW_APP, SHOP_APP, Apps
from ernie_magic.session import Session
from tests.raw_server import Server, events, http

QUESTION = "咖啡豆拆封后能退吗？"


@pytest.fixture
def session(emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
    emulator.requests.clear()
    with Session(service="qianfan", retry_count=1, request_timeout=5) as session:
        yield session


def bodies(emulator, end):
    return [request.body for request in emulator.requests if request.path.endswith(end)]


def test_an_application_s_turn_is_not_sent_to_a_model_again(session):
    session.apps.chat("demo-chat", "hi")
    with pytest.raises(errors.InvalidOption, match="answered by the application"):
        session.conversation.regenerate()


def test_an_answer_arrives_in_pieces_with_its_references(session):
    stream = session.apps.stream("demo", QUESTION)
    pieces = list(stream)
    answer = stream.result()
    assert len(pieces) > 3
    assert "".join(pieces) == answer.text
    assert "不能退货 [1]" in answer.text
    assert answer.search[0]["title"] == "退货与退款.md"
    assert (answer.partial, answer.finish_reason, answer.model) == (False, "stop", "demo")
    assert session.usage.total.usage.total_tokens == answer.usage.total_tokens > 0
    assert session.apps.chat(SHOP_APP, QUESTION, stream=False).text == answer.text


def test_the_application_remembers_until_the_conversation_is_reset(session, emulator):
    session.apps.chat("demo-chat", "北京天气怎么样？")
    assert "北京" in session.apps.chat("demo-chat", "刚才问了什么？").text
    assert len(bodies(emulator, "/app/conversation")) == 1
    session.apps.chat("demo-chat", "hi", history=False)
    session.apps.chat("demo-chat", "hi", conversation=session["other"])
    assert len(bodies(emulator, "/app/conversation")) == 3
    assert (len(session.history), len(session["other"].history)) == (2, 1)
    session.reset()
    assert "第一轮" in session.apps.chat("demo-chat", "刚才问了什么？").text


@pytest.mark.parametrize("by", ["the clock", "the service"])
def test_an_expired_conversation_is_begun_anew_and_the_user_is_told(session, emulator, by):
    session.apps.chat("demo-chat", "北京天气怎么样？")
    if by == "the service":
        emulator._state.platform.state_of(Apps).expire_all()
    else:
        known = session.conversation.app_conversations
        known.update({key: each._replace(began=0.0) for key, each in known.items()})
    answer = session.apps.chat("demo-chat", "刚才问了什么？")
    assert "第一轮" in answer.text
    assert answer.request.is_renewed
    assert not session.apps.chat("demo-chat", "hi").request.is_renewed


def load_again(session, tmp_path):
    return session.load_conversation(session.conversation.save(tmp_path))


@pytest.mark.parametrize(
    "make_other",
    [lambda session, _: session.conversation.fork(), load_again],
    ids=["fork", "load"],
)
def test_an_application_says_that_it_knows_no_turns_of_another_conversation(
    session, make_other, tmp_path
):
    first = session.apps.chat("demo-chat", "北京天气怎么样？")
    other = make_other(session, tmp_path)
    answers = [session.apps.chat("demo-chat", "hi", conversation=other) for _ in range(2)]
    assert [answer.request.starts_over for answer in (first, *answers)] == [False, True, False]
    session["new"].chat("hi", model="ernie-3.5-8k")  # no turn of the application's
    assert not session.apps.chat("demo-chat", "hi", conversation=session["new"]).request.starts_over


@pytest.mark.parametrize("take_away", [History.clear, History.pop], ids=["clear", "pop"])
def test_an_application_does_not_know_turns_that_were_taken_away(session, emulator, take_away):
    for _ in range(2):
        assert not session.apps.chat("demo-chat", "北京天气怎么样？").request.starts_over
    take_away(session.history)
    assert session.apps.chat("demo-chat", "刚才问了什么？").request.starts_over
    assert not session.apps.chat("demo-chat", "hi").request.starts_over
    session.history[0] = session.history[0].with_changes(answer="changed")
    assert not session.apps.chat("demo-chat", "hi").request.starts_over
    assert len(bodies(emulator, "/app/conversation")) == 2


def test_what_a_flow_asks_back_is_answered_by_the_next_prompt(session, emulator):
    first = session.apps.chat("demo-flow", "我要退货")
    assert first.text == "好的，帮您登记退货。\n\n请告诉我订单号。"
    session.apps.chat("demo-chat", "hi")  # another application answers no question of it
    second = session.apps.chat("demo-flow", "A-17", stream=False)
    assert second.text == "订单 A-17：退货的原因是什么？"
    pieces = list(session.apps.stream(FLOW_APP, "太酸"))
    last = session.history[-1].answer
    assert last.text == "".join(pieces) == "已登记订单 A-17 的退货，原因：太酸。退货标签见图。"
    assert "A-17" in last.reasoning
    assert [image.url.startswith(emulator.url) for image in last.images] == [True]
    assert all("picture" not in request.path for request in emulator.requests)  # none is fetched
    assert [a.request.asks_back for a in (first, second, last)] == [True, True, False]
    actions = [body.get("action") for body in bodies(emulator, "/runs")]
    assert [bool(action) for action in actions] == [False, False, True, True]
    ids = [action["parameters"]["interrupt_event"]["id"] for action in actions if action]
    assert len(set(ids)) == 2
    again = session.apps.chat("demo-flow", "return an order")
    assert again.text.endswith("What is the number of the order?")


@pytest.mark.parametrize(
    "by", ["another conversation", "a reset", "no history", "a turn taken away"]
)
def test_a_prompt_that_is_no_answer_begins_the_flow(session, emulator, by):
    session.apps.chat("demo-flow", "我要退货")
    options = {}
    if by == "another conversation":
        options = {"conversation": session["other"]}
    elif by == "a reset":
        session.reset()
    elif by == "no history":
        options = {"history": False}
    else:
        session.history.pop()
    answer = session.apps.chat("demo-flow", "退 A-17", **options)
    assert answer.text.endswith("请告诉我订单号。")
    assert (answer.request.asks_back, answer.request.keeps_turn) == (True, by != "no history")
    if by in ("another conversation", "no history"):
        assert "A-17" in session.apps.chat("demo-flow", "A-17").text
    assert "action" not in bodies(emulator, "/runs")[1]


def test_a_question_back_that_is_not_open_any_more_is_told_and_forgotten(session):
    session.apps.chat("demo-flow", "我要退货")
    known = session.conversation.app_conversations
    known.update({key: each._replace(question_id="gone") for key, each in known.items()})
    with pytest.raises(errors.ServiceError, match=r"从头再问|from the beginning"):
        session.apps.chat("demo-flow", "A-17")
    assert session.apps.chat("demo-flow", "退货").text.endswith("请告诉我订单号。")


def test_a_question_back_is_still_open_after_a_call_that_failed_before_its_reply(session, emulator):
    session.apps.chat("demo-flow", "我要退货")
    emulator.faults.add(status=500, path="/runs")
    with pytest.raises(errors.ServiceError):
        session.apps.chat("demo-flow", "A-17")
    assert "A-17" in session.apps.chat("demo-flow", "A-17").text


def test_tools_are_run_here_and_files_are_read_there(session, emulator, tmp_path):
    def get_weather(city: str) -> str:
        """查询天气"""
        return f"{city}: 20 度"

    answer = session.apps.chat("demo-chat", "北京天气怎么样？", tools=get_weather)
    assert [run.name for run in answer.tool_runs] == ["get_weather"]
    assert "20 度" in answer.text
    asked, told = bodies(emulator, "/runs")
    assert (asked["query"], told["query"]) == ("北京天气怎么样？", "")
    assert told["tool_outputs"][0]["output"] == "北京: 20 度"
    assert ("tools" in asked, "tools" in told) == (True, False)
    file = tmp_path / "rules.txt"
    file.write_text("图书馆周一闭馆。", "utf-8")
    answer = session.apps.chat("demo-chat", "图书馆哪天闭馆？", files=file, system="brief")
    assert "周一闭馆 [1]" in answer.text
    assert bodies(emulator, "/runs")[-1]["custom_metadata"] == {
        "override_role_instruction": "brief"
    }


def test_a_failed_step_is_an_error_with_what_was_said_before(session):
    with pytest.raises(errors.ServiceError, match="10005") as caught:
        session.apps.chat("demo-chat", "[[app_error]]")
    assert caught.value.answer.partial
    assert session.history[-1].answer is caught.value.answer


def test_a_cut_stream_is_partial(session, emulator):
    emulator.faults.add(cut_after=6, path="/runs")
    with pytest.raises(errors.IncompleteAnswer) as caught:
        session.apps.chat("demo", QUESTION)
    assert caught.value.answer.text
    assert caught.value.answer.partial
    assert session.history[-1].answer.partial


def step(answer="", *, last=False, **event):
    content = [{"event_code": 0, "event_status": "running", **event}] if event else []
    return {"request_id": "r1", "answer": answer, "is_completion": last, "content": content}


FAILED = {"event_code": 7, "event_message": "no quota", "event_status": "error"}
REPLIES = [
    # Without its end it is not whole, whatever it says.
    ([step("half")], errors.IncompleteAnswer, "half"),
    ([step("half"), step(**FAILED)], errors.ServiceError, "half"),
    ([step(**FAILED, last=True)], errors.ServiceError, None),
    ([step("half"), step(**FAILED), step(last=True)], errors.ServiceError, "half"),
    ([step("half"), step(**FAILED), step(), "[DONE]"], errors.ServiceError, "half"),
    # A step that failed, such as a tool, is no failure of an answer that goes on behind it.
    ([step(**FAILED), step("but "), step("fine", last=True)], None, "but fine"),
    ([step("half "), step(**FAILED), step("whole", last=True)], None, "half whole"),
    ([step(**FAILED), step("half")], errors.IncompleteAnswer, "half"),
    ([{"code": 401, "message": "bad token", "request_id": "r"}], errors.ErnieError, None),
    ([step("ok"), step(last=True)], None, "ok"),
    ([step("ok", last=True)], None, "ok"),
    ([step("o", content_type="text", outputs=None, usage=3), step("k", last=True)], None, "ok"),
    ([{**step("ok", last=True), "content": None}], None, "ok"),
    ([step(last=True)], errors.ProtocolError, None),
    ([step(content_type="text", outputs={"text": "here"}), step(last=True)], None, "here"),
    ([step(event_type="tts", outputs={"audio": "https://a.b/a.mp3"}, last=True)], None, ""),
    (
        [step(content_type="chatflow_interrupt", outputs={"interrupt_event_id": "i"}, last=True)],
        None,
        "",
    ),
    ([{**step("ok", last=True), "content": [1, {"tool_calls": "x"}]}], None, "ok"),
    # A tool that is not ours is left to the caller.
    (
        [step(last=True, tool_calls=[{"id": "1", "function": {"name": "f", "arguments": {}}}])],
        None,
        "",
    ),
]


@pytest.mark.parametrize(("chunks", "error", "text"), REPLIES)
def test_what_an_application_may_answer(chunks, error, text):
    conversation = json.dumps({"request_id": "r", "conversation_id": "c"})
    with Server() as server:
        server.replies = {
            "/v2/app/conversation": http(conversation, kind="application/json"),
            "/v2/app/conversation/runs": http(events(*chunks, done=False)),
        }
        with Session(
            service="qianfan", api_key="k", base_url=f"{server.url}/v2", retry_count=1
        ) as session:
            if error is None:
                answer = session.apps.chat(CHAT_APP, "hi")
            else:
                with pytest.raises(error) as caught:
                    session.apps.chat(CHAT_APP, "hi")
                answer = caught.value.answer
    assert (answer and answer.text) == text
    has_failed = answer is not None and any(FAILED["event_message"] in str(each) for each in chunks)
    assert answer is None or answer.request.failed_step == ("no quota" if has_failed else "")
    assert answer is None or answer.partial == (error is not None)


def test_an_application_that_always_asks_for_a_tool_is_asked_no_more():
    call = {"id": "1", "function": {"name": "look", "arguments": {}}}
    with Server() as server:
        server.replies = {
            "/v2/app/conversation": http('{"conversation_id": "c"}', kind="application/json"),
            "/v2/app/conversation/runs": http(events(step(last=True, tool_calls=[call]))),
        }
        with Session(service="qianfan", api_key="k", base_url=f"{server.url}/v2") as session:
            answer = session.apps.chat(CHAT_APP, "hi", tools=look)
    assert len(answer.tool_runs) == 20
    assert server.requests.count("/v2/app/conversation/runs") == 21


def test_what_an_application_says_thinks_and_makes_before_a_tool_is_kept():
    call = {"id": "1", "function": {"name": "look_once", "arguments": {}}}
    made = {"image": "https://a.b/a.png", "files": ["https://a.b/a.csv"]}
    made["references"] = [{"id": "1", "document_name": "a.pdf", "content": "A"}]
    thought = {"event_type": "thought", "outputs": {"text": "hm", **made}}

    def look_once():
        """Look."""
        ends = [step("two", **thought), step(last=True)]
        server.replies["/v2/app/conversation/runs"] = http(events(*ends, done=False))
        return "seen"

    with Server() as server:
        asks = [step("one", **thought), step(last=True, tool_calls=[call])]
        server.replies = {
            "/v2/app/conversation": http('{"conversation_id": "c"}', kind="application/json"),
            "/v2/app/conversation/runs": http(events(*asks, done=False)),
        }
        with Session(service="qianfan", api_key="k", base_url=f"{server.url}/v2") as session:
            answer = session.apps.chat(CHAT_APP, "hi", tools=look_once)
    assert (answer.text, answer.reasoning) == ("one\n\ntwo", "hm\n\nhm")
    assert [image.url for image in answer.images] == ["https://a.b/a.png"]
    assert answer.files == ("https://a.b/a.csv",)
    assert [source["title"] for source in answer.search] == ["a.pdf"]


@pytest.mark.parametrize("end", ["", "/file/upload"])
def test_what_was_not_created_is_not_used(end):
    with Server() as server:
        server.replies = {
            "/v2/app/conversation": http('{"conversation_id": "c"}', kind="application/json"),
            f"/v2/app/conversation{end}": http('{"request_id": "r"}', kind="application/json"),
        }
        with Session(
            service="qianfan", api_key="k", base_url=f"{server.url}/v2", retry_count=1
        ) as session:
            for _ in range(2):
                with pytest.raises(errors.ProtocolError, match="id"):
                    session.apps.chat(CHAT_APP, "hi", files=__file__)
    assert server.requests.count(f"/v2/app/conversation{end}") == 2


def look():
    """Look."""
    return "seen"


def test_usage_and_calls_of_all_steps_are_read():
    call = {"id": "1", "function": {"name": "f", "arguments": {"x": 1}}}
    usage = {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    chunks = [step("a", usage=usage), step(last=True, tool_calls=[call], usage=usage)]
    with Server() as server:
        server.replies = {
            "/v2/app/conversation": http('{"conversation_id": "c"}', kind="application/json"),
            "/v2/app/conversation/runs": http(events(*chunks, done=False)),
        }
        with Session(service="qianfan", api_key="k", base_url=f"{server.url}/v2") as session:
            answer = session.apps.chat(CHAT_APP, "hi")
    assert answer.usage.total_tokens == 10
    assert json.loads(answer.tool_calls[0]["function"]["arguments"]) == {"x": 1}


@pytest.mark.parametrize("app", ["", 3, None])
def test_what_is_no_application_is_refused_at_once(session, emulator, app):
    with pytest.raises(errors.InvalidOption, match="its name or its id"):
        session.apps.chat(app, "hi")
    assert not emulator.requests


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tools": "x"}, "not a list of tools"),
        ({"tools": [3]}, "tools"),
        ({"system": 3}, "system cannot be int"),
        ({"parameters": [1]}, "parameters is a dict"),
        ({"conversation": 5}, "5 is not a conversation"),
        ({"stream": "no"}, "stream cannot be str"),
        ({"history": 0}, "history cannot be int"),
        ({"files": 3}, "by their paths, not 3"),
        ({"files": "nowhere.txt"}, r"nowhere\.txt"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_sent(session, emulator, options, told):
    with pytest.raises(errors.InvalidOption, match=told):
        session.apps.chat(CHAT_APP, "hi", **options)
    assert not emulator.requests


def test_a_wrong_name_names_the_closest(session):
    with pytest.raises(errors.InvalidOption, match="did you mean demo"):
        session.apps.chat("demoo", "hi")
    assert session.apps.get("demo").id == SHOP_APP
    assert [app.name for app in session.apps.list()] == ["demo", "demo-chat", "demo-flow"]
