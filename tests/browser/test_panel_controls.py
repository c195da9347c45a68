"""A panel's controls, each by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from ernie_magic.api.parameters import parameters_of

from .accessibility import AXE, SMALL, VIOLATIONS
from .panel import BOTH, WORDS, moved, sliders, wait

pytestmark = pytest.mark.browser


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
                "max_tokens",
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
            assert_told_exactly(row.get_by_role("slider"), tab, name, model, shown)
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


def assert_told_exactly(slider, tab, name, model, shown):
    """A screen reader hears the number that is shown, and the ends that the table has."""
    expect(slider).to_have_attribute("aria-valuetext", f"{shown:.10g}")
    parameter = parameters_of(tab)[name]
    low, high = parameter.limits_for(model)
    if parameter.open_minimum:
        low += parameter.step
    told = [float(slider.get_attribute(f"aria-value{end}")) for end in ("min", "max", "now")]
    assert told == [low, high, shown]


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


def test_a_number_that_is_typed_out_of_range_is_told(open_panel):
    panel = open_panel(line="%ernie panel chat")
    control = panel.root.locator(".ernie-control:visible", has_text=WORDS["temperature"])
    readout, told = control.locator(".widget-readout"), control.locator(".ernie-news")
    for typed, by_key, taken in (("7", True, "1.00"), ("0", False, "0.05"), ("abc", True, "0.05")):
        readout.click()
        readout.fill(typed)
        if by_key:
            readout.press("Enter")
        else:
            panel.prompt.click()
        expect(told).to_have_text(f"0.05 到 1 之间，不能是 {typed}")
        panel.prompt.click()
        expect(readout).to_have_text(taken)
    panel.ask("hi")
    panel.idle()
    assert panel.sent()[-1]["temperature"] == 0.05
    assert panel.page.problems == []


@pytest.mark.parametrize("by", ["Enter", "Tab", "click"])
def test_a_number_that_is_typed_is_taken_however_its_field_is_left(open_panel, by):
    panel = open_panel(line="%ernie panel chat")
    control = panel.root.locator(".ernie-control:visible", has_text=WORDS["temperature"])
    readout = control.locator(".widget-readout")
    readout.click()
    readout.fill("0.5")
    if by == "click":
        panel.prompt.click()
    else:
        readout.press(by)
    expect(readout).to_have_text("0.50")
    expect(control.locator(".ernie-news")).to_have_count(0)
    panel.ask("hi")
    panel.idle()
    assert panel.sent()[-1]["temperature"] == 0.5
    assert panel.page.problems == []


def test_another_model_leaves_unfolded_what_was_and_an_emptied_field_is_the_default(open_panel):
    panel = open_panel(line="%ernie panel chat")
    field = panel.root.get_by_role("combobox", name="模型").locator("visible=true")
    default = field.input_value()
    panel.open_all()
    for model in ("ernie-speed-8k", "no-such-model"):
        panel.choose_model(model)
        panel.wait_for_news()
        expect(panel.root.locator(".ernie-more-button:visible")).to_have_attribute(
            "aria-expanded", "true"
        )
    for leave in ("Tab", "Enter"):
        field.click()
        field.fill("")
        field.press(leave)
        expect(field).to_have_value(default)
        panel.choose_model("ernie-speed-8k")
    # Escape takes it back.
    field.click()
    field.fill("")
    field.press("Escape")
    expect(field).to_have_value("ernie-speed-8k")


def test_a_whole_name_is_taken_however_its_field_is_left_and_one_of_no_list_is_offered(open_panel):
    panel = open_panel(line="%ernie panel chat")
    field = panel.root.get_by_role("combobox", name="模型").locator("visible=true")
    for leave in (lambda: field.press("Tab"), panel.prompt.click):
        field.click()
        field.fill("ERNIE-Speed-8K")
        leave()
        expect(field).to_have_value("ernie-speed-8k")
        field.click()
        field.fill("speed")  # a part of a name only filters
        leave()
        expect(field).to_have_value("ernie-speed-8k")
        panel.choose_model("ernie-4.5-turbo-128k")
    field.click()
    field.fill("my-own-<b>model</b>")
    offered = panel.root.locator(".ernie-option")
    expect(offered).to_have_text("用 my-own-<b>model</b>（不在列表中）")
    offered.click()
    expect(field).to_have_value("my-own-<b>model</b>")
    panel.ask("hi")
    panel.idle()
    assert panel.sent()[-1]["model"] == "my-own-<b>model</b>"
    assert panel.page.problems == []
