"""Replies in gzip of one member or of several."""

import gzip
import json
import zlib
from hashlib import sha256

import pytest

from ernie_magic import errors
from ernie_magic.session import Session
from ernie_magic.wire.gzip_members import Members
from tests.raw_server import Server

PIECE = 256 * 1024


def unpack(raw, cuts=()):
    members = Members()
    ends = [*cuts, len(raw)]
    chunks = [raw[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    pieces = [piece for chunk in chunks for piece in members.feed(chunk)]
    assert all(0 < len(piece) <= PIECE for piece in pieces)
    return b"".join(pieces)


@pytest.mark.parametrize("tail", [b"", b"\0" * 20, b"garbage", b"\x1f"])
@pytest.mark.parametrize(
    "parts",
    [
        [b"one"],
        [b"one", b"two"],
        [b"", b"one", b""],
        [b"x" * 3_000_000, b"end"],
        [b"y" * PIECE, b"y" * PIECE],
        [b"".join(sha256(bytes([i, j])).digest() for i in range(99) for j in range(99)), b"q"],
    ],
    ids=["one", "two", "empty ones", "large", "whole pieces", "incompressible"],
)
def test_all_members_are_read_wherever_their_bytes_are_split(parts, tail):
    raw = b"".join(map(gzip.compress, parts)) + tail
    assert unpack(raw) == b"".join(parts)
    assert unpack(raw, range(1, len(raw), 1 + len(raw) // 20)) == b"".join(parts)
    if len(raw) < 1000:
        assert unpack(raw, range(1, len(raw))) == b"".join(parts)


def test_damage_is_an_error_in_any_member():
    raw = bytearray(gzip.compress(b"one") + gzip.compress(b"two" * 50))
    raw[-12] ^= 255
    with pytest.raises(zlib.error):
        unpack(bytes(raw))


def chunk(content, end=None):
    delta = {"choices": [{"delta": {"content": content}, "finish_reason": end}]}
    return f"data: {json.dumps(delta)}\n\n".encode()


@pytest.mark.parametrize("name", ["gzip", "X-GZip", " GZIP "])
def test_a_stream_whose_events_are_packed_one_by_one_is_read_whole(name):
    body = b"".join(map(gzip.compress, [chunk("Bei"), chunk("jing"), chunk("!", "stop")]))
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: {name}\r\n"
    server = Server()
    server.replies["/"] = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    try:
        with Session(service="local", base_url=server.url, model="m", retry_count=1) as session:
            assert session.chat("hi").text == "Beijing!"
    finally:
        server.stop()


def test_what_is_called_gzip_and_is_not_is_told():
    body = chunk("hi", "stop")
    head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n"
    server = Server()
    server.replies["/"] = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    try:
        with (
            Session(service="local", base_url=server.url, model="m", retry_count=1) as session,
            pytest.raises(errors.ProtocolError, match=r"compressed reply is damaged|压缩数据"),
        ):
            session.chat("hi")
    finally:
        server.stop()
