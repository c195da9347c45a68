"""notebooks/panels.ipynb runs, and each panel leaves its saved outputs."""

import os

import nbformat
import pytest
from nbclient import NotebookClient

from .test_loading import QUICKSTART

PANELS = QUICKSTART.with_name("panels.ipynb")


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    notebook = nbformat.read(PANELS, as_version=4)
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AI_STUDIO_", "QIANFAN_", "OPENAI_"))
    } | {"ERNIE_EMULATOR_LATENCY": "0"}
    NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path_factory.mktemp("panels"))}},
    ).execute(env=env)
    return {cell.source: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}


def test_each_panel_is_a_widget_and_what_is_kept_of_it(cells):
    for source in ("%ernie panel", 'ernie.panel("image")', 'ernie.panel("embed", "compare")'):
        live, *kept = cells[source]
        assert "application/vnd.jupyter.widget-view+json" in live.data
        assert "ernie-saved" in kept[0].data["text/html"]


def test_a_cell_s_turn_is_in_the_saved_form_of_the_panel_above(cells):
    *_, turns = cells["%ernie panel"]
    assert "<blockquote>用一句话介绍杭州</blockquote>" in turns.data["text/html"]


def test_the_python_shows_what_it_says(cells):
    (output,) = next(outputs for source, outputs in cells.items() if "regenerate" in source)
    assert output.data["text/plain"] == "(1, 1, 0.3)"
    assert [
        out for outputs in cells.values() for out in outputs if out.get("name") == "stderr"
    ] == []
