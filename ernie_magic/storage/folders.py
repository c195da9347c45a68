"""Where files that outlive a kernel are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

NOTEBOOK_FOLDER = ".ernie"  # beside the notebook; used for everything if it exists
_APPLICATION = "ernie_magic"


def storage_folder(kind: Literal["cache", "data"]) -> Path:
    """Return the folder beside the notebook if it exists; else the user's, for what may be lost
    ("cache") or not ("data").
    """
    if Path(NOTEBOOK_FOLDER).is_dir():
        return Path.cwd() / NOTEBOOK_FOLDER
    if kind == "data":
        return user_folder()
    import platformdirs

    return platformdirs.user_cache_path(_APPLICATION)


def user_folder() -> Path:
    """Return the user's own folder, also where there is one beside the notebook, which may have
    come with a stranger's project.
    """
    import platformdirs

    return platformdirs.user_data_path(_APPLICATION)
