"""notebooks/gallery.ipynb, run as a whole: every kind of picture cell, and its outputs."""

import pytest

from tests.tools import notebooks

from .test_loading import QUICKSTART

GALLERY = QUICKSTART.with_name("gallery.ipynb")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("gallery")


@pytest.fixture(scope="module")
def notebook(folder):
    return notebooks.run(GALLERY, folder)


@pytest.fixture(scope="module")
def cells(notebook, folder):
    return {cell.source: cell.outputs for cell in notebooks.code_cells(notebook)}, folder


def test_the_committed_outputs_are_of_the_kinds_that_a_run_shows(notebook):
    assert notebooks.kinds_of_run(notebook) == notebooks.committed_kinds(GALLERY)


def pictures(outputs):
    return sum(
        output.data["text/html"].count("<img ")
        for output in outputs
        if "text/html" in output.get("data", {})
    )


def test_every_magic_shows_as_many_pictures_as_were_asked_for(cells):
    found = {
        source.split("\n")[0]: pictures(outputs)
        for source, outputs in cells[0].items()
        if source.startswith(("%%ernie_image", "%ernie_image redo", "%ernie_image vary"))
    }
    assert list(found.values()) == [2, 2, 1, 1, 4, 1, 1]


def test_the_same_seed_makes_the_same_picture_and_files_are_written(cells):
    (output,) = next(
        outputs
        for source, outputs in cells[0].items()
        if source.startswith("ernie.last[0].content ==")
    )
    assert output.data["text/plain"] == "True"
    assert sorted(path.name for path in (cells[1] / "gallery").iterdir()) == [
        "一只白猫-红帽子-42-1.png",
        "一只白猫-红帽子-42-2.png",
    ]


def test_a_model_was_shown_two_pictures(cells):
    (output,) = next(
        outputs for source, outputs in cells[0].items() if source.startswith("%%ernie --image")
    )
    assert "收到 2 张图片：PNG 1024x1024、PNG 1024x1024" in output.data["text/html"]


def test_each_cell_has_its_output_and_nothing_goes_to_standard_error(cells):
    quiet = [source for source, outputs in cells[0].items() if not outputs]
    assert quiet == ["%load_ext ernie_magic"]
    assert [
        output.text
        for outputs in cells[0].values()
        for output in outputs
        if output.get("name") == "stderr"
    ] == []
