"""A progress bar for slow work, in a notebook and in a terminal: tqdm's."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ernie_magic.runtime.events import Delta
    from ernie_magic.runtime.stream import Stream

Result = TypeVar("Result")
_INTERVAL = 0.2  # seconds between updates
_DELAY = 1.0  # seconds: faster work needs no bar


def show_progress(stream: Stream[Result], what: str) -> Result:
    """Wait for a result and show its progress."""
    with _progress_bar(what) as update:
        for batch in stream.iter_batches(_INTERVAL):
            update(batch)
    return stream.result()


async def ashow_progress(stream: Stream[Result], what: str) -> Result:
    """Wait for a result and show its progress, awaited."""
    with _progress_bar(what) as update:
        async for batch in stream.aiter_batches(_INTERVAL):
            update(batch)
    return await stream.aresult()


@contextmanager
def _progress_bar(what: str) -> Iterator[Callable[[Sequence[Delta]], None]]:
    bar: Any = None
    began = time.monotonic()

    def update_bar(deltas: Sequence[Delta]) -> None:
        nonlocal bar
        progress = next((delta.progress for delta in reversed(deltas) if delta.progress), None)
        if progress is None:
            return
        if bar is None:
            if time.monotonic() - began < _DELAY or progress.done == progress.total:
                return
            from tqdm.auto import tqdm  # its notebook form loads ipywidgets

            bar = tqdm(total=progress.total, initial=progress.done, desc=what, leave=False)
        bar.n = progress.done
        bar.refresh()

    try:
        yield update_bar
    finally:
        if bar is not None:
            bar.close()
