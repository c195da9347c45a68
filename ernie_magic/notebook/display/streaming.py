"""The one streaming renderer: deltas in, outputs out, and at the end one saved output.

A view receives batches at a throttled rate (`UPDATE_INTERVAL`). Text that has arrived is on the
screen within that time even if the stream stalls, and a front end never gets more than it can draw.
"""

from __future__ import annotations

import re
import sys
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.display import clear_output, display

from ernie_magic.notebook.display import chat as answers
from ernie_magic.notebook.display.origin import EMULATED
from ernie_magic.notebook.display.sources import source_lines, sources_html
from ernie_magic.notebook.display.style import ANSWER_STYLE, LIVE_STYLE, framed_answer
from ernie_magic.notebook.display.target import (
    can_update_displays,
    flush_streams,
    get_cell_id,
    outside_output_widgets,
)
from ernie_magic.text.data_pictures import PictureNamer
from ernie_magic.text.encodings import fit_encoding
from ernie_magic.text.escape_codes import takes_escape_codes
from ernie_magic.text.language import Counted, Language, Text
from ernie_magic.text.markdown import to_html
from ernie_magic.text.sanitize import plain_html, preformatted_html
from ernie_magic.text.segments import Segmenter
from ernie_magic.text.visible import VisibleStream, make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import DisplayHandle

    from ernie_magic.api.results import Answer, ToolRun
    from ernie_magic.runtime.events import Delta

Output = TypeVar("Output")
# The throttle: seconds between updates, 11 a second. Each update costs 0.7 kB of headers on iopub.
# At this rate an answer of 2,000 deltas stays under 400 kB, and nothing waits longer than 100 ms
# (tests/kernel/test_streaming.py measures both).
UPDATE_INTERVAL = 0.09
_REASONING_TAIL = 400  # characters of a thought shown while it grows
_PLAIN_TAIL = 80  # characters of text in the plain form of an output that grows
_MIN_OUTPUT = 400  # characters of HTML in the smallest output
_SHARE = 6  # later outputs have at least 1/share of the HTML behind the first ten
_MAX_DRAW_SECONDS = 0.2  # seconds allowed for drawing the end of a stopped answer
_QUICK_CHARACTERS = 4_000  # characters that always draw without a noticeable delay
_FIRST_SIGN = 0.7  # seconds without a first word after which a view says what it waits for
_SIGN_INTERVAL = 1.0  # seconds between two such signs
WAITING = Text("{what} · {n} 秒", "{what} · {n} s")
_WAITING_LINE = '<small class="ernie-waiting" style="opacity:0.7">… {line}</small>'
_JSON_FENCE = "```json\n"
# What may still become JSON: it is drawn with what comes next.
_MAY_BEGIN_JSON = re.compile(r"\s*[\[{]?\s*")
_NO_MODEL_YET = Text("等待服务", "waiting for the service")
_WITHDRAWN = Text("内容已由服务撤回", "withdrawn by the service")
_THINKING = Counted(
    Text("思考中… {n:,} 字", "thinking… {n:,} characters"),
    Text("思考中… {n:,} 字", "thinking… {n:,} character"),
)


class View(Protocol):
    """Where a result appears.

    Attributes
    ----------
    is_displaying : bool
        Whether it is displaying something now.
    """

    is_displaying: bool

    def release_cell(self) -> None:
        """Other code wrote into the cell: it must not be cleared at the end. On any thread."""

    def forget_outputs(self) -> None:
        """Other code cleared the cell: what comes next is displayed anew. On any thread."""

    def draw_quickly(self) -> None:
        """The user stopped it: drawing the rest must not take noticeable time."""

    def get_redraw_time(self) -> float | None:
        """When, by `time.monotonic`, `show_deltas` is due even if nothing arrives; None for
        never.
        """

    def show_deltas(self, deltas: Sequence[Delta]) -> None:
        """Show more of it; with no deltas, how long it has been waited for."""

    def withdraw_output(self) -> None:
        """Remove what was shown: the service withdrew it (`ernie_magic.wire.moderation`)."""


