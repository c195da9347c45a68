"""Tables and texts in a real kernel: a stop that says how to go on, and lines of Windows."""

import pytest

DOORS = {
    "the magic": "%%ernie_map {line}\n{prompt}",
    "the plain door": "get_ipython().run_cell_magic('ernie_map', {line!r}, {prompt!r})",
}


@pytest.mark.parametrize("door", DOORS)
def test_a_stop_names_resume_which_asks_for_the_missing_rows_only(kernel, emulator, door):
    for _ in range(20):
        emulator.faults.add(delay=0.2, path="/chat")
    kernel.run("rows = [f'row {i}' for i in range(20)]")
    cell = DOORS[door].format(
        line="rows --in-flight 1 --as out", prompt=f"[[echo]]{door} {{{{text}}}}"
    )
    ran = kernel.run(cell, interrupt_after=1.0)
    assert (ran.error["ename"], len(ran.error["traceback"])) == ("Interrupted", 1)
    assert "run it again with --resume" in ran.error["evalue"]
    came = int(kernel.value("sum(row['answer'] is not None for row in out)"))
    assert 0 < came < 20
    emulator.faults.clear()
    emulator.requests.clear()
    assert kernel.run(cell.replace("--as out", "--as out --resume")).status == "ok"
    assert len([1 for r in emulator.requests if r.path.endswith("/chat/completions")]) == 20 - came


def test_a_cell_written_on_windows_is_read_line_by_line(kernel):
    assert kernel.run("%%ernie_embed --as v\r\nfoo\r\nbar\r\n").status == "ok"
    assert kernel.value("v.texts") == "('foo', 'bar')"
    assert kernel.run("%%ernie_embed\r\nfoo\r\nbar\r\n").status == "ok"
    assert kernel.value("ernie.last.texts") == "('foo', 'bar')"
    kernel.run("%%ernie --as a --no-history --system C:\\new\\table\\\r\n[[echo]]hi\r\nyou\r\n")
    assert kernel.value("str(a) == 'hi\\nyou', a.request.messages[0]['content']") == (
        "True C:\\new\\table\\"
    )
