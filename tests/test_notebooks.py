"""The notebooks as they are committed: what GitHub shows of them, without a kernel."""

import base64
import io
import re

import nbformat
import pytest
from PIL import Image

from ernie_magic.api.catalogue import CATALOGUE
from tests.tools import notebooks

BOOKS = {path.stem: nbformat.read(path, as_version=4) for path in notebooks.NOTEBOOKS}
each_notebook = pytest.mark.parametrize("name", BOOKS)
# A model's id, not the first part of a longer one.
RETIRED = {
    name: re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", re.IGNORECASE)
    for model in CATALOGUE
    if model.retired
    for name in (model.id, *model.names)
}


def code(name):
    return list(notebooks.code_cells(BOOKS[name]))


def outputs(name):
    return [output for cell in code(name) for output in cell.outputs]


@each_notebook
def test_github_shows_every_output(name):
    assert outputs(name)
    assert [output for output in outputs(name) if not notebooks.is_shown(output)] == []


@each_notebook
def test_only_cells_that_have_nothing_to_say_are_without_output(name):
    silent = [cell.source for cell in code(name) if not cell.outputs]
    last_lines = [source.splitlines()[-1] for source in silent]
    assert all(
        line.startswith(("%load_ext ", "city = ", "reviews = ", "    return "))
        for line in last_lines
    ), last_lines


@each_notebook
def test_no_cell_has_failed_and_none_warns(name):
    assert [output for output in outputs(name) if output.output_type == "error"] == []
    assert [output for output in outputs(name) if output.get("name") == "stderr"] == []


@each_notebook
def test_no_cell_asks_a_retired_model_or_directs_the_emulator(name):
    for cell in code(name):
        assert "[[" not in re.sub(r"\w\[\[", "", cell.source), cell.source
        assert [id_ for id_, found in RETIRED.items() if found.search(cell.source)] == []


@each_notebook
def test_nothing_of_the_run_is_left_in_a_notebook(name):
    text = nbformat.writes(BOOKS[name])
    assert notebooks.without_varying(text) == text
    assert not re.search(r"/(?:tmp|root|home|etc|usr)/|ipykernel_\d", text)
    assert all(cell.metadata == {} for cell in BOOKS[name].cells)
    counts = [cell.execution_count for cell in code(name)]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_every_picture_is_one_and_a_notebook_stays_small(name):
    pictures = [
        data
        for output in outputs(name)
        for kind, data in output.get("data", {}).items()
        if kind.startswith("image/")
    ]
    for data in pictures:
        assert Image.open(io.BytesIO(base64.b64decode(data))).width >= 100
    assert len(nbformat.writes(BOOKS[name])) <= 1_500_000


@each_notebook
def test_a_notebook_leads_on_to_others(name):
    last = BOOKS[name].cells[-1].source
    linked = re.findall(r"\]\((\w+)\.ipynb\)", last)
    assert linked
    assert set(linked) <= BOOKS.keys() - {name}


def test_the_quickstart_ends_with_a_picture_a_table_and_a_panel_and_leads_to_every_other():
    sources = [cell.source for cell in code("quickstart")]
    firsts = [source.split()[0] for source in sources]
    picture, table, panel = (
        firsts.index("%%ernie_image"),
        firsts.index("%%ernie_map"),
        sources.index("%ernie panel"),
    )
    assert picture < table < panel
    last = BOOKS["quickstart"].cells[-1].source
    assert set(re.findall(r"\]\((\w+)\.ipynb\)", last)) == BOOKS.keys() - {"quickstart"}


def test_each_panel_has_its_picture():
    panels = [cell for cell in code("panels") if "panel" in cell.source and cell.outputs]
    assert len(panels) == 3
    for cell in panels:
        (output,) = cell.outputs
        assert notebooks.PNG in output.data


def shown(name, beginning):
    (cell,) = [cell for cell in code(name) if cell.source.startswith(beginning)]
    return "".join(str(output.get("data", {}).get("text/plain", "")) for output in cell.outputs)


def test_the_scores_of_the_table_are_such_as_a_reader_believes():
    lines = shown("tables", "scored.groupby").splitlines()
    means = [float(found[0]) for line in lines if (found := re.findall(r"\d\.\d+", line))]
    assert len(set(means)) >= 3
    table = shown("tables", "scored[[")
    assert "上菜太慢，等了四十分钟" in table
    row = next(line for line in table.splitlines() if "上菜太慢" in line)
    assert "差评" in row


# --- what the command leaves out ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "is_static"),
    [
        ("<p>text</p>", True),
        ("<details><summary>a</summary>b</details>", True),
        ('<table><tr><td style="color:red">1</td></tr></table>', True),
        ('<svg viewBox="0 0 1 1"></svg>', False),
        ('<img src="data:image/png;base64,AAAA">', False),
        ('<tr style="background:none"><td>a heading</td></tr>', True),
        ("<iframe></iframe>", False),
        ('<td style="background:rgb(8,48,107)">1.00</td>', False),
        ('<img alt="a cat" src="http://127.0.0.1:…">', False),
        ("<p>a story about &lt;svg&gt;</p>", True),
    ],
)
def test_html_that_github_would_strip_needs_a_picture(html, is_static):
    output = nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": "x"})
    assert notebooks.needs_picture(output) is not is_static
    assert notebooks.is_shown(output) is is_static


def test_a_widget_is_replaced_by_its_picture_and_its_kind_is_told():
    cell = nbformat.v4.new_code_cell("%ernie panel")
    widget = nbformat.v4.new_output("display_data", {notebooks.WIDGET: {}, "text/plain": "Panel"})
    saved = nbformat.v4.new_output("display_data", {"text/html": "<b>saved</b>", "text/plain": ""})
    cell.outputs = [widget, saved]
    notebooks.publish(cell, "UE5H")
    assert notebooks.kinds([cell]) == [[("display_data", "image/png", "text/plain")]]
    assert cell.outputs[0].data == {"image/png": "UE5H", "text/plain": "Panel"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("128 tokens · 0.4 s · normal", "128 tokens · normal"),
        ("<code>0.02 s</code>", "<code>… s</code>"),
        ("http://127.0.0.1:40123/x.png?seed=1&signature=ab", "http://127.0.0.1:…"),
        ("tokens per second: <code>650.1</code>", "tokens per second: <code>…</code>"),
        ("id as-0123456789ab here", "id as-… here"),
        ("job-zzbo1ntnd6 of am-v7wqpltwkv", "job-… of am-…"),
        ("the endpoint dupesral_kefu", "the endpoint …_kefu"),
        ("20:58:47  hello", "--:--:--  hello"),
        ("on 2025-01-31T20:58:47Z", "on 2025-01-31T--:--:--Z"),
        ("ipython 9.18.1, httpx", "ipython …, httpx"),
        ("temperature 3.0 is out of range", "temperature 3.0 is out of range"),
    ],
)
def test_times_ids_and_ports_are_left_out(text, left):
    assert notebooks.without_varying(text) == left
