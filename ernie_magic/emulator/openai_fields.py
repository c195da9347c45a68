"""What OpenAI's client can send and this service does not have, where an answer without it would
pass for one with it: refused by name. Other unknown fields pass, as in the services.

Sources: OpenAI's chat (https://platform.openai.com/docs/api-reference/chat/create) and embeddings
(https://platform.openai.com/docs/api-reference/embeddings/create); Qianfan V2's chat
(https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb) and embeddings
(https://cloud.baidu.com/doc/qianfan-api/s/Fm7u3ropn).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ernie_magic.emulator.refusals import Refusal

_LEAVE_OUT = "leave it out"
_ENCODINGS = ("float", "base64")


class _Field(NamedTuple):
    """A field that is not supported, the values that ask for nothing, and what to do instead."""

    name: str
    harmless: tuple[object, ...]
    advice: str


_CHAT_FIELDS = (
    _Field("n", (1,), "leave it out, and ask once for each answer"),
    _Field("logprobs", (False,), _LEAVE_OUT),
    _Field("top_logprobs", (0,), _LEAVE_OUT),
    _Field("functions", ([],), "write the functions as tools"),
    _Field("function_call", ("auto", "none"), "write tools and tool_choice"),
    _Field("audio", (), _LEAVE_OUT),
    _Field("modalities", (["text"],), _LEAVE_OUT),
)


def check_chat_fields(body: dict[str, Any], given: dict[str, Any], model: str) -> None:
    """Refuse what a chat asks for and would not get.

    Parameters
    ----------
    given
        Its parameters, checked.

    Raises
    ------
    Refusal
    """
    for field in _CHAT_FIELDS:
        value = body.get(field.name)
        if value is not None and value not in field.harmless:
            raise _refuse_field(field.name, model, field.advice)
    _check_tool_choice(given)


def check_embedding_fields(body: dict[str, Any], model: str, dimensions: int) -> None:
    """Refuse another length or encoding of vectors than the model has.

    Raises
    ------
    Refusal
    """
    if body.get("dimensions") not in (None, dimensions):
        advice = f"leave it out (its vectors have {dimensions} dimensions)"
        raise _refuse_field("dimensions", model, advice)
    encoding = body.get("encoding_format")
    if encoding is not None and encoding not in _ENCODINGS:
        raise Refusal(
            "invalid_argument",
            f"Invalid Argument: encoding_format {encoding!s:.40} is not one of: "
            f"{' | '.join(_ENCODINGS)}. What to do: choose one of them, or leave it out",
        )


def _check_tool_choice(given: dict[str, Any]) -> None:
    choice = given.get("tool_choice")
    if not isinstance(choice, dict) or not isinstance(choice.get("function"), dict):
        return
    name = choice["function"].get("name")
    offered = [
        tool["function"].get("name")
        for tool in given.get("tools") or ()
        if isinstance(tool.get("function"), dict)
    ]
    if name not in offered:
        raise Refusal(
            "invalid_argument",
            f"Invalid Argument: tool_choice names {name!s:.60}, which is not in tools. "
            "What to do: name one of them, or write auto",
        )


def _refuse_field(name: str, model: str, advice: str) -> Refusal:
    return Refusal(
        "invalid_argument",
        f"Invalid Argument: {name} is not supported by the model {model}. What to do: {advice}",
    )
