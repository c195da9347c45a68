"""What is read of the events of an application of Qianfan."""

import pytest

from ernie_magic.api.requests import chat_request
from ernie_magic.wire.app_reader import AppReader


def step(answer="", *events, last=False):
    return {"request_id": "r", "answer": answer, "is_completion": last, "content": list(events)}


def event(content_type="text", kind="chatflow", status="done", **outputs):
    return {
        "event_code": 0,
        "event_type": kind,
        "event_status": status,
        "content_type": content_type,
        "outputs": outputs,
    }


def message(words, id_="m1", **fields):
    return {**event("publish_message", message=words, message_id=id_), **fields}


def read(*steps, whole=False):
    """Return what a reader shows piece by piece, and its answer."""
    reader = AppReader(chat_request([{"role": "user", "content": "hi"}], model="app", given={}))
    feed = reader.feed_whole if whole else reader.feed
    deltas = [*map(feed, steps), reader.flush_remaining()]
    answer = reader.build_answer(partial=False, service="s", seconds=1.0, first_seconds=None)
    assert "".join(delta.text for delta in deltas if delta) == answer.text
    assert "".join(delta.reasoning for delta in deltas if delta) == answer.reasoning
    return reader, answer


WELCOME = "欢迎！请告诉我您的订单号。"


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([step("", message(WELCOME)), step(last=True)], WELCOME),
        ([step("", message("一")), step("二"), step("三", last=True)], "一\n\n二三"),
        ([step("一"), step("二", message("三")), step(last=True)], "一二\n\n三"),
        ([step("", message("a", "1"), message("b", "2")), step(last=True)], "a\n\nb"),
        ([step("", message("a\n", "1")), step("b", last=True)], "a\n\nb"),
        # The event of a message comes again: whole, or with more of it.
        ([step("", message("ab")), step("", message("ab")), step(last=True)], "ab"),
        ([step("", message("ab")), step("", message("abcd")), step(last=True)], "abcd"),
        ([step("", message("ab")), step("", message("cd")), step(last=True)], "abcd"),
        # Without an id it is known by its event; without either each is another.
        ([step("", message("a", "", event_id="1"), message("a", "", event_id="2"))], "a\n\na"),
        ([step("", message("a", None), message("a", None)), step(last=True)], "a\n\na"),
        ([step(WELCOME, message(WELCOME)), step(last=True)], WELCOME),
        ([step("", message(None), message({"a": 1}), message("")), step("a", last=True)], "a"),
    ],
)
def test_the_words_of_a_flow_s_messages_are_words_of_the_answer(steps, text):
    assert read(*steps)[1].text == text


def test_in_an_answer_of_one_piece_the_messages_of_a_flow_come_first():
    assert read(step("end", message("begin"), last=True), whole=True)[1].text == "begin\n\nend"


@pytest.mark.parametrize("whole", [False, True])
def test_the_thoughts_of_an_application_are_the_answer_s_reasoning(whole):
    thoughts = [
        event(kind="thought", status="running", text="let me "),
        event(kind="thought", status="running", text="think"),
        event(kind="chat_reasoning", status="running", text="chain"),
        event(kind="chat_reasoning", text=None),
    ]
    steps = [step("", thought) for thought in thoughts] + [step("ok", last=True)]
    if whole:
        steps = [step("ok", *thoughts, last=True)]
    _, answer = read(*steps, whole=whole)
    assert (answer.text, answer.reasoning) == ("ok", "let me think\n\nchain")
