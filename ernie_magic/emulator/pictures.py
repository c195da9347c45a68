"""Pictures drawn from the prompt, visibly marked as simulated."""

from __future__ import annotations

import colorsys
import io
import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from ernie_magic.emulator import figures, scenes
from ernie_magic.emulator.figures import Brush, blend, shade
from ernie_magic.emulator.scenes import rgb
from ernie_magic.text.fonts import load_font

if TYPE_CHECKING:
    from ernie_magic.emulator.scenes import Colour, Scene

_MARK = "SIMULATED 模拟"
# Up to this many pixels are drawn at twice the size: smooth edges, at a price.
_SMOOTH = 1_400_000
# Things that are smaller than houses: where they are alone, they stand in front.
_SMALL_THINGS = ("umbrella", "lantern", "cake", "apple", "mushroom", "cup", "heart", "bicycle")
_ACROSS = 72  # blocks of Pixel Art
_SITTER = 0.9  # of the height, from above: where those in the foreground sit
_UNITS = {1: 17, 2: 13, 3: 10.5, 4: 9}  # their size by their number, in percent of the side


@dataclass(frozen=True)
class _Palette:
    """The colours of one picture."""

    sky: Colour
    horizon: Colour
    ground: Colour
    light: Colour  # of the sun or the moon
    water: Colour


def draw_picture(prompt: str, style: str, size: tuple[int, int], seed: int) -> bytes:
    """A PNG for a prompt: the same for the same prompt, style, size and seed.

    Parameters
    ----------
    size
        Width and height in pixels.
    """
    rng = random.Random(f"{seed}|{style}|{prompt}")  # noqa: S311  (a palette, not a secret)
    scene = scenes.read_scene(f"{prompt} {style}")
    if size[0] * size[1] <= _SMOOTH:
        image = _draw_scene(scene, (size[0] * 2, size[1] * 2), rng).reduce(2)
    else:
        image = _draw_scene(scene, size, rng).filter(ImageFilter.GaussianBlur(0.7))
    image = _apply_style(image, style)
    _draw_mark(image, prompt)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def edit_picture(
    source: bytes,
    prompt: str,
    seed: int,
    *,
    size: tuple[int, int] | None = None,
    mask: bytes = b"",
) -> bytes:
    """A PNG of a picture with what the prompt names drawn into it: the same for the same seed.

    Parameters
    ----------
    size
        Width and height in pixels; the picture's own when None.
    mask
        A picture in the same size, bright where it is edited; everywhere when empty.
    """
    rng = random.Random(f"{seed}|{prompt}")  # noqa: S311  (places, not a secret)
    with Image.open(io.BytesIO(source)) as opened:
        original = ImageOps.exif_transpose(opened).convert("RGB")
    if size is not None:
        original = ImageOps.fit(original, size)
    edited = _draw_edit(original, scenes.read_scene(prompt), rng)
    if mask:
        with Image.open(io.BytesIO(mask)) as opened:
            edited.paste(original, mask=ImageOps.invert(opened.convert("L").resize(edited.size)))
    _draw_mark(edited, prompt, covers_earlier=True)
    out = io.BytesIO()
    edited.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _draw_edit(original: Image.Image, scene: Scene, rng: random.Random) -> Image.Image:
    """A copy with the scene's hour, things, animals and weather."""
    palette = _choose_palette(scene, rng)
    edited = original.copy()
    is_drawn = scene.things or scene.animal or scene.worn or scene.weather
    if scene.time != "day" or not is_drawn:
        edited = Image.blend(edited, Image.new("RGB", edited.size, palette.sky), 0.4)
    pen = ImageDraw.Draw(edited)
    if scene.things:
        _draw_things(pen, edited.size, scene, rng)
    _draw_animals(edited, scene, rng)
    if not scene.animal:
        figures.draw_worn(_brush_of_sitter(pen, edited.size), "cat", scene.worn)
    _draw_weather(pen, edited.size, scene, rng)
    return edited


def _brush_of_sitter(pen: ImageDraw.ImageDraw, size: tuple[int, int]) -> Brush:
    """Where somebody sits in the pictures that are drawn here."""
    width, height = size
    return Brush(pen, width / 2, height * _SITTER, min(size) / 100 * _UNITS[1])


def _draw_scene(scene: Scene, size: tuple[int, int], rng: random.Random) -> Image.Image:
    palette = _choose_palette(scene, rng)
    image = _draw_gradient(palette.sky, palette.horizon, size)
    pen = ImageDraw.Draw(image)
    _draw_sky(image, scene, palette, rng)
    if scene.place == "sea":
        _draw_sea(pen, size, palette, rng)
    elif scene.place == "city":
        _draw_city(pen, size, scene, palette, rng)
    else:
        _draw_land(pen, size, scene, palette, rng)
    _draw_things(pen, size, scene, rng)
    _draw_animals(image, scene, rng)
    _draw_weather(pen, size, scene, rng)
    return image


