"""Retries: when a request is sent again, and the back-off before it (exponential, full jitter).

It is safe when the connection was never made, after a 429, and after a 5xx or similar before any
part of the answer arrived. It is never safe after the first text, thought or tool call: the answer
would be billed twice. A stream that is refused after nothing but a role has brought none; if it
reported tokens, they are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.errors import ErnieError
from ernie_magic.wire.throttling.durations import LONGEST_KEPT_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import AsyncRetrying, RetryCallState

# Seconds of one wait where the service tells none.
MAX_WAIT = 60.0


def retry_attempts(
    max_attempts: int,
    backoff_factor: float,
    *,
    may_repeat: Callable[[], bool],
    on_wait: Callable[[ErnieError, float, int], None],
    is_safe: Callable[[ErnieError], bool] = lambda _error: True,
) -> AsyncRetrying:
    """Iterate over the attempts at one request, with `async for`; back off between them.

    Parameters
    ----------
    max_attempts
        Maximum attempts, including the first, as in the official client
        (https://github.com/baidubce/bce-qianfan-sdk).
    backoff_factor
        The n-th wait is a random time up to `backoff_factor` x 2^(n-1) seconds, at most a minute.
    may_repeat
        Whether no part of an answer has arrived yet.
    is_safe
        Whether it may be sent again after an error: an image may have been billed.
    on_wait
        Called before each wait with the error, the seconds and the number of the next attempt.
    """
    import tenacity  # imported with the first request, not before

    jitter = tenacity.wait_random_exponential(multiplier=backoff_factor, max=MAX_WAIT)

    def backoff_seconds(state: RetryCallState) -> float:
        return max(jitter(state), _told_seconds(_error_of(state)))

    def should_retry(error: BaseException) -> bool:
        return (
            isinstance(error, ErnieError)
            and error.retryable
            and may_repeat()
            and _told_seconds(error) <= LONGEST_KEPT_WAIT
            and is_safe(error)
        )

    def notify_waiting(state: RetryCallState) -> None:
        on_wait(
            _error_of(state),
            state.next_action.sleep if state.next_action else 0.0,
            state.attempt_number + 1,
        )

    return tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(max_attempts),
        wait=backoff_seconds,
        retry=tenacity.retry_if_exception(should_retry),
        before_sleep=notify_waiting,
        reraise=True,
    )


def _told_seconds(error: ErnieError) -> float:
    """Return the seconds that the service asks to wait, 0.0 where it does not."""
    return error.retry_after or error.told_wait


def _error_of(state: RetryCallState) -> ErnieError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ErnieError)  # noqa: S101  (should_retry lets nothing else through)
    return error
