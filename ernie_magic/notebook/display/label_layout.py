"""Where the labels of points are written: none overlaps another or a point, none is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.notebook.display.html_table import display_width

if TYPE_CHECKING:
    from collections.abc import Sequence

FONT_SIZE = 13  # pixels
_COLUMN_WIDTH = 7.6  # pixels of half a Chinese character, with some room for wider fonts
_LINE_HEIGHT = 18  # pixels
_POINT_RADIUS = 6  # pixels kept free around a point
# Distances from a point at which a label is tried, the nearest first.
_DISTANCES = (8, 20, 34, 50)
# Directions in which it is tried, the easiest to read first: right, left, below, above, corners.
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


class Box(NamedTuple):
    """A rectangle, in pixels.

    Attributes
    ----------
    left, top, right, bottom : float
    """

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        is_beside = self.right <= other.left or other.right <= self.left
        is_above = self.bottom <= other.top or other.bottom <= self.top
        return not (is_beside or is_above)

    def contains(self, other: Box) -> bool:
        """Whether the other lies within this one."""
        is_within_width = self.left <= other.left and other.right <= self.right
        return is_within_width and self.top <= other.top and other.bottom <= self.bottom


def place_labels(
    points: Sequence[tuple[float, float]],
    labels: Sequence[str],
    frame: Box,
) -> list[Box | None]:
    """Find a free place for each label, near its point.

    Parameters
    ----------
    points
        In pixels.
    labels
        One for each point, of one line.
    frame
        The drawing: no label leaves it.

    Returns
    -------
    list of Box or None
        None where there is no free place.
    """
    taken = [_box_around(point) for point in points]
    places: list[Box | None] = []
    for point, label in zip(points, labels, strict=True):
        place = _find_place(point, display_width(label) * _COLUMN_WIDTH, frame, taken)
        places.append(place)
        if place is not None:
            taken.append(place)
    return places


def _box_around(point: tuple[float, float]) -> Box:
    x, y = point
    return Box(x - _POINT_RADIUS, y - _POINT_RADIUS, x + _POINT_RADIUS, y + _POINT_RADIUS)


def _find_place(
    point: tuple[float, float],
    width: float,
    frame: Box,
    taken: Sequence[Box],
) -> Box | None:
    for distance in _DISTANCES:
        for direction in _DIRECTIONS:
            place = _box_beside(point, direction, distance, width)
            if frame.contains(place) and not any(place.overlaps(other) for other in taken):
                return place
    return None


def _box_beside(
    point: tuple[float, float],
    direction: tuple[int, int],
    distance: float,
    width: float,
) -> Box:
    """A label's box in that direction of its point, with the gap between the two."""
    across, down = direction
    middle_x = point[0] + across * (distance + width / 2)
    middle_y = point[1] + down * (distance + _LINE_HEIGHT / 2)
    return Box(
        middle_x - width / 2,
        middle_y - _LINE_HEIGHT / 2,
        middle_x + width / 2,
        middle_y + _LINE_HEIGHT / 2,
    )
