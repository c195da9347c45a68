"""The cost of drawing an answer grows no faster than its length, whatever it holds."""

import time

import pytest

from ernie_magic.api.requests import ChatOptions, chat_request
from ernie_magic.api.results import Answer
from ernie_magic.calls.chat.history import Turn
from ernie_magic.notebook.display.streaming import GrowingView
from ernie_magic.notebook.panels.turns import BlocksView, ShownTurn
from ernie_magic.runtime.events import Delta
from ernie_magic.text import markdown
from tests.shapes import SHAPES

DOUBLINGS = 3
LIMIT = 2.3  # for each doubling: twice the text, plus what a cache costs
ENOUGH = 0.05  # seconds that can be measured
ROUNDS, LONG = 3, 0.1
MOST = 1 << 18  # characters of the first text
DELTA = 200  # characters of a delta of a stream
REQUEST = chat_request([{"role": "user", "content": "你好"}], model="ernie-3.5-8k", given={})
NAMES = list(SHAPES)
SHORT = {
    "drawn": NAMES[::3],
    "streamed": NAMES[::40],
    "streamed in a panel": NAMES[9::40],
    "a panel's turn": NAMES[4::25],
}


def seconds(run, text):
    """CPU seconds, the least of some rounds; of one if it takes long enough."""
    took = []
    while len(took) < ROUNDS and sum(took) < LONG:
        began = time.process_time()
        run(text)
        took.append(time.process_time() - began)
    return min(took)


def growth(run, make, first):
    """Growth of the time at each doubling, from a first text of measurable time; and the times."""
    while seconds(run, make(first)) < ENOUGH and first < MOST:
        first *= 2
    for _ in range(3):  # another process may have had the machine's caches
        took = [seconds(run, make(first << step)) for step in range(DOUBLINGS + 1)]
        ratio = (took[-1] / took[0]) ** (1 / DOUBLINGS)
        if ratio <= LIMIT:
            break
    return ratio, took


class Collected(GrowingView[int]):
    """A view that keeps what it is given."""

    def __init__(self):
        super().__init__("zh")
        self.outputs = []

    def _put_html(self, place, *content):
        if place is None:
            self.outputs.append(content)
            return len(self.outputs) - 1
        self.outputs[place] = content
        return place


class Blocks:
    """A transcript without its page."""

    def __init__(self):
        self.blocks = {}

    def put_block(self, _id, key, *content):
        self.blocks[key] = content


def fed(view, text):
    for start in range(0, len(text), DELTA):
        view.show_deltas([Delta(text=text[start : start + DELTA])])


def draw(text):
    markdown.to_html(text)


def stream(text):
    fed(Collected(), text)


def panel_streams(text):
    fed(BlocksView("zh", Blocks(), "turn"), text)


def panel_shows(text):
    answer = Answer(text=text, request=REQUEST, model="ernie-3.5-8k", reasoning=text)
    assert ShownTurn.from_turn(Turn("你好", answer), "turn", "zh", ChatOptions()).saved_html


WAYS = {
    "drawn": draw,
    "streamed": stream,
    "streamed in a panel": panel_streams,
    "a panel's turn": panel_shows,
}
# Text that is parsed together is bounded: below the bound the work may grow faster.
FIRST = {"drawn": 16_000, "streamed": 4000, "streamed in a panel": 4000, "a panel's turn": 16_000}


def assert_linear(way, names, limit):
    draw("```python\n1\n```")  # libraries are loaded
    found = {name: growth(WAYS[way], SHAPES[name], FIRST[way]) for name in names}
    worst = sorted(found.items(), key=lambda one: one[1][0])[-5:]
    print(f"\n{way}: " + ", ".join(f"{name} {ratio:.2f}" for name, (ratio, _) in worst))
    assert {name: took for name, (ratio, took) in found.items() if ratio > limit} == {}


def test_there_are_at_least_40_shapes():
    assert len(SHAPES) >= 40
    assert all(0.5 < len(make(4000)) / 4000 < 2 for make in SHAPES.values())


@pytest.mark.parametrize("way", WAYS)
def test_growth_is_linear(way, growth_bar):
    assert_linear(way, SHORT[way], growth_bar(LIMIT))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_growth_is_linear_for_every_shape(way, growth_bar):
    assert_linear(way, SHAPES, growth_bar(LIMIT))
