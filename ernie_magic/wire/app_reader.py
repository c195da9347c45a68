"""Reads what an application of Qianfan answers: steps with events, of which `answer` is the text.

Source: the official client (https://github.com/baidubce/app-builder,
python/core/console/appbuilder_client).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.wire.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_FAILED = "error"
_NO_CODE = "app_error"
_NO_MESSAGE = "a step of the application failed"


class AppReader(Reader):
    """Reads `answer` and `content`.

    Attributes
    ----------
    conversation_id : str
        As the service names it, "" when it does not.
    """

    says_each_time = True

    def reset(self) -> None:  # noqa: D102  (the base's)
        super().reset()
        self.conversation_id = ""
        self._counted = dict.fromkeys(_COUNTS, 0)

    @property
    def id(self) -> str:
        """The service's id of the call, "" when it gave none."""
        return values.as_name(self._meta.get("request_id"))

    @staticmethod
    def is_whole_reply(payload: Mapping[str, Any]) -> bool:  # noqa: D102  (the base's)
        return "answer" in payload and ("content" in payload or "is_completion" in payload)

    def _facts_and_content(
        self,
        chunk: Mapping[str, Any],
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        events = values.as_objects(chunk.get("content"))
        self.conversation_id = self.conversation_id or values.as_name(chunk.get("conversation_id"))
        calls = [call for event in events for call in _read_calls(event)]
        facts: dict[str, Any] = {}
        if calls:
            facts["finish_reason"] = "tool_calls"
        elif values.is_true(chunk.get("is_completion")):
            facts["finish_reason"] = "stop"
        if failed := next(filter(_is_failed, events), None):
            facts["error"] = _describe_failure(failed)
        if references := [each for event in events for each in _read_references(event)]:
            facts["search_results"] = references
        if usage := self._add_up(events):
            facts["usage"] = usage
        part: dict[str, Any] = {"content": values.as_text(chunk.get("answer"))}
        if calls:
            part["tool_calls"] = calls
        return facts, part

    def _add_up(self, events: Sequence[Mapping[str, Any]]) -> Mapping[str, int] | None:
        """Return the tokens of all steps so far, where these events count some."""
        counted = [usage for event in events if (usage := values.as_object(event.get("usage")))]
        for usage in counted:
            for name in _COUNTS:
                self._counted[name] += values.as_whole_number(usage.get(name)) or 0
        if not counted:
            return None
        return dict(self._counted)

    def _take_text(self, _chunk: dict[str, Any]) -> str | None:
        return None  # each step has events of its own, so that each chunk is read in full

    def _restore_text(self, _chunk: dict[str, Any], _text: str) -> None:
        """Do nothing: no text is taken."""

    def _is_last_chunk(self, _facts: Mapping[str, Any], reason: str) -> bool:
        return bool(reason)

    def _raw_body(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._meta, "answer": message["content"], "usage": self._usage}


def _is_failed(event: Mapping[str, Any]) -> bool:
    """Whether an event reports a failure: by its code, or by its status."""
    code = values.as_name(event.get("event_code"))
    return code not in ("", "0") or event.get("event_status") == _FAILED


def _describe_failure(event: Mapping[str, Any]) -> dict[str, str]:
    code = values.as_name(event.get("event_code"))
    if code in ("", "0"):
        code = _NO_CODE
    return {"code": code, "message": values.as_name(event.get("event_message")) or _NO_MESSAGE}


def _read_calls(event: Mapping[str, Any]) -> list[dict[str, Any]]:
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


def _read_references(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the sources that an event names, as those of a search."""
    outputs = values.as_object(event.get("outputs"))
    return [
        {
            "index": values.as_whole_number(reference.get("id")) or number,
            "title": values.as_name(reference.get("document_name") or reference.get("title")),
            "url": values.as_name(reference.get("url"), 2_000),
            "content": values.as_text(reference.get("content")),
            "knowledge_base": values.as_name(reference.get("knowledgebase_id")),
            "document_id": values.as_name(reference.get("document_id")),
        }
        for number, reference in enumerate(values.as_objects(outputs.get("references")), start=1)
    ]
