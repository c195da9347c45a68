"""The notebooks' outputs, as they are committed.

    python -m tests.tools.notebooks

runs each notebook and keeps what GitHub's viewer can show of it, which strips a page to plain HTML,
without drawings, embedded pictures or widgets. What it could not show is replaced by a picture
taken in a real JupyterLab (`tests.tools.pictures`). What differs from run to run (times, ids, ports) is
left out, so that a new run changes only what has changed.
"""

from __future__ import annotations

import copy
import os
import re
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = tuple(sorted(FOLDER.glob("*.ipynb")))
# What a machine's user has set: keys, folders, certificates, proxies.
_PRIVATE = ("AI_STUDIO_", "QIANFAN_", "OPENAI_", "ERNIE_", "XDG_", "SSL", "LC_")
WIDGET = "application/vnd.jupyter.widget-view+json"
PNG, JPEG = "image/png", "image/jpeg"

# --- running --------------------------------------------------------------------------------------


def run(path: Path, folder: Path) -> NotebookNode:
    """Run a notebook in a folder, with a home of its own and no key; return it with outputs."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
    )
    client.execute(env=environment(folder))
    return notebook


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a kernel that finds nothing of this machine's user."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_PRIVATE) and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        "ERNIE_EMULATOR_LATENCY": "0",
        "HOME": str(folder),
        "LANG": "en_US.UTF-8",
        "LC_ALL": "en_US.UTF-8",
    }


# --- cleaning -------------------------------------------------------------------------------------

# What differs from run to run, and what stands in its place.
_VARYING = (
    (re.compile(r" · (?:<|&lt;)?\d+\.\d s\b"), ""),  # in a footer
    (re.compile(r"(?:<|&lt;)?\b\d+\.\d+ s\b"), "… s"),
    (re.compile(r"(per second\W*(?:<[^>]*>\W*)*)[\d,]+\.\d+"), r"\1…"),
    (re.compile(r"(latency|per_second)=\d+\.\d+"), r"\1=…"),
    (re.compile(r"(\b|T)\d\d:\d\d:\d\d(?=\b|Z)"), r"\1--:--:--"),
    (re.compile(r"\b(as|chatcmpl)-[0-9a-z]{8,}\b"), r"\1-…"),
    (re.compile(r"(request id</th><td>)[0-9a-f-]{36}\b"), r"\1…"),
    (re.compile(r"\b(amv?|d[gs]|job|svco|task|pt|infer|batch)-[0-9a-z]{10}\b"), r"\1-…"),
    (re.compile(r"\b[0-9a-z]{8}_(kefu)\b"), r"…_\1"),  # a deployed service's address
    (re.compile(r"(http://127\.0\.0\.1):\d+[^\s\"'<]*"), r"\1:…"),
    (re.compile(r"(?<![\d.])\d+\.\d+\.\d+(?![\d.])"), "…"),  # versions
)


def clean(notebook: NotebookNode) -> NotebookNode:
    """Leave out of a notebook what belongs to one run of it."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for count, cell in enumerate(code_cells(notebook), start=1):
        cell.metadata = {}
        cell.execution_count = count
        for output in cell.outputs:
            _clean_output(output, count)
        cell.outputs = _joined(output for output in cell.outputs if not _is_empty(output))
    return notebook


