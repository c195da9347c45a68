"""The messages of a chat: what they contain, and the rules that they are checked against."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ernie_magic.api import models
from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.api.values import as_objects
from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.redact import holds_key
from ernie_magic.text.tokens import RULE, estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ernie_magic.api.parameter import Rules

Message = dict[str, Any]
Part = dict[str, Any]  # of a message's content: `{"type": "text" | "image_url", …}`


def message_text(message: Mapping[str, Any]) -> str:
    """Return a message's text; of content in parts, the text parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(
            part["text"]
            for part in content
            if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    if isinstance(content, str):
        return content
    return ""


def _are_tool_calls(calls: object) -> bool:
    return isinstance(calls, list) and all(
        isinstance(call, dict) and isinstance(call.get("function"), dict) for call in calls
    )


def count_pictures(messages: Iterable[Mapping[str, Any]]) -> int:
    """Return how many pictures the messages contain."""
    return sum(
        isinstance(part, dict) and part.get("type") == "image_url"
        for message in messages
        if isinstance(message.get("content"), list)
        for part in message["content"]
    )


def turns_to_drop(
    model: str,
    turns: Sequence[Sequence[Mapping[str, Any]]],
    rest: Sequence[Mapping[str, Any]],
    max_input_tokens: int | None = None,
) -> int:
    """Return how many of the oldest turns must be dropped to stay within a model's longest input.

    Characters are counted; tokens are estimated (`ernie_magic.text.tokens`).

    Parameters
    ----------
    turns
        Each turn's messages, oldest first.
    rest
        The system prompt and the new prompt, which always stay.
    max_input_tokens
        The model's longest input by the live list, None where that does not say.
    """
    max_characters = sys.maxsize
    max_tokens = max_input_tokens or sys.maxsize
    if entry := models.find_model(model):
        max_characters = entry.max_characters or sys.maxsize
        max_tokens = max_input_tokens or entry.max_input_tokens or sys.maxsize
    characters = tokens = 0
    for turns_kept, messages in enumerate([rest, *reversed(turns)]):
        texts = [message_text(message) for message in messages]
        characters += sum(map(len, texts))
        tokens += _estimate_all(texts)
        if turns_kept and (characters > max_characters or tokens > max_tokens):
            return len(turns) - (turns_kept - 1)
    return 0


def estimate_messages(messages: Iterable[Mapping[str, Any]]) -> int:
    """Return the tokens of messages as `turns_to_drop` estimates them."""
    return _estimate_all(map(message_text, messages))


def _estimate_all(texts: Iterable[str]) -> int:
    """Estimate the tokens of messages: one by one, so that what fits with fewer turns passes the
    check of the whole.
    """
    return sum(map(estimate_tokens, texts))


def check_messages(messages: Sequence[Mapping[str, Any]], rules: Rules) -> list[Message]:
    """Return copies of the messages, if they have content and their roles are in order.

    Raises
    ------
    InvalidMessages
    """
    checked = [dict(message) for message in messages]
    if not checked:
        raise _empty_prompt_error()
    for n, message in enumerate(checked, start=1):
        if not _are_tool_calls(message.get("tool_calls") or []):
            raise InvalidMessages(
                Text(
                    "第 {n} 条消息的 tool_calls 不对", "the tool_calls of message {n} are malformed"
                ).fill(n=n)
            )
        if any(message.get(field) for field in ("content", "tool_calls", "function_call")):
            continue
        if n == len(checked):
            raise _empty_prompt_error()
        raise InvalidMessages(Text("第 {n} 条消息内容为空", "message {n} is empty").fill(n=n))
    last = checked[-1].get("content")
    if (
        isinstance(last, (str, list))
        and not message_text(checked[-1]).strip()
        and (isinstance(last, str) or rules.strict)
    ):
        raise _empty_prompt_error()
    if rules.strict:  # a server of another make has its own rules
        _check_roles([str(message.get("role")) for message in checked])
        _check_tool_results(checked, rules)
    return checked


