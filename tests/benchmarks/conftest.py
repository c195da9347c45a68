"""Each benchmark has the garbage of its own only: what earlier tests of the process left is not looked through again."""

import gc

import pytest


@pytest.fixture(autouse=True)
def _own_garbage():
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
