"""The words of HTML that we made ourselves, for readers that show none (PDF by nbconvert)."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {
        *("p", "div", "br", "ul", "ol", "li", "table", "tr", "pre", "blockquote", "hr"),
        *("details", "summary", "figure", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6"),
    }
)
_UNSEEN = frozenset({"style", "script", "button", "svg"})
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+\n")


def words_of_html(markup: str) -> str:
    """Return the words of HTML, each block on a line of its own; a picture is its description."""
    reader = _WordReader()
    reader.feed(markup)
    reader.close()
    return _BLANK_LINES.sub("\n\n", "".join(reader.pieces)).strip()


class _WordReader(HTMLParser):
    """Collects the words that a page would show."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "img":
            self.pieces.append(f"[{dict(attrs).get('alt') or 'image'}]")
        elif tag in ("td", "th"):
            self.pieces.append("\t")
        elif tag in _BLOCKS:
            self.pieces.append("\n- " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen -= 1
        elif tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)
