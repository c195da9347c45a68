"""What an event of an application of Qianfan tells: a step that failed or asks for a tool, words,
thoughts, sources, files, a question back.

Sources: "对话" on https://cloud.baidu.com/doc/qianfan-api/s/7m7wqq361, and the official client
(https://github.com/baidubce/app-builder, python/core/console/appbuilder_client/data_class.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    Event = Mapping[str, Any]

_FAILED = "error"
_NO_CODE = "app_error"
_NO_MESSAGE = "a step of the application failed"
_MESSAGE = "publish_message"
_QUESTION = "chatflow_interrupt"
# Kinds of events whose text is a thinking model's thoughts: of an agent's, and of a flow's.
_THOUGHTS = ("thought", "chat_reasoning")


class Message(NamedTuple):
    """Words that a flow says on its way.

    Attributes
    ----------
    id : str
        Of the message, else of its event; "" where neither is told.
    text : str
    """

    id: str
    text: str


def is_failed(event: Event) -> bool:
    """Whether an event reports a failure: by its code, or by its status."""
    code = values.as_name(event.get("event_code"))
    return code not in ("", "0") or event.get("event_status") == _FAILED


def describe_failure(event: Event) -> dict[str, str]:
    """Return the refusal that a failed event is."""
    code = values.as_name(event.get("event_code"))
    if code in ("", "0"):
        code = _NO_CODE
    return {"code": code, "message": values.as_name(event.get("event_message")) or _NO_MESSAGE}


def read_calls(event: Event) -> list[dict[str, Any]]:
    """Return the calls of tools that an event asks for, whose arguments are objects here."""
    calls = []
    for call in values.as_objects(event.get("tool_calls")):
        function = values.as_object(call.get("function"))
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments or {}, ensure_ascii=False)
        named = {"name": function.get("name"), "arguments": arguments}
        calls.append({"id": call.get("id"), "type": "function", "function": named})
    return calls


def read_message(event: Event) -> Message | None:
    """Return what a flow's message node says, None for any other event."""
    if event.get("content_type") != _MESSAGE:
        return None
    outputs = _outputs_of(event)
    id_ = values.as_name(outputs.get("message_id")) or values.as_name(event.get("event_id"))
    return Message(id_, values.as_text(outputs.get("message")))


def read_thoughts(event: Event) -> str:
    """Return the thoughts that an event has, "" for none."""
    if event.get("event_type") not in _THOUGHTS:
        return ""
    return values.as_text(_outputs_of(event).get("text"))


def read_question(event: Event) -> str:
    """Return the id of the question back with which a flow waits for an answer, "" for none."""
    if event.get("content_type") != _QUESTION:
        return ""
    return values.as_name(_outputs_of(event).get("interrupt_event_id"))


def read_references(event: Event) -> list[dict[str, Any]]:
    """Return the sources that an event names, as those of a search."""
    return [
        {
            "index": values.as_whole_number(reference.get("id")) or number,
            "title": values.as_name(reference.get("document_name") or reference.get("title")),
            "url": values.as_name(reference.get("url"), 2_000),
            "content": values.as_text(reference.get("content")),
            "knowledge_base": values.as_name(reference.get("knowledgebase_id")),
            "document_id": values.as_name(reference.get("document_id")),
        }
        for number, reference in enumerate(
            values.as_objects(_outputs_of(event).get("references")), start=1
        )
    ]


def _outputs_of(event: Event) -> Mapping[str, Any]:
    return values.as_object(event.get("outputs"))
