"""Color modes of Pillow images, and which of them a PNG can hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from PIL.Image import Image

# Without gray of 16 bits, of which what services use to read it leaves the 8 least significant bits
# or cuts all to white (https://github.com/python-pillow/Pillow/issues/3011).
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
# Modes with transparency, and the mode of a PNG that keeps it.
_TRANSPARENT = {"PA": "RGBA", "RGBa": "RGBA", "La": "LA"}
_BYTE = 255
_GREATEST = (1023, 4095, 65535)  # of 10 and 12 bits, as cameras and microscopes have, and of 16


def to_png_mode(image: Image) -> Image:
    """Return the image in a mode that a PNG can hold in 8 bits, with the colors it shows.

    Raises
    ------
    InvalidOption
        Its values are not finite numbers.
    """
    if image.mode in _PNG_MODES:
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        made = _to_gray(image)
    elif image.mode == "LAB":
        made = _lab_to_rgb(image)
    elif image.mode == "La":  # Pillow converts it to LA alone
        made = image.convert("LA")
    else:
        made = image.convert(_TRANSPARENT.get(image.mode, "RGB"))
    made.info.pop("icc_profile", None)  # of the mode that it had
    return made


def _to_gray(image: Image) -> Image:
    """Return numbers as gray levels: from 0 to 1, or to the greatest of 8, 10, 12 or 16 bits, where
    they lie there; else from the least to the greatest.
    """
    numbers = image
    if image.mode != "F":
        numbers = image.convert("I").convert("F")
    low, high = cast("tuple[float, float]", numbers.getextrema())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InvalidOption(
            Text(
                "图片里有 NaN 或无穷大，不是灰度",
                "the picture contains NaN or infinite values, so it has no gray levels",
            ),
            advice=Text("先换算到 0 至 255", "scale it to 0…255 first"),
        )
    scale, offset = 1.0, 0.0
    if low < 0 or high > _GREATEST[-1]:
        scale = _BYTE / ((high - low) or 1.0)
        offset = -low * scale
    elif image.mode == "F" and high <= 1:
        scale = float(_BYTE)
    elif high > _BYTE:
        scale = _BYTE / next(most for most in _GREATEST if high <= most)
    # Pillow cuts fractions off; this rounds.
    return numbers.point(lambda value: value * scale + (offset + 0.5)).convert("L")


def _lab_to_rgb(image: Image) -> Image:
    from PIL import ImageCms

    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, rgb, "LAB", "RGB").apply(image)
