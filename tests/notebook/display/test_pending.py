"""What a wait is for, and the one output that takes its place."""

import time

from IPython.utils.capture import capture_output

from ernie_magic.notebook.display.pending import NotebookView, TextView, WaitingLine
from ernie_magic.runtime.events import Delta, Progress
from ernie_magic.text.language import Text

WAITS = Text("等待", "waiting")


def described(*deltas, language="en"):
    line = WaitingLine(language)
    assert line.read_deltas(deltas)
    return line.describe()


def test_the_last_notice_is_described_beside_the_progress_until_there_is_more():
    notice, progress = Delta(notice=WAITS, waited=3), Delta(progress=Progress(1_000, 20_000))
    assert described(progress, notice, Delta("text")) == "1,000 / 20,000 · waiting · 3 s"
    assert described(notice, progress) == "1,000 / 20,000"
    assert described(notice, language="zh") == "等待 · 3 秒"
    assert not WaitingLine("en").read_deltas([Delta("text")])


def test_a_wait_whose_seconds_are_not_counted_is_described_without_any():
    again = Text("2 秒后重试", "trying again in 2 s")
    assert described(Delta(notice=again)) == "trying again in 2 s"
    assert described(Delta(notice=again), language="zh") == "2 秒后重试"
    assert described(Delta(notice=WAITS, waited=3), Delta(notice=again)) == again.en
    assert described(Delta(notice=WAITS, waited=0)) == "waiting · 0 s"


def test_progress_is_a_bar_that_is_drawn_five_times_a_second_and_notices_at_once(shell):
    with capture_output() as captured:
        view = NotebookView("en", owns_cell=True)
        for done in range(10):
            view.show_deltas([Delta(progress=Progress(done, 10, failed=done // 5))])
        time.sleep(max(0.0, view.get_redraw_time() - time.monotonic()))
        view.show_deltas([])
        assert view.get_redraw_time() is None
        view.show_deltas([Delta(notice=WAITS, waited=1)])
    first, second, third = [output.data["text/html"] for output in captured.outputs]
    assert "0 / 10" in first
    assert "width:0.0%" in first
    assert "9 / 10 · 1 failed" in second
    assert "width:90.0%" in second
    assert "9 / 10 · 1 failed · waiting · 1 s" in third


def test_in_a_terminal_each_notice_is_printed_once_and_the_result_once(capsys):
    view = TextView("en")
    view.show_deltas([Delta(notice=WAITS, waited=1), Delta(notice=WAITS, waited=2)])
    view.show_deltas([Delta(notice=WAITS, waited=3)])
    view.show_result(({"text/plain": "done\x1b[2J"}, {}))
    view.show_result(({"text/plain": "again"}, {}))
    assert capsys.readouterr().out == "… waiting\ndone␛[2J\n"
