"""The file that a person means by a path: typed, copied from another system, or as an address."""

from __future__ import annotations

import os
import unicodedata
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_FILES = 10_000  # of a folder, of which one may be meant
_FILE_SCHEME = "file:"


def find_path(given: str | Path) -> Path:
    """Return the existing file or folder that a path names; where there is none, the path itself.

    The path as typed goes first (`~` is the home folder). Then come a name that really begins with
    `~`, a `file:` address (RFC 8089), backslashes between folders where they are no separators, and
    a name whose letters have their accents otherwise: macOS and some archives decompose them
    (Unicode Standard Annex 15).

    Raises
    ------
    ValueError, OSError
        No system has such a path: it has a null byte, or is too long.
    """
    candidates = list(_candidates(given))
    for candidate in candidates:
        if candidate.exists():
            return candidate
    for candidate in candidates:
        found = _find_same_letters(candidate)
        if found is not None:
            return found
    return candidates[0]


def _candidates(given: str | Path) -> Iterator[Path]:
    """Yield the paths that may be meant, the likeliest first."""
    with suppress(RuntimeError):  # there is no such user
        yield Path(given).expanduser()
    yield Path(given)
    text = str(given)
    if text[: len(_FILE_SCHEME)].lower() == _FILE_SCHEME:
        # Loading this loads much of HTTP, and the extension loads this module.
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        yield Path(url2pathname(urlsplit(text).path))
    if os.sep == "/" and "\\" in text:
        yield Path(text.replace("\\", "/")).expanduser()


def _find_same_letters(path: Path) -> Path | None:
    """Return the path of the same letters, composed or not, None if there is none."""
    if str(path).isascii():
        return None
    found = Path(path.anchor)
    for name in path.parts[len(found.parts) :]:
        named = found / name
        if not named.exists():
            alike = _find_in_folder(found, name)
            if alike is None:
                return None
            named = alike
        found = named
    return found


def _find_in_folder(folder: Path, name: str) -> Path | None:
    wanted = unicodedata.normalize("NFC", name)
    with suppress(OSError):
        for file in islice(folder.iterdir(), _MAX_FILES):
            if unicodedata.normalize("NFC", file.name) == wanted:
                return file
    return None
