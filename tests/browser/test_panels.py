"""Panels as a person uses them: by mouse and keyboard, in JupyterLab and Notebook 7, in both
themes, narrow and wide.
"""

import re
import time
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from ernie_magic import emulator
from ernie_magic.notebook.panels.labels import LABELS
from tests.text.test_markdown import ACTIVE

pytestmark = pytest.mark.browser

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
TABS = {"chat": "对话", "image": "图片", "embed": "向量", "compare": "对比"}
BOTH = [
    "lab",
    pytest.param("notebook7", marks=pytest.mark.slow),
]


@pytest.fixture
def server():
    with emulator.start(latency=0, announce=False) as server:
        yield server


class Panel:
    """A panel on a page."""

    def __init__(self, nb, server, cell=1):
        self.nb, self.page, self.server = nb, nb.page, server
        self.output = nb.output(cell)
        self.root = self.output.locator(".ernie-panel")
        self.root.wait_for()
        self.log = self.root.locator(".ernie-log").first
        self.prompt = self.root.locator(".ernie-prompt textarea:visible")

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True).locator("visible=true")

    def tab(self, name):
        self.root.get_by_role("tab", name=TABS[name], exact=True).click()
        self.root.locator(f".ernie-at-{name}").locator("visible=true").wait_for()
        expect(self.prompt).to_have_count(1)  # the other tab's prompt is gone

    def idle(self):
        self.page.wait_for_timeout(150)  # the news that a call has begun is on its way to the page
        expect(self.root.locator(".ernie-send:visible")).to_be_enabled(timeout=15_000)

    def ask(self, text):
        self.prompt.fill(text)
        self.prompt.press("Control+Enter")

    def sent(self, path="/chat/completions"):
        return [logged.body for logged in list(self.server.requests) if logged.path.endswith(path)]

    def open_all(self):
        """Unfold the parameters of which few people change any."""
        folded = self.root.locator('.ernie-more-button[aria-expanded="false"]:visible')
        if folded.count():
            folded.click()

    def choose_model(self, name):
        choose_model(self.root.get_by_role("combobox", name="模型").locator("visible=true"), name)


def choose_model(field, name):
    field.click()
    field.fill(name)
    field.press("Enter")
    expect(field).to_have_value(name)


@pytest.fixture
def open_panel(open_notebook, request, server):
    """open_panel(front, line) runs a panel's line in that front end, with its own emulator."""

    def open_(front="lab", line="%ernie panel", more=(), before=""):
        opened = open_notebook if front == "lab" else request.getfixturevalue("open_in_notebook7")
        setup = f"%load_ext ernie_magic\nernie.settings.service, ernie.settings.base_url, ernie.settings.api_key = 'aistudio', {server.base_url!r}, 'any-key'\n{before}"
        nb = opened([setup, line, *more])
        nb.run(0, 1)
        return Panel(nb, server)

    return open_


def wait(condition, what="it", seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.02)


WORDS = {name: text.say("zh") for name, text in LABELS.items()}


def sliders(panel):
    """The sliders' words."""
    panel.open_all()
    return panel.root.locator(".widget-slider:visible").evaluate_all(
        "all => all.map(one => one.querySelector('.widget-label').textContent)"
    )


def moved(panel, name, how):
    """Move a slider; return its readout."""
    panel.open_all()
    row = panel.root.locator(".ernie-control:visible").filter(
        has=panel.page.locator(".widget-label", has_text=re.compile(f"^{WORDS[name]}$"))
    )
    handle = row.locator(".noUi-handle")
    handle.scroll_into_view_if_needed()
    if how == "keyboard":
        handle.focus()
        handle.press(
            "ArrowRight"
            if handle.get_attribute("aria-valuenow") != handle.get_attribute("aria-valuemax")
            else "ArrowLeft"
        )
    else:
        track, box = row.locator(".noUi-base").bounding_box(), handle.bounding_box()
        y = box["y"] + box["height"] / 2
        panel.page.mouse.move(box["x"] + box["width"] / 2, y)
        panel.page.mouse.down()
        panel.page.mouse.move(track["x"] + track["width"] * 0.62, y, steps=3)
        panel.page.mouse.up()
    expect(row.locator(".ernie-default")).not_to_have_class(re.compile("mod-active"))
    expect(row.locator(".widget-readout")).to_be_visible()
    return row, float(
        row.locator(".widget-readout").inner_text().replace(",", "").replace("\N{MINUS SIGN}", "-")
    )