def _choose_palette(scene: Scene, rng: random.Random) -> _Palette:
    """Colours of the hour: blue, cream, gold and green, of which each picture has its own shade."""
    if scene.time == "night":
        hue = rng.uniform(0.6, 0.65)
        return _Palette(
            _hsv_colour(hue, 0.62, 0.24),
            _hsv_colour(hue - 0.03, 0.45, 0.5),
            _hsv_colour(rng.uniform(0.42, 0.52), 0.38, 0.36),
            rgb("#faf0ce"),
            _hsv_colour(hue, 0.5, 0.36),
        )
    if scene.time == "sunset":
        hue = rng.uniform(0.055, 0.085)
        return _Palette(
            _hsv_colour(hue, 0.52, 0.96),
            _hsv_colour(hue + 0.06, 0.4, 1.0),
            _hsv_colour(rng.uniform(0.2, 0.34), 0.34, 0.46),
            rgb("#fff0c4"),
            _hsv_colour(hue + 0.01, 0.42, 0.8),
        )
    hue = rng.uniform(0.55, 0.59)
    saturation = rng.uniform(0.3, 0.48)
    value = 0.97
    if scene.weather == "rain":
        saturation = 0.16
        value = 0.8
    return _Palette(
        _hsv_colour(hue, saturation, value),
        _hsv_colour(rng.uniform(0.09, 0.12), rng.uniform(0.06, 0.12), 1.0),
        _hsv_colour(rng.uniform(0.24, 0.36), rng.uniform(0.34, 0.44), 0.68),
        _hsv_colour(rng.uniform(0.1, 0.14), 0.52, 1.0),
        _hsv_colour(hue, 0.52, 0.78),
    )


def _hsv_colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def _draw_gradient(top: Colour, bottom: Colour, size: tuple[int, int]) -> Image.Image:
    strip = Image.new("RGB", (1, 2))
    strip.putpixel((0, 0), top)
    strip.putpixel((0, 1), bottom)
    return strip.resize(size, Image.Resampling.BILINEAR)


def _draw_sky(image: Image.Image, scene: Scene, palette: _Palette, rng: random.Random) -> None:
    width, height = image.size
    unit = min(width, height) / 100
    pen = ImageDraw.Draw(image)
    light = Brush(pen, width * rng.uniform(0.66, 0.84), height * rng.uniform(0.16, 0.26), unit)
    # Of white, not of gold: gold on blue is green.
    halo = blend(palette.sky, rgb("#fffcf0"), 0.4)
    if scene.time == "night":
        for _ in range(48):
            star = Brush(pen, width * rng.random(), height * rng.uniform(0, 0.5), unit)
            radius = rng.uniform(0.12, 0.38)
            star.ellipse(0, 0, radius, radius, rgb("#f6f0d6"))
        _draw_moon(image, light, palette.light)
        return
    if scene.weather != "rain" or scene.shows_sun:
        light.ellipse(0, 0, 11, 11, halo)
        light.ellipse(0, 0, 8, 8, palette.light)
    cloud = blend(palette.horizon, rgb("#ffffff"), 0.65)
    for _ in range(rng.randint(2, 3)):
        place = Brush(pen, width * rng.uniform(0.05, 0.9), height * rng.uniform(0.08, 0.34), unit)
        for x, y, r in ((-6, 0, 3.2), (-2, -1.6, 4.4), (3, -0.6, 3.8), (7, 0.4, 2.6)):
            place.ellipse(x, y, r * 1.3, r * 0.8, cloud)


def _draw_moon(image: Image.Image, place: Brush, colour: Colour) -> None:
    """A crescent: a disc, of which another takes the sky's share back."""
    sky = image.copy()
    place.ellipse(0, 0, 8, 8, colour)
    mask = Image.new("L", image.size)
    x, y, radius = place.x - 3 * place.unit, place.y - 1.6 * place.unit, 7 * place.unit
    ImageDraw.Draw(mask).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    image.paste(sky, mask=mask)


def _draw_land(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    scene: Scene,
    palette: _Palette,
    rng: random.Random,
) -> None:
    height = size[1]
    ground = palette.ground
    if scene.weather == "snow":
        ground = blend(ground, rgb("#f0f4fa"), 0.8)
    if scene.place == "mountains":
        _draw_peaks(pen, size, blend(ground, palette.sky, 0.62), palette, rng)
    for layer in range(3):
        # What is far is paler.
        colour = shade(blend(ground, palette.horizon, 0.5 - 0.25 * layer), 1.0 - 0.03 * layer)
        _draw_hills(pen, size, rng, height * (0.56 + 0.11 * layer), colour)


