"""What the two forms of the API share."""

import pytest

from ernie_magic.wire import protocol


@pytest.mark.parametrize(
    "found",
    [None, 5, [], {"prompt_tokens": True, "total_tokens": "x"}, {"prompt_tokens_details": 3}],
)
def test_usage_that_is_nonsense_is_nothing(found):
    assert protocol.usage_of(found).total_tokens == 0
