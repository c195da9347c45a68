"""Calls of Qianfan V1's plugins: those of an application, and those of ERNIE Bot.

Sources: "千帆插件" (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/iljcncvrf) and the official client
(https://github.com/baidubce/bce-qianfan-sdk, resources/llm/plugin.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ernie_magic.api import values
from ernie_magic.api.messages import message_text
from ernie_magic.api.plugins import (
    AUTO,
    IMAGE_PLUGIN,
    MAX_QUERY,
    is_of_ernie_bot,
)
from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.wire.request import WireRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.api.messages import Message
    from ernie_magic.api.requests import ChatRequest

_ERNIE_BOT = "/erniebot/plugin"
# What an application passes on to its model.
_FOR_THE_MODEL = ("temperature", "top_p", "penalty_score")
_BOS = ".bcebos.com"
# What a plugin says of itself, and what it is told by.
_MARKS = ("meta_info", "plugin_info", "plugin_metas", "plugin_id")
META_FIELDS = (
    *_MARKS,
    "plugin_req",
    "plugin_resp",
    "request",
    "response",
    "action",
    "action_input",
    "action_output",
    "status",
)


def build_request(request: ChatRequest) -> WireRequest:
    """Build `POST /plugin/{application}/`, or `POST /erniebot/plugin` without an application.

    Raises
    ------
    UsageError
        An application is missing, or what it does not take is given.
    """
    if is_of_ernie_bot(request.plugins):
        path, body = _ERNIE_BOT, _ernie_bot_body(request)
    else:
        path, body = _app_path(request), _app_body(request)
    return WireRequest(
        "POST",
        path,
        {**body, "stream": request.stream, **request.extra},
        request.sent_model,
        request.tokens,
        request.stream,
    )


def _app_path(request: ChatRequest) -> str:
    if not request.endpoint:
        raise InvalidOption(
            Text("这些插件属于一个应用", "these plugins belong to an application"),
            advice=Text(
                "加上 --endpoint 应用服务地址末尾的名称",
                "add --endpoint with the name at the end of the application's address",
            ),
        )
    return f"/plugin/{quote(request.endpoint, safe='')}/"


def _app_body(request: ChatRequest) -> dict[str, Any]:
    *earlier, question = _without_system(request.messages)
    query = message_text(question)
    if len(query) > MAX_QUERY:
        raise InvalidMessages(
            Text(
                "插件的问题最多 {n:,} 字，这里有 {characters:,} 字",
                "a question to a plugin has at most {n:,} characters, not {characters:,}",
            ).fill(n=MAX_QUERY, characters=len(query))
        )
    # With its first line the answer tells which plugin was asked, and what it found.
    body: dict[str, Any] = {"query": query, "verbose": True}
    if AUTO not in request.plugins:
        body["plugins"] = list(request.plugins)
    if earlier:
        body["history"] = [
            {"role": message["role"], "content": message_text(message)} for message in earlier
        ]
    if picture := _find_picture(question, request.plugins):
        body["fileurl"] = picture
    given = request.parameters
    if llm := {name: given[name] for name in _FOR_THE_MODEL if name in given}:
        body["llm"] = llm
    return body


def _ernie_bot_body(request: ChatRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        "messages": [
            {"role": message["role"], "content": message_text(message)}
            for message in _without_system(request.messages)
        ],
        "plugins": list(request.plugins),
    }
    if user := request.parameters.get("user"):
        body["user_id"] = user
    return body


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """Return the messages without a system prompt, for which plugins have no field."""
    return [message for message in messages if message["role"] != "system"]


def _find_picture(question: Message, plugins: Sequence[str]) -> str:
    """Return the address of the picture that a question is about, "" for none.

    Raises
    ------
    InvalidOption
        It is not on BOS; or the plugin for pictures is given none.
    """
    content = question["content"]
    parts = content if isinstance(content, list) else []
    addresses = [
        values.as_text(values.as_object(part.get("image_url")).get("url"))
        for part in parts
        if part.get("type") == "image_url"
    ]
    is_needed = list(plugins) == [IMAGE_PLUGIN]
    if not addresses and not is_needed:
        return ""
    host = urlsplit(addresses[0]).hostname if len(addresses) == 1 else ""
    if not host or not f".{host}".endswith(_BOS):
        raise InvalidOption(
            Text(
                "图片问答插件要一张在 BOS 上的图片的网址",
                "the plugin for pictures takes the address of one picture on BOS",
            ),
            advice=Text(
                "传到百度对象存储，再写 --image https://….bcebos.com/….png",
                "upload it to Baidu Object Storage, and write --image https://….bcebos.com/….png",
            ),
        )
    return addresses[0]


def read_sources(meta: object) -> list[dict[str, Any]]:
    """Return what a plugin has found in knowledge bases, as the sources of an answer.

    Parameters
    ----------
    meta
        The field `meta_info` of a reply, or of the first line of a stream.
    """
    response = values.as_object(values.as_object(meta).get("response"))
    found = values.as_object(response.get("result")).get("responses")
    return [
        {
            "index": number,
            "title": values.as_name(each.get("docName")),
            "url": "",
            "content": values.as_text(each.get("content")),
            "knowledge_base": values.as_name(each.get("kbName") or each.get("kbId")),
            "document_id": values.as_name(each.get("docId")),
            "score": values.as_number(each.get("score")),
        }
        for number, each in enumerate(values.as_objects(found), start=1)
    ]


def is_meta(payload: Mapping[str, Any]) -> bool:
    """Whether an event is a plugin's own, or has what a plugin says of itself."""
    return any(name in payload for name in _MARKS)


def without_meta(chunk: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chunk without what a plugin says of itself: a code in there is its own."""
    return {name: value for name, value in chunk.items() if name not in META_FIELDS}
