"""A panel's saved form: there without a kernel, hidden while the panel lives."""

import pytest
from playwright.sync_api import expect

from .panel import BOTH, SEEN, Panel, wait

pytestmark = pytest.mark.browser


def test_saved_and_reopened_without_its_kernel_the_static_form_is_there(open_panel, open_notebook):
    panel = open_panel()
    panel.ask("用表格列出三个城市")
    panel.idle()
    panel.tab("image")
    panel.ask("一座山")
    panel.idle()
    expect(panel.root.locator(".ernie-card img")).to_be_visible()
    expect(panel.output.locator(".ernie-saved").first).to_be_hidden()  # while it lives
    nb = panel.nb
    saved = nb.save().cells[1]
    assert [next(iter(output.data)) for output in saved.outputs] == [
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/html",
    ]
    assert saved.outputs[0].data["text/html"] == saved.outputs[0].data["text/plain"] == ""
    nb.page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown() }"
    )
    nb.command("application:close")
    again = open_notebook.again(nb.name)
    output = again.output(1)
    expect(
        output.locator("td", has_text="故宫").or_(output.locator("table td").first)
    ).to_be_visible()
    expect(output).to_contain_text("用表格列出三个城市")
    assert (
        output.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    )
    error = output.get_by_text("Error displaying widget")
    error.wait_for(state="attached")  # the page says it, though it is not visible
    expect(error).to_be_hidden()
    again.picture("panel-reopened")


def test_what_is_asked_after_the_page_was_loaded_again_is_saved_too(open_panel, open_notebook):
    panel = open_panel(line="%ernie panel chat")
    panel.ask("用表格列出三个城市")
    panel.idle()
    panel.nb.save()
    panel.page.reload()
    panel.page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
    root = panel.nb.output(1).locator(".ernie-panel")
    expect(root.locator(".ernie-turn")).to_have_count(1)
    for number in range(11):  # more turns than one output holds
        root.locator(".ernie-prompt textarea").fill(f"题目 {number}")
        root.locator(".ernie-prompt textarea").press("Control+Enter")
        expect(root.locator(".ernie-turn .ernie-actions")).to_have_count(number + 2)

    def saved_pages():
        return [o.data.get("text/html", "") for o in panel.nb.save().cells[1].outputs]

    wait(lambda: "题目 10<" in "".join(saved_pages()), "what the page writes into the notebook")
    pages = saved_pages()
    assert len(pages) == 4
    assert "用表格列出三个城市" in pages[2]
    for number in range(11):
        assert sum(f"题目 {number}<" in page for page in pages) == 1
    # And the panel goes on, hidden from what is saved.
    expect(root).to_be_visible()
    expect(panel.nb.output(1).locator(".ernie-saved table").first).to_be_hidden()


TOGGLE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"


def test_a_panel_that_a_notebook_saved_with_its_state_gives_way_to_the_saved_form(
    open_panel, open_notebook
):
    panel = open_panel(line="%ernie panel chat")
    panel.ask("用表格列出三个城市")
    panel.idle()
    panel.nb.command(TOGGLE_STATE)  # "Save Widget State Automatically"
    try:
        assert "widgets" in panel.nb.save().metadata
    finally:
        panel.nb.command(TOGGLE_STATE)
    panel.nb.page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown() }"
    )
    panel.nb.command("application:close")
    output = open_notebook.again(panel.nb.name).output(1)
    expect(output.locator(".ernie-gone")).to_be_visible()
    expect(output.locator(".ernie-saved table").first).to_be_visible()
    expect(output.locator(".ernie-composer")).to_be_hidden()


# HTML outputs are drawn only once `window.draw()` is called, as late as on a busy page.
DRAWN_LATE = """() => {
    const rendermime = window.jupyterapp.shell.currentWidget.content.rendermime;
    const create = rendermime.createRenderer.bind(rendermime);
    const drawn = new Promise(resume => { window.draw = resume });
    rendermime.createRenderer = type => {
        const renderer = create(type), render = renderer.renderModel.bind(renderer);
        if (type === 'text/html')
            renderer.renderModel = async model => { await drawn; return render(model) };
        return renderer;
    };
}"""


def open_again(panel, front, open_notebook):
    """Load the panel's notebook afresh; its kernel runs on."""
    panel.nb.save()
    if front == "lab":
        panel.nb.command("application:close")
        return open_notebook.again(panel.nb.name)
    panel.page.reload()
    panel.page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
    panel.nb.panel.wait_for()
    panel.nb.wait_idle()
    return panel.nb


@pytest.mark.slow
@pytest.mark.parametrize("front", BOTH)
def test_a_saved_transcript_that_is_drawn_late_is_hidden_all_the_same(
    open_panel, open_notebook, front
):
    panel = open_panel(front, "%ernie panel chat")
    panel.ask("用表格列出三个城市")
    panel.idle()
    nb = open_again(panel, front, open_notebook)
    nb.page.evaluate(DRAWN_LATE)
    nb.run(1)
    again = Panel(nb, panel.server)
    expect(again.root.locator(".ernie-turn")).to_have_count(1)
    expect(again.output.locator(".ernie-saved")).to_have_count(0)  # nothing is drawn yet
    nb.page.evaluate("window.draw()")
    expect(again.output.locator(".jp-OutputArea-child:has(.ernie-saved) blockquote")).to_have_count(
        1
    )
    nb.page.wait_for_timeout(100)
    assert again.output.evaluate(SEEN) == 0
    expect(again.root.locator(".ernie-turn table")).to_be_visible()
    nb.picture(f"panel-saved-late-{front}")


@pytest.mark.slow
def test_two_panels_of_one_cell_hide_both_saved_forms(open_panel):
    both = "from IPython.display import display\np = ernie.panel('chat')\ndisplay(p)\ndisplay(p)"
    panel = open_panel(more=[both])
    panel.nb.run(2)
    output = panel.nb.output(2)
    expect(output.locator(".ernie-panel")).to_have_count(2)
    panel.ask("一个问题")
    expect(output.locator(".jp-OutputArea-child:has(.ernie-saved) blockquote")).to_have_count(2)
    panel.page.wait_for_timeout(200)
    assert output.evaluate(SEEN) == 0


# Frames in which a saved form is seen.
WATCH = """() => {
    window.seen = 0;
    const until = performance.now() + 6000;
    const look = () => {
        for (const saved of document.querySelectorAll('.ernie-saved'))
            if (saved.checkVisibility({visibilityProperty: true}) && saved.getBoundingClientRect().height > 5) window.seen++;
        if (performance.now() < until) requestAnimationFrame(look);
    };
    look();
}"""


def test_a_panel_that_is_run_again_does_not_show_its_saved_form_first(open_panel, open_notebook):
    panel = open_panel("lab", "%ernie panel chat")
    for prompt in ("用表格列出三个城市", "介绍杭州"):
        panel.ask(prompt)
        panel.idle()
    panel.page.wait_for_timeout(2500)
    saved = panel.nb.save().cells[1].outputs
    assert not any("ernie-fresh" in output.data["text/html"] for output in saved)
    nb = panel.nb
    session = nb.page.context.new_cdp_session(nb.page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    nb.command("notebook:clear-all-cell-outputs")
    nb.page.evaluate(WATCH)
    nb.select(1)
    nb.begin("notebook:run-cell")
    nb.page.wait_for_timeout(7000)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    expect(panel.root.locator(".ernie-turn")).to_have_count(2)
    assert nb.page.evaluate("window.seen") == 0
    assert panel.output.evaluate(SEEN) == 0
