"""No document takes over the page: in JupyterLab, Notebook 7 and nbconvert's HTML, trusted.

The notebook is written with its outputs and signed, so that the page trusts it like the outputs of
a session. This is what a person opens the next morning: no cell runs.
"""

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jupyter_server_mathjax
import nbformat
import pytest
from nbconvert import HTMLExporter

from tests.hostile_documents import DOCUMENTS, random_documents

from . import audit
from .answers import OUTPUT, SENTINEL, cells_of, in_parts

pytestmark = pytest.mark.browser

TRUSTED = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .every(cell => cell.model.type !== 'code' || cell.model.trusted)"""
SENTINELS = r"""() => [...document.querySelectorAll('.jp-MarkdownCell .jp-MarkdownOutput, .text_cell_render')].map(one =>
    [...one.querySelectorAll('mjx-math')].map(m => m.outerHTML.replace(/ data-[a-z-]+="[^"]*"/g, '')).join() + one.textContent)"""
HAND_MADE = [text for _, text in DOCUMENTS]


def texts_of(documents):
    return [text for _, text in documents]


@dataclass
class Seen:
    """What a page shows and did."""

    hits: list  # scripts that ran, dialogs, new pages
    asked: list  # addresses outside its own server
    found: list  # (document, forbidden content of its output)
    around: dict  # the page around the outputs
    own: list  # the user's own cells


def look(page, home, open_, texts, selector=OUTPUT, own=audit.OWN, together=1):
    """What a page of these texts shows, opened by `open_`, that many together in `selector`."""
    parts = in_parts(texts, together)
    with audit.listening(page, home) as listener:
        open_(texts)
        page.locator(selector).nth(len(parts) - 1).wait_for(state="attached")
        page.evaluate(audit.SETTLED)
        count, found = audit.outputs(page, selector, own)
        assert count == len(parts)
        named = [(parts[place], what) for place, what in found]
        around = page.evaluate(audit.AROUND)
        return Seen(listener.ran(), listener.asked, named, around, page.evaluate(SENTINELS))


def assert_harmless(look_at, texts):
    """These texts look and act like harmless ones.

    A page's own furniture comes and goes, but a document's effect repeats, so we look twice.
    """
    wrong, around = differences(look_at, texts)
    if around:
        again, around_again = differences(look_at, texts)
        wrong, around = [*wrong, *again], [one for one in around if one in around_again]
    assert not [*wrong, *around], "\n".join([*wrong, *around][:200])


def differences(look_at, texts):
    """What these texts did, and what differs around them, in words."""
    plain, seen = look_at(["harmless $x$"] * len(texts)), look_at(texts)
    assert (plain.found, plain.hits, len(plain.own)) == ([], [], 2)
    wrong = [f"{what}   from {text!r}" for text, what in seen.found]
    wrong += [f"ran: {what}" for what in seen.hits]
    wrong += [f"asked for: {url}" for url in sorted({*seen.asked} - {*plain.asked})]
    wrong += [
        f"the user's own cell: {now}"
        for now, before in zip(seen.own, plain.own, strict=True)
        if now != before
    ]
    lines, plain_lines = seen.around.pop("lines"), plain.around.pop("lines")
    around = [f"new around: {line}" for line in lines if line not in plain_lines]
    around += [f"gone around: {line}" for line in plain_lines if line not in lines]
    around += [
        f"{name}: {value}" for name, value in seen.around.items() if value != plain.around[name]
    ]
    return wrong, around


# --- JupyterLab and Notebook 7 --------------------------------------------------------------------


@pytest.fixture
def in_jupyterlab(open_notebook, page, lab, write_trusted):
    """look_at(texts): what they do and show in JupyterLab."""

    def open_(texts):
        open_notebook.close()
        nb = open_notebook.again(write_trusted(cells_of(texts)))
        assert page.evaluate(TRUSTED)
        nb.panel.locator(".jp-MarkdownOutput mjx-container").nth(3).wait_for()

    return lambda texts: look(page, lab.url, open_, texts)


@pytest.fixture
def in_notebook7(browser, lab, write_trusted):
    """look_at(texts): what they do and show in Notebook 7."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")

    def look_at(texts):
        page = context.new_page()
        page.add_init_script(audit.HIT)

        def open_(texts):
            page.goto(f"{lab.url}notebooks/{write_trusted(cells_of(texts))}?token={lab.token}")
            page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
            page.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext.isReady")
            page.locator(".jp-MarkdownOutput mjx-container").nth(3).wait_for()
            assert page.evaluate(TRUSTED)

        seen = look(page, lab.url, open_, texts)
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        page.close()
        return seen

    yield look_at
    context.close()


def test_in_jupyterlab(in_jupyterlab):
    assert_harmless(in_jupyterlab, HAND_MADE + texts_of(random_documents(300)))


def test_in_notebook7(in_notebook7):
    assert_harmless(in_notebook7, HAND_MADE[::5])


@pytest.mark.slow
def test_all_hand_made_ones_in_notebook7(in_notebook7):
    assert_harmless(in_notebook7, HAND_MADE + texts_of(random_documents(300)))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_20_000_random_ones_in_jupyterlab(in_jupyterlab, part):
    assert_harmless(in_jupyterlab, texts_of(random_documents(1000, seed=100 + part)))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_20_000_random_ones_in_notebook7(in_notebook7, part):
    assert_harmless(in_notebook7, texts_of(random_documents(1000, seed=200 + part)))


# --- nbconvert ------------------------------------------------------------------------------------

# a local copy: nbconvert's pages load MathJax 2 from a CDN
MATHJAX = "https://mathjax.example/"
MATHJAX_FILES = Path(jupyter_server_mathjax.__file__).parent / "static"
# MathJax 2 keeps the sources of formulas in script elements, and MathML for screen readers beside
# its drawings.
OF_MATHJAX = {
    "script[type^='math/']",
    ".MathJax_Preview",
    ".MathJax_Error",
    ".MathJax_SVG",
    ".MathJax",
    ".MathJax_Display",
    ".MathJax_SVG_Display",
}


@contextmanager
def page_of_html(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(audit.HIT)
    try:
        yield page
    finally:
        context.close()


@pytest.fixture(params=["lab", pytest.param("classic", marks=pytest.mark.slow)])
def in_html(browser, tmp_path, request):
    """look_at(texts): what they do and show in nbconvert's HTML, once formulas are drawn."""
    exporter = HTMLExporter(
        template_name=request.param,
        mathjax_url=f"{MATHJAX}MathJax.js?config=TeX-AMS-MML_HTMLorMML-full,Safe",
    )
    selector = {"lab": ".jp-OutputArea-output", "classic": ".output_subarea"}[request.param]
    own = {**audit.OWN, "ignored": [*audit.OWN["ignored"], *OF_MATHJAX]}

    with page_of_html(browser) as page:

        def serve(route):
            file = MATHJAX_FILES / route.request.url.removeprefix(MATHJAX).split("?")[0]
            route.fulfill(path=file) if file.is_file() else route.fulfill(status=404)

        def open_(texts):
            page.route(f"{MATHJAX}**", serve)
            html, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=cells_of(texts)))
            file = tmp_path / "page.html"
            file.write_text(html, encoding="utf-8")
            page.goto(file.as_uri(), wait_until="domcontentloaded")
            page.wait_for_function("window.MathJax?.Hub?.queue")
            page.evaluate("() => new Promise(drawn => MathJax.Hub.Queue(drawn))")

        yield lambda texts: look(page, (MATHJAX, tmp_path.as_uri()), open_, texts, selector, own)