class PassiveView:
    """What a view of a result does if it shows nothing before the end, and clears nothing."""

    is_displaying = False

    def release_cell(self) -> None:
        """Ignore it: nothing of this view is ever cleared."""

    def forget_outputs(self) -> None:
        """Ignore it: nothing of this view is ever replaced."""

    def name_model(self, model: str) -> None:
        """Ignore it: a line that names it could not be removed again."""

    def draw_quickly(self) -> None:
        """Ignore it: drawing takes no noticeable time."""

    def get_redraw_time(self) -> float | None:
        """Never: nothing is shown before the end."""
        return None

    def show_deltas(self, deltas: Sequence[Delta]) -> None:
        """Nothing yet."""

    def withdraw_output(self) -> None:
        """Nothing was shown."""


class CellDisplay:
    """How a view displays in a cell, into which other code may write too."""

    is_displaying = False
    _cell_id: str

    @contextmanager
    def _displaying(self) -> Iterator[None]:
        """What is displayed meanwhile is ours, and belongs to the cell."""
        self.is_displaying = True
        try:
            with outside_output_widgets(self._cell_id):
                yield
        finally:
            self.is_displaying = False


class AnswerView(View, Protocol):
    """Where an answer appears."""

    def name_model(self, model: str) -> None:
        """Tell it which model is asked; on any thread."""

    def show_result(self, answer: Answer | None) -> None:
        """Finish, whether complete, stopped or cut. None if nothing ever arrived."""


def view_for(
    shell: InteractiveShell,
    language: Language,
    *,
    owns_cell: bool,
    raw: bool,
    is_simulated: Callable[[], bool],
    remote_images: bool = False,
) -> AnswerView:
    """The view for this front end.

    Parameters
    ----------
    owns_cell
        The cell holds only this magic, so its outputs may be cleared at the end.
    raw
        Show the text as it is.
    is_simulated
        Tells, once a reply has begun, whether it is the emulator's.
    remote_images
        Show web pictures that an answer names.
    """
    captured = isinstance(shell.display_pub, CapturingDisplayPublisher)
    if raw or getattr(shell, "kernel", None) is None:
        return TextView(
            language,
            colours=not captured and not raw,
            is_raw=raw,
            is_simulated=is_simulated if raw else None,
        )
    if not can_update_displays(shell):
        return FinalView(language, remote_images=remote_images)
    return NotebookView(
        language,
        owns_cell=owns_cell,
        is_simulated=is_simulated,
        remote_images=remote_images,
        cell_id=get_cell_id(shell),
    )


