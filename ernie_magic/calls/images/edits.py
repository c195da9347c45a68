"""Pictures to edit, and the mask that says where: checked before anything is billed."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.calls.chat.attachments import UNUSABLE, image_parts
from ernie_magic.calls.images.pictures import decode_image
from ernie_magic.errors import InvalidOption, ProtocolError
from ernie_magic.text.language import Text
from ernie_magic.wire.replies import decode_base64

if TYPE_CHECKING:
    from PIL.Image import Image

# Of Qianfan V2 (https://cloud.baidu.com/doc/qianfan-api/s/Rm9m76ekf).
MAX_SOURCES = 3
MIN_SIDE = 128  # pixels
MAX_RATIO = 4  # of the longer side to the shorter one
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "ICO")
_HALF = 128  # the brightness from which on a place of the mask is edited


class EditSources(NamedTuple):
    """What a call edits.

    Attributes
    ----------
    images : tuple of str
        Addresses, or `data:` URIs (RFC 2397).
    mask : str
        A PNG as a `data:` URI: 255 where the picture is edited, else 0; "" for all of it.
    """

    images: tuple[str, ...] = ()
    mask: str = ""


def read_edit_sources(edit: object, mask: object, *, strict: bool) -> EditSources:
    """Return what a call edits.

    Parameters
    ----------
    edit
        One picture or several, as `attachments.image_parts` accepts them; None for none.
    mask
        A picture, or an array of shape (height, width) and dtype bool, uint8 or float from 0 to 1,
        in the size of the picture: bright where it is edited. None for all of it.
    strict
        Check what Qianfan accepts: at most three pictures of PNG, JPEG, WebP, BMP or ICO, whose
        sides have at least 128 pixels and a ratio of at most 4.

    Raises
    ------
    InvalidOption
    """
    addresses = tuple(part["image_url"]["url"] for part in image_parts(edit))
    if not addresses:
        if edit is not None:
            raise InvalidOption(
                Text("edit 里没有图片", "there is no picture in edit"),
                advice=Text("给出要改的图片", "name the picture to edit"),
            )
        if mask is not None:
            raise InvalidOption(
                Text("有 mask 而没有 edit", "there is a mask and no picture to edit"),
                advice=Text("用 edit 给出要改的图片", "name the picture with edit"),
            )
        return EditSources()
    if strict:
        _check_sources(addresses)
    return EditSources(addresses, _mask_address(mask, addresses[0]))


def _check_sources(addresses: tuple[str, ...]) -> None:
    if len(addresses) > MAX_SOURCES:
        raise InvalidOption(
            Text("一次最多改 {most} 张图片", "at most {most} pictures in one call").fill(
                most=MAX_SOURCES
            )
        )
    for address in addresses:
        if not address.startswith("data:"):
            continue
        source = _open_picture(address)
        if source.format not in _FORMATS:
            raise InvalidOption(
                Text("{format} 图片不能改", "a {format} picture cannot be edited").fill(
                    format=source.format
                ),
                advice=Text(
                    "先用 Pillow 打开，再传进来：edit=Image.open(…)",
                    "open it with Pillow first: edit=Image.open(…)",
                ),
            )
        if min(source.size) < MIN_SIDE or max(source.size) > MAX_RATIO * min(source.size):
            raise InvalidOption(
                Text(
                    "这张图片是 {width}x{height}：边长至少 {least} 像素，长宽比不超过 {ratio}",
                    "the picture is {width}x{height}: each side has at least {least} pixels, and "
                    "the longer one at most {ratio} times the shorter one",
                ).fill(width=source.width, height=source.height, least=MIN_SIDE, ratio=MAX_RATIO),
                advice=Text("先改大小或裁剪", "resize or crop it first"),
            )


def _mask_address(mask: object, edited: str) -> str:
    """Return the mask as black and white PNG, in the size of what is edited."""
    if mask is None:
        return ""
    parts = image_parts(_without_booleans(mask))
    if len(parts) != 1:
        raise InvalidOption(
            Text("mask 要是一张图片，不是 {n} 张", "the mask is one picture, not {n}").fill(
                n=len(parts)
            )
        )
    address = parts[0]["image_url"]["url"]
    if not address.startswith("data:"):
        raise InvalidOption(
            Text("mask 不能是网址", "the mask cannot be an address"),
            advice=Text("给出图片或数组", "pass a picture or an array"),
        )
    opened = _open_picture(address)
    black_and_white = opened.convert("L").point(lambda value: 255 * (value >= _HALF))
    if edited.startswith("data:") and opened.size != (size := _open_picture(edited).size):
        raise InvalidOption(
            Text(
                "mask 是 {mask}，图片是 {picture}：两者要一样大",
                "the mask is {mask} and the picture {picture}: they must have one size",
            ).fill(mask=_shown(opened.size), picture=_shown(size)),
        )
    out = io.BytesIO()
    black_and_white.save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def _without_booleans(mask: Any) -> object:
    """Return an array of booleans as one of 0 and 255."""
    if getattr(getattr(mask, "dtype", None), "kind", "") == "b":
        return mask.astype("uint8") * 255
    return mask


def _open_picture(address: str) -> Image:
    """Decode a picture.

    Raises
    ------
    InvalidOption
        It is damaged, or too large.
    """
    try:
        return decode_image(decode_base64(address))
    except ProtocolError as error:
        raise InvalidOption(
            UNUSABLE.fill(what=error.what),
            advice=Text("换一张完好的图片", "pass a picture that is whole"),
        ) from None


def _shown(size: tuple[int, int]) -> str:
    return "x".join(map(str, size))
