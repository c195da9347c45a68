"""Each benchmark has the machine, and the garbage of its own only."""

import gc
import time

import psutil
import pytest


@pytest.fixture(autouse=True, scope="session")
def _quiet():
    """Beside these, in another process, run tests that have no clock (tests/conftest.py): wait for their end, two minutes at most."""
    end = time.monotonic() + 120
    while psutil.cpu_percent(interval=1.0) > 20 and time.monotonic() < end:
        pass


@pytest.fixture(autouse=True)
def _own_garbage():
    """What earlier tests of the process left is not looked through again."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
