"""What loading costs, and the quickstart through nbclient."""

import os
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.tools import notebooks
from tests.used_kernel import FORGET

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
HEAVY = (
    "httpx",
    "ipywidgets",
    "anywidget",
    "PIL",
    "numpy",
    "openai",
    "starlette",
    "uvicorn",
    "dotenv",
    "nest_asyncio",
    "markdown_it",
    "mdit_py_plugins",
    "linkify_it",
    "nh3",
)


def execute(cells, **options):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=60, kernel_name="python3", **options)
    try:
        client.execute(env=dict(os.environ))
    finally:
        if client.kc is not None:  # of a kernel that runs on
            client.kc.stop_channels()
    return notebook


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    """A kernel without keys, for one notebook after another."""
    private = ("AI_STUDIO_", "QIANFAN_", "OPENAI_", "ERNIE_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(private)}
    env |= {"HOME": str(tmp_path_factory.mktemp("home"))}
    env |= {"LANG": "en_US.UTF-8", "LC_ALL": "en_US.UTF-8"}
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=env)
    yield manager
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


@pytest.fixture
def execute_loaded(manager):
    """execute_loaded(cells) runs them with the extension loaded, like a new notebook."""

    def execute_(cells):
        (_, _, *ran) = execute([FORGET, "%load_ext ernie_magic", *cells], km=manager).cells
        return ran

    return execute_


def test_load_ext_imports_nothing_heavy():
    notebook = execute(
        [
            (
                f"import sys\nbefore = set(sys.modules)\n%load_ext ernie_magic\nprint("
                f"[m for m in {HEAVY!r} if m in sys.modules and m not in before])"
            )
        ]
    )
    assert notebook.cells[0].outputs[0].text == "[]\n"


def test_once_it_is_loaded_what_the_first_cell_needs_is_imported_in_the_background():
    waits = """
import sys, time
until = time.monotonic() + 20
while time.monotonic() < until and "httpx" not in sys.modules:
    time.sleep(0.05)
print([m for m in ("ernie_magic.notebook.magics.cells", "ernie_magic.client", "httpx")
       if m not in sys.modules])
"""
    notebook = execute(["%load_ext ernie_magic", waits])
    assert notebook.cells[1].outputs[0].text == "[]\n"


def test_with_no_key_the_emulator_answers_and_says_so(execute_loaded):
    asked, printed = execute_loaded(["%%ernie\n你好", "print(ernie.last.service)"])
    assert "内置模拟器" in asked.outputs[0].data["text/html"]
    assert "built-in emulator" in asked.outputs[0].data["text/plain"]
    assert printed.outputs[0].text == "emulator\n"


def test_a_failing_cell_fails_the_run_with_one_line(execute_loaded):
    with pytest.raises(CellExecutionError) as caught:
        execute_loaded(["%%ernie --temperature 3\nhi", "print('never')"])
    assert "temperature 3.0 is out of range (0.0, 1.0]" in str(caught.value)


@pytest.mark.parametrize(
    "cell", ["%%ernie", "%%ernie What is a p-value?", "%%ernie --as ernie\nhi"]
)
def test_a_cell_without_a_prompt_below_fails_with_our_own_line(execute_loaded, cell):
    with pytest.raises(CellExecutionError, match=r"InvalidMessages|InvalidOption"):
        execute_loaded([cell])


def test_the_final_output_under_nbclient_is_the_one_of_a_live_kernel(execute_loaded):
    (cell,) = execute_loaded(["%%ernie\n[[echo]]# 你好\n\n$5"])
    (output,) = cell.outputs
    assert output.data["text/html"].startswith(
        '<div class="ernie-answer"><h1 class="jp-toc-ignore">你好</h1>\n<p><span>$</span>5</p>\n\n<details>'
    )


def test_the_quickstart_runs_from_top_to_bottom_and_shows_what_is_committed(tmp_path):
    notebook = notebooks.run(QUICKSTART, tmp_path)
    magics = [c for c in notebooks.code_cells(notebook) if c.source.startswith("%%ernie")]
    assert len(magics) >= 4
    for cell in magics:
        (output,) = cell.outputs
        assert "text/html" in output.data
    assert notebooks.kinds_of_run(notebook) == notebooks.committed_kinds(QUICKSTART)
