"""Calls of the official client, in a process of their own.

The client reads its settings only once, and its threads never end. Usage: python qianfan_calls.py
v1|v2. Prints one JSON object per call to standard output.
"""

import asyncio
import json
import os
import sys

import qianfan
from qianfan import errors

from tests.emulator import batch_calls, service_calls, tuning_calls

HI = [{"role": "user", "content": "[[echo]]你好, hi"}]
WEATHER = {
    "name": "get_current_weather",
    "description": "天气查询工具",
    "parameters": {
        "type": "object",
        "required": ["location"],
        "properties": {"location": {"type": "string", "description": "地理位置"}},
    },
}
ASK = {"role": "user", "content": "你好,我想知道明天北京的天气怎么样"}


def said(call, **facts):
    print(json.dumps({"call": call, **facts}, ensure_ascii=False), flush=True)


def v1():
    chat = qianfan.ChatCompletion()
    body = chat.do(model="ERNIE-Speed-8K", messages=HI).body
    said("chat", result=body["result"], usage=body["usage"], keys=sorted(body))
    pieces = [piece.body for piece in chat.do(model="ERNIE-Speed-8K", messages=HI, stream=True)]
    said(
        "stream",
        text="".join(piece["result"] for piece in pieces),
        ends=[piece["is_end"] for piece in pieces],
        ids=[piece["sentence_id"] for piece in pieces],
        usage=pieces[-1]["usage"],
    )
    said("deployed", result=chat.do(endpoint="your_custom_endpoint", messages=HI).body["result"])
    said(
        "system",
        result=chat.do(model="ERNIE-3.5-8K", messages=[ASK], system="你是助手").body["result"],
    )
    called = chat.do(model="ERNIE-3.5-8K", messages=[ASK], functions=[WEATHER]).body
    said("function", call_of=called["function_call"])
    again = chat.do(
        model="ERNIE-3.5-8K",
        functions=[WEATHER],
        messages=[
            ASK,
            {"role": "assistant", "content": "", "function_call": called["function_call"]},
            {"role": "function", "name": WEATHER["name"], "content": '{"temperature": "20"}'},
        ],
    ).body
    said("function result", result=again["result"])
    said(
        "completion",
        result=qianfan.Completion()
        .do(model="SQLCoder-7B", prompt="[[echo]]select 1")
        .body["result"],
    )
    vectors = (
        qianfan.Embedding().do(model="Embedding-V1", texts=["推荐一些美食", "给我讲个故事"]).body
    )
    said(
        "embedding",
        sizes=[len(item["embedding"]) for item in vectors["data"]],
        usage=vectors["usage"],
    )
    pictures = qianfan.Text2Image().do(prompt="一只白猫，红帽子", size="768x768", n=1).body
    said("image", sizes=[len(item["b64_image"]) for item in pictures["data"]])
    said(
        "tokens",
        remote=qianfan.Tokenizer().count_tokens("你好 hello", mode="remote", model="ernie-3.5-8k"),
    )
    said("rerank", results=qianfan.Reranker().do("猫", ["狗喜欢骨头", "猫喜欢鱼"]).body["results"])
    plugin = qianfan.Plugin(endpoint="my_app")
    asked = {"plugins": ["uuid-zhishiku"], "verbose": True}
    whole = plugin.do("咖啡豆拆封后能退吗？", **asked).body
    pieces = [piece.body for piece in plugin.do("咖啡豆拆封后能退吗？", stream=True, **asked)]
    said(
        "plugin",
        result=whole["result"],
        found=[each["docName"] for each in whole["meta_info"]["response"]["result"]["responses"]],
        first=list(pieces[0]),
        text="".join(piece.get("result", "") for piece in pieces),
    )
    bot = [
        piece.body for piece in qianfan.Plugin("EBPluginV2").do(HI, plugins=["eChart"], stream=True)
    ]
    said(
        "plugin of ERNIE Bot",
        events=list(dict.fromkeys(piece["_event"] for piece in bot)),
        text="".join(piece.get("result", "") for piece in bot),
        older=qianfan.Plugin().do(HI, plugins=["eChart"]).body["result"],
    )
    try:
        chat.do(model="ERNIE-Speed-8K", messages=[*HI, *HI])
    except errors.APIError as error:
        said("refused", code=error.error_code)


async def stream(client):
    pieces = await client.chat.completions.acreate(model="ernie-3.5-8k", messages=HI, stream=True)
    return [piece async for piece in pieces]


def v2():
    client = qianfan.Qianfan()
    # First: once it has learned a limit from an answer's headers, it waits on another event loop.
    pieces = asyncio.run(stream(client))
    said(
        "async stream",
        text="".join(piece.choices[0].delta.content or "" for piece in pieces),
        usage=[piece.usage for piece in pieces if piece.usage],
    )
    answer = client.chat.completions.create(model="ernie-3.5-8k", messages=HI)
    said(
        "chat",
        result=answer.choices[0].message.content,
        finish=answer.choices[0].finish_reason,
        usage=answer.usage.total_tokens,
    )
    pieces = list(
        client.chat.completions.create(
            model="ernie-3.5-8k", messages=HI, stream=True, stream_options={"include_usage": True}
        )
    )
    said(
        "stream",
        text="".join(piece.choices[0].delta.content or "" for piece in pieces),
        usage=pieces[-1].usage.total_tokens,
    )
    tools = [{"type": "function", "function": WEATHER}]
    called = client.chat.completions.create(
        model="ernie-3.5-8k", messages=[ASK], tools=tools
    ).choices[0]
    tool_call = called.message.tool_calls[0]
    said(
        "tool",
        name=tool_call.function.name,
        arguments=tool_call.function.arguments,
        finish=called.finish_reason,
    )
    again = client.chat.completions.create(
        model="ernie-3.5-8k",
        tools=tools,
        messages=[
            ASK,
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {
                        "id": tool_call.id,
                        "type": "function",
                        "function": {
                            "name": tool_call.function.name,
                            "arguments": tool_call.function.arguments,
                        },
                    }
                ],
            },
            {
                "role": "tool",
                "tool_call_id": tool_call.id,
                "name": tool_call.function.name,
                "content": '{"temperature": "20"}',
            },
        ],
    )
    said("tool result", result=again.choices[0].message.content)
    if "QIANFAN_ACCESS_KEY" in os.environ:
        tuning_calls.call_all(said)
        service_calls.call_all(said)
        batch_calls.call_all(said)


if __name__ == "__main__":
    try:
        {"v1": v1, "v2": v2}[sys.argv[1]]()
    except Exception as error:  # noqa: BLE001
        said("failed", error=type(error).__name__, message=str(error)[:300])
    sys.stdout.flush()
    os._exit(0)
