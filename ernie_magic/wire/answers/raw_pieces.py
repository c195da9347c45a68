"""What a stream brings in pieces besides words and calls of tools: the raw reply has it whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.text.redact import redact_values
from ernie_magic.wire.answers.choice_parts import join_pieces, said_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Fields of a choice with an item for each token ("logprobs" on
# https://platform.openai.com/docs/api-reference/chat-streaming; vLLM's ids).
PER_TOKEN = frozenset({"logprobs", "token_ids"})
_OF_SPEECH = ("data", "transcript")  # fields of `audio` that arrive in pieces
_MAX_CHOICES = 128  # OpenAI's highest `n`


class RawPieces:
    """Collects a stream's fields that continue from chunk to chunk."""

    def __init__(self) -> None:
        self._per_token: dict[str, Any] = {}
        self._audio: dict[str, Any] = {}
        self._speech: dict[str, list[str]] = {name: [] for name in _OF_SPEECH}
        self._others: dict[int, list[Mapping[str, Any]]] = {}

    def add(self, choice: Mapping[str, Any], part: Mapping[str, Any]) -> None:
        """Add what a chunk's choice and its delta have of such fields."""
        for name in PER_TOKEN.intersection(choice):
            self._per_token[name] = _extend(self._per_token.get(name), choice[name])
        if audio := values.as_object(part.get("audio")):
            self._audio.update(audio)
            for name, pieces in self._speech.items():
                if isinstance(piece := audio.get(name), str):
                    pieces.append(piece)

    def add_others(self, choices: Iterable[Mapping[str, Any]], own: Mapping[str, Any]) -> None:
        """Add the choices beside the answer's, where several were asked for: they are paid for."""
        for choice in choices:
            index = values.as_whole_number(choice.get("index"))
            if index is None or index == own.get("index"):
                continue
            if index in self._others or len(self._others) < _MAX_CHOICES:
                # The reader takes the text out of a chunk that it has read.
                said = dict(said_in(choice))
                self._others.setdefault(index, []).append({**choice, "delta": said})

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the choice."""
        return dict(redact_values(self._per_token))

    @property
    def audio(self) -> dict[str, Any]:
        """The speech, {} for none."""
        whole = {name: "".join(pieces) for name, pieces in self._speech.items() if pieces}
        return dict(redact_values({**self._audio, **whole}))

    @property
    def other_choices(self) -> list[dict[str, Any]]:
        """Each other choice as one, by index."""
        return [dict(redact_values(_join_choice(self._others[i]))) for i in sorted(self._others)]


def _join_choice(pieces: list[Mapping[str, Any]]) -> dict[str, Any]:
    joined = join_pieces(pieces)
    joined.pop("delta", None)
    return {**joined, "message": join_pieces([said_in(piece) for piece in pieces])}


def _extend(before: Any, value: Any) -> Any:
    """Return lists, or objects of lists, one behind the other; `before` is changed."""
    if value is None:
        return before
    if isinstance(value, list):
        if not isinstance(before, list):
            before = []
        before.extend(value)
        return before
    if isinstance(value, dict):
        merged = before if isinstance(before, dict) else {}
        for name, inner in value.items():
            merged[name] = _extend(merged.get(name), inner)
        return merged
    return value
