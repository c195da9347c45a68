"""Tasks of Qianfan's platform that are looked at until they are over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from ernie_magic.api import values
from ernie_magic.api.keywords import check_number
from ernie_magic.runtime.events import Delta, Progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ernie_magic.text.language import Text

ResultT = TypeVar("ResultT")
_SIMULATED_PAUSE = 0.1  # seconds: the emulator's tasks move with each look
_LEAST_PAUSE = 0.01  # seconds
_MOST_PAUSE = 86_400
_WHOLE = 100  # percent
# Where replies have the state of a task or of a resource, and its progress.
_STATES = (
    "runStatus",
    "status",
    "importStatus",
    "exportStatus",
    "publishStatus",
    "processStatus",
    "trainStatus",
    "displayStatus",
    "state",
)
_PROGRESSES = ("runProgress", "progress", "importProgress")
# The platform's words for what is not over, in lower case.
_UNDER_WAY = frozenset(
    {
        "",
        "created",
        "creating",
        "deploying",
        "doing",
        "exporting",
        "importing",
        "indexing",
        "new",
        "notconfigured",
        "parsing",
        "pending",
        "publishing",
        "queuing",
        "running",
        "stopping",
        "uploading",
        "waiting",
    }
)


async def watch_task(
    look: Callable[[], Awaitable[ResultT]],
    emit: Callable[[Delta], None],
    *,
    is_over: Callable[[ResultT], bool],
    percent: Callable[[ResultT], float] | None = None,
    notice: Callable[[ResultT], Text] | None = None,
    pause: Callable[[], float],
) -> ResultT:
    """Look at a task until it is over, and return what was seen last.

    Parameters
    ----------
    look, is_over, percent, notice
        As in `PlatformCall.watch_task`.
    emit
        Called with the progress and the notices.
    pause
        Returns how many seconds pass before the next look.
    """
    told: Text | None = None
    while True:
        state = await look()
        if notice is not None and (told_now := notice(state)) != told:
            told = told_now
            emit(Delta(notice=told))
        if percent is not None:
            done = max(0, min(_WHOLE, round(percent(state))))
            emit(Delta(progress=Progress(done, _WHOLE)))
        if is_over(state):
            return state
        await asyncio.sleep(pause())


def pause_of(pause: float, *, simulated: bool) -> float:
    """Return the seconds between two looks; fewer with the emulator, whose tasks move by looks."""
    if simulated:
        return _SIMULATED_PAUSE
    return max(pause, _LEAST_PAUSE)


def check_pause(pause: object) -> None:
    """Check the seconds between two looks that a call is given.

    Raises
    ------
    InvalidOption
    """
    check_number("pause", pause, 0, _MOST_PAUSE, is_whole=False)


def state_in(result: object) -> str | None:
    """Return the state of a task that a reply describes; None where it names none in words."""
    fields = values.as_object(result)
    found = (fields[name] for name in _STATES if isinstance(fields.get(name), str))
    return next(found, None)


def is_under_way(state: str) -> bool:
    """Whether a state in the platform's words is not the last one."""
    return state.lower() in _UNDER_WAY


def percent_in(result: object) -> float:
    """Return the progress of a task that a reply describes, 0 to 100; 100 for one that is over."""
    state = state_in(result)
    if state is not None and not is_under_way(state):
        return _WHOLE
    fields = values.as_object(result)
    for name in _PROGRESSES:
        text = values.as_name(fields.get(name)).rstrip("% ")
        if (number := values.as_seconds(text)) is not None:
            return min(number, _WHOLE)
    return 0
