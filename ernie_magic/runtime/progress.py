"""A progress bar for slow work, in a notebook and in a terminal: tqdm's."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ernie_magic.runtime.events import Delta

BAR_INTERVAL = 0.2  # seconds between updates
_DELAY = 1.0  # seconds: faster work needs no bar


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[Sequence[Delta]], None]]:
    """Show a bar while slow work is waited for: the function given updates it; none when the title
    is "".
    """
    bar: Any = None
    began = time.monotonic()

    def update_bar(deltas: Sequence[Delta]) -> None:
        nonlocal bar
        progress = next((delta.progress for delta in reversed(deltas) if delta.progress), None)
        if progress is None or not title:
            return
        if bar is None:
            if time.monotonic() - began < _DELAY or progress.done == progress.total:
                return
            from tqdm.auto import tqdm  # its notebook form loads ipywidgets

            bar = tqdm(total=progress.total, initial=progress.done, desc=title, leave=False)
        bar.n = progress.done
        bar.refresh()

    try:
        yield update_bar
    finally:
        if bar is not None:
            bar.close()
