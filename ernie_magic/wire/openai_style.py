"""The OpenAI-style protocol: AI Studio, and any compatible server. Requests to JSON, chunks to deltas and an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.results import Answer
from ernie_magic.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.language import Text
    from ernie_magic.requests import ChatRequest

CHAT_PATH = "/chat/completions"
MODELS_PATH = "/models"


class Delta(NamedTuple):
    """What one chunk adds.

    Attributes
    ----------
    text : str
    reasoning : str
        A thinking model's thoughts, before its text.
    notice : Text | None
        No part of the answer: what the call is waiting for.
    """

    text: str = ""
    reasoning: str = ""
    notice: Text | None = None


def body(request: ChatRequest) -> dict[str, Any]:
    """The request as the JSON that is sent."""
    fields: dict[str, Any] = {"model": request.model, "messages": list(request.messages), "stream": request.stream}
    return {**fields, **request.parameters, **request.extra}


class Reader:
    """Collects a reply, chunk by chunk, into an `Answer`. A whole (not streamed) reply is read as one chunk."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._tool_calls: list[dict[str, Any]] = []
        self._usage: dict[str, Any] | None = None
        self._meta: dict[str, Any] = {}
        self._choice: dict[str, Any] = {}
        self.finish_reason = ""
        self.flag = 0  # the gravest that came
        self.must_clear = False
        self.started = False  # whether any chunk came

    @property
    def id(self) -> str:
        """The service's id of the call, "" when it gave none."""
        return str(self._meta.get("id") or "")

    def feed(self, chunk: Mapping[str, Any]) -> Delta | None:
        """What this chunk adds; None when it adds no text (usage, a role, an empty list of choices)."""
        self.started = True
        self._meta = {**{k: v for k, v in chunk.items() if k not in ("choices", "usage")}, **self._meta}
        if isinstance(chunk.get("usage"), dict):
            self._usage = chunk["usage"]  # it may be null, on each chunk or in the last: the last one that says something
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        if reason := choice.get("finish_reason"):
            self.finish_reason = str(reason)
        for found in (chunk.get("flag"), choice.get("flag")):
            # SDKs disagree on its type (reference, quirk 23).
            self.flag = max(self.flag, int(str(found)) if str(found).isdecimal() else 0)
        self.must_clear = self.must_clear or bool(chunk.get("need_clear_history") or choice.get("need_clear_history"))
        self._choice.update({k: v for k, v in choice.items() if k not in ("delta", "message") and v is not None})
        part = choice.get("delta") or choice.get("message") or {}
        if not isinstance(part, dict):
            return None
        self._tool_calls += [call for call in part.get("tool_calls") or () if isinstance(call, dict)]
        text = part.get("content") or ""
        # Two names are in use (reference aistudio-and-ernie-today 0.6); a server that sends both repeats itself.
        reasoning = part.get("reasoning_content") or part.get("reasoning") or ""
        text, reasoning = (_whole_characters(t) if isinstance(t, str) else "" for t in (text, reasoning))
        if text:
            self._text.append(text)
        if reasoning:
            self._reasoning.append(reasoning)
        return Delta(text, reasoning) if text or reasoning else None

    def answer(self, *, seconds: float, first_seconds: float | None, partial: bool, service: str) -> Answer:
        """The answer so far."""
        text, reasoning = "".join(self._text), "".join(self._reasoning)
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if reasoning:
            message["reasoning_content"] = reasoning
        if self._tool_calls:
            message["tool_calls"] = self._tool_calls
        return Answer(
            text=text,
            reasoning=reasoning,
            request=self._request,
            usage=_usage(self._usage),
            model=str(self._meta.get("model") or self._request.model),
            finish_reason=self.finish_reason,
            tool_calls=tuple(self._tool_calls),
            partial=partial,
            seconds=seconds,
            first_seconds=first_seconds,
            id=self.id,
            flag=self.flag,
            history_cleared=self.must_clear,
            service=service,
            raw={**self._meta, "choices": [{**self._choice, "message": message}], "usage": self._usage},
        )


def _whole_characters(text: str) -> str:
    """`text` without half characters (lone surrogates): Jupyter could not send them on."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _usage(found: Mapping[str, Any] | None) -> Usage | None:
    if found is None:
        return None
    prompt, completion, total = (
        value if isinstance(value := found.get(name), int) else 0
        for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    return Usage(prompt, completion, total or prompt + completion)
