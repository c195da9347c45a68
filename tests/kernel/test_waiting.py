"""What a real kernel shows while nothing has arrived yet, and that nothing of it is left."""

import itertools
import re

import pytest

DOORS = {
    "owned": "%%ernie --no-history\n{prompt}",
    "plain": "get_ipython().run_cell_magic('ernie', '--no-history', {prompt!r})",
    "with output of the user's": "%%ernie --no-history\n{{{{print('mine') or ''}}}}{prompt}",
}
LINE = re.compile(r"… ernie-3\.5-8k · (\d+) s")


def displays(ran):
    """Each display and update: when it arrived, its HTML."""
    return [(at, html) for at, html in ran.shown if html]


@pytest.mark.parametrize(
    ("door", "delay"),
    [
        ("owned", 2.2),
        ("plain", 1.2),
        pytest.param("with output of the user's", 1.2, marks=pytest.mark.slow),
    ],
)
def test_after_700_ms_a_line_counts_the_seconds_until_the_first_word(kernel, emulator, door, delay):
    emulator.faults.add(delay=delay)
    ran = kernel.run(DOORS[door].format(prompt="[[echo]]hello"))
    assert ran.status == "ok", ran.error
    lines = [
        (at - ran.begin, int(found.group(1)))
        for at, html in displays(ran)
        if (found := LINE.search(html))
    ]
    assert 0.65 < lines[0][0] < 2.0
    assert len(lines) >= int(delay)
    assert all(abs(at - seconds) < 1.0 for at, seconds in lines)  # on a slow machine, too
    assert all(b[0] - a[0] > 0.8 for a, b in itertools.pairwise(lines))
    (output,) = (output for output in ran.outputs if output["kind"] != "stream")
    assert "hello" in output["data"]["text/html"]  # the line's output has become the answer's
    assert not LINE.search(str(ran.outputs))
    assert ran.text in ("", "mine\n")


def test_a_fast_answer_shows_no_line_however_long_it_is(kernel):
    ran = kernel.run("%%ernie --no-history\n[[chunks=40]][[pace=25ms]]")
    assert len(displays(ran)) > 5
    assert not LINE.search(str(displays(ran)))


def test_a_stop_works_while_the_line_shows_and_leaves_nothing(kernel, emulator):
    emulator.faults.add(delay=30)
    ran = kernel.run("%%ernie --no-history\nhi", interrupt_after=0.1)
    assert LINE.search(str(displays(ran)))
    assert (ran.error["ename"], len(ran.error["traceback"])) == ("Interrupted", 1)
    assert ran.idle - kernel.interrupted < 0.5
    assert [output["kind"] for output in ran.outputs] == ["error"]


@pytest.mark.parametrize("door", DOORS)
def test_a_retry_line_is_gone_when_the_call_has_failed(kernel, emulator, door):
    kernel.run("ernie.settings.backoff_factor = 0.1")
    for _ in range(3):
        emulator.faults.add(status=500)
    ran = kernel.run(DOORS[door].format(prompt="hi"))
    assert ran.error["ename"] == "ServerError"
    assert "trying again in" in str(displays(ran))
    assert "trying again in" not in str(ran.outputs)
    assert ran.text in ("", "mine\n")


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        ("%%ernie_image\n猫", "ServiceUnreachable"),
        pytest.param(
            "get_ipython().run_cell_magic('ernie_image', '', '猫')",
            "ServiceUnreachable",
            marks=pytest.mark.slow,
        ),
        ("%%ernie_embed --no-cache\na", "ServiceUnreachable"),
        pytest.param(
            "get_ipython().run_cell_magic('ernie_embed', '', 'b')",
            "ServiceUnreachable",
            marks=pytest.mark.slow,
        ),
        ("%%ernie_map rows\n{{x}}", "RowsFailed"),
    ],
)
def test_nor_is_it_left_by_pictures_vectors_and_tables(kernel, code, failed):
    kernel.run(
        "rows = [{'x': 1}]\nernie.settings.backoff_factor = 0.1\n"
        "ernie.settings.service = 'aistudio'; ernie.settings.base_url = 'http://127.0.0.1:9/v1'"
    )
    ran = kernel.run(code)
    # The environment's again; ipykernel aborts what follows a failure at once.
    environment_s = "ernie.settings.base_url = ernie.settings.service = ''"
    while kernel.run(environment_s).status == "aborted":
        pass
    assert (ran.error and ran.error["ename"]) == failed
    # Waits that are short may all be over before a table is drawn again.
    assert "trying again in" in str(ran.messages) or "map" in code
    assert "trying again in" not in str(ran.outputs)


@pytest.mark.parametrize(
    "code",
    [
        "%%ernie --raw\n[[echo]]hello",
        "%%capture c\nget_ipython().run_cell_magic('ernie', '', '[[echo]]hello')",
    ],
    ids=["raw", "capture"],
)
def test_where_it_could_not_be_removed_there_is_no_line(kernel, emulator, code):
    emulator.faults.add(delay=0.8)
    ran = kernel.run(code)
    assert ran.status == "ok", ran.error
    assert not LINE.search(str(ran.shown) + ran.text)
    if "capture" in code:
        (shown,) = kernel.run("c.show()").shown
        assert not LINE.search(shown[1])


def test_a_tool_s_answer_is_waited_for_below_the_tool(kernel, emulator):
    kernel.run("def look() -> str:\n    'Looks.'\n    return 'seen'")
    emulator.faults.add(delay=0)
    emulator.faults.add(delay=0.9)
    ran = kernel.run("%%ernie --tools look --no-history\n用 look 看一看")
    assert ran.status == "ok", ran.error
    lines = [html for _, html in displays(ran) if LINE.search(html)]
    assert lines == [html for html in lines if "look" not in html] != []
    assert not LINE.search(str(ran.outputs))
