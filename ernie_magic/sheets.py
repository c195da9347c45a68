"""Contact sheets: pictures in a grid, with a caption under each."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from ernie_magic.fonts import font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from ernie_magic.pictures import Picture

_GAP = 8  # pixels between pictures
_LINE = 20  # pixels of a caption's line
_THUMBNAIL = 512  # pixels: larger cells are made of the whole picture


def within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size of the same shape whose longer side is `side` pixels."""
    longer = max(size)
    return max(1, round(size[0] * side / longer)), max(1, round(size[1] * side / longer))


def on_white(image: Image) -> Image:
    """The same without transparency."""
    from PIL import Image as Images

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        flat = Images.new("RGB", image.size, "white")
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    return image.convert("RGB")


def sheet(pictures: Sequence[Picture], columns: int | None, side: int, *, captions: bool) -> Image:
    """The pictures in a grid on white.

    Parameters
    ----------
    columns
        As many as make the sheet about square when None.
    side
        Pixels of a cell.
    captions
        Whether prompt and seed stand under each.
    """
    from PIL import Image as Images
    from PIL import ImageDraw

    shown = [picture for picture in pictures if picture.content]
    columns = max(1, columns or math.ceil(math.sqrt(len(shown))))
    rows = -(-len(shown) // columns)
    height = side + (2 * _LINE if captions else 0)
    made = Images.new("RGB", (min(columns, max(1, len(shown))) * (side + _GAP) + _GAP, rows * (height + _GAP) + _GAP), "white")
    pen = ImageDraw.Draw(made)
    for place, picture in enumerate(shown):
        x, y = _GAP + place % columns * (side + _GAP), _GAP + place // columns * (height + _GAP)
        whole = Images.open(io.BytesIO(picture.thumbnail)) if side <= _THUMBNAIL else picture.image
        small = on_white(whole.resize(within(whole.size, side), reducing_gap=2.0))
        made.paste(small, (x + (side - small.width) // 2, y + (side - small.height) // 2))
        if captions:
            seed = "" if picture.seed is None else f" · seed {picture.seed}"
            for line, words in enumerate((picture.prompt, f"#{picture.index + 1}{seed}")):
                pen.text((x, y + side + line * _LINE), _fitting(pen, " ".join(words.split()), side), fill="black", font=font(14)[0])
    return made


def _fitting(pen: Any, words: str, width: int) -> str:
    """As much of a text as is no wider than so many pixels."""
    shown = words
    while shown and pen.textlength(shown, font=font(14)[0]) > width:
        words = words[:-1]
        shown = words + "…" if words else ""
    return shown


def clipped(text: str, most: int) -> str:
    """The beginning of a text."""
    return text if len(text) <= most else text[: most - 1] + "…"
