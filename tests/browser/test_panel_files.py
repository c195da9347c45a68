"""Files that a page gives a panel: a Jupyter server ends the connection at a message of 10 MB."""

import ast
import io
import json
import os

import PIL.Image
import pytest
from playwright.sync_api import expect

from .panel import BOTH

pytestmark = pytest.mark.browser

# Format, width, height and bytes of each picture of the last turn.
SENT = """import base64, io, PIL.Image
files = [base64.b64decode(part["image_url"]["url"].split(",")[1]) for part in ernie.history[-1].images]
shown = [PIL.Image.open(io.BytesIO(file)) for file in files]
print([(each.format, *each.size, len(file)) for each, file in zip(shown, files)])"""
MESSAGE_LIMIT = 10 * 1024 * 1024  # of a Jupyter server: tornado's own


def noise(width, height, kind="PNG"):
    """A picture that no format makes small."""
    pixels = os.urandom(width * height * 3)
    file = io.BytesIO()
    PIL.Image.frombytes("RGB", (width, height), pixels).save(file, kind)
    return file.getvalue()


def choose(panel, button, *files):
    with panel.page.expect_file_chooser() as chooser:
        button.click()
    chooser.value.set_files(
        [{"name": name, "mimeType": kind, "buffer": content} for name, kind, content in files]
    )


@pytest.mark.parametrize("front", BOTH)
def test_a_picture_of_any_size_goes_with_the_prompt_that_is_sent_at_once(open_panel, front):
    panel = open_panel(front, "%ernie panel chat", [SENT])
    large, small = noise(2000, 1800), noise(600, 500)
    assert len(large) > MESSAGE_LIMIT
    button = panel.button("添加图片")
    choose(panel, button, ("large.png", "image/png", large), ("small.png", "image/png", small))
    panel.ask("[[echo]]图里是什么")  # before the page has made it smaller
    panel.idle()
    expect(panel.root.locator(".ernie-turn img")).to_have_count(2)
    panel.nb.run(2)
    (kind, width, height, size), second = ast.literal_eval(panel.nb.output(2).inner_text())
    assert (kind, width / height, size < 4_000_000) == (
        "JPEG",
        pytest.approx(2000 / 1800, 0.01),
        True,
    )
    assert width > 1000
    assert second == ("PNG", 600, 500, len(small))


def test_what_the_page_cannot_make_smaller_is_told_and_what_is_no_picture_too(open_panel):
    panel = open_panel("lab", "%ernie panel chat")
    status = panel.root.locator(".ernie-composer > .ernie-status")
    button = panel.button("添加图片")
    choose(panel, button, ("README.md", "text/markdown", b"# Title"))
    expect(status).to_contain_text("README.md 不是模型能看的图片")
    choose(panel, button, ("scan.tif", "image/tiff", noise(2000, 1800, "TIFF")))
    expect(status).to_contain_text("scan.tif 有 10.8 MB，太大")
    expect(panel.root.locator(".ernie-thumb")).to_have_count(0)
    choose(panel, button, ("large.png", "image/png", noise(1300, 1200)))
    expect(status).to_contain_text("large.png 有 4.7 MB，附上的是缩小的")
    expect(panel.root.locator(".ernie-thumb")).to_have_count(1)
    panel.nb.picture("panel-attached")


def test_a_conversation_of_more_than_a_message_is_loaded(open_panel):
    panel = open_panel("lab", "%ernie panel chat", ["len(ernie['long'].history)"])
    turn = {"prompt": "问", "answer": "答" * 2_000_000}
    saved = {
        "format": "ernie_magic.conversation",
        "version": 1,
        "name": "long",
        "turns": [turn] * 2,
    }
    content = json.dumps(saved, ensure_ascii=False).encode()
    assert len(content) > MESSAGE_LIMIT
    panel.button("管理对话").click()
    choose(panel, panel.button("读取"), ("long.json", "application/json", content))
    expect(panel.root.locator(".ernie-conversations select")).to_have_value("long", timeout=30_000)
