"""What the oldest IPython that we support cannot do; the page of errors says it to users."""

import IPython
import pytest

# IPython 7 reads help once, and its Tab knows neither matchers nor an order of names.
needs_ipython_8 = pytest.mark.skipif(
    IPython.version_info < (8,), reason="IPython 7 reads help at once, and has a Tab of its own"
)
