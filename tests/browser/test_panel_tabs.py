"""Images, vectors and compared models in a panel; in Notebook 7 all its tabs."""

import pytest
from playwright.sync_api import expect

from .panel import TABS, Panel, choose_model, wait

pytestmark = pytest.mark.browser


def test_pictures_are_seen_made_again_and_told_when_they_fail(open_panel, server):
    panel = open_panel(line="%ernie panel image")
    server.faults.add(delay=1.5, times=1, path="/images/generations")
    panel.root.get_by_label("风格", exact=True).select_option("Anime")
    panel.button("换一个").click()
    panel.button("锁定").click()
    panel.ask("一只白猫，红帽子")
    expect(panel.root.locator(".ernie-status").last).to_contain_text(
        "正在生成图片 · 1 秒", timeout=4000
    )
    images = panel.root.locator(".ernie-card img")
    expect(images).to_have_count(1, timeout=10_000)
    assert images.first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    seed = panel.sent("/images/generations")[-1]["seed"]
    head = panel.root.locator(".ernie-batch-head")
    expect(head).to_contain_text("一只白猫，红帽子")
    expect(head).to_contain_text(f"Stable-Diffusion-XL · 1024x1024 · 种子 {seed} · ")
    panel.idle()
    panel.button("再来一张").click()
    expect(images).to_have_count(2, timeout=10_000)
    assert panel.sent("/images/generations")[-1] == {
        **panel.sent("/images/generations")[0],
        "seed": seed + 1,
    }
    panel.idle()
    images.first.press("Enter")
    large = panel.root.get_by_role("dialog")
    picture = large.locator("img")
    expect(picture).to_have_js_property("naturalWidth", 1024)  # as received; a card's is smaller
    first = picture.get_attribute("src")
    large.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", first)
    expect(picture).to_have_js_property("naturalWidth", 1024)
    large.press("Escape")
    expect(large).to_have_count(0)
    panel.root.get_by_role("button", name="保存").first.click()
    expect(panel.root.locator(".ernie-status").last).to_contain_text("已保存")
    assert list(panel.nb.lab.root.glob("一只白猫*.png"))
    server.faults.add(status=401, times=1)
    panel.ask("一只狗")
    expect(panel.root.get_by_role("alert")).to_be_visible()
    panel.nb.picture("panel-image")


@pytest.mark.slow
def test_a_heat_map_and_a_plane_with_chinese_labels_and_the_nearest(open_panel):
    panel = open_panel(line="%ernie panel embed")
    panel.ask("推荐一些美食\n好吃的面馆\n今天天气如何")
    table = panel.root.locator("table").first
    expect(table).to_contain_text("好吃的面馆")
    panel.root.get_by_label("与哪一条相近").select_option(label="3. 今天天气如何")
    expect(panel.root.locator("table").last).not_to_contain_text("今天天气如何")
    panel.nb.picture("panel-embed")
    panel.button("平面图").click()
    expect(panel.root.locator("svg text").first).to_be_visible()
    assert "推荐一些美食" in panel.root.locator("svg").text_content()


def test_columns_stream_side_by_side(open_panel, server):
    panel = open_panel(line="%ernie panel compare")
    server._state.delta_delay = 0.02
    panel.button("3").click()
    lists = panel.root.get_by_role("combobox", name="模型")
    expect(lists).to_have_count(3)
    for i, model in enumerate(("ernie-speed-8k", "ernie-5.0", "ernie-3.5-8k")):
        choose_model(lists.nth(i), model)
    panel.ask("写一篇 2000 字的文章")
    turns = panel.root.locator(".ernie-turn")
    wait(
        lambda: (
            turns.count() == 3
            and all(len(turns.nth(i).locator(".ernie-blocks").inner_text()) > 20 for i in range(3))
            and server.open_streams == 3
        ),
        "three at once",
    )
    tops = turns.locator(".ernie-blocks").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().top)"
    )
    server._state.delta_delay = 0
    panel.idle()
    assert sorted(body["model"] for body in panel.sent()) == [
        "ernie-3.5-8k",
        "ernie-5.0",
        "ernie-speed-8k",
    ]
    boxes = [turns.nth(i).locator(".ernie-blocks").bounding_box() for i in range(3)]
    assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
    # One of them thinks first; still they all begin on one line, while they stream and after.
    assert turns.nth(1).locator(".ernie-thought").count() == 1
    assert {round(box["y"]) for box in boxes} == {round(top) for top in tops}
    assert len({round(top) for top in tops}) == 1
    panel.nb.picture("panel-compare")


@pytest.mark.slow  # the details are checked in JupyterLab, above
def test_in_notebook7_too_all_tabs_work_and_the_saved_form_is_there(open_panel):
    panel = open_panel("notebook7", "%ernie panel", ["%ernie panel chat"])
    panel.nb.run(2)
    second = Panel(panel.nb, panel.server, 2)
    panel.ask("用表格列出三个城市")
    expect(second.root.locator(".ernie-turn")).to_have_count(1)
    panel.idle()
    panel.tab("image")
    panel.ask("一座山")
    picture = panel.root.locator(".ernie-card img")
    picture.wait_for()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    panel.idle()
    panel.tab("embed")
    panel.ask("推荐一些美食\n好吃的面馆\n今天天气如何")
    expect(panel.root.locator("table").locator("visible=true").first).to_contain_text("好吃的面馆")
    panel.idle()
    panel.tab("compare")
    panel.ask("写一篇 300 字的文章")
    expect(panel.root.locator(".ernie-compared .ernie-actions")).to_have_count(2)
    panel.idle()
    panel.nb.save()
    page = panel.page
    page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown() }"
    )
    page.reload()
    page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
    panel.nb.panel.wait_for()
    panel.nb.wait_idle()
    expect(panel.output.locator("blockquote").first).to_be_visible()
    assert (
        panel.output.locator("img").evaluate(
            "image => image.decode().then(() => image.naturalWidth)"
        )
        > 0
    )
    error = panel.output.get_by_text("Error displaying widget")
    error.wait_for(state="attached")
    expect(error).to_be_hidden()
    panel.nb.picture("panel-reopened-notebook7")


# What can be scrolled on the page now.
SCROLLED = """root => [...root.querySelectorAll('*')].filter(node => node.getBoundingClientRect().height
    && /auto|scroll/.test(getComputedStyle(node).overflowY) && node.scrollHeight > node.clientHeight)
    .map(node => node.className)"""


def test_an_empty_tab_has_nothing_to_scroll_to(open_panel):
    panel = open_panel()
    for name in TABS:
        panel.tab(name)
        assert panel.root.evaluate(SCROLLED) == [], name
