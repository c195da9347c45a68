"""Answers and pictures inside output widgets, as a person sees them in both front ends."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ASK = "get_ipython().run_cell_magic('ernie', '', f'[[chunks=10]][[pace=30ms]]你好，{name}')"
WIDGETS = f"""import ipywidgets
out, button = ipywidgets.Output(), ipywidgets.Button(description='Ask')
@button.on_click
@out.capture()
def clicked(_):
    name = '文心'
    {ASK}
    get_ipython().run_cell_magic('ernie_image', '--seed 3', '一只白猫')
display(button, out)
with out:
    print('mine')
    name = '文心'
    {ASK}"""
INTERACT = f"""@ipywidgets.interact(name=['文心', '千帆'])
def f(name):
    {ASK}"""


@pytest.mark.parametrize("front", ["lab", pytest.param("notebook7", marks=pytest.mark.slow)])
def test_output_widgets_show_whole_answers_and_the_pictures(request, front):
    opened = request.getfixturevalue("open_notebook" if front == "lab" else "open_in_notebook7")
    nb = opened(["%load_ext ernie_magic", WIDGETS, INTERACT])
    nb.page.problems.clear()  # those of Notebook 7 itself while it loads
    nb.run(0, 1, 2)
    asked, chosen = nb.output(1), nb.output(2)
    expect(asked).to_contain_text("第9段")
    assert asked.inner_text().count("第0段") == 1
    expect(asked.get_by_text("mine")).to_be_visible()  # what the user wrote there stays
    expect(asked.locator("details")).to_have_count(1)
    expect(chosen).to_contain_text("第9段")
    asked.get_by_role("button", name="Ask").click()
    expect(asked.locator("img")).to_have_count(1, timeout=20_000)
    expect(asked.locator("details")).to_have_count(3)
    assert asked.inner_text().count("第9段") == 2
    assert "…" not in asked.inner_text()  # nothing is still being waited for
    chosen.locator("select").select_option("千帆")
    nb.wait_idle()
    expect(chosen.locator("details")).to_have_count(1)
    expect(chosen).to_contain_text("第9段")
    nb.picture(f"output-widget-{front}")
    assert not [problem for problem in nb.page.problems if "pageerror" in problem]


BESIDE = """import ipywidgets, threading, time
out = ipywidgets.Output()
def write():
    for line in range(4):
        time.sleep(0.2)
        print('my line', line)
    with out:
        print('in the widget')
        time.sleep(0.6)
threading.Thread(target=write).start()
out"""


@pytest.mark.slow
@pytest.mark.parametrize("front", ["lab", "notebook7"])
def test_what_a_thread_writes_and_captures_meanwhile_and_the_answer_are_all_there(request, front):
    opened = request.getfixturevalue("open_notebook" if front == "lab" else "open_in_notebook7")
    nb = opened(["%load_ext ernie_magic", BESIDE, "%%ernie\n[[chunks=50]][[pace=30ms]]你好"])
    nb.run(0)
    nb.run(1, 2)
    widget, cell = nb.output(1), nb.output(2)
    shown = widget.inner_text() + cell.inner_text()  # a slow page may begin the second cell late
    assert [line for line in range(4) if shown.count(f"my line {line}") != 1] == []
    expect(cell).to_contain_text("my line 3")
    expect(cell).to_contain_text("第49段")
    assert cell.inner_text().count("第25段") == 1
    expect(cell.locator("details")).to_have_count(1)
    expect(cell).not_to_contain_text("未完成")
    expect(widget).to_contain_text("in the widget")
    expect(cell).not_to_contain_text("in the widget")
    nb.picture(f"beside-{front}")
    saved = str(nb.save().cells[2].outputs)
    assert "my line 3" in saved
    assert "第49段" in saved
