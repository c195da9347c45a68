"""File formats of pictures, recognised by their first bytes and not by what a server calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ernie_magic.errors import InvalidOption, ProtocolError
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from PIL.Image import Image

    from ernie_magic.api.requests import ImageRequest
    from ernie_magic.errors import ErnieError


class Format(NamedTuple):
    """A file format.

    Attributes
    ----------
    signature : bytes
        The first bytes of its files.
    name, mime, extension : str
    reader : tuple of str
        Pillow's module and class. `Image.open` would try others, and warn of large pictures before
        we can refuse them.
    """

    signature: bytes
    name: str
    mime: str
    extension: str
    reader: tuple[str, str]


PNG = Format(
    b"\x89PNG\r\n\x1a\n", "PNG", "image/png", ".png", ("PIL.PngImagePlugin", "PngImageFile")
)
FORMATS = (
    PNG,
    Format(b"\xff\xd8\xff", "JPEG", "image/jpeg", ".jpg", ("PIL.JpegImagePlugin", "JpegImageFile")),
    Format(b"RIFF", "WEBP", "image/webp", ".webp", ("PIL.WebPImagePlugin", "WebPImageFile")),
    Format(b"GIF8", "GIF", "image/gif", ".gif", ("PIL.GifImagePlugin", "GifImageFile")),
)
EXTENSIONS = (*(found.extension for found in FORMATS), ".jpeg")
_KINDS = (
    (b"<svg", Text("SVG（可能带脚本）", "an SVG, which may carry a script")),
    (b"<", Text("网页或 XML", "a web page or XML")),
    (b"{", Text("JSON 文本", "JSON text")),
    (b"", Text("其他内容", "something else")),
)
_EMPTY = Text("空内容", "nothing")


def format_of(content: bytes) -> Format:
    """Return a picture's format.

    Raises
    ------
    ProtocolError
        It is not a picture (a web page, an SVG, nothing).
    """
    for found in FORMATS:
        if content.startswith(found.signature) and (
            found.name != "WEBP" or content[8:12] == b"WEBP"
        ):
            return found
    start = bytes(content[:500]).lstrip().lower()
    if not start:
        raise not_a_picture(_EMPTY)
    raise not_a_picture(next(kind for mark, kind in _KINDS if _has_mark(start, mark)))


def _has_mark(start: bytes, mark: bytes) -> bool:
    if mark == b"<svg":
        return mark in start
    return start.startswith(mark)


def not_a_picture(kind: Text) -> ProtocolError:
    """Return the error for what arrived instead of a picture."""
    return _picture_error(
        Text("收到的不是图片，而是{kind}", "expected a picture, got {kind}").fill(kind=kind)
    )


def damaged_picture() -> ProtocolError:
    """Return the error for a file that begins like a picture."""
    return _picture_error(Text("收到的图片不完整或已损坏", "the picture is incomplete or damaged"))


def _picture_error(what: Text) -> ProtocolError:
    return ProtocolError(
        what,
        Text("服务出错，或链接已过期", "the service failed, or the link has expired"),
        Text("再生成一次", "make it again"),
    )


def only_a_link() -> InvalidOption:
    """Return the error for using the bytes of a picture that was not downloaded."""
    return InvalidOption(
        Text("这张图片只有链接，没有下载", "only the link of this picture is here"),
        advice=Text(
            "先下载：%ernie_image download 或 ernie.download(…)",
            "download it first: %ernie_image download, or ernie.download(…)",
        ),
    )


def too_many_pixels(size: tuple[int, int], max_pixels: int) -> ProtocolError:
    """Return the error for a picture that is too large for memory."""
    return ProtocolError(
        Text(
            "图片有 {width}x{height} 像素，超过 {most} 万",
            "the picture has {width}x{height} pixels, more than {millions:.1f} million",
        ).fill(width=size[0], height=size[1], most=max_pixels // 10_000, millions=max_pixels / 1e6),
        Text("服务出错，或有意为之", "the service failed, or is malicious"),
        Text("换一个小一点的 --size", "ask for a smaller --size"),
    )


class ReceivedPicture(Protocol):
    """What files and contact sheets know of a picture (`ernie_magic.calls.images.pictures.Picture`,
    which makes both).
    """

    @property
    def request(self) -> ImageRequest:
        """The request that made it."""

    @property
    def content(self) -> bytes:
        """The file as received."""

    @property
    def format(self) -> Format:
        """The format of the file."""

    @property
    def image(self) -> Image:
        """The decoded picture."""

    @property
    def thumbnail(self) -> bytes:
        """A small JPEG of it."""

    @property
    def problem(self) -> ErnieError | None:
        """Why there is no picture."""

    @property
    def prompt(self) -> str:
        """The prompt."""

    @property
    def index(self) -> int:
        """Its position among those of one call, from 0."""

    @property
    def seed(self) -> int | None:
        """The seed, None when it is not known."""

    @property
    def revised_prompt(self) -> str:
        """The service's revision of the prompt."""

    @property
    def service(self) -> str:
        """The name of the service."""

    @property
    def id(self) -> str:
        """The service's id of the call."""
