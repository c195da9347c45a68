"""A reply is what its bytes are, whatever the server calls it."""

import asyncio
import gzip
import json
import re

import httpx
import pytest

from ernie_magic import errors
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session
from ernie_magic.wire import event_stream, openai_style, reading, sse, whole_reply
from tests.raw_server import Server
from tests.wire.chunks import DONE, REQUEST, Pieces, chunk, event

TYPES = {
    "none": {},
    "an empty one": {"content-type": ""},
    "plain text": {"content-type": "text/plain; charset=utf-8"},
    "JSON": {"content-type": "application/json"},
    "a page": {"content-type": "text/html"},
    "bytes": {"content-type": "application/octet-stream"},
    "in capitals": {"content-type": "Text/Event-Stream; charset=UTF-8"},
    "JSON lines": {"content-type": "application/x-ndjson"},
}
ANSWER = (chunk(content="A"), chunk(content="B", finish_reason="stop"), DONE)
WHOLE = {"id": "x", "choices": [{"message": {"content": "AB"}, "finish_reason": "stop"}]}
LINES = b"".join(item.removeprefix(b"data: ").replace(b"\n\n", b"\n") for item in ANSWER[:2])
BODIES = {
    "events": ANSWER,
    "one byte at a time": [bytes([byte]) for byte in b"".join(ANSWER)],
    "no space": [item.replace(b"data: ", b"data:") for item in ANSWER],
    "lines that end with CR and LF": [item.replace(b"\n", b"\r\n") for item in ANSWER],
    "a byte order mark": (b"\xef\xbb\xbf", *ANSWER),
    "empty lines first": (b"\n\n\n", *ANSWER),
    "a comment first": (b": ping\n\n", *ANSWER),
    "a name first": (b"event: message\n", *ANSWER),
    "a number first": (b"id: 1\nretry: 5\n", *ANSWER),
    "a field of the server's own first": (b"type: chunk\n", *ANSWER),
    "no last word": ANSWER[:2],
    "one JSON": [json.dumps(WHOLE).encode()],
    "one JSON on several lines": [json.dumps(WHOLE, indent=2).encode()],
    "one JSON and a last word": [json.dumps(WHOLE).encode(), b"\n\n", DONE],
    "one JSON on several lines and a last word": [
        json.dumps(WHOLE, indent=2).encode(),
        b"\n",
        DONE,
    ],
    "one JSON as an event": [event(WHOLE), DONE],
    "lines of JSON": [LINES],
    "lines of JSON in pieces": [bytes([byte]) for byte in LINES],
}


def response_of(items, headers):
    return httpx.Response(200, headers=headers, stream=Pieces(items))


async def read(items, headers):
    reader = openai_style.reader(REQUEST)
    deltas = [d async for d in reading.iter_deltas(response_of(items, headers), reader)]
    return "".join(delta.text for delta in deltas), len(deltas)


def run(coroutine):
    return asyncio.run(coroutine)


@pytest.mark.parametrize("kind", [*TYPES, "events"])
@pytest.mark.parametrize("body", BODIES)
def test_an_answer_is_read_whatever_its_content_type(body, kind):
    headers = TYPES.get(kind, {"content-type": "text/event-stream"})
    text, _ = run(read(BODIES[body], headers))
    assert text == "AB"


@pytest.mark.parametrize("kind", TYPES)
def test_a_stream_is_shown_as_it_comes_whatever_its_content_type(kind):
    assert run(read(ANSWER, TYPES[kind])) == ("AB", 2)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    ("body", "kind_of_error"),
    [
        (b"<html><title>Sign in</title></html>", errors.ProtocolError),
        (b"no such page\nid of the server\n", errors.ProtocolError),
        (b"", errors.ProtocolError),
        (b'{"object": "list"}', (errors.ProtocolError, errors.IncompleteAnswer)),
        (b'data: {"error": {"message": "busy", "code": 429}}\n\n', errors.RateLimited),
        (b'{"error": {"message": "busy", "code": 429}}', errors.RateLimited),
        (b'{"error": {"message": "busy", "code": 429}}\n\ndata: [DONE]\n\n', errors.RateLimited),
        (b'{"id": "x", "choices": [{"delta"', errors.ErnieError),
        (b'{\n  "id": "x",\n  "choices": [{"message"', errors.ErnieError),
        (chunk(content="A"), errors.IncompleteAnswer),
    ],
)
def test_what_is_no_answer_is_an_error_whatever_its_content_type(body, kind_of_error, kind):
    with pytest.raises(kind_of_error):
        run(read([body], TYPES[kind]))


