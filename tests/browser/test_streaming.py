"""`%%ernie` as a person sees it, in a real JupyterLab."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ASK = "%%ernie --as answer\n介绍一下北京：一个小标题、一个列表、一张表格、一个公式和一段代码"
SLOW = "%%ernie\n[[chunks=120]][[pace=25ms]]你好，文心"


# The line at the left of an answer, and how far its heading stands from that line's side.
FRAME = """node => {
    const heading = node.querySelector('h3');
    const frame = heading?.closest('.ernie-answer') ?? heading?.closest('.jp-OutputArea-output');
    return frame ? [
        getComputedStyle(frame).borderLeftWidth,
        Math.round(heading.getBoundingClientRect().x - frame.getBoundingClientRect().x),
    ] : null;
}"""


def test_an_answer_streams_and_ends_as_rendered_markdown(open_notebook, page):
    nb = open_notebook(["%load_ext ernie_magic", ASK])
    nb.run(0)
    nb.select(1)
    nb.begin("notebook:run-cell")
    output = nb.output(1)
    expect(output).to_contain_text("北京", timeout=10_000)
    frames = []  # the same from the first words on: nothing moves when it is complete
    lengths = []
    while len(lengths) < 200:
        frames.append(output.evaluate(FRAME))
        lengths.append(len(output.inner_text()))
        if "token" in output.inner_text():
            break
        page.wait_for_timeout(50)
    assert len(set(lengths)) >= 5  # it grew before it was complete
    nb.wait_idle()
    expect(output.locator("h3")).to_contain_text("北京")
    seen = [frame for frame in (*frames, output.evaluate(FRAME)) if frame]
    assert len(seen) > 1
    assert [frame for frame in seen if frame != ["3px", 15]] == []
    expect(output.locator(".ernie-answer")).to_have_count(1)
    expect(output.locator(".ernie-streaming")).to_have_count(0)
    expect(output.locator("table:not(.ernie-facts)")).to_have_count(1)
    expect(output.locator("ol li").first).to_be_visible()
    expect(output.locator(".highlight, pre code").first).to_be_visible()
    expect(output.locator("mjx-container").first).to_be_visible()
    expect(output).to_contain_text("$5")  # an amount of money is not a formula
    footer = output.locator("details")
    expect(footer).to_have_count(1)
    assert not footer.evaluate("e => e.open")
    expect(footer.locator("summary")).to_contain_text("token")
    nb.picture("streamed-answer")
    assert not [problem for problem in page.problems if "pageerror" in problem]
    assert len(nb.save().cells[1].outputs) == 1


def test_while_a_cell_streams_a_click_is_handled_and_queued_cells_run_behind_it(
    open_notebook, page
):
    nb = open_notebook(
        [
            (
                "%load_ext ernie_magic\nimport ipywidgets\nbutton = "
                "ipywidgets.Button(description='Click me')\nlabel = "
                "ipywidgets.Label('waiting')\n"
                "def clicked(_):\n    label.value = "
                "'clicked'\nbutton.on_click(clicked)\nipywidgets.HBox([button, label])"
            ),
            SLOW,
            "print('second')",
            "print('third', ernie.last.text[:4])",
        ]
    )
    nb.run(0)
    nb.select(1)
    nb.begin("notebook:run-all-below")
    expect(nb.output(1)).to_contain_text("第3段", timeout=10_000)
    page.get_by_role("button", name="Click me").click()
    expect(nb.output(0)).to_contain_text("clicked", timeout=500)
    assert "第119段" not in nb.output(1).inner_text()
    nb.wait_idle()
    expect(nb.output(1)).to_contain_text("第119段")
    expect(nb.output(2)).to_have_text("second")
    expect(nb.output(3)).to_contain_text("third 第0段")


def test_the_stop_button_keeps_what_came_and_shows_one_line(open_notebook, page):
    nb = open_notebook(["%load_ext ernie_magic", SLOW.replace("120", "2000"), "print('never')"])
    nb.run(0)
    nb.select(1)
    nb.begin("notebook:run-all-below")
    expect(nb.output(1)).to_contain_text("第9段", timeout=10_000)
    page.locator(
        ".jp-NotebookPanel:not(.lm-mod-hidden) jp-button[data-command='notebook:interrupt-kernel']"
    ).first.click()
    nb.wait_idle(5_000)
    output = nb.output(1)
    expect(output).to_contain_text("第9段")
    expect(output).to_contain_text("未完成")
    expect(output).to_contain_text("Interrupted: 已停止")
    assert "Traceback" not in output.inner_text()
    expect(nb.output(2)).not_to_contain_text("never")
    nb.picture("stopped")


def test_a_failing_cell_shows_one_line_and_folds_the_raw_reply(open_notebook):
    nb = open_notebook(
        ["%load_ext ernie_magic", "%%ernie -m ernie-4.0-8\n你好", "%%ernie --temprature 0.3\n你好"]
    )
    nb.run(0, 1, 2)
    output = nb.output(1)
    expect(output).to_contain_text("ModelNotFound: 服务没有这个模型")
    expect(output).to_contain_text("相近的模型：ernie-4.0-8k")
    assert not output.locator("details").evaluate("e => e.open")
    expect(nb.output(2)).to_contain_text("是不是 --temperature？")
    nb.picture("errors")


def test_saved_and_reopened_without_a_kernel_the_answer_is_still_there(open_notebook, page):
    nb = open_notebook(["%load_ext ernie_magic", ASK])
    nb.run(0, 1)
    nb.save()
    open_notebook.close()
    again = open_notebook.again(nb.name)
    expect(again.output(1).locator("table:not(.ernie-facts)")).to_be_visible()
    expect(again.output(1).locator("mjx-container").first).to_be_visible()
    expect(again.output(1)).to_contain_text("内置模拟器")


@pytest.mark.slow
def test_an_answer_s_headings_stay_out_of_the_table_of_contents(open_notebook, page):
    nb = open_notebook(
        [
            "%load_ext ernie_magic",
            ASK,
            "from IPython.display import Markdown\nMarkdown('# of the notebook')",
        ]
    )
    nb.run(0, 1, 2)
    page.evaluate("window.jupyterapp.commands.execute('toc:show-panel')")
    contents = page.locator(".jp-TableOfContents")
    expect(contents).to_contain_text("of the notebook")
    expect(contents).not_to_contain_text("介绍一下北京")
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")


@pytest.mark.slow
def test_a_restart_leaves_what_came_of_an_answer_and_that_it_is_partial(open_notebook, page):
    nb = open_notebook(["%load_ext ernie_magic", SLOW])
    nb.run(0)
    nb.select(1)
    nb.begin("notebook:run-cell")
    expect(nb.output(1)).to_contain_text("第9段", timeout=10_000)
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    output = nb.output(1)
    note = "… 未完成 · 内置模拟器，非真实模型"
    expect(output).to_contain_text(note)
    expect(output.locator(".ernie-note")).to_have_count(1)
    nb.picture("restarted-cell")
    last = nb.save().cells[1].outputs[-1].data
    open_notebook.close()
    expect(open_notebook.again(nb.name).output(1)).to_contain_text(note)
    assert note in last["text/html"]
    assert last["text/plain"].endswith(note)
