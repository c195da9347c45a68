"""The progress of many pieces of work: the facts that a bar shows, and tqdm's bar for Python calls.

A cell's own bar is drawn by its view (`ernie_magic.notebook.display.pending`) from the same facts:
tqdm's form for notebooks is a widget, which the cell's result could not replace and which a saved
notebook would keep.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ernie_magic.text.counts import TOKENS
from ernie_magic.text.language import Language, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ernie_magic.runtime.events import Delta, Progress

BAR_INTERVAL = 0.2  # seconds between updates
_DELAY = 1.0  # seconds: faster work needs no bar
_MIN_RATED_SECONDS = 0.5  # seconds of work that tell a rate
# Pieces of work that tell one, or else seconds: of eight in flight the first comes as late as the
# last, and would tell eight times the time that is left.
_MIN_RATED_PIECES = 8
_SLOW_SECONDS = 10.0
_FAILED = Text("{n:,} 个失败", "{n:,} failed")
_PER_SECOND = Text("每秒 {n}", "{n}/s")
_LEFT = Text("还要 {time}", "{time} left")
_MIN_YUAN_SHOWN = 0.0001


class ProgressClock:
    """How fast work proceeds, and how long it will take."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: int | None = None  # done before this run: no work was needed for it

    def describe(self, progress: Progress, language: Language) -> str:
        """Everything that is known of the progress, on one line."""
        counts = f"{progress.done:,} / {progress.total:,}"
        return " · ".join(
            [counts, *self._describe_pace(progress, language), *facts(progress, language)]
        )

    def _describe_pace(self, progress: Progress, language: Language) -> list[str]:
        """The rate and the time that is left, once they can be told."""
        if self._first is None:
            self._first = progress.done
        seconds = time.monotonic() - self._began
        done = progress.done - self._first
        if not done or seconds < _MIN_RATED_SECONDS:
            return []
        if done < _MIN_RATED_PIECES and seconds < _SLOW_SECONDS:
            return []
        rate = done / seconds
        remaining = (progress.total - progress.done) / rate
        return [
            _PER_SECOND.say(language, n=f"{rate:.3g}"),
            _LEFT.say(language, time=format_duration(remaining)),
        ]


def format_duration(seconds: float) -> str:
    """Return a duration as clocks show it: `0:07`, `12:30`, `1:02:05`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minute:02}:{second:02}"
    return f"{minute}:{second:02}"


def format_yuan(amount: float) -> str:
    """Return an amount of money in CNY, with as many digits as matter."""
    if amount >= 1:
        return f"¥{amount:,.2f}"
    return f"¥{max(amount, _MIN_YUAN_SHOWN):.4f}"


def facts(progress: Progress, language: Language) -> list[str]:
    """Failures, tokens and money of the work so far, where there are any."""
    known = []
    if progress.failed:
        known.append(_FAILED.say(language, n=progress.failed))
    if progress.tokens:
        known.append(TOKENS.say(language, n=progress.tokens))
    if progress.yuan:
        known.append(format_yuan(progress.yuan))
    return known


class ProgressBar:
    """tqdm's bar, in a notebook or a terminal; none for work that is quick, and none where it
    cannot be drawn: standard error is closed or absent (`pythonw.exe`), its pipe has no reader, its
    disk is full.

    Parameters
    ----------
    title
        What is counted; no bar when "".
    language
    """

    def __init__(self, title: str, language: Language) -> None:
        self._title = title
        self._language = language
        self._bar: Any = None
        self._is_drawable = True
        self._began = time.monotonic()

    def update_bar(self, deltas: Sequence[Delta]) -> None:
        """Show the last progress of these."""
        progress = next((delta.progress for delta in reversed(deltas) if delta.progress), None)
        if progress is not None and self._title and self._is_drawable:
            with self._giving_up():
                self._draw(progress)

    def _draw(self, progress: Progress) -> None:
        if self._bar is None:
            is_quick = time.monotonic() - self._began < _DELAY
            if is_quick or progress.done == progress.total:
                return
            sys.stderr.write("")  # raises here, before tqdm leaves half a bar behind
            from tqdm.auto import tqdm  # its notebook form loads ipywidgets

            self._bar = tqdm(
                total=progress.total, initial=progress.done, desc=self._title, leave=False
            )
        self._bar.n = progress.done
        self._bar.set_postfix_str(", ".join(facts(progress, self._language)), refresh=False)
        self._bar.refresh()

    def close(self) -> None:
        """Remove it."""
        if self._bar is not None and self._is_drawable:
            with self._giving_up():
                self._bar.close()

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """Draw no more after whatever the output raises: drawing never ends a call."""
        try:
            yield
        except Exception:  # noqa: BLE001  (an output may raise anything, and tqdm on a half bar)
            self._is_drawable = False
            if self._bar is not None:
                self._bar.disable = True  # it draws no more when it is collected


@contextmanager
def progress_bar(title: str, language: Language) -> Iterator[Callable[[Sequence[Delta]], None]]:
    """Show a bar while slow work is waited for: the function given updates it; none when the title
    is "".
    """
    bar = ProgressBar(title, language)
    try:
        yield bar.update_bar
    finally:
        bar.close()