class GrowingView(ABC, Generic[Output]):
    """An answer as HTML in outputs: finished text is rendered once, and sent once it fills an
    output.

    Each update renders only the open block and sends only the open output. The number of outputs
    grows with the logarithm of the answer's length: JupyterLab hides a cell's outputs after the
    fiftieth (`maxNumberOutputs` in its settings). The front end decides what an output is and how
    HTML gets there: displays of a cell, blocks of a panel.

    Until the first word a faint line says which model is waited for and since when. It stands in an
    output of its own, which the first word or thought takes over.
    """

    def __init__(self, language: Language, *, remote_images: bool = False) -> None:
        self._language = language
        self._remote_images = remote_images
        self._segments = Segmenter()
        self._finished_html = ""  # HTML of the finished blocks in the open output
        self._finished_text = ""  # and their Markdown
        self._sent_characters = 0  # characters of HTML in the outputs before it
        self._shown_characters = 0  # characters of the answer that are shown
        self._text_outputs: list[Output] = []  # those with the text since the last tool ran
        self._is_drawn_as_json = False  # that text
        self._beginning = ""  # of the text, not drawn yet
        self._picture_namer = PictureNamer()
        # Characters of finished blocks, and the seconds they took; initially those of the slowest
        # blocks measured.
        self._rendered_characters = 1000
        self._rendering_seconds = 0.06
        self._reasoning = ""
        self._reasoning_output: Output | None = None
        self._open_output: Output | None = None
        self._waiting_output: Output | None = None
        self._model = ""
        self._redraw_at: float | None = None
        self._begin_waiting()

    def name_model(self, model: str) -> None:
        """Tell it which model is asked."""
        self._model = model

    def get_redraw_time(self) -> float | None:
        """When the waiting line is due."""
        return self._redraw_at

    @abstractmethod
    def _put_html(self, output: Output | None, markup: str) -> Output:
        """Show HTML in this output, or in a new one."""

    def _put_answer_html(
        self,
        output: Output | None,
        markup: str,
        plain: str,  # noqa: ARG002  (some front ends have a form of plain text too)
        *,
        is_growing: bool = True,  # noqa: ARG002  (and some say so in the output)
    ) -> Output:
        """Show HTML of the answer; a new output takes the place of the waiting line.

        Parameters
        ----------
        output
        markup
        plain
            The same as plain text.
        is_growing
            Whether more of the answer may come in this output.
        """
        if output is None:
            output = self._take_waiting_output()
        return self._put_html(output, markup)

    def _take_waiting_output(self) -> Output | None:
        output = self._waiting_output
        self._waiting_output = None
        return output

    def show_deltas(self, deltas: Sequence[Delta]) -> None:
        """Send what these deltas finished, and the open block once; with no deltas, the waiting
        line.
        """
        if not deltas:
            self._show_waiting_line()
        pieces: list[Delta] = []
        for delta in deltas:
            if delta.tool is None:
                pieces.append(delta)
                continue
            self._show_pieces(pieces)
            self._show_tool_run(delta.tool)
            pieces = []
        self._show_pieces(pieces)

    def _show_pieces(self, deltas: Sequence[Delta]) -> None:
        """Show text and thoughts, and a notice that came after them."""
        last_notice: Delta | None = None
        for delta in deltas:
            if delta.notice:
                last_notice = delta
            elif delta.text or delta.reasoning:
                last_notice = None
        reasoning = "".join(delta.reasoning for delta in deltas)
        text = "".join(delta.text for delta in deltas)
        if reasoning:
            self._reasoning += reasoning
            self._show_growing_reasoning()
        if text:
            self._append_text(text)
        if reasoning or text.strip():
            self._redraw_at = None
            self._blank_waiting_line()
        if last_notice and last_notice.notice:
            self._show_notice(last_notice.notice)
            if last_notice.caller_task:  # not the model is waited for, but the user's function
                self._redraw_at = None

    def _show_tool_run(self, run: ToolRun) -> None:
        line = answers.tool_run_text(run, self._language)
        self._put_answer_html(None, f"<small>{plain_html(line)}</small>", line)
        # What follows appears below it.
        self._text_outputs = []
        self._is_drawn_as_json = False
        self._segments = Segmenter()
        self._begin_output()
        self._begin_waiting()

    def _begin_output(self) -> None:
        """Let the text that follows stand in an output of its own."""
        self._open_output = None
        self._finished_html = ""
        self._finished_text = ""

    def _begin_waiting(self) -> None:
        """Note that the model has been asked."""
        self._waiting_since = time.monotonic()
        self._notice_html = ""
        self._redraw_at = self._waiting_since + _FIRST_SIGN

    def _show_notice(self, notice: Text) -> None:
        """Show what is being waited for; how long, is seen below it from the next sign on."""
        self._notice_html = f"<em>… {plain_html(notice.say(self._language))}</em>"
        self._waiting_output = self._put_html(self._waiting_output, self._notice_html)
        if self._redraw_at is not None:
            self._redraw_at = time.monotonic() + _SIGN_INTERVAL

    def _show_waiting_line(self) -> None:
        """Show which model is being waited for, and for how many seconds."""
        now = time.monotonic()
        if self._redraw_at is None or now < self._redraw_at:
            return
        self._redraw_at = now + _SIGN_INTERVAL
        model = self._model or _NO_MODEL_YET.say(self._language)
        line = WAITING.say(self._language, what=model, n=round(now - self._waiting_since))
        parts = [self._notice_html, _WAITING_LINE.format(line=plain_html(line))]
        self._waiting_output = self._put_html(
            self._waiting_output, "<br>".join(part for part in parts if part)
        )

    def _blank_waiting_line(self) -> None:
        if self._waiting_output is not None:
            self._put_html(self._waiting_output, "")
            self._waiting_output = None

    def _append_text(self, text: str) -> None:
        self._fold_reasoning()
        if not self._shown_characters:
            text = self._beginning + text
            self._beginning = ""
            if _MAY_BEGIN_JSON.fullmatch(text):
                self._beginning = text
                return
            if answers.JSON_BEGINS.match(text.lstrip()):
                # Until its end shows whether it is JSON.
                self._is_drawn_as_json = True
                self._segments.feed(_JSON_FENCE)
        for block in self._segments.feed(self._picture_namer.feed(text)):
            self._finished_html += self._render_block(block)
            self._finished_text += block
            if len(self._finished_html) >= self._output_threshold():
                # Below what is finished the open block follows at once, unless it is blank.
                self._put_text_html(
                    self._finished_html,
                    self._finished_text,
                    is_growing=not self._segments.open_text.strip(),
                )
                self._sent_characters += len(self._finished_html)
                self._begin_output()
        markup = self._open_output_html()
        if markup.strip():
            text_so_far = self._open_output_text()
            self._open_output = self._put_text_html(markup, text_so_far, is_growing=True)
        self._shown_characters += len(text)

    def _put_text_html(self, markup: str, plain: str, *, is_growing: bool) -> Output:
        """Show HTML of the answer's text in the open output, or in a new one."""
        output = self._put_answer_html(self._open_output, markup, plain, is_growing=is_growing)
        if self._open_output is None:
            self._text_outputs.append(output)
        return output

    def _show_growing_reasoning(self) -> None:
        """Show the end of a thought that grows."""
        self._reasoning_output = self._put_answer_html(
            self._reasoning_output,
            self._growing_reasoning_html(),
            f"{self._reasoning_progress()}\n{self._reasoning_tail()}",
        )

    def _fold_reasoning(self) -> None:
        """Fold a thought that is complete: the text begins."""
        if self._reasoning_output is not None:
            self._put_html(
                self._reasoning_output, answers.reasoning_html(self._reasoning, self._language)
            )
            self._reasoning_output = None

    def _render_block(self, block: str) -> str:
        started_at = time.perf_counter()
        markup = to_html(block, remote_images=self._remote_images)
        if not self._is_drawn_as_json:  # code is quick, and says nothing of Markdown
            self._rendering_seconds += time.perf_counter() - started_at
            self._rendered_characters += len(block)
        return markup

    def _is_slow_to_draw(self, answer: Answer) -> bool:
        """Whether rendering it all would take noticeable time, judging by its blocks so far."""
        characters = len(answer.text) + len(answer.reasoning)
        return characters * self._rendering_seconds / self._rendered_characters > _MAX_DRAW_SECONDS

    def _output_threshold(self) -> int:
        """Characters of HTML that fill an output; the more has been sent, the more it takes."""
        sent = self._sent_characters + len(self._finished_html)
        return max(_MIN_OUTPUT, (sent - 10 * _MIN_OUTPUT) // _SHARE)

    def _open_output_html(self, *, unfinished: bool = True) -> str:
        """The finished part of the open output, and the open block so far."""
        block = self._segments.open_text
        return self._finished_html + to_html(
            block, remote_images=self._remote_images, unfinished=unfinished
        )

    def _open_output_text(self) -> str:
        """What the open output shows, as Markdown."""
        return self._finished_text + self._segments.open_text

    def _growing_reasoning_html(self) -> str:
        title = plain_html(self._reasoning_progress())
        tail = preformatted_html(self._reasoning_tail())
        return f"<blockquote><em>{title}</em><br>{tail}</blockquote>"

    def _reasoning_progress(self) -> str:
        return _THINKING.say(self._language, n=len(self._reasoning))

    def _reasoning_tail(self) -> str:
        """The end of a thought: sending all of it each time would be quadratic."""
        return _keep_end(self._reasoning, _REASONING_TAIL)


@dataclass(frozen=True)
class _Content:
    """What stands in an output of a cell, as HTML and as plain text.

    Attributes
    ----------
    markup, plain : str
    is_unfinished : bool
        Whether the output says that the answer is partial.
    """

    markup: str
    plain: str = ""
    is_unfinished: bool = False


class NotebookView(CellDisplay, GrowingView["DisplayHandle"]):
    """The outputs of a cell.

    Below what has come stands that it is partial, and whether simulated, until its footer comes: a
    kernel that dies meanwhile leaves no answer that seems whole or a model's, neither on the page
    nor in the file.

    Parameters
    ----------
    language
    owns_cell
        The cell holds only this magic.
    is_simulated
        Tells, once a reply has begun, whether it is the emulator's.
    remote_images
        Show web pictures that an answer names.
    cell_id
        As `ernie_magic.notebook.display.target.get_cell_id` tells it.
    """

    def __init__(
        self,
        language: Language,
        *,
        owns_cell: bool,
        is_simulated: Callable[[], bool],
        remote_images: bool = False,
        cell_id: str = "",
    ) -> None:
        super().__init__(language, remote_images=remote_images)
        self._owns_cell = owns_cell
        self._is_simulated = is_simulated
        self._cell_id = cell_id
        self._live_mark: DisplayHandle | None = None  # frames what streams into the cell
        self._is_stopped = False
        self._contents: dict[DisplayHandle, _Content] = {}
        self._is_cleared = False  # by other code, since the last display
        self._is_beginning_lost = False

    def release_cell(self) -> None:
        """Other code wrote into the cell."""
        self._owns_cell = False

    def forget_outputs(self) -> None:
        """Other code cleared the cell."""
        self._owns_cell = False
        self._is_cleared = True

    def draw_quickly(self) -> None:
        """The user stopped it: an answer that is slow to render is shown as plain text."""
        self._is_stopped = True

    def show_result(self, answer: Answer | None) -> None:
        """Show the whole text in one output if the cell is ours, or if one holds all of it; else
        the footer below the last segment.
        """
        if answer is None:
            self._remove_waiting_line()
            self._say_finished()
            return
        if self._may_clear():
            with self._displaying():
                clear_output(wait=True)
            self._display_whole(None, answer)
            return
        self._drop_cleared_outputs()
        self._blank_waiting_line()
        self._frame_each_output()
        shown = [output for output, content in self._contents.items() if content.markup]
        if self._is_beginning_lost:
            for output in shown[1:]:
                self._put_html(output, "")
            del shown[1:]
        if len(shown) <= 1:
            self._display_whole(next(iter(shown), None), answer)
            return
        self._say_finished()
        if self._open_output is None:
            self._display_whole(None, answer)
        else:
            self._show_footer(self._open_output, answer)

    def _display_whole(self, output: DisplayHandle | None, answer: Answer) -> None:
        """Show all of an answer, in every form, in this output or in a new one."""
        unformatted = self._is_stopped and self._is_slow_to_draw(answer)
        data, metadata = answers.mime_bundle(
            answer, self._language, remote_images=self._remote_images, unformatted=unformatted
        )
        with self._displaying():
            if output is None:
                display(data, raw=True, metadata=metadata)
            else:
                output.update(data, raw=True, metadata=metadata)

    def _show_footer(self, last_output: DisplayHandle, answer: Answer) -> None:
        """Show the end of an answer whose text stands in several outputs."""
        beside_html = answers.beside_text_html(answer, self._language)
        beside_html += sources_html(answer, self._language)
        footer = beside_html + answers.footer_html(answer, self._language) + ANSWER_STYLE
        summary = f"[{answers.summary_line(answer, self._language)}]"
        if self._is_stopped and (rest := answer.text[self._shown_characters :]):
            rest = self._picture_namer.flush() + rest
            self._put_html(None, preformatted_html(rest) + footer, f"{rest}\n\n{summary}")
            return
        markup = self._last_output_html(answer) + footer
        plain = f"{self._open_output_text()}\n\n{summary}"
        self._put_html(last_output, markup, plain)

    def _last_output_html(self, answer: Answer) -> str:
        """The end of the text; all of it if its end shows whether it is JSON."""
        may_be_json = self._is_drawn_as_json or bool(answers.json_block(answer.text))
        if answer.partial or not may_be_json:
            for block in self._segments.feed(self._picture_namer.flush()):
                self._finished_html += self._render_block(block)
                self._finished_text += block
            return self._open_output_html(unfinished=False)
        for output in self._text_outputs:
            if output is not self._open_output:
                self._put_html(output, "")
        return answers.text_html(answer, remote_images=self._remote_images)

    def _frame_each_output(self) -> None:
        """The cell's outputs stay, beside those of other code: each carries its frame itself."""
        if self._live_mark is None:
            return
        live_mark = self._live_mark
        self._live_mark = None
        with self._displaying():
            live_mark.update({"text/html": ""}, raw=True)
        for output, content in tuple(self._contents.items()):
            self._put_content(output, content)

    def _may_clear(self) -> bool:
        """Whether the cell holds nothing but what we displayed."""
        if self._owns_cell:
            flush_streams()  # whatever other code printed is seen now
        return self._owns_cell

    def _remove_waiting_line(self) -> None:
        """Remove the line for good: the call has ended, and left nothing else to show."""
        if list(self._contents) == [self._waiting_output] and self._may_clear():
            with self._displaying():
                clear_output()
            self._waiting_output = None
        self._blank_waiting_line()

    def withdraw_output(self) -> None:
        """Clear the cell if it is ours; otherwise blank each output of ours."""
        if self._may_clear():
            with self._displaying():
                clear_output()
            return
        withdrawn = _WITHDRAWN.say(self._language)
        for output in tuple(self._contents):
            self._put_html(output, f"<em>{plain_html(withdrawn)}</em>", withdrawn)

    def _put_answer_html(
        self,
        output: DisplayHandle | None,
        markup: str,
        plain: str,
        *,
        is_growing: bool = True,
    ) -> DisplayHandle:
        """Show a part of the answer, and below one that grows that it is partial."""
        if output is None:
            output = self._take_waiting_output()
        self._say_finished(but=output)
        return self._put_content(output, _Content(markup, plain, is_growing))

    def _say_finished(self, but: DisplayHandle | None = None) -> None:
        """Let no output, or no other, say any longer that the answer is partial."""
        for output, content in tuple(self._contents.items()):
            if content.is_unfinished and output is not but:
                self._put_html(output, content.markup, content.plain)

    def _drop_cleared_outputs(self) -> None:
        if not self._is_cleared:
            return
        self._is_cleared = False
        self._is_beginning_lost = True
        self._live_mark = None
        self._contents.clear()

    def _put_html(
        self,
        output: DisplayHandle | None,
        markup: str,
        plain: str = "",
    ) -> DisplayHandle:
        return self._put_content(output, _Content(markup, plain))

    def _put_content(self, output: DisplayHandle | None, content: _Content) -> DisplayHandle:
        self._drop_cleared_outputs()
        if output is not None and output not in self._contents:
            if not content.markup:  # it is blank already
                return output
            output = None
        if not self._owns_cell:
            self._frame_each_output()
        with self._displaying():
            if self._owns_cell and not self._contents and self._live_mark is None:
                # Once: all that streams into this cell is framed, and carries nothing for it.
                self._live_mark = display({"text/html": LIVE_STYLE}, raw=True, display_id=True)
            data = self._content_data(content)
            if output is None:
                output = display(data, raw=True, display_id=True)
                assert output is not None  # noqa: S101  (display() gives a handle whenever it is asked for an id)
            else:
                output.update(data, raw=True)
        self._contents[output] = content
        return output

    @cached_property
    def _unfinished_line(self) -> str:
        """What stands below what has come; asked for first when a part of the answer has."""
        return answers.unfinished_line(self._language, is_simulated=self._is_simulated())

    def _content_data(self, content: _Content) -> dict[str, str]:
        """The forms in which an output is shown."""
        markup = content.markup
        plain = content.plain
        if content.is_unfinished:
            markup += answers.unfinished_html(self._unfinished_line)
            plain = f"{_keep_end(plain)}\n\n{self._unfinished_line}".lstrip()
        if markup and self._live_mark is None:
            markup = framed_answer(markup)
        return {"text/html": markup, "text/plain": plain}


class FinalView(PassiveView):
    """Only the final output: where none can be replaced later (`can_update_displays`). Under
    `%%capture` each update would be stored as one more output, an output widget drops it.
    """

    def __init__(self, language: Language, *, remote_images: bool = False) -> None:
        self._language = language
        self._remote_images = remote_images
        self._is_stopped = False

    def draw_quickly(self) -> None:
        """The user stopped it: an answer that may be slow to render is shown as plain text."""
        self._is_stopped = True

    def show_result(self, answer: Answer | None) -> None:
        """The whole answer."""
        if answer is not None:
            unformatted = (
                self._is_stopped and len(answer.text) + len(answer.reasoning) > _QUICK_CHARACTERS
            )
            data, metadata = answers.mime_bundle(
                answer, self._language, remote_images=self._remote_images, unformatted=unformatted
            )
            display(data, raw=True, metadata=metadata)


def _keep_end(text: str, limit: int = _PLAIN_TAIL) -> str:
    """At most this many characters of a text's end, marked where some were left out."""
    if len(text) > limit:
        return f"…{text[-limit:]}"
    return text


class TextView(PassiveView):
    """Text as it arrives, on standard output: in a terminal, and for `--raw`.

    Parameters
    ----------
    is_raw
        Pictures stay in the text as it arrives; without it a few words stand for each.
    is_simulated
        Tells, once a reply has begun, whether a line above it must say that it is the emulator's: a
        cell keeps a text whose footer is far below, or never came. None where the footer is enough.
    """

    def __init__(
        self,
        language: Language,
        *,
        colours: bool,
        is_raw: bool = False,
        is_simulated: Callable[[], bool] | None = None,
    ) -> None:
        self._language = language
        self._dim = self._plain = ""
        if colours and takes_escape_codes():
            self._dim = "\x1b[2m"
            self._plain = "\x1b[0m"
        self._in_reasoning = False
        self._visible_stream = VisibleStream()
        self._picture_namer = PictureNamer()
        self._is_raw = is_raw
        self._is_simulated = is_simulated

    def show_deltas(self, deltas: Sequence[Delta]) -> None:
        """Print these deltas."""
        for delta in deltas:
            if delta.notice:
                self._write_line(f"… {delta.notice.say(self._language)}")
            else:
                self._write_origin()
            if delta.reasoning:
                if not self._in_reasoning:
                    _write(self._dim)
                    self._in_reasoning = True
                _write(self._visible_stream.feed(delta.reasoning))
            if delta.tool:
                self._write_line(answers.tool_run_text(delta.tool, self._language))
            if delta.text:
                if self._in_reasoning:
                    _write(f"{self._visible_stream.flush_remaining()}{self._plain}\n\n")
                    self._in_reasoning = False
                self._write_text(delta.text)
        sys.stdout.flush()

    def show_result(self, answer: Answer | None) -> None:
        """End the line, and print the footer."""
        if answer is not None:
            lines_below = [
                *answers.beside_text_lines(answer, self._language),
                *source_lines(answer),
            ]
            summary = make_controls_visible(answers.summary_line(answer, self._language))
            _write(self._visible_stream.feed(self._picture_namer.flush()))
            _write(f"{self._visible_stream.flush_remaining()}{self._plain}\n\n")
            for line in lines_below:
                _write(make_controls_visible(line) + "\n")
            _write(f"{self._dim}[{summary}]{self._plain}\n")
            sys.stdout.flush()

    def _write_origin(self) -> None:
        """Write, above the reply that has begun, that it is the emulator's."""
        if self._is_simulated is not None and self._is_simulated():
            self._write_line(f"[{EMULATED.say(self._language)}]\n")
        self._is_simulated = None

    def _write_text(self, text: str) -> None:
        """Write a part of the answer."""
        if not self._is_raw:
            text = self._picture_namer.feed(text)
        _write(self._visible_stream.feed(text))

    def _write_line(self, words: str) -> None:
        """Write a line that is not part of the answer."""
        _write(f"{self._dim}{make_controls_visible(words)}{self._plain}\n")

    def withdraw_output(self) -> None:
        """Clear what a notebook shows. A terminal's output cannot be removed, so a notice is
        printed.
        """
        clear_output()
        _write(f"{self._plain}\n[{_WITHDRAWN.say(self._language)}]\n")
        sys.stdout.flush()


def _write(text: str) -> None:
    """Write to standard output, which may be a file whose encoding lacks some characters."""
    sys.stdout.write(fit_encoding(text, sys.stdout))
