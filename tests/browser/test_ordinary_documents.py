"""Ordinary answers read well in JupyterLab, in both themes: formulas typeset, code coloured, tables
and task lists drawn, prices left alone.
"""

import os
from pathlib import Path

import pytest

from tests.ordinary_documents import DOCUMENTS

from . import audit
from .answers import OUTPUT, cells_of

pytestmark = pytest.mark.browser

SEEN = r"""output => ({
    formulas: output.querySelectorAll('mjx-container').length,
    errors: [...output.querySelectorAll('mjx-merror')].map(e => e.textContent),
    tables: output.querySelectorAll('table:not(.ernie-facts)').length,
    boxes: output.querySelectorAll('input[type=checkbox]').length,
    links: output.querySelectorAll('a[href]').length,
    colours: [...output.querySelectorAll('pre span')].filter(e => e.textContent.trim() && getComputedStyle(e).color !== getComputedStyle(e.closest('pre')).color).length,
    text: output.textContent,
})"""


def drawn(open_notebook, page, write_trusted, theme):
    nb = open_notebook.again(write_trusted(cells_of([one.text for one in DOCUMENTS])))
    nb.command("apputils:change-theme", {"theme": f"JupyterLab {theme}"})
    outputs = page.locator(OUTPUT)
    outputs.locator("mjx-container").first.wait_for()
    page.evaluate(audit.SETTLED)
    return outputs


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_ordinary_answers_read_well(open_notebook, page, write_trusted, theme):
    try:
        outputs = drawn(open_notebook, page, write_trusted, theme)
        if folder := os.environ.get("PICTURES_OF_ORDINARY"):
            for place, one in enumerate(DOCUMENTS):
                outputs.nth(place).screenshot(
                    path=Path(folder) / f"{place:02}-{one.name.replace(' ', '-')}-{theme}.png"
                )
        wrong = []
        for place, one in enumerate(DOCUMENTS):
            output = outputs.nth(place)
            seen = output.evaluate(SEEN)
            wanted = {
                "formulas": one.formulas,
                "errors": [],
                "tables": one.tables,
                "boxes": one.boxes,
            }
            wrong += [
                (one.name, name, seen[name], value)
                for name, value in wanted.items()
                if seen[name] != value
            ]
            wrong += [
                (one.name, name, count)
                for name, count in one.elements.items()
                if output.locator(name).count() < count
            ]
            wrong += (
                [(one.name, "coloured", seen["colours"])] if seen["colours"] < one.coloured else []
            )
            wrong += [(one.name, "links", seen["links"])] if seen["links"] < one.links else []
            wrong += [
                (one.name, "not shown", words) for words in one.shown if words not in seen["text"]
            ]
            wrong += [(one.name, "shown", words) for words in one.absent if words in seen["text"]]
        assert not wrong, "\n".join(map(repr, wrong))
    finally:
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
            "JupyterLab Light",
        )
