"""Where files that outlive a kernel are kept, what they may be called, and how they are written."""

from __future__ import annotations

import os
import re
import secrets
import time
import unicodedata
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BESIDE = ".ernie"  # beside the notebook, used for everything when it is there
_MOST_BYTES = 255  # of a name, on every usual file system
_DRAFT = ".ernie_magic-"  # the beginning of a name that a file has while it is written
_ABANDONED = 3600.0  # seconds after which a draft belongs to a process that was killed
_JOINERS = "\u200c\u200d"  # invisible characters that words and emoji are made with
_SEPARATORS = re.compile(r'[<>:"/\\|?*]')
# Devices on Windows, with any ending (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)", re.IGNORECASE)


def folder(kind: Literal["cache", "data"]) -> Path:
    """The folder beside the notebook when it is there; else the user's, for what may be lost
    ("cache") or not ("data").
    """
    if Path(BESIDE).is_dir():
        return Path.cwd() / BESIDE
    import platformdirs

    return (
        platformdirs.user_cache_path("ernie_magic")
        if kind == "cache"
        else platformdirs.user_data_path("ernie_magic")
    )


def sanitize_name(name: str, *, reserve: int = 0, otherwise: str = "picture") -> str:
    """A file's name that every system takes: files travel.

    Parameters
    ----------
    name
        One part of a path, without folders.
    reserve
        Bytes that are added to it: a number, an ending.
    otherwise
        The name where nothing is left of it.
    """
    shown = "".join(c if _is_seen(c) else "-" for c in name)
    shown = _stripped(_SEPARATORS.sub("-", shown))
    shown = f"_{shown}" if _DEVICE.match(shown) else shown
    cut = shown.encode()[: _MOST_BYTES - reserve].decode(errors="ignore")
    return _stripped(cut) or otherwise


def _is_seen(character: str) -> bool:
    category = unicodedata.category(character)
    return category not in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") or character in _JOINERS


def _stripped(name: str) -> str:
    """Without what makes a name an option, a hidden file, or another name on Windows."""
    return re.sub(r"^[\s.-]+|[\s.]+$", "", name)


def write_new(names: Iterable[Path], content: bytes, *, mode: int = 0o666) -> Path:
    """Write a file under the first of these names that is free; all of them in one folder.

    It is there whole or not at all, whatever happens meanwhile, and it takes no other's place: also
    not that of a file which another
    process is writing under the same name.

    Parameters
    ----------
    mode
        Who may read and write it, as far as the process's umask allows.

    Raises
    ------
    FileExistsError
        None of them is.
    OSError
    """
    coming = iter(names)
    name = next(coming)
    with _draft(name.parent, content, mode) as publish:
        while True:
            try:
                publish(name)
            except FileExistsError:  # noqa: PERF203  (each name is tried by itself)
                following = next(coming, None)
                if following is None:
                    raise
                name = following
            else:
                return name


def write_over(file: Path, content: bytes) -> None:
    """Write a file in the place of the one of that name: at each moment the old one or the new one
    is there.

    Raises
    ------
    OSError
    """
    draft = _named_draft(file.parent, content, 0o666)
    try:
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def _draft(place: Path, content: bytes, mode: int) -> Iterator[Callable[[Path], None]]:
    """A file that is written but has no name yet; the function given names it, or raises
    FileExistsError.
    """
    if hasattr(os, "O_TMPFILE"):
        with suppress(_NoTemporary), _nameless(place, content, mode) as publish:
            yield publish
            return
    draft = _named_draft(place, content, mode)
    try:
        yield lambda name: _rename_new(draft, name)
    finally:
        draft.unlink(missing_ok=True)


class _NoTemporary(Exception):
    """Here the file system has no files without a name."""


@contextmanager
def _nameless(place: Path, content: bytes, mode: int) -> Iterator[Callable[[Path], None]]:
    """On Linux a file without a name (open(2), "O_TMPFILE"): a process that is killed leaves
    nothing.
    """
    within = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            handle = os.open(place, os.O_TMPFILE | os.O_WRONLY, mode)
        except (
            OSError
        ):  # many file systems have none, each with an error of its own; a real one is met again
            raise _NoTemporary from None
        with os.fdopen(handle, "wb") as out:
            _fill(out.fileno(), content)

            def publish(name: Path) -> None:
                # A folder's handle makes it linkat(2), which follows the link that /proc has to the
                # file.
                try:
                    os.link(f"/proc/self/fd/{out.fileno()}", name.name, dst_dir_fd=within)
                except FileExistsError:
                    raise
                except OSError:  # no /proc here, or a file system that does not link
                    draft = _named_draft(place, content, mode)
                    try:
                        _rename_new(draft, name)
                    finally:
                        draft.unlink(missing_ok=True)
                with suppress(OSError):
                    os.fsync(within)

            yield publish
    finally:
        os.close(within)


def _named_draft(place: Path, content: bytes, mode: int) -> Path:
    """A file with a name of its own beside the one that it will be."""
    _sweep(place)
    draft = place / f"{_DRAFT}{secrets.token_hex(8)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        try:
            _fill(handle, content)
        finally:
            os.close(handle)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _fill(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]
    os.fsync(handle)


def _rename_new(draft: Path, name: Path) -> None:
    """Give a draft its name; raises FileExistsError when there is a file of that name."""
    if os.name == "nt":
        draft.rename(name)  # never over another there
        return
    try:
        os.link(draft, name)
    except FileExistsError:
        raise
    except (
        OSError
    ):  # a file system without hard links: the name is taken first, then filled at once
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        draft.replace(name)


def _sweep(place: Path) -> None:
    """Remove drafts of processes that were killed."""
    with suppress(OSError):
        for file in place.glob(f"{_DRAFT}*"):
            if time.time() - file.stat().st_mtime > _ABANDONED:
                file.unlink()
