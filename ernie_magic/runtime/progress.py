"""A progress bar for slow work, in a notebook and in a terminal: tqdm's."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.protocol import Delta

Result = TypeVar("Result")
_INTERVAL = 0.2  # seconds between updates
_DELAY = 1.0  # seconds: faster work needs no bar


def shown(stream: Stream[Result], what: str) -> Result:
    """Wait for a result and show its progress."""
    with _bar(what) as update:
        for batch in stream.batches(_INTERVAL):
            update(batch)
    return stream.result()


async def ashown(stream: Stream[Result], what: str) -> Result:
    """Wait for a result and show its progress, awaited."""
    with _bar(what) as update:
        async for batch in stream.abatches(_INTERVAL):
            update(batch)
    return await stream.aresult()


@contextmanager
def _bar(what: str) -> Iterator[Callable[[Sequence[Delta]], None]]:
    bar: Any = None
    began = time.monotonic()

    def update(deltas: Sequence[Delta]) -> None:
        nonlocal bar
        found = next((delta.progress for delta in reversed(deltas) if delta.progress), None)
        if found is None:
            return
        if bar is None:
            if time.monotonic() - began < _DELAY or found.done == found.total:
                return
            from tqdm.auto import tqdm  # its notebook form loads ipywidgets

            bar = tqdm(total=found.total, initial=found.done, desc=what, leave=False)
        bar.n = found.done
        bar.refresh()

    try:
        yield update
    finally:
        if bar is not None:
            bar.close()
