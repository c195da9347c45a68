"""What the API's messages, the form in which other programs keep a conversation, become as turns:
prompts and their answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import values
from ernie_magic.api.messages import count_pictures, message_text
from ernie_magic.api.requests import ChatRequest
from ernie_magic.api.results import Answer
from ernie_magic.calls.chat.attachments import attach_pictures
from ernie_magic.errors import InvalidMessages
from ernie_magic.text.language import Text
from ernie_magic.text.paragraphs import join_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.api.messages import Message, Part

_SYSTEM_ROLES = ("system", "developer")
_RESULT_ROLES = ("tool", "function")
_CALL_FIELDS = ("name", "arguments")

_NO_MESSAGES = Text(
    "这里要消息列表或各轮对话，不是 {kind}",
    "a list of messages or turns is expected here, not {kind}",
)
_WRITE_MESSAGES = Text(
    '写成 [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]',
    'write [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]',
)
_UNANSWERED = Text("第 {n} 条消息（user）后面没有回答", "message {n} (user) has no answer after it")
_ASK_IT = Text(
    "去掉它，再用 ernie.chat(…) 发送：问答会一起记入历史",
    "leave it out, and send it by ernie.chat(…), which adds it with its answer",
)
_NO_PROMPT = Text(
    "第 {n} 条消息（{role}）前面没有提示词", "message {n} ({role}) has no prompt before it"
)
_IN_ORDER = Text("应为 user → assistant → user …", "use user → assistant → user …")
_EMPTY = Text("第 {n} 条消息内容为空", "message {n} is empty")
_UNKNOWN_ROLE = Text("第 {n} 条消息的 role 是 {role}", "message {n} has the role {role}")
_SYSTEM_ELSEWHERE = Text(
    "系统提示词写成 ernie.conversation.system = …",
    "a system prompt is set by ernie.conversation.system = …",
)
_UNKNOWN_PART = Text(
    "第 {n} 条消息里有 {kind}，对话只能有文本和图片",
    "message {n} has a part of the kind {kind}; a conversation has texts and pictures",
)
_NO_ADDRESS = Text(
    "第 {n} 条消息里有没有地址的图片", "message {n} has a picture without an address"
)
_BAD_CALLS = Text("第 {n} 条消息的 tool_calls 不对", "the tool_calls of message {n} are malformed")


class Exchange(NamedTuple):
    """A prompt and its answer; see `Turn`."""

    prompt: str
    answer: Answer
    rounds: tuple[Message, ...]
    images: tuple[Part, ...]


def check_items(given: object) -> list[Any]:
    """Return the turns or messages of a list of them.

    Raises
    ------
    InvalidMessages
        It is none: a text, say, or a single message.
    """
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise InvalidMessages(_NO_MESSAGES.fill(kind=type(given).__name__), advice=_WRITE_MESSAGES)
    return list(given)


def split_system_prompt(given: object) -> tuple[str | None, list[Any]]:
    """Return the system prompt that a list of messages begins with, None where there is none, and
    the rest; see `check_items`.
    """
    items = check_items(given)
    if items and (first := _read_message(items[0])).get("role") in _SYSTEM_ROLES:
        return message_text(first), items[1:]
    return None, items


def read_exchanges(messages: Iterable[object], first: int = 1) -> Iterator[Exchange]:
    """Iterate over what messages form: prompts and their answers.

    Parameters
    ----------
    first
        The number of the first message, for errors.

    Raises
    ------
    InvalidMessages
        A message has no answer, or no prompt before it, or a role that no turn has.
    InvalidOption
        A picture cannot be used.
    """
    pending: list[Message] = []  # a prompt, and what came after it so far
    asked_at = 0
    for n, item in enumerate(messages, start=first):
        message = _read_message(item)
        role = message.get("role")
        if role == "user":
            if pending:
                raise InvalidMessages(_UNANSWERED.fill(n=asked_at), advice=_ASK_IT)
            pending = [_read_prompt(message, n)]
            asked_at = n
        elif role not in ("assistant", *_RESULT_ROLES):
            raise _bad_role(item, role, n)
        elif not pending:
            raise InvalidMessages(_NO_PROMPT.fill(n=n, role=role), advice=_IN_ORDER)
        elif role in _RESULT_ROLES or message.get("tool_calls") or message.get("function_call"):
            pending.append(_read_round(message, n))
        else:
            yield _make_exchange(pending, message, n)
            pending = []
    if pending:
        raise InvalidMessages(_UNANSWERED.fill(n=asked_at), advice=_ASK_IT)


def _read_message(item: object) -> Message:
    """Return a message as a dictionary, also one of an OpenAI client's answer; {} for others."""
    if isinstance(item, Mapping):
        return dict(item)
    if hasattr(item, "role") and hasattr(item, "model_dump"):
        return dict(item.model_dump(exclude_none=True))
    return {}


