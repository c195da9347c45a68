"""What is under way, seen from several threads."""

import gc
import sys
import threading

import pytest

from ernie_magic.runtime.under_way import UnderWay


class Running:
    is_done = False


@pytest.fixture
def quick_switches():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_what_has_ended_and_what_nobody_keeps_is_not_listed():
    under_way = UnderWay()
    kept, ended = Running(), Running()
    for each in (kept, ended, Running()):
        under_way.add(each)
    del each
    ended.is_done = True
    gc.collect()
    assert under_way.list_running() == [kept]


def test_one_thread_lists_while_another_adds(quick_switches):
    under_way, kept = UnderWay(), []

    def add():
        for _ in range(3000):
            kept.append(Running())
            under_way.add(kept[-1])

    adding = threading.Thread(target=add)
    adding.start()
    while adding.is_alive():
        under_way.list_running()
    adding.join()
    assert len(under_way.list_running()) == 3000
