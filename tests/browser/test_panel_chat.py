"""A conversation in a panel, beside cells and other panels."""

import time

import pytest
from playwright.sync_api import expect

from tests.text.test_markdown import ACTIVE

from .panel import BOTH, HOLD, Panel, moved, wait

pytestmark = pytest.mark.browser

STOPPED = """root => new Promise(done => {
    const stop = root.querySelector('.ernie-stop'), send = root.querySelector('.ernie-send');
    const began = performance.now();
    const look = () => send.disabled ? requestAnimationFrame(look) : done(performance.now() - began);
    stop.click();
    look();
})"""

# The end of an element's animations; how long they take.
PASS = """element => element.getAnimations().map(animation => {
    animation.finish();
    return animation.effect.getComputedTiming().duration;
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
    status = panel.root.locator(".ernie-composer > .ernie-status")
    expect(status).to_contain_text("已停止")
    assert status.evaluate(PASS) == [6000]  # milliseconds
    expect(status).to_be_hidden()
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


HOSTILE = """from ernie_magic.calls.chat.history import Turn
answer = ernie.chat("hi")
evil = ('<div class="ernie-code"><pre>print(1)</pre><button class="ernie-insert">继续</button></div>\\n\\n'
        '<div class="ernie-prompt ernie-at-chat"><textarea>evil</textarea></div>\\n\\n' + {attacks!r})