def _check_tool_results(messages: Sequence[Message], rules: Rules) -> None:
    """Check that each tool's result says which call it belongs to ("message 说明" on
    https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb). Qianfan V1 has no ids.
    """
    if rules.protocol == "qianfan-v1":
        return
    given: set[str] = set()
    for n, message in enumerate(messages, start=1):
        given.update(
            id_
            for call in as_objects(message.get("tool_calls"))
            if isinstance(id_ := call.get("id"), str)
        )
        id_ = message.get("tool_call_id")
        if message.get("role") != "tool":
            continue
        if not (isinstance(id_, str) and id_.strip()):
            raise _bad_tool_call_id(_NO_TOOL_CALL_ID.fill(n=n))
        if given and id_ not in given:
            raise _bad_tool_call_id(_OTHER_TOOL_CALL_ID.fill(n=n, id=f"{id_:.60}"))


WRITE_PROMPT = Text("写上提示词", "write a prompt")
_NO_TOOL_CALL_ID = Text(
    "第 {n} 条消息（role: tool）缺少 tool_call_id", "message {n} (role: tool) has no tool_call_id"
)
_OTHER_TOOL_CALL_ID = Text(
    "第 {n} 条消息（role: tool）的 tool_call_id {id} 不是之前 tool_calls 里的",
    "message {n} (role: tool) has the tool_call_id {id}, which no call before it has",
)


def _bad_tool_call_id(what: Text) -> InvalidMessages:
    return InvalidMessages(
        what,
        advice=Text(
            "写上模型在 tool_calls 里给的 id",
            "give the id that the model gave in tool_calls",
        ),
    )


def check_vision(
    messages: Sequence[Message],
    model: str,
    rules: Rules,
    endpoint: str = "",
) -> None:
    """Check that only models with vision are sent pictures.

    Parameters
    ----------
    endpoint
        The deployed service that is asked: on Qianfan V1 one of the kind image2text takes a
        picture.

    Raises
    ------
    InvalidOption
    """
    if not rules.strict or not count_pictures(messages):
        return
    entry = models.find_model(model)
    is_v1 = rules.protocol == "qianfan-v1"
    if is_v1:
        sees = bool(endpoint) or bool(entry and entry.has_ability("vision", rules.protocol))
    else:
        sees = entry is None or "vision" in entry.capabilities
    if not sees:
        raise InvalidOption(
            Text("{model} 不支持图片输入", "{model} does not take pictures").fill(
                model=Text("千帆 V1", "Qianfan V1") if is_v1 else model
            ),
            advice=Text(
                "换一个支持的模型：{choices}；图片若在历史里，可 %ernie reset",
                "use a model that does: {choices}; if the pictures are in the history, "
                "%ernie reset",
            ).fill(choices=", ".join(_vision_models())),
        )


def _vision_models() -> list[str]:
    return [entry.id for entry in CATALOGUE if "vision" in entry.capabilities and entry.v2]


def _check_roles(roles: list[str]) -> None:
    turns = list(roles)
    if turns[0] == "system":
        turns = turns[1:]
    asks = ("user", "function", "tool")
    # The results of several tools follow each other; everything else alternates.
    turns = [
        role
        for i, role in enumerate(turns)
        if not (role == "tool" and i and turns[i - 1] == "tool")
    ]
    for i, role in enumerate(turns):
        is_answer = i % 2 == 1
        if (is_answer and role != "assistant") or (not is_answer and role not in asks):
            raise InvalidMessages(
                Text(
                    "消息的角色顺序不对：{roles}", "the roles are in the wrong order: {roles}"
                ).fill(roles=" → ".join(roles)),
                advice=Text(
                    "应为 [system →] user → assistant → user …",
                    "use [system →] user → assistant → user …",
                ),
            )
    if not turns or turns[-1] not in asks:
        raise InvalidMessages(
            Text("最后一条消息必须来自 user", "the last message must be from user")
        )


