"""Replies of every service and call, with each field replaced by another value in turn.

A shape is a documented reply, the call that gets it, and which of its parts are the answer itself.
"""

import base64
import json
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

HOLE = "\x00HOLE\x00"  # replaced by a value that JSON's writer could not write
REMOVED = object()
# As they stand in the JSON text, so that a number may be one that Python would not write.
ODD = {
    "removed": REMOVED,
    "null": "null",
    "true": "true",
    "false": "false",
    "zero": "0",
    "negative": "-1",
    "fraction": "3.7",
    "1e999": "1e999",
    "NaN": "NaN",
    "Infinity": "-Infinity",
    "huge": "1" + "0" * 400,
    "beyond Python": "9" * 5000,
    "nothing": '""',
    "text": '"x"',
    "duration": '"1.2s"',
    "half a character": '"\\ud83d"',
    "controls": '"a\\u0000\\u001b]0;b\\u0007\\r\\n\\u202e"',
    "long": '"' + "长x" * 50_000 + '"',
    "empty list": "[]",
    "empty object": "{}",
    "list": '[null, 1, "a", [], {"a": [1]}]',
    "object": '{"a": {"b": [1, null]}, "text": 5}',
    "deep": "[" * 50_000 + "]" * 50_000,
}


@dataclass
class Shape:
    """A reply, and the call that gets it.

    Attributes
    ----------
    service : str
    call : str
        The name of the call in `test_mutated_replies`.
    body : Any
        The JSON, or a list of events.
    own : tuple of tuples
        Where the answer itself stands: whatever is mutated there, or around it, may be refused.
    free : tuple of tuples
        Fields in which some values mean a refusal or another answer.
    path : str
        The path of the request that gets this reply; "" for any.
    """

    service: str
    call: str
    body: Any
    own: tuple = ()
    free: tuple = ()
    path: str = ""
    status: int = 200
    stream: bool = False
    others: dict = field(default_factory=dict)


def fields(value, at=()):
    """Every path in a value, the value itself included."""
    yield at
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, one in inner:
        yield from fields(one, (*at, name))


def mutated(body, at, odd):
    """The body's JSON with another value at a path; for a stream, that of each event."""
    copied = json.loads(json.dumps({"": body}))
    place = copied
    *way, last = ("", *at)
    for name in way:
        place = place[name]
    if odd is REMOVED:
        del place[last]
    else:
        place[last] = HOLE
    return copied.get(""), odd


def written(body, odd):
    return (
        json.dumps(body, ensure_ascii=False)
        .replace(json.dumps(HOLE), odd if isinstance(odd, str) else "null")
        .encode("utf-8", "replace")
    )


def is_own(shape, at):
    """Whether a path is the answer itself, or around or inside it."""
    return any(at[: len(own)] == own or own[: len(at)] == at for own in shape.own)


def png():
    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


