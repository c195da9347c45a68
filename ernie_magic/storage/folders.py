"""Where files that outlive a kernel are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ernie_magic.config.work_folders import WORK_FOLDERS

if TYPE_CHECKING:
    from pathlib import Path

NOTEBOOK_FOLDER = ".ernie"  # beside the notebook; used for everything if it exists
_APPLICATION = "ernie_magic"


def storage_folder(kind: Literal["cache", "data"]) -> Path:
    """Return the folder beside the notebook if it exists, also after `%cd`; else the user's, for
    what may be lost ("cache") or not ("data").
    """
    if (beside_notebook := WORK_FOLDERS.find(NOTEBOOK_FOLDER, _look_beside)) is not None:
        return beside_notebook
    if kind == "data":
        return user_folder()
    import platformdirs

    return platformdirs.user_cache_path(_APPLICATION)


def _look_beside(folder: Path) -> Path | None:
    path = folder / NOTEBOOK_FOLDER
    return path if path.is_dir() else None


def user_folder() -> Path:
    """Return the user's own folder, also where there is one beside the notebook, which may have
    come with a stranger's project.
    """
    import platformdirs

    return platformdirs.user_data_path(_APPLICATION)
