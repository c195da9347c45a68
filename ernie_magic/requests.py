"""Requests, frozen, and the one normaliser that magic, Python call and panel go through."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic import parameters
from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Message = dict[str, Any]


@dataclass(frozen=True)
class ChatOptions:
    """What a caller says beside the prompt; None means not said. Magic, Python and panel all end up here.

    Attributes
    ----------
    parameters : dict
        Request parameters by API name.
    model, system : str | None
    stream : bool | None
    history : bool
        Whether earlier turns are sent and this one is kept.
    extra : dict
        Fields the table does not know.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    system: str | None = None
    stream: bool | None = None
    history: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ChatRequest:
    """A chat call as it will be sent.

    Attributes
    ----------
    model : str
    messages : tuple of dict
        `role`, `content` and perhaps `name`.
    parameters : dict
        Only what was given, checked against the table; an absent one leaves the service its default.
    extra : dict
        Fields the table does not know, sent as they are.
    stream : bool
    """

    model: str
    messages: tuple[Message, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    stream: bool = True

    @property
    def prompt(self) -> str:
        """The text of the last message."""
        content = self.messages[-1]["content"]
        return content if isinstance(content, str) else ""


def chat_request(
    messages: Sequence[Mapping[str, Any]],
    *,
    model: str,
    given: Mapping[str, Any],
    extra: Mapping[str, Any] | None = None,
    stream: bool = True,
    strict: bool = True,
) -> ChatRequest:
    """The request for these messages, checked before anything is sent.

    Parameters
    ----------
    messages
        In the order they are sent.
    model
        Sent as it is; the catalogue only adds rules for ids it knows.
    given
        Parameters by API name; None means not given.
    extra
        Fields the table does not know.
    strict
        The table's ranges are the service's. A server of another make has its own: there only types are checked.

    Raises
    ------
    InvalidOption
        A parameter is unknown, out of range or not for this model.
    InvalidMessages
        Empty content, an unknown role or a wrong order of roles (seed 000, "message 说明").
    """
    table = parameters.of("chat")
    checked: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        if name not in table or name == "model":
            raise parameters.unknown(name, table)
        checked[name] = table[name].check(value, model, strict=strict)
    for name in extra or {}:
        if name in table or name in ("messages", "stream"):
            raise InvalidOption(Text("{name} 不能作为额外字段", "{name} cannot be an extra field").fill(name=name),
                                advice=Text("它有自己的选项，那里会检查取值", "it has an option of its own, where its value is checked"))
    _check_sendable([list(messages), checked, dict(extra or {})])
    in_order = {name: checked[name] for name in table if name in checked}
    return ChatRequest(model, tuple(_checked_messages(messages)), in_order, dict(extra or {}), stream)


def _checked_messages(messages: Sequence[Mapping[str, Any]]) -> list[Message]:
    found = [dict(message) for message in messages]
    if not found:
        raise _empty_prompt()
    for message in found:
        content = message.get("content")
        if not content and not message.get("tool_calls") and not message.get("function_call"):
            raise _empty_prompt() if message is found[-1] else InvalidMessages(
                Text("第 {n} 条消息内容为空", "message {n} is empty").fill(n=found.index(message) + 1))
    last = found[-1].get("content")
    if isinstance(last, str) and not last.strip():
        raise _empty_prompt()
    _check_roles([str(message.get("role")) for message in found])
    return found


def _check_roles(roles: list[str]) -> None:
    turns = roles[1:] if roles[0] == "system" else roles
    asks = ("user", "function", "tool")
    for i, role in enumerate(turns):
        # A tool's results may be several messages in a row; everything else alternates.
        fits = role in asks if i % 2 == 0 else role == "assistant" or "tool" in turns
        if not fits:
            raise InvalidMessages(
                Text("消息的角色顺序不对：{roles}", "the roles are in a wrong order: {roles}").fill(roles=" → ".join(roles)),
                advice=Text("应为 [system →] user → assistant → user …", "use [system →] user → assistant → user …"))
    if not turns or turns[-1] not in asks:
        raise InvalidMessages(Text("最后一条消息必须来自 user", "the last message must be from user"))


def _check_sendable(parts: list[Any]) -> None:
    try:
        json.dumps(parts, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise InvalidMessages(Text("提示词里有半个字符（孤立的代理项）", "the prompt holds half a character (a lone surrogate)"),
                              advice=Text("检查文本的来源编码", "check how the text was decoded")) from None
    except (TypeError, ValueError, RecursionError):
        raise InvalidOption(Text("有的值不能写成 JSON", "a value cannot be written as JSON"),
                            advice=Text("只用文本、数字、真假、列表和字典", "use texts, numbers, booleans, lists and dicts")) from None


def _empty_prompt() -> InvalidMessages:
    return InvalidMessages(Text("提示词为空", "the prompt is empty"),
                           advice=Text("在 %%ernie 下面一行写上问题", "write the question on the lines below %%ernie"))
