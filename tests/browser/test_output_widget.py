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
