"""What a front end sees while an answer streams, measured on iopub of a real kernel."""

import itertools
import json
from statistics import median

import pytest

from ernie_magic.notebook.display.streaming import UPDATE_INTERVAL

from .busy_machine import is_within


def test_the_first_text_is_seen_within_50_ms_of_the_server_s_first_delta(kernel, emulator):
    def first_text():
        ran = kernel.run("%%ernie --no-history\n[[chunks=5]][[pace=30ms]]")
        return ran.shown[0][0] - emulator.requests[-1].first_delta

    def plain_display():
        ran = kernel.run("display(1)")
        return ran.shown[0][0] - ran.begin

    assert is_within(0.05, first_text, plain_display, 10)


def median_gap(times):
    return median(b - a for a, b in itertools.pairwise(times))


def test_text_grows_at_most_20_times_a_second_and_never_waits_100_ms(kernel, emulator):
    def times_of_displays(code):
        ran = kernel.run(code)
        lengths = [len(text) for _, text in ran.shown[:-1]]  # the last one is the final output
        return [at for at, _ in ran.shown[:-1]], lengths

    def text_gap():
        times, lengths = times_of_displays("%%ernie\n[[chunks=200]][[pace=10ms]]")
        seconds = times[-1] - times[0]
        assert len(times) <= 20 * seconds + 1
        assert len(set(lengths)) > 10
        return median_gap(times)

    def plain_gap():
        paced = f"for _ in range(9):\n    display(1)\n    time.sleep({UPDATE_INTERVAL})"
        return median_gap(times_of_displays(f"import time\n{paced}")[0])

    assert is_within(0.1, text_gap, plain_gap, 1.1, rounds=1)


def test_what_came_is_seen_even_when_the_stream_stalls(kernel, emulator):
    emulator.faults.add(stall_after=7)
    ran = kernel.run("%%ernie\n[[chunks=50]][[pace=20ms]]", interrupt_after=0.6)
    assert "word6" in ran.shown[-2][1]  # before the final output of the interrupt
    assert ran.shown[-2][0] < ran.shown[0][0] + 6 * 0.02 + 0.2
    assert ran.error["ename"] == "Interrupted"


@pytest.mark.parametrize(
    ("deltas", "limit"), [(400, 80_000), pytest.param(2000, 400_000, marks=pytest.mark.slow)]
)
def test_what_deltas_cost_on_iopub_is_bounded(kernel, deltas, limit):
    ran = kernel.run(f"%%ernie --no-history --as a\n写诗 [[chunks={deltas}]][[pace=5ms]]")
    size = sum(
        len(
            json.dumps(
                [m["header"], m["parent_header"], m["metadata"], m["content"]],
                ensure_ascii=False,
                default=str,
            ).encode()
        )
        for _, m in ran.messages
    )
    assert size < limit
    assert int(kernel.value("len(a.text)")) > 4 * deltas


def test_one_output_is_left_with_the_whole_text_and_a_folded_footer(kernel):
    prompt = (
        "# 标题\n\n价格 $5 和 $10，公式 $x^2$。\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
        + "\n一段文字。\n" * 300
    )
    ran = kernel.run("%%ernie\n[[echo]]" + prompt)
    (output,) = ran.outputs
    shown = output["data"]["text/html"]
    assert shown.startswith(
        '<div class="ernie-answer"><h1 class="jp-toc-ignore">标题</h1>\n<p>价格 <span>$</span>5 和 <span>$</span>10，公式 '
        "<span>\\(x^2\\)</span>。</p>"
    )
    assert shown.count("一段文字。") == 300
    assert '<details><summary><small class="ernie-note">ernie-3.5-8k · ' in shown
    assert shown.count("<style>") == 1
    assert output["data"]["text/plain"].startswith(prompt.strip("\n"))
    assert output["metadata"]["ernie_magic"]["model"] == "ernie-3.5-8k"


def test_what_streams_is_framed_once_for_the_cell_and_each_update_carries_nothing(kernel):
    ran = kernel.run("%%ernie --no-history\n[[chunks=40]][[pace=20ms]]")
    marks, *updates = [text for _, text in ran.shown[:-1]]
    assert "ernie-streaming" in marks
    assert "<style>" in marks
    assert len(updates) > 3
    assert not [text for text in updates if "<style>" in text or "ernie-answer" in text]