def check_sendable(parts: list[Any]) -> None:
    """Check that this can be written as JSON in UTF-8 and contains no key: whoever receives a
    prompt keeps its content.

    Raises
    ------
    InvalidMessages, InvalidOption
    """
    try:
        written = json.dumps(parts, ensure_ascii=False, allow_nan=False)
        written.encode()
    except UnicodeEncodeError:
        raise InvalidMessages(
            Text(
                "文本里有半个字符（孤立的代理项）",
                "the text contains half a character (a lone surrogate)",
            ),
            advice=Text("检查文本的来源编码", "check how the text was decoded"),
        ) from None
    except (TypeError, ValueError, RecursionError):
        raise InvalidOption(
            Text("有的值不能写成 JSON", "a value cannot be written as JSON"),
            advice=Text(
                "只用文本、数字、真假、列表和字典", "use texts, numbers, booleans, lists and dicts"
            ),
        ) from None
    if holds_key(written):
        raise InvalidMessages(
            Text(
                "要发送的内容里有密钥，没有发送", "the request contains a key, so nothing was sent"
            ),
            Text(
                "提示词里的变量是密钥，或它还在对话历史里",
                "a variable in the prompt contains the key, or it is in the history",
            ),
            Text(
                "去掉它；在历史里的，用 %ernie reset 清空",
                "remove it; if it is in the history, %ernie reset clears that",
            ),
        )


def check_text(prompt: object) -> None:
    """Check that this is a text and not blank.

    Raises
    ------
    InvalidMessages
    """
    if not isinstance(prompt, str):
        raise InvalidMessages(
            Text("这里要文本，不是 {kind}", "a text is expected here, not {kind}").fill(
                kind=type(prompt).__name__
            )
        )
    if not prompt.strip():
        raise _empty_prompt_error()


def check_chat_length(
    texts: Sequence[str],
    model: str,
    rules: Rules,
    max_input_tokens: int | None = None,
) -> None:
    """Check that a model takes these texts, by characters and by estimated tokens.

    Parameters
    ----------
    max_input_tokens
        The model's longest input by the live list, None where that does not say.

    Raises
    ------
    InvalidMessages
    """
    check_length(sum(map(len, texts)), model, rules)
    entry = models.find_model(model)
    limit = max_input_tokens or (entry.max_input_tokens if entry else None)
    if not rules.strict or not limit:
        return
    if sum(map(len, texts)) <= limit // 2:
        return  # by the rule a character has at most 1.15 tokens
    tokens = _estimate_all(texts)
    if tokens > limit:
        raise InvalidMessages(
            Text(
                "输入约有 {n} token（{rule}），{model} 最多 {most} 个",
                "the input has about {n} tokens ({rule}); {model} takes at most {most}",
            ).fill(n=tokens, rule=RULE, model=model, most=limit),
            advice=Text(
                "缩短它，或换一个上限更大的模型；估算偏高时可用 ernie.wire.post 直接发送",
                "shorten it, or use a model that takes more; where the estimate is too high, "
                "ernie.wire.post sends it as it is",
            ),
        )


def check_length(characters: int, model: str, rules: Rules, subject: Text | None = None) -> None:
    """Check that a model takes this many characters.

    Raises
    ------
    InvalidMessages
    """
    entry = models.find_model(model)
    if rules.strict and entry and entry.max_characters and characters > entry.max_characters:
        raise too_long_error(
            subject or Text("输入", "the input"), characters, entry.max_characters, model
        )


def too_long_error(subject: Text, characters: int, limit: int, model: str = "") -> InvalidMessages:
    """Return the error for a text of more characters than a model, or any service, takes."""
    taker = untranslated("")
    if model:
        taker = Text(f"{model} ", f"{model} takes ")
    return InvalidMessages(
        Text(
            "{subject}有 {n} 个字符，{model}最多 {most} 个",
            "{subject} has {n} characters; {model}at most {most}",
        ).fill(subject=subject, n=characters, most=limit, model=taker),
        advice=Text("缩短它，或换一个上限更大的模型", "shorten it, or use a model that takes more"),
    )


def _empty_prompt_error() -> InvalidMessages:
    return InvalidMessages(Text("提示词为空", "the prompt is empty"), advice=WRITE_PROMPT)
