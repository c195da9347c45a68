"""A cell that is run while a panel answers in the same conversation, in a real kernel."""

import pytest

PANEL = """ernie.reset()
tab = ernie.panel("chat").tabs["chat"]
tab.send_prompt("[[chunks=30]][[pace=30ms]] first")"""
TURNS = "print([turn.prompt for turn in ernie.history], len(ernie.last.request.messages))"
DOORS = ["%%ernie\n[[echo]]second", "get_ipython().run_cell_magic('ernie', '', '[[echo]]second')"]


@pytest.mark.parametrize("door", DOORS, ids=["owned", "plain"])
def test_a_cell_waits_for_the_panel_s_answer_and_is_sent_with_it(kernel, door):
    assert kernel.run(PANEL).status == "ok"
    ran = kernel.run(door)
    assert ran.status == "ok", ran.error
    assert any("waiting for the answer in the panel" in html for _, html in ran.shown)
    assert "waiting for the answer" not in str(ran.outputs)
    assert kernel.run(TURNS).text == "['[[chunks=30]][[pace=30ms]] first', '[[echo]]second'] 3\n"


@pytest.mark.parametrize("door", DOORS, ids=["owned", "plain"])
def test_a_cell_that_waits_can_be_stopped_and_the_panel_goes_on(kernel, door):
    kernel.run(PANEL.replace("chunks=30", "chunks=60"))
    ran = kernel.run(door, interrupt_after=0.3)
    assert ran.error["ename"] in ("Interrupted", "KeyboardInterrupt")
    assert ran.idle - kernel.interrupted < 0.5
    kernel.run("import time\nwhile tab.is_busy: time.sleep(0.02)")
    assert kernel.run("print(len(ernie.history))").text == "1\n"
