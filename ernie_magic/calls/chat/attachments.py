"""Pictures sent with a prompt, for models with vision: any available picture becomes a part of the
message.

A file is sent unchanged where services accept its format and it is upright; others, and drawn
objects (a figure, an array), are written as PNG.
"""

from __future__ import annotations

import base64
import io
import re
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ernie_magic.api.parameters import MAX_IMAGE_BYTES
from ernie_magic.calls.images.arrays import encode_array, is_array
from ernie_magic.calls.images.conversion import encode_image, to_accepted_format
from ernie_magic.calls.images.formats import EXTENSIONS, format_of
from ernie_magic.calls.images.metadata import MAX_FILE, read_file_beginning
from ernie_magic.calls.images.pictures import ImageSet, Picture
from ernie_magic.errors import ErnieError, InvalidOption, exception_message
from ernie_magic.runtime.user_warnings import warn_user
from ernie_magic.storage.paths import find_path
from ernie_magic.text.language import Text, clip_text, system_language
from ernie_magic.wire.pictures.fields import is_picture_file
from ernie_magic.wire.replies import decode_base64

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.api.messages import Message, Part

# A `Picture`, a Pillow image, a figure, an array, bytes, a path or an address: too many sources for
# one type.
ImageLike = Any
_DEPTH = 8  # nested lists
_LONG = 64  # characters: base64 of a picture has more
# A `data:` address (RFC 2397), also without its scheme.
_DATA_URL = re.compile(r"data:|image/[\w.+-]+(?:;[\w.=-]+)*;base64,", re.IGNORECASE)
# Of an address (RFC 3986, section 3.1); a single letter is a drive of Windows.
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
# Kinds of pictures that an object may show itself as in a notebook, the one without loss first.
_SHOWN_AS = ("image/png", "image/jpeg", "image/webp", "image/gif")
UNUSABLE = Text("图片用不了：{what}", "the picture cannot be used: {what}")
_WHAT = Text(
    "可用：ernie.image 的图片、Pillow 图片、matplotlib 图、uint8 或 0..1 的数组、文件、字节、"
    "http(s) 网址",
    "pass one of: pictures of ernie.image, Pillow images, matplotlib figures, arrays of uint8 or "
    "0..1, files, bytes, http(s) addresses",
)
_FOLDER = Text("{file} 是文件夹，不是图片", "{file} is a folder, not a picture")
_FILES_OF_FOLDER = Text(
    '传入其中的文件，如 sorted(Path("{file}").glob("*.png"))',
    'pass its files, as sorted(Path("{file}").glob("*.png"))',
)
_MISSING_GLYPH = re.compile(r"Glyph \d+ .*missing from")
_BOXES = Text(
    "图里有 {n} 个字是字体没有的，发送的图上是方框；换一个中文字体，例如 "
    'plt.rcParams["font.family"] = "Noto Sans CJK SC"',
    "the figure's font lacks {n} of its characters, which are boxes in the picture that is sent: "
    'choose another one, such as plt.rcParams["font.family"] = "Noto Sans CJK SC"',
)


def image_parts(given: Any, depth: int = 0) -> list[Part]:
    """Return the parts of a message's content (`{"type": "image_url", …}`) for one picture or
    several.

    Parameters
    ----------
    given
        None for none; a `Picture`, an `ImageSet`, a Pillow image, a matplotlib figure or axes, an
        array of shape (height, width), (height, width, 1), (height, width, 3) or (height, width, 4)
        and dtype uint8, bool or float from 0 to 1, bytes, a file's path, an http(s) address; or
        several of these.
    depth
        How many lists it is nested in.

    Raises
    ------
    InvalidOption
        It is none of these, cannot be read, or has more than 10 MB as it would be sent.
    """
    if given is None:
        return []
    if isinstance(given, (list, tuple, ImageSet)):
        if depth > _DEPTH:
            raise _not_an_image(given)
        if any(one is None for one in given):
            raise InvalidOption(
                Text("图片列表里有 None", "the list of pictures holds None"),
                advice=Text("先去掉它，或给它一张图片", "leave it out, or put a picture there"),
            )
        return [part for one in given for part in image_parts(one, depth + 1)]
    if isinstance(given, Picture) and given.problem:
        raise InvalidOption(UNUSABLE.fill(what=given.problem.what), advice=given.problem.advice)
    if _is_display_of_address(given):
        given = given.url
    url = given
    if isinstance(given, Picture) and not given.content:
        url = given.url
    if isinstance(url, str) and url.startswith(("http://", "https://")):
        return [_image_part(url)]
    return [_file_part(_image_bytes(given))]


