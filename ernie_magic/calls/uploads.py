"""Files that are sent to a service as a form."""

from __future__ import annotations

import json
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ernie_magic.api.keywords import check_dicts, check_texts
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.wire.request import Form, UploadedFile

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FILE = 512 * 1024 * 1024  # bytes: a file is held in memory while it is sent
_BINARY = "application/octet-stream"


def read_form(
    file: str | Path | bytes,
    fields: Mapping[str, Any],
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
        The form's other fields; what is no text is written as JSON.
    field
        The name of the file's own field.
    name
        What the file is called there; its own name when "".

    Raises
    ------
    InvalidOption
        It cannot be read, is empty, or larger than 512 MiB; or a field cannot be written.
    """
    check_texts(field=field, name=name)
    check_dicts(fields=fields)
    if isinstance(file, bytes):
        content = file
    else:
        content = _read_file(file)
        name = name or Path(file).name
    name = name or "file"
    if not content:
        raise InvalidOption(Text("{name} 是空的", "{name} is empty").fill(name=name))
    media_type = mimetypes.guess_type(name)[0] or _BINARY
    texts = {key: _write_field(value) for key, value in fields.items()}
    return Form((UploadedFile(field, name, content, media_type),), texts)


def _write_field(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InvalidOption(
            Text("有的字段不能写成 JSON", "a field of the form cannot be written as JSON")
        ) from None


def _read_file(file: object) -> bytes:
    if not isinstance(file, (str, Path)):
        raise InvalidOption(
            Text("要文件的路径，或它的内容（bytes）", "a file's path is needed, or its bytes")
        )
    path = Path(file).expanduser()
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


def list_paths(files: object) -> list[Path]:
    """Return the paths of files, of which one may be given alone; `~` is the home folder.

    Raises
    ------
    InvalidOption
        One is no path.
    """
    given: Any = [files] if isinstance(files, (str, Path)) else files
    is_list = isinstance(given, (list, tuple))
    if is_list and all(isinstance(path, (str, Path)) for path in given):
        return [Path(path).expanduser() for path in given]
    raise InvalidOption(
        Text("文件要给路径，不是 {given}", "files are given by their paths, not {given}").fill(
            given=f"{files!r:.60}"
        )
    )
