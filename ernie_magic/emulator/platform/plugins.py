"""Qianfan V1's plugins: `POST /plugin/{application}/`, and ERNIE Bot's `/erniebot/plugins` and
`/erniebot/plugin`, as calls of V1's transport.

Every application has the three plugins. The knowledge base is the demonstration's; pictures and
the weather are made up, and say so.

Sources: "千帆插件" (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/iljcncvrf) and the official client
(https://github.com/baidubce/bce-qianfan-sdk: resources/llm/plugin.py, tests/utils/mock_server.py).
"""

from __future__ import annotations

import json
import re
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from ernie_magic.api.passages import Passage
from ernie_magic.emulator import checks
from ernie_magic.emulator.cities import named_cities
from ernie_magic.emulator.platform import demo_documents
from ernie_magic.emulator.quoted_answers import answer_from_passages
from ernie_magic.emulator.refusals import request_id
from ernie_magic.emulator.relevance import rate_text
from ernie_magic.emulator.replies import generate_reply, split_into_deltas

if TYPE_CHECKING:
    from ernie_magic.emulator.calls import IncomingCall

KNOWLEDGE, PICTURE, WEATHER = "uuid-zhishiku", "uuid-chatocr", "uuid-weatherforecast"
_APPLICATION = re.compile(r"/plugin/[\w.-]+/")
_ERNIE_BOT_V1, _ERNIE_BOT_V2 = "/erniebot/plugins", "/erniebot/plugin"
_OF_ERNIE_BOT = ("eChart", "ImageAI", "ChatFile", "ChatFilePlus")
_MAX_QUERY = 1000  # characters
_MAX_CONTENT = 4800  # characters of the last message to ERNIE Bot
_MIN_SCORE = 0.4
_BAD_PARAMETER = 4_224_002
_WEATHER = re.compile(r"天气|气温|下雨|weather|rain|temperature", re.IGNORECASE)
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class _Said:
    """What a plugin says: the answer, and what it tells of itself."""

    text: str
    plugin: str = ""
    found: tuple[Passage, ...] = ()


def is_plugin_path(path: str) -> bool:
    """Whether a path of V1 is a plugin's."""
    return path in (_ERNIE_BOT_V1, _ERNIE_BOT_V2) or _APPLICATION.fullmatch(path) is not None


def handle_plugin(call: IncomingCall, path: str) -> Response:
    """Answer a call of plugins, plain or streamed."""
    call.check_rate_limit(path)
    body = call.json_object()
    if path in (_ERNIE_BOT_V1, _ERNIE_BOT_V2):
        return _answer_ernie_bot(call, body, path)
    return _answer_application(call, body)


def _refuse(message: str) -> Response:
    return JSONResponse({"error_code": _BAD_PARAMETER, "error_msg": message, "id": request_id()})


# --- applications ---------------------------------------------------------------------------------


def _answer_application(call: IncomingCall, body: dict[str, Any]) -> Response:
    query = body.get("query")
    if not isinstance(query, str) or not query.strip() or len(query) > _MAX_QUERY:
        return _refuse(f"query is a text of 1 to {_MAX_QUERY} characters")
    plugins = body.get("plugins") or []
    known = {KNOWLEDGE, PICTURE, WEATHER}
    if not isinstance(plugins, list) or len(plugins) > len(known) or not known.issuperset(plugins):
        return _refuse(f"plugins are at most {len(known)} of {', '.join(sorted(known))}")
    history = body.get("history") or []
    if not isinstance(history, list) or len(history) % 2:
        return _refuse("history has an even number of messages")
    address = body.get("fileurl")
    if address is not None and not _is_on_bos(address):
        return _refuse("fileurl is the address of a picture on BOS")
    said = _ask_plugin(call, query, list(plugins), address)
    if said is None:
        return _refuse("fileurl is required")
    return _reply(call, body, query, said)


def _is_on_bos(address: object) -> bool:
    if not isinstance(address, str):
        return False
    parts = urlsplit(address)
    is_host = (parts.hostname or "").endswith("bcebos.com")
    return is_host and parts.path.lower().endswith((".jpg", ".jpeg", ".png"))


def _ask_plugin(
    call: IncomingCall,
    query: str,
    plugins: list[str],
    address: str | None,
) -> _Said | None:
    """What the plugin says that fits a question; None where a picture is missing."""
    offered = plugins or [KNOWLEDGE, PICTURE, WEATHER]
    chinese = bool(_HAN.search(query))
    if PICTURE in offered and (address or offered == [PICTURE]):
        if address is None:
            return None
        return _Said(_describe_picture(address, chinese=chinese), PICTURE)
    is_about_weather = bool(_WEATHER.search(query))
    if WEATHER in offered and (is_about_weather or offered == [WEATHER]):
        return _Said(_tell_weather(query, call.seed, chinese=chinese), WEATHER)
    found: tuple[Passage, ...] = ()
    if KNOWLEDGE in offered:
        found = _search(query, call.seed)
    if found or offered == [KNOWLEDGE]:
        return _Said(answer_from_passages(query, found, call.seed), KNOWLEDGE, found)
    message = {"role": "user", "content": query}
    return _Said(generate_reply([message], {}, "ernie-3.5-8k", call.seed).full_text)


def _search(query: str, seed: int) -> tuple[Passage, ...]:
    """What the demonstration's documents say about a question, the best first."""
    rated = [
        Passage(content, name, rate_text(query, content, seed), demo_documents.BASE_NAME)
        for name, content in demo_documents.DOCUMENTS.items()
    ]
    good = [passage for passage in rated if (passage.score or 0.0) >= _MIN_SCORE]
    return tuple(sorted(good, key=lambda passage: -(passage.score or 0.0)))


