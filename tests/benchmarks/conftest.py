"""Each benchmark collects only its own garbage: what earlier tests of the process left is frozen.

With `--strict-bars` bars are strict, for whoever changes a hot path on a quiet machine. Without it,
as in CI, a benchmark fails only at a gross regression.
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
    """The bar that a ratio must not exceed: the one given, or twice that if bars are not strict."""
    allowance = 1 if request.config.getoption("--strict-bars") else 2
    return lambda limit: limit * allowance


@pytest.fixture
def growth_bar(request):
    """The same for growth by doubling, where 2 is linear and 4 is quadratic."""
    return lambda limit: limit if request.config.getoption("--strict-bars") else 3.2
