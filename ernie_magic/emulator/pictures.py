"""Pictures drawn from the prompt, visibly marked as simulated."""

from __future__ import annotations

import colorsys
import io
import math
import random

from PIL import Image, ImageDraw, ImageFilter

from ernie_magic.text.fonts import load_font

Colour = tuple[int, int, int]
_MARK = "SIMULATED 模拟"


def draw_picture(prompt: str, style: str, size: tuple[int, int], seed: int) -> bytes:
    """A PNG for a prompt: the same for the same prompt, style, size and seed.

    Parameters
    ----------
    size
        Width and height in pixels.
    """
    rng = random.Random(f"{seed}|{style}|{prompt}")  # noqa: S311  (a palette, not a secret)
    hue = rng.random()
    sky, ground = _hsv_colour(hue, 0.35, 1.0), _hsv_colour((hue + 0.45) % 1, 0.45, 0.55)
    image = _draw_gradient(sky, _hsv_colour((hue + 0.1) % 1, 0.25, 0.95), size)
    pen = ImageDraw.Draw(image)
    width, height = size
    unit = min(size) / 100
    x, y = width * rng.uniform(0.6, 0.85), height * rng.uniform(0.15, 0.3)
    pen.ellipse(
        (x - 9 * unit, y - 9 * unit, x + 9 * unit, y + 9 * unit),
        fill=_hsv_colour((hue + 0.5) % 1, 0.5, 1.0),
    )
    for layer in range(3):
        _draw_hills(
            pen,
            size,
            rng,
            height * (0.55 + 0.12 * layer),
            _shade_colour(ground, 0.75 + 0.2 * layer),
        )
    image = image.filter(ImageFilter.GaussianBlur(unit * 0.15))
    pen = ImageDraw.Draw(image)
    if any(word in prompt.lower() for word in ("猫", "cat")):
        _draw_cat(
            pen,
            (width * rng.uniform(0.3, 0.45), height * 0.72),
            14 * unit,
            rng,
            _body_colour(prompt),
        )
    _draw_mark(pen, size, prompt)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _hsv_colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def _shade_colour(colour: Colour, by: float) -> Colour:
    red, green, blue = (min(255, int(part * by)) for part in colour)
    return red, green, blue


def _draw_gradient(top: Colour, bottom: Colour, size: tuple[int, int]) -> Image.Image:
    strip = Image.new("RGB", (1, 2))
    strip.putpixel((0, 0), top)
    strip.putpixel((0, 1), bottom)
    return strip.resize(size, Image.Resampling.BILINEAR)


def _draw_hills(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    rng: random.Random,
    level: float,
    colour: Colour,
) -> None:
    width, height = size
    waves = [
        (rng.uniform(1, 3), rng.uniform(0, 6.28), height * rng.uniform(0.02, 0.06))
        for _ in range(3)
    ]
    step = max(2, width // 128)
    line = [
        (x, level + sum(a * math.sin(f * 6.28 * x / width + p) for f, p, a in waves))
        for x in range(0, width + step, step)
    ]
    pen.polygon([*line, (width, height), (0, height)], fill=colour)


def _body_colour(prompt: str) -> Colour:
    named = {
        "白": (245, 245, 240),
        "white": (245, 245, 240),
        "黑": (40, 40, 48),
        "black": (40, 40, 48),
        "橘": (240, 160, 80),
    }
    return next(
        (colour for word, colour in named.items() if word in prompt.lower()), (150, 140, 130)
    )


def _draw_cat(
    pen: ImageDraw.ImageDraw,
    centre: tuple[float, float],
    r: float,
    rng: random.Random,
    colour: Colour,
) -> None:
    x, y = centre
    pen.ellipse((x - r, y - 0.3 * r, x + r, y + 1.8 * r), fill=colour)
    pen.ellipse((x - 0.8 * r, y - 1.5 * r, x + 0.8 * r, y + 0.1 * r), fill=colour)
    for side in (-1, 1):
        pen.polygon(
            [
                (x + side * 0.75 * r, y - 1.9 * r),
                (x + side * 0.2 * r, y - 1.35 * r),
                (x + side * 0.8 * r, y - 0.9 * r),
            ],
            fill=colour,
        )
        pen.ellipse(
            (
                x + side * 0.35 * r - 0.12 * r,
                y - 0.9 * r,
                x + side * 0.35 * r + 0.12 * r,
                y - 0.6 * r,
            ),
            fill=_hsv_colour(rng.random(), 0.7, 0.8),
        )
    pen.arc(
        (x + 0.6 * r, y + 0.4 * r, x + 2 * r, y + 1.8 * r),
        200,
        80,
        fill=colour,
        width=max(2, int(r / 4)),
    )


def _draw_mark(pen: ImageDraw.ImageDraw, size: tuple[int, int], prompt: str) -> None:
    height = size[1]
    face, chinese = load_font(max(14, min(size) // 28))
    text = _MARK
    if not chinese:
        text = _MARK.split(maxsplit=1)[0]
    # Raqm cannot lay out text with a line break or half a character.
    words = "".join(c if c.isprintable() else " " for c in prompt[:24])
    if chinese or prompt.isascii():
        text += f" · {words}"
    _, top, right, bottom = pen.textbbox((0, 0), text, font=face)
    pad = (bottom - top) // 2
    pen.rectangle((0, height - (bottom - top) - 3 * pad, right + 2 * pad, height), fill=(0, 0, 0))
    pen.text((pad, height - (bottom - top) - 2 * pad - top), text, font=face, fill=(255, 255, 255))
