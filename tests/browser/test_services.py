"""Tools, limits, waiting and a trimmed history as a person sees them, in a real JupyterLab."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TOOL = '''def get_current_weather(location: str) -> dict:
    """天气查询工具"""
    return {"temperature": 20, "unit": "摄氏度", "location": location}'''


def test_a_tool_is_called_and_shown_above_the_answer(open_notebook, page):
    nb = open_notebook(
        [
            "%load_ext ernie_magic\nernie.settings.model = 'ernie-3.5-8k'",
            TOOL,
            "%%ernie --tools get_current_weather\n你好，我想知道明天北京的天气怎么样",
            "%ernie limits",
            "%ernie models 3.5",
            "%ernie",
        ]
    )
    nb.run_all()
    output = nb.output(2)
    expect(output).to_contain_text('"temperature": 20')
    folded = output.locator("details").first
    expect(folded.locator("summary")).to_contain_text("用了工具 get_current_weather")
    folded.locator("summary").click()
    expect(folded).to_contain_text('{"location": "北京"}')
    expect(nb.output(3)).to_contain_text("剩余请求")
    expect(nb.output(3)).to_contain_text("/ 3,000")
    nb.picture("tools-and-limits")
    assert len(nb.save().cells[2].outputs) == 1


# tests.wire.test_limits.py checks the messages; here they are seen for the seconds they last
@pytest.mark.slow
def test_waiting_for_the_rate_limit_is_shown_while_it_lasts(open_notebook, page):
    nb = open_notebook(
        [
            (
                "%load_ext ernie_magic\nfrom ernie_magic import emulator\nfrom "
                "ernie_magic.wire.limits import LIMITS\nLIMITS.minute = 4.0\nserver = "
                "emulator.start()\n"
                "server.rates.requests, server.rates.minute = 1, 4.0\nernie.settings.base_url, "
                "ernie.settings.api_key = server.base_url, 'any-key'\n"
                "ernie.settings.model = 'ernie-3.5-8k'\nernie.chat('[[echo]]hi', history=False);"
            ),
            "%%ernie\n[[echo]]到我了",
        ]
    )
    nb.run(0)
    nb.select(1)
    nb.begin("notebook:run-cell")
    expect(nb.output(1)).to_contain_text("达到 ernie-3.5-8k 的频率限制", timeout=3000)
    nb.picture("waiting-for-the-limit")
    expect(nb.output(1)).to_contain_text("到我了", timeout=8000)
    nb.wait_idle()
    expect(nb.output(1)).not_to_contain_text("频率限制")
