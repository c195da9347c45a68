"""The cost of decoding a stream, as a ratio to a bare loop of httpx's lines and json.loads.

Both decode the same bytes in the same run.
"""

import asyncio
import json
import time
from statistics import median

import httpx

from ernie_magic.api.requests import chat_request
from ernie_magic.config import keys
from ernie_magic.wire import openai_style, qianfan_v1, reading

REQUEST = chat_request([{"role": "user", "content": "hi"}], model="m", given={})
DELTAS = 4000
ROUNDS = 9


def v2_stream(**facts):
    head = {
        "id": "as-bcmt5ct4iy",
        "object": "chat.completion.chunk",
        "created": 1733465174,
        "model": "ernie-3.5-8k",
    }
    chunks = [
        {
            **head,
            "choices": [{"index": 0, "delta": {"content": f"第{i}段，"}, **facts}],
            "usage": None,
        }
        for i in range(DELTAS)
    ]
    last = {
        **head,
        "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "normal", "flag": 0}],
        "usage": {"total_tokens": 9},
    }
    return (
        "".join(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in [*chunks, last])
        + "data: [DONE]\n\n"
    )


def v1_stream():
    head = {
        "id": "as-34jurid5xf",
        "object": "chat.completion",
        "created": 1709088340,
        "is_truncated": False,
        "need_clear_history": False,
    }
    return "".join(
        "data: "
        + json.dumps(
            {
                **head,
                "sentence_id": i,
                "is_end": i == DELTAS - 1,
                "result": f"第{i}段，",
                "usage": {"prompt_tokens": 6, "completion_tokens": 0, "total_tokens": 6},
            },
            ensure_ascii=False,
        )
        + "\n\n"
        for i in range(DELTAS)
    )


class Stream(httpx.AsyncByteStream):
    """Bytes as a network delivers them: one event at a time, or as much as arrives together."""

    def __init__(self, raw, together):
        events = [piece + b"\n\n" for piece in raw.split(b"\n\n")[:-1]]
        self._pieces = [b"".join(events[i : i + together]) for i in range(0, len(events), together)]

    async def __aiter__(self):
        for piece in self._pieces:
            yield piece


def response(raw, together):
    return httpx.Response(
        200, headers={"content-type": "text/event-stream"}, stream=Stream(raw, together)
    )


async def bare(raw, together):
    text = []
    async for line in response(raw, together).aiter_lines():
        if line.startswith("data: ") and line != "data: [DONE]":
            payload = json.loads(line[6:])
            text.append(
                payload["result"]
                if "result" in payload
                else payload["choices"][0]["delta"].get("content") or ""
            )
    return "".join(text)


async def ours(raw, protocol, together):
    reader = protocol.reader(REQUEST)
    return "".join(
        [delta.text async for delta in reading.iter_deltas(response(raw, together), reader)]
    )


def seconds(make):
    began = time.perf_counter()
    text = asyncio.run(make())
    return time.perf_counter() - began, text


def ratio(raw, protocol, together=1):
    """The median of the ratios of rounds run side by side, so that a busy machine slows both."""
    found = []
    for _ in range(ROUNDS):
        plain, expected = seconds(lambda: bare(raw, together))
        took, text = seconds(lambda: ours(raw, protocol, together))
        assert text == expected
        found.append(took / plain)
    return median(found)


def test_decoding_costs_at_most_1_3_times_a_bare_loop(capsys, bar):
    keys.Key("sk-a-key-that-is-looked-for-in-every-answer")
    v1, v2, today = (
        v1_stream().encode(),
        v2_stream().encode(),
        v2_stream(finish_reason=None, flag=0).encode(),
    )
    ratios = {
        "V2": ratio(v2, openai_style),
        "V2 with flags": ratio(today, openai_style),
        "V1": ratio(v1, qianfan_v1),
        "8 events together": ratio(v2, openai_style, together=8),
    }
    with capsys.disabled():
        print(
            f"\ndecoding / bare loop: {', '.join(f'{name} {value:.2f}' for name, value in ratios.items())}"
        )
    assert max(ratios.values()) <= bar(1.3), ratios
