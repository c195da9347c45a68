"""The command that takes the pictures of README, in a process of its own as Playwright needs."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
TAKE = """
from pathlib import Path
from tests.tools import pictures
pictures.FOLDERS = {"en": Path("en"), "zh": Path("zh")}
pictures.take_readme_pictures("en", ["answer", "panel"])
"""

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_a_picture_of_an_answer_and_one_of_a_panel_are_taken(browser, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}){TAKE}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sizes = {}
    for name in ("answer", "panel"):
        with Image.open(tmp_path / "en" / f"{name}.png") as picture:
            sizes[name] = picture.size
    assert sizes["answer"][0] > 300
    assert sizes["panel"][1] > sizes["answer"][1] > 50