@pytest.mark.parametrize("kind", TYPES)
def test_raw_events_are_read_whatever_their_content_type(kind):
    async def events(items):
        return [e async for e in event_stream.iter_events(response_of(items, TYPES[kind]))]

    assert len(run(events([b": ping\n", *ANSWER]))) == 2
    assert run(events([json.dumps(WHOLE).encode()])) == [WHOLE]


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": []}',
        b'data: {"data": []}\n\n',
        b'\ndata:{"data": []}\n\ndata: [DONE]\n\n',
        b'{"data": []}\n\ndata: [DONE]\n\n',
        b'{\n  "data": [\n  ]\n}\ndata: [DONE]',
        b': keep-alive\n\n: keep-alive\n\n{"data": []}',
        b': keep-alive\n\n{\n  "data": [\n  ]\n}\n',
        b': keep-alive\n\ndata: {"data": []}\n\n: keep-alive\n\ndata: [DONE]\n\n',
        b'event: message\nid: 1\ndata: {"data":\ndata: []}\n\n',
        b'event: x.partial\ndata: {"data": 1}\n\nevent: x.completed\ndata: {"data": []}\n\n',
    ],
)
def test_a_reply_in_one_piece_may_be_sent_as_the_only_event(body):
    response = response_of([body], TYPES["plain text"])
    assert run(whole_reply.read_json(response, 10_000)) == {"data": []}


def test_several_events_are_no_reply_in_one_piece():
    response = response_of([b'data: {"data": []}\n\ndata: {"data": []}\n\n'], {})
    with pytest.raises(errors.ProtocolError):
        run(whole_reply.read_json(response, 10_000))


def test_a_long_answer_in_one_json_under_plain_text_is_read_to_its_end():
    whole = {"choices": [{"message": {"content": "A" * 300_000}, "finish_reason": "stop"}]}
    text, _ = run(read([json.dumps(whole).encode()], TYPES["plain text"]))
    assert len(text) == 300_000


def test_a_server_that_names_no_type_streams_to_the_session():
    server = Server()
    server.replies["/"] = [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", *ANSWER]
    settings = ErnieSettings(service="local", base_url=f"{server.url}/v1", model="m", retry_count=1)
    with Session(settings) as session:
        assert session.chat("hi").text == "AB"
    server.stop()


@pytest.mark.parametrize("kind", ["events", "one byte at a time", "one JSON"])
@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("gbk", "gbk"), ("GB2312", "gbk"), ('"gb18030"', "gb18030"), ("Big5", "big5"),
        ("Shift_JIS", "shift_jis"), ("gbk; x=1", "gbk"), ("iso-8859-1", "latin-1"),
        ("iso-8859-1", "utf-8"), ("us-ascii", "utf-8"), ("nonsense", "utf-8"), ("utf8", "utf-8"),
    ],
)  # fmt: skip
def test_a_declared_charset_is_decoded(kind, declared, written):
    said = "café"
    if declared not in ("iso-8859-1", "us-ascii"):
        said = "中文日本"
    spoken = b"".join([chunk(content=said), chunk(content=said, finish_reason="stop"), DONE])
    whole = {"choices": [{"message": {"content": said * 2}, "finish_reason": "stop"}]}
    items = [json.dumps(whole, ensure_ascii=False).encode(written)]
    name = "application/json"
    if kind != "one JSON":
        name = "text/event-stream"
        text = re.sub(r"(?:\\u[0-9a-f]{4})+", lambda m: json.loads(f'"{m[0]}"'), spoken.decode())
        items = [text.encode(written)]
    if kind == "one byte at a time":
        items = [bytes([byte]) for byte in items[0]]
    text, _ = run(read(items, {"content-type": f"{name}; charset={declared}"}))
    assert text == said * 2


