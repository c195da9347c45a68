"""A panel on a page, and what a person does with it."""

import re
import time

import pytest
from playwright.sync_api import expect

from ernie_magic.notebook.panels.labels import LABELS

TABS = {"chat": "对话", "image": "图片", "embed": "向量", "compare": "对比"}
# A cell that lets the kernel handle nothing meanwhile, in no thread: it keeps Python's lock.
HOLD = "import ctypes\nctypes.PyDLL(None).usleep(int({seconds} * 1e6))"
BOTH = [
    "lab",
    pytest.param("notebook7", marks=pytest.mark.slow),
]
# Saved forms that are seen.
SEEN = """area => [...area.querySelectorAll('.jp-OutputArea-child')].filter(child =>
    child.querySelector('.ernie-saved') && child.getBoundingClientRect().height).length"""
# Twice: what the kernel sends because of a message, it may send after it has answered it. At most ten
# seconds each: an answer that never came was once waited for without end, by an idle kernel and page.
ROUND_TRIP = """async () => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const patience = () => new Promise(resume => setTimeout(resume, 10_000));
    for (const _ of [1, 2]) {
        const asked = kernel.requestExecute({code: '', silent: true, store_history: false});
        await Promise.race([asked.done, patience()]);
    }
    for (const _ of [1, 2])
        await Promise.race([new Promise(drawn => requestAnimationFrame(drawn)), patience()]);
}"""
# For five frames nothing has moved; at most ten seconds.
STILL = """root => new Promise(resume => {
    const began = performance.now();
    let last = '', same = 0;
    const look = () => {
        const boxes = [root, ...root.querySelectorAll('*')].map(node => node.getBoundingClientRect());
        const now = boxes.map(box => [box.x, box.y, box.width, box.height].join()).join(' ');
        same = now === last ? same + 1 : 0;
        last = now;
        if (same >= 5 || performance.now() - began > 10_000) resume(); else requestAnimationFrame(look);
    };
    look();
})"""
WORDS = {name: text.say("zh") for name, text in LABELS.items()}


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
        self.wait_for_news()
        expect(self.root.locator(".ernie-send:visible")).to_be_enabled(timeout=15_000)

    def wait_for_news(self):
        """Wait until the kernel has handled what the page sent, and the page has drawn its answer."""
        self.page.evaluate(ROUND_TRIP)

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


def wait(condition, what="it", seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.02)


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
