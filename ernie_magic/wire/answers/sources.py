"""What an answer was made from: the pages that a search found, wherever a service tells of them.

Services agree on no place and no names: `search_results` of Qianfan and Perplexity, `search_info`
of DashScope and Hunyuan, `web_search` with a `link` of Zhipu
(https://docs.bigmodel.cn/api-reference/模型-api/对话补全), `references` of Volcengine,
`annotations` with a `url_citation` of OpenAI and OpenRouter
(https://openrouter.ai/docs/features/web-search), `citations` of bare addresses of xAI and
Perplexity, `executed_tools` of Groq (https://console.groq.com/docs/web-search), Google's
`grounding_metadata` with a `uri`, parts of a content that are a reference (Mistral, Anthropic). So
a source is known by its structure: an object with a web address below a field whose name speaks of
search or citation.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ernie_magic.api import values
from ernie_magic.text.redact import redact_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Page = Mapping[str, Any]

MAX_PAGES = 1000  # the rest is left out
_MAX_DEPTH = 10
_ADDRESSES = ("url", "link", "uri", "href", "web_url", "page_url", "source_url", "source")
_TITLES = ("title", "name", "site_name", "siteName")
_WORDS = ("content", "snippet", "summary", "text", "cited_text")
_WEB_ADDRESS = re.compile(r"https?://\S", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
# Words in the names of fields, and of kinds of parts.
_OF_SOURCES = frozenset(
    {
        *("search", "browser", "web", "websites", "pages", "grounding"),
        *("citation", "citations", "reference", "references", "annotation", "annotations"),
        *("source", "sources", "cites", "footnotes"),
    }
)
_OF_OTHER_LINKS = frozenset(
    {
        *("image", "images", "picture", "pictures", "photo", "photos", "thumbnail", "cover"),
        *("video", "videos", "audio", "icon", "icons", "favicon", "logo", "avatar"),
        *("query", "queries", "question", "questions", "arguments"),
    }
)
# What has places of its own.
_READ_ELSEWHERE = frozenset(
    {"choices", "delta", "message", "messages", "usage", "logprobs", "tool_calls", "function_call"}
)


class SourceCollector:
    """Collects the sources of a reply, each once: a stream may repeat them in each of its chunks.

    Attributes
    ----------
    pages : list of dict
        As the service tells them, each with its address as `url`.
    """

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self._seen: set[str] = set()
        self._places: dict[str, int] = {}  # the first page with an address

    def add_chunk(
        self,
        chunk: Mapping[str, Any],
        facts: Mapping[str, Any],
        part: Mapping[str, Any],
    ) -> None:
        """Add the sources in a chunk, in its choice, and in the message or delta there."""
        listed = _find_search_results(chunk, facts)
        for result in values.as_objects(listed)[:MAX_PAGES]:
            self._add(_as_page(result) or result)
        for place in (chunk, facts, part):
            for name, value in place.items():
                # Most fields of most chunks are texts and numbers.
                if value and isinstance(value, (dict, list)) and name not in _READ_ELSEWHERE:
                    for page in _find_pages({name: value}, listed):
                        self._add(page)

    def _add(self, page: Page) -> None:
        if len(self.pages) >= MAX_PAGES:
            return
        address = str(page.get("url") or "")
        if not address:
            self._append_once(repr(page), page)
            return
        place = self._places.setdefault(address, len(self.pages))
        if place == len(self.pages) or not (_is_bare(self.pages[place]) or _is_bare(page)):
            # What names a page: its address and its place, to which a `^[2]^` in the text refers.
            self._append_once(repr((address, page.get("index"))), page)
        elif _is_bare(self.pages[place]) and not _is_bare(page):
            self._seen.add(repr((address, page.get("index"))))
            self.pages[place] = redact_values(page)

    def _append_once(self, identity: str, page: Page) -> None:
        if identity not in self._seen:
            self._seen.add(identity)
            self.pages.append(redact_values(page))


def is_source(part: Mapping[str, Any]) -> bool:
    """Whether a part of a content is a source, and nothing else."""
    if not _speaks_of_sources(values.as_name(part.get("type"))):
        return False
    return next(_find_pages([part], (), is_named=True), None) is not None


def _is_bare(page: Page) -> bool:
    """Whether only the address of a page is known."""
    return len(page) == 1 and "url" in page


def _find_search_results(chunk: Mapping[str, Any], facts: Mapping[str, Any]) -> Sequence[Any]:
    """Return what is named `search_results`: there each object is a source, whatever it has."""
    for source in (chunk, chunk.get("search_info"), facts, facts.get("search_info")):
        results = values.as_object(source).get("search_results")
        if isinstance(results, list):
            return results
    return ()


def _find_pages(
    value: object,
    known: Sequence[Any],
    depth: int = 0,
    *,
    is_named: bool = False,
) -> Iterator[Page]:
    """Iterate over the sources in an object or a list.

    Parameters
    ----------
    known
        A list that has been read.
    depth
        Of the value.
    is_named
        Whether it stands below a field whose name speaks of sources.
    """
    if value is known or depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        yield from _find_listed_pages(value, known, depth, is_named=is_named)
        return
    for name, inner in values.as_object(value).items():
        if _leads_elsewhere(name):
            continue
        speaks = _speaks_of_sources(name)
        page = _as_page(values.as_object(inner)) if is_named or speaks else None
        # Not every link beside sources is one: a mind map's is not.
        if page is not None and (speaks or "title" in page):
            yield page
        else:
            yield from _find_pages(inner, known, depth + 1, is_named=is_named or speaks)


def _find_listed_pages(
    listed: Sequence[Any],
    known: Sequence[Any],
    depth: int,
    *,
    is_named: bool,
) -> Iterator[Page]:
    for item in listed:
        if is_named and _is_web_address(item):
            yield {"url": item}
            continue
        fields = values.as_object(item)
        kind = values.as_name(fields.get("type"))
        below = is_named or _speaks_of_sources(kind)
        page = (_as_page(fields) or _as_document(fields)) if below else None
        if page is not None:
            yield page
        elif not _leads_elsewhere(kind):
            yield from _find_pages(item, known, depth + 1, is_named=below)


def _as_page(found: Mapping[str, Any]) -> Page | None:
    """Return an object with a web address as a source; None for any other, and for the link of a
    picture or a film, unless it has a title as a page has.
    """
    addresses = (found.get(name) for name in _ADDRESSES)
    address = next((text for text in addresses if _is_web_address(text)), None)
    if address is None:
        return None
    if found.get("url") == address and found.get("title"):
        return found  # as most services write it
    titles = (found.get(name) for name in _TITLES)
    title = next((text for text in titles if text and isinstance(text, str)), None)
    if title is None:
        if _leads_elsewhere(values.as_name(found.get("type"))):
            return None
        return {**found, "url": address}
    return {**found, "url": address, "title": title}


def _as_document(found: Mapping[str, Any]) -> Page | None:
    """Return an object with a title and words, such as a file without an address, as a source; None
    for any other.
    """
    if values.as_text(found.get("title")) and any(
        values.as_text(found.get(name)) for name in _WORDS
    ):
        return found
    return None


def _is_web_address(value: object) -> bool:
    """Whether a value is the address of a page."""
    return isinstance(value, str) and _WEB_ADDRESS.match(value) is not None


@lru_cache(maxsize=512)
def _words_in_name(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(name[:100]))


def _speaks_of_sources(name: str) -> bool:
    words = _words_in_name(name)
    return not words.isdisjoint(_OF_SOURCES) and words.isdisjoint(_OF_OTHER_LINKS)


def _leads_elsewhere(name: str) -> bool:
    return name in _READ_ELSEWHERE or not _words_in_name(name).isdisjoint(_OF_OTHER_LINKS)