def test_until_it_has_ended_an_answer_says_that_it_is_partial_where_it_ends_so_far(kernel):
    ran = kernel.run("%%ernie --no-history\n[[chunks=200]][[pace=3ms]]")
    displays = [
        message
        for _, message in ran.messages
        if message["msg_type"] in ("display_data", "update_display_data")
    ]
    unmarked = []
    for end in range(2, len(displays)):  # a kernel might end after any of them
        ran.messages = [(0.0, message) for message in displays[:end]]
        *above, last = [output["data"] for output in ran.outputs[1:]]
        assert "partial" not in str(above)
        is_marked = last["text/html"].endswith("… partial</small></div>")
        assert is_marked == last["text/plain"].endswith("… partial")
        if not is_marked:
            unmarked.append(displays[end]["msg_type"])
    # What is finished is at once followed by an output with what is not.
    assert set(unmarked) == {"display_data"}
    whole = displays[-1]["content"]["data"]
    assert "partial" not in str(whole)
    assert "word199" in whole["text/plain"]


def test_what_came_of_the_emulator_s_answer_says_from_the_first_word_that_it_is_simulated(kernel):
    kernel.run("service, ernie.settings.service = ernie.settings.service, 'emulator'")
    try:
        ran = kernel.run("%%ernie --no-history\n[[chunks=20]][[pace=20ms]]")
    finally:
        kernel.run("ernie.settings.service = service")
    updates = [markup for _, markup in ran.shown[:-1] if "word0 " in markup]
    assert len(updates) > 2
    note = "… partial · built-in emulator, not a real model</small></div>"
    assert [markup for markup in updates if not markup.endswith(note)] == []
    assert "partial" not in ran.shown[-1][1]


def test_json_is_a_block_of_code_while_it_comes_and_when_it_is_saved(kernel):
    prompt = '{\\"城市\\": [\\"<b>北京</b>\\", 1]}'
    ran = kernel.run(
        f"%%ernie --no-history --as a\n[[echo]][[pace=20ms]]{prompt}".replace("\\", "")
    )
    assert '<pre class="highlight"' in ran.shown[2][1]
    (output,) = ran.outputs
    shown = output["data"]["text/html"]
    assert shown.count('<pre class="highlight"') == 1
    assert "<b>" not in shown
    assert kernel.value("a.json()['城市'][1]") == "1"


@pytest.mark.parametrize("words", ["and **bold** words", "and **bold** words " + "a b " * 1000])
def test_what_only_begins_like_json_is_markdown_in_the_end_where_no_output_is_replaced(
    kernel, words
):
    kernel.run(f"words = {words!r}")
    ran = kernel.run(
        "ask = get_ipython().run_cell_magic\n"
        "ask('ernie', '--no-history', '[[echo]][1] {{words}}')\nprint('below')"
    )
    assert ran.status == "ok", ran.error
    shown = "".join(
        output["data"].get("text/html", "") for output in ran.outputs if "data" in output
    )
    assert "<strong>bold</strong>" in shown
    assert '<pre class="highlight"' not in shown
    assert shown.count("[1]") == 1


def test_a_long_answer_never_has_50_outputs_while_it_streams(kernel):
    ran = kernel.run("%%ernie --no-history\n[[chunks=20000]][[pace=0ms]]")
    assert len(ran.of("display_data")) < 50
    assert len(ran.outputs) == 1


def test_reasoning_is_shown_while_it_comes_and_folded_at_the_end(kernel):
    ran = kernel.run("%%ernie\n[[reasoning]][[pace=30ms]]你好")
    assert any("thinking…" in text for _, text in ran.shown)
    (output,) = ran.outputs
    assert output["data"]["text/html"].startswith(
        '<div class="ernie-answer"><details><summary><small class="ernie-note">reasoning ('
    )


def test_raw_is_text(kernel):
    ran = kernel.run("%%ernie --raw\n[[echo]]**a** $5")
    assert ran.text.startswith("**a** $5\n")
    assert not ran.shown


def test_raw_text_says_from_its_beginning_that_it_is_simulated(kernel):
    mark = "[built-in emulator, not a real model]\n\n"
    kernel.run("service, ernie.settings.service = ernie.settings.service, 'emulator'")
    try:
        whole = kernel.run("%%ernie --raw --no-history\n[[chunks=300]][[pace=0ms]]")
        cell = "%%ernie --raw --no-history\n[[chunks=500]][[pace=20ms]]"
        stopped = kernel.run(cell, interrupt_after=-0.8)
        text = kernel.value("ernie.last.text")
    finally:
        kernel.run("ernie.settings.service = service")
    assert whole.text.startswith(f"{mark}word0 word1 ")
    assert stopped.text.startswith(f"{mark}word0 ")
    for ran in (whole, stopped):
        assert ran.text.count("built-in emulator") == 2  # the other in the footer
    assert "emulator" not in text