USAGE = {
    "prompt_tokens": 7,
    "completion_tokens": 5,
    "total_tokens": 12,
    "prompt_tokens_details": {"search_tokens": 2, "cached_tokens": 1},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
FOUND = [
    {"index": 1, "url": "https://e.com/a", "title": "一"},
    {"index": 2, "url": "https://e.com/b", "title": "二"},
]
FACTS = {"id": "as-1", "object": "chat.completion", "created": 1733465174, "model": "ernie-3.5-8k"}
WHOLE = {
    **FACTS,
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "春江潮水"},
            "finish_reason": "normal",
            "flag": 0,
            "ban_round": 0,
        }
    ],
    "usage": USAGE,
    "need_clear_history": False,
    "is_truncated": False,
    "search_results": FOUND,
}
V2 = {
    **WHOLE,
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "春江潮水", "reasoning_content": "想一想"},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ],
    "search_info": {"search_results": FOUND},
    "statistic": {
        "first_token_latency": 0.2,
        "total_latency": 1.5,
        "avg_output_tokens_per_second": 30.0,
    },
}
EVENTS = [
    {
        **FACTS,
        "choices": [
            {
                "index": 0,
                "delta": {"role": "assistant", "content": ""},
                "finish_reason": None,
                "flag": 0,
            }
        ],
        "usage": None,
    },
    {
        **FACTS,
        "choices": [{"index": 0, "delta": {"content": "春江"}, "flag": 0}],
        "search_results": FOUND[:1],
    },
    {**FACTS, "choices": [{"index": 0, "delta": {"content": "潮水"}, "flag": 0}]},
    {
        **FACTS,
        "choices": [
            {
                "index": 0,
                "delta": {"content": ""},
                "finish_reason": "normal",
                "flag": 0,
                "ban_round": 0,
                "need_clear_history": False,
            }
        ],
        "usage": USAGE,
        "statistic": {"total_latency": 1.5},
    },
]
THOUGHTS = [
    {**FACTS, "choices": [{"index": 0, "delta": {"reasoning_content": "想一想"}}]},
    {
        **FACTS,
        "choices": [{"index": 0, "delta": {"content": "春江潮水"}, "finish_reason": "stop"}],
        "search_info": {"search_results": FOUND},
    },
    {**FACTS, "choices": [], "usage": USAGE},
]
CALLED = {
    "id": "call-1",
    "index": 0,
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "北京"}'},
}
TOOLS = [
    {**FACTS, "choices": [{"index": 0, "delta": {"content": "春江潮水"}}]},
    {**FACTS, "choices": [{"index": 0, "delta": {"tool_calls": [CALLED]}}]},
    {
        **FACTS,
        "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}],
        "usage": USAGE,
    },
]
V1_FACTS = {"id": "as-2", "object": "chat.completion", "created": 1709088340}
V1_WHOLE = {
    **V1_FACTS,
    "result": "春江潮水",
    "is_truncated": False,
    "need_clear_history": False,
    "finish_reason": "normal",
    "ban_round": 0,
    "flag": 0,
    "usage": {"prompt_tokens": 6, "completion_tokens": 3, "total_tokens": 9},
}
V1_EVENTS = [
    {
        **V1_FACTS,
        "sentence_id": 0,
        "is_end": False,
        "is_truncated": False,
        "result": "春江",
        "need_clear_history": False,
        "usage": USAGE,
    },
    {
        **V1_FACTS,
        "sentence_id": 1,
        "is_end": True,
        "is_truncated": False,
        "result": "潮水",
        "need_clear_history": False,
        "finish_reason": "normal",
        "usage": USAGE,
    },
]
V1_CALLED = {
    **V1_FACTS,
    "result": "春江潮水",
    "function_call": {"name": "weather", "arguments": "{}", "thoughts": "…"},
    "usage": USAGE,
    "finish_reason": "function_call",
}
VECTORS = {
    "id": "as-3",
    "object": "embedding_list",
    "created": 1,
    "data": [{"object": "embedding", "embedding": [0.5, float(i)], "index": i} for i in range(3)],
    "usage": USAGE,
    "model": "embedding-v1",
}
RANKED = {
    "id": "as-4",
    "object": "rerank_list",
    "created": 1,
    "results": [
        {"document": "b", "relevance_score": 0.9, "index": 1},
        {"document": {"text": "a"}, "relevance_score": 0.1, "index": 0},
    ],
    "usage": USAGE,
    "model": "bce",
}
LISTED = {
    "object": "list",
    "data": [
        {"id": "ernie-3.5-8k", "object": "model", "created": 1, "owned_by": "baidu"},
        {"id": "ernie-4.0-8k", "object": "model"},
    ],
}
V1_LISTED = {
    "log_id": "1",
    "result": {
        "common": [
            {
                "name": "ERNIE-Speed",
                "url": "https://e.com/rpc/chat/ernie_speed",
                "apiType": "chat",
                "versionList": [{"id": 1}],
            }
        ],
        "custom": [{"name": "mine", "url": "https://e.com/rpc/chat/mine"}],
    },
}
PICTURE = base64.b64encode(png()).decode()
PICTURES = {
    "created": 1,
    "id": "as-5",
    "model": "Stable-Diffusion-XL",
    "data": [
        {"index": i, "b64_json": PICTURE, "revised_prompt": "猫", "seed": 5} for i in range(2)
    ],
    "usage": USAGE,
}
LINKS = {
    **PICTURES,
    "data": [
        {"index": i, "url": f"LINK/{i}.png", "revised_prompt": "猫", "seed": 5} for i in range(2)
    ],
}
V1_PICTURES = {**PICTURES, "data": [{"object": "image", "b64_image": PICTURE, "index": 0}]}
OAUTH = {
    "refresh_token": "25.a",
    "expires_in": 2592000,
    "session_key": "9m",
    "access_token": "24.abcdefgh",
    "scope": "public",
    "session_secret": "5c",
}
IAM = {
    "userId": "u",
    "token": "bce-v3/ALTAK-x/0123456789",
    "status": "enable",
    "createTime": "2024-02-28T02:40:25.000Z",
    "expireTime": "2034-02-28T02:40:25.000Z",
}


def text_of(events, v1=False):
    """Where the text stands in a stream's events; an event without text may be lost."""
    found = []
    for i, event in enumerate(events):
        if v1:
            found.append((i, "result"))
        elif event["choices"] and event["choices"][0]["delta"].get("content") is not None:
            found.append((i, "choices", 0, "delta", "content"))
    return tuple(found)


