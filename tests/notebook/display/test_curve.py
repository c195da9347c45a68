"""A curve as a drawing and as plain text."""

import re
import xml.etree.ElementTree as ET

import pytest

from ernie_magic.notebook.display.curve import Curve

SVG = "{http://www.w3.org/2000/svg}"


def drawn(curve):
    return ET.fromstring(curve.drawing_html()).find(f"{SVG}svg")  # noqa: S314  (our own)


def test_points_lie_in_their_order_within_the_frame_and_lower_ones_lower():
    drawing = drawn(Curve([(0, 3.0), (10, 2.0), (40, 0.5)], "step", "loss"))
    marks = [(float(m.get("cx")), float(m.get("cy"))) for m in drawing.iter(f"{SVG}circle")]
    assert marks == sorted(marks)
    assert [y for _, y in marks] == sorted(y for _, y in marks)
    # A quarter of the steps is a quarter of the way.
    assert (marks[1][0] - marks[0][0]) / (marks[2][0] - marks[0][0]) == pytest.approx(
        0.25, abs=0.01
    )
    _, _, width, height = map(float, drawing.get("viewBox").split())
    assert all(0 < x < width and 0 < y < height for x, y in marks)
    titles = [title.text for title in drawing.iter(f"{SVG}title")]
    assert titles == ["step 0: loss 3", "step 10: loss 2", "step 40: loss 0.5"]


@pytest.mark.parametrize(
    "points",
    [
        [(1, 2.0), (2, 2.0)],
        [(1, 1.0), (1, 2.0)],
        [(0, 1e-9), (1, 3e-9)],
        [(0, -1e12), (10**9, 1e12)],
        [(step, 1 / (step + 1)) for step in range(5000)],
    ],
    ids=["level", "one step", "tiny", "huge", "many"],
)
def test_any_numbers_are_drawn(points):
    curve = Curve(points, "step", "loss")
    drawing = drawn(curve)
    assert len(drawing.find(f"{SVG}polyline").get("points").split()) == len(points)
    assert len(list(drawing.iter(f"{SVG}text"))) < 16
    assert not re.search(r"\b(nan|inf)\b", curve.drawing_html())
    assert "\n" not in repr(curve)


def test_what_the_axes_are_called_is_no_markup():
    curve = Curve([(0, 1.0), (1, 2.0)], "<script>", '"$x$ & y')
    assert "<script>" not in curve.drawing_html()
    drawn(curve)


def test_plain_text_tells_both_ends():
    assert repr(Curve([(64, 1.5), (281, 0.125)], "step", "loss")) == (
        "loss █▁ 1.5 → 0.125 (step 64 – 281)"
    )
