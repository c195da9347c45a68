"""A real JupyterLab and a real Chromium: one server and one loaded page per run.

Loading is the expensive part (5 to 10 s).
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary

import ernie_magic
from ernie_magic.emulator import start
from tests.used_kernel import FORGET

from .panel import Panel

LABEXTENSION = Path(ernie_magic.__file__).parent / "notebook" / "labextension" / "built"
PICTURES = Path(__file__).parents[2] / "test-results"

SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # Every cell stays in the DOM.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/codemirror-extension:plugin": {"defaultConfig": {"autoClosingBrackets": False}},
}
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_BROWSER = (
    "no Chromium or Chrome for the browser tests: install Debian's `chromium` and "
    "`fonts-noto-cjk`, or set "
    "E2E_BROWSER=/path/to/chrome"
)


def find_browser():
    names = [
        os.environ.get("E2E_BROWSER"),
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ]
    return next((path for name in names if name and (path := shutil.which(name))), None)


# Read before a test's isolation removes them.
REQUIRED = os.environ.get("ERNIE_REQUIRE_BROWSER") == "1"
PICTURES_WANTED = os.environ.get("ERNIE_PICTURES") == "1"


@pytest.fixture(scope="package")
def browser():
    path = find_browser()
    if path is None:
        (pytest.fail if REQUIRED else pytest.skip)(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=CHROMIUM_ARGS, headless=not os.environ.get("HEADED")
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def page(browser, lab):
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-US", reduced_motion="reduce"
    )
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(f"pageerror: {error}"))
    page.on(
        "console",
        lambda m: (
            m.type == "error"
            and page.problems.append(f"console: {m.text} {m.location.get('url', '')}")
        ),
    )
    page.goto(f"{lab.url}lab?reset&token={lab.token}")
    page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    yield page
    context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test leaves a screenshot of the page."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page:
        PICTURES.mkdir(exist_ok=True)
        path = PICTURES / (re.sub(r"[^\w-]+", "-", item.name) + "-failed.png")
        page.screenshot(path=path)
        report.sections.append(("page", f"picture: {path.name}\n" + "\n".join(page.problems[-10:])))
    return report


class Lab:
    """A JupyterLab server on loopback."""

    def __init__(self, url, token, root, data):
        self.url, self.token, self.root, self.data = url, token, root, data
        self.unused_kernel = None  # the id of a kernel that runs and knows nothing

    def write(self, cells, name=None):
        """Write a notebook of these cells; return its name."""
        name = name or f"nb-{secrets.token_hex(4)}.ipynb"
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(c) if isinstance(c, str) else c for c in cells]
        )
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(notebook, self.root / name)
        return name

    def api(self, path):
        request = urllib.request.Request(
            f"{self.url}api/{path}", headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read() or b"null")


@pytest.fixture(scope="package")
def lab(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("lab"), "zh_CN.UTF-8") as lab:
        yield lab


@contextmanager
def running_lab(tmp, language):
    """JupyterLab with its own home, settings and notebooks; without keys, so the emulator answers."""
    root, runtime = tmp / "notebooks", tmp / "runtime"
    for folder in (root, runtime, tmp / "config" / "labconfig", tmp / "home"):
        folder.mkdir(parents=True)
    (tmp / "config/labconfig/default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    # This tree's prebuilt extension, whatever is installed.
    shutil.copytree(LABEXTENSION, tmp / "jupyter" / "labextensions" / "ernie-magic")
    token = secrets.token_hex(16)
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AI_STUDIO_", "QIANFAN_", "OPENAI_", "ERNIE_"))
    }
    env |= {
        "JUPYTER_CONFIG_DIR": str(tmp / "config"),
        "JUPYTER_DATA_DIR": str(tmp / "data"),
        "JUPYTER_PATH": str(tmp / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "IPYTHONDIR": str(tmp / "ipython"),
        "JUPYTER_TOKEN": token,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "HOME": str(tmp / "home"),
        "LANG": language,
        "LC_ALL": language,
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        f"--ServerApp.root_dir={root}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--LabApp.expose_app_in_browser=True",  # window.jupyterapp: a test can run any command
        # The same for Notebook 7, which the switch above does not cover.
        "--JupyterNotebookApp.expose_app_in_browser=True",
        f"--LabApp.workspaces_dir={tmp / 'workspaces'}",
        "--ServerApp.terminals_enabled=False",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    log = tmp / "jupyterlab.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=root,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        yield Lab(_address(process, runtime, log), token, root, tmp / "data")
    finally:
        process.terminate()  # it shuts down its kernels first
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def write_trusted(lab):
    """write_trusted(cells) writes a notebook with outputs that the server trusts as its user's own."""

    def write(cells):
        name = lab.write(cells)
        notary = NotebookNotary(data_dir=str(lab.data))
        notary.sign(nbformat.read(lab.root / name, as_version=4))
        notary.store.close()
        return name

    return write


