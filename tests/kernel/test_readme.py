"""The README's notebook cells run as they are written."""

import re

from .test_loading import QUICKSTART, execute

README = (QUICKSTART.parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_readme_s_cells_run():
    cells = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    load, ask, panel, draw, table = cells
    notebook = execute(
        [
            load,
            ask,
            panel,
            draw,
            "df = [{'评论': '好吃'}]",
            table,
            "print(answer.request.prompt, len(cats), list(out[0]))",
        ]
    )
    assert (
        notebook.cells[-1].outputs[0].text
        == "用一句话介绍 杭州 2 ['评论', '情感', '分数', 'error']\n"
    )
