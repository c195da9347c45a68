"""Which cell is running; tests/kernel shows what Stop does in a real kernel."""

import asyncio
import signal
import sys
import time
from contextvars import ContextVar, copy_context

import pytest

from ernie_magic.runtime import interrupts
from ernie_magic.runtime.call import Call
from ernie_magic.runtime.interrupts import Cells, Interrupts
from ernie_magic.runtime.stream import Stream


def test_a_cell_that_another_cell_runs_belongs_to_it():
    def check():
        cells = Cells()
        cells.enter_cell()
        outer = cells.running
        cells.enter_cell()
        assert cells.running == outer
        cells.leave_cell()
        assert cells.running == outer
        cells.leave_cell()
        assert cells.running == 0
        cells.leave_cell()  # the cell that loads the extension was not seen to begin
        cells.enter_cell()
        assert cells.running == outer + 1

    copy_context().run(check)


def test_a_task_of_an_earlier_cell_does_not_belong_to_the_running_one():
    async def run_cells():
        cells, release = Cells(), asyncio.Event()

        async def ask_later():
            await release.wait()
            return cells.belongs_to_running_cell()

        cells.enter_cell()
        assert cells.belongs_to_running_cell()
        task = asyncio.ensure_future(ask_later())
        await asyncio.sleep(0)
        cells.leave_cell()
        cells.enter_cell()
        assert cells.belongs_to_running_cell()
        release.set()
        assert not await task

    asyncio.run(run_cells())


async def stall(_emit):
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return "partial"


def test_in_a_script_an_interrupt_leaves_the_loop_and_ends_what_it_waited_for(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    # A shell of another test has run cells in this thread.
    monkeypatch.setattr(interrupts, "CELLS", Cells())
    monkeypatch.setattr(interrupts, "_MINE", ContextVar("mine", default=0))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    calls = [Call(stall), Call(stall)]
    loop = asyncio.new_event_loop()

    async def wait_for_both():
        streams = [Stream(call, lambda: "en") for call in calls]
        await asyncio.gather(*(each.aresult() for each in streams), return_exceptions=True)

    def interrupt_when_both_wait():
        if all(call.reader_count for call in calls):
            signal.raise_signal(signal.SIGINT)
        else:
            loop.call_later(0.1, interrupt_when_both_wait)

    waiting = loop.create_task(wait_for_both())
    loop.call_later(0.1, interrupt_when_both_wait)
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(waiting)
        assert [call._outcome.result(5) for call in calls] == ["partial", "partial"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
        loop.run_until_complete(waiting)
        loop.close()


def test_a_program_s_own_handler_of_interrupts_stays(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append("shut down"))
    call = CountedCall()
    try:
        with Interrupts().cancel_on_interrupt(call):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == ["shut down"]
    assert not call.interrupted


class CountedCall:
    interrupted = False
    cancelled = 0

    def cancel(self):
        self.cancelled += 1


@pytest.fixture
def stray(monkeypatch):
    """The interrupts that none of our blocks handled."""
    found = []
    monkeypatch.setattr(Interrupts, "_is_cell_thread", staticmethod(lambda: True))
    before = signal.signal(signal.SIGINT, lambda *_: found.append("stray"))
    yield found
    signal.signal(signal.SIGINT, before)


def interrupt_at(number, enter):
    """Interrupt the entering or leaving of a block at its line of that number; return the call, and
    whether there was such a line.
    """
    call = CountedCall()
    outside = signal.getsignal(signal.SIGINT)
    # Not our own lines: before Python 3.13 tracing a frame sets its variables back (PEP 667).
    edges = ("contextlib", "signal")
    lines = 0

    def trace(frame, event, _argument):
        nonlocal lines
        if frame.f_globals["__name__"] not in edges:
            return None
        lines += event == "line"
        handler = signal.getsignal(signal.SIGINT)
        if event == "line" and lines == number and handler is not outside:
            handler(signal.SIGINT, frame)
        return trace

    def run_block():
        with enter(call):
            pass

    raised = False
    tracing = sys.gettrace()
    sys.settrace(trace)
    try:
        run_block()
    except KeyboardInterrupt:
        raised = True
    finally:
        sys.settrace(tracing)
    assert signal.getsignal(signal.SIGINT) is outside
    assert raised == call.interrupted
    assert raised == bool(call.cancelled)
    return call, lines >= number


def test_an_interrupt_at_any_line_of_entering_or_leaving_is_raised_and_leaves_nothing(stray):
    number = 1
    handled = 0
    reached = True
    while reached:
        call, reached = interrupt_at(number, Interrupts().repeat_lost_interrupts)
        handled += call.interrupted
        number += 1
    time.sleep(4 * interrupts._AGAIN)  # one that is sent again would come meanwhile
    assert handled > 5
    assert stray == []
