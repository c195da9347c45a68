"""A local stand-in for the services, on real HTTP: `python -m ernie_magic.emulator`, or `start()`.

It is written from Baidu's public API pages, not from our client. The two share the tables of
parameters and models, and nothing else. Its server (starlette, uvicorn) and its drawing library
(Pillow) are imported on first use.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ernie_magic.emulator.server import Emulator

__all__ = ["start"]


def start(
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    latency: float | None = None,
    seed: int = 0,
    announce: bool = True,
) -> Emulator:
    """Serve from a daemon thread; return once the server answers.

    Parameters
    ----------
    port
        0 picks a free one.
    host
        The address to listen on; loopback unless you say otherwise.
    latency
        Seconds before the first piece of an answer, which also sets the pace; 0 means no wait. None
        reads `ERNIE_EMULATOR_LATENCY` from the environment; without it the pace is lifelike.
    seed
        Another seed gives other answers; the same seed gives the same ones.
    announce
        Say in a header of each reply that no model made it. Without it a client is tested as
        against the service itself.

    Returns
    -------
    Emulator
        With `base_url`, `token`, `requests`, `faults`, `open_streams` and `stop()`.
    """
    from ernie_magic.emulator.server import Emulator

    if latency is None:
        latency = _latency_from_environment()
    return Emulator(port=port, host=host, latency=latency, seed=seed, announce=announce)


def _latency_from_environment() -> float | None:
    given = os.environ.get("ERNIE_EMULATOR_LATENCY", "")
    if re.fullmatch(r"\d+(\.\d+)?", given):
        return float(given)
    return None
