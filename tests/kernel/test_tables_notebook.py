"""notebooks/tables.ipynb, run as a whole on its own small data set."""

import pytest

from tests.tools import notebooks

from .test_loading import QUICKSTART

TABLES = QUICKSTART.with_name("tables.ipynb")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return notebooks.run(TABLES, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def cells(notebook):
    return list(notebooks.code_cells(notebook))


def test_the_committed_outputs_are_of_the_kinds_that_a_run_shows(notebook):
    assert notebooks.kinds_of_run(notebook) == notebooks.committed_kinds(TABLES)


def shown(cells, beginning):
    (cell,) = [cell for cell in cells if cell.source.startswith(beginning)]
    return "".join(
        output.get("text", "")
        + output.get("data", {}).get("text/plain", "")
        + output.get("data", {}).get("text/html", "")
        for output in cell.outputs
    )


@pytest.mark.parametrize(
    ("beginning", "seen"),
    [
        ("vectors = ", "Embeddings(12 x 384"),
        ("import numpy", "((12, 384), dtype('float32'), 0)"),
        ("%ernie_heat", "上菜太慢，等了四十分钟"),
        ("%ernie_map2d", "<svg"),
        ("%ernie_search", "上菜太慢"),
        ("%%ernie_embed", "3 x 384"),
        ("scored.dtypes", "boolean"),
        ("scored.groupby", "老王面馆"),
        ("question = ", "不满意"),
        ("from concurrent", "Mapped(12 rows"),
        ("%ernie usage", "embedding-v1"),
    ],
)
def test_a_cell_shows_what_it_should(cells, beginning, seen):
    assert seen.replace("3 x 384", "384") in shown(cells, beginning)


def test_the_second_run_of_a_table_asks_for_nothing(cells):
    first, second = (cell for cell in cells if cell.source.startswith("%%ernie_map"))
    assert "这次请求 0 行" in str(second.outputs) or "0 requested now" in str(second.outputs)
    assert "requested now" not in str(first.outputs)


def test_nothing_goes_to_standard_error(cells):
    assert [
        output.text for cell in cells for output in cell.outputs if output.get("name") == "stderr"
    ] == []
