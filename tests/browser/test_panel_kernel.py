"""A panel whose kernel restarts, crashes or stops says so calmly."""

import time

import pytest
from playwright.sync_api import expect

from .accessibility import AXE, VIOLATIONS
from .conftest import Notebook
from .panel import BOTH, HOLD, SEEN, TABS, Panel, wait

pytestmark = pytest.mark.browser

RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
STOP_KERNEL = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
CRASH = """() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
    .requestExecute({code: 'import os; os._exit(1)'}) }"""
ICONS = """root => [root, ...root.querySelectorAll('.jupyter-widgets-disconnected')]
    .filter(node => !['none', 'normal'].includes(getComputedStyle(node, '::before').content)).length"""
ENABLED = """root => [...root.querySelectorAll('button, select, textarea, input, .noUi-target')]
    .filter(node => !node.disabled && !node.hasAttribute('disabled') && !node.matches('.ernie-fold')).map(node => node.textContent)"""


def opened_tabs(panel):
    panes = panel.root.locator(".ernie-body > *").evaluate_all(
        "panes => panes.map(pane => Number(pane.className.match(/ernie-tab-(\\d)/)[1]))"
    )
    tabs = panel.root.locator(".ernie-tabs button").all_inner_texts()
    return {tabs[number] for number in panes}


def assert_retired(panel, words):
    expect(panel.root.locator(".ernie-gone")).to_contain_text(words)
    expect(panel.root.locator(".ernie-gone")).to_be_visible()
    assert panel.root.evaluate(ICONS) == 0
    # And the tabs that were opened: the page shows them by itself.
    without_kernel = {"复制", "取消", "复制代码", "插入为单元格", *opened_tabs(panel)}
    assert set(panel.root.evaluate(ENABLED)) <= without_kernel
    expect(panel.root.locator(".ernie-news", has_text="内核")).to_have_count(0)
    expect(panel.root.locator(".ernie-turn[aria-busy=true]")).to_have_count(0)


@pytest.mark.parametrize("front", BOTH)
def test_after_a_restart_a_panel_says_so_calmly_and_all_of_it_can_be_read(
    open_panel, server, front
):
    panel = open_panel(front, "%ernie panel chat")
    panel.ask("用表格列出三个城市")
    panel.idle()
    server._state.delta_delay = 0.03
    panel.ask("写一篇 3000 字的文章")
    turns = panel.root.locator(".ernie-turn")
    wait(lambda: turns.count() == 2 and len(turns.last.inner_text()) > 60, "the first text")
    panel.page.evaluate(RESTART)
    server._state.delta_delay = 0
    assert_retired(
        panel, "内核已重启：要继续使用面板，请先运行 %load_ext ernie_magic，再运行这个单元格"
    )
    expect(turns).to_have_count(2)
    expect(turns.first.locator("table")).to_be_visible()
    expect(turns.first.locator(".ernie-footer")).not_to_contain_text("未完成")
    expect(turns.last.locator(".ernie-footer")).to_contain_text("未完成")
    saved = str(
        [each.get("data", {}).get("text/html") for each in panel.nb.save().cells[1].outputs]
    )
    assert "写一篇 3000 字的文章" in saved
    assert saved.count("… 未完成") == 1
    panel.page.evaluate(AXE)
    assert panel.root.evaluate(VIOLATIONS) == []
    panel.nb.picture(f"panel-restarted-{front}")
    panel.nb.wait_idle()
    panel.nb.run(0, 1)
    again = Panel(panel.nb, server)
    expect(again.root).to_have_count(1)
    expect(again.root.locator(".ernie-gone")).to_have_count(0)
    again.ask("再问一句")
    again.idle()
    expect(again.root.locator(".ernie-turn")).to_have_count(1)
    assert again.output.evaluate(SEEN) == 0


CONNECTION = """status => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
    ._updateConnectionStatus(status)"""


def test_without_its_server_a_panel_waits_and_goes_on_when_it_is_back(open_panel):
    panel = open_panel(line="%ernie panel")
    panel.ask("用表格列出三个城市")
    panel.idle()
    panel.prompt.fill("half a prompt")
    panel.wait_for_news()
    before = panel.root.evaluate(ENABLED)
    panel.page.evaluate(CONNECTION, "connecting")
    expect(panel.root.locator(".ernie-gone")).to_have_text(
        "没有连上 Jupyter 服务器：连上之后面板接着用"
    )
    assert set(panel.root.evaluate(ENABLED)) <= {"复制", "复制代码", "插入为单元格", "对话"}
    panel.page.evaluate(AXE)
    assert panel.root.evaluate(VIOLATIONS) == []
    panel.nb.picture("panel-away")
    panel.page.evaluate(CONNECTION, "connected")
    expect(panel.root.locator(".ernie-gone")).to_have_count(0)
    assert panel.root.evaluate(ENABLED) == before
    expect(panel.prompt).to_have_value("half a prompt")
    panel.prompt.press("Control+Enter")
    expect(panel.root.locator(".ernie-turn")).to_have_count(2)


