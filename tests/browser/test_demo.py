"""The README's first line leads here: `ernie-magic demo` opens a notebook whose `%%ernie` cell
streams.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import PICTURES, Notebook

pytestmark = pytest.mark.browser


@pytest.fixture
def demo(tmp_path):
    """The console script, with JupyterLab's own files in a folder of this test."""
    runtime = tmp_path / "runtime"
    env = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "LANG": "zh_CN.UTF-8",
        "LC_ALL": "zh_CN.UTF-8",
    }
    script = Path(sys.executable).parent / "ernie-magic"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                script,
                "demo",
                "--dir",
                str(tmp_path / "demo"),
                "--no-browser",
                "--ServerApp.port=0",
                "--LabApp.expose_app_in_browser=True",
                f"--LabApp.workspaces_dir={tmp_path / 'workspaces'}",
                "--LabApp.news_url=None",
            ],
            env=env,
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        end = time.monotonic() + 90
        while not (found := list(runtime.glob("jpserver-*.json"))):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < end, (tmp_path / "log").read_text()
            time.sleep(0.1)
        yield json.loads(found[0].read_text())
    finally:
        process.terminate()  # the script has become JupyterLab, which stops its kernels
        process.wait(20)


@pytest.mark.slow
def test_the_demo_opens_the_quickstart_and_its_cells_stream(browser, demo):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{demo['url']}lab/tree/quickstart.ipynb?token={demo['token']}")
    page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
    expect(page.locator(".jp-CodeCell").nth(0)).to_contain_text(
        "%load_ext ernie_magic", timeout=60_000
    )
    notebook = Notebook(page, None, "quickstart.ipynb")
    notebook.wait_idle(60_000)
    notebook.run(1)  # the cells between are text
    asked = page.locator(".jp-CodeCell").nth(1)
    notebook.select(3)
    notebook.begin("notebook:run-cell")
    output = asked.locator(".jp-OutputArea-output").first
    expect(output).to_contain_text("北京：古都", timeout=30_000)
    begun = len(output.inner_text())
    expect(output.locator("details summary")).to_contain_text(
        "内置模拟器，非真实模型", timeout=30_000
    )
    assert len(output.inner_text()) > begun
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / "demo.png")
    context.close()
