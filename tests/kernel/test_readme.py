"""The README's notebook cells run as they are written."""

import re

from .test_loading import QUICKSTART, execute

README = (QUICKSTART.parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_readme_s_cells_run():
    cells = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(cells) == 3
    notebook = execute([*cells, "print(answer.request.prompt, len(cats))"])
    assert notebook.cells[-1].outputs[0].text == "用一句话介绍 杭州 2\n"
