"""A turn as a panel shows it, open or complete, and as the notebook saves it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.notebook.display import chat as answers
from ernie_magic.notebook.display.streaming import GrowingView
from ernie_magic.text.counts import TOKENS
from ernie_magic.text.language import Text
from ernie_magic.text.sanitize import plain_html
from ernie_magic.text.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ernie_magic.api.requests import ChatOptions
    from ernie_magic.api.results import Answer
    from ernie_magic.calls.chat.history import Turn
    from ernie_magic.notebook.panels.frontend import Transcript
    from ernie_magic.runtime.events import Delta
    from ernie_magic.text.language import Language

_SAVE_INTERVAL = 1.0  # seconds, at least, between two saved states of an open turn
_SAVE_SHARE = 0.1  # of the seconds that it has taken, when these are more
_YOU = Text("你", "You")
_SIMULATED = Text("模拟", "simulated")


class BlocksView(GrowingView[int]):
    """The blocks of an open turn; see `ernie_magic.notebook.display.streaming`.

    Parameters
    ----------
    language
    transcript
    id_
        The turn's id there.
    save_turn
        Saves what the notebook keeps of the turn so far.
    remote_images
        Show web pictures that an answer names.
    """

    def __init__(
        self,
        language: Language,
        transcript: Transcript,
        id_: str,
        *,
        save_turn: Callable[[], object] = lambda: None,
        remote_images: bool = False,
    ) -> None:
        super().__init__(language, remote_images=remote_images)
        self._transcript = transcript
        self._id = id_
        self._count = 0
        self._is_thinking = False
        self._pace = SavePace()
        self._save_turn = save_turn

    def show_deltas(self, deltas: Sequence[Delta]) -> None:
        """Show them; now and then the notebook saves what has come."""
        super().show_deltas(deltas)
        if deltas:
            self._pace.note_news()
        if self._pace.take_due():
            self._save_turn()

    def get_redraw_time(self) -> float | None:
        """When the waiting line is due, or what has come is saved."""
        times = [super().get_redraw_time(), self._pace.get_due_time()]
        return min((each for each in times if each is not None), default=None)

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
        parts.append(TOKENS.say(language, n=answer.usage.total_tokens))
    parts.append(answers.describe_seconds(answer.seconds, language))
    return " · ".join(parts)


def saved_prompt_html(prompt: str) -> str:
    """A prompt as a notebook saves it, as HTML: the words as written."""
    return f"<blockquote>{'<br>'.join(map(plain_html, prompt.splitlines()))}</blockquote>"


def saved_open_turn_html(
    entry: Mapping[str, Any],
    language: Language,
    *,
    is_simulated: bool,
) -> str:
    """A turn being answered as a notebook saves it, as HTML: what has come, and that it is partial.

    Parameters
    ----------
    entry
        The turn, as the transcript takes it.
    language
    is_simulated
        Whether the emulator is answering.
    """
    line = answers.unfinished_line(language, is_simulated=is_simulated)
    parts = [
        answers.reasoning_html(entry["reasoning"], language),
        *entry["blocks"],
        answers.unfinished_html(line),
    ]
    answer_html = "\n".join(part for part in parts if part)
    return f"<div>{answer_html}</div>"


def saved_question_html(prompt: str, language: Language) -> str:
    """A prompt, and who asked it, as a notebook saves them, as HTML."""
    return f"<p><b>{plain_html(_YOU.say(language))}</b></p>{saved_prompt_html(prompt)}"


class SavePace:
    """When a turn that is being answered is saved again: soon at first, then less and less often.

    What a kernel that dies has not saved is at most a tenth of what the turn has taken, or one
    second of it. A long turn is saved no more than some fifty times: each time the page redraws
    the last saved turns, though nobody sees them.
    """

    def __init__(self) -> None:
        self._began_at = time.monotonic()
        self._saved_at = self._began_at
        self._has_news = False

    def note_news(self) -> None:
        """Note that there is more than was saved."""
        self._has_news = True

    def get_due_time(self) -> float | None:
        """When, by `time.monotonic`, it is saved again; None while there is nothing new."""
        if not self._has_news:
            return None
        seconds_taken = self._saved_at - self._began_at
        return self._saved_at + max(_SAVE_INTERVAL, seconds_taken * _SAVE_SHARE)

    def take_due(self) -> bool:
        """Whether it is to be saved now; if so, the next time is counted from now."""
        due = self.get_due_time()
        now = time.monotonic()
        if due is None or now < due:
            return False
        self._saved_at = now
        self._has_news = False
        return True


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
    panel_options : ChatOptions
        What the panel said when the prompt was asked there, or first shown.
    """

    turn: Turn
    transcript_entry: dict[str, Any]
    saved_html: str
    tokens: int
    panel_options: ChatOptions

    @classmethod
    def from_turn(
        cls,
        turn: Turn,
        id_: str,
        language: Language,
        panel_options: ChatOptions,
        *,
        remote_images: bool = False,
    ) -> ShownTurn:
        """A turn under an id of the transcript."""
        text = answers.text_html(turn.answer, remote_images=remote_images)
        pictures = [part["image_url"]["url"] for part in turn.images]
        transcript_entry = answered_turn(id_, turn.prompt, pictures, turn.answer, language, text)
        transcript_entry["draws_links"] = remote_images
        question_html = saved_question_html(turn.prompt, language)
        saved_html = f"{question_html}<div>{answers.answer_html(turn.answer, language, text)}</div>"
        return cls(
            turn,
            transcript_entry,
            saved_html,
            estimate_tokens(turn.prompt) + estimate_tokens(turn.answer.text),
            panel_options,
        )

    @property
    def turn_id(self) -> str:
        """Its id in the transcript."""
        return str(self.transcript_entry["id"])
