"""Whatever a model writes, only allowed HTML comes out. tests/browser shows the same documents in
real pages.
"""

from types import MethodType

import pytest
from linkify_it import LinkifyIt
from markdown_it.parser_inline import ParserInline

from ernie_magic.text import markdown
from ernie_magic.text.grammar import markdown_parser
from tests.hostile_documents import DOCUMENTS, random_documents
from tests.html_check import violations
from tests.shapes import SHAPES


def wrong(documents):
    made = [(text, violations(markdown.to_html(text))) for _, text in documents]
    return [(text, found) for text, found in made if found]


def test_the_collection_is_large_and_no_document_is_there_twice():
    assert len({text for _, text in DOCUMENTS}) == len(DOCUMENTS) >= 150
    assert random_documents(50) == random_documents(50)


def test_the_check_sees_what_may_not_be():
    assert (
        violations(
            "<p class='highlight'>a <a href='https://a.b' rel='noopener noreferrer "
            "nofollow'>b</a></p>"
        )
        == []
    )
    for active in (
        "<img src=x>",
        "<p onclick=x>",
        "<a href='javascript:x' rel='noopener noreferrer nofollow'>",
        "<p id=x>",
        "<a href='https://a.b'>",
        "<p style='color:red'>",
        "<p class=jp-Dialog>",
        "<svg>",
        "<!-- x -->",
        "<input>",
        "<a href=/api rel='noopener noreferrer nofollow'>",
        "<p data-commandlinker-command=x>",
    ):
        assert violations(active), active


def test_hand_made_documents():
    assert wrong(DOCUMENTS) == []


def test_random_documents():
    assert wrong(random_documents(2000)) == []


@pytest.mark.slow
def test_20_000_random_documents():
    assert wrong(random_documents(20_000, seed=1)) == []


def test_what_the_parser_skips_for_speed_changes_no_document(monkeypatch):
    # It stops at fewer characters than markdown-it-py's own, and looks for addresses in fewer texts.
    parser = markdown_parser()
    if not hasattr(ParserInline(), "terminator_re"):
        pytest.skip("this markdown-it-py has no such rule, and ours changes nothing")
    texts = [text for _, text in DOCUMENTS] + [make(400) for make in SHAPES.values()]
    rendered = [parser.render(text) for text in texts]
    monkeypatch.setattr(parser.inline, "terminator_re", ParserInline().terminator_re)
    monkeypatch.setattr(parser.linkify, "pretest", MethodType(LinkifyIt.pretest, parser.linkify))
    assert [parser.render(text) for text in texts] == rendered