def _address(process, runtime, log):
    end = time.monotonic() + 90
    while True:
        assert process.poll() is None, f"JupyterLab did not start:\n{log.read_text()}"
        assert time.monotonic() < end, f"JupyterLab did not start:\n{log.read_text()}"
        for file in runtime.glob("jpserver-*.json"):  # written once the port is bound
            try:
                url = json.loads(file.read_text())["url"]
                with urllib.request.urlopen(f"{url}api", timeout=5):
                    return url
            except (ValueError, OSError):
                pass
        time.sleep(0.1)


class Notebook:
    """What a test does with an open notebook; everything it reads comes from the page."""

    def __init__(self, page, lab, name):
        self.page, self.lab, self.name = page, lab, name
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        self.cells = self.panel.locator(".jp-Cell")

    def command(self, id_, args=None):
        """Run a JupyterLab command and wait for its promise."""
        return self.page.evaluate(
            "async ([i, a]) => { await window.jupyterapp.commands.execute(i, a) }",
            [id_, args or {}],
        )

    def begin(self, id_):
        """Run a command without waiting."""
        self.page.evaluate("i => { window.jupyterapp.commands.execute(i) }", id_)

    def wait_idle(self, timeout=30_000):
        self.page.wait_for_function(
            """() => {
            const p = window.jupyterapp.shell.currentWidget, s = p?.sessionContext;
            return s?.isReady && s.session?.kernel?.status === 'idle'
                && !p.content.widgets.some(c => c.promptNode?.textContent.includes('[*]'));
        }""",
            timeout=timeout,
        )

    def run_all(self):
        self.command("notebook:run-all-cells")
        self.wait_idle()

    def run(self, *indexes):
        """Run these cells one after another, and wait."""
        for index in indexes:
            self.select(index)
            self.command("notebook:run-cell")
        self.wait_idle()

    def select(self, index):
        self.page.evaluate(
            "i => { const nb = window.jupyterapp.shell.currentWidget.content; nb.deselectAll(); "
            "nb.activeCellIndex = i }",
            index,
        )

    def output(self, index):
        return self.cells.nth(index).locator(".jp-Cell-outputArea")

    def picture(self, name):
        """The whole notebook, where pictures are wanted.

        It scrolls inside the page, so the window grows first.
        """
        if not PICTURES_WANTED:
            return
        PICTURES.mkdir(exist_ok=True)
        size = self.page.viewport_size
        extra = self.panel.locator(".jp-WindowedPanel-outer").evaluate(
            "e => e.scrollHeight - e.clientHeight"
        )
        self.page.set_viewport_size({**size, "height": size["height"] + extra})
        self.panel.locator(".jp-WindowedPanel-outer").evaluate("e => { e.scrollTop = 0 }")
        self.page.screenshot(path=PICTURES / f"{name}.png")
        self.page.set_viewport_size(size)

    def save(self):
        self.command("docmanager:save")
        return nbformat.read(self.lab.root / self.name, as_version=4)


@pytest.fixture
def open_notebook(page, lab):
    """open_notebook([cell, ...]) writes a notebook, opens it in a tab and waits for its kernel."""
    page.problems.clear()

    def open_(cells, name=None):
        return reopen(lab.write(cells, name))

    def reopen(name):
        notebook = Notebook(page, lab, name)
        options = {"path": name, "factory": "Notebook"}
        if lab.unused_kernel:
            options["kernel"] = {"id": lab.unused_kernel}
            lab.unused_kernel = None
        notebook.command("docmanager:open", options)
        notebook.panel.wait_for()
        notebook.wait_idle()
        return notebook

    def close():
        lab.unused_kernel = page.evaluate(CLOSE, FORGET) or lab.unused_kernel

    open_.again, open_.close = reopen, close
    yield open_
    page.set_viewport_size({"width": 1280, "height": 900})
    close()


@pytest.fixture
def open_in_notebook7(page, lab):
    """The same in Notebook 7, where each notebook has a page of its own."""
    pages = []

    def open_(cells):
        own = page.context.new_page()
        pages.append(own)
        own.problems = []
        own.on("pageerror", lambda error: own.problems.append(f"pageerror: {error}"))
        name = lab.write(cells)
        own.goto(f"{lab.url}notebooks/{name}?token={lab.token}")
        own.wait_for_function("window.jupyterapp?.restored.then(() => true)")
        notebook = Notebook(own, lab, name)
        notebook.panel.wait_for()
        notebook.wait_idle()
        return notebook

    yield open_
    for own in pages:
        own.evaluate(
            "async () => { await window.jupyterapp.shell.currentWidget?.sessionContext.shutdown() }"
        )
        own.close()


@pytest.fixture
def server():
    with start(latency=0, announce=False) as server:
        yield server


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


# Closes all notebooks, without 'Save?' dialogs. One idle kernel forgets everything and runs on; its
# id is returned.
CLOSE = """async forget => {
    let kept = null;
    for (const widget of [...window.jupyterapp.shell.widgets('main')]) {
        if (!widget.context) continue;
        const context = widget.context.sessionContext, kernel = context.session?.kernel;
        if (kernel?.status === 'idle' && !kept) {
            const {content} = await kernel.requestExecute({code: forget, store_history: false}).done;
            if (content.status !== 'ok') throw new Error(content.traceback.join('\\n'));
            kept = kernel.id;
        } else await context.shutdown();
        widget.dispose();
    }
    return kept;
}"""