def _draw_hills(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    rng: random.Random,
    level: float,
    colour: Colour,
) -> None:
    width, height = size
    waves = [
        (rng.uniform(0.5, 1.6), rng.uniform(0, 6.28), height * rng.uniform(0.015, 0.04))
        for _ in range(2)
    ]
    step = max(2, width // 128)
    line = [
        (x, level + sum(a * math.sin(f * 6.28 * x / width + p) for f, p, a in waves))
        for x in range(0, width + step, step)
    ]
    pen.polygon([*line, (width, height), (0, height)], fill=colour)


def _draw_peaks(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    colour: Colour,
    palette: _Palette,
    rng: random.Random,
) -> None:
    width, height = size
    for i, (middle, lift) in enumerate(((0.2, 0), (0.78, 0), (0.5, 0.05))):
        x = width * (middle + rng.uniform(-0.06, 0.06))
        top = height * (rng.uniform(0.26, 0.36) - lift)
        half = max(width, height) * rng.uniform(0.24, 0.32)
        base = height * 0.74
        rock = shade(colour, 0.94 - 0.07 * i)
        pen.polygon([(x - half, base), (x, top), (x + half, base)], fill=rock)
        pen.polygon([(x, top), (x + half, base), (x + 0.12 * half, base)], fill=shade(rock, 0.9))
        down = (base - top) * 0.24
        slope = half / (base - top)
        pen.polygon(
            [
                (x - down * slope, top + down),
                (x, top),
                (x + down * slope, top + down),
                (x + down * slope * 0.4, top + down * 0.72),
                (x, top + down * 1.16),
                (x - down * slope * 0.4, top + down * 0.74),
            ],
            fill=blend(rgb("#fafafc"), palette.sky, 0.12),
        )


def _draw_sea(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    palette: _Palette,
    rng: random.Random,
) -> None:
    width, height = size
    _draw_hills(pen, size, rng, height * 0.57, blend(palette.ground, palette.horizon, 0.6))
    level = height * 0.6
    pen.rectangle((0, level, width, height), fill=palette.water)
    for _ in range(26):
        x, y = width * rng.random(), rng.uniform(level, height)
        # Waves grow towards the reader.
        near = (y - level) / (height - level)
        half = width * (0.02 + 0.05 * near)
        thick = max(1, round(height * 0.004 * (0.5 + near)))
        colour = blend(palette.water, rgb("#ffffff"), 0.28)
        pen.line([(x - half, y), (x + half, y)], fill=colour, width=thick)
    sand = blend(rgb("#eed8a8"), palette.sky, 0.1)
    if sum(palette.sky) < 300:  # noqa: PLR2004  (at night)
        sand = shade(sand, 0.5)
    _draw_hills(pen, size, rng, height * 0.88, sand)


def _draw_city(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    scene: Scene,
    palette: _Palette,
    rng: random.Random,
) -> None:
    width, height = size
    for layer in range(2):
        colour = blend(rgb("#5c6c84"), palette.horizon, 0.55 - 0.35 * layer)
        if scene.time == "night":
            colour = shade(colour, 0.5 - 0.1 * layer)
        x = -width * 0.02
        while x < width:
            across = width * rng.uniform(0.07, 0.13)
            top = height * rng.uniform(0.3 + 0.12 * layer, 0.56)
            pen.rectangle((x, top, x + across, height), fill=colour)
            _draw_windows(pen, (x, top, across, height * 0.8), colour, scene, rng)
            x += across * 1.06
    street = rgb("#969aa0")
    if scene.time == "night":
        street = rgb("#424652")
    _draw_hills(pen, size, rng, height * 0.82, street)


def _draw_windows(
    pen: ImageDraw.ImageDraw,
    tower: tuple[float, float, float, float],
    colour: Colour,
    scene: Scene,
    rng: random.Random,
) -> None:
    left, top, across, bottom = tower
    lit = shade(colour, 1.18)
    if scene.time == "night":
        lit = rgb("#fadc8c")
    side = across / 8
    y = top + 2 * side
    while y < bottom:
        for column in range(3):
            if rng.random() < 0.7:  # noqa: PLR2004
                x = left + side * (1 + 2.2 * column)
                pen.rectangle((x, y, x + side * 1.3, y + side * 1.3), fill=lit)
        y += side * 2.6


def _draw_things(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    scene: Scene,
    rng: random.Random,
) -> None:
    width, height = size
    unit = min(size) / 100
    things = dict(scene.things)
    if not things and not scene.animal and scene.place in ("hills", "mountains"):
        things = {"tree": None, "flowers": None}
    # Who sits in the middle is not covered.
    places = [0.2, 0.8, 0.62, 0.36]
    if not scene.animal:
        places = [0.42, 0.76, 0.18, 0.6]
    for (name, colour), place in zip(things.items(), places, strict=False):
        x, y = width * (place + rng.uniform(-0.03, 0.03)), height * rng.uniform(0.75, 0.79)
        big = 10 * unit
        if name in ("balloon", "airplane", "rocket"):
            y = height * 0.44
        elif name == "rainbow":
            x = width / 2
            y = height * 0.62
        elif name in _SMALL_THINGS and not scene.animal:
            y = height * 0.88
            big = 16 * unit
        elif name == "flowers":
            y = height * 0.9
            big = 7 * unit
        elif name in ("boat", "lighthouse"):
            y = height * 0.72
            big = 9 * unit
        figures.draw_thing(Brush(pen, x, y, big), name, colour, is_snowy=scene.weather == "snow")
        if name == "tree":
            figures.draw_thing(
                Brush(pen, x - 15 * unit, y - 3 * unit, big * 0.7), name, colour, is_snowy=False
            )


def _draw_animals(image: Image.Image, scene: Scene, rng: random.Random) -> None:
    if not scene.animal:
        return
    width, height = image.size
    pen = ImageDraw.Draw(image)
    unit = min(width, height) / 100 * _UNITS[scene.count]
    middle = width * rng.uniform(0.46, 0.54)
    for i in range(scene.count):
        x = middle + (i - (scene.count - 1) / 2) * unit * 2.6
        y = height * (_SITTER - 0.02 * (i % 2))
        brush = Brush(pen, x, y, unit)
        brush.ellipse(0.05, 0.02, 1.25, 0.18, shade(_colour_at(image, x, y), 0.8))
        figures.draw_figure(brush, scene.animal, scene.animal_colour, scene.worn)


def _colour_at(image: Image.Image, x: float, y: float) -> Colour:
    found = image.crop((int(x), int(y), int(x) + 1, int(y) + 1)).tobytes()
    return found[0], found[1], found[2]


def _draw_weather(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    scene: Scene,
    rng: random.Random,
) -> None:
    width, height = size
    unit = min(size) / 100
    if scene.weather == "snow":
        for _ in range(90):
            flake = Brush(pen, width * rng.random(), height * rng.random(), unit)
            radius = rng.uniform(0.2, 0.6)
            flake.ellipse(0, 0, radius, radius, rgb("#fcfcff"))
    elif scene.weather == "rain":
        for _ in range(110):
            x, y = width * rng.random(), height * rng.random()
            drop = [(x, y), (x - 0.8 * unit, y + 3 * unit)]
            pen.line(drop, fill=rgb("#ecf2f8"), width=max(1, round(0.3 * unit)))


def _apply_style(image: Image.Image, style: str) -> Image.Image:
    if style == "Pixel Art":
        width, height = image.size
        block = max(1, min(width, height) // _ACROSS)
        small = image.resize((width // block, height // block), Image.Resampling.BOX)
        return small.resize(image.size, Image.Resampling.NEAREST)
    if style == "Line Art":
        edges = ImageOps.invert(image.convert("L").filter(ImageFilter.FIND_EDGES))
        return ImageOps.autocontrast(edges, cutoff=1).convert("RGB")
    if style == "Analog Film":
        sepia = ImageOps.colorize(image.convert("L"), rgb("#302218"), rgb("#fff4dc"))
        return Image.blend(image, sepia, 0.45)
    return image


def _draw_mark(image: Image.Image, prompt: str, *, covers_earlier: bool = False) -> None:
    width, height = image.size
    face, chinese = load_font(max(12, min(width, height) // 40))
    text = _MARK
    if not chinese:
        text = _MARK.split(maxsplit=1)[0]
    # Raqm cannot lay out text with a line break or half a character.
    words = "".join(c if c.isprintable() else " " for c in prompt[:24])
    if chinese or prompt.isascii():
        text += f" · {words}"
    pen = ImageDraw.Draw(image)
    _, top, right, bottom = pen.textbbox((0, 0), text, font=face)
    pad = (bottom - top) // 2
    line = height - (bottom - top) - 2 * pad
    end = right + 2 * pad
    if covers_earlier:  # an earlier mark may be longer
        end = width
    box = (0, line, end, height)
    pen.rounded_rectangle(box, pad, fill=(0, 0, 0), corners=(False, True, False, False))
    pen.text((pad, line + pad - top), text, font=face, fill=rgb("#f0f0f0"))
