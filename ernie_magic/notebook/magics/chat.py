"""The first line of `%%ernie`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.api import parameters
from ernie_magic.api.requests import ChatOptions
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import named
from ernie_magic.notebook.magics.options import (
    AS,
    ENDPOINT,
    PARAM,
    VERBATIM,
    Grammar,
    Option,
    extra_fields,
)
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import near

if TYPE_CHECKING:
    from collections.abc import Mapping

CHAT = Grammar(
    "%%ernie",
    "chat",
    (
        Option("system", Text("系统提示词（system 消息）", "system prompt"), takes="TEXT"),
        AS,
        ENDPOINT,
        Option(
            "image",
            Text(
                "给模型看的图片：变量（图片、matplotlib 图、数组）、文件或网址，可重复",
                "a picture for the model to see: a variable (picture, matplotlib figure, array), "
                "a file or an address; may be repeated",
            ),
            takes="NAME_OR_FILE",
            repeats=True,
        ),
        Option("session", Text("使用名为 NAME 的对话", "use the conversation NAME"), "-s", "NAME"),
        Option(
            "no_history", Text("不带历史，也不记入历史", "send no earlier turns and record none")
        ),
        Option("no_stream", Text("一次性返回", "ask for the answer in one piece")),
        Option("raw", Text("显示原文，不渲染 Markdown", "show the text as it is, not as Markdown")),
        VERBATIM,
        PARAM,
    ),
)


@dataclass(frozen=True)
class ChatLine:
    """The parsed first line of `%%ernie`."""

    chat: ChatOptions
    as_name: str = ""
    session: str = ""
    raw: bool = False
    verbatim: bool = False


def chat_line(line: str, namespace: Mapping[str, Any]) -> ChatLine:
    """Parse a `%%ernie` line; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
        An unknown option (the closest is named), a missing or malformed value.
    """
    said = CHAT.read(line, namespace)
    given = {
        **CHAT.given(said),
        **{
            p.name: _tools(said[p.name], namespace, p)
            for p in parameters.of("chat").values()
            if p.type == "tools" and said[p.name] is not None
        },
    }
    chat = ChatOptions(
        given,
        said["model"],
        said["system"],
        False if said["no_stream"] else None,
        not said["no_history"],
        dict(extra_fields(said["param"] or [])),
        said["endpoint"] or "",
        images=[named(word, namespace) for word in said["image"]] if said["image"] else None,
    )
    return ChatLine(chat, said["as"] or "", said["session"] or "", said["raw"], said["verbatim"])


def _tools(
    words: list[str], namespace: Mapping[str, Any], parameter: parameters.Parameter
) -> list[Any]:
    """Tools by the names of variables (a function, a tool, a list of both), or as JSON."""
    found = []
    for word in (
        part.strip()
        for words_ in words
        for part in ([words_] if words_.lstrip().startswith(("{", "[")) else words_.split(","))
    ):
        if word.startswith(("{", "[")):
            found.append(parameter.parse(word))
        elif word in namespace:
            found.append(namespace[word])
        else:
            close = near(
                word,
                [
                    name
                    for name, value in namespace.items()
                    if callable(value) and not name.startswith("_")
                ],
                1,
            )
            raise InvalidOption(
                Text("{option}：没有叫 {name} 的变量", "{option}: no variable {name}").fill(
                    option=parameter.option, name=word
                ),
                advice=Text("是不是 {close}？", "did you mean {close}?").fill(close=close[0])
                if close
                else Text("先在前面的单元格里定义函数", "define the function in a cell above"),
            )
    return found
