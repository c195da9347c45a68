"""What is read of the events of an application of Qianfan."""

import pytest

from ernie_magic.api.requests import chat_request
from ernie_magic.wire.app_reader import AppReader

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


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
        # A step that is done may tell all of it again.
        event(kind="chat_reasoning", text="chain"),
        event(kind="chat_reasoning", text=None),
        event(kind="chat_reasoning", status="running", text=" of "),
        event(kind="chat_reasoning", status="running", text="it"),
        event(kind="chat_reasoning", text=" of it"),
    ]
    steps = [step("", thought) for thought in thoughts] + [step("ok", last=True)]
    if whole:
        steps = [step("ok", *thoughts, last=True)]
    _, answer = read(*steps, whole=whole)
    assert (answer.text, answer.reasoning) == ("ok", "let me think\n\nchain of it")


PICTURE, TABLE, SOUND = (
    "https://a.b/cat.png?sign=1",
    "https://a.b/out.csv?sign=1",
    "https://a.b/a.mp3",
)


@pytest.mark.parametrize(
    ("outputs", "images", "files"),
    [
        ({"image": PICTURE}, [PICTURE], []),
        ({"image": "https://a.b/without-an-ending?sign=1"}, ["https://a.b/without-an-ending?sign=1"], []),
        ({"type": "image", "image": {"filename": "cat.png", "url": PICTURE}}, [PICTURE], []),
        ({"images": [PICTURE, {"url": "https://a.b/2.png"}]}, [PICTURE, "https://a.b/2.png"], []),
        ({"code": "print(1)", "text": "x", "files": [TABLE, PICTURE]}, [PICTURE], [TABLE]),
        ({"files": [{"filename": "out.csv", "url": TABLE}]}, [], [TABLE]),
        ({"files": TABLE, "audio": SOUND}, [], [TABLE, SOUND]),
        ({"video": {"url": "https://a.b/v.mp4"}, "urls": ["https://a.b/page"]}, [], ["https://a.b/v.mp4", "https://a.b/page"]),
        ({"image": "", "files": [], "audio": None, "video": ""}, [], []),
        ({"files": ["javascript:alert(1)", "file:///etc/passwd", 3, None, {"url": 4}]}, [], []),
        ({"files": ["https://a.b/" + "x" * 9000]}, [], []),
    ],
)  # fmt: skip
def test_pictures_and_files_of_an_application_are_in_its_answer(outputs, images, files):
    told = event("image", "ImageComponent", **outputs)
    for steps in ([step("ok", told, last=True)], [step("", told), step("ok", told, last=True)]):
        _, answer = read(*steps)
        assert [image.url for image in answer.images] == images
        assert list(answer.files) == files
        assert answer.text == "ok"


def test_a_picture_that_is_sent_itself_is_kept():
    _, answer = read(step("", event("image", image=f"data:image/png;base64,{PIXEL}"), last=True))
    assert answer.images[0].mime == "image/png"


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([event(text="only "), event(text="here")], "only here"),
        ([event(status="running", text="only"), event(text="only")], "only"),
        ([event(kind="A", text="one"), event(kind="B", text="two")], "one\n\ntwo"),
        ([message("first"), event(text="then")], "first\n\nthen"),
        ([event(kind="thought", text="hm"), event("rag", text="r"), event(text={"a": 1})], ""),
    ],
)
def test_the_words_of_steps_are_the_answer_where_it_has_none(events, text):
    for steps in ([step("", *events, last=True)], [*(step("", each) for each in events)]):
        assert read(*steps)[1].text == text
    assert read(step("", event(text="a")), step("a", event(text="b")))[1].text == "a"


@pytest.mark.parametrize(
    ("told", "is_empty"),
    [
        (event(), True),
        (event("status", status="success"), True),
        (event("json", json={"follow_up_querys": ["a?"]}), True),
        (message("a"), False),
        (event(kind="thought", text="hm"), False),
        (event("image", image=PICTURE), False),
        (event("audio", audio=SOUND), False),
        (event("chatflow_interrupt", interrupt_event_id="ie"), False),
    ],
)
def test_an_application_s_end_alone_is_no_answer(told, is_empty):
    reader, _ = read(step("", told, last=True))
    assert (reader.empty_error("", "r") is not None) == is_empty


FAILED = {**event(), "event_code": 7, "event_message": "no quota", "event_status": "error"}


@pytest.mark.parametrize(
    ("reply", "has_failed"),
    [
        (step("ok", FAILED, event(text="ok"), last=True), False),
        (step("half", event(text="half"), FAILED, last=True), True),
        (step("", FAILED, event(), last=True), True),
        (step("", FAILED, message("sorry"), last=True), False),
        (step("", FAILED, event("audio", audio="https://a.b/a.mp3"), last=True), False),
        (step("ok", {**FAILED, "event_type": "FollowUpQuery"}, last=True), False),
    ],
)
def test_a_step_that_failed_is_the_answer_s_failure_where_it_is_the_end(reply, has_failed):
    reader, _ = read(reply, whole=True)
    assert bool(reader.failure) == has_failed


PAGES = [
    {"id": "1", "from": "search", "url": "https://a.cn/1", "content": "杭州天气_百度", "title": ""},
    {"id": "2", "from": "search", "url": "https://a.cn/2", "content": "西湖"},
]
PASSAGE = {"id": "1", "from": "wenxin", "content": "A", "document_id": "d1", "dataset_id": "k"}


def test_the_sources_of_an_application_are_told_once_and_with_their_titles():
    told = event("rag", "RAGAgent", status="running", text="", references=PAGES)
    _, answer = read(*(step(words, told) for words in ("a", "b")), step(last=True))
    assert [(each["index"], each["title"], each["url"]) for each in answer.search] == [
        (1, "杭州天气_百度", "https://a.cn/1"),
        (2, "西湖", "https://a.cn/2"),
    ]
    assert not any("document_id" in page for page in answer.search)  # no passages of documents


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"document_name": "a.pdf"}, "a.pdf"),
        ({"title": "b"}, "b"),
        ({"url": "https://a.cn/a.pdf"}, "d1"),
        ({}, "d1"),
    ],
)
def test_a_passage_without_a_title_has_its_document_s_id(fields, title):
    _, answer = read(step("ok", event("rag", references=[{**PASSAGE, **fields}]), last=True))
    (source,) = answer.search
    assert (source["title"], source["knowledge_base"], source["content"]) == (title, "k", "A")


def test_the_events_of_a_stream_are_in_the_raw_reply_with_their_pieces_joined():
    asked = event("json", "FollowUpQuery", json={"follow_up_querys": ["b?"]})
    pieces = [step(words, event(status="running", text=words)) for words in ("o", "k")]
    _, answer = read(*pieces, step("", asked, last=True))
    assert answer.raw["content"] == [event(status="running", text="ok"), asked]
    assert (answer.raw["answer"], answer.raw["is_completion"]) == ("ok", True)
    found = [event("rag", text=words, references=PAGES) for words in ("o", "k")]
    _, answer = read(
        *(step(each["outputs"]["text"], each) for each in found), step("", asked, asked)
    )
    assert answer.raw["content"] == [event("rag", text="ok", references=PAGES), asked]
    whole = step("ok", asked, last=True)
    assert read(whole, whole=True)[1].raw == whole