ernie.history.append(Turn("hi", answer.with_changes(text=evil)))"""
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


WIDE_TABLE = "\n".join(
    "|" + "|".join(cells) + "|"
    for cells in (
        ["Country", "Population", "Switzerland", "Netherlands", "Accuracy", "Remarks"],
        ["---"] * 6,
        ["Switzerland", "4,259.93", "0.8731", "0.9124", "Mediterranean", "considerable"],
    )
)
LINES = """cells => Math.max(...cells.map(cell => {
    const range = document.createRange(); range.selectNodeContents(cell);
    return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size;
}))"""


def test_a_table_keeps_its_words_and_numbers_and_is_scrolled_within_its_block(open_panel):
    panel = open_panel(line="%ernie panel chat")
    panel.page.set_viewport_size({"width": 900, "height": 900})
    panel.ask("[[echo]]" + WIDE_TABLE)
    panel.idle()
    cells = panel.log.locator(".ernie-block table :is(td, th)")
    assert cells.count() == 12
    assert cells.evaluate_all(LINES) == 1
    block = panel.log.locator(".ernie-block").last
    assert block.evaluate("block => block.scrollWidth <= block.clientWidth")


def test_the_buttons_of_the_code_stand_below_it_however_long_it_is(open_panel):
    panel = open_panel(line="%ernie panel chat")
    for number in range(5):
        panel.ask(f"What is {number}+{number}?")
        panel.idle()
    panel.root.get_by_role("button", name="代码").first.click()
    panel.root.get_by_role("radio", name="openai").or_(
        panel.root.get_by_role("button", name="openai")
    ).first.click()
    code = panel.root.locator(".ernie-code-area pre")
    expect(code).to_contain_text("messages=[")
    box = code.bounding_box()
    for name in ("复制代码", "插入为单元格"):
        assert panel.button(name).bounding_box()["y"] >= box["y"] + box["height"]


# It grows in a frame, whose scroll event comes with the next one, and once more in between.
GROWS = """async log => {
    const frame = () => new Promise(requestAnimationFrame);
    const grow = height => {
        const block = document.createElement('div');
        block.style.height = `${height}px`;
        log.lastElementChild.append(block);
    };
    await frame();
    grow(200);
    await new Promise(resume => setTimeout(resume));
    grow(400);
    for (const _ of [1, 2, 3]) await frame();
    return log.scrollHeight - log.scrollTop - log.clientHeight;
}"""


# The transcript's height in each frame, from now on.
HEIGHTS = """log => {
    window.heights = [];
    const look = () => {
        heights.push(log.scrollHeight);
        if (log.isConnected) requestAnimationFrame(look);
    };
    look();
}"""
FROM_END = "log => log.scrollHeight - log.scrollTop - log.clientHeight"


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0, 0.03])
def test_a_complete_answer_neither_shrinks_the_transcript_nor_leaves_its_end(open_panel, delay):
    panel = open_panel(line="%ernie panel chat")
    panel.ask("介绍一下北京")
    panel.idle()
    panel.log.evaluate(HEIGHTS)
    panel.server._state.delta_delay = delay
    panel.ask("写一个判断质数的 Python 函数")
    panel.idle()
    panel.page.wait_for_timeout(500)
    heights = panel.page.evaluate("heights")
    assert heights[-1] > heights[0] + 200
    highest = 0
    for height in heights:
        assert height > highest - 40  # the room of a status line, while it streams
        highest = max(highest, height)
    assert panel.log.evaluate(FROM_END) < 1


@pytest.mark.slow
def test_a_transcript_follows_what_grows_until_its_reader_scrolls_up(open_panel):
    panel = open_panel(line="%ernie panel chat")
    panel.ask("用表格列出三个城市")
    panel.idle()
    for _ in range(3):
        assert panel.log.evaluate(GROWS) < 1  # pixel
    panel.log.hover()
    panel.page.mouse.wheel(0, -300)
    wait(lambda: panel.log.evaluate("log => log.scrollHeight - log.scrollTop") > 700, "scrolled up")
    assert panel.log.evaluate(GROWS) > 600
    panel.log.evaluate("log => { log.scrollTop = log.scrollHeight }")
    assert panel.log.evaluate(GROWS) < 1


# How far the end of an element stands below the top of the transcript, and whether nothing lies over
# it there.
SEEN_OF = """element => {
    const log = element.closest('.ernie-log').getBoundingClientRect();
    const box = element.getBoundingClientRect();
    const end = {x: (box.left + box.right) / 2, y: box.bottom - 10};
    return [box.bottom - log.top, element.contains(document.elementFromPoint(end.x, end.y))];
}"""


@pytest.mark.parametrize(
    "prompt", ["写一篇 3000 字的文章", "第一行\n" * 40 + "写一篇 3000 字的文章"]
)
def test_the_question_stays_above_an_answer_that_is_taller_than_the_panel(
    open_panel, server, prompt
):
    panel = open_panel(line="%ernie panel chat")
    server._state.delta_delay = 0.005
    panel.ask(prompt)
    turn = panel.root.locator(".ernie-turn").last
    asked = turn.locator(".ernie-asked")
    answered = turn.locator(".ernie-answered")
    is_taller = "answer => answer.offsetHeight > 1.5 * answer.closest('.ernie-log').clientHeight"
    wait(lambda: answered.count() and answered.evaluate(is_taller), "an answer that is taller")
    panel.button("停止").click()
    for scrolled in (0, -200):
        panel.log.evaluate("(log, by) => log.scrollBy(0, by)", scrolled)
        panel.page.wait_for_timeout(100)
        height, is_on_top = asked.evaluate(SEEN_OF)
        assert 30 < height < 120  # pixels: a few lines, which leave room for the answer
        assert is_on_top
    panel.idle()
    panel.nb.picture(f"panel-chat-tall-{len(prompt)}")
    # Above the beginning of its turn it stands where it always did.
    panel.log.evaluate("log => { log.scrollTop = 0 }")
    panel.page.wait_for_timeout(100)
    gap = "turn => turn.querySelector('.ernie-asked').getBoundingClientRect().top - turn.getBoundingClientRect().top"
    assert turn.evaluate(gap) == 0


@pytest.mark.slow
def test_a_menu_is_closed_by_escape_and_by_a_press_elsewhere(open_panel):
    panel = open_panel()
    button = panel.root.get_by_role("button", name="管理对话", exact=True)
    menu = panel.root.locator(".ernie-menu")
    button.click()
    menu.get_by_role("button", name="读取", exact=True).press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    menu.click(position={"x": 4, "y": 4})
    expect(menu).to_be_visible()
    panel.prompt.click()
    expect(menu).to_be_hidden()
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    button.click()
    expect(menu).to_be_hidden()
    # What unfolds in its place stays.
    panel.open_all()
    panel.prompt.press("Escape")
    expect(panel.root.locator(".ernie-more-button:visible")).to_have_attribute(
        "aria-expanded", "true"
    )


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


def test_an_edit_that_fails_stands_in_its_editor_again_and_a_draft_stays(open_panel, server):
    panel = open_panel(line="%ernie panel chat")
    panel.ask("面板里问的")
    panel.idle()
    panel.prompt.fill("写到一半")
    turn = panel.root.locator(".ernie-turn").last
    turn.get_by_role("button", name="编辑").click()
    server.faults.add(status=401, times=9)
    turn.get_by_label("修改提示词").fill("改过的")
    turn.get_by_label("修改提示词").press("Control+Enter")
    panel.idle()
    expect(panel.root.locator(".ernie-error").first).to_be_visible()
    server.faults.clear()
    expect(turn.get_by_label("修改提示词")).to_have_value("改过的")
    expect(panel.prompt).to_have_value("写到一半")
    turn.get_by_label("修改提示词").press("Control+Enter")
    expect(turn.locator(".ernie-asked")).to_contain_text("改过的")


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


@pytest.mark.parametrize("by", ["keys", "button"])
def test_a_prompt_typed_fast_and_sent_at_once_leaves_the_box_and_what_is_typed_on_stays(
    open_panel, by
):
    panel = open_panel(line="%ernie panel chat", more=["import time\ntime.sleep(1)"])
    panel.nb.select(2)
    panel.nb.begin("notebook:run-cell")  # what is typed reaches the kernel late
    panel.page.wait_for_timeout(200)
    panel.prompt.click()
    panel.page.keyboard.type("Why is the sky blue?")
    if by == "keys":
        panel.page.keyboard.press("Control+Enter")
    else:
        panel.button("发送").click()
        panel.prompt.click()
    panel.page.keyboard.type("and")
    panel.nb.wait_idle()
    panel.page.keyboard.type(" then?")
    expect(panel.root.locator(".ernie-turn .ernie-actions")).to_have_count(1)
    panel.idle()
    asked = [body["messages"][-1]["content"] for body in panel.sent()]
    assert asked == ["Why is the sky blue?"]
    expect(panel.prompt).to_have_value("and then?")
    assert panel.page.problems == []


def test_a_system_prompt_typed_while_a_cell_runs_is_sent_whole(open_panel):
    panel = open_panel(line="%ernie panel chat", more=[HOLD.format(seconds=4)])
    panel.nb.select(2)
    panel.nb.begin("notebook:run-cell")
    panel.page.wait_for_timeout(200)
    panel.root.get_by_label("系统提示词").first.click()
    panel.page.keyboard.type("You are a pirate.", delay=30)
    panel.prompt.click()
    panel.page.keyboard.type("Who are you?")
    panel.page.keyboard.press("Control+Enter")
    panel.nb.wait_idle()
    expect(panel.root.locator(".ernie-turn .ernie-actions")).to_have_count(1)
    panel.idle()
    assert [message["content"] for message in panel.sent()[-1]["messages"]] == [
        "You are a pirate.",
        "Who are you?",
    ]


def test_a_prompt_that_failed_is_put_back_before_what_was_typed_meanwhile(open_panel, server):
    panel = open_panel(line="%ernie panel chat")
    server.faults.add(status=401, delay=0.3, times=9)
    panel.ask("the question")
    expect(panel.prompt).to_have_value("")
    panel.page.keyboard.type("next")
    expect(panel.prompt).to_have_value("the question\n\nnext")
    panel.idle()
    server.faults.clear()
    panel.prompt.fill("")
    server.faults.add(delay=1, times=1)
    panel.ask("one")
    panel.prompt.fill("two")
    panel.prompt.press("Control+Enter")
    expect(panel.root.locator(".ernie-error")).to_contain_text("还在进行")
    expect(panel.prompt).to_have_value("two")
    panel.idle()
    panel.wait_for_news()
    expect(panel.prompt).to_have_value("two")
    asked = [body["messages"][-1]["content"] for body in panel.sent()]
    assert asked.count("two") == 0


@pytest.mark.parametrize("width", [1280, 620])
def test_that_a_click_waits_for_a_cell_is_told_over_the_composer_and_moves_nothing(
    open_panel, width
):
    panel = open_panel(line="%ernie panel chat", more=[HOLD.format(seconds=2.5)])
    panel.page.set_viewport_size({"width": width, "height": 900})
    panel.prompt.fill("one")
    panel.wait_for_news()
    places = """root => [...root.querySelectorAll('.ernie-send, .ernie-prompt, .ernie-box')].map(node => {
        const own = node.getBoundingClientRect(), all = root.getBoundingClientRect();
        return [own.x - all.x, own.y - all.y, own.width, own.height].join(' ');
    })"""
    before = panel.root.evaluate(places)
    panel.nb.select(2)
    panel.nb.begin("notebook:run-cell")
    panel.page.wait_for_timeout(200)
    panel.button("发送").click()
    queued = panel.root.locator(".ernie-news", has_text="内核正在运行单元格")
    expect(queued).to_be_visible()
    assert panel.root.evaluate(places) == before
    box, told = panel.root.locator(".ernie-box").bounding_box(), queued.bounding_box()
    assert told["y"] + told["height"] <= box["y"]
    panel.nb.wait_idle()
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