def test_in_the_html_that_nbconvert_makes(in_html):
    assert_harmless(in_html, HAND_MADE)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_20_000_random_ones_in_the_html_that_nbconvert_makes(in_html, part):
    assert_harmless(in_html, texts_of(random_documents(1000, seed=300 + part)))


# --- the panel ------------------------------------------------------------------------------------

FILL = """import json
from ernie_magic.calls.chat.history import Turn
from ernie_magic.api.requests import chat_request
from ernie_magic.api.results import Answer
request = chat_request([{'role': 'user', 'content': '你好'}], model='ernie-3.5-8k', given={})
for text in json.load(open(NAME, encoding='utf-8')):
    ernie.history.append(Turn(text, Answer(text=text, request=request, model='ernie-3.5-8k', reasoning=text)))"""
# every turn is visible and drawn
WHOLE = """.ernie-panel, .ernie-panel *:has(.ernie-log), .ernie-log {
    max-height: none !important; height: auto !important; overflow: visible !important; }"""


@pytest.fixture
def in_a_panel(open_notebook, page, lab):
    """look_at(texts): what they do and show in a panel's transcript; `saved`: without its kernel."""

    def open_(texts, *, saved):
        open_notebook.close()
        file = lab.root / "documents.json"
        file.write_text(json.dumps(texts), encoding="utf-8")
        nb = open_notebook(
            [
                nbformat.v4.new_markdown_cell(SENTINEL),
                f"%load_ext ernie_magic\n{FILL.replace('NAME', repr(file.name))}",
                "%ernie panel chat",
                nbformat.v4.new_markdown_cell(SENTINEL),
            ]
        )
        page.add_style_tag(content=WHOLE)
        nb.run(1, 2)
        nb.panel.locator(".ernie-turn").nth(len(texts) - 1).wait_for(state="attached")
        page.wait_for_function(
            "count => document.querySelectorAll('.ernie-block > *').length >= count", arg=len(texts)
        )
        if saved:
            nb.save()
            open_notebook.close()
            open_notebook.again(nb.name)

    def look_at(texts, *, saved=False):
        selector = f"{OUTPUT}:has(.ernie-saved):has(blockquote)" if saved else ".ernie-answered"
        return look(
            page,
            lab.url,
            lambda texts: open_(texts, saved=saved),
            texts,
            selector,
            PANEL,
            10 if saved else 1,
        )

    return look_at


PANEL = {
    **audit.OWN,
    "ignored": [
        *audit.OWN["ignored"],
        ".ernie-saved",
        ".ernie-who",
        ".ernie-actions *",
        ".ernie-thought > div",
        ".ernie-footer > *",
        ".ernie-block",
        ".ernie-block > .jp-RenderedHTMLCommon",
    ],
}


def test_in_a_panel_while_it_lives(in_a_panel):
    assert_harmless(in_a_panel, HAND_MADE[::15])


def test_in_a_panel_that_is_opened_again_without_its_kernel(in_a_panel):
    assert_harmless(lambda texts: in_a_panel(texts, saved=True), HAND_MADE[1::15])


@pytest.mark.slow
@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("part", range(4))
def test_all_of_them_in_a_panel(in_a_panel, part, saved):
    texts = HAND_MADE + texts_of(random_documents(200, seed=3))
    assert_harmless(lambda some: in_a_panel(some, saved=saved), texts[part::4])
