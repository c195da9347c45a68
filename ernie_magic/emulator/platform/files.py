"""Files that were sent to be worked on, under the addresses of AI Studio and of Qianfan V2
(https://platform.openai.com/docs/api-reference/files).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from ernie_magic.emulator.aistudio import PREFIX, QIANFAN_PREFIX
from ernie_magic.emulator.platform.console import PlatformRoute, Store, invalid_field
from ernie_magic.emulator.refusals import ConsoleRefusal

if TYPE_CHECKING:
    from ernie_magic.emulator.platform.console import Handler, PlatformCall

MAX_BYTES = 100 * 1024 * 1024
_PURPOSES = ("batch", "assistants", "fine-tune", "vision", "user_data", "evals", "batch_output")


@dataclass(frozen=True)
class StoredFile:
    """A file.

    Attributes
    ----------
    name, purpose : str
    content : bytes
    created : int
        Seconds since the epoch.
    """

    name: str
    purpose: str
    content: bytes
    created: int


class Files:
    """The files of one emulator."""

    def __init__(self) -> None:
        self.files: Store[StoredFile] = Store("file")

    def add(self, name: str, purpose: str, content: bytes) -> str:
        """Keep a file; return its id."""
        return self.files.add(StoredFile(name, purpose, content, int(time.time())))


def find_file(call: PlatformCall, file_id: str) -> StoredFile:
    """The file of an id.

    Raises
    ------
    ConsoleRefusal
        There is none.
    """
    files = call.state_of(Files).files
    if file_id not in files:
        raise ConsoleRefusal(404, "not_found", f"No such File object: {file_id:.60}")
    return files.find(file_id, "file_id")


def _upload_file(call: PlatformCall) -> dict[str, Any]:
    file = call.form.files.get("file")
    if file is None:
        raise invalid_field("file")
    purpose = call.form.fields.get("purpose", "")
    if purpose not in _PURPOSES:
        raise invalid_field("purpose")
    if not file.content or len(file.content) > MAX_BYTES:
        raise invalid_field("file")
    files = call.state_of(Files)
    return _file_row(files.add(file.name, purpose, file.content), files)


def _file_row(file_id: str, files: Files) -> dict[str, Any]:
    file = files.files.find(file_id, "file_id")
    return {
        "id": file_id,
        "object": "file",
        "bytes": len(file.content),
        "created_at": file.created,
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
    }


def _list_files(call: PlatformCall) -> dict[str, Any]:
    files = call.state_of(Files)
    rows = [_file_row(file_id, files) for file_id, _ in reversed(files.files.items())]
    purpose = call.incoming.query.get("purpose")
    if purpose:
        rows = [row for row in rows if row["purpose"] == purpose]
    return list_page(call, rows)


def list_page(call: PlatformCall, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The page of a list that `after` and `limit` ask for
    (https://platform.openai.com/docs/api-reference/batch/list).

    Parameters
    ----------
    rows
        Newest first.
    """
    limit = call.incoming.query.get("limit", "20")
    if not limit.isascii() or not limit.isdecimal() or not 1 <= int(limit) <= 10_000:  # noqa: PLR2004
        raise invalid_field("limit")
    ids = [row["id"] for row in rows]
    start = 0
    if after := call.incoming.query.get("after"):
        if after not in ids:
            raise invalid_field("after")
        start = ids.index(after) + 1
    page = rows[start : start + int(limit)]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": start + int(limit) < len(rows),
    }


def _retrieve_file(call: PlatformCall) -> dict[str, Any]:
    file_id = call.path_params["file_id"]
    find_file(call, file_id)
    return _file_row(file_id, call.state_of(Files))


def _read_content(call: PlatformCall) -> Response:
    content = find_file(call, call.path_params["file_id"]).content
    return Response(content, media_type="application/octet-stream")


def _delete_file(call: PlatformCall) -> dict[str, Any]:
    file_id = call.path_params["file_id"]
    find_file(call, file_id)
    call.state_of(Files).files.remove(file_id, "file_id")
    return {"id": file_id, "object": "file", "deleted": True}


def routes_below_both(table: tuple[tuple[str, str, Handler], ...]) -> tuple[PlatformRoute, ...]:
    """Routes below the addresses of AI Studio and of Qianfan V2, whose results have no envelope."""
    return tuple(
        PlatformRoute(method, prefix + path, handler, has_envelope=False)
        for prefix in (PREFIX, QIANFAN_PREFIX)
        for method, path, handler in table
    )


ROUTES = routes_below_both(
    (
        ("POST", "/files", _upload_file),
        ("GET", "/files", _list_files),
        ("GET", "/files/{file_id}", _retrieve_file),
        ("DELETE", "/files/{file_id}", _delete_file),
        ("GET", "/files/{file_id}/content", _read_content),
    )
)
