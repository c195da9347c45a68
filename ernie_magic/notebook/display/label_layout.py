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
        One for each point, of one line; "" for none.
    frame
        The drawing: no label leaves it.

    Returns
    -------
    list of Box or None
        None where there is no free place, or no label.
    """
    taken = [_box_around(point) for point in points]
    lines: list[Box] = []  # between points and labels that are apart
    places: list[Box | None] = []
    for point, label in zip(points, labels, strict=True):
        if not label:
            places.append(None)
            continue
        width = display_width(label) * _COLUMN_WIDTH
        labels_so_far = [place for place in places if place is not None]
        # A line that crosses another label is better than no label.
        place = _find_place(point, width, frame, [*taken, *lines], labels_so_far)
        place = place or _find_place(point, width, frame, taken, ())
        places.append(place)
        if place is not None:
            taken.append(place)
            lines.append(_box_between(point, place))
    return places


def _box_around(point: tuple[float, float]) -> Box:
    x, y = point
    return Box(x - _POINT_RADIUS, y - _POINT_RADIUS, x + _POINT_RADIUS, y + _POINT_RADIUS)


def _find_place(
    point: tuple[float, float],
    width: float,
    frame: Box,
    taken: Sequence[Box],
    labels: Sequence[Box],
) -> Box | None:
    for distance in _DISTANCES:
        for direction in _DIRECTIONS:
            place = _box_beside(point, direction, distance, width)
            if not frame.contains(place) or any(place.overlaps(other) for other in taken):
                continue
            line = _box_between(point, place)
            if not any(line.overlaps(label) for label in labels):
                return place
    return None


def _box_between(point: tuple[float, float], place: Box) -> Box:
    """The box of the line from a point to the nearest place of its label."""
    x, y = point
    near_x = min(max(x, place.left), place.right)
    near_y = min(max(y, place.top), place.bottom)
    return Box(min(x, near_x), min(y, near_y), max(x, near_x), max(y, near_y))


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
