"""HTML and links in a model's Markdown: what only formats stays, everything else is shown as the text it is.

A notebook trusts the outputs of its own session: a script that a model wrote into its answer would run with the user's rights.
"""

from __future__ import annotations

import html
import re

_ATTRIBUTE = r"""(?:\s+(?:align|color|colspan|rowspan|open|start|title|alt|width|height|dir|lang)(?:\s*=\s*(?:"[^"<>&]*"|'[^'<>&]*'|[\w#%.-]+))?)"""
_ADDRESS = r"""(?:\s+(?:href|src)\s*=\s*(?:"https?://[^"<>\s]*"|'https?://[^'<>\s]*'))"""
_TAGS = ("a|abbr|b|blockquote|br|caption|center|cite|code|dd|del|details|dfn|div|dl|dt|em|font|h[1-6]|hr|i|img|ins|kbd|li|mark|ol|p|pre|q|rp|rt|ruby|s|samp|small|span|strong|sub|summary|"
         "sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var")
_FORMATS = re.compile(rf"</?(?:{_TAGS})(?:{_ATTRIBUTE}|{_ADDRESS})*\s*/?>|<(?:https?://|mailto:)[^\s<>]*>|<!--(?:(?!-->)[^<])*-->", re.IGNORECASE)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_DESTINATION = re.compile(r"\]\(\s*<?([^\s)>]*)")
_DEFINITION = re.compile(r"(?m)^([ \t>]*)\[(?=[^\]\n]+\]:\s*<?([^\s>]+))")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SCHEMES = ("http", "https", "mailto", "tel", "ftp")


def tag(text: str, at: int) -> tuple[str, int]:
    """What stands for the `<` here, and where to go on: a tag that only formats as it is, any other `<` of a tag escaped."""
    if found := _FORMATS.match(text, at):
        return found.group(), found.end()
    return ("&lt;" if _TAG.match(text, at) else "<"), at + 1


def escaped(text: str) -> str:
    """Every `<` that could begin a tag, escaped: for code of which it is not sure that the page takes it for code."""
    return _TAG.sub("&lt;", text)


def in_formula(text: str) -> str:
    """The same within a formula, where a blank behind the sign changes nothing."""
    return _TAG.sub("< ", text)


def link(text: str, at: int) -> str:
    """What stands for the `](` here: a destination that is no address (`javascript:`) makes no link."""
    found = _DESTINATION.match(text, at)
    return "](" if found is None or _is_address(found.group(1)) else "]\\("


def definitions(text: str) -> str:
    """Link definitions (`[name]: address`) without those of which the address is none."""
    return _DEFINITION.sub(lambda found: found.group() if _is_address(found.group(2)) else f"{found.group(1)}\\[", text)


def _is_address(destination: str) -> bool:
    plain = re.sub(r"[\x00-\x20\\]", "", html.unescape(html.unescape(destination)))
    scheme = _SCHEME.match(plain)
    return scheme is None or scheme.group(1).lower() in _SCHEMES or plain.lower().startswith("data:image/")
