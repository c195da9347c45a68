"""A local stand-in for the services, on real HTTP: `python -m ernie_magic.emulator`, or `start()`.

Written from the documents, not from our client; the two share the tables of parameters and models
and nothing else.
Its server (starlette, uvicorn) and its pencil (Pillow) are imported when they are first used.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ernie_magic.emulator.server import Emulator

__all__ = ["start"]


def start(
    *, port: int = 0, host: str = "127.0.0.1", latency: float | None = None, seed: int = 0
) -> Emulator:
    """Serve from a daemon thread; returns once it serves.

    Parameters
    ----------
    port
        0 takes a free one.
    host
        The address to listen on; loopback unless you say otherwise.
    latency
        Seconds before the first piece of an answer, which also sets the pace; 0 does not wait at
        all. None takes the environment's
        `ERNIE_EMULATOR_LATENCY`, without one it is lifelike.
    seed
        Another seed gives other answers; the same seed the same ones.

    Returns
    -------
    Emulator
        With `base_url`, `token`, `requests`, `faults`, `open_streams` and `stop()`.
    """
    from ernie_magic.emulator.server import Emulator

    given = os.environ.get("ERNIE_EMULATOR_LATENCY", "") if latency is None else ""
    return Emulator(
        port=port,
        host=host,
        latency=float(given) if re.fullmatch(r"\d+(\.\d+)?", given) else latency,
        seed=seed,
    )
