"""Where `.env` and `.ernie` are looked for: the working folder, and those that it was before.

A notebook that changes its folder for its data (`%cd`, `os.chdir`) has not changed its key.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class WorkFolders:
    """The working folder, those in which something was found, and the one in which all began."""

    def __init__(self) -> None:
        self._began_in = _current()
        self._found_in: dict[str, Path] = {}

    def find(self, name: str, look: Callable[[Path], Path | None]) -> Path | None:
        """Return what `look` finds in the first of these folders that has it, None for nothing.

        Parameters
        ----------
        name
            Of what is looked for.
        look
            Returns its path in, or above, a folder.
        """
        for folder in self._candidates(name):
            with suppress(OSError):  # it was deleted, or cannot be reached
                if (path := look(folder)) is not None:
                    self._found_in[name] = folder
                    return path
        return None

    def _candidates(self, name: str) -> Iterator[Path]:
        folders = (_current(), self._found_in.get(name), self._began_in)
        yield from (folder for folder in dict.fromkeys(folders) if folder is not None)


def _current() -> Path | None:
    with suppress(OSError):
        return Path.cwd()
    return None


# The working folder is the process's, and so is this.
WORK_FOLDERS = WorkFolders()
