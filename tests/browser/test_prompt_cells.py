"""Prompts look like Markdown, and not like Python, in JupyterLab and Notebook 7."""

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOKEN = ".cm-content span"
PROMPT = "# Heading\n**bold** and for x in print(y)"
PYTHON = "for x in [1]:\n    print(x)  # **bold**"
CELLS = [
    f"%%ernie -m ernie-4.5 --temperature 0.3\n{PROMPT}",
    nbformat.v4.new_markdown_cell(PROMPT),
    PYTHON,
    f"%%ernie_image -n 2\n{PROMPT}",
    f"%%ernie_map df --to a\n{PROMPT}",
    f"%%time\n%%ernie_embed\n{PROMPT}",
    f"%%bash\n{PROMPT}",
]


def tokens(cell):
    """The text and the classes of each token; a magic's name is none of the prompt's."""
    found = cell.locator(TOKEN).evaluate_all(
        "spans => spans.map(span => [span.textContent, span.className])"
    )
    return [token for token in found if not token[0].startswith("%%")]


@pytest.mark.parametrize("front", ["open_notebook", "open_in_notebook7"])
def test_a_prompt_has_the_tokens_of_a_markdown_cell(front, request):
    nb = request.getfixturevalue(front)(CELLS)
    nb.select(1)
    nb.command("notebook:enter-edit-mode")  # a Markdown cell shows its source
    expect(nb.cells.nth(1).locator(TOKEN)).to_have_count(5)  # parsed to its end
    markdown = tokens(nb.cells.nth(1))
    assert [text for text, _ in markdown] == ["#", " Heading", "**", "bold", "**"]
    for prompt in (0, 3, 4, 5):
        expect(nb.cells.nth(prompt).locator(TOKEN)).to_have_count(6)  # and the magic's name
        assert tokens(nb.cells.nth(prompt)) == markdown
    for text in ("Heading", "bold"):
        element = nb.cells.nth(0).locator(TOKEN, has_text=text)
        assert element.evaluate("e => getComputedStyle(e).fontWeight") == "700"

    python = tokens(nb.cells.nth(2))
    assert {"for", "in", "# **bold**"} <= {text for text, _ in python}
    assert not {"**", "bold"} & {text for text, _ in python}
    assert {"# Heading"} <= {text for text, _ in tokens(nb.cells.nth(6))}  # a comment

    editor = nb.cells.nth(2).locator(".cm-content")
    editor.click()
    nb.page.keyboard.press("ControlOrMeta+Home")
    nb.page.keyboard.type("%%ernie\n")
    expect(editor.get_by_text("bold", exact=True)).to_be_visible()
    for _ in "%%ernie\n":
        nb.page.keyboard.press("Backspace")
    expect(editor.get_by_text("# **bold**", exact=True)).to_be_visible()
    assert tokens(nb.cells.nth(2)) == python
    nb.picture(f"prompt-cells-{front}")
