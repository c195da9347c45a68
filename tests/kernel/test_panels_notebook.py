"""notebooks/panels.ipynb runs, and each panel leaves its saved outputs."""

import pytest

from tests.tools import notebooks

from .test_loading import QUICKSTART

PANELS = QUICKSTART.with_name("panels.ipynb")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return notebooks.run(PANELS, tmp_path_factory.mktemp("panels"))


@pytest.fixture(scope="module")
def cells(notebook):
    return {cell.source: cell.outputs for cell in notebooks.code_cells(notebook)}


def test_the_committed_outputs_are_of_the_kinds_that_a_run_shows(notebook):
    assert notebooks.kinds_of_run(notebook) == notebooks.committed_kinds(PANELS)


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
