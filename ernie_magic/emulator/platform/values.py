"""Ids and times as the platform writes them."""

from __future__ import annotations

import time
import uuid

# Things of this name, or whose names begin with it, end in failure, so that it can be seen.
FAILING = "mock_failed"
UNFINISHED = "0000-00-00T00:00:00Z"  # the time of what has not ended


def request_uuid() -> str:
    """The id of a request, or of a knowledge base or one of its documents."""
    return str(uuid.uuid4())


def format_time(epoch_seconds: float | None = None) -> str:
    """A time as V2 writes it: `2026-02-28T02:40:25Z`; now, unless it is given."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch_seconds))


def format_v1_time() -> str:
    """The time now as V1's data have it, without a zone: `2026-02-28 10:40:25`. The official client
    compares these (https://github.com/baidubce/bce-qianfan-sdk, dataset/data_source/utils.py).
    """
    return time.strftime("%Y-%m-%d %H:%M:%S")
