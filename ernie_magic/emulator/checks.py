"""The service's checks of a request: parameters by the shared table, roles and lengths by the page.

Source: AI Studio, "大模型 API" (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ernie_magic.api import models, parameters
from ernie_magic.emulator import sight
from ernie_magic.emulator.refusals import Refusal
from ernie_magic.errors import InvalidOption

if TYPE_CHECKING:
    from ernie_magic.api.catalogue import Kind, Model
    from ernie_magic.api.parameter import Parameter, Protocol

_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[A-Za-z0-9_]+")
UNSAFE = "[[unsafe]]"
_PARTS = ("text", "image_url", "video_url")
ROLES = ("user", "assistant", "system", "function", "tool")


def count_tokens(text: str) -> int:
    """Tokens of a text by AI Studio's estimate: Chinese characters + words x 1.3 ("Usage说明")."""
    return len(_HAN.findall(text)) + int(len(_WORD.findall(_HAN.sub(" ", text))) * 1.3)


def check_model(body: dict[str, Any], kind: str) -> str:
    """The request's model.

    Raises
    ------
    Refusal
        It is missing, not allowed, unknown, or of another kind.
    """
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise Refusal("invalid_model", status=400)
    if name.startswith("forbidden"):
        raise Refusal("invalid_model", status=401)
    entry = models.find_model(name)
    if entry is None or not entry.v2:
        raise Refusal("no_such_model", f"The model {name!r} does not exist")
    if entry.kind != kind:
        raise Refusal("invalid_model", f"the model {name!r} is not a {kind} model", status=400)
    return entry.id


def check_parameters(
    body: dict[str, Any],
    kind: Kind,
    model: str,
    protocol: Protocol = "openai",
) -> dict[str, Any]:
    """The request's parameters, checked. Fields unknown to the table pass, as in the services, and
    so do those that clients follow themselves.

    Raises
    ------
    Refusal
    """
    checked: dict[str, Any] = {}
    for name, parameter in parameters.parameters_of(kind).items():
        value = body.get(name)
        if name == "model" or value is None or parameter.client_side:
            continue
        if name == "user" and value == "":
            raise Refusal("invalid_user_id")
        entry = models.find_model(model)
        if parameter.requires and entry and not entry.has_ability(parameter.requires, protocol):
            raise _refuse_parameter(parameter, model)
        if name == "stop" and isinstance(value, str):
            value = [value]
        try:
            checked[name] = parameter.check_value(value, model)
        except InvalidOption as error:
            raise Refusal("malformed_json", f"Invalid Argument: {error.line('en')}") from None
    return checked


def _refuse_parameter(parameter: Parameter, model: str) -> Refusal:
    """The refusal of a parameter that a model does not have.

    A right to it is what the penalties lack; any other is a field too many, which a 401 would tell
    as a wrong key.
    """
    told = f"the model {model} does not take {parameter.name}"
    if parameter.requires == "penalties":
        return Refusal("no_parameter_permission", told)
    return Refusal("invalid_argument", f"Invalid Argument: {told}. What to do: leave it out")


