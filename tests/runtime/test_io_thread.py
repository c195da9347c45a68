"""One thread does all I/O."""

import threading

from ernie_magic.runtime.call import Call


def test_the_work_runs_on_the_one_io_thread():
    async def where(_emit):
        return threading.current_thread().name

    assert {Call(where).result() for _ in range(3)} == {"ernie-io"}
