"""Bodies of replies become results."""

import base64
import struct

import pytest

from ernie_magic import errors
from ernie_magic.wire import replies


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_vectors_are_in_the_order_of_the_texts_whatever_order_they_came_in(order):
    packed = base64.b64encode(struct.pack("<1f", 1.0)).decode()
    payload = {"data": [{"index": i, "embedding": packed if i == 1 else [float(i)]} for i in order]}
    assert replies.parse_vectors(payload, 3).vectors.tolist() == [[0.0], [1.0], [2.0]]
    for broken in (
        {"data": []},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": 5},
        {},
        {"data": [{"index": 0, "embedding": "%%"}] * 3},
        {"data": [{"index": i, "embedding": [[1.0]]} for i in range(3)]},
        {"data": [{"index": i, "embedding": [float("nan")]} for i in range(3)]},
        {"data": [{"index": i, "embedding": [0.0] * (i + 1)} for i in range(3)]},
        {"data": [{"index": 1e400, "embedding": [0.0]}] * 3},
    ):
        with pytest.raises(errors.ProtocolError):
            replies.parse_vectors(broken, 3)
