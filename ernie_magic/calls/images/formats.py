"""File formats of pictures, recognised by their first bytes and not by what a server calls them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from ernie_magic.errors import InvalidOption, ProtocolError
from ernie_magic.text.language import Text
from ernie_magic.wire.pictures.fields import is_svg

if TYPE_CHECKING:
    from PIL.Image import Image
    from typing_extensions import Self

    from ernie_magic.api.requests import ImageRequest
    from ernie_magic.errors import ErnieError


class Format(str):
    """A file format: its name as Pillow writes it, so that `picture.format == "PNG"`.

    Attributes
    ----------
    signature : bytes
        The first bytes of its files.
    name, mime, extension : str
    reader : tuple of str
        Pillow's module and class. `Image.open` would try others, and warn of large pictures before
        we can refuse them.
    """

    __slots__ = ("extension", "mime", "name", "reader", "signature")
    signature: bytes
    name: str
    mime: str
    extension: str
    reader: tuple[str, str]

    def __new__(
        cls,
        signature: bytes,
        name: str,
        mime: str,
        extension: str,
        reader: tuple[str, str],
    ) -> Self:
        """Make a text of the name that carries the rest."""
        made = super().__new__(cls, name)
        made.signature = signature
        made.name = name
        made.mime = mime
        made.extension = extension
        made.reader = reader
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.signature, self.name, self.mime, self.extension, self.reader

    @property
    def is_drawn_by_pages(self) -> bool:
        """Whether notebooks draw it; others are shown as PNG."""
        return self.name in ("PNG", "JPEG", "WEBP", "GIF")


_JPEG2000 = ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile")
PNG = Format(
    b"\x89PNG\r\n\x1a\n", "PNG", "image/png", ".png", ("PIL.PngImagePlugin", "PngImageFile")
)
FORMATS = (
    PNG,
    Format(b"\xff\xd8\xff", "JPEG", "image/jpeg", ".jpg", ("PIL.JpegImagePlugin", "JpegImageFile")),
    Format(b"RIFF", "WEBP", "image/webp", ".webp", ("PIL.WebPImagePlugin", "WebPImageFile")),
    Format(b"GIF8", "GIF", "image/gif", ".gif", ("PIL.GifImagePlugin", "GifImageFile")),
    Format(b"BM", "BMP", "image/bmp", ".bmp", ("PIL.BmpImagePlugin", "BmpImageFile")),
    *(
        Format(start, "TIFF", "image/tiff", ".tiff", ("PIL.TiffImagePlugin", "TiffImageFile"))
        for start in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    ),
    *(
        Format(start, "JPEG2000", "image/jp2", ".jp2", _JPEG2000)
        for start in (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
    ),
)
# Pictures that browsers do not draw, but Pillow decodes.
_RARE_FORMATS = (
    Format(b"qoif", "QOI", "image/qoi", ".qoi", ("PIL.QoiImagePlugin", "QoiImageFile")),
    *(
        Format(
            start, "PPM", "image/x-portable-anymap", ".pnm", ("PIL.PpmImagePlugin", "PpmImageFile")
        )
        for start in (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"Pf")
    ),
    Format(b"icns", "ICNS", "image/icns", ".icns", ("PIL.IcnsImagePlugin", "IcnsImageFile")),
    Format(b"\0\0\1\0", "ICO", "image/x-icon", ".ico", ("PIL.IcoImagePlugin", "IcoImageFile")),
    Format(
        b"8BPS", "PSD", "image/vnd.adobe.photoshop", ".psd", ("PIL.PsdImagePlugin", "PsdImageFile")
    ),
    Format(b"DDS ", "DDS", "image/vnd-ms.dds", ".dds", ("PIL.DdsImagePlugin", "DdsImageFile")),
    Format(b"\x01\xda", "SGI", "image/sgi", ".sgi", ("PIL.SgiImagePlugin", "SgiImageFile")),
    Format(b"\x0a", "PCX", "image/x-pcx", ".pcx", ("PIL.PcxImagePlugin", "PcxImageFile")),
    Format(b"DanM", "MSP", "image/x-msp", ".msp", ("PIL.MspImagePlugin", "MspImageFile")),
    Format(b"LinS", "MSP", "image/x-msp", ".msp", ("PIL.MspImagePlugin", "MspImageFile")),
    Format(b"BLP", "BLP", "image/x-blp", ".blp", ("PIL.BlpImagePlugin", "BlpImageFile")),
    Format(b"Image type:", "IM", "image/x-im", ".im", ("PIL.ImImagePlugin", "ImImageFile")),
    Format(b"#define ", "XBM", "image/xbm", ".xbm", ("PIL.XbmImagePlugin", "XbmImageFile")),
    Format(b"/* XPM */", "XPM", "image/x-xpixmap", ".xpm", ("PIL.XpmImagePlugin", "XpmImageFile")),
    Format(b"\x28\0\0\0", "DIB", "image/bmp", ".dib", ("PIL.BmpImagePlugin", "DibImageFile")),
    # No signature: told by its whole header, after all others.
    Format(b"", "TGA", "image/x-tga", ".tga", ("PIL.TgaImagePlugin", "TgaImageFile")),
)
_AVIF = Format(b"", "AVIF", "image/avif", ".avif", ("PIL.AvifImagePlugin", "AvifImageFile"))
_ALL_FORMATS = (*FORMATS, _AVIF, *_RARE_FORMATS)
EXTENSIONS = (
    *dict.fromkeys(found.extension for found in _ALL_FORMATS),
    *(".jpeg", ".tif", ".ppm", ".pgm", ".pbm"),
)
_FTYP = 512  # bytes of a file's brands that are looked at
_TGA_HEADER = 18  # bytes
# Its letter, and width and height behind blanks and comments ("Netpbm" on
# https://netpbm.sourceforge.net/doc/ppm.html).
_PPM_HEADER = re.compile(rb"P[1-6f](?:\s|(?<=\s)#[^\n]*\n)+[0-9]+\s(?:\s|#[^\n]*\n)*[0-9]+\s")
_MAX_PPM_HEADER = 4096  # bytes
# Bytes of a PPM whose pixels are written in words, which Pillow reads slowly: 1.4 s for each MB.
_MAX_PLAIN_PPM = 2_000_000
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # sizes of its second header, in bytes
# Pictures that cannot be decoded here: the first bytes, or the brand of an ISO base media file
# (ISO/IEC 23008-12).
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_OTHER_PICTURES = (
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
)
_KINDS = (
    (b"<", Text("网页或 XML", "a web page or XML")),
    (b"{", Text("JSON 文本", "JSON text")),
    (b"", Text("其他内容", "something else")),
)
_EMPTY = Text("空内容", "nothing")
SERVICE_FAILED = Text("服务出错，或传输中断", "the service failed, or was cut off")
LINK_OR_SERVICE_FAILED = Text(
    "服务出错，或链接已过期", "the service failed, or the link has expired"
)
MAKE_AGAIN = Text(
    "再生成一次；收到的字节还在图片的 .content 里",
    "make it again; the bytes received stay in the picture's .content",
)


def is_slow_to_decode(content: bytes) -> bool:
    """Whether decoding a picture would take seconds for each of its megabytes."""
    return content.startswith((b"P1", b"P2", b"P3")) and len(content) > _MAX_PLAIN_PPM


def format_of(content: bytes) -> Format:
    """Return a picture's format.

    Raises
    ------
    ProtocolError
        It is not a picture (a web page, nothing), or one that is not decoded here (an SVG).
    """
    brands = _brands_of(content)
    if b"avif" in brands or b"avis" in brands:
        return _AVIF
    for found in (*FORMATS, *_RARE_FORMATS):
        if content.startswith(found.signature) and _has_right_header(content, found.name):
            return found
    if any(brand in _HEIC_BRANDS for brand in brands):
        raise unreadable_picture("HEIC")
    for signature, name in _OTHER_PICTURES:
        if content.startswith(signature):
            raise unreadable_picture(name)
    if is_svg(content):
        raise _drawing_error()
    start = bytes(content[:500]).lstrip()
    if not start:
        raise not_a_picture(_EMPTY)
    raise not_a_picture(next(kind for mark, kind in _KINDS if start.startswith(mark)))


def _brands_of(content: bytes) -> set[bytes]:
    """Return the brands of an ISO base media file (ISO/IEC 14496-12, 4.3): the major one and those
    it is compatible with.
    """
    if content[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(content[:4], "big"), _FTYP)
    return {bytes(content[i : i + 4]) for i in (8, *range(16, end, 4))}


def _has_right_header(content: bytes, name: str) -> bool:
    """Whether more than the signature says so, where two or four letters may begin any file."""
    if name == "WEBP":
        return content[8:12] == b"WEBP"
    if name == "BMP":
        return int.from_bytes(content[14:18], "little") in _BMP_HEADERS
    if name == "PPM":
        return _PPM_HEADER.match(content, 0, _MAX_PPM_HEADER) is not None
    if name == "PCX":
        # Its version, its encoding, and the bits of a pixel in one plane.
        version, encoding, bits = content[1:4].ljust(3, b"\xff")
        return version in (0, 2, 3, 4, 5) and encoding in (0, 1) and bits in (1, 2, 4, 8)
    if name == "TGA":
        return _has_tga_header(content)
    return True


def _has_tga_header(content: bytes) -> bool:
    """Whether the first 18 bytes are a TGA's (Truevision TGA File Format Specification 2.0)."""
    if len(content) <= _TGA_HEADER:
        return False
    color_map = content[1]
    kind = content[2]
    depth = content[16]
    width, height = (int.from_bytes(content[at : at + 2], "little") for at in (12, 14))
    is_known_kind = color_map in (0, 1) and kind in (1, 2, 3, 9, 10, 11)
    return is_known_kind and depth in (1, 8, 15, 16, 24, 32) and width > 0 and height > 0


