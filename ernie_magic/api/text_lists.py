"""Lists of texts as people write them: in JSON, as Python shows them, or otherwise."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

_PAIRS = ('""', "''", "“„”＂", "‘‚’＇")
_MARKS = "".join(_PAIRS)
_QUOTED = "|".join(f"[{marks}][^{marks}]*[{marks}]" for marks in _PAIRS)
_BARE = rf"[^\s{_MARKS}\[\](){{}},，、][^{_MARKS}\[\](){{}},，、]*"
_ITEM = re.compile(rf"\s*(?:(?P<quoted>{_QUOTED})|(?P<bare>{_BARE}))\s*(?:[,，、]|\Z)")
_BRACKETS = ("[]", "()")
# Before a small letter it may also begin a name of LaTeX's (`\nabla`, `\theta`).
_ESCAPE = re.compile(r"(?<!\\)\\([nrt])(?![a-z])")
_DOUBTFUL_ESCAPE = re.compile(r"(?<!\\)\\[nrt](?=[a-z])")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def parse_structure(text: str) -> Any:
    """Read an object or a list, as JSON or as Python shows it (`{{variable}}` in an option is its
    `str`); any other text stays as it is.

    Raises
    ------
    ValueError
        It begins as one, and is none.
    """
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip())
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise ValueError("neither JSON nor a Python literal") from None


def split_list(text: str) -> list[str]:
    """Return the texts of a list of them; any other text is one by itself: `[]`, `[1]`, `[END]`.

    A list is JSON's or Python's, several words in brackets with commas (`[a, b]`), or several
    quotations with commas (`“a”，“b”`).
    """
    return _parse_strings(text) or _split_words(text) or [text]


def split_typed_list(text: str) -> list[str]:
    r"""Return the texts of a list as a person types it: outside of JSON, `\n`, `\r` and `\t` are a
    line end and a tab, since a line cannot hold them otherwise.

    Raises
    ------
    ValueError
        A small letter follows, so that it may be another word: `\nabla`.
    """
    items = _parse_strings(text)
    if items:
        return items
    return [_unescape(item) for item in _split_words(text) or [text]]


def _unescape(text: str) -> str:
    if _DOUBTFUL_ESCAPE.search(text):
        raise ValueError("a backslash before a word")
    return _ESCAPE.sub(lambda found: _ESCAPED[found[1]], text)


def _parse_strings(text: str) -> list[str]:
    """Return the texts of a list of JSON's or Python's; none if it is not one of texts alone."""
    try:
        items = parse_structure(text)
    except ValueError:
        return []
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return items
    return []


def _split_words(text: str) -> list[str]:
    """Return the words of a list that is written with commas; none if it is not one."""
    inside = text.strip()
    is_bracketed = inside[:1] + inside[-1:] in _BRACKETS
    if is_bracketed:
        inside = inside[1:-1]
    items = list[str]()
    position = 0
    while position < len(inside):
        item = _ITEM.match(inside, position)
        if item is None or not (item["quoted"] or is_bracketed):
            return []
        items.append((item["quoted"] or "")[1:-1] or (item["bare"] or "").rstrip())
        position = item.end()
    is_list = len(items) > 1 or (is_bracketed and inside.rstrip()[-1:] in tuple(f",，、{_MARKS}"))
    return items if is_list else []