def test_a_short_break_of_the_connection_disturbs_nobody(open_panel):
    panel = open_panel(line="%ernie panel chat")
    panel.page.evaluate(CONNECTION, "connecting")
    panel.prompt.fill("typed meanwhile")
    panel.page.wait_for_timeout(300)
    panel.page.evaluate(CONNECTION, "connected")
    panel.page.wait_for_timeout(2200)
    expect(panel.root.locator(".ernie-gone")).to_have_count(0)
    expect(panel.prompt).to_be_enabled()


def test_a_prompt_that_a_restart_left_unsent_is_back_in_its_box(open_panel):
    panel = open_panel(line="%ernie panel chat", more=[HOLD.format(seconds=30)])
    panel.nb.select(2)
    panel.nb.begin("notebook:run-cell")
    panel.page.wait_for_timeout(300)
    panel.ask("my careful prompt")
    expect(panel.prompt).to_have_value("")
    panel.page.evaluate(RESTART)
    assert_retired(panel, "内核已重启")
    expect(panel.prompt).to_have_value("my careful prompt")


def test_after_a_restart_the_tabs_that_were_opened_can_be_read(open_panel):
    panel = open_panel()
    panel.tab("image")
    panel.prompt.fill("一只猫")
    panel.prompt.press("Control+Enter")
    card = panel.root.locator(".ernie-card img").first
    card.wait_for()
    panel.idle()
    panel.tab("chat")
    expect(card).to_be_hidden()
    panel.page.evaluate(RESTART)
    expect(panel.root.locator(".ernie-gone")).to_be_visible()
    panel.root.get_by_role("tab", name=TABS["image"], exact=True).click()
    expect(card).to_be_visible()
    expect(panel.root.get_by_role("tab", name=TABS["compare"], exact=True)).to_be_disabled()
    panel.nb.picture("panel-restarted-pictures")
    panel.root.get_by_role("tab", name=TABS["chat"], exact=True).click()
    expect(card).to_be_hidden()


@pytest.mark.slow
def test_a_panel_that_is_moved_after_a_restart_still_says_so(open_panel, server):
    panel = open_panel(line="%ernie panel compare", more=["1"])
    server._state.delta_delay = 0.03
    panel.ask("写一篇 3000 字的文章")
    turns = panel.root.locator(".ernie-turn")
    wait(lambda: turns.count() == 2 and len(turns.last.inner_text()) > 60, "the first text")
    panel.page.evaluate(RESTART)
    assert_retired(panel, "内核已重启")
    panel.nb.wait_idle()
    panel.nb.select(1)
    panel.nb.command("notebook:move-cell-down")
    moved = Panel(panel.nb, server, 2)
    assert_retired(moved, "内核已重启")
    for i in range(2):
        expect(moved.root.locator(".ernie-turn").nth(i)).to_contain_text("未完成")


@pytest.mark.parametrize(
    ("end", "words"),
    [
        pytest.param(CRASH, "内核已重启", id="crash", marks=pytest.mark.slow),
        pytest.param(STOP_KERNEL, "内核已停止", id="shutdown"),
    ],
)
def test_a_panel_whose_kernel_crashed_or_was_shut_down_says_so(open_panel, server, end, words):
    panel = open_panel(line="%ernie panel image")
    server.faults.add(delay=8, times=1, path="/images/generations")
    panel.ask("一座山")
    expect(panel.root.locator(".ernie-status").last).to_contain_text("正在生成图片")
    panel.page.evaluate(end)
    if end == CRASH:
        panel.page.locator(".jp-Dialog .jp-mod-accept").click()  # JupyterLab's own notice
    assert_retired(panel, words)
    expect(panel.root.locator(".ernie-status", has_text="正在生成图片")).to_be_hidden()


def test_a_panel_that_one_page_closes_goes_on_where_another_shows_it(open_panel, server, lab):
    panel = open_panel(line="%ernie panel chat", more=["ernie.chat('later')"])
    panel.ask("first")
    panel.idle()
    panel.nb.save()
    second_page = panel.page.context.new_page()
    try:
        second_page.goto(f"{lab.url}lab/workspaces/second?reset&token={lab.token}")
        second_page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
        second = Notebook(second_page, lab, panel.nb.name)
        second.command("docmanager:open", {"path": second.name, "factory": "Notebook"})
        second.panel.wait_for()
        second.wait_idle()
        expect(Panel(second, server).root.locator(".ernie-turn")).to_have_count(1)
        second.run(1)  # its view of the first panel is gone, and it has one of a new one
        Panel(second, server).wait_for_news()
        time.sleep(1)  # the panel was closed after a moment without a view
        second.run(2)
        expect(panel.root.locator(".ernie-turn")).to_have_count(2)
    finally:
        second_page.close()
