"""What an answer was made from: passages of knowledge bases, and pages that a search found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.notebook.display.folded import MAX_CHARACTERS, MAX_ITEMS, folded_lines_html
from ernie_magic.text.language import Text, clip_text
from ernie_magic.text.sanitize import link_html, plain_html

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.api.results import Answer
    from ernie_magic.text.language import Language

_SOURCES = Text("搜索来源（{n}）", "sources ({n})")
_PASSAGES = Text("知识库来源（{n}）", "sources in knowledge bases ({n})")
_EXCERPT = 320  # characters of a passage: what an answer cites is rarely in its first line
_HEADING_MARKS = re.compile(r"^#{1,6}[ \t]+", re.MULTILINE)
_NUMBER_AT_END = re.compile(r"\d+$")
_MAX_NUMBER = 6  # digits


def sources_html(answer: Answer, language: Language) -> str:
    """What the answer was made from, folded: passages of knowledge bases by the numbers that it
    cites, and the pages that a web search found; only web addresses become links.
    """
    return _passages_html(answer, language) + _pages_html(answer, language)


def is_passage(source: Mapping[str, Any]) -> bool:
    """Whether a source is a passage of a document, which has its own number."""
    return "document_id" in source


def _passages_html(answer: Answer, language: Language) -> str:
    passages = [source for source in answer.search if is_passage(source)]
    if not passages:
        return ""
    lines = []
    for passage in passages[:MAX_ITEMS]:
        title = clip_text(str(passage.get("title") or ""), MAX_CHARACTERS)
        linked = link_html(str(passage.get("url") or ""), title)
        number = plain_html(f"[{passage.get('index')}]")
        lines.append(f"{number} {linked} · {plain_html(_excerpt(passage))}")
    total = len(passages)
    return folded_lines_html(_PASSAGES.say(language, n=total), lines, language, total)


def _excerpt(passage: Mapping[str, Any]) -> str:
    """The beginning of a passage, on one line, without the marks of headings."""
    words = _HEADING_MARKS.sub("", str(passage.get("content") or ""))
    return clip_text(" ".join(words.split()), _EXCERPT)


def source_lines(answer: Answer) -> list[str]:
    """What the answer was made from, a line each with its number: where there is no page."""
    lines = [
        f"[{source.get('index')}] {source.get('title')}: {_excerpt(source)}"
        for source in answer.search[:MAX_ITEMS]
        if is_passage(source)
    ]
    for page in _list_pages(answer)[:MAX_ITEMS]:
        named = f"{page.title} {page.address}" if page.title != page.address else page.title
        lines.append(f"{page.label} {named}")
    return [clip_text(line, MAX_CHARACTERS) for line in lines]


class _ShownPage(NamedTuple):
    """A page that a search found, and the numbers by which the answer cites it."""

    label: str
    title: str
    address: str


def _list_pages(answer: Answer) -> list[_ShownPage]:
    """Each page once, though a service may list it once for each passage."""
    pages = [source for source in answer.search if not is_passage(source)]
    numbers: dict[str, list[str]] = {}
    titles: dict[str, tuple[str, str]] = {}
    for number, page in zip(_numbers_of(pages), pages, strict=True):
        address = str(page.get("url") or "")
        title = str(page.get("title") or address)
        numbers.setdefault(address or title, []).append(f"[{number}]")
        titles.setdefault(address or title, (title, address))
    return [_ShownPage("".join(numbers[page]), *titles[page]) for page in titles]


def _numbers_of(pages: Sequence[Mapping[str, Any]]) -> list[str]:
    """The numbers by which an answer cites pages: those that the service tells (`index` of Qianfan
    and DashScope, `refer` of Zhipu), else their places, as with Perplexity's bare addresses.
    """
    told = [
        _NUMBER_AT_END.search(str(page.get("index", page.get("refer", "")))[-_MAX_NUMBER:])
        for page in pages
    ]
    numbers = [found[0] for found in told if found]
    if len(set(numbers)) == len(pages):
        return numbers
    return [str(place) for place in range(1, len(pages) + 1)]


def _pages_html(answer: Answer, language: Language) -> str:
    pages = _list_pages(answer)
    if not pages:
        return ""
    items = [
        f"{plain_html(page.label)} {link_html(page.address, clip_text(page.title, MAX_CHARACTERS))}"
        for page in pages[:MAX_ITEMS]
    ]
    total = len(pages)
    return folded_lines_html(_SOURCES.say(language, n=total), items, language, total)
