"""A font for captions inside pictures.

Pillow's built-in font has no Chinese glyphs. Where the system has one of the fonts listed here,
that one is used.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

CHINESE = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-vf-fonts/NotoSansCJK-VF.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simhei.ttf",
)


@lru_cache(maxsize=8)
def load_font(size: int) -> tuple[FreeTypeFont | ImageFont, bool]:
    """Return a font of `size` pixels, and whether it has Chinese glyphs."""
    from PIL import ImageFont

    for path in CHINESE:
        try:
            return ImageFont.truetype(path, size), True
        except OSError:  # noqa: PERF203  (missing or unreadable)
            continue
    return ImageFont.load_default(size), False
