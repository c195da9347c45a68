"""Where files that outlive a kernel are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

BESIDE = ".ernie"  # beside the notebook, used for everything when it is there


def folder(kind: Literal["cache", "data"]) -> Path:
    """The folder beside the notebook when it is there; else the user's, for what may be lost ("cache") or not ("data")."""
    beside = Path.cwd() / BESIDE
    if beside.is_dir():
        return beside
    import platformdirs

    return platformdirs.user_cache_path("ernie_magic") if kind == "cache" else platformdirs.user_data_path("ernie_magic")
