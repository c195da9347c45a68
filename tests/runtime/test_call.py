"""A call on the I/O thread, read from a thread or from another loop."""

import asyncio
import contextlib
import itertools
import time

import pytest

from ernie_magic.errors import Stopped
from ernie_magic.runtime.call import Call
from ernie_magic.runtime.stream import Stream


async def three(emit):
    for i in range(3):
        emit(i)
        await asyncio.sleep(0.001)
    return "end"


def test_items_come_in_order_and_then_the_result():
    call = Call(three)
    assert [i for batch in call.iter_batches() for i in batch] == [0, 1, 2]
    assert call.result() == "end"


def test_a_coroutine_in_another_loop_reads_the_same():
    async def read():
        call = Call(three)
        return [i async for batch in call.aiter_batches() for i in batch], call.result()

    assert asyncio.run(read()) == ([0, 1, 2], "end")


def test_batches_keep_their_distance_but_the_first_comes_at_once():
    async def many(emit):
        for i in range(100):
            emit(i)
            await asyncio.sleep(0.002)

    times = []
    begin = time.monotonic()
    for _ in Call(many).iter_batches(0.05):
        times.append(time.monotonic() - begin)
    # The last one may arrive early: the work is done.
    gaps = [b - a for a, b in itertools.pairwise(times)][:-1]
    assert times[0] < 0.05
    assert min(gaps) >= 0.05
    assert len(times) <= times[-1] / 0.05 + 2  # however long the work took


def test_cancelled_work_may_still_give_what_it_had():
    async def stalls(emit):
        emit("some")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "partial"

    call = Call(stalls)
    assert next(call.iter_batches()) == ["some"]
    assert call.stop_and_collect() == "partial"


def test_what_the_work_raises_is_raised_where_it_is_read():
    async def fails(_emit):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Stream(Call(fails), lambda: "en").result()


def test_a_reader_whose_loop_has_ended_does_no_harm():
    async def slow(emit):
        await asyncio.sleep(0.05)
        emit(1)
        return "end"

    call = Call(slow)

    async def impatient():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext_(call.aiter_batches()), 0.01)

    asyncio.run(impatient())
    assert call.result() == "end"


async def anext_(iterator):
    return await iterator.__anext__()


def test_a_call_that_is_cancelled_before_it_began_ends_too():
    async def work(_emit):
        await asyncio.sleep(60)

    for _ in range(50):
        call = Call(work)
        call.cancel()
        with pytest.raises(Stopped):
            Stream(call, lambda: "en").result()


def test_a_call_that_is_cancelled_twice_still_closes_what_it_has_open():
    closed = []

    async def holds_a_connection(emit):
        try:
            emit("some")
            await asyncio.sleep(60)
        finally:
            for step in range(3):  # as a connection's lock, its stream and its pool
                await asyncio.sleep(0.01)
                closed.append(step)

    call = Call(holds_a_connection)
    next(call.iter_batches())
    call.cancel()
    while not closed:
        time.sleep(0.001)
    assert call.stop_and_collect() is None
    assert closed == [0, 1, 2]


def test_a_cancellation_that_was_lost_may_be_asked_for_again(monkeypatch):
    monkeypatch.setattr("ernie_magic.runtime.call._CLOSING_TIME", 0.0)

    async def loses_the_first(emit):
        emit("begun")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        emit("continued")
        await asyncio.sleep(60)

    call = Call(loses_the_first)
    batches = call.iter_batches()
    assert next(batches) == ["begun"]
    call.cancel()
    assert next(batches) == ["continued"]
    call.cancel()
    with pytest.raises(Stopped):
        call.result()


async def emits_after_a_while(emit):
    await asyncio.sleep(0.15)
    emit("first")
    await asyncio.sleep(0.15)
    emit("last")
    return "end"


class EverySoOften:
    """A reader that wants an empty batch each 50 ms until something arrives."""

    def __init__(self):
        self.due_at, self.batches = time.monotonic() + 0.05, []

    def due(self):
        return self.due_at

    def take(self, batch):
        self.batches.append(batch)
        self.due_at = None if batch else time.monotonic() + 0.05


def read_blocking(call, reader):
    for batch in call.iter_batches(0.05, due=reader.due):
        reader.take(batch)


def read_awaiting(call, reader):
    async def read():
        async for batch in call.aiter_batches(0.05, due=reader.due):
            reader.take(batch)

    asyncio.run(read())


@pytest.mark.parametrize("read", [read_blocking, read_awaiting])
def test_an_empty_batch_comes_when_one_is_due_and_only_then(read):
    reader = EverySoOften()
    read(Call(emits_after_a_while), reader)
    ticks = reader.batches.index(["first"])
    assert reader.batches[:ticks] == [[]] * ticks
    assert 1 <= ticks <= 5  # each 50 ms, on a slow machine later
    assert reader.batches[ticks:] == [["first"], ["last"]]


@pytest.mark.parametrize("read", [read_blocking, read_awaiting])
def test_a_reader_that_is_always_due_misses_nothing_and_ends(read):
    reader = EverySoOften()
    reader.take = reader.batches.append
    reader.due_at = 0.0

    async def many(emit):
        for i in range(200):
            emit(i)
            await asyncio.sleep(0)
        return "end"

    read(Call(many), reader)
    assert [item for batch in reader.batches for item in batch] == list(range(200))
