"""What a call gives back: typed, with a short repr and no memory addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic import markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.requests import ChatRequest
    from ernie_magic.usage import Usage

_SHOWN = 40  # characters of a text in a repr


@dataclass(frozen=True)
class Answer:
    """The answer to a chat request. `str(answer)` is its text.

    Attributes
    ----------
    text : str
        Exactly what the model said.
    reasoning : str
        What a thinking model thought first, "" for others.
    usage : Usage | None
        None when the service did not say.
    model : str
        The id the service reports.
    finish_reason : str
        As the service says: "normal" or "stop" when complete, "length", "content_filter" …; "" when it did not say.
    tool_calls : tuple of dict
    partial : bool
        Stopped by the user or cut by the network: the text is not the whole answer.
    seconds : float
        From sending to the end.
    first_seconds : float | None
        From sending to the first text; None when there was none.
    id : str
        The service's id of the call.
    flag : int
        The safety flag (seed 000): 0 safe, 1 low risk, 2 the conversation must not go on. Higher ones make no answer.
    history_cleared : bool
        The service asked for the history to be cleared, and it was.
    service : str
        The name of the service that answered ("emulator" when simulated).
    request : ChatRequest
        What was asked.
    raw : dict
        The service's reply; a stream's chunks merged into one body.
    """

    text: str
    request: ChatRequest = field(repr=False)
    reasoning: str = ""
    usage: Usage | None = None
    model: str = ""
    finish_reason: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    partial: bool = False
    seconds: float = 0.0
    first_seconds: float | None = None
    id: str = ""
    flag: int = 0
    history_cleared: bool = False
    service: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        shown = self.text if len(self.text) <= _SHOWN else self.text[: _SHOWN - 1] + "…"
        facts = [repr(shown), f"model={self.model!r}"]
        facts += [f"tokens={self.usage.total_tokens}"] if self.usage else []
        facts += ["partial=True"] if self.partial else []
        return f"Answer({', '.join(facts)})"

    def _repr_markdown_(self) -> str:
        return markdown.for_notebook(self.text)
