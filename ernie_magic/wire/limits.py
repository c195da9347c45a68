"""The rate limits of every service and model used (`throttling.throttle`), which all calls here
observe. Used only on the I/O thread.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ernie_magic.wire.throttling.throttle import MINUTE, Throttle

if TYPE_CHECKING:
    from ernie_magic.wire.throttling.throttle import LimitState


class Limits:
    """The limits of every service and model used. They are the account's, so all sessions of a
    process share them.
    """

    def __init__(self) -> None:
        self.minute = MINUTE
        self.share = 1.0
        self.clock = time.monotonic
        self._known: dict[object, Throttle] = {}

    def throttle_for(self, account: object, service: str, model: str) -> Throttle:
        """Return the limit of a model.

        Parameters
        ----------
        account
            What the service counts by: address and credential.
        """
        known = (account, model.lower())
        if (throttle := self._known.get(known)) is None:
            throttle = self._known[known] = Throttle(service, model, self.minute, clock=self.clock)
        throttle.share = self.share
        return throttle

    async def list_states(self) -> list[LimitState]:
        """Return every known limit as it is now, in the order of first use; on the I/O thread."""
        return [throttle.state() for throttle in self._known.values()]

    async def reset(self) -> int:
        """Forget what was learned; calls that wait look again. On the I/O thread.

        Returns
        -------
        int
            How many limits were known.
        """
        known = sum(state.is_known for state in await self.list_states())
        for limit in self._known.values():
            limit.reset()
        return known

    def forget_all(self) -> None:
        """Forget all limits."""
        self._known.clear()


# An account's limit is shared by whatever runs here with its key: a resource of the process, like
# its threads.
LIMITS = Limits()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=LIMITS.forget_all)  # its waiters are of the parent's loop
