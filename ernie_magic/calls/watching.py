"""Tasks of a service that are looked at until they are over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from ernie_magic.api.keywords import check_number
from ernie_magic.errors import (
    AuthenticationFailed,
    ErnieError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    ServerError,
    ServiceError,
    ServiceUnreachable,
    TransportError,
)
from ernie_magic.runtime.events import Delta, Progress
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ResultT = TypeVar("ResultT")
_LEAST_PAUSE = 0.01  # seconds
_MOST_PAUSE = 86_400
_WHOLE = 100  # percent
# Errors that say nothing about the task, which goes on without being looked at.
_OF_THE_WAY = (
    TransportError,
    ProtocolError,
    ServerError,
    RateLimited,
    AuthenticationFailed,
    PermissionDenied,
)
_LOOK_FAILED = Text(
    "这次没有查到任务的状态（{why}），{seconds} 秒后再查",
    "the task could not be looked at ({why}): the next look is in {seconds} s",
)


class Pace(NamedTuple):
    """How often a task is looked at.

    Attributes
    ----------
    pause : float
        Seconds between two looks.
    pause_after_failure : float
        At most so many after a look that failed.
    patience : float
        For how many seconds looks may fail, one after another: a network that is away, a gateway
        that is restarted.
    patience_at_first : float
        The same before the first look that has shown something: the address may be wrong.
    """

    pause: float
    pause_after_failure: float = 30.0
    patience: float = 600.0
    patience_at_first: float = 60.0


# The emulator's tasks move with each look, and no network is in between.
_SIMULATED_PACE = Pace(0.1, 0.1, 2.0, 2.0)


async def watch_task(
    look: Callable[[], Awaitable[ResultT]],
    emit: Callable[[Delta], None],
    *,
    is_over: Callable[[ResultT], bool],
    still_running: Text,
    percent: Callable[[ResultT], float] | None = None,
    notice: Callable[[ResultT], Text] | None = None,
    pace: Callable[[], Pace],
) -> ResultT:
    """Look at a task until it is over, and return what was seen last.

    A look that fails on the way there or back is followed by the next one, for some minutes.

    Parameters
    ----------
    look, is_over, still_running, percent, notice
        As in `PlatformCall.watch_task`.
    emit
        Called with the progress and the notices.
    pace
        Returns how often it is looked at.

    Raises
    ------
    ErnieError
        Looks have failed for too long, or one was refused; it says that the task goes on.
    """
    looks = _Looks(look, emit, still_running, pace)
    told: Text | None = None
    while True:
        state, has_failed = await looks.next()
        if has_failed:
            told = None
        if notice is not None and (told_now := notice(state)) != told:
            told = told_now
            emit(Delta(notice=told))
        if percent is not None:
            done = max(0, min(_WHOLE, round(percent(state))))
            emit(Delta(progress=Progress(done, _WHOLE)))
        if is_over(state):
            return state
        await asyncio.sleep(pace().pause)


class _Looks(Generic[ResultT]):
    """The looks at one task."""

    def __init__(
        self,
        look: Callable[[], Awaitable[ResultT]],
        emit: Callable[[Delta], None],
        still_running: Text,
        pace: Callable[[], Pace],
    ) -> None:
        self._look = look
        self._emit = emit
        self._still_running = still_running
        self._pace = pace
        self._has_seen = False

    async def next(self) -> tuple[ResultT, bool]:
        """Return what the next look shows that shows something, and whether one failed before."""
        clock = asyncio.get_running_loop()
        failing_since: float | None = None
        while True:
            try:
                state = await self._look()
            except ErnieError as error:
                if failing_since is None:
                    failing_since = clock.time()
                pause = self._pause_after(error)
                if self._is_final(error, clock.time() + pause - failing_since):
                    raise
                seconds = f"{round(pause, 1):g}"
                self._emit(Delta(notice=_LOOK_FAILED.fill(why=error.what, seconds=seconds)))
            else:
                self._has_seen = True
                return state, failing_since is not None
            await asyncio.sleep(pause)

    def _pause_after(self, error: ErnieError) -> float:
        pace = self._pace()
        return max(min(pace.pause, pace.pause_after_failure), error.retry_after or 0)

    def _is_final(self, error: ErnieError, seconds: float) -> bool:
        """Whether no look follows one that failed so; the error is completed then.

        Parameters
        ----------
        error
        seconds
            From the first failure to the next look.
        """
        pace = self._pace()
        patience = pace.patience if self._has_seen else pace.patience_at_first
        if self._may_pass(error):
            if seconds <= patience:
                return False
            error.add_advice(self._still_running)
        elif self._has_seen and isinstance(error, _OF_THE_WAY):
            error.add_advice(self._still_running)
        return True

    def _may_pass(self, error: ErnieError) -> bool:
        """Whether a look that failed so may succeed in a while."""
        if isinstance(error, RateLimited):
            return error.retryable
        if isinstance(error, ServiceUnreachable) and not self._has_seen:
            return error.retryable  # a certificate or a proxy's setting does not mend itself
        if isinstance(error, TransportError | ProtocolError | ServerError):
            return True
        # A page in place of a refusal is no word of the service's, whatever its status.
        return isinstance(error, ServiceError) and error.body.lstrip().startswith("<")


def pace_of(pause: float, *, simulated: bool) -> Pace:
    """Return how often a task is looked at.

    Parameters
    ----------
    pause
        Seconds between two looks.
    simulated
        Whether the emulator has the task: it is looked at more often.
    """
    if simulated:
        return _SIMULATED_PACE
    return Pace(max(pause, _LEAST_PAUSE))


def check_pause(pause: object) -> None:
    """Check the seconds between two looks that a call is given.

    Raises
    ------
    InvalidOption
    """
    check_number("pause", pause, 0, _MOST_PAUSE, is_whole=False)
