"""Pictures in the formats that vision services accept.

OpenAI, vLLM and llama.cpp accept PNG, JPEG, WebP and GIF
(https://platform.openai.com/docs/guides/images-vision), and few of them turn a photo by its
orientation. A file that has both right stays byte for byte.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ernie_magic.api.parameters import MAX_IMAGE_BYTES
from ernie_magic.calls.images.color_modes import to_png_mode
from ernie_magic.calls.images.formats import format_of
from ernie_magic.calls.images.pictures import MAX_PIXELS, decode_image

if TYPE_CHECKING:
    from PIL.Image import Image

# A phone's photo, a scan of a page: both are the user's own.
_MAX_PIXELS = 4 * MAX_PIXELS
# Where the formats that pages draw keep the orientation (EXIF 2.3; PNG specification, 11.3.4.5;
# WebP container specification, "Metadata").
_EXIF_MARKS = (b"Exif\0\0", b"eXIf", b"EXIF")
_ORIENTATION = 0x0112
_UPRIGHT = 1
JPEG_QUALITY = 95
_LOWER_QUALITIES = (85, 75)  # of a photo that would become too large to send


def to_accepted_format(content: bytes) -> bytes:
    """Return a picture's file as services accept it: as it is, or converted to PNG or JPEG.

    Raises
    ------
    ProtocolError
        It is not a picture, or it must be converted and cannot be decoded.
    """
    found = format_of(content)
    if not found.is_drawn_by_pages or _is_gray_of_16_bits(content):
        return encode_image(decode_image(content, _MAX_PIXELS))
    if not any(mark in content for mark in _EXIF_MARKS):
        return content
    try:
        image = decode_image(content, _MAX_PIXELS)
        if image.getexif().get(_ORIENTATION, _UPRIGHT) == _UPRIGHT or _is_animated(image):
            return content
        turned = encode_image(image, found.name)
        return turned if len(turned) <= MAX_IMAGE_BYTES else content
    except Exception:  # noqa: BLE001  (Pillow raises nearly anything for a broken file)
        return content  # damaged, or with unreadable EXIF: the service is the judge


def encode_image(image: Image, original: str = "PNG") -> bytes:
    """Return a Pillow image as a file: upright, as a viewer shows it, in a mode that PNG has.

    It is a PNG; a JPEG where the original was one, or where the PNG would be too large to send.
    """
    from PIL import ImageOps

    upright = to_png_mode(ImageOps.exif_transpose(image))
    if original != "JPEG":
        as_png = _save(upright, "PNG")
        if len(as_png) <= MAX_IMAGE_BYTES or upright.mode not in ("L", "RGB"):
            return as_png
    profile = upright.info.get("icc_profile")
    for quality in (JPEG_QUALITY, *_LOWER_QUALITIES):
        as_jpeg = _save(upright, "JPEG", quality=quality, icc_profile=profile)
        if len(as_jpeg) <= MAX_IMAGE_BYTES:
            break
    return as_jpeg


def _is_gray_of_16_bits(content: bytes) -> bool:
    """Whether a file is a PNG of gray levels in 16 bits (PNG specification, 11.2.2)."""
    return content[12:16] == b"IHDR" and content[24:26] == b"\x10\x00"


def _is_animated(image: Image) -> bool:
    return bool(getattr(image, "is_animated", False))


def _save(image: Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
