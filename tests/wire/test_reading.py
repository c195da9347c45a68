"""Random streams with splits, noise and cuts: the text is what was sent before the cut.

A slow test of 10,000; CI runs 400 (`ERNIE_SLOW=1` or `-m slow` runs them all).
"""

import asyncio
import json
import random

import httpx
import pytest

from ernie_magic import errors
from ernie_magic.api.requests import chat_request
from ernie_magic.wire import openai_style, qianfan_v1, reading

REQUEST = chat_request([{"role": "user", "content": "hi"}], model="m", given={})
ALPHABET = 'abc 春江潮水\u2028\u0085"\\\n\t{}[]:,data😀é\u3000'
NOISE = (
    ": keep-alive",
    ":",
    ": OPENROUTER PROCESSING",
    "event: message",
    "id: 7",
    "retry: 100",
    "data:",
    "data: ",
    "data: : PROCESSING",
)


class Response:
    """As much of httpx's response as the reader uses, cut into given pieces; may break off."""

    def __init__(self, pieces, *, breaks):
        self.headers = httpx.Headers({"content-type": "text/event-stream"})
        self.status_code = 200
        self._pieces, self._breaks = pieces, breaks

    async def aiter_bytes(self):
        for piece in self._pieces:
            yield piece
        if self._breaks:
            raise httpx.RemoteProtocolError("peer closed")

    aiter_raw = aiter_bytes


def stream(chance, *, v1):
    """A stream's lines: texts as JSON chunks with noise between, and how the texts are encoded in
    it.
    """
    texts = [
        "".join(chance.choices(ALPHABET, k=chance.randint(0, 12)))
        for _ in range(chance.randint(1, 12))
    ]
    events = []
    for i, text in enumerate(texts):
        last = i == len(texts) - 1
        if v1:
            body = {"id": "as-1", "sentence_id": i, "is_end": last, "result": text}
        else:
            body = {
                "id": "as-1",
                "choices": [
                    {
                        "index": 0,
                        "delta": {"content": text},
                        **({"finish_reason": "normal"} if last else {}),
                    }
                ],
            }
            if chance.random() < 0.2:
                body["usage"] = None
        events.append((text, json.dumps(body, ensure_ascii=chance.random() < 0.5)))
        if not v1 and chance.random() < 0.2:
            events.append(
                (
                    "",
                    chance.choice(
                        [
                            '{"choices":[]}',
                            '{"choices":null}',
                            '{"id":"x"}',
                            '{"choices":[{"delta":null}]}',
                        ]
                    ),
                )
            )
    return events


def wire(chance, events, *, done):
    end = chance.choice(["\n", "\r\n", "\r"])
    parts = []  # (text, bytes): the text that is known once these bytes have arrived
    for text, data in events:
        noise = "".join(
            line + end + (end if chance.random() < 0.5 else "")
            for line in chance.choices(NOISE, k=chance.choice([0, 0, 1, 2]))
            if not line.startswith("data")
        )
        noise += "".join(
            f"{line}{end}{end}" for line in chance.choices(NOISE[6:], k=chance.choice([0, 0, 0, 1]))
        )
        parts.append((text, f"{noise}data:{chance.choice(['', ' '])}{data}{end}{end}".encode()))
    return parts + ([("", f"data: [DONE]{end}{end}".encode())] if done else [])


def cut_at_random(chance, raw):
    places = sorted(chance.randint(0, len(raw)) for _ in range(chance.randint(0, 20)))
    return [raw[a:b] for a, b in zip([0, *places], [*places, len(raw)], strict=True)]


def one(seed):
    chance = random.Random(seed)  # noqa: S311
    v1 = chance.random() < 0.4
    parts = wire(chance, stream(chance, v1=v1), done=not v1 and chance.random() < 0.7)
    raw = b"".join(part for _, part in parts)
    cut = chance.randint(0, len(raw)) if chance.random() < 0.5 else len(raw)
    came, at = "", 0
    for text, part in parts:
        at += len(part)
        if at <= cut:
            came += text
    reader = (qianfan_v1 if v1 else openai_style).reader(REQUEST)

    async def read():
        return "".join(
            [
                delta.text
                async for delta in reading.iter_deltas(
                    Response(cut_at_random(chance, raw[:cut]), breaks=cut < len(raw)), reader
                )
            ]
        )

    try:
        shown, error = asyncio.run(read()), None
    except (httpx.HTTPError, errors.ErnieError) as found:
        shown, error = None, found
    text = reader.build_answer(
        seconds=0, first_seconds=None, partial=error is not None, service="s"
    ).text
    # The line ends after the last event may be cut off: its data had arrived in full.
    whole_line = [came + text_ for text_, _ in parts if text_ and came + text_ == text]
    assert text == came or whole_line, (seed, text, came)
    if cut == len(raw):
        assert error is None, (seed, error)
        assert shown == text == "".join(text for text, _ in parts), seed


def test_400_random_streams():
    for seed in range(400):
        one(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_10_000_random_streams(block):
    for seed in range(block * 1000, block * 1000 + 1000):
        one(seed)
