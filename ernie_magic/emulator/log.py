"""The requests received, for tests and trials: bounded, without keys or the bytes of pictures."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ernie_magic.emulator.refusals import V1_ROOT

MAX_ENTRIES = 5000
MAX_BYTES = 8 * 1024 * 1024  # of all entries
MAX_ENTRY = 1024 * 1024  # bytes of one body
MAX_TEXT = 100_000  # characters of one text: longer than any model accepts
_DATA_SHOWN = 64  # characters of a `data:` URI
_DATA_KEPT_WHOLE = 256  # characters
_MAX_ACTION = 64  # characters
_VALUE = 64  # bytes that a value takes besides its characters
# A browser sends the cookies of every server on this machine, Jupyter's too: cookies ignore ports.
_SECRET_HEADERS = ("cookie", "proxy-authorization", "x-api-key", "api-key")
_SCHEMES = ("bearer", "basic", "digest", "bce-auth-v1")


@dataclass
class LoggedRequest:
    """A request that arrived.

    Attributes
    ----------
    method, path : str
    headers : dict
        Lower-case names; keys are never kept.
    body : dict | None
        Pictures, and texts beyond any model's length, are cut.
    time, first_delta : float
        Seconds since the epoch: of the request, and of the first chunk of its stream (0.0 if there
        was none).
    disconnected : bool
        The client left before the end of its stream.
    action : str
        Of Qianfan's console: what `Action` in the query names.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Any = None
    time: float = field(default_factory=time.time)
    first_delta: float = 0.0
    disconnected: bool = False
    action: str = ""

    @property
    def is_v1(self) -> bool:
        """Whether it was sent to Qianfan V1."""
        return self.path.startswith(V1_ROOT)


class RequestLog(deque[LoggedRequest]):
    """Requests, oldest first; the oldest are dropped beyond `MAX_ENTRIES` or `MAX_BYTES`."""

    def __init__(self) -> None:
        super().__init__()
        self._sizes: deque[int] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def log_request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: Any = None,
        action: str = "",
    ) -> LoggedRequest:
        """Log a request; return its entry."""
        copied, size = shorten_value(body)
        if size > MAX_ENTRY:
            copied = f"… ({size} bytes)"
            size = 0
        entry = LoggedRequest(method, path, redact_headers(headers), copied)
        entry.action = action[:_MAX_ACTION]
        size += len(path) + sum(len(name) + len(value) + _VALUE for name, value in headers.items())
        with self._lock:
            self.append(entry)
            self._sizes.append(size)
            self._bytes += size
            while len(self) > MAX_ENTRIES or self._bytes > MAX_BYTES:
                self.popleft()
                self._bytes -= self._sizes.popleft()
        return entry

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            super().clear()
            self._sizes.clear()
            self._bytes = 0


def redact_headers(headers: dict[str, str]) -> dict[str, str]:
    """The headers without keys; of an Authorization header only a known scheme remains."""
    redacted = headers | {name: "***" for name in _SECRET_HEADERS if name in headers}
    if value := headers.get("authorization"):
        scheme = value.partition(" ")[0].partition("/")[0]
        redacted["authorization"] = "***"
        if scheme.lower() in _SCHEMES:
            redacted["authorization"] = f"{scheme} ***"
    return redacted


def shorten_value(value: Any) -> tuple[Any, int]:
    """A copy of a JSON value with long texts cut, and its approximate size in bytes."""
    if isinstance(value, str):
        limit = MAX_TEXT
        if value.startswith("data:") and len(value) > _DATA_KEPT_WHOLE:
            limit = _DATA_SHOWN
        if len(value) > limit:
            value = f"{value[:limit]}… ({len(value)} characters)"
        return value, _VALUE + len(value)
    if isinstance(value, dict):
        items = {key: shorten_value(each) for key, each in value.items()}
        size = sum(_VALUE + len(key) + size for key, (_, size) in items.items())
        return {key: copied for key, (copied, _) in items.items()}, _VALUE + size
    if isinstance(value, list):
        copies = [shorten_value(each) for each in value]
        return [copied for copied, _ in copies], _VALUE + sum(size for _, size in copies)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value), _VALUE
    return value, _VALUE