@pytest.mark.parametrize(
    ("tab", "model", "sign", "names"),
    [
        pytest.param(
            "chat",
            "ernie-speed-8k",
            "频率惩罚",
            {
                "temperature",
                "top_p",
                "penalty_score",
                "max_completion_tokens",
                "frequency_penalty",
                "presence_penalty",
            },
            marks=pytest.mark.slow,
        ),
        (
            "chat",
            "ernie-5.0",
            "65,536",
            {"temperature", "top_p", "penalty_score", "max_completion_tokens", "max_tokens"},
        ),
        pytest.param(
            "image",
            "Stable-Diffusion-XL",
            "采样器",
            {"n", "steps", "cfg_scale"},
            marks=pytest.mark.slow,
        ),
    ],
)
@pytest.mark.parametrize("front", BOTH)
def test_each_slider_by_mouse_and_by_keyboard_changes_its_field_and_no_other(
    open_panel, front, tab, model, sign, names
):
    panel = open_panel(front, f"%ernie panel {tab}")
    panel.choose_model(model)
    expect(panel.root.locator(".ernie-controls").locator("visible=true").first).to_contain_text(
        sign
    )
    unsent = {"retry_count", "backoff_factor"}  # of the client, not of the request
    assert set(sliders(panel)) == {WORDS[name] for name in names | unsent}
    path = "/chat/completions" if tab == "chat" else "/images/generations"
    about = ("model", "messages", "stream", "prompt")
    for name in sorted(names):
        resting = panel.root.get_by_role("slider", name=WORDS[name], exact=True).get_attribute(
            "aria-valuenow"
        )
        for how in ("keyboard", "mouse"):
            row, shown = moved(panel, name, how)
            before = len(panel.sent(path))
            panel.ask("一座山")
            wait(lambda before=before: len(panel.sent(path)) > before, f"the request of {name}")
            body = panel.sent(path)[-1]
            assert {key: value for key, value in body.items() if key not in about} == {
                name: pytest.approx(shown, abs=0.006)
            }, how
            assert body["model"] == model
            panel.idle()
            row.locator(".ernie-default").click()
            expect(row.locator(".ernie-default")).to_have_class(re.compile("mod-active"))
            expect(row.get_by_role("slider")).to_have_attribute("aria-valuenow", resting)
    before = len(panel.sent(path))
    panel.ask("一座山")
    wait(lambda: len(panel.sent(path)) > before, "the last request")
    assert set(panel.sent(path)[-1]) <= set(about)


STOPPED = """root => new Promise(done => {
    const stop = root.querySelector('.ernie-stop'), send = root.querySelector('.ernie-send');
    const began = performance.now();
    const look = () => send.disabled ? requestAnimationFrame(look) : done(performance.now() - began);
    stop.click();
    look();
})"""


