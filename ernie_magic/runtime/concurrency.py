"""Many pieces of work, several at the same time, in the given order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

Item = TypeVar("Item")


async def run_concurrently(
    max_concurrency: int,
    items: Iterable[Item],
    work: Callable[[Item], Awaitable[None]],
) -> None:
    """Do `work` for each item, a limited number at a time; items are taken when there is room,
    never all at once.

    When one fails, no further one is begun, those under way are finished, and the first error is
    raised. When this is cancelled, those under way are cancelled.

    Parameters
    ----------
    max_concurrency
        Pieces of work at the same time, 1 and more.
    items
        What to work on, in order.
    work
        Awaited with each item.
    """
    coming = iter(items)
    problem: Exception | None = None

    async def work_through() -> None:
        nonlocal problem
        for item in coming:
            if problem:
                return
            try:
                await work(item)
            except Exception as error:  # noqa: BLE001  (raised below, when the others have ended)
                problem = problem or error
                return

    workers = [asyncio.ensure_future(work_through()) for _ in range(max_concurrency)]
    try:
        await asyncio.gather(*workers)
    except asyncio.CancelledError:
        # `gather` has passed it on; a second one would interrupt the closing of connections.
        await asyncio.gather(*workers, return_exceptions=True)
        raise
    if problem:
        raise problem
