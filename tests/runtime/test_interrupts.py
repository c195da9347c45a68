"""Which cell is running; tests/kernel shows what Stop does in a real kernel."""

import asyncio
import signal
import sys
from contextvars import copy_context

from ernie_magic.runtime.interrupts import Cells, Interrupts


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


def test_outside_a_kernel_the_handler_of_interrupts_stays(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    before = signal.getsignal(signal.SIGINT)
    with Interrupts().cancel_on_interrupt(None):
        assert signal.getsignal(signal.SIGINT) is before