@pytest.mark.parametrize("front", BOTH)
def test_a_chat_streams_stops_and_goes_on_beside_the_magic(open_panel, server, front):
    panel = open_panel(
        front,
        "%ernie panel chat",
        ["%%ernie\n单元格里问的", "len(ernie.history), list(ernie.conversations)"],
    )
    panel.ask("用表格列出三个城市")
    panel.idle()
    turns = panel.root.locator(".ernie-turn")
    expect(turns.last.locator("table")).to_be_visible()  # Markdown, by the notebook's own renderer
    expect(turns.last.locator(".ernie-footer")).to_contain_text("token")
    # Streamed, and stopped.
    server._state.delta_delay = 0.03
    panel.ask("写一篇 3000 字的文章")
    lengths = set()
    wait(lambda: lengths.add(len(turns.last.inner_text())) or len(lengths) >= 5, "five lengths")
    assert panel.root.evaluate(STOPPED) < 200  # milliseconds
    expect(turns.last.locator(".ernie-footer")).to_contain_text("未完成")
    server._state.delta_delay = 0
    # Asked again: the new answer replaces the partial one.
    turns.last.get_by_role("button", name="重新回答").click()
    expect(turns.last.locator(".ernie-footer")).not_to_contain_text("未完成")
    panel.idle()
    expect(turns).to_have_count(2)
    # A cell's turn appears here; edited here, it forks.
    panel.nb.run(2)
    expect(turns).to_have_count(3)
    expect(turns.last).to_contain_text("单元格里问的")
    turns.nth(1).get_by_role("button", name="编辑").click()
    area = turns.nth(1).get_by_label("修改提示词")
    area.fill("换个问题")
    area.press("Control+Enter")
    expect(turns).to_have_count(2)
    expect(turns.last.locator(".ernie-asked")).to_contain_text("换个问题")
    panel.idle()
    panel.nb.run(3)
    expect(panel.nb.output(3)).to_contain_text("(3, ['main', 'main-2'])")
    panel.root.get_by_role("combobox", name="对话", exact=True).select_option("main")
    expect(turns).to_have_count(3)
    panel.nb.picture(f"panel-chat-{front}")


HOSTILE = """from dataclasses import replace
from ernie_magic.calls.chat.history import Turn
answer = ernie.chat("hi")
evil = ('<div class="ernie-code"><pre>print(1)</pre><button class="ernie-insert">继续</button></div>\\n\\n'
        '<div class="ernie-prompt ernie-at-chat"><textarea>evil</textarea></div>\\n\\n' + {attacks!r})
ernie.history.append(Turn("hi", replace(answer, text=evil)))"""
ATTACKS = "\n\n".join(text.replace("evil()", "window.evil=1") for text in ACTIVE)


def test_what_a_model_writes_is_no_control_of_the_panel_and_runs_nothing(open_panel):
    panel = open_panel(
        line="%ernie panel chat",
        before=HOSTILE.format(attacks=ATTACKS),
        more=["ernie.history[-1].answer"],
    )
    panel.nb.run(2)
    turn = panel.root.locator(".ernie-turn").last
    expect(turn.locator(".ernie-block")).to_contain_text("<img src=x onerror=")  # as text
    assert turn.get_by_role("button", name="继续").count() == 0
    assert turn.locator(".ernie-block textarea").count() == 0
    expect(panel.nb.output(2)).to_contain_text("<img src=x onerror=")  # as text, also in a cell
    assert (
        panel.page.locator("a[href^='javascript' i], a[href^='vbscript' i], iframe[srcdoc]").count()
        == 0
    )
    assert panel.page.evaluate("window.evil") is None


@pytest.mark.slow
def test_a_long_word_of_an_answer_is_broken_within_its_block(open_panel):
    panel = open_panel()
    panel.ask("[[echo]]" + "x" * 1500)
    panel.idle()
    block = panel.log.locator(".ernie-block").last
    expect(block).to_contain_text("x" * 1500)
    assert block.evaluate("block => block.scrollWidth <= block.clientWidth")


@pytest.mark.slow
def test_an_edit_under_way_stays_when_a_cell_asks_meanwhile(open_panel):
    panel = open_panel(line="%ernie panel chat", more=["%%ernie\n单元格里问的"])
    panel.ask("面板里问的")
    turns = panel.root.locator(".ernie-turn")
    turns.last.get_by_role("button", name="编辑").click()
    turns.last.get_by_label("修改提示词").fill("改到一半")
    panel.nb.run(2)
    expect(turns).to_have_count(2)
    expect(turns.first.get_by_label("修改提示词")).to_have_value("改到一半")
    turns.first.get_by_role("button", name="取消").click()
    expect(turns.first.locator(".ernie-asked")).to_contain_text("面板里问的")


