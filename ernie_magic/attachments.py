"""Pictures that go along with a question, for models that see: any picture at hand becomes a part of the message.

Bytes that are a picture already pass as they are; what is drawn (a figure, an array) is written as PNG.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from ernie_magic.errors import ErnieError, InvalidOption
from ernie_magic.language import Text
from ernie_magic.pictures import ImageSet, Picture, format_of

MAX_BYTES = 10 * 1024 * 1024  # of one picture (reference aistudio-and-ernie-today 2.8)
_WHAT = Text("可用：ernie.image 的图片、Pillow 图片、matplotlib 图、uint8 或 0..1 的数组、文件、字节、http(s) 网址",
             "there are: pictures of ernie.image, Pillow images, matplotlib figures, arrays of uint8 or 0..1, files, bytes, http(s) addresses")


def parts(given: object) -> list[dict[str, Any]]:
    """The parts of a message's content (`{"type": "image_url", …}`) for one picture or several.

    Parameters
    ----------
    given
        A `Picture`, an `ImageSet`, a Pillow image, a matplotlib figure or axes, an array of shape (height, width), (height, width, 3)
        or (height, width, 4) and dtype uint8 or float from 0 to 1, bytes, a file's path, an http(s) address; or several of these.

    Raises
    ------
    InvalidOption
        It is none of these, cannot be read, or has more than 10 MB.
    """
    if isinstance(given, (list, tuple, ImageSet)):
        return [part for one in given for part in parts(one)]
    url = given.url if isinstance(given, Picture) and not given.content else given
    if isinstance(url, str) and url.startswith(("http://", "https://", "data:image/")):
        return [_part(url)]
    content = _content(given)
    try:
        mime = format_of(content).mime
    except ErnieError as error:
        raise InvalidOption(Text("图片用不了：{what}", "the picture cannot be used: {what}").fill(what=error.what), advice=_WHAT) from None
    if len(content) > MAX_BYTES:
        raise InvalidOption(Text("图片超过 {most} MB", "the picture has more than {most} MB").fill(most=MAX_BYTES // 1024 // 1024), advice=Text("缩小后再发", "make it smaller first"))
    return [_part(f"data:{mime};base64,{base64.b64encode(content).decode()}")]


def _part(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def _content(given: object) -> bytes:
    """The bytes of a picture's file."""
    if isinstance(given, Picture):
        return given.content
    if isinstance(given, (bytes, bytearray)):
        return bytes(given)
    return _file(given) if isinstance(given, (str, Path)) else _drawn(given)


def _file(path: str | Path) -> bytes:
    shown = str(path)[:100]
    try:
        file = Path(path).expanduser()
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)  # one more is too large already
    except FileNotFoundError:
        what = Text("没有叫 {file} 的变量或文件", "no variable or file {file}").fill(file=shown)
    except (OSError, ValueError) as error:
        what = Text("读不了 {file}：{said}", "{file} cannot be read: {said}").fill(file=shown, said=getattr(error, "strerror", "") or error)
    raise InvalidOption(what, advice=_WHAT)


def _drawn(given: Any) -> bytes:
    """What draws itself: figures, arrays, Pillow images, and whatever has a PNG to show (`_repr_png_`)."""
    figure: Any = given if hasattr(given, "savefig") else getattr(given, "figure", None)
    if hasattr(figure, "savefig"):
        return _written(lambda out: figure.savefig(out, format="png"))
    if hasattr(given, "save") and hasattr(given, "mode"):
        return _written(lambda out: given.save(out, "PNG"))
    if hasattr(given, "__array_interface__"):
        return _array(given)
    shown = getattr(given, "_repr_png_", lambda: None)()
    found = shown[0] if isinstance(shown, tuple) else shown
    found = base64.b64decode(found) if isinstance(found, str) else found
    if not isinstance(found, bytes):
        raise InvalidOption(Text("{kind} 不是图片", "{kind} is no picture").fill(kind=type(given).__name__), advice=_WHAT)
    return found


def _written(write: Any) -> bytes:
    out = io.BytesIO()
    try:
        write(out)
    except (OSError, ValueError, TypeError) as error:
        raise InvalidOption(Text("图片写不成 PNG：{said}", "the picture cannot be written as PNG: {said}").fill(said=str(error)[:100]), advice=_WHAT) from None
    return out.getvalue()


def _array(given: Any) -> bytes:
    """An array of grey, RGB or RGBA values as PNG."""
    import numpy as np
    from PIL import Image

    array = np.asarray(given)
    if array.dtype.kind == "f" and array.size and np.nanmin(array) >= 0 and np.nanmax(array) <= 1:
        array = (np.nan_to_num(array) * 255).round().astype("uint8")
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or not array.size or (array.ndim == 3 and array.shape[2] not in (3, 4)):  # noqa: PLR2004
        raise InvalidOption(Text("{dtype} 类型、形状 {shape} 的数组不是图片", "an array of {dtype} and shape {shape} is no picture").fill(
            dtype=array.dtype, shape=array.shape), advice=_WHAT)
    return _written(lambda out: Image.fromarray(np.ascontiguousarray(array)).save(out, "PNG"))