def _joined(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Join the pieces of a stream, whose number is a matter of chance."""
    joined: list[NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == "stream" and output.name == joined[-1].get("name"):
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def code_cells(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Yield the cells that run."""
    yield from (cell for cell in notebook.cells if cell.cell_type == "code")


def _clean_output(output: NotebookNode, count: int) -> None:
    if "execution_count" in output:
        output.execution_count = count
    if "metadata" in output:
        output.metadata = {}
    data = output.get("data", {})
    if JPEG in data:
        data.pop(PNG, None)  # the same picture, larger
    if "text" in output:
        output.text = without_varying(output.text)
    for kind, value in data.items():
        if isinstance(value, str) and kind.startswith("text/"):
            data[kind] = without_varying(value)


def without_varying(text: str) -> str:
    """Return a text without times, ids, ports, versions, and dates of these days."""
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    today = datetime.now().astimezone().date()
    for days in (-1, 0, 1):
        text = text.replace(str(today + timedelta(days=days)), "…")
    return text


def _is_empty(output: NotebookNode) -> bool:
    """Whether an output shows nothing: the saved form of a panel in which nothing was done."""
    data = output.get("data")
    return data is not None and not any(_has_words(value) for value in data.values())


# --- what GitHub shows ----------------------------------------------------------------------------

_STYLES = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_PICTURES = re.compile(r"<img\b[^>]* src=[\"'](?:data:|http://127\.)", re.IGNORECASE)
_DRAWINGS = re.compile(
    r"<(?:svg|script|iframe|canvas|video|audio)\b|style=\"background:(?!none)", re.IGNORECASE
)


def _has_words(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return bool(re.sub(r"<[^>]*>", "", _STYLES.sub("", value)).strip())


def needs_picture(output: NotebookNode) -> bool:
    """Whether GitHub cannot show this output: a widget, or HTML that depends on drawings, colours
    or pictures of its own. Of several forms GitHub shows HTML, if there is any.
    """
    data = output.get("data", {})
    html = data.get("text/html", "")
    return WIDGET in data or bool(_DRAWINGS.search(html) or _PICTURES.search(html))


def picture_kind(cell: NotebookNode) -> str:
    """Return the kind of picture that stands for a cell's outputs: PNG has sharp letters, JPEG is
    small where there are pictures in it.
    """
    has_pictures = any(
        _PICTURES.search(output.get("data", {}).get("text/html", "")) for output in cell.outputs
    )
    return JPEG if has_pictures else PNG


def is_shown(output: NotebookNode) -> bool:
    """Whether GitHub shows something of this output."""
    if output.output_type in ("stream", "error"):
        return True
    if needs_picture(output):
        return False
    html = output.data.get("text/html")
    if html is not None:
        return _has_words(html)
    shown = (PNG, JPEG, "text/markdown", "text/plain")
    return any(output.data.get(kind) for kind in shown)


def publish(cell: NotebookNode, picture: str = "") -> None:
    """Replace a cell's outputs by a picture of them, if GitHub could not show them.

    Parameters
    ----------
    picture
        In base64.
    """
    if not any(map(needs_picture, cell.outputs)):
        return
    plain = [output.data.get("text/plain", "") for output in cell.outputs if "data" in output]
    words = next((text for text in plain if text.strip()), "")
    data = {picture_kind(cell): picture, "text/plain": words}
    cell.outputs = [nbformat.v4.new_output("display_data", data)]


def kinds_of_run(notebook: NotebookNode) -> list[list[tuple[str, ...]]]:
    """Return the kinds of outputs that a notebook which has just run would be committed with."""
    published = clean(copy.deepcopy(notebook))
    for cell in code_cells(published):
        publish(cell)
    return kinds(code_cells(published))


def committed_kinds(path: Path) -> list[list[tuple[str, ...]]]:
    """Return the kinds of outputs that are committed."""
    return kinds(code_cells(nbformat.read(path, as_version=4)))


def kinds(cells: Iterable[NotebookNode]) -> list[list[tuple[str, ...]]]:
    """Return the kinds of each cell's outputs, which a new run must show again."""
    return [[_kind(output) for output in cell.outputs] for cell in cells]


def _kind(output: NotebookNode) -> tuple[str, ...]:
    if output.output_type == "stream":
        return ("stream", output.name)
    if output.output_type == "error":
        return ("error", output.ename)
    return (output.output_type, *sorted(output.data))


# --- the command ----------------------------------------------------------------------------------


def refresh(path: Path, *, retake: bool = False) -> None:
    """Run a notebook and write it with its outputs.

    Parameters
    ----------
    retake
        Whether all its pictures are taken anew; otherwise only those that are missing.
    """
    committed = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
    with tempfile.TemporaryDirectory() as folder:
        notebook = clean(run(path, Path(folder)))
    pictured = [cell for cell in code_cells(notebook) if any(map(needs_picture, cell.outputs))]
    known = {cell.id: _picture_of(committed[cell.id]) for cell in pictured}
    wanted = {
        cell.id: picture_kind(cell)
        for cell in pictured
        if retake or not known[cell.id] or committed[cell.id].source != cell.source
    }
    if wanted:
        from tests.tools.pictures import photograph_outputs

        known |= photograph_outputs(path, wanted, known)
    for cell in pictured:
        publish(cell, known[cell.id])
    nbformat.write(notebook, path)


def _picture_of(cell: NotebookNode) -> str:
    """Return the picture that is committed for a cell, "" if there is none."""
    data = [output.get("data", {}) for output in cell.outputs]
    found = [str(one.get(PNG) or one.get(JPEG) or "").strip() for one in data]
    return next(filter(None, found), "")


def main(names: list[str]) -> None:
    """Refresh the notebooks of these names, or all."""
    for path in NOTEBOOKS:
        if not names or path.stem in names:
            refresh(path)


if __name__ == "__main__":
    main(sys.argv[1:])