def test_x_gzip_is_gzip():
    server = Server()
    body = gzip.compress(json.dumps(WHOLE).encode())
    head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: X-GZip"
    server.replies["/"] = f"{head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    try:
        with Session(service="local", base_url=server.url, model="m", retry_count=1) as session:
            assert session.chat("hi", stream=False).text == "AB"
    finally:
        server.stop()


SAID = {
    "gbk": "北京是中华人民共和国的首都，也是全国的政治、文化中心。",
    "big5": "臺北是臺灣的首都，也是全國的政治、文化中心。",
    "euc_kr": "서울은 대한민국의 수도이며 정치와 문화의 중심지입니다.",
    "shift_jis": "東京は日本の首都であり、政治と文化の中心です。",
    "utf-8": "北京是中华人民共和国的首都，也是全国的政治、文化中心。",
}


def said_in(charset, *, streamed):
    text = SAID[charset]
    if not streamed:
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        return json.dumps({"choices": [choice]}, ensure_ascii=False).encode(charset)
    events = [
        json.dumps({"choices": [{"delta": {"content": text[i : i + 3]}}]}, ensure_ascii=False)
        for i in range(0, len(text), 3)
    ]
    return "".join(f"data: {each}\n\n" for each in [*events, "[DONE]"]).encode(charset)


@pytest.mark.parametrize("kind", ["none", "JSON", "a page", "events"])
@pytest.mark.parametrize("pieces", ["whole", "bytes", "events"])
@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("charset", SAID)
def test_an_answer_that_declares_no_charset_is_read_in_its_own(charset, streamed, pieces, kind):
    raw = said_in(charset, streamed=streamed)
    items = {
        "whole": [raw],
        "bytes": [bytes([byte]) for byte in raw],
        "events": [piece + b"\n\n" for piece in raw.split(b"\n\n")],
    }[pieces]
    headers = TYPES.get(kind, {"content-type": "text/event-stream"})
    text, _ = run(read(items, headers))
    assert text == SAID[charset]


def test_a_stream_in_utf_8_is_shown_as_it_comes_with_characters_cut_anywhere():
    text, count = run(read([said_in("utf-8", streamed=True)], {}))
    cut, cut_count = run(read([bytes([b]) for b in said_in("utf-8", streamed=True)], {}))
    assert (text, count) == (cut, cut_count)


def test_a_refusal_in_gbk_is_told_in_its_words():
    from ernie_magic.wire.failures import error_from_reply

    body = json.dumps({"error": {"message": "余额不足，请充值"}}, ensure_ascii=False).encode("gbk")
    assert "余额不足，请充值" in error_from_reply(403, {}, body).line("zh")


def raw_chunk(content):
    return b'data: {"choices":[{"index":0,"delta":{"content":"' + content + b'"}}]}\n\n'


@pytest.mark.parametrize("declared", ["", "; charset=utf-8"])
@pytest.mark.parametrize("pieces", ["events", "bytes", "whole"])
@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ([b"It is \xe4", b"\xbd\xa0 ok"], "It is 你 ok"),
        ([b"caf\xc3", b"\xa9 ok"], "café ok"),
        (["天气".encode() + b"\xe4", b"\xbd\xa0" + "好".encode()], "天气你好"),
        ([bytes([byte]) for byte in "😀".encode()], "😀"),
        ([b"Hello \xe4\xbd"], "Hello \ufffd"),
        ([b"abc\xff def"], "abc\ufffd def"),
    ],
    ids=["three bytes", "two bytes", "amid others", "one by one", "cut at the end", "damaged"],
)
def test_a_character_whose_bytes_are_in_two_events_is_joined(contents, said, pieces, declared):
    items = [*map(raw_chunk, contents), DONE]
    if pieces == "whole":
        items = [b"".join(items)]
    if pieces == "bytes":
        items = [bytes([byte]) for byte in b"".join(items)]
    text, _ = run(read(items, {"content-type": f"text/event-stream{declared}"}))
    assert text == said


def test_words_that_are_no_json_have_no_halves_in_json():
    (event,) = sse.Decoder().feed(b"data: \xb3 failed\n\n")
    assert event.data == "\ufffd failed"
