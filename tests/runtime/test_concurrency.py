"""A limited number of pieces of work at a time."""

import asyncio

import pytest

from ernie_magic.runtime.concurrency import run_concurrently


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_no_more_than_the_limit_run_at_a_time_and_each_item_is_done_once(limit):
    running, most, done = 0, 0, []

    async def work(item):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        done.append(item)

    asyncio.run(run_concurrently(limit, range(20), work))
    assert sorted(done) == list(range(20))
    assert most == min(limit, 20)


def test_items_are_taken_only_when_there_is_room():
    taken, ahead = [], []

    def items():
        for item in range(10):
            taken.append(item)
            yield item

    async def work(item):
        await asyncio.sleep(0.001)
        ahead.append(len(taken) - item)

    asyncio.run(run_concurrently(2, items(), work))
    assert max(ahead) <= 3


def test_after_a_failure_no_further_one_begins_and_those_under_way_are_finished():
    begun, finished = [], []

    async def work(item):
        begun.append(item)
        await asyncio.sleep(0.01 * (item + 1))
        if item == 0:
            raise ValueError("the first")
        finished.append(item)
        if item == 1:
            raise ValueError("the second")

    with pytest.raises(ValueError, match="the first"):
        asyncio.run(run_concurrently(3, range(100), work))
    assert (begun, finished) == ([0, 1, 2], [1, 2])


def test_cancelled_it_lets_each_close_what_it_has_open():
    closed = []

    async def work(item):
        try:
            await asyncio.sleep(60)
        finally:
            for _ in range(item):
                await asyncio.sleep(0.001)
            closed.append(item)

    async def stop_soon():
        task = asyncio.ensure_future(run_concurrently(3, range(9), work))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop_soon())
    assert closed == [0, 1, 2]


def test_cancelled_it_cancels_those_under_way():
    cancelled = []

    async def work(item):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(item)
            raise

    async def stop_soon():
        task = asyncio.ensure_future(run_concurrently(2, range(9), work))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop_soon())
    assert sorted(cancelled) == [0, 1]
