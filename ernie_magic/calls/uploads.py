"""Files that are sent to a service as a form."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.wire.request import Form, UploadedFile

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FILE = 512 * 1024 * 1024  # bytes: a file is held in memory while it is sent
_BINARY = "application/octet-stream"


def read_form(
    file: str | Path | bytes,
    fields: Mapping[str, str],
    *,
    field: str = "file",
    name: str = "",
) -> Form:
    """Return the form that sends a file, which is read now.

    Parameters
    ----------
    file
        Where it is, or its content.
    fields
        The form's other fields.
    field
        The name of the file's own field.
    name
        What the file is called there; its own name when "".

    Raises
    ------
    InvalidOption
        It cannot be read, is empty, or larger than 512 MiB.
    """
    content = file if isinstance(file, bytes) else _read_file(Path(file))
    if not isinstance(file, bytes):
        name = name or Path(file).name
    name = name or "file"
    if not content:
        raise InvalidOption(Text("{name} 是空的", "{name} is empty").fill(name=name))
    media_type = mimetypes.guess_type(name)[0] or _BINARY
    return Form((UploadedFile(field, name, content, media_type),), dict(fields))


def _read_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE:
            raise InvalidOption(
                Text("{path} 超过 512 MiB", "{path} is larger than 512 MiB").fill(path=str(path)),
                advice=Text("分成几个文件", "split it into several files"),
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise InvalidOption(
            Text("读不了 {path}（{reason}）", "{path} cannot be read ({reason})").fill(
                path=str(path), reason=reason
            ),
            advice=Text("检查路径", "check the path"),
        ) from None