@pytest.mark.parametrize(
    "wrap",
    [
        "%%time\n%%ernie --as a\n[[echo]]hi",
        "get_ipython().run_cell_magic('ernie', '--as a', '[[echo]]hi')",
        "def f():\n    get_ipython().run_cell_magic('ernie', '--as a', '[[echo]]hi')\nf()",
        "get_ipython().run_cell('%%ernie --as a\\n[[echo]]hi')",
        (
            "import threading\nt = threading.Thread(target=lambda: "
            "get_ipython().run_cell_magic('ernie', '--as a', '[[echo]]hi'))\nt.start(); t.join()"
        ),
        "%autoawait off\nget_ipython().run_cell('%%ernie --as a\\n[[echo]]hi')\n%autoawait on",
    ],
    ids=["time", "run_cell_magic", "function", "run_cell", "thread", "autoawait off"],
)
def test_the_other_door_works_wherever_the_magic_is_run_from(kernel, wrap):
    kernel.run("a = None")
    ran = kernel.run(wrap)
    assert ran.status == "ok", ran.error
    assert kernel.value("str(a)") == "hi"


def test_autoawait_off_takes_the_plain_door_at_the_top_level(kernel):
    kernel.run("%autoawait off")
    ran = kernel.run("%%ernie --as a\n[[echo]]hi")
    kernel.run("%autoawait on")
    assert (ran.status, kernel.value("str(a)")) == ("ok", "hi")


def test_what_else_the_cell_showed_is_not_erased_through_the_other_door(kernel):
    ran = kernel.run("print('mine')\nget_ipython().run_cell_magic('ernie', '', '[[echo]]hi')")
    assert ran.text == "mine\n"
    assert "hi" in ran.outputs[-1]["data"]["text/html"]


def test_what_an_expression_printed_is_not_erased(kernel):
    ran = kernel.run("%%ernie\n[[echo]]{{print('mine') or 'hi'}}")
    assert "mine\n" in ran.text
    assert "hi" in ran.outputs[-1]["data"]["text/html"]


def test_capture_holds_the_final_output_only(kernel):
    kernel.run("%%capture c\n%%ernie\n[[chunks=100]][[pace=5ms]]")
    assert kernel.value("len(c.outputs), 'word99' in c.outputs[0].data['text/html']") == "1 True"


def test_a_cell_gives_no_value(kernel):
    ran = kernel.run("%%ernie\n[[echo]]hi")
    assert not ran.of("execute_result")


@pytest.mark.parametrize(
    "cell",
    ["%%ernie\n{}", "get_ipython().run_cell_magic('ernie', '', '{}')", "%%ernie --raw\n{}"],
    ids=["magic", "plain door", "raw"],
)
def test_what_the_service_withdraws_is_taken_back_from_the_screen(kernel, cell):
    ran = kernel.run(cell.format("[[flag=4]][[chunks=30]][[pace=10ms]]"))
    assert ran.error["ename"] == "AnswerWithdrawn"
    assert "word1" in str([m["content"] for _, m in ran.messages])  # it was on the screen
    assert "word1" not in str(ran.outputs)
    assert kernel.value("len(ernie.history), ernie.conversation.locked") == "0 True"


def test_a_prompt_that_looks_like_an_interpreter_s_is_sent_as_it_was_typed(kernel, emulator):
    for prompt in (">>> 1 + 1\n2\n   \n  end", "In [1]: x\n   ...: y"):
        for above in ("", "%%time\n"):
            kernel.run(f"{above}%%ernie --no-history\n{prompt}")
            assert emulator.requests[-1].body["messages"][-1]["content"] == prompt


@pytest.mark.parametrize("cell", ["%%ernie -m no-such\n你好", "%%ernie_embed -m no-such\nhi"])
def test_a_refusal_s_raw_reply_is_shown_on_demand_only(kernel, cell):
    ran = kernel.run(cell)
    (shown,) = (output for output in ran.outputs if "data" in output)
    body = kernel.value("__import__('sys').last_value.body")
    assert "no_such_model" in body
    folded, _, raw = shown["data"]["text/html"].partition("</summary>")
    assert folded.startswith("<details><summary>")
    assert "no_such_model" in raw
    plain = "[the service's raw reply: import sys; sys.last_value.body]"  # cannot be folded
    assert shown["data"]["text/plain"] == plain
