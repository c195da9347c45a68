"""The decoder for what services really send.

WHATWG, "Server-sent events" (https://html.spec.whatwg.org/multipage/server-sent-events.html), and
deviations that users reported: missing spaces, comments, bare JSON lines, missing [DONE].
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ernie_magic.wire.sse import Decoder, Event, split_glued


def decode(raw: bytes, *cuts: int) -> list[Event]:
    decoder, events, at = Decoder(), [], 0
    for cut in [*sorted(cuts), len(raw)]:
        events += decoder.feed(raw[at:cut])
        at = max(at, cut)
    return events + decoder.flush_remaining()


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"data: a\n\n", ["a"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data:a\n\n", ["a"]),
        (b"data:  a\n\n", [" a"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b": keep-alive\n\ndata: a\n\n", ["a"]),
        (b"data: : PROCESSING\n\ndata: a\n\n", ["a"]),
        (b"data:\n\nid: 1\nretry: 5\n\ndata: a\n\n", ["a"]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b"data: a", ["a"]),
        (b" data: a\n\nData: b\n\ndata : c\n\n", ["a", "b", "c"]),
        (b'data: {"a": 1}\ndata: {"b": 2}\ndata: [DONE]\n', ['{"a": 1}', '{"b": 2}', "[DONE]"]),
        (b'data: {"a":\ndata: {"b": 2}}\n\n', ['{"a":\n{"b": 2}}']),
        ("data: 一\u2028二\x0b三\n\n".encode(), ["一\u2028二\x0b三"]),
        (b"", []),
    ],
)
def test_forms_that_come_in_the_wild(raw, data):
    assert [event.data for event in decode(raw)] == data


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ('{"a": 1}{"b": "}{"}', ['{"a": 1}', '{"b": "}{"}']),
        ('data: {"a": 1}', ['{"a": 1}']),
        ('{"a": 1}data: {"b": 2}data: [DONE]', ['{"a": 1}', '{"b": 2}', "[DONE]"]),
        (r'{"a": 1}\n\ndata: [DONE]\n\n', ['{"a": 1}', "[DONE]"]),
        ('{"a": 1}{"b"', []),
        ('{"a": 1} oops', []),
        ("oops", []),
        ("{" * 100_000, []),
    ],
)
def test_events_that_are_written_into_one_are_told_apart(text, pieces):
    assert [event.data for event in split_glued(Event(text))] == pieces


def test_an_event_has_its_name():
    assert decode(b"event: error\ndata: x\n\n") == [Event("x", "error")]


def test_a_bare_json_line_is_marked():
    assert decode(b'{"error_code": 18}\n') == [Event('{"error_code": 18}', bare=True)]


SAMPLE = (
    "".join(
        f"data: {json.dumps({'t': t}, ensure_ascii=False)}\r\n\r\n"
        for t in ("你好", "🐱", "a\u2028b", "")
    )
    + "data: [DONE]\r\n\r\n"
)


@given(st.sets(st.integers(0, len(SAMPLE.encode()))))
def test_bytes_may_be_split_anywhere(cuts):
    assert decode(SAMPLE.encode(), *cuts) == decode(SAMPLE.encode())


def test_every_single_split_point_gives_the_same_events():
    raw = SAMPLE.encode()
    whole = decode(raw)
    assert [json.loads(event.data)["t"] for event in whole[:-1]] == ["你好", "🐱", "a\u2028b", ""]
    assert all(decode(raw, cut) == whole for cut in range(len(raw)))


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(raw):
    decode(raw, len(raw) // 2)
