"""The prebuilt extension that highlights prompts is small, complete, and built from its source."""

import hashlib
import json
from pathlib import Path

import ernie_magic

FOLDER = Path(ernie_magic.__file__).parent / "notebook" / "labextension"
BUILT = FOLDER / "built"
MANIFEST = json.loads((BUILT / "package.json").read_text(encoding="utf-8"))
MAX_BYTES = 50_000


def test_it_was_built_from_the_source_beside_it():
    # After a change: npm install, in that folder.
    source = hashlib.sha256()
    for name in ("prompt_cells.js", "webpack.config.js"):
        source.update((FOLDER / name).read_bytes().replace(b"\r\n", b"\n"))
    assert MANIFEST["sourceHash"] == source.hexdigest()
    assert MANIFEST["version"] == ernie_magic.__version__


def test_all_that_a_page_loads_is_there_and_small():
    entry = MANIFEST["jupyterlab"]["_build"]["load"]
    assert (BUILT / entry).is_file()
    files = [path for path in BUILT.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MAX_BYTES
    # It runs in the page's own CodeMirror: a second one would not understand the first one's state.
    assert {"@codemirror/language", "@codemirror/state", "@lezer/common"} <= {
        *MANIFEST["dependencies"]
    }


def test_it_goes_where_jupyterlab_looks():
    project = (FOLDER.parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    target = f"share/jupyter/labextensions/{MANIFEST['name']}"
    assert f'"ernie_magic/notebook/labextension/built" = "{target}"' in project
    assert f'"{target}/install.json"' in project
