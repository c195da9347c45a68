"""What a wait is for, and the one output that takes its place."""

from ernie_magic.notebook.display.pending import TextView, describe_waiting
from ernie_magic.runtime.events import Delta, Progress
from ernie_magic.text.language import Text

WAITS = Text("等待", "waiting")


def test_the_last_notice_or_progress_of_a_batch_is_described():
    notice, progress = Delta(notice=WAITS, waited=3), Delta(progress=Progress(1_000, 20_000))
    assert describe_waiting([progress, notice, Delta("text")], "en") == "waiting · 3 s"
    assert describe_waiting([notice, progress], "en") == "1,000 / 20,000"
    assert describe_waiting([notice], "zh") == "等待 · 3 秒"
    assert describe_waiting([Delta("text")], "en") == ""


def test_a_wait_whose_seconds_are_not_counted_is_described_without_any():
    again = Text("2 秒后重试", "trying again in 2 s")
    assert describe_waiting([Delta(notice=again)], "en") == "trying again in 2 s"
    assert describe_waiting([Delta(notice=again)], "zh") == "2 秒后重试"
    assert describe_waiting([Delta(notice=WAITS, waited=3), Delta(notice=again)], "en") == again.en
    assert describe_waiting([Delta(notice=WAITS, waited=0)], "en") == "waiting · 0 s"


def test_in_a_terminal_each_notice_is_printed_once_and_the_result_once(capsys):
    view = TextView("en")
    view.show_deltas([Delta(notice=WAITS, waited=1), Delta(notice=WAITS, waited=2)])
    view.show_deltas([Delta(notice=WAITS, waited=3)])
    view.show_result(({"text/plain": "done\x1b[2J"}, {}))
    view.show_result(({"text/plain": "again"}, {}))
    assert capsys.readouterr().out == "… waiting\ndone␛[2J\n"