def not_a_picture(kind: Text) -> ProtocolError:
    """Return the error for what arrived instead of a picture."""
    return _picture_error(
        Text("收到的不是图片，而是{kind}", "expected a picture, got {kind}").fill(kind=kind)
    )


def damaged_picture() -> ProtocolError:
    """Return the error for a file that begins like a picture."""
    return _picture_error(Text("收到的图片不完整或已损坏", "the picture is incomplete or damaged"))


def unreadable_picture(name: str) -> ProtocolError:
    """Return the error for a picture of a format that cannot be decoded here."""
    return ProtocolError(
        Text(
            "图片是 {name} 格式，这里无法解码",
            "the picture is {name}, which cannot be decoded here",
        ).fill(name=name),
        Text("没有能解码它的库", "the libraries here have no decoder for it"),
        Text(
            "字节在图片的 .content 里：用别的软件转成 PNG 或 JPEG",
            "its bytes are in the picture's .content: convert them to PNG or JPEG elsewhere",
        ),
    )


def _drawing_error() -> ProtocolError:
    """Return the error for an SVG: it is not asked for again, since the same would come."""
    return ProtocolError(
        Text(
            "图片是 SVG（可能带脚本），这里不画出来",
            "the picture is an SVG, which may carry a script, and is not drawn here",
        ),
        Text(
            "模型给的是绘图指令，不是像素", "the model makes drawing instructions instead of pixels"
        ),
        Text(
            "它在图片的 .content 里：写成文件，用别的软件打开或转成 PNG",
            "it is in the picture's .content: write it to a file, and open or convert it with "
            "another program",
        ),
    )


def _picture_error(what: Text) -> ProtocolError:
    return ProtocolError(
        what,
        LINK_OR_SERVICE_FAILED,
        MAKE_AGAIN,
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
