"""Forms with files (`multipart/form-data`, RFC 7578)."""

from __future__ import annotations

from email.message import Message
from typing import NamedTuple

MAX_PARTS = 1000
_HEAD_END = b"\r\n\r\n"


class UploadedFile(NamedTuple):
    """A file of a form.

    Attributes
    ----------
    name : str
        The file's own.
    content : bytes
    media_type : str
    """

    name: str
    content: bytes
    media_type: str


class Form(NamedTuple):
    """A form.

    Attributes
    ----------
    fields : dict of str
    uploads : list of (str, UploadedFile)
        The name of a file's field, and the file: several may have one name.
    """

    fields: dict[str, str]
    uploads: list[tuple[str, UploadedFile]]

    @property
    def files(self) -> dict[str, UploadedFile]:
        """Its files by the names of their fields, the last one of each."""
        return dict(self.uploads)

    def summary(self) -> dict[str, object]:
        """What the log keeps of it: no file's content."""
        files = {
            field: {"name": file.name, "size": len(file.content)} for field, file in self.uploads
        }
        return {"fields": self.fields, "files": files}


def read_form(raw: bytes, content_type: str) -> Form | None:
    """The form in a body; None where it is none, or is not complete.

    Parameters
    ----------
    content_type
        The request's header, with the boundary.
    """
    head = Message()
    head["content-type"] = content_type
    boundary = head.get_param("boundary")
    if head.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        return None
    delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
    parts = (b"\r\n" + raw).split(delimiter, MAX_PARTS)
    if not boundary or not parts[-1].startswith(b"--"):
        return None
    form = Form({}, [])
    for part in parts[1:-1]:
        _add_part(part, form)
    return form


def _add_part(part: bytes, form: Form) -> None:
    head_text, _, content = part.partition(_HEAD_END)
    head = Message()
    for line in head_text.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            head[name] = value.strip()
    field = head.get_param("name", header="content-disposition")
    file_name = head.get_param("filename", header="content-disposition")
    if not isinstance(field, str):
        return
    if isinstance(file_name, str):
        form.uploads.append((field, UploadedFile(file_name, content, head.get_content_type())))
    else:
        form.fields[field] = content.decode("utf-8", "replace")
