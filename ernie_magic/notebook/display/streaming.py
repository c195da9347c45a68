"""The one streaming renderer: deltas in, outputs out, and at the end one saved output.

A view receives batches at a throttled rate (`PACE`). Text that has arrived is on the screen within
that time even if the stream stalls, and a front end never gets more than it can draw.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.display import clear_output, display

from ernie_magic.notebook.display import chat as answers
from ernie_magic.text.language import Language, Text
from ernie_magic.text.markdown import to_html
from ernie_magic.text.sanitize import plain_html, preformatted
from ernie_magic.text.segments import Segmenter
from ernie_magic.text.visible import VisibleStream, make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import DisplayHandle

    from ernie_magic.api.results import Answer
    from ernie_magic.wire.protocol import Delta

Place = TypeVar("Place")
# Seconds between updates: 11 a second. Each update costs 0.7 kB of headers on iopub. At this rate
# an answer of 2,000 deltas stays under 400 kB, and nothing waits longer than 100 ms
# (tests/kernel/test_streaming.py measures both).
PACE = 0.09
# Characters of a thought shown while it grows: sending all of it each time would be quadratic.
_TAIL = 400
_MIN_OUTPUT = 400  # characters of HTML in the smallest output
_SHARE = 6  # later outputs have at least 1/share of the HTML behind the first ten
_PATIENCE = 0.2  # seconds allowed for drawing the end of a stopped answer
_QUICK = 4_000  # characters that always draw without a noticeable delay
_WITHDRAWN = Text("内容已由服务撤回", "withdrawn by the service")
_THINKING = Text("思考中… {n} 字", "thinking… {n} characters")


class View(Protocol):
    """Where a result appears.

    Attributes
    ----------
    speaking : bool
        Whether it is displaying something now.
    """

    speaking: bool

    def disown(self) -> None:
        """Other code wrote into the cell: it must not be cleared at the end."""

    def hurry(self) -> None:
        """The user stopped it: drawing the rest must not take noticeable time."""

    def show(self, deltas: Sequence[Delta]) -> None:
        """Show more of it."""

    def withdraw(self) -> None:
        """Remove what was shown: the service withdrew it (`ernie_magic.wire.moderation`)."""


class AnswerView(View, Protocol):
    """Where an answer appears."""

    def finish(self, answer: Answer | None) -> None:
        """Finish, whether complete, stopped or cut. None if nothing ever arrived."""


def view_for(
    shell: InteractiveShell,
    language: Language,
    *,
    owns_cell: bool,
    raw: bool,
    remote_images: bool = False,
) -> AnswerView:
    """The view for this front end.

    Parameters
    ----------
    owns_cell
        The cell holds only this magic, so its outputs may be cleared at the end.
    raw
        Show the text as it is.
    remote_images
        Show web pictures that an answer names.
    """
    captured = isinstance(shell.display_pub, CapturingDisplayPublisher)
    if raw or getattr(shell, "kernel", None) is None:
        return TextView(language, colours=not captured and not raw)
    if captured:
        return FinalView(language, remote_images=remote_images)
    return NotebookView(language, owns_cell=owns_cell, remote_images=remote_images)


class GrowingView(Generic[Place]):
    """An answer as HTML in outputs: finished text is rendered once, and sent once it fills an
    output.

    Each update renders only the open block and sends only the open output. The number of outputs
    grows with the logarithm of the answer's length: JupyterLab hides a cell's outputs after the
    fiftieth (`maxNumberOutputs` in its settings). The front end decides what a place is and how
    HTML gets there: outputs of a cell, blocks of a panel.
    """

    def __init__(self, language: Language, *, remote_images: bool = False) -> None:
        self._language = language
        self._remote_images = remote_images
        self._segments = Segmenter()
        self._finished = ""  # HTML of the finished blocks in the open output
        self._sent = 0  # characters of HTML in the outputs before it
        self._fed = 0  # characters of the answer that are shown
        # Characters of finished blocks, and the seconds they took; initially those of the slowest
        # blocks measured.
        self._drawn, self._drawing = 1000, 0.06
        self._thoughts = ""
        self._thinking: Place | None = None
        self._open: Place | None = None
        self._waiting: Place | None = None

    def _put(self, place: Place | None, markup: str) -> Place:
        """Show HTML in this place, or in a new one."""
        raise NotImplementedError

    def show(self, deltas: Sequence[Delta]) -> None:
        """Send what these deltas finished, and the open block once."""
        if notice := next((d.notice for d in reversed(deltas) if d.notice), None):
            self._wait(notice)
        thought, text = (
            "".join(parts) for parts in zip(*((d.reasoning, d.text) for d in deltas), strict=True)
        )
        if thought:
            self._thoughts += thought
            self._thinking = self._put(self._thinking, self._growing_thought())
        ran = [delta.tool for delta in deltas if delta.tool]
        if self._waiting is not None and (thought or text or ran):
            self._put(self._waiting, "")
            self._waiting = None
        if text:
            self._grow(text)
        if ran:
            for run in ran:
                self._put(
                    None, f"<small>{plain_html(answers.tool_run(run, self._language))}</small>"
                )
            # What follows appears below them.
            self._segments, self._open, self._finished = Segmenter(), None, ""

    def _wait(self, notice: Text) -> None:
        """Show what is being waited for."""
        self._waiting = self._put(
            self._waiting, f"<em>… {plain_html(notice.say(self._language))}</em>"
        )

    def _grow(self, text: str) -> None:
        if self._thinking is not None:
            self._put(self._thinking, answers.reasoning(self._thoughts, self._language))
            self._thinking = None
        for block in self._segments.feed(text):
            self._finished += self._draw(block)
            if len(self._finished) >= self._threshold():
                self._put(self._open, self._finished)
                self._sent += len(self._finished)
                self._open, self._finished = None, ""
        markup = self._open_output()
        if markup.strip():
            self._open = self._put(self._open, markup)
        self._fed += len(text)

    def _draw(self, block: str) -> str:
        began = time.perf_counter()
        markup = to_html(block, remote_images=self._remote_images)
        self._drawing += time.perf_counter() - began
        self._drawn += len(block)
        return markup

    def _takes_long(self, answer: Answer) -> bool:
        """Whether rendering it all would take noticeable time, judging by its blocks so far."""
        characters = len(answer.text) + len(answer.reasoning)
        return characters * self._drawing / self._drawn > _PATIENCE

    def _threshold(self) -> int:
        """Characters of HTML that fill an output; the more has been sent, the more it takes."""
        sent = self._sent + len(self._finished)
        return max(_MIN_OUTPUT, (sent - 10 * _MIN_OUTPUT) // _SHARE)

    def _open_output(self, *, unfinished: bool = True) -> str:
        """The finished part of the open output, and the open block so far."""
        block = self._segments.open
        return self._finished + to_html(
            block, remote_images=self._remote_images, unfinished=unfinished
        )

    def _growing_thought(self) -> str:
        title = _THINKING.say(self._language, n=len(self._thoughts))
        tail = ("…" if len(self._thoughts) > _TAIL else "") + self._thoughts[-_TAIL:]
        return f"<blockquote><em>{plain_html(title)}</em><br>{preformatted(tail)}</blockquote>"


class NotebookView(GrowingView["DisplayHandle"]):
    """The outputs of a cell."""

    speaking = False

    def __init__(self, language: Language, *, owns_cell: bool, remote_images: bool = False) -> None:
        super().__init__(language, remote_images=remote_images)
        self._owns_cell = owns_cell
        self._in_haste = False
        self._shown: list[DisplayHandle] = []

    def disown(self) -> None:
        """Other code wrote into the cell."""
        self._owns_cell = False

    def hurry(self) -> None:
        """The user stopped it: an answer that is slow to render is shown as plain text."""
        self._in_haste = True

    def finish(self, answer: Answer | None) -> None:
        """Show the whole text in one output if the cell is ours; else the footer below the last
        segment.
        """
        if answer is None:
            return
        owned = self._owns_cell
        if owned:
            clear_output(wait=True)
        if owned or self._open is None:
            as_words = self._in_haste and self._takes_long(answer)
            data, metadata = answers.bundle(
                answer, self._language, remote_images=self._remote_images, as_words=as_words
            )
            display(data, raw=True, metadata=metadata)
            return
        footer = answers.footer(answer, self._language)
        if self._in_haste and (rest := answer.text[self._fed :]):
            self._put(None, preformatted(rest) + footer)
            return
        self._put(self._open, self._open_output(unfinished=False) + footer)

    def withdraw(self) -> None:
        """Clear the cell if it is ours; otherwise blank each output of ours."""
        if self._owns_cell:
            clear_output()
            return
        for handle in self._shown:
            self._put(handle, f"<em>{plain_html(_WITHDRAWN.say(self._language))}</em>")

    def _put(self, place: DisplayHandle | None, markup: str) -> DisplayHandle:
        data = {"text/html": markup}
        self.speaking = True
        try:
            if place is None:
                place = display(data, raw=True, display_id=True)
                assert place is not None  # noqa: S101  (display() gives a handle whenever it is asked for an id)
                self._shown.append(place)
            else:
                place.update(data, raw=True)
        finally:
            self.speaking = False
        return place


class FinalView:
    """Only the final output: under `%%capture`, where each update would be stored as one more
    output.
    """

    speaking = False

    def __init__(self, language: Language, *, remote_images: bool = False) -> None:
        self._language = language
        self._remote_images = remote_images
        self._in_haste = False

    def disown(self) -> None:
        """Ignore it: nothing of this view is ever cleared."""

    def hurry(self) -> None:
        """The user stopped it: an answer that may be slow to render is shown as plain text."""
        self._in_haste = True

    def show(self, deltas: Sequence[Delta]) -> None:
        """Nothing yet."""

    def finish(self, answer: Answer | None) -> None:
        """The whole answer."""
        if answer is not None:
            as_words = self._in_haste and len(answer.text) + len(answer.reasoning) > _QUICK
            data, metadata = answers.bundle(
                answer, self._language, remote_images=self._remote_images, as_words=as_words
            )
            display(data, raw=True, metadata=metadata)

    def withdraw(self) -> None:
        """Nothing was shown."""


class TextView:
    """Text as it arrives, on standard output: in a terminal, and for `--raw`."""

    speaking = False

    def __init__(self, language: Language, *, colours: bool) -> None:
        self._language = language
        self._dim, self._plain = (
            ("\x1b[2m", "\x1b[0m") if colours and sys.stdout.isatty() else ("", "")
        )
        self._in_thought = False
        self._words = VisibleStream()

    def disown(self) -> None:
        """Ignore it: nothing of this view is ever cleared."""

    def hurry(self) -> None:
        """Plain text takes no noticeable time."""

    def show(self, deltas: Sequence[Delta]) -> None:
        """Print these deltas."""
        for delta in deltas:
            if delta.notice:
                self._write_line(f"… {delta.notice.say(self._language)}")
            if delta.reasoning:
                sys.stdout.write(
                    ("" if self._in_thought else self._dim) + self._words.feed(delta.reasoning)
                )
                self._in_thought = True
            if delta.tool:
                self._write_line(answers.tool_run(delta.tool, self._language))
            if delta.text:
                if self._in_thought:
                    sys.stdout.write(f"{self._words.flush()}{self._plain}\n\n")
                    self._in_thought = False
                sys.stdout.write(self._words.feed(delta.text))
        sys.stdout.flush()

    def finish(self, answer: Answer | None) -> None:
        """End the line, and print the footer."""
        if answer is not None:
            summary = make_controls_visible(answers.summary(answer, self._language))
            print(
                f"{self._words.flush()}{self._plain}\n\n{self._dim}[{summary}]{self._plain}",
                flush=True,
            )

    def _write_line(self, words: str) -> None:
        """Write a line that is not part of the answer."""
        sys.stdout.write(f"{self._dim}{make_controls_visible(words)}{self._plain}\n")

    def withdraw(self) -> None:
        """Clear what a notebook shows. A terminal's output cannot be removed, so a notice is
        printed.
        """
        clear_output()
        print(f"{self._plain}\n[{_WITHDRAWN.say(self._language)}]", flush=True)