def test_two_panels_are_one_conversation_and_shift_enter_runs_no_cell(open_panel):
    first = open_panel(line="%ernie panel chat", more=["%ernie panel chat", "ran = True"])
    first.nb.run(2)
    second = Panel(first.nb, first.server, 2)
    first.prompt.fill("第一个面板")
    first.prompt.press("Shift+Enter")
    expect(second.root.locator(".ernie-turn")).to_have_count(1)
    second.idle()
    second.ask("第二个面板")
    expect(first.root.locator(".ernie-turn")).to_have_count(2)
    first.idle()
    assert first.nb.cells.nth(3).locator(".jp-InputPrompt").first.inner_text().strip() == "[ ]:"
    assert first.page.problems == []


def test_a_cell_that_computes_does_not_stop_a_panel_and_a_click_is_queued_and_told(
    open_panel, server
):
    panel = open_panel(line="%ernie panel chat", more=["import time\ntime.sleep(2.2)"])
    server._state.delta_delay = 0.03
    panel.ask("写一篇 3000 字的文章")
    turn = panel.root.locator(".ernie-turn").last
    wait(lambda: turn.count() and len(turn.inner_text()) > 40, "the first text")
    panel.nb.select(2)
    panel.nb.begin("notebook:run-cell")
    time.sleep(0.3)
    before = len(turn.inner_text())
    time.sleep(1)
    assert len(turn.inner_text()) > before + 50
    assert panel.nb.cells.nth(2).locator(".jp-InputPrompt").first.inner_text().strip() == "[*]:"
    # Handled now or when the cell has ended: ipykernel decides, and the page says which.
    panel.button("停止").click()
    queued = panel.root.locator(".ernie-news", has_text="内核正在运行单元格")
    wait(lambda: queued.count() or not panel.button("停止").count(), "an answer to the click")
    panel.nb.wait_idle()
    panel.idle()
    expect(queued).to_have_count(0)
    expect(turn.locator(".ernie-footer")).to_contain_text("未完成")


@pytest.mark.slow
def test_a_click_that_waits_for_a_cell_says_so(open_panel):
    panel = open_panel(line="%ernie panel chat", more=["import time\ntime.sleep(1.5)"])
    panel.ask("先问一句")
    panel.root.locator(".ernie-actions").first.wait_for()
    panel.idle()
    panel.nb.select(2)
    panel.nb.begin("notebook:run-cell")
    panel.page.wait_for_timeout(200)
    panel.ask("再问一句")
    queued = panel.root.locator(".ernie-news", has_text="内核正在运行单元格")
    turns = panel.root.locator(".ernie-turn")
    wait(lambda: queued.count() or turns.count() == 2, "an answer to the keys")
    panel.nb.wait_idle()
    expect(turns).to_have_count(2)
    expect(queued).to_have_count(0)


@pytest.mark.slow
def test_a_cleared_output_ends_what_was_under_way(open_panel, server):
    panel = open_panel(line="%ernie panel chat")
    server._state.delta_delay = 0.03
    panel.ask("写一篇 3000 字的文章")
    wait(lambda: server.open_streams == 1, "the stream")
    panel.nb.select(1)
    panel.nb.command("notebook:clear-cell-output")
    wait(lambda: server.open_streams == 0, "its end", 3)


