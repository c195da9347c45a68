"""The notebook cells of both README files run as they are written."""

import re

import pytest

from .test_loading import QUICKSTART, execute

ROOT = QUICKSTART.parents[1]
SEEN = "print([answer.request.prompt, len(cats), scored])"
SHOWN = {
    "README.md": (
        "Introduce Hangzhou in one sentence",
        {"sentiment": ["positive", "negative", "positive"], "stars": [4, 2, 5]},
    ),
    "README.zh-CN.md": (
        "用一句话介绍 杭州",
        {"情感": ["好评", "差评", "好评"], "分数": [4, 2, 4]},
    ),
}


def cells(name):
    page = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", page, re.DOTALL)


def test_the_cells_of_both_files_run_and_show_what_their_pictures_show(monkeypatch):
    monkeypatch.setenv("ERNIE_EMULATOR_LATENCY", "0")
    notebook = execute([cell for name in SHOWN for cell in (*cells(name), SEEN)])
    seen = [cell.outputs[0].text for cell in notebook.cells if cell.source == SEEN]
    for printed, (asked, columns) in zip(seen, SHOWN.values(), strict=True):
        prompt, pictures, rows = eval(printed)
        assert (prompt, pictures) == (asked, 2)
        assert {name: [row[name] for row in rows] for name in columns} == columns


@pytest.mark.parametrize("name", SHOWN)
def test_every_picture_of_an_output_follows_a_cell(name):
    page = (ROOT / name).read_text(encoding="utf-8")
    section = page.split("\n## ")[2]
    kinds = re.findall(r"^(```python|!\[)", section, re.MULTILINE)
    assert kinds.count("![") == 4
    assert "![![" not in "".join(kinds)
