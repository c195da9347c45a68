"""A button that takes files from the page's dialog, of any size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import anywidget
import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_HERE = Path(__file__).parent


class GivenFile(NamedTuple):
    """A file as the page gave it.

    Attributes
    ----------
    name : str
    content : bytes
    size : int
        Bytes of the file itself: a picture may have been made smaller.
    """

    name: str
    content: bytes
    size: int

    @property
    def is_smaller(self) -> bool:
        """Whether the page has made it smaller."""
        return len(self.content) < self.size


class FileButton(anywidget.AnyWidget):
    """Opens the page's dialog for files. `ipywidgets.FileUpload` sends all of them in one message,
    and a Jupyter server ends the connection at one of more than 10 MB.

    Parameters
    ----------
    text, hint
    accept
        What the dialog offers, as HTML's `accept`.
    name
        A class that frontend.css knows.
    on_file
        Called with each file.
    multiple
        Several may be chosen at once.
    max_picture_bytes
        The page makes larger pictures smaller; 0 for any size.
    on_too_large
        Called with name and size of a file that is larger and cannot be made smaller.
    """

    _esm = _HERE / "file_button.js"
    text = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    accept = traitlets.Unicode().tag(sync=True)
    name = traitlets.Unicode().tag(sync=True)
    multiple = traitlets.Bool().tag(sync=True)
    max_picture_bytes = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        text: str,
        hint: str,
        accept: str,
        name: str,
        on_file: Callable[[GivenFile], object],
        *,
        multiple: bool = False,
        max_picture_bytes: int = 0,
        on_too_large: Callable[[str, int], object] = lambda _name, _size: None,
    ) -> None:
        super().__init__(
            text=text,
            hint=hint,
            accept=accept,
            name=name,
            multiple=multiple,
            max_picture_bytes=max_picture_bytes,
        )
        self._on_file = on_file
        self._on_too_large = on_too_large
        self._parts: dict[str, bytearray] = {}  # of files that are not complete yet
        self.on_msg(self._on_page_message)

    def _on_page_message(
        self,
        _widget: object,
        message: Mapping[str, Any],
        buffers: Sequence[bytes | memoryview],
    ) -> None:
        id_, name, size = str(message.get("id")), str(message.get("name")), message.get("size")
        if not isinstance(size, int):
            return
        if message.get("op") == "too_large":
            self.send({"op": "taken", "id": id_})
            self._on_too_large(name, size)
        elif message.get("op") == "part":
            content = self._parts.setdefault(id_, bytearray())
            for part in buffers:
                content += part
            if message.get("last"):
                del self._parts[id_]
                # The file is there before a prompt that waits for it is sent.
                try:
                    self._on_file(GivenFile(name, bytes(content), size))
                finally:
                    self.send({"op": "taken", "id": id_})