def attach_pictures(message: Mapping[str, Any]) -> Message:
    """Return a message whose pictures are all addresses: a file on this machine, bytes or an object
    that stands where a service expects an address becomes what `image_parts` makes of it.

    Raises
    ------
    InvalidOption
        There is no such file, or it is not a picture.
    """
    content = message.get("content")
    if not isinstance(content, (list, tuple)):
        return dict(message)
    return {**message, "content": [part for given in content for part in _attach_part(given)]}


def _attach_part(part: Any) -> list[Any]:
    """Return the parts that one part of a message's content stands for, mostly itself."""
    if not isinstance(part, dict) or part.get("type") != "image_url":
        return [part]
    field = part.get("image_url")
    details: dict[str, Any] = {}
    picture = field
    if isinstance(field, dict):
        details, picture = field, field.get("url")
    if picture is None or (isinstance(picture, str) and not _is_local(picture)):
        return [part]
    return [
        {**part, "image_url": {**details, **attached["image_url"]}}
        for attached in image_parts(picture)
    ]


def _is_local(address: str) -> bool:
    """Whether a text is a file on this machine, and not what a service knows: an address, or the
    id of an upload.
    """
    if address[:5].lower() == "file:":
        return True
    if _SCHEME.match(address) or _decode_bare_base64(address):
        return False
    with suppress(OSError, ValueError, RuntimeError):  # too long, a null byte, an unknown home
        file = find_path(address)
        return file.is_file() or file.suffix.lower() in EXTENSIONS
    return False


def _file_part(content: bytes) -> Part:
    """Return the part of a picture's file."""
    try:
        if len(content) <= MAX_FILE:  # else it was not read to its end
            content = to_accepted_format(content)
        mime = format_of(content).mime
    except ErnieError as error:
        raise InvalidOption(UNUSABLE.fill(what=error.what), advice=_WHAT) from None
    if len(content) > MAX_IMAGE_BYTES:
        raise InvalidOption(
            Text("图片超过 {most} MB", "the picture is larger than {most} MB").fill(
                most=MAX_IMAGE_BYTES // 1024 // 1024
            ),
            advice=Text("缩小后再发", "make it smaller first"),
        )
    return _image_part(f"data:{mime};base64,{base64.b64encode(content).decode()}")


def _is_display_of_address(given: Any) -> bool:
    """Whether it is an `IPython.display.Image` that leaves it to the page to load its file."""
    is_display = type(given).__module__ == "IPython.core.display"
    return is_display and not given.data and bool(getattr(given, "url", None))


def _image_part(url: str) -> Part:
    return {"type": "image_url", "image_url": {"url": url}}


def _image_bytes(given: object) -> bytes:
    """Return the bytes of a picture's file."""
    if isinstance(given, Picture):
        return given.content
    if isinstance(given, io.BytesIO):
        given = given.getvalue()
    if isinstance(given, io.IOBase):
        given = _read_stream(given)
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(given)
    if isinstance(given, str) and _DATA_URL.match(given):
        return _decode_data_url(given)
    if isinstance(given, (str, Path)):
        return _decode_bare_base64(given) or _read_file(given)
    try:
        return _render_object(given)
    except InvalidOption:
        raise
    except Exception as error:  # noqa: BLE001  (an object that draws itself runs its own code)
        raise InvalidOption(
            Text("{kind} 画不出来：{said}", "{kind} cannot be drawn: {said}").fill(
                kind=type(given).__name__, said=clip_text(exception_message(error), 100)
            ),
            advice=_WHAT,
        ) from None


