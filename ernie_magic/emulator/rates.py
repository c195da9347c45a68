"""Requests and tokens per minute, really counted: headers say what is left; any excess is refused.

Counted in fixed minutes, by key and model. Source: "ERNIE-Speed-8K", 响应头域
(https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

MAX_COUNTED = 10_000  # keys and models, the most recently used


@dataclass
class RateLimits:
    """What a server allows.

    Attributes
    ----------
    requests, tokens : int
        Allowed per minute, for each key and model.
    minute : float
        Length of a minute, in seconds: tests have shorter ones.
    """

    requests: int = 3_000
    tokens: int = 3_000_000
    minute: float = 60.0
    _used: dict[tuple[str, str], tuple[int, int, int]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take_request(self, key: str, model: str) -> str:
        """Count a request; return the code of the refusal if it exceeds the limit, else ""."""
        with self._lock:
            requests, tokens = self._used_this_minute(key, model)
            if requests >= self.requests:
                return "rpm_rate_limit_exceeded"
            if tokens >= self.tokens:
                return "tpm_rate_limit_exceeded"
            self._set_used(key, model, requests + 1, tokens)
        return ""

    def record_tokens(self, key: str, model: str, tokens: int) -> None:
        """Count an answer's tokens."""
        with self._lock:
            requests, before = self._used_this_minute(key, model)
            self._set_used(key, model, requests, before + tokens)

    def rate_limit_headers(self, key: str, model: str) -> dict[str, str]:
        """The rate limit headers of a response."""
        with self._lock:
            requests, tokens = self._used_this_minute(key, model)
        return {
            "X-Ratelimit-Limit-Requests": str(self.requests),
            "X-Ratelimit-Limit-Tokens": str(self.tokens),
            "X-Ratelimit-Remaining-Requests": str(max(0, self.requests - requests)),
            "X-Ratelimit-Remaining-Tokens": str(max(0, self.tokens - tokens)),
        }

    def _set_used(self, key: str, model: str, requests: int, tokens: int) -> None:
        self._used.pop((key, model), None)  # the most recently used stands last
        self._used[key, model] = (self._current_minute(), requests, tokens)
        while len(self._used) > MAX_COUNTED:
            del self._used[next(iter(self._used))]

    def _current_minute(self) -> int:
        return int(time.time() / self.minute)

    def _used_this_minute(self, key: str, model: str) -> tuple[int, int]:
        minute, requests, tokens = self._used.get((key, model), (0, 0, 0))
        if minute != self._current_minute():
            return 0, 0
        return requests, tokens
