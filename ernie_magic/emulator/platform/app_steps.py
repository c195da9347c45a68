"""Steps of an application's answer, and the events in them."""

from __future__ import annotations

from typing import Any

from ernie_magic.emulator import checks

Step = dict[str, Any]
_MODEL = "ernie-3.5-8k"


class EventMaker:
    """Makes the events of one answer, which are numbered."""

    def __init__(self) -> None:
        self._number = 0

    def make(
        self,
        content_type: str,
        status: str,
        event_type: str = "ChatAgent",
        **others: Any,
    ) -> dict[str, Any]:
        """Return the next event."""
        self._number += 1
        return {
            "event_code": 0,
            "event_message": "",
            "event_type": event_type,
            "event_id": str(self._number),
            "event_status": status,
            "content_type": content_type,
            "outputs": {},
            **others,
        }


def make_step(*events: dict[str, Any], answer: str = "", is_last: bool = False) -> Step:
    """Return a step: what it adds to the answer, and its events."""
    return {"answer": answer, "is_completion": is_last, "content": list(events)}


def count_usage(question: str, answer: str) -> dict[str, Any]:
    """Return what the model behind an application has used."""
    asked = checks.count_tokens(question)
    answered = checks.count_tokens(answer)
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
        "name": _MODEL,
    }
