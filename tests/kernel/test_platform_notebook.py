"""notebooks/platform.ipynb, run as a whole: each group of the platform's functions."""

import pytest

from tests.tools import notebooks

from .test_loading import QUICKSTART

PLATFORM = QUICKSTART.with_name("platform.ipynb")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return notebooks.run(PLATFORM, tmp_path_factory.mktemp("platform"))


def test_the_committed_outputs_are_of_the_kinds_that_a_run_shows(notebook):
    assert notebooks.kinds_of_run(notebook) == notebooks.committed_kinds(PLATFORM)


@pytest.mark.parametrize(
    ("beginning", "seen"),
    [
        ("%%ernie --no-history", "杭州是浙江省的省会"),
        ("ernie.complete", "疑是地上霜"),
        ("ernie.count_tokens", "8 tokens, estimate"),
        ("%%ernie_image --edit", "qwen-image-edit"),
        ("%ernie services", "ernie-4.5"),
        ("%ernie tuning models", "loraRank"),
        ("ernie.tuning.plan", "ERNIE-4.5-21B-A3B"),
        ("task = ", "BLEU-4"),
        ("model = ", "Ready"),
        ("%ernie models --mine", "客服-v1"),
        ("service = ", "Serving"),
        ("reviews = ", "你是客服质检员"),
        ("from pathlib", "line 2"),
        ("made = ", "ImportFinished"),
        ("%ernie template save", "{city}"),
        ("%%ernie --template", "北京"),
        ("optimized = ", "用一句话介绍{city}"),
        ("rows = ", "best: #1"),
        ("%%ernie --knowledge", "[1]"),
        ("%%ernie --app demo --", "9:00 to 21:00"),
        ("%%ernie --app demo-flow -s returns\nI want", "the application waits for your answer"),
        ("%%ernie --app demo-flow -s returns\nA-17", "Order A-17: why is it returned?"),
        ("%%ernie_map reviews --batch", "差评"),
        ("reply = ", "kefu"),
    ],
)
def test_a_cell_shows_what_it_should(notebook, beginning, seen):
    (cell,) = [cell for cell in notebooks.code_cells(notebook) if cell.source.startswith(beginning)]
    said = "".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )
    assert seen in said


def test_nothing_goes_to_standard_error(notebook):
    assert [
        output.text
        for cell in notebooks.code_cells(notebook)
        for output in cell.outputs
        if output.get("name") == "stderr"
    ] == []