def test_pictures_are_seen_made_again_and_told_when_they_fail(open_panel, server):
    panel = open_panel(line="%ernie panel image")
    server.faults.add(delay=1.5, times=1, path="/images/generations")
    panel.root.get_by_label("风格", exact=True).select_option("Anime")
    panel.button("换一个").click()
    panel.button("锁定").click()
    panel.ask("一只白猫, 红帽子")
    expect(panel.root.locator(".ernie-status").last).to_contain_text(
        "正在生成图片 · 1 秒", timeout=4000
    )
    images = panel.root.locator(".ernie-card img")
    expect(images).to_have_count(1, timeout=10_000)
    assert images.first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    seed = panel.sent("/images/generations")[-1]["seed"]
    expect(panel.root.locator("figcaption")).to_have_text(
        f"一只白猫, 红帽子 · 种子 {seed} · 1024x1024"
    )
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
    expect(large.locator("img")).to_have_attribute("src", images.first.get_attribute("src"))
    large.press("ArrowRight")
    expect(large.locator("img")).to_have_attribute("src", images.last.get_attribute("src"))
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
    panel.ask("写一篇 300 字的文章")
    turns = panel.root.locator(".ernie-turn")
    wait(
        lambda: (
            turns.count() == 3
            and all(len(turns.nth(i).inner_text()) > 60 for i in range(3))
            and server.open_streams == 3
        ),
        "three at once",
    )
    server._state.delta_delay = 0
    panel.idle()
    assert sorted(body["model"] for body in panel.sent()) == [
        "ernie-3.5-8k",
        "ernie-5.0",
        "ernie-speed-8k",
    ]
    boxes = [turns.nth(i).bounding_box() for i in range(3)]
    assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
    panel.nb.picture("panel-compare")


