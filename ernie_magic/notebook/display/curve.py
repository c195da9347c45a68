"""A curve, as a drawing that depends on nothing else and as plain text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ernie_magic.notebook.display.heat_map import title_attribute
from ernie_magic.text.encodings import printable
from ernie_magic.text.sanitize import plain_svg
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 520, 220  # pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 32, 40  # pixels between the curve and the frame
_MIN_WIDTH = 360  # pixels below which a narrow page scrolls
_FONT = 12  # pixels
_GRID = 4  # lines across
_MAX_MARKS = 60  # points that have a mark of their own
_BARS = "▁▂▃▄▅▆▇█"
_COLOUR = "#2563eb"


@dataclass(frozen=True, repr=False)
class Curve:
    """Numbers over numbers.

    Attributes
    ----------
    points : sequence of (float, float)
        Two at least, by their first numbers.
    across, upward : str
        What the first and the second numbers are.
    """

    points: Sequence[tuple[float, float]]
    across: str
    upward: str

    @printable
    def __repr__(self) -> str:
        low, high = _ends([value for _, value in self.points])
        bars = [
            _BARS[round((value - low) / (high - low) * (len(_BARS) - 1))]
            for _, value in self.points[:: 1 + len(self.points) // _MAX_MARKS]
        ]
        first, last = self.points[0], self.points[-1]
        line = (
            f"{self.upward} {''.join(bars)} {first[1]:.4g} → {last[1]:.4g} "
            f"({self.across} {first[0]:g} – {last[0]:g})"
        )
        return make_controls_visible(line)

    def _repr_html_(self) -> str:
        return self.drawing_html()

    def drawing_html(self) -> str:
        """The drawing, as SVG within HTML."""
        parts = [self._frame_svg(), *self._grid_svg(), self._line_svg(), *self._marks_svg()]
        style = f"display:block;min-width:{_MIN_WIDTH}px;max-width:{_WIDTH}px;width:100%"
        return (
            '<div style="overflow-x:auto"><svg role="img" '
            f'aria-label="{title_attribute(repr(self))}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            f'xmlns="http://www.w3.org/2000/svg" style="{style}">{"".join(parts)}</svg></div>'
        )

    def _place(self, point: tuple[float, float]) -> tuple[float, float]:
        """Where a point is, in pixels."""
        left, right = self._breadth
        low, high = self._levels[0], self._levels[-1]
        x = _LEFT + (point[0] - left) / (right - left) * (_WIDTH - _LEFT - _RIGHT)
        y = _HEIGHT - _BOTTOM - (point[1] - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)
        return x, y

    @cached_property
    def _breadth(self) -> tuple[float, float]:
        """The first numbers' ends."""
        return _ends([x for x, _ in self.points])

    @cached_property
    def _levels(self) -> list[float]:
        """Round numbers from below the lowest point to above the highest."""
        low, high = _ends([value for _, value in self.points])
        step = _round_step((high - low) / _GRID)
        first = math.floor(low / step)
        last = math.ceil(high / step)
        return [step * number for number in range(first, last + 1)]

    def _frame_svg(self) -> str:
        bottom = _HEIGHT - _BOTTOM
        label = _text_svg(_WIDTH / 2, _HEIGHT - 8, self.across, "middle")
        name = _text_svg(8, 10, self.upward, "start")
        line = _line_svg(_LEFT, bottom, _WIDTH - _RIGHT, bottom, 0.5)
        return f"{line}{label}{name}"

    def _grid_svg(self) -> list[str]:
        parts = []
        for level in self._levels:
            _, y = self._place((self.points[0][0], level))
            parts.append(_line_svg(_LEFT, y, _WIDTH - _RIGHT, y, 0.12))
            parts.append(_text_svg(_LEFT - 6, y, f"{level:.4g}", "end"))
        for point in (self.points[0], self.points[-1]):
            x, _ = self._place(point)
            parts.append(_text_svg(x, _HEIGHT - _BOTTOM + 14, f"{point[0]:g}", "middle"))
        return parts

    def _line_svg(self) -> str:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self._place, self.points))
        return f'<polyline points="{path}" fill="none" stroke="{_COLOUR}" stroke-width="2"/>'

    def _marks_svg(self) -> list[str]:
        if len(self.points) > _MAX_MARKS:
            return []
        marks = []
        for point in self.points:
            x, y = self._place(point)
            words = f"{self.across} {point[0]:g}: {self.upward} {point[1]:.4g}"
            marks.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{_COLOUR}">'
                f"<title>{title_attribute(words)}</title></circle>"
            )
        return marks


def _ends(numbers: Sequence[float]) -> tuple[float, float]:
    """The least and the greatest; apart, where all are the same."""
    low, high = min(numbers), max(numbers)
    if low == high:
        return low - 0.5, high + 0.5
    return low, high


def _round_step(wanted: float) -> float:
    """The next of 1, 2, 5, 10 … that is at least so much."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= wanted * 0.999)


def _line_svg(x1: float, y1: float, x2: float, y2: float, opacity: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="currentColor" stroke-opacity="{opacity}"/>'
    )


def _text_svg(x: float, y: float, words: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" dominant-baseline="central" '
        f'font-size="{_FONT}" fill="currentColor">{plain_svg(words)}</text>'
    )
