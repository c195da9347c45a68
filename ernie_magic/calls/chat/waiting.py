"""Waiting for turns that something else than the caller reads: a panel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ernie_magic.runtime.events import Delta
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.prepared_call import PreparedCall

_WAITS = Text("先等面板里的回答", "waiting for the answer in the panel first")
_PAUSE = 0.05  # seconds


async def wait_for_turns(call: PreparedCall, turns: Sequence[Stream[Any]]) -> None:
    """Wait until these have their answers, and say so meanwhile."""
    call.emit(Delta(notice=_WAITS))
    while not all(turn.is_done for turn in turns):  # noqa: ASYNC110  (only a reader, who may end it, is woken by its end)
        await asyncio.sleep(_PAUSE)