@pytest.mark.slow
def test_code_is_inserted_as_a_cell_that_asks_the_same(open_panel):
    panel = open_panel(line="%ernie panel chat")
    panel.prompt.fill("用一句话介绍杭州")
    moved(panel, "temperature", "keyboard")
    panel.button("显示代码").click()
    panel.button("插入为单元格").click()
    expect(panel.root.locator(".ernie-news", has_text="已在下方插入单元格")).to_be_visible()
    expect(panel.nb.cells).to_have_count(3)
    panel.prompt.press("Control+Enter")
    wait(lambda: len(panel.sent()) == 1, "the panel's request")
    panel.idle()
    panel.nb.page.evaluate(
        "() => "
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({code: "
        "'ernie.reset()'}).done"
    )
    panel.nb.run(2)
    assert panel.sent()[1] == panel.sent()[0]


CONTRASTS = """root => {
    const rgba = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1] };
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
    const behind = node => {
        const layers = [];
        for (let n = node; n; n = n.parentElement) layers.push(rgba(getComputedStyle(n).backgroundColor));
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    const found = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !node.checkVisibility({visibilityProperty: true}) || node.closest('button:disabled, svg, .MathJax, mjx-container, style, table')) continue;
        const below = behind(node), opacity = [...(function* () { for (let n = node; n; n = n.parentElement) yield Number(getComputedStyle(n).opacity) })()].reduce((a, b) => a * b, 1);
        const ink = rgba(getComputedStyle(node).color);
        found.push([ratio(over([...ink.slice(0, 3), ink[3] * opacity], below), below), walker.currentNode.textContent.trim().slice(0, 30)]);
    }
    for (const field of root.querySelectorAll('textarea')) {
        if (!field.checkVisibility() || !field.placeholder) continue;
        const style = getComputedStyle(field, '::placeholder'), below = behind(field), ink = rgba(style.color);
        found.push([ratio(over([...ink.slice(0, 3), ink[3] * Number(style.opacity)], below), below), 'placeholder ' + field.placeholder]);
    }
    return found;
}"""
CUT = """root => {
    const panel = root.getBoundingClientRect(), found = [];
    for (const node of root.querySelectorAll('button, select, textarea, input, .noUi-base, .widget-label, .widget-readout, img, pre, .ernie-log')) {
        const box = node.getBoundingClientRect();
        if (!node.checkVisibility({visibilityProperty: true}) || box.width <= 1) continue;
        const name = node.tagName + ' ' + (node.textContent || node.closest('.jupyter-widgets')?.textContent || '').trim().slice(0, 30);
        if (box.left < panel.left - 1 || box.right > panel.right + 1) found.push([name, 'outside', box.left - panel.left, box.right - panel.right]);
        if (node.matches('.noUi-base') && box.width < 60) found.push([name, 'track', box.width]);
        if (node.matches('button, .widget-label') && node.scrollWidth > node.clientWidth + 1) found.push([name, 'cut', node.scrollWidth, node.clientWidth]);
    }
    return found;
}"""
# What a screen reader hears about a button matches what is seen (WCAG 2.1, 2.5.3 and 4.1.2).
STALE = """root => [...root.querySelectorAll('.widget-toggle-buttons button, .widget-toggle-button')]
    .filter(n => n.getAttribute(n.role === 'tab' ? 'aria-selected' : 'aria-pressed') !== String(n.classList.contains('mod-active')))
    .map(n => n.textContent)"""
VIOLATIONS = "async root => (await axe.run(root)).violations.map(v => [v.id, ...v.nodes.map(n => n.html.slice(0, 120))])"


def filled(panel, tab):
    """A tab with content."""
    panel.tab(tab)
    content = panel.root.locator(
        {
            "chat": ".ernie-turn .ernie-actions",
            "image": ".ernie-card",
            "embed": ".ernie-vectors table",
            "compare": ".ernie-compared .ernie-actions",
        }[tab]
    ).locator("visible=true")
    if not content.count():
        panel.ask("用表格列出三个城市\n北京\n上海")
        content.first.wait_for()
        panel.idle()
        panel.button("显示代码").click()


@pytest.mark.parametrize("front", BOTH)
def test_everything_can_be_read_and_nothing_is_cut_off_and_axe_finds_nothing(open_panel, front):
    panel = open_panel(front)
    page = panel.page
    page.evaluate(AXE)
    try:
        for theme in ("Light", "Dark"):
            panel.nb.command("apputils:change-theme", {"theme": f"JupyterLab {theme}"})
            for tab in TABS:
                filled(panel, tab)
                assert panel.root.evaluate(VIOLATIONS) == [], tab
                assert panel.root.evaluate(STALE) == [], tab
                contrasts = panel.root.evaluate(CONTRASTS)
                assert len(contrasts) > 15, tab
                assert [found for found in contrasts if found[0] < 4.5] == [], tab
                if theme == "Dark":
                    panel.nb.picture(f"panel-{tab}-dark-{front}")
                    continue
                for width in (480, 700, 1280):
                    page.set_viewport_size({"width": width, "height": 900})
                    page.wait_for_timeout(150)  # the page updates its layout
                    assert panel.root.evaluate(CUT) == [], (tab, width)
                    if width == 480:
                        panel.nb.picture(f"panel-{tab}-{width}-{front}")
    finally:
        panel.nb.command("apputils:change-theme", {"theme": "JupyterLab Light"})


SMALL = """root => [...root.querySelectorAll('button, select, textarea, input, .noUi-handle, .widget-readout, summary')]
    .filter(n => n.checkVisibility({visibilityProperty: true}) && n.type !== 'file')
    .map(n => [n.tagName + ' ' + n.className + ' ' + n.textContent.slice(0, 20), n.getBoundingClientRect()])
    .filter(([, box]) => box.height && Math.min(box.width, box.height) < 24).map(([name, box]) => [name, box.width, box.height])"""
PLACES = """root => [...root.querySelectorAll('.ernie-control, .ernie-control *, .ernie-rail > *, .ernie-composer, .ernie-composer button')]
    .filter(n => n.checkVisibility() && !n.closest('.noUi-origin') && !n.matches('.ernie-ends *'))
    .map(n => { const box = n.getBoundingClientRect(); return [n.className, box.left, box.top, box.height] })"""
TEN = """from ernie_magic.calls.chat.history import Turn
for i in range(10): ernie.history.append(Turn(f'问题 {i}', ernie.history[0].answer))"""


@pytest.fixture
def default_layout(page):
    """JupyterLab as it is opened: its file browser stands open."""
    page.evaluate("window.jupyterapp.shell.expandLeft()")
    yield
    page.evaluate("window.jupyterapp.shell.collapseLeft()")


@pytest.mark.parametrize("front", BOTH)
def test_the_card_fits_the_window_and_nothing_is_small_or_moves(open_panel, front, default_layout):
    panel = open_panel(front, more=[TEN])
    root, page = panel.root, panel.page
    assert root.bounding_box()["height"] <= 0.72 * 900 + 1
    for tab in ("chat", "image"):
        panel.tab(tab)
        panel.open_all()
        assert root.evaluate(SMALL) == [], tab
        tracks = root.locator(".noUi-base:visible").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().width)"
        )
        assert len(tracks) > 1
        assert min(tracks) >= 180, tab
    panel.tab("chat")
    rail, card = (root.locator(name).first.bounding_box() for name in (".ernie-rail", ".ernie-tab"))
    assert 280 <= rail["width"] <= 320
    assert rail["height"] <= card["height"]
    handles = root.locator(".noUi-handle:visible")
    for i in range(handles.count()):
        handles.nth(i).scroll_into_view_if_needed()
        before = root.evaluate(PLACES)
        handles.nth(i).focus()
        handles.nth(i).press("ArrowLeft")
        handles.nth(i).press("ArrowRight")
        handles.nth(i).press("ArrowLeft")
        page.wait_for_timeout(150)
        after = root.evaluate(PLACES)
        assert len(before) == len(after) > 40
        moves = [
            (one[0], two[0])
            for one, two in zip(before, after, strict=True)
            if any(abs(a - b) > 1 for a, b in zip(one[1:], two[1:], strict=True))
        ]
        assert moves == [], i
    panel.ask("写一篇 300 字的文章")
    root.locator(".ernie-actions").first.wait_for()
    panel.idle()
    panel.nb.run(2)
    expect(root.locator(".ernie-turn")).to_have_count(11)
    card, composer = root.bounding_box(), root.locator(".ernie-composer:visible").bounding_box()
    assert card["height"] <= 0.72 * 900 + 1
    assert composer["y"] + composer["height"] <= card["y"] + card["height"] + 1