def _read_stream(given: Any) -> bytes:
    """Return what an open file has from its position on.

    Raises
    ------
    InvalidOption
        It is closed, not open for reading, or open as text.
    """
    try:
        content = given.read(MAX_FILE + 1)  # one byte more is already too large
    except (OSError, ValueError) as error:
        raise InvalidOption(
            Text("无法读取文件：{said}", "the file cannot be read: {said}").fill(said=str(error)),
            advice=_WHAT,
        ) from None
    if not isinstance(content, bytes):
        raise InvalidOption(
            Text("文件是以文本方式打开的", "the file is open as text"),
            advice=Text('用 open(…, "rb") 打开', 'open it by open(…, "rb")'),
        )
    return content


def _decode_data_url(uri: str) -> bytes:
    try:
        return decode_base64(uri)
    except ValueError:
        raise InvalidOption(
            Text("data: 网址里没有完好的 base64", "the data: address contains no valid base64"),
            advice=_WHAT,
        ) from None


def _decode_bare_base64(given: str | Path) -> bytes | None:
    """Return the picture that a text is the base64 of, as an API's `b64_json` has it; None for a
    path.
    """
    if isinstance(given, Path) or len(given) < _LONG:
        return None
    with suppress(ValueError):
        content = decode_base64(given)
        if is_picture_file(content):
            return content
    return None


def _not_an_image(given: object) -> InvalidOption:
    return InvalidOption(
        Text("{kind} 不是图片", "{kind} is not a picture").fill(kind=type(given).__name__),
        advice=_WHAT,
    )


def _read_file(path: str | Path) -> bytes:
    shown = str(path)[:100]
    if not shown.strip():
        raise InvalidOption(
            Text("图片的路径是空的", "the path of a picture is empty"), advice=_WHAT
        )
    try:
        file = find_path(path)
        if file.is_dir():
            raise InvalidOption(_FOLDER.fill(file=shown), advice=_FILES_OF_FOLDER.fill(file=shown))
        return read_file_beginning(file, MAX_FILE + 1)  # one byte more is already too large
    except FileNotFoundError:
        what = Text("没有文件 {file}", "no such file: {file}").fill(file=shown)
    except (OSError, ValueError, RuntimeError) as error:
        what = Text("无法读取 {file}：{said}", "{file} cannot be read: {said}").fill(
            file=shown, said=getattr(error, "strerror", "") or error
        )
    raise InvalidOption(what, advice=_WHAT)


def _render_object(given: Any) -> bytes:
    """Return the bytes of objects that draw themselves: figures, arrays, Pillow images, and
    whatever a notebook shows as a picture.
    """
    figure = given
    if not hasattr(given, "savefig"):
        figure = getattr(given, "figure", None)
    if hasattr(figure, "savefig"):
        return _draw_figure(figure)
    if hasattr(given, "save") and hasattr(given, "mode"):
        return encode_image(given)
    if hasattr(given, "__array_interface__"):
        return encode_array(given)
    shown = getattr(given, "_repr_png_", lambda: None)() or _shown_picture(given)
    if isinstance(shown, tuple):
        shown = shown[0]
    if isinstance(shown, str):
        shown = decode_base64(shown)
    if not isinstance(shown, bytes) and is_array(given):
        return encode_array(given)
    if not isinstance(shown, bytes):
        raise _not_an_image(given)
    return shown


def _draw_figure(figure: Any) -> bytes:
    """Return the bytes of a figure of matplotlib. It warns of each character that its font lacks,
    line after line: one warning tells of all.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        content = _save_to_bytes(lambda out: figure.savefig(out, format="png"))
    missing = [each for each in caught if _MISSING_GLYPH.match(str(each.message))]
    for other in caught:
        if other not in missing:
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    if missing:
        warn_user(_BOXES.fill(n=len(missing)).say(system_language()))
    return content


def _shown_picture(given: Any) -> object:
    """Return the picture among what a notebook would show an object as (`_repr_mimebundle_` of
    https://ipython.readthedocs.io/en/stable/config/integrating.html), None without one.
    """
    bundle: Any = getattr(given, "_repr_mimebundle_", dict)()
    if isinstance(bundle, tuple):
        bundle = bundle[0]
    found = next((bundle[kind] for kind in _SHOWN_AS if kind in bundle), None)
    return found or getattr(given, "_repr_jpeg_", lambda: None)()


def _save_to_bytes(write: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()