def _bad_role(item: object, role: object, n: int) -> InvalidMessages:
    if role in _SYSTEM_ROLES:
        return InvalidMessages(_UNKNOWN_ROLE.fill(n=n, role=role), advice=_SYSTEM_ELSEWHERE)
    if isinstance(item, Mapping) and role:
        return InvalidMessages(_UNKNOWN_ROLE.fill(n=n, role=f"{role!r:.40}"), advice=_IN_ORDER)
    return InvalidMessages(
        _NO_MESSAGES.fill(kind=f"list[{type(item).__name__}]"), advice=_WRITE_MESSAGES
    )


def _read_prompt(message: Message, n: int) -> Message:
    """Return a prompt as the documents write it."""
    content = attach_pictures(message).get("content")
    if not isinstance(content, list):
        if text := str(message_text(message)):
            return {"role": "user", "content": text}
        raise InvalidMessages(_EMPTY.fill(n=n))
    for part in content:
        kind = values.as_object(part).get("type")
        if kind not in ("text", "image_url"):
            raise InvalidMessages(_UNKNOWN_PART.fill(n=n, kind=f"{kind!r:.40}"))
    if not (message_text(message) or count_pictures([message])):
        raise InvalidMessages(_EMPTY.fill(n=n))
    return {"role": "user", "content": [_write_address(part, n) for part in content]}


def _image_parts(prompt: Message) -> Iterator[Part]:
    if isinstance(prompt["content"], list):
        yield from (part for part in prompt["content"] if part["type"] == "image_url")


def _write_address(part: Part, n: int) -> Part:
    """Return a part with a picture's address in an object; some write it as a text."""
    if part["type"] != "image_url":
        return part
    given = part.get("image_url")
    address = values.as_object(given).get("url", given)
    if not isinstance(address, str):
        raise InvalidMessages(_NO_ADDRESS.fill(n=n))
    return {**part, "image_url": {**values.as_object(given), "url": address}}


def read_rounds(messages: Iterable[object]) -> tuple[Message, ...]:
    """Return calls of tools, each with its results behind it, as a saved turn has them between its
    prompt and its answer; () where one of them is anything else: services refuse half of a round.
    """
    read: list[Message] = []
    unanswered = 0
    for n, item in enumerate(messages, start=1):
        message = _read_message(item)
        calls = values.as_list(message.get("tool_calls"))
        if values.as_object(message.get("function_call")):  # Qianfan V1's, one at a time
            calls = [message["function_call"]]
        if message.get("role") == "assistant" and calls and not unanswered:
            unanswered = len(calls)
        elif message.get("role") in _RESULT_ROLES and unanswered:
            unanswered -= 1
        else:
            return ()
        try:
            read.append(_read_round(message, n))
        except InvalidMessages:
            return ()
    return () if unanswered else tuple(read)


def _read_round(message: Message, n: int) -> Message:
    """Return a call of tools, or a tool's result, with all that a turn's rounds have."""
    for call in values.as_list(message.get("tool_calls")):
        function = values.as_object(values.as_object(call).get("function"))
        if not all(isinstance(function.get(field), str) for field in _CALL_FIELDS):
            raise InvalidMessages(_BAD_CALLS.fill(n=n))
    return {**message, "content": str(message_text(message))}


def _make_exchange(pending: Sequence[Message], reply: Message, n: int) -> Exchange:
    prompt, *rounds = pending
    last_text = str(message_text(reply))
    if not last_text:
        raise InvalidMessages(_EMPTY.fill(n=n))
    said = [message["content"] for message in rounds if message["role"] == "assistant"]
    answer = Answer(join_parts([*said, last_text]), ChatRequest(model="", messages=(prompt,)))
    return Exchange(message_text(prompt), answer, tuple(rounds), tuple(_image_parts(prompt)))