def test_models_are_found_by_typing_in_groups_and_chosen_by_keys_or_mouse(open_panel):
    panel = open_panel(line="%ernie panel chat")
    field = panel.root.get_by_role("combobox", name="模型")
    options = panel.root.locator(".ernie-option")
    field.click()
    expect(panel.root.locator(".ernie-group").first).to_have_text("推荐")
    expect(options.first).to_contain_text("默认（ernie-4.5-turbo-128k）")
    expect(options.last).to_contain_text("据报已下线")  # folded
    listed = options.count()
    options.last.click()
    assert options.count() > listed
    panel.page.evaluate(AXE)
    assert panel.root.evaluate(VIOLATIONS) == []
    assert panel.root.evaluate(SMALL) == []
    field.fill("speed-8")
    expect(options).to_have_count(1)
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", options.first.get_attribute("id"))
    field.press("Enter")
    expect(field).to_have_value("ernie-speed-8k")
    expect(options).to_have_count(0)
    field.click()
    field.fill("x")
    field.press("Escape")
    expect(field).to_have_value("ernie-speed-8k")
    field.click()
    options.first.click()
    expect(field).to_have_value("默认（ernie-4.5-turbo-128k）")


FOCUSABLE = """root => [...root.querySelectorAll('button, select, textarea, input, [tabindex="0"], summary, [contenteditable="true"], a[href]')]
    .filter(n => n.checkVisibility({visibilityProperty: true}) && !n.disabled && (n.tabIndex >= 0 || n.isContentEditable) && n.type !== 'file').map(n => { n.dataset.reach ??= String(Math.random()); return n.dataset.reach })"""
FOCUSED = "root => [document.activeElement.dataset.reach ?? document.activeElement.outerHTML.slice(0, 200), root.contains(document.activeElement)]"


