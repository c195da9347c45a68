"""What stands in the emulator's pictures: animals, what they wear, trees, houses and boats.

A figure stands on (0, 0) and is about 3 units high; a `Brush` puts it where it belongs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ernie_magic.emulator import drawings
from ernie_magic.emulator.scenes import rgb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from PIL.ImageDraw import ImageDraw

    from ernie_magic.emulator.scenes import Colour

_INK = rgb("#342e32")
_PINK = rgb("#eca4a0")
_WHITE = rgb("#ffffff")
_SNOW = rgb("#fafafc")


@cache
def points(text: str) -> list[tuple[float, float]]:
    """Points as SVG writes them: `0,0 0.5,-1` (https://www.w3.org/TR/SVG2/shapes.html)."""
    pairs = (pair.split(",") for pair in text.split())
    return [(float(x), float(y)) for x, y in pairs]


@dataclass(frozen=True)
class Brush:
    """A pen that draws at a place and a scale."""

    pen: ImageDraw
    x: float
    y: float
    unit: float

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """An ellipse around (x, y)."""
        left, top = self._place(x - rx, y - ry)
        right, bottom = self._place(x + rx, y + ry)
        self.pen.ellipse((left, top, right, bottom), fill=fill)

    def polygon(self, points: Iterable[tuple[float, float]], fill: Colour) -> None:
        """A filled polygon."""
        self.pen.polygon([self._place(x, y) for x, y in points], fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """A rectangle with round corners."""
        corners = (*self._place(left, top), *self._place(right, bottom))
        radius = 0.12 * self.unit * min(1.0, right - left, bottom - top)
        # Pillow before 10 cannot draw one whose sides have hardly more than their corners.
        radius = min(radius, max(0.0, min(self._sides(corners)) / 2 - 2))
        self.pen.rounded_rectangle(corners, radius, fill=fill)

    def arc(
        self,
        centre: tuple[float, float],
        r: float,
        angles: tuple[float, float],
        fill: Colour,
    ) -> None:
        """A thin arc between two angles."""
        left, top = self._place(centre[0] - r, centre[1] - r)
        right, bottom = self._place(centre[0] + r, centre[1] + r)
        self.pen.arc((left, top, right, bottom), *angles, fill=fill, width=self._width(0.05))

    def line(self, points: Iterable[tuple[float, float]], width: float, fill: Colour) -> None:
        """A line with round joints and ends."""
        places = [self._place(x, y) for x, y in points]
        self.pen.line(places, fill=fill, width=self._width(width), joint="curve")
        half = self._width(width) / 2
        for x, y in (places[0], places[-1]):
            self.pen.ellipse((x - half, y - half, x + half, y + half), fill=fill)

    @staticmethod
    def _sides(corners: tuple[float, float, float, float]) -> tuple[float, float]:
        left, top, right, bottom = corners
        return right - left, bottom - top

    def _place(self, x: float, y: float) -> tuple[float, float]:
        return self.x + x * self.unit, self.y + y * self.unit

    def _width(self, units: float) -> int:
        return max(1, round(units * self.unit))


@dataclass(frozen=True)
class _Look:
    """How an animal differs from the others."""

    colour: Colour
    ears: str
    belly: Colour = _WHITE
    tail: str = "curled"


_LOOKS = {
    "cat": _Look(rgb("#968c84"), "pointed"),
    "dog": _Look(rgb("#be8a58"), "floppy", tail="short"),
    "rabbit": _Look(rgb("#e2dcd4"), "long", tail="round"),
    "fox": _Look(rgb("#de7434"), "pointed", tail="bushy"),
    "bear": _Look(rgb("#926442"), "round", tail="round"),
    "panda": _Look(rgb("#f6f4f0"), "round", tail="round"),
    "mouse": _Look(rgb("#a4a0a4"), "big", tail="thin"),
    "tiger": _Look(rgb("#e8963c"), "round"),
    "lion": _Look(rgb("#dca850"), "round", tail="thin"),
    "pig": _Look(rgb("#f4b4b8"), "pointed", tail="thin"),
    "cow": _Look(rgb("#f0ece6"), "floppy", tail="thin"),
    "sheep": _Look(rgb("#f4f1ea"), "floppy", tail="round"),
    "monkey": _Look(rgb("#96663e"), "marked"),
    "elephant": _Look(rgb("#a4aab6"), "marked", tail="thin"),
}
_HEAD = -2.05  # the middle of a head
_HEAD_SIZE = 0.78
_BIRDS: dict[str, Colour] = {"bird": rgb("#f4c858"), "penguin": rgb("#3a4254")}
# Where another head is, across and down, and its size.
_OTHER_HEADS = {
    "bird": (0.0, -1.62, 0.56),
    "penguin": (0.0, -1.62, 0.56),
    "robot": (0.0, -2.1, 0.62),
    "person": (0.0, -2.2, 0.62),
    "fish": (0.5, -1.6, 0.5),
    "horse": (1.1, -2.45, 0.4),
    "snake": (0.4, -1.8, 0.4),
    "turtle": (1.3, -1.0, 0.4),
    "butterfly": (0.0, -2.35, 0.3),
    "frog": (0.0, -1.7, 0.75),
}


def draw_figure(brush: Brush, name: str, colour: Colour | None, worn: Mapping[str, Colour]) -> None:
    """Somebody in the foreground, with what they wear."""
    if name in _LOOKS:
        look = _LOOKS[name]
        _draw_animal(brush, name, look, colour or look.colour)
    elif name in _BIRDS:
        _draw_bird(brush, colour or _BIRDS[name])
    else:
        own = colour or rgb(drawings.USUAL_COLOURS[name])
        draw_shapes(brush, drawings.FIGURES[name], own)
    draw_worn(brush, name, worn)


def draw_worn(brush: Brush, name: str, worn: Mapping[str, Colour]) -> None:
    """What somebody wears."""
    across, down, size = _OTHER_HEADS.get(name, (0.0, _HEAD, _HEAD_SIZE))
    x, y = brush.x + across * brush.unit, brush.y + down * brush.unit
    head = Brush(brush.pen, x, y, brush.unit * size)
    for kind, its_colour in worn.items():
        draw_shapes(head, drawings.WORN[kind], its_colour)


def shade(colour: Colour, by: float) -> Colour:
    """A colour that is darker (by < 1) or lighter."""
    red, green, blue = (max(0, min(255, round(part * by))) for part in colour)
    return red, green, blue


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two: `share` of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _is_dark(colour: Colour) -> bool:
    return sum(colour) < 240  # noqa: PLR2004  (of 765)


def _draw_animal(brush: Brush, name: str, look: _Look, colour: Colour) -> None:
    limbs = colour
    if name == "panda":
        limbs = _INK
    _draw_tail(brush, look.tail, limbs)
    belly = blend(colour, look.belly, 0.55)
    if _is_dark(colour):
        belly = blend(colour, look.belly, 0.18)
    brush.ellipse(0, -0.78, 0.95, 0.98, shade(colour, 0.94))
    brush.ellipse(0, -0.62, 0.56, 0.7, belly)
    for side in (-1, 1):
        brush.ellipse(side * 0.62, -0.14, 0.36, 0.2, limbs)
        brush.ellipse(side * 0.3, -0.52, 0.2, 0.5, limbs)
        brush.ellipse(side * 0.3, -0.1, 0.25, 0.16, limbs)
    behind, marks, front = drawings.MARKS.get(name, ("", "", ""))
    draw_shapes(brush, behind, colour)
    _draw_ears(brush, look.ears, limbs)
    brush.ellipse(0, _HEAD, 0.86, _HEAD_SIZE, colour)
    draw_shapes(brush, marks, colour)
    _draw_face(brush, colour, belly, is_panda=name == "panda")
    draw_shapes(brush, front, colour)
    if name in ("cat", "fox", "mouse", "tiger"):
        for side in (-1, 1):
            for slope in (-0.06, 0.06):
                whisker = [(side * 0.34, _HEAD + 0.3), (side * 0.92, _HEAD + 0.26 + slope * 2)]
                brush.line(whisker, 0.025, blend(colour, rgb("#787878"), 0.6))


def _draw_tail(brush: Brush, kind: str, colour: Colour) -> None:
    if kind in ("curled", "thin"):
        width = {"curled": 0.26, "thin": 0.1}[kind]
        curve = [
            (0.7 + 0.75 * math.sin(t), -0.25 - 0.62 * (1 - math.cos(t)))
            for t in (i * 2.5 / 16 for i in range(17))
        ]
        brush.line(curve, width, shade(colour, 0.9))
    elif kind == "bushy":
        brush.ellipse(1.15, -0.62, 0.36, 0.62, shade(colour, 0.94))
        brush.ellipse(1.2, -1.05, 0.24, 0.28, _SNOW)
    elif kind == "short":
        brush.line(points("0.75,-0.4 1.15,-0.85"), 0.22, shade(colour, 0.9))
    else:
        brush.ellipse(0.92, -0.42, 0.26, 0.26, blend(colour, _SNOW, 0.3))


def _draw_ears(brush: Brush, kind: str, colour: Colour) -> None:
    inner = blend(colour, _PINK, 0.7)
    for side in (-1, 1):
        if kind == "pointed":
            ear = [(side * 0.8, _HEAD - 0.1), (side * 0.74, -3.12), (side * 0.14, _HEAD - 0.68)]
            brush.polygon(ear, colour)
            ear = [(side * 0.7, _HEAD - 0.3), (side * 0.67, -2.92), (side * 0.3, _HEAD - 0.62)]
            brush.polygon(ear, inner)
        elif kind == "long":
            brush.ellipse(side * 0.4, -3.2, 0.22, 0.78, colour)
            brush.ellipse(side * 0.4, -3.15, 0.11, 0.6, inner)
        elif kind in ("round", "big"):
            size = {"round": 0.3, "big": 0.44}[kind]
            brush.ellipse(side * 0.66, -2.68, size, size, colour)
            brush.ellipse(side * 0.66, -2.66, size * 0.6, size * 0.6, inner)
        elif kind == "floppy":  # beside the head, in front of it
            brush.ellipse(side * 0.84, _HEAD + 0.02, 0.24, 0.62, shade(colour, 0.72))


def _draw_face(brush: Brush, colour: Colour, light: Colour, *, is_panda: bool) -> None:
    brush.ellipse(0, _HEAD + 0.32, 0.4, 0.28, light)
    for side in (-1, 1):
        if is_panda:
            brush.ellipse(side * 0.36, _HEAD - 0.02, 0.23, 0.26, _INK)
        _draw_eye(brush, side * 0.34, _HEAD - 0.04, is_light=is_panda or _is_dark(colour))
        brush.ellipse(side * 0.56, _HEAD + 0.3, 0.13, 0.08, blend(colour, _PINK, 0.6))
    brush.polygon([(-0.1, _HEAD + 0.17), (0.1, _HEAD + 0.17), (0, _HEAD + 0.3)], rgb("#c46e6c"))
    for side in (-1, 1):
        brush.arc((side * 0.11, _HEAD + 0.3), 0.11, (10, 170), _INK)


def _draw_eye(brush: Brush, x: float, y: float, *, is_light: bool) -> None:
    if is_light:
        brush.ellipse(x, y, 0.14, 0.16, rgb("#e8ce5c"))
        brush.ellipse(x, y, 0.08, 0.13, _INK)
    else:
        brush.ellipse(x, y, 0.12, 0.15, _INK)
    brush.ellipse(x + 0.04, y - 0.06, 0.04, 0.045, _SNOW)


def _draw_bird(brush: Brush, colour: Colour) -> None:
    for side in (-1, 1):
        brush.line([(side * 0.22, -0.3), (side * 0.22, 0)], 0.08, rgb("#e28c34"))
        brush.ellipse(side * 0.26, 0, 0.2, 0.08, rgb("#e28c34"))
    brush.ellipse(0, -0.86, 0.78, 0.72, colour)
    brush.ellipse(0, -0.72, 0.5, 0.5, blend(colour, _SNOW, 0.75))
    for side in (-1, 1):
        brush.ellipse(side * 0.74, -0.84, 0.22, 0.44, shade(colour, 0.86))
    brush.ellipse(0, -1.62, 0.6, 0.56, colour)
    for side in (-1, 1):
        _draw_eye(brush, side * 0.24, -1.7, is_light=_is_dark(colour))
    brush.polygon(points("-0.16,-1.56 0.16,-1.56 0,-1.34"), rgb("#e88e30"))


def draw_thing(brush: Brush, name: str, colour: Colour | None, *, is_snowy: bool) -> None:
    """A tree, a house or another thing, about 3 units high."""
    own = colour or rgb(drawings.USUAL_COLOURS[name])
    if name in drawings.THINGS:
        draw_shapes(brush, drawings.THINGS[name], own)
    else:
        _BUILT[name](brush, own)
    if is_snowy and name == "house":
        draw_shapes(brush, drawings.SNOW_ON_ROOF, own)


def _draw_pagoda(brush: Brush, colour: Colour) -> None:
    for i in range(4):
        width, bottom = 1.0 - 0.2 * i, -0.72 * i
        brush.box(-width * 0.72, bottom - 0.6, width * 0.72, bottom, colour)
        brush.polygon(
            [
                (-width * 1.25, bottom - 0.62),
                (-width * 0.5, bottom - 0.86),
                (width * 0.5, bottom - 0.86),
                (width * 1.25, bottom - 0.62),
                (width * 0.8, bottom - 0.52),
                (-width * 0.8, bottom - 0.52),
            ],
            rgb("#425254"),
        )
    brush.line(points("0,-2.9 0,-3.5"), 0.08, rgb("#deac3c"))


def _draw_lighthouse(brush: Brush, colour: Colour) -> None:
    brush.ellipse(0, 0, 1.3, 0.26, rgb("#807870"))
    brush.polygon(points("-0.5,0 -0.3,-2.5 0.3,-2.5 0.5,0"), _SNOW)
    for i in range(3):
        top, bottom = 0.32 + 0.066 * (2 * i), 0.32 + 0.066 * (2 * i + 1)
        y = -2.4 + 0.82 * i
        brush.polygon([(-top, y), (top, y), (bottom, y + 0.42), (-bottom, y + 0.42)], colour)
    brush.box(-0.42, -2.62, 0.42, -2.48, _INK)
    brush.box(-0.26, -3.0, 0.26, -2.62, rgb("#ffe88c"))
    brush.polygon(points("-0.36,-3 0,-3.36 0.36,-3"), colour)


def _draw_flowers(brush: Brush, colour: Colour) -> None:
    petals = (colour, rgb("#fcd054"), _SNOW)
    for i, (x, y) in enumerate(((-1.2, 0), (-0.7, 0.2), (-0.1, -0.05), (0.5, 0.22), (1.1, 0.02))):
        brush.line([(x, y), (x, y - 0.6)], 0.06, rgb("#54884c"))
        for angle in range(0, 360, 72):
            across, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            brush.ellipse(x + 0.15 * across, y - 0.6 + 0.15 * down, 0.12, 0.12, petals[i % 3])
        brush.ellipse(x, y - 0.6, 0.09, 0.09, rgb("#e29638"))


def _draw_rainbow(brush: Brush, _colour: Colour) -> None:
    bands = ("#d64a3e", "#ec9442", "#f6cc48", "#5cae6a", "#4a88c4", "#845cb2")
    for i, band in enumerate(bands):
        radius = 4.2 - 0.3 * i
        half_circle = (math.pi * (1 + step / 24) for step in range(25))
        arc = [(radius * math.cos(t), radius * math.sin(t)) for t in half_circle]
        brush.line(arc, 0.31, rgb(band))


_BUILT = {
    "rainbow": _draw_rainbow,
    "pagoda": _draw_pagoda,
    "lighthouse": _draw_lighthouse,
    "flowers": _draw_flowers,
}


def draw_shapes(brush: Brush, drawing: str, own: Colour) -> None:
    """Draw the lines of a drawing (`ernie_magic.emulator.drawings`)."""
    for line in drawing.strip().splitlines():
        words = line.split()
        colour = _read_colour(words.pop(), own)
        sides: tuple[int, ...] = (1,)
        if words[0] == "both":
            sides = (-1, 1)
            del words[0]
        for side in sides:
            _draw_shape(brush, words[0], " ".join(words[1:]), colour, side)


def _draw_shape(brush: Brush, shape: str, where: str, colour: Colour, side: int) -> None:
    if shape in ("polygon", "line"):
        corners = [(side * x, y) for x, y in points(where.partition(":")[2] or where)]
        if shape == "polygon":
            brush.polygon(corners, colour)
        else:
            brush.line(corners, float(where.partition(":")[0]), colour)
        return
    x, y, *rest = map(float, where.split())
    if shape == "ellipse":
        brush.ellipse(side * x, y, rest[0], rest[1], colour)
    elif shape == "arc":
        brush.arc((side * x, y), rest[0], (rest[1], rest[2]), colour)
    else:
        left, right = sorted((side * x, side * rest[0]))
        brush.box(left, y, right, rest[1], colour)


def _read_colour(word: str, own: Colour) -> Colour:
    """A colour of a drawing: `#fafafc`, `own`, `own*0.9`."""
    name, _, by = word.partition("*")
    colour = own
    if name != "own":
        colour = rgb(name)
    if by:
        colour = shade(colour, float(by))
    return colour
