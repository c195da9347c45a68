"""Chunks of streams and bodies of replies, as servers send them, and how they are read."""

import asyncio
import json

import httpx

from ernie_magic.api.requests import chat_request
from ernie_magic.wire import openai_style, reading

REQUEST = chat_request([{"role": "user", "content": "hi"}], model="m", given={})


class Pieces(httpx.AsyncByteStream):
    """Events, each after a pause in seconds; held open at the end if that is the last item, and cut
    if that is an exception.
    """

    def __init__(self, items):
        self._items = items

    async def __aiter__(self):
        for item in self._items:
            if isinstance(item, bytes):
                yield item
            elif isinstance(item, Exception):
                raise item
            else:
                await asyncio.sleep(item)


def event(payload):
    if not isinstance(payload, str):
        payload = json.dumps(payload)
    return f"data: {payload}\n\n".encode()


DONE = event("[DONE]")


STOPPED = {"finish_reason": "stop"}


USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def choice(index=0, finish_reason=None, **delta):
    return {"index": index, "delta": delta, "finish_reason": finish_reason}


def chunk(index=0, finish_reason=None, **delta):
    return event({"id": "x", "choices": [choice(index, finish_reason, **delta)]})


def read(*items, reader=None, kind="text/event-stream"):
    """The answer, of which the pieces that are shown are the text and the reasoning."""
    deltas, answer = read_shown(*items, reader=reader, kind=kind)
    assert "".join(delta.text for delta in deltas) == answer.text
    assert "".join(delta.reasoning for delta in deltas) == answer.reasoning
    return answer


def read_shown(*items, reader=None, kind="text/event-stream"):
    """The pieces of text and reasoning that are shown, and the answer."""
    reader = reader or openai_style.reader(REQUEST)
    response = httpx.Response(200, headers={"content-type": kind}, stream=Pieces(items))

    async def shown():
        return [delta async for delta in reading.iter_deltas(response, reader)]

    deltas = asyncio.run(shown())
    return deltas, reader.build_answer(seconds=1, first_seconds=1, partial=False, service="s")


def read_body(message):
    body = {"id": "x", "choices": [{"message": message, "finish_reason": "stop"}]}
    return read(json.dumps(body).encode(), kind="application/json")


TEXT = [chunk(content="a"), chunk(content="b")]


STOP = chunk(finish_reason="stop")


def as_choices(choices):
    return event({"id": "x", "choices": choices})
