"""Pictures as a person sees them: made, captioned, and kept in a saved notebook without a kernel."""

import json

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WIDTHS = "images => images.map(image => image.complete ? image.naturalWidth : 0)"


def widths(output, count):
    expect(output.locator("img")).to_have_count(count)
    return output.locator("img").evaluate_all(WIDTHS)


def test_two_pictures_are_seen_and_still_there_when_the_kernel_is_gone(open_notebook, page):
    nb = open_notebook(
        [
            "%load_ext ernie_magic",
            "%%ernie_image -n 2 --style Anime --seed 42 --as cats\n一只白猫，红帽子",
            "cats[1]",
            "cats",
            "%ernie_image vary cats[1] --seed +1",
        ]
    )
    nb.run_all()
    assert min(widths(nb.output(1), 2)) > 0
    captions = nb.output(1).locator("figcaption")
    expect(captions.nth(0)).to_have_text("一只白猫，红帽子 · 种子 42（第 1/2 张） · 1024x1024")
    expect(nb.output(1).locator("details summary")).to_contain_text(
        "Stable-Diffusion-XL · 2 张图片"
    )
    expect(nb.output(1).locator("details summary")).to_contain_text("内置模拟器，非真实模型")
    assert widths(nb.output(2), 1) == [1024]  # the original, as received
    assert widths(nb.output(3), 1)[0] > 500  # the contact sheet
    expect(nb.output(4).locator("figcaption")).to_have_text(
        "一只白猫，红帽子 · 种子 43 · 1024x1024"
    )
    assert [len(cell.outputs) for cell in nb.save().cells] == [0, 1, 1, 1, 1]
    nb.picture("pictures")
    page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown() }"
    )
    nb.command("application:close")
    again = open_notebook.again(nb.name)
    assert min(widths(again.output(1), 2)) > 0
    expect(again.output(1).locator("figcaption").nth(1)).to_contain_text(
        "一只白猫，红帽子 · 种子 42"
    )
    again.picture("pictures-reopened")


def test_what_is_waited_for_is_shown_with_seconds_and_gives_way_to_the_picture(open_notebook, page):
    nb = open_notebook(
        [
            (
                "%load_ext ernie_magic\nfrom ernie_magic import emulator\nserver = "
                "emulator.start(announce=False)\n"
                "ernie.settings.base_url, ernie.settings.api_key, ernie.settings.service = "
                "server.base_url, 'any-key', 'aistudio'\nserver.faults.add(delay=3, path='/images/generations')"
            ),
            "%%ernie_image\n一座山",
        ]
    )
    nb.run(0)
    nb.select(1)
    nb.begin("notebook:run-cell")
    expect(nb.output(1)).to_contain_text("正在生成图片 · 1 秒", timeout=5000)
    nb.picture("making-a-picture")
    nb.wait_idle()
    assert min(widths(nb.output(1), 1)) > 0
    expect(nb.output(1)).not_to_contain_text("正在")
    expect(nb.output(1).locator("details summary")).to_contain_text("过期")


def test_four_large_pictures_add_at_most_400_kb_and_the_originals_when_asked(open_notebook, page):
    nb = open_notebook(
        [
            "%load_ext ernie_magic",
            "%%ernie_image -n 4 --size 2048x2048\n黑猫和白猫",
            "%%ernie_image --full\n一只橘猫",
        ]
    )
    nb.run_all()
    assert min(widths(nb.output(1), 4)) == 512
    nb.picture("four-pictures")
    saved = nb.save()
    assert len(json.dumps(saved.cells[1])) <= 400_000
    assert widths(nb.output(2), 1) == [1024]
    assert "data:image/png;base64," in saved.cells[2].outputs[0].data["text/html"]


def test_one_bad_picture_is_told_and_the_others_are_shown(open_notebook, page):
    nb = open_notebook(
        [
            (
                "%load_ext ernie_magic\nfrom ernie_magic.wire import replies\nplain = "
                "replies.parse_pictures\n"
                "def broken(payload, request):\n    payload['data'][1]['b64_json'] = "
                "payload['data'][1]['b64_json'][:3000]\n    return plain(payload, "
                "request)\nreplies.parse_pictures = broken"
            ),
            "%%ernie_image -n 3 --response-format b64_json --as cats\n三只猫",
        ]
    )
    nb.run_all()
    assert min(widths(nb.output(1), 2)) > 0
    expect(nb.output(1)).to_contain_text("收到的图片不完整或已损坏")
    expect(nb.output(1).locator("details summary")).to_contain_text("2 张图片 · 1 张失败")
    nb.picture("one-bad-picture")
