"""Conversations that an application of Qianfan keeps on its own side."""

from __future__ import annotations

import time
from typing import NamedTuple

# Seconds ("新建会话" on https://cloud.baidu.com/doc/qianfan-api/s/Smh4sutup).
LIFETIME = 7 * 86_400.0
_MARGIN = 60.0  # seconds: one that expires while it is used helps nobody


class AppConversation(NamedTuple):
    """A conversation with an application.

    Attributes
    ----------
    id : str
    began : float
        Seconds since the epoch.
    turns : int
        How many turns it has left in ours.
    question_id : str
        Of the question back that the next prompt answers, "" for none.
    """

    id: str
    began: float
    turns: int = 0
    question_id: str = ""

    @property
    def has_expired(self) -> bool:
        """Whether the service has forgotten it."""
        return time.time() - self.began > LIFETIME - _MARGIN
