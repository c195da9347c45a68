"""What a progress bar says of long work."""

import io
import sys

import pytest

from ernie_magic.runtime import progress
from ernie_magic.runtime.events import Delta, Progress
from ernie_magic.runtime.progress import (
    ProgressBar,
    ProgressClock,
    format_duration,
    format_yuan,
)


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets, in seconds."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_rate_and_time_left_count_only_the_work_of_this_run(clock):
    known = ProgressClock()
    assert known.describe(Progress(600, 1_200), "en") == "600 / 1,200"  # from an earlier run
    clock[0] += 10
    said = known.describe(Progress(800, 1_200, failed=3, tokens=12_345, yuan=0.01234), "en")
    assert said == "800 / 1,200 · 20/s · 0:20 left · 3 failed · 12,345 tokens · ¥0.0123"
    said = known.describe(Progress(800, 1_200, failed=1, tokens=1), "zh")
    assert said == "800 / 1,200 · 每秒 20 · 还要 0:20 · 1 个失败 · 1 token"


def test_no_rate_is_told_before_there_is_one(clock):
    known = ProgressClock()
    known.describe(Progress(0, 10), "en")
    clock[0] += 0.1
    assert known.describe(Progress(1, 10), "en") == "1 / 10"
    clock[0] += 60
    assert known.describe(Progress(0, 10), "en") == "0 / 10"


def test_the_first_of_many_at_once_tells_no_time_left(clock):
    known = ProgressClock()
    known.describe(Progress(3, 1_500), "en")
    clock[0] += 2
    assert known.describe(Progress(4, 1_500), "en") == "4 / 1,500"  # seven more are on their way
    assert "left" in known.describe(Progress(11, 1_500), "en")
    slow = ProgressClock()
    slow.describe(Progress(0, 4), "en")
    clock[0] += 30
    assert slow.describe(Progress(1, 4), "en") == "1 / 4 · 0.0333/s · 1:30 left"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (750, "12:30"), (3_725, "1:02:05")],
)
def test_durations_are_written_as_clocks_show_them(seconds, said):
    assert format_duration(seconds) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0.000001, "¥0.0001"), (0.01234, "¥0.0123"), (1.005, "¥1.00"), (1234.5, "¥1,234.50")],
)
def test_money_has_as_many_digits_as_matter(amount, said):
    assert format_yuan(amount) == said


def test_the_bar_of_a_python_call_tells_failures_and_tokens(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_DELAY", 0.0)
    bar = ProgressBar("rows", "en")
    bar.update_bar([Delta(progress=Progress(3, 10, failed=1, tokens=2_000))])
    bar.close()
    assert "1 failed, 2,000 tokens" in capsys.readouterr().err


class BrokenPipe(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


@pytest.mark.parametrize("output", [None, BrokenPipe(), "closed"])
def test_where_no_bar_can_be_drawn_the_work_continues(monkeypatch, output):
    if output == "closed":
        output = io.StringIO()
        output.close()
    monkeypatch.setattr(sys, "stderr", output)
    monkeypatch.setattr(progress, "_DELAY", 0.0)
    with progress.progress_bar("rows", "en") as update_bar:
        for done in range(1, 10):
            update_bar([Delta(progress=Progress(done, 10))])