def check_messages(body: dict[str, Any], model: str) -> list[dict[str, Any]]:
    """The request's messages, checked as AI Studio's page says ("messages 说明").

    Raises
    ------
    Refusal
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refusal("invalid_messages", "the messages can not be empty")
    for message in messages:
        _check_message(message)
    _check_turns(messages)
    sight.check_images(messages, model)
    _check_safety(body, messages)
    _check_length(messages, model)
    return messages


def _check_turns(messages: list[dict[str, Any]]) -> None:
    """Check that user and assistant take turns, and that the user has the last word."""
    turns = messages
    if messages[0]["role"] == "system":
        turns = messages[1:]
    # The results of several tools follow one another.
    turns = [
        m
        for i, m in enumerate(turns)
        if not (m["role"] == "tool" and i and turns[i - 1]["role"] == "tool")
    ]
    if not turns:
        raise Refusal("invalid_messages", "the role of the last message must be user")
    for i, message in enumerate(turns):
        asks = message["role"] in ("user", "function", "tool")
        if (i % 2 == 0) != asks or message["role"] == "system":
            raise Refusal("invalid_messages", role_problem(i))
    if turns[-1]["role"] == "assistant":
        raise Refusal("invalid_messages", "the role of the last message must be user")
    if not text_of(turns[-1]).strip() and not sight.image_urls_in(turns[-1:]):
        raise Refusal("invalid_messages", "the content of the last message can not be blank")


def role_problem(i: int) -> str:
    """What is wrong with a message, counted from 0, whose role does not fit its position."""
    if i % 2:
        return "the role of message with even index in the messages must be assistant"
    return "the role of message with odd index in the messages must be user or function"


def _check_message(message: Any) -> None:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise Refusal(
            "invalid_messages", f"the role of a message must be one of {', '.join(ROLES[:3])}"
        )
    if not has_plain_texts(message):
        raise Refusal("invalid_messages", "the text of a message must be a string")
    _check_parts(message)
    calls = message.get("tool_calls") or message.get("function_call")
    if not text_of(message) and not calls and not sight.image_urls_in([message]):
        raise Refusal("invalid_messages", "the content of a message can not be empty")


def _check_parts(message: dict[str, Any]) -> None:
    """Refuse by its name a part that an answer would pass over: speech, a file."""
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and (kind := part.get("type", "text")) not in _PARTS:
            raise Refusal(
                "invalid_messages",
                f"the type of a part of a message must be one of {', '.join(_PARTS)}, "
                f"not {kind!s:.40}",
            )


def _check_safety(body: dict[str, Any], messages: list[dict[str, Any]]) -> None:
    for message in messages:
        if UNSAFE in text_of(message):
            if message["role"] == "system":
                raise Refusal("system_unsafe")
            raise Refusal("user_setting_unsafe")
    if UNSAFE in json.dumps([body.get("tools"), body.get("functions")]):
        raise Refusal("functions_unsafe")


def _check_length(messages: list[dict[str, Any]], model: str) -> None:
    _check_text_length("".join(text_of(message) for message in messages), models.find_model(model))


def _check_text_length(text: str, entry: Model | None) -> None:
    if entry and entry.max_characters and len(text) > entry.max_characters:
        raise Refusal("characters_too_long", limit=entry.max_characters)
    if entry and entry.max_input_tokens and count_tokens(text) > entry.max_input_tokens:
        raise Refusal("tokens_too_long")


def text_of(message: dict[str, Any]) -> str:
    """A message's text; if its content has parts, the text parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    if isinstance(content, str):
        return content
    return ""


def has_plain_texts(message: dict[str, Any]) -> bool:
    """Whether each text part of a message's content really holds text."""
    content = message.get("content")
    if not isinstance(content, list):
        return True
    return all(isinstance(part.get("text", ""), str) for part in content if isinstance(part, dict))


def check_texts(body: dict[str, Any], model: str) -> list[str]:
    """The texts of an embeddings call ("向量"): 1 to 16, none empty, each within the model's limit.

    Raises
    ------
    Refusal
    """
    # AI Studio's page capitalises it in the table, but not in the example.
    texts = body.get("input", body.get("Input"))
    if isinstance(texts, str):
        texts = [texts]
    if (
        not isinstance(texts, list)
        or not texts
        or not all(isinstance(text, str) and text for text in texts)
    ):
        raise Refusal("malformed_json", "Invalid Argument: input must be a list of non-empty texts")
    entry = models.find_model(model)
    max_texts = parameters.MAX_TEXTS
    if entry:
        max_texts = entry.batch
    if len(texts) > max_texts:
        raise Refusal("malformed_json", f"Invalid Argument: at most {max_texts} texts")
    for text in texts:
        _check_text_length(text, entry)
    return texts