def _describe_picture(address: str, *, chinese: bool) -> str:
    name = urlsplit(address).path.rpartition("/")[2]
    if chinese:
        return f"收到图片 {name}。内置模拟器不访问网络，没有看到它：这是模拟的回答。"
    return f"The picture {name} was received. The emulator has not seen it: this is simulated."


def _tell_weather(query: str, seed: int, *, chinese: bool) -> str:
    cities = named_cities(query)
    degrees = zlib.crc32(f"{seed}{query}".encode()) % 25 + 5
    if chinese:
        place = cities[0].zh if cities else "这里"
        return f"{place}今天多云，{degrees} 度。天气是模拟的，不是真实的预报。"
    place = cities[0].en if cities else "Here"
    return f"{place}: cloudy, {degrees} degrees. This weather is simulated, not a forecast."


def _reply(call: IncomingCall, body: dict[str, Any], query: str, said: _Said) -> Response:
    meta = _describe_plugin(query, said)
    head = {"id": request_id(), "object": "chat.completion", "created": int(time.time())}
    usage = _count(call, query, said.text)
    if body.get("stream"):
        chunks = _chunks(said.text, head, usage)
        if body.get("verbose") and said.plugin:
            chunks.insert(0, {"meta_info": meta})
        return call.stream_response([_pack(chunk) for chunk in chunks], None)
    reply: dict[str, Any] = {**head, "result": said.text, **_END, "usage": usage}
    if body.get("verbose") and said.plugin:
        reply["meta_info"] = meta
    return JSONResponse(reply)


_END = {"is_truncated": False, "need_clear_history": False, "finish_reason": "normal"}


def _describe_plugin(query: str, said: _Said) -> dict[str, Any]:
    """What `verbose` adds: which plugin was asked, and what it found."""
    responses: list[dict[str, Any]] = [
        {
            "docId": passage.title,
            "docName": passage.title,
            "kbId": demo_documents.BASE_ID,
            "kbName": passage.knowledge_base,
            "shardId": str(number),
            "shardIndex": number,
            "score": passage.score,
            "content": passage.text,
            "previous": {},
            "next": {},
        }
        for number, passage in enumerate(said.found)
    ]
    return {
        "plugin_id": said.plugin,
        "request": {"query": query, "kbIds": [demo_documents.BASE_ID], "score": 0.5, "topN": 5},
        "response": {
            "retCode": 1,
            "message": "",
            "result": {"code": 200, "message": "", "responses": responses},
            "doc_nums": len(responses),
        },
        "action": "llm",
        "action_input": [],
        "action_output": [],
    }


def _chunks(
    text: str,
    head: dict[str, Any],
    usage: dict[str, Any],
) -> list[dict[str, Any]]:
    """The chunks of an answer: the last one has its end and the usage."""
    pieces = split_into_deltas(text)
    chunks: list[dict[str, Any]] = [
        {**head, "sentence_id": number, "is_end": False, "result": piece}
        for number, piece in enumerate(pieces)
    ]
    last = {**head, "sentence_id": len(pieces), "is_end": True, "result": "", **_END}
    return [*chunks, {**last, "usage": usage}]


def _pack(chunk: dict[str, Any]) -> str:
    return json.dumps(chunk, ensure_ascii=False)


def _count(call: IncomingCall, query: str, answer: str) -> dict[str, Any]:
    asked, answered = checks.count_tokens(query), checks.count_tokens(answer)
    call.record_tokens(asked + answered)
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
    }


# --- ERNIE Bot ------------------------------------------------------------------------------------


def _answer_ernie_bot(call: IncomingCall, body: dict[str, Any], path: str) -> Response:
    messages = body.get("messages")
    if not isinstance(messages, list) or len(messages) % 2 == 0:
        return _refuse("messages are an odd number")
    query = messages[-1].get("content") if isinstance(messages[-1], dict) else None
    if not isinstance(query, str) or not 0 < len(query) <= _MAX_CONTENT:
        return _refuse(f"the last message has 1 to {_MAX_CONTENT} characters")
    plugins = body.get("plugins")
    if not isinstance(plugins, list) or not plugins or not set(plugins) <= set(_OF_ERNIE_BOT):
        return _refuse(f"plugins are some of {', '.join(_OF_ERNIE_BOT)}")
    text = generate_reply(messages, {}, "ernie-3.5-8k", call.seed).full_text
    plugin = str(plugins[0])
    head = {"id": request_id(), "object": "chat.completion", "created": int(time.time())}
    info = {
        "plugin_id": plugin,
        "plugin_req": _pack({"query": query}),
        "plugin_resp": _pack({"errCode": 0, "simulated": True}),
        "status": "1",
    }
    usage = _count(call, query, text)
    usage["plugins"] = [
        {
            "name": plugin,
            "parse_tokens": 0,
            "abstract_tokens": 0,
            "search_tokens": 0,
            "total_tokens": 0,
        }
    ]
    chunks = _chunks(text, head, usage)
    if not body.get("stream"):
        return JSONResponse({**head, "result": text, **_END, "usage": usage, "plugin_info": [info]})
    if path == _ERNIE_BOT_V1:
        chunks[0] = {**chunks[0], "plugin_info": [info]}
        return call.stream_response([_pack(chunk) for chunk in chunks], None)
    meta = {**head, "plugin_metas": [{"plugin_id": plugin}], "sentence_id": 0, "is_end": True}
    finished = {**head, **info, "sentence_id": 0, "is_end": True}
    finished["status"] = "2"
    events = [
        f"event: pluginMeta\ndata: {_pack(meta)}",
        f"event: plugin\ndata: {_pack(finished)}",
        *(f"event: chat\ndata: {_pack(chunk)}" for chunk in chunks),
    ]
    return call.stream_response(events, None)
