"""Labels of points: apart from each other and from every point, and within the drawing."""

import itertools

import pytest

from ernie_magic.notebook.display.label_layout import Box, place_labels

FRAME = Box(0, 0, 720, 440)


def assert_apart(points, labels):
    places = place_labels(points, labels, FRAME)
    shown = [place for place in places if place is not None]
    assert all(FRAME.contains(place) for place in shown)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(shown, 2))
    assert not any(
        place.left < x < place.right and place.top < y < place.bottom
        for place in shown
        for x, y in points
    )
    return places


@pytest.mark.parametrize(
    "points",
    [
        [(719, 220), (1, 220), (360, 1), (360, 439), (719, 439)],  # at the edges
        [(300, 200), (302, 201), (304, 199), (303, 203)],  # nearly one point
        [(100 + 20 * i, 200) for i in range(12)],  # in a row
    ],
)
def test_labels_are_apart_at_edges_and_where_points_are_close(points):
    places = assert_apart(points, ["今天天气如何"] * len(points))
    assert None not in places


def test_no_line_to_a_label_crosses_another_label():
    points = [(300, 200), (310, 206), (290, 208), (305, 215), (296, 195)]
    places = assert_apart(points, ["今天天气如何"] * len(points))
    for (x, y), place in zip(points, places, strict=True):
        near = min(max(x, place.left), place.right), min(max(y, place.top), place.bottom)
        line = Box(min(x, near[0]), min(y, near[1]), max(x, near[0]), max(y, near[1]))
        assert not any(line.overlaps(other) for other in places if other is not place)


def test_a_point_without_a_label_takes_no_room_but_its_own():
    points = [(300, 200), (304, 200), (600, 300)]
    assert place_labels(points, ["", "", ""], FRAME) == [None, None, None]
    nameless, named, _ = place_labels(points, ["", "name", ""], FRAME)
    assert nameless is None
    assert named is not None


def test_many_labels_are_apart_and_those_without_room_are_left_out():
    points = [(20 + 97 * i % 680, 20 + 61 * i % 400) for i in range(60)]
    places = assert_apart(points, ["a label of twenty ch"] * 60)
    assert 20 < sum(place is not None for place in places) < 60


def test_a_label_wider_than_the_drawing_has_no_place():
    assert place_labels([(300, 200)], ["字" * 60], FRAME) == [None]
