"""How files are named and written: a name that every system accepts, and a file that is whole or
not there.
"""

from __future__ import annotations

import os
import re
import secrets
import time
import unicodedata
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_MAX_NAME_BYTES = 255  # of a name, on every common file system
_DRAFT = ".ernie_magic-"  # prefix of a file's name while it is written
_ABANDONED = 3600.0  # seconds after which a draft belongs to a killed process
_JOINERS = "\u200c\u200d"  # invisible characters in words and emoji
_SEPARATORS = re.compile(r'[<>:"/\\|?*]')
# Devices on Windows, with any extension (learn.microsoft.com, "Naming Files, Paths, and
# Namespaces").
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)", re.IGNORECASE)


def sanitize_name(name: str, *, reserve: int = 0, otherwise: str = "picture") -> str:
    """Return a file name that every system accepts: files travel.

    Parameters
    ----------
    name
        One part of a path, without folders.
    reserve
        Bytes to be added to it: a number, an extension.
    otherwise
        The name to use when nothing is left of it.
    """
    shown = "".join(c if _is_visible(c) else "-" for c in name)
    shown = _strip_edges(_SEPARATORS.sub("-", shown))
    if _DEVICE.match(shown):
        shown = f"_{shown}"
    cut = shown.encode()[: _MAX_NAME_BYTES - reserve].decode(errors="ignore")
    return _strip_edges(cut) or otherwise


def _is_visible(character: str) -> bool:
    category = unicodedata.category(character)
    return category not in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") or character in _JOINERS


def _strip_edges(name: str) -> str:
    """Remove what makes a name an option, a hidden file, or another name on Windows."""
    return re.sub(r"^[\s.-]+|[\s.]+$", "", name)


def write_new(names: Iterable[Path], content: bytes, *, mode: int = 0o666) -> Path:
    """Write a file under the first of these names that is free; all of them are in one folder.

    The file appears whole or not at all, whatever happens meanwhile, and it replaces no other: not
    even one that another process is writing under the same name.

    Parameters
    ----------
    mode
        Who may read and write it, within the process's umask.

    Raises
    ------
    FileExistsError
        None of the names is free.
    OSError
    """
    coming = iter(names)
    name = next(coming)
    with _unpublished_file(name.parent, content, mode) as publish:
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
    """Replace the file of that name: at each moment either the old or the new one exists.

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
def _unpublished_file(parent: Path, content: bytes, mode: int) -> Iterator[Callable[[Path], None]]:
    """Write a file that has no name yet; the returned function names it, or raises
    FileExistsError.
    """
    if hasattr(os, "O_TMPFILE"):
        with suppress(_NoTemporary), _unnamed_draft(parent, content, mode) as publish:
            yield publish
            return
    draft = _named_draft(parent, content, mode)
    try:
        yield lambda name: _rename_new(draft, name)
    finally:
        draft.unlink(missing_ok=True)


class _NoTemporary(Exception):
    """The file system has no unnamed files here."""


@contextmanager
def _unnamed_draft(parent: Path, content: bytes, mode: int) -> Iterator[Callable[[Path], None]]:
    """Write an unnamed file on Linux (open(2), "O_TMPFILE"): a killed process leaves nothing."""
    within = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            handle = os.open(parent, os.O_TMPFILE | os.O_WRONLY, mode)
        except OSError:
            # Many file systems have none, each with an error of its own. A real error occurs again
            # later.
            raise _NoTemporary from None
        with os.fdopen(handle, "wb") as out:
            _write_all(out.fileno(), content)

            def publish_as(name: Path) -> None:
                # With a folder's handle this is linkat(2), which follows the link in /proc to the
                # file.
                try:
                    os.link(f"/proc/self/fd/{out.fileno()}", name.name, dst_dir_fd=within)
                except FileExistsError:
                    raise
                except OSError:  # no /proc here, or a file system that does not link
                    draft = _named_draft(parent, content, mode)
                    try:
                        _rename_new(draft, name)
                    finally:
                        draft.unlink(missing_ok=True)
                with suppress(OSError):
                    os.fsync(within)

            yield publish_as
    finally:
        os.close(within)


def _named_draft(parent: Path, content: bytes, mode: int) -> Path:
    """Write a file with a name of its own beside the final one."""
    _remove_abandoned_drafts(parent)
    draft = parent / f"{_DRAFT}{secrets.token_hex(8)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        try:
            _write_all(handle, content)
        finally:
            os.close(handle)
    except BaseException:  # an interrupt as well: whatever comes is raised, and leaves no draft
        draft.unlink(missing_ok=True)
        raise
    return draft


def _write_all(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]
    os.fsync(handle)


def _rename_new(draft: Path, name: Path) -> None:
    """Give a draft its name; raise FileExistsError when a file of that name exists."""
    if os.name == "nt":
        draft.rename(name)  # never replaces another file there
        return
    try:
        os.link(draft, name)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: the name is taken first, then the file is written at
        # once.
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        draft.replace(name)


def _remove_abandoned_drafts(parent: Path) -> None:
    """Remove drafts of killed processes."""
    with suppress(OSError):
        for file in parent.glob(f"{_DRAFT}*"):
            if time.time() - file.stat().st_mtime > _ABANDONED:
                file.unlink()
