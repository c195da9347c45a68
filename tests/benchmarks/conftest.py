"""Each benchmark has the garbage of its own only: what earlier tests of the process left is not
looked through again.

Bars are strict with `--strict-bars`, for whoever changes a hot path on a quiet machine. Without it,
as in CI, a benchmark
fails at a gross regression only.
"""

import gc

import pytest


@pytest.fixture(autouse=True)
def _own_garbage():
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def bar(request):
    """The bar that a ratio may not pass: the one given, or twice that where bars are not strict."""
    allowance = 1 if request.config.getoption("--strict-bars") else 2
    return lambda limit: limit * allowance


@pytest.fixture
def growth_bar(request):
    """The same for growth by doubling, where 2 is linear and 4 is quadratic."""
    return lambda limit: limit if request.config.getoption("--strict-bars") else 3.2
