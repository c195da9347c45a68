"""A turn as a panel shows it, open or complete, and as the notebook saves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.notebook.display import chat as answers
from ernie_magic.notebook.display.streaming import GrowingView
from ernie_magic.text.language import Text
from ernie_magic.text.sanitize import plain_html
from ernie_magic.text.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.api.results import Answer
    from ernie_magic.calls.chat.history import Turn
    from ernie_magic.notebook.panels.frontend import Transcript
    from ernie_magic.text.language import Language

_YOU = Text("你", "You")
_SIMULATED = Text("模拟", "simulated")


class BlocksView(GrowingView[int]):
    """The blocks of an open turn; see `ernie_magic.notebook.display.streaming`."""

    def __init__(
        self,
        language: Language,
        transcript: Transcript,
        id_: str,
        *,
        remote_images: bool = False,
    ) -> None:
        super().__init__(language, remote_images=remote_images)
        self._transcript = transcript
        self._id = id_
        self._count = 0
        self._is_thinking = False

    def _show_notice(self, notice: Text) -> None:
        """Ignore it: the panel's status says it."""

    def _show_growing_reasoning(self) -> None:
        """Show it in the turn's first line, which is there from the start: no text moves."""
        self._is_thinking = True
        self._transcript.put_thought(
            self._id, self._reasoning_progress(), self._reasoning_tail(), is_growing=True
        )

    def _fold_reasoning(self) -> None:
        if not self._is_thinking:
            return
        self._is_thinking = False
        title = answers.REASONING.say(self._language, n=len(self._reasoning))
        self._transcript.put_thought(self._id, title, self._reasoning)

    def _put_html(self, output: int | None, markup: str) -> int:
        if output is None:
            output = self._count
            self._count += 1
        self._transcript.put_block(self._id, output, markup)
        return output


def open_turn(id_: str, prompt: str, images: Sequence[str] = (), model: str = "") -> dict[str, Any]:
    """A turn being answered, as the transcript takes it."""
    return {
        "id": id_,
        "prompt": prompt,
        "images": list(images),
        "draws_links": False,
        "blocks": [],
        "text": "",
        "reasoning": "",
        "reasoning_title": "",
        "is_thinking": False,
        "model": model,
        "footer": "",
        "mark": "",
        "notes": "",
        "details": "",
        "version": None,
        "open": True,
        "actions": [],
    }


def answered_turn(
    id_: str,
    prompt: str,
    images: Sequence[str],
    answer: Answer,
    language: Language,
    text: str,
) -> dict[str, Any]:
    """A turn with its answer, as the transcript takes it; `text` is the answer's text as HTML."""
    parts = (
        answers.tool_runs_html(answer, language),
        text,
        answers.beside_text_html(answer, language),
    )
    blocks = [block for block in parts if block]
    return {
        **open_turn(id_, prompt, images),
        "blocks": blocks,
        "text": answer.text,
        "reasoning": answer.reasoning,
        "model": answer.model,
        "open": False,
        "reasoning_title": answers.REASONING.say(language, n=len(answer.reasoning)),
        "footer": _short_summary(answer, language),
        # The panel's header says it while the emulator answers; seen once another service does.
        "mark": _SIMULATED.say(language) if answer.is_simulated else "",
        "notes": " · ".join(note.say(language) for note in answers.abnormal_notes(answer)),
        "details": answers.summary_line(answer, language),
    }


def _short_summary(answer: Answer, language: Language) -> str:
    """What is always told of an answer; the rest is in the tooltip."""
    parts = []
    if answer.usage:
        parts.append(answers.TOKENS.say(language, n=answer.usage.total_tokens))
    parts.append(answers.describe_seconds(answer.seconds, language))
    return " · ".join(parts)


def saved_prompt_html(prompt: str) -> str:
    """A prompt as a notebook saves it, as HTML: the words as written."""
    return f"<blockquote>{'<br>'.join(map(plain_html, prompt.splitlines()))}</blockquote>"


@dataclass(frozen=True)
class ShownTurn:
    """A turn of the history and its rendered forms, made once however often they are shown.

    Attributes
    ----------
    turn : Turn
    transcript_entry : dict
        As the transcript takes it, without its actions.
    saved_html : str
        As the notebook saves it, HTML.
    tokens : int
        Estimated.
    """

    turn: Turn
    transcript_entry: dict[str, Any]
    saved_html: str
    tokens: int

    @classmethod
    def from_turn(
        cls,
        turn: Turn,
        id_: str,
        language: Language,
        *,
        remote_images: bool = False,
    ) -> ShownTurn:
        """A turn under an id of the transcript."""
        text = answers.text_html(turn.answer, remote_images=remote_images)
        pictures = [part["image_url"]["url"] for part in turn.images]
        transcript_entry = answered_turn(id_, turn.prompt, pictures, turn.answer, language, text)
        transcript_entry["draws_links"] = remote_images
        question_html = (
            f"<p><b>{plain_html(_YOU.say(language))}</b></p>{saved_prompt_html(turn.prompt)}"
        )
        saved_html = f"{question_html}<div>{answers.answer_html(turn.answer, language, text)}</div>"
        return cls(
            turn,
            transcript_entry,
            saved_html,
            estimate_tokens(turn.prompt) + estimate_tokens(turn.answer.text),
        )

    @property
    def turn_id(self) -> str:
        """Its id in the transcript."""
        return str(self.transcript_entry["id"])
