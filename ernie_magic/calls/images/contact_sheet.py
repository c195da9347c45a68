"""Contact sheets: pictures in a grid, with a caption under each."""

from __future__ import annotations

import io
import math
from bisect import bisect_left
from typing import TYPE_CHECKING

from ernie_magic.calls.images.formats import only_a_link
from ernie_magic.text.fonts import load_font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    from ernie_magic.calls.images.formats import ReceivedPicture

_GAP = 8  # pixels between pictures
_LINE = 20  # pixels of a caption's line
_THUMBNAIL = 512  # pixels: larger cells are made from the whole picture


def fit_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return the size of the same shape whose longer side is `side` pixels."""
    longer = max(size)
    return max(1, round(size[0] * side / longer)), max(1, round(size[1] * side / longer))


def remove_transparency(image: Image) -> Image:
    """Return the image without transparency."""
    from PIL import Image as Images

    if image.mode.startswith("I"):  # 16-bit gray
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        flat = Images.new("RGB", image.size, "white")
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    return image.convert("RGB")


def build_contact_sheet(
    pictures: Sequence[ReceivedPicture],
    columns: int | None,
    side: int,
    *,
    captions: bool,
) -> Image:
    """Return the pictures in a grid on white.

    Parameters
    ----------
    columns
        Number of columns; when None, as many as make the sheet about square.
    side
        Pixels of a cell.
    captions
        Whether prompt and seed are written under each.
    """
    from PIL import Image as Images
    from PIL import ImageDraw as Pens

    shown = [picture for picture in pictures if picture.content and not picture.problem]
    if not shown:
        raise only_a_link()
    columns = max(1, int(columns or 0) or math.ceil(math.sqrt(len(shown))))
    side = max(1, int(side))
    rows = -(-len(shown) // columns)
    height = side
    if captions:
        height += 2 * _LINE
    canvas = Images.new(
        "RGB",
        (min(columns, max(1, len(shown))) * (side + _GAP) + _GAP, rows * (height + _GAP) + _GAP),
        "white",
    )
    pen = Pens.Draw(canvas)
    face, _ = load_font(14)
    for index, picture in enumerate(shown):
        x, y = _GAP + index % columns * (side + _GAP), _GAP + index // columns * (height + _GAP)
        small = _shrink_picture(picture, side)
        canvas.paste(small, (x + (side - small.width) // 2, y + (side - small.height) // 2))
        if captions:
            for line, words in enumerate((picture.prompt, _number_and_seed(picture))):
                pen.text(
                    (x, y + side + line * _LINE),
                    _truncate_to_width(pen, " ".join(words.split()), side, face),
                    fill="black",
                    font=face,
                )
    return canvas


def _shrink_picture(picture: ReceivedPicture, side: int) -> Image:
    from PIL import Image as Images

    whole = picture.image if side > _THUMBNAIL else Images.open(io.BytesIO(picture.thumbnail))
    return remove_transparency(whole.resize(fit_size(whole.size, side), reducing_gap=2.0))


def _number_and_seed(picture: ReceivedPicture) -> str:
    number = f"#{picture.index + 1}"
    if picture.seed is None:
        return number
    return f"{number} · seed {picture.seed}"


def _truncate_to_width(
    pen: ImageDraw,
    words: str,
    width: int,
    face: FreeTypeFont | ImageFont,
) -> str:
    """Return as much of a text as fits into a width in pixels."""
    # No letter is narrower: a long prompt need not be measured as a whole.
    words = words[: max(1, width // 3)]
    if pen.textlength(words, font=face) <= width:
        return words
    fits = bisect_left(
        range(len(words)), x=True, key=lambda n: pen.textlength(words[:n] + "…", font=face) > width
    )
    if fits <= 1:
        return ""
    return words[: fits - 1] + "…"
