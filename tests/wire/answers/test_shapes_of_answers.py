"""Whole answers in unusual shapes: repeated, glued together, or wrapped up by a gateway."""

import json

import pytest

from ernie_magic import errors
from tests.wire.chunks import (
    DONE,
    STOP,
    STOPPED,
    TEXT,
    USAGE,
    as_choices,
    choice,
    chunk,
    event,
    read,
    read_body,
)

WHOLE = {"role": "assistant", "content": "ab", "reasoning_content": "hm"}


REPEATED = {
    "a message": {"choices": [{"index": 0, "message": WHOLE, "finish_reason": "stop"}]},
    "beside an empty delta": {
        "choices": [{"delta": {}, "message": WHOLE, "finish_reason": "stop"}]
    },
    "beside null": {"choices": [{"delta": None, "message": WHOLE, "finish_reason": "stop"}]},
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_whole_message_behind_its_pieces_is_not_a_second_answer(name):
    thought = chunk(reasoning_content="hm")
    assert read(thought, *TEXT, event(REPEATED[name]), DONE).text == "ab"
    assert read(thought, *TEXT, STOP, event(REPEATED[name]), DONE).reasoning == "hm"
    assert read(thought, event(REPEATED[name]), DONE).reasoning == "hm"
    assert read(event(REPEATED[name]), DONE).text == "ab"


GLUED = {
    "one behind the other": lambda events: b"data: " + b"".join(e[6:-2] for e in events) + b"\n\n",
    "each with its field": lambda events: b"".join(e[:-2] for e in events) + b"\n\n",
    "with escaped ends": lambda events: rb"\n\n".join(e[:-2] for e in events) + b"\n\n",
    "a line each": lambda events: b"".join(e[:-1] for e in events),
    "the field twice": lambda events: b"".join(b"data: " + e for e in events),
    "encoded twice": lambda events: b"".join(event(json.dumps(e[6:-2].decode())) for e in events),
    "a list": lambda events: b"data: [" + b",".join(e[6:-2] for e in events) + b"]\n\n",
    "indented": lambda events: b"".join(b" " + e for e in events),
}


@pytest.mark.parametrize("name", GLUED)
def test_events_that_a_gateway_writes_badly_are_all_read(name):
    events = [chunk(content="中"), *TEXT, chunk(content="b}{"), chunk(content='"'), STOP]
    assert read(GLUED[name](events), DONE).text == '中abb}{"'


ENVELOPES = {
    "data": lambda reply: {"code": 0, "msg": "ok", "data": reply},
    "result": lambda reply: {"code": 200, "message": "success", "result": reply},
    "a list": lambda reply: [reply],
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_reply_in_an_object_of_the_gateway_s_own_is_read(name):
    wrap = ENVELOPES[name]
    reply = {"id": "x", "choices": [{"message": {"content": "A"}, "finish_reason": "stop"}]}
    assert read(json.dumps(wrap(reply)).encode(), kind="application/json").text == "A"
    piece = {"id": "x", "choices": [choice(content="A")]}
    last = {"id": "x", "choices": [choice(finish_reason="stop")]}
    assert read(event(wrap(piece)), event(wrap(piece)), event(wrap(last)), DONE).text == "AA"


def test_a_failure_around_a_reply_is_a_failure():
    reply = {"choices": [{"message": {"content": "half"}, "finish_reason": "stop"}]}
    failed = {"code": 500, "msg": "upstream died", "data": reply}
    with pytest.raises(errors.ServiceError, match="upstream died"):
        read(json.dumps(failed).encode(), kind="application/json")
    with pytest.raises(errors.ServiceError, match="upstream died"):
        read(event(failed), DONE)


@pytest.mark.parametrize("name", ["error", "timeout", "response.cancelled"])
@pytest.mark.parametrize("data", [b"", b"data:\n", b"data: {}\n"])
def test_an_event_that_is_a_failure_by_its_name_needs_no_words(name, data):
    failure = f"event: {name}\n".encode() + data + b"\n"
    with pytest.raises(errors.ServiceError):
        read(*TEXT, failure, DONE)


def test_tokens_are_counted_where_other_servers_report_them():
    last = {"delta": {}, "finish_reason": "stop", "usage": USAGE}
    assert read(*TEXT, as_choices([last]), DONE).usage.total_tokens == 2
    theirs = {"input_tokens": 3, "output_tokens": 4}
    assert read(*TEXT, STOP, event({"choices": [], "usage": theirs}), DONE).usage.total_tokens == 7


PICTURE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]


def test_an_answer_of_pictures_without_words_is_not_an_empty_one():
    with pytest.raises(errors.ProtocolError, match="cannot be read: images"):
        read_body({"content": "", "images": PICTURE})
    with pytest.raises(errors.ProtocolError, match="cannot be read: images"):
        read(chunk(content="", images=PICTURE), STOP, DONE)
    assert read_body({"content": "a cat", "images": PICTURE}).text == "a cat"
    assert read_body({"content": "", "images": []}).text == ""


def test_words_that_are_spoken_are_words():
    spoken = {"id": "a", "data": "AAAA", "transcript": "ha"}
    assert read_body({"content": None, "audio": spoken}).text == "ha"
    piece = {"transcript": "ha"}
    for pieces in ([chunk(audio=piece)] * 3, [chunk(content="", audio=piece)] * 3):
        assert read(*pieces, STOP, DONE).text == "hahaha"
    assert read_body({"content": "ha", "audio": spoken}).text == "ha"
    assert read(chunk(content="ha", audio=piece), STOP, DONE).text == "ha"


def test_a_closing_message_behind_a_completion_s_pieces_is_no_second_text():
    pieces = [as_choices([{"text": text}]) for text in ("ab", "cd")]
    last = {"message": {"content": "abcd"}, **STOPPED}
    assert read(*pieces, as_choices([last]), DONE).text == "abcd"
