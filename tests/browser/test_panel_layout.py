"""A panel can be read and reached, fits its window and holds still: in both themes, narrow and wide."""

import pytest
from playwright.sync_api import expect

from .accessibility import (
    AXE,
    CONTRASTS,
    CUT,
    FOCUSABLE,
    FOCUSED,
    FRAMED,
    PLACES,
    SMALL,
    STALE,
    VIOLATIONS,
)
from .panel import BOTH, STILL, TABS, filled

pytestmark = pytest.mark.browser


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
                    panel.root.evaluate(STILL)
                    assert panel.root.evaluate(CUT) == [], (tab, width)
                    if width == 480:
                        panel.nb.picture(f"panel-{tab}-{width}-{front}")
    finally:
        panel.nb.command("apputils:change-theme", {"theme": "JupyterLab Light"})


@pytest.mark.slow
def test_in_a_narrow_panel_it_can_be_read_that_the_emulator_answers(open_panel):
    panel = open_panel(before="ernie.settings.service = 'emulator'")
    panel.page.set_viewport_size({"width": 480, "height": 900})
    panel.root.evaluate(STILL)
    chip = panel.root.locator(".ernie-service")
    assert chip.evaluate("chip => parseFloat(getComputedStyle(chip).fontSize)") >= 11
    expect(chip).to_have_text("内置模拟器")
    assert panel.root.evaluate(CUT) == []
    panel.nb.picture("panel-narrow-emulator")


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
    root = panel.root
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
        panel.wait_for_news()
        root.evaluate(STILL)
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
            # The first was focused by a script, which draws no frame.
            if reached:
                assert panel.page.evaluate(FRAMED) is True, tab
            reached.append(reach)
            panel.page.keyboard.press("Tab")
        assert reached == wanted, tab
    # A tab is opened by keys alone.
    panel.root.locator("[role=tab][aria-selected=true]").focus()
    panel.page.keyboard.press("ArrowLeft")
    expect(panel.root.locator(".ernie-at-chat")).to_be_visible()
