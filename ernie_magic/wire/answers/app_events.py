"""What an event of an application of Qianfan tells: a step that failed or asks for a tool, words,
thoughts, sources, files, a question back.

Sources: "对话" on https://cloud.baidu.com/doc/qianfan-api/s/7m7wqq361, and the official client
(https://github.com/baidubce/app-builder, python/core/console/appbuilder_client/data_class.py).
"""

from __future__ import annotations

import json
import mimetypes
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ernie_magic.api import values
from ernie_magic.text.redact import redact_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    Event = Mapping[str, Any]

_FAILED = "error"
_DONE = "done"
_NO_CODE = "app_error"
_NO_MESSAGE = "a step of the application failed"
_PICTURES = ("image", "images")
_FILES = ("files", "file", "audio", "video", "urls")
_LINKS = ("url", "download_url", "link", "href")  # fields of an object that tells of a file
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_MAX_LINK = 8192  # characters
_MAX_EVENTS = 1000  # of a stream
_MESSAGE = "publish_message"
_SUGGESTION = "FollowUpQuery"
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
    """Whether an event reports a failure: by its code, or by its status. Suggesting the next
    questions is no part of the answer.
    """
    if event.get("event_type") == _SUGGESTION:
        return False
    code = values.as_name(event.get("event_code"))
    return code not in ("", "0") or event.get("event_status") == _FAILED


def is_done(event: Event) -> bool:
    """Whether an event ends its step."""
    return event.get("event_status") == _DONE


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


def read_text(event: Event) -> str:
    """Return the words of a step that has a text, and is neither a message nor thoughts."""
    if event.get("content_type") != "text" or event.get("event_type") in _THOUGHTS:
        return ""
    return values.as_text(_outputs_of(event).get("text"))


def read_pictures(event: Event) -> list[Any]:
    """Return the pictures that a step made, as parts of a message: in a field of their own, or
    among the files.
    """
    outputs = _outputs_of(event)
    own = [{"image": outputs[name]} for name in _PICTURES if outputs.get(name)]
    return own + [{"image": link} for link in _read_links(outputs) if _is_picture(link)]


def read_files(event: Event) -> list[str]:
    """Return the links of the other files that a step made, and of pages that it names."""
    return [link for link in _read_links(_outputs_of(event)) if not _is_picture(link)]


def _read_links(outputs: Mapping[str, Any]) -> list[str]:
    found = (link for name in _FILES for link in _links_in(outputs.get(name)))
    return [values.as_safe_text(link) for link in found if len(link) <= _MAX_LINK]


def _links_in(value: object) -> list[str]:
    """Return the link that a value is, or those in a list; an object has one in a field."""
    if isinstance(value, list):
        return [link for item in value for link in _links_in(item)]
    if isinstance(value, dict):
        return next(filter(None, (_links_in(value.get(name)) for name in _LINKS)), [])
    is_link = isinstance(value, str) and _LINK.fullmatch(value.strip())
    return [str(value).strip()] if is_link else []


def _is_picture(link: str) -> bool:
    """Whether a link leads to a picture, by the end of its path."""
    try:
        kind, _ = mimetypes.guess_type(urlsplit(link).path)
    except ValueError:  # no address at all
        return False
    return kind is not None and kind.startswith("image/")


def read_question(event: Event) -> str:
    """Return the id of the question back with which a flow waits for an answer, "" for none."""
    if event.get("content_type") != _QUESTION:
        return ""
    return values.as_name(_outputs_of(event).get("interrupt_event_id"))


def read_references(event: Event) -> list[dict[str, Any]]:
    """Return the sources that an event names, as those of a search: passages of documents, and
    pages.
    """
    references = values.as_objects(_outputs_of(event).get("references"))
    return [_read_reference(each, number) for number, each in enumerate(references, start=1)]


def _read_reference(reference: Mapping[str, Any], number: int) -> dict[str, Any]:
    title = values.as_name(reference.get("document_name") or reference.get("title"))
    document = values.as_name(reference.get("document_id"))
    base = values.as_name(reference.get("knowledgebase_id") or reference.get("dataset_id"))
    content = values.as_text(reference.get("content"))
    source: dict[str, Any] = {
        "index": values.as_whole_number(reference.get("id")) or number,
        "title": title or document,
        "url": values.as_name(reference.get("url"), 2_000),
        "content": content,
    }
    if source["url"] and not (document or base):
        # A page that a search has found: its title may stand in the place of a passage.
        return {**source, "title": title or values.as_name(content.strip().partition("\n")[0])}
    return {**source, "knowledge_base": base, "document_id": document}


def _outputs_of(event: Event) -> Mapping[str, Any]:
    return values.as_object(event.get("outputs"))


class EventLog:
    """The events of a stream as one list, in which the pieces of a text are joined.

    Attributes
    ----------
    events : list of dict
        As they came, but for keys.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, event: Event) -> None:
        """Add an event; more than can be of use are left out."""
        kept = redact_values(dict(event))
        before = self.events[-1] if self.events else {}
        if kept == before:
            return
        if _continues(before, kept):
            joined = {
                **kept["outputs"],
                "text": before["outputs"]["text"] + kept["outputs"]["text"],
            }
            self.events[-1] = {**before, **kept, "outputs": joined}
        elif len(self.events) < _MAX_EVENTS:
            self.events.append(kept)


def _continues(before: Event, event: Event) -> bool:
    """Whether an event is a further piece of the text of the one before, beside the same."""
    if any(before.get(name) != event.get(name) for name in ("event_type", "content_type")):
        return False
    outputs = [dict(_outputs_of(each)) for each in (before, event)]
    has_text = all(isinstance(each.pop("text", None), str) for each in outputs)
    return has_text and outputs[0] == outputs[1]
