"""The pictures that are attached to a prompt in a panel."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, NamedTuple

import ipywidgets as widgets

from ernie_magic.calls.chat import attachments
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.panels.file_button import FileButton
from ernie_magic.notebook.panels.widgets import (
    box,
    close_widget,
    make_icon_button,
    row,
    set_visible,
)
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ernie_magic.notebook.panels.file_button import GivenFile
    from ernie_magic.notebook.panels.widgets import Status
    from ernie_magic.text.language import Language

# Bytes of a picture as it is sent: each later prompt of the conversation sends it again.
_MAX_BYTES = 4_000_000
_ATTACH = Text("添加图片", "Add picture")
_DETACH = Text("移除 {name}", "Remove {name}")
_NO_PICTURE = Text(
    "{name} 不是模型能看的图片，没有附上：请选 PNG、JPEG、WebP 等图片",
    "{name} is not a picture that models can see, and is not attached: choose a PNG, JPEG, WebP or "
    "the like",
)
_SMALLER = Text(
    "{name} 有 {size}，附上的是缩小的（{sent}）；要发原图，在单元格里写 %%ernie --image 文件",
    "{name} has {size}: a smaller one is attached ({sent}). To send it as it is, write %%ernie "
    "--image FILE in a cell",
)
_TOO_LARGE = Text(
    "{name} 有 {size}，太大，浏览器又不能缩小它，没有附上：在单元格里写 %%ernie --image 文件",
    "{name} has {size}, too large to attach, and the browser cannot make it smaller: write %%ernie "
    "--image FILE in a cell",
)


class AttachedPicture(NamedTuple):
    """A picture that goes with a prompt.

    Attributes
    ----------
    name : str
    content : bytes
    address : str
        As it is sent, and shown.
    """

    name: str
    content: bytes
    address: str

    @classmethod
    def from_file(cls, name: str, content: bytes) -> AttachedPicture:
        """A file's picture.

        Raises
        ------
        InvalidOption
            It is none.
        """
        return cls(name, content, str(attachments.image_parts(content)[0]["image_url"]["url"]))


class AttachedPictures:
    """A button that adds pictures, and those that were added, small.

    Parameters
    ----------
    language
    status
        Is told of what is not attached as it is.
    on_change
        Called after each change.

    Attributes
    ----------
    button : FileButton
    thumbnails : ipywidgets.HBox
    """

    def __init__(self, language: Language, status: Status, on_change: Callable[[], object]) -> None:
        self._language = language
        self._status = status
        self._on_change = on_change
        self._pictures: tuple[AttachedPicture, ...] = ()
        self._said = ""
        label = _ATTACH.say(language)
        self.button = FileButton(
            label,
            label,
            "image/*",
            "ernie-attach",
            self._attach_file,
            multiple=True,
            max_picture_bytes=_MAX_BYTES,
            on_too_large=self._tell_too_large,
        )
        self.thumbnails = row(name="ernie-thumbs")
        set_visible(self.thumbnails, visible=False)

    @property
    def pictures(self) -> tuple[AttachedPicture, ...]:
        """Those that go with the next prompt, in their order."""
        return self._pictures

    @pictures.setter
    def pictures(self, pictures: Sequence[AttachedPicture]) -> None:
        self._pictures = tuple(pictures)
        previous_thumbnails = self.thumbnails.children
        self.thumbnails.children = [
            self._make_thumbnail(index, picture) for index, picture in enumerate(self._pictures)
        ]
        for thumbnail in previous_thumbnails:
            close_widget(thumbnail)
        set_visible(self.thumbnails, visible=bool(self._pictures))
        self._on_change()

    def _attach_file(self, file: GivenFile) -> None:
        try:
            picture = AttachedPicture.from_file(file.name, file.content)
        except InvalidOption:
            message = _NO_PICTURE.say(self._language, name=file.name)
            self._say(message, is_error=True)
            return
        self.pictures = (*self._pictures, picture)
        if file.is_smaller:
            sizes = {"size": _describe_size(file.size), "sent": _describe_size(len(file.content))}
            self._say(_SMALLER.say(self._language, name=file.name, **sizes))

    def _tell_too_large(self, name: str, size: int) -> None:
        message = _TOO_LARGE.say(self._language, name=name, size=_describe_size(size))
        self._say(message, is_error=True)

    def _say(self, message: str, *, is_error: bool = False) -> None:
        """Show a line about a file, beside those about others that still stand there."""
        if self._said and self._status.text == self._said:
            message = f"{self._said} · {message}"
            is_error = is_error or self._status.is_error
        self._said = message
        self._status.show_message(message, is_error=is_error)

    def _make_thumbnail(self, index: int, picture: AttachedPicture) -> widgets.Widget:
        """An attached picture, with the button that removes it."""
        name = html.escape(picture.name)
        shown = widgets.HTML(f'<img src="{picture.address}" alt="{name}" title="{name}">')
        label = _DETACH.say(self._language, name=picture.name)
        remove_button = make_icon_button("close", label, lambda: self._remove(index))
        return box(shown, remove_button, name="ernie-thumb")

    def _remove(self, index: int) -> None:
        self.pictures = (*self._pictures[:index], *self._pictures[index + 1 :])


def _describe_size(size: int) -> str:
    """`14.5 MB`"""
    return f"{size / 1_000_000:.1f} MB"
