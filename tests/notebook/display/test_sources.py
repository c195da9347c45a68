"""What an answer was made from, below it: its numbers are those that the answer cites."""

import pytest

from ernie_magic.api.requests import chat_request
from ernie_magic.api.results import Answer
from ernie_magic.notebook.display import chat
from ernie_magic.notebook.display.sources import source_lines, sources_html

REQUEST = chat_request([{"role": "user", "content": "hi"}], model="ernie-3.5-8k", given={})


def answer(**given):
    return Answer("**hi**", REQUEST, model="m", service="aistudio", finish_reason="stop", **given)


def test_only_web_addresses_of_a_search_become_links_and_many_are_counted():
    found = [{"url": "https://a.b/1", "title": "one"}, {"url": "javascript:x", "title": "two"}]
    shown = sources_html(answer(search=tuple(found)), "en")
    assert shown.count("<a ") == 1
    assert "sources (2)" in shown
    pages = tuple({"url": f"https://a.b/{i}", "title": "one"} for i in range(60))
    many = sources_html(answer(search=pages), "en")
    assert many.count("<a ") == 50
    assert "… and 10 more" in many


@pytest.mark.parametrize(
    ("found", "count"),
    [
        ([{"url": "https://a.b/1", "title": "one"}] * 19, 1),
        ([{"url": "https://a.b/1", "title": "one", "index": i} for i in range(3)], 1),
        ([{"url": "https://a.b/1"}, {"url": "https://a.b/2"}, {"url": "https://a.b/1"}], 2),
        ([{"title": "one"}, {"title": "two"}, {"title": "one"}], 2),
        ([{"url": None}, {}], 1),
    ],
)
def test_each_page_of_a_search_is_listed_once(found, count):
    shown = sources_html(answer(search=tuple(found)), "en")
    assert f"sources ({count})" in shown
    assert shown.count("<br>") == count - 1


PASSAGE = {"index": 2, "title": "a.txt", "content": "# Closed\non Mondays.", "document_id": "d"}


def test_passages_keep_the_numbers_that_the_answer_cites_and_hostile_ones_stay_text():
    hostile = {
        **PASSAGE,
        "index": "<b>3</b>",
        "title": "<img src=x onerror=alert(1)>",
        "url": "javascript:alert(1)",
        "content": "<script>alert(1)</script> \x1b[31m $x$ " + "long " * 100,
    }
    page = {"index": 1, "title": "page", "url": "https://example.com"}
    # Two passages of one document are two sources: each has a number of its own.
    found = answer(search=(PASSAGE, {**PASSAGE, "index": 5}, hostile, page))
    shown = sources_html(found, "en")
    assert "sources in knowledge bases (3)" in shown
    assert "sources (1)" in shown
    assert "[2] a.txt · Closed on Mondays." in shown
    assert "[5] a.txt" in shown
    for active in ("<img", "<script", "<b>", "javascript:"):
        assert active not in shown
    plain = chat.mime_bundle(found, "en")[0]["text/plain"]
    assert "\n[2] a.txt: Closed on Mondays.\n[5] a.txt" in plain
    assert "[1] page https://example.com" in plain


A, B = ({"url": f"https://{name}.cn", "title": name} for name in "ab")


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        ([{**A, "index": 1}, {**B, "index": 2}], ["[1] a https://a.cn", "[2] b https://b.cn"]),
        ([{**A, "index": "2"}, {**B, "index": "1"}], ["[2] a https://a.cn", "[1] b https://b.cn"]),
        (
            [{**A, "refer": "ref_3"}, {**B, "refer": "ref_4"}],
            ["[3] a https://a.cn", "[4] b https://b.cn"],
        ),
        ([A, B], ["[1] a https://a.cn", "[2] b https://b.cn"]),
        ([{**A, "index": 1}, {**B, "index": 1}], ["[1] a https://a.cn", "[2] b https://b.cn"]),
        ([{**A, "index": None}, {**B, "index": [9]}], ["[1] a https://a.cn", "[2] b https://b.cn"]),
        ([A, B, A], ["[1][3] a https://a.cn", "[2] b https://b.cn"]),
        ([{"url": "https://a.cn"}], ["[1] https://a.cn"]),
    ],
    ids=range(8),
)
def test_a_page_has_the_numbers_by_which_the_answer_cites_it(found, lines):
    cited = answer(search=tuple(found))
    assert source_lines(cited) == lines
    shown = sources_html(cited, "en")
    assert all(line.split(" ")[0] in shown for line in lines)
