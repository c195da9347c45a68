"""The line that says which model is waited for, and what takes its place."""

import base64
import itertools

import pytest

from ernie_magic.api.requests import chat_request
from ernie_magic.api.results import Answer, ToolRun
from ernie_magic.notebook.display import streaming
from ernie_magic.notebook.display.streaming import FinalView, GrowingView, TextView
from ernie_magic.runtime.events import Delta
from ernie_magic.text.language import Text

RETRY = Delta(notice=Text("重试", "trying again in 2 s"))
TOOL = Delta(tool=ToolRun("look", "{}", "seen"))
FIRST, THOUGHT = "<p>hello</p>\n", "<blockquote><em>thinking… 2 characters</em><br>"


def line(seconds):
    return f'<small class="ernie-waiting" style="opacity:0.7">… ernie-x · {seconds} s</small>'


class Outputs(GrowingView[int]):
    """A view that keeps what it is told to show, on a clock of the test's."""

    def __init__(self, language="en"):
        super().__init__(language)
        self.outputs, self.updates = [], 0

    def _put_html(self, output, markup):
        self.updates += 1
        if output is None:
            self.outputs.append(markup)
            return len(self.outputs) - 1
        self.outputs[output] = markup
        return output


@pytest.fixture
def clock(monkeypatch):
    """The view's clock, which the test sets."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

        perf_counter = monotonic

    clock = Clock()
    monkeypatch.setattr(streaming, "time", clock)
    return clock


@pytest.fixture
def view(clock):
    view = Outputs()
    view.name_model("ernie-x")
    return view


def wait_until(view, clock, seconds):
    """Let the reading loop do what it does: an empty batch whenever one is due."""
    end = 1000.0 + seconds
    while (due := view.get_redraw_time()) is not None and due <= end:
        clock.now = due
        view.show_deltas([])
    clock.now = end


def test_nothing_is_shown_for_700_ms_and_then_the_seconds_once_each(view, clock):
    wait_until(view, clock, 0.69)
    assert view.outputs == []
    wait_until(view, clock, 0.7)
    assert view.outputs == [line(1)]
    for seconds in range(1, 60):
        wait_until(view, clock, seconds + 0.7)
        assert view.outputs == [line(seconds + 1)]
    assert view.updates == 60


def test_an_empty_batch_that_is_not_due_changes_nothing(view, clock):
    for _ in range(3):
        view.show_deltas([])
    clock.now += 0.8
    for _ in range(3):
        view.show_deltas([])
    assert view.updates == 1


def test_it_is_in_the_user_s_language_and_the_model_s_name_is_no_markup(clock):
    view = Outputs("zh")
    view.name_model("<b>$x$")
    wait_until(view, clock, 3)
    (shown,) = view.outputs
    assert "· 3 秒" in shown
    assert "<b>" not in shown
    unnamed = Outputs()
    clock.now += 0.8
    unnamed.show_deltas([])
    assert "… waiting for the service · 1 s" in unnamed.outputs[0]


@pytest.mark.parametrize(
    ("deltas", "shown"),
    [
        ([Delta(text="hello")], [FIRST]),
        ([Delta(reasoning="so")], [THOUGHT]),
        ([Delta(reasoning="so"), Delta(text="hello")], ["<details>", FIRST]),
        ([TOOL], ["<small>"]),
        ([RETRY], ["<em>… trying again in 2 s</em>"]),
        ([RETRY, Delta(text="hello")], [FIRST]),
        ([Delta(text="hello"), RETRY], [FIRST, "<em>… trying"]),
        ([RETRY, TOOL, Delta(text="hello")], ["<small>", FIRST]),
    ],
    ids=["text", "thought", "both", "tool", "notice", "late", "after", "in between"],
)
def test_the_first_that_comes_takes_its_place(view, clock, deltas, shown):
    wait_until(view, clock, 3)
    view.show_deltas(deltas)
    assert len(view.outputs) == len(shown)
    for output, begins in zip(view.outputs, shown, strict=True):
        assert output.startswith(begins)
    assert "ernie-x" not in str(view.outputs)


def test_no_line_comes_after_the_first_word_however_long_the_next_takes(view, clock):
    view.show_deltas([Delta(text="hello")])
    assert view.get_redraw_time() is None
    clock.now += 60
    view.show_deltas([])
    assert view.outputs == [FIRST]


def test_white_space_is_no_word_yet(view, clock):
    wait_until(view, clock, 1)
    view.show_deltas([Delta(text="\n\n")])
    wait_until(view, clock, 3)
    assert view.outputs == [line(3)]
    view.show_deltas([Delta(text="hello")])
    assert view.outputs == [FIRST]


def test_a_notice_stands_alone_for_a_second_and_then_above_the_line(view, clock):
    wait_until(view, clock, 2)
    view.show_deltas([RETRY])
    wait_until(view, clock, 2.9)
    assert view.outputs == ["<em>… trying again in 2 s</em>"]
    wait_until(view, clock, 4)
    assert view.outputs == [f"<em>… trying again in 2 s</em><br>{line(4)}"]
    view.show_deltas([Delta(text="hello")])
    assert view.outputs == [FIRST]


def test_after_a_tool_the_model_is_waited_for_anew_and_not_while_it_runs(view, clock):
    view.show_deltas([Delta(notice=Text("调用", "calling look"), caller_task=object())])
    wait_until(view, clock, 30)
    assert view.outputs == ["<em>… calling look</em>"]
    view.show_deltas([TOOL])
    wait_until(view, clock, 32)
    assert view.outputs[1:] == [line(2)]
    view.show_deltas([Delta(reasoning="so")])
    assert view.outputs[1].startswith(THOUGHT)


def test_thoughts_that_go_on_after_a_tool_leave_no_line_behind(view, clock):
    view.show_deltas([Delta(reasoning="a"), TOOL])
    wait_until(view, clock, 2)
    assert line(2) in view.outputs
    view.show_deltas([Delta(reasoning="b")])
    assert not any("ernie-x" in output for output in view.outputs)


def test_a_picture_that_the_text_holds_is_named_as_soon_as_it_is_whole(view):
    packed = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(9_000)).decode()
    text = f"see ![a cat](data:image/png;base64,{packed}) and more"
    for start in range(0, len(text), 500):
        view.show_deltas([Delta(text=text[start : start + 500])])
        assert "AAAA" not in str(view.outputs)
    assert "<p>see [a cat ↓] and more</p>" in view.outputs[0]
    assert view.outputs[0].count("[a cat") == 1


@pytest.mark.parametrize("is_raw", [True, False])
def test_a_picture_in_a_terminal_s_text_is_named_unless_it_is_raw(capsys, is_raw):
    packed = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(300)).decode()
    text = f"see ![a cat](data:image/png;base64,{packed}) and ![x"
    shown = TextView("en", colours=False, is_raw=is_raw)
    for start in range(0, len(text), 50):
        shown.show_deltas([Delta(text=text[start : start + 50])])
    shown.show_result(
        Answer(text, chat_request([{"role": "user", "content": "hi"}], model="m", given={}))
    )
    expected = text if is_raw else "see [a cat ↓] and ![x"
    assert capsys.readouterr().out.startswith(f"{expected}\n\n")


def test_a_batch_is_shown_in_its_order(view):
    view.show_deltas([Delta(text="hello"), TOOL, Delta(text="hello")])
    first, tool, last = view.outputs
    assert (first, last) == (FIRST, FIRST)
    assert tool.startswith("<small>")


def test_what_cannot_be_removed_again_is_never_due(capsys):
    for view in (TextView("en", colours=False), TextView("en", colours=True), FinalView("en")):
        view.name_model("ernie-x")
        assert view.get_redraw_time() is None
        view.show_deltas([])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("parts", list(itertools.permutations([RETRY, RETRY, TOOL]))[:3])
def test_a_line_is_in_one_output_whatever_comes_before_it(view, clock, parts):
    for seconds, part in enumerate(parts, 1):
        wait_until(view, clock, seconds)
        view.show_deltas([part])
    wait_until(view, clock, 9)
    assert sum("ernie-x" in output for output in view.outputs) == 1
    view.show_deltas([Delta(text="hello")])
    assert not any("ernie-x" in output or "again" in output for output in view.outputs)


def test_an_output_that_can_only_write_shows_an_answer(monkeypatch):
    class Tee:  # as people write it, to keep a log
        def __init__(self):
            self.text = ""

        def write(self, text):
            self.text += text

        def flush(self):
            pass

    tee = Tee()
    monkeypatch.setattr(streaming.sys, "stdout", tee)
    TextView("en", colours=True).show_deltas([Delta("hello")])
    assert tee.text == "hello"