MESSAGE = (("choices", 0, "message", "content"),)
SHAPES = {
    "chat, AI Studio": Shape("aistudio", "chat", WHOLE, MESSAGE),
    "chat, V2": Shape("qianfan", "chat", V2, MESSAGE),
    "chat, V1": Shape("qianfan-v1", "chat", V1_WHOLE, (("result",),)),
    "stream, AI Studio": Shape("aistudio", "stream", EVENTS, text_of(EVENTS), stream=True),
    "thoughts, V2": Shape("qianfan", "stream", THOUGHTS, text_of(THOUGHTS), stream=True),
    "stream, V1": Shape(
        "qianfan-v1",
        "stream",
        V1_EVENTS,
        text_of(V1_EVENTS, v1=True),
        ((1, "is_end"),),
        stream=True,
    ),
    "tools": Shape("aistudio", "tools", TOOLS, text_of(TOOLS), stream=True),
    "tools, V1": Shape("qianfan-v1", "tools, whole", V1_CALLED, (("result",),)),
    "completion": Shape(
        "local",
        "complete",
        {
            **FACTS,
            "choices": [{"index": 0, "text": "春江潮水", "finish_reason": "stop"}],
            "usage": USAGE,
        },
        (("choices", 0, "text"),),
    ),
    "completion, V1": Shape("qianfan-v1", "complete", V1_WHOLE, (("result",),)),
    "vectors": Shape(
        "aistudio",
        "embed",
        VECTORS,
        tuple(("data", i, "embedding", j) for i in range(3) for j in range(2)),
        tuple(("data", i, "index") for i in range(3)),
    ),
    "ranking": Shape(
        "qianfan",
        "rerank",
        RANKED,
        tuple(("results", i, "relevance_score") for i in range(2)),
        tuple(("results", i, name) for i in range(2) for name in ("index", "document")),
    ),
    "models": Shape("aistudio", "models", LISTED, tuple(("data", i, "id") for i in range(2))),
    "models, V1": Shape(
        "qianfan-v1-iam",
        "models",
        V1_LISTED,
        (("result", "common", 0, "name"), ("result", "custom", 0, "name")),
    ),
    "tokens": Shape(
        "qianfan-v1",
        "count_tokens",
        {
            "id": "1",
            "object": "tokenizer.erniebot",
            "created": 1,
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        },
        (("usage", "prompt_tokens"),),
    ),
    "pictures": Shape(
        "aistudio", "image", PICTURES, tuple(("data", i, "b64_json") for i in range(2))
    ),
    "links": Shape("aistudio", "image", LINKS, tuple(("data", i, "url") for i in range(2))),
    "pictures, V1": Shape("qianfan-v1", "image", V1_PICTURES, (("data", 0, "b64_image"),)),
    "OAuth": Shape(
        "oauth",
        "chat",
        OAUTH,
        (("access_token",),),
        (("error",),),
        path="/oauth/",
        others={"": V1_WHOLE},
    ),
    "IAM": Shape("iam", "chat", IAM, (("token",),), path="/v1/BCE-BEARER", others={"": WHOLE}),
    **{
        f"error {status}, {name}": Shape("aistudio", "chat", body, ((),), status=status)
        for name, body in {
            "nested": {
                "error": {"code": "invalid_argument", "message": "no", "type": "t"},
                "id": "r",
            },
            "errorCode": {"errorCode": 40401, "errorMsg": "no", "logId": "l"},
            "code": {"code": 336501, "msg": "no", "request_id": "r"},
            "error_code": {"error_code": 110, "error_msg": "no", "id": "r"},
            "detail": {"detail": [{"loc": ["a"], "msg": "no"}]},
        }.items()
        for status in (200, 429)
    },
}
HEADERS = (
    "Content-Type",
    "Retry-After",
    "X-Request-Id",
    "X-Ratelimit-Limit-Requests",
    "X-Ratelimit-Remaining-Requests",
    "X-Ratelimit-Limit-Tokens",
    "X-Ratelimit-Remaining-Tokens",
    "Date",
    "Set-Cookie",
    "Server",
    "Location",
    "Etag",
    "Cache-Control",
    "Content-Language",
)
ODD_HEADERS = (
    "",
    " ",
    "x",
    "1.2s",
    "-1",
    "0",
    "3.7",
    "1e999",
    "NaN",
    "Infinity",
    "9" * 5000,
    "Wed, 21 Oct 99999999999 07:28:00 GMT",
    "Wed, 21 Oct 0000 07:28:00 GMT",
    "a=b; Expires=Wed, 21 Oct 99999999999 07:28:00 GMT; Max-Age=1e999; Domain=..; Path=\\",
    "text/html; charset=\ud83d",
    "application/json; charset=nothing",
    "长" * 500,
    "\t\t",
    '"',
    "a,b;c=d,,",
    "http://[::1/",
    "\x7f\x80",
    "null",
)


def http(body, status=200, kind="application/json", headers=()):
    """A reply that keeps the connection open."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [] if any(name == "Content-Type" for name, _ in headers) else [f"Content-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body


def reply(shape, body, odd, headers=(), link=""):
    """A shape's body as HTTP; `link` is where its links lead."""
    if shape.stream or isinstance(shape.body, list):
        events = b"".join(
            b"data: " + written(event, odd) + b"\n\n"
            for event in (body if isinstance(body, list) else [body])
        )
        return http(
            events + (b"" if shape.service.startswith("qianfan-v1") else b"data: [DONE]\n\n"),
            shape.status,
            "text/event-stream",
            headers,
        )
    return http(written(body, odd).replace(b"LINK", link.encode()), shape.status, headers=headers)
