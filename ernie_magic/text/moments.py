"""Moments as a person reads them: services write them in UTC."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime

# "Date and Time Formats" (https://www.w3.org/TR/NOTE-datetime), with a time zone.
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)")


def local_moment(stamp: str) -> str:
    """Return a moment that names its time zone in the user's own; any other text as it is."""
    found = _STAMP.fullmatch(stamp.strip())
    if found is None:
        return stamp
    zone = "+00:00" if found[2] == "Z" else found[2]
    if ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    with suppress(ValueError, OverflowError, OSError):  # no such day, or too early for this system
        moment = datetime.fromisoformat(found[1] + zone)
        return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return stamp