@pytest.mark.parametrize("front", BOTH)
def test_everything_is_reached_by_the_keyboard_in_the_order_of_reading(open_panel, front):
    panel = open_panel(front)
    for tab in ("chat", "image"):
        filled(panel, tab)
        # the code follows the history; after that nothing is redrawn
        panel.page.wait_for_timeout(500)
        wanted = panel.root.evaluate(FOCUSABLE)
        panel.root.locator("[role=tab][aria-selected=true]").focus()
        reached = []
        while True:
            reach, inside = panel.root.evaluate(FOCUSED)
            if not inside or len(reached) > len(wanted):
                break
            reached.append(reach)
            panel.page.keyboard.press("Tab")
        assert reached == wanted, tab
    # A tab is opened by keys alone.
    panel.root.locator("[role=tab][aria-selected=true]").focus()
    panel.page.keyboard.press("ArrowLeft")
    expect(panel.root.locator(".ernie-at-chat")).to_be_visible()


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
SEEN = """area => [...area.querySelectorAll('.jp-OutputArea-child')].filter(child =>
    child.querySelector('.ernie-saved') && child.getBoundingClientRect().height).length"""


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


RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
STOP_KERNEL = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
CRASH = """() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
    .requestExecute({code: 'import os; os._exit(1)'}) }"""
ICONS = """root => [root, ...root.querySelectorAll('.jupyter-widgets-disconnected')]
    .filter(node => !['none', 'normal'].includes(getComputedStyle(node, '::before').content)).length"""
ENABLED = """root => [...root.querySelectorAll('button, select, textarea, input, .noUi-target')]
    .filter(node => !node.disabled && !node.hasAttribute('disabled') && !node.matches('.ernie-fold')).map(node => node.textContent)"""


def assert_retired(panel, words):
    expect(panel.root.locator(".ernie-gone")).to_contain_text(words)
    expect(panel.root.locator(".ernie-gone")).to_be_visible()
    assert panel.root.evaluate(ICONS) == 0
    without_kernel = {"复制", "取消", "复制代码", "插入为单元格"}
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
    assert_retired(panel, "内核已重启：要继续使用面板，请重新运行这个单元格")
    expect(turns).to_have_count(2)
    expect(turns.first.locator("table")).to_be_visible()
    expect(turns.first.locator(".ernie-footer")).not_to_contain_text("未完成")
    expect(turns.last.locator(".ernie-footer")).to_contain_text("未完成")
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


GROW = """from ernie_magic.calls.chat.history import Turn
for i in range({n}): ernie.history.append(Turn(f'问题 {{i}}', ernie.history[0].answer))"""


@pytest.mark.slow  # its short form, without a page, is in tests/benchmarks
def test_typing_and_streaming_cost_the_page_the_same_under_200_turns(open_panel, server):
    panel = open_panel(line="%ernie panel chat", more=[GROW.format(n=199)])
    metrics = panel.page.context.new_cdp_session(panel.page)
    metrics.send("Performance.enable")

    def busy():
        """Seconds of work that the page has done."""
        return next(
            one["value"]
            for one in metrics.send("Performance.getMetrics")["metrics"]
            if one["name"] == "TaskDuration"
        )

    def costs():
        panel.page.wait_for_timeout(1000)  # what was opened is drawn
        panel.prompt.fill("写一篇 3000 字的文章")
        began = busy()
        for _ in range(20):
            panel.page.keyboard.press("x")
            panel.page.wait_for_timeout(20)
        typing = busy() - began
        panel.prompt.press("Control+Enter")
        turn = panel.root.locator(".ernie-turn").last
        answered = turn.locator(".ernie-answered")
        wait(lambda: len(answered.inner_text()) > 20, "the first text")
        began = busy()
        panel.page.wait_for_timeout(1500)
        streaming = busy() - began
        panel.button("停止").click()
        panel.idle()
        return typing, streaming

    panel.ask("用表格列出三个城市")
    panel.root.locator(".ernie-actions").first.wait_for()
    server._state.delta_delay = 0.01
    few = costs()
    panel.nb.run(2)
    expect(panel.root.locator(".ernie-turn")).to_have_count(201)
    many = costs()
    server._state.delta_delay = 0
    ratios = [long / short for long, short in zip(many, few, strict=True)]
    print(f"\nunder 201 turns / under 1: typing {ratios[0]:.2f}, streaming {ratios[1]:.2f}")
    assert max(ratios) < 2


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
