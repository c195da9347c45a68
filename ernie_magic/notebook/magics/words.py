"""A magic's line as words: quotes group, and `{{expr}}` is one word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import expression_spans
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD_PART = re.compile(
    r"""(?P<plain>[^ \t\r\n'"\\]+)|(?P<blanks>[ \t\r\n]+)|\\(?P<escaped>.)|"""
    r"""'(?P<single>[^']*)'|"(?P<double>[^"\\]*(?:\\.[^"\\]*)*)\"""",
    re.DOTALL,
)
_ESCAPED = re.compile(r'\\(["\\])')
_FIRST_WORD = re.compile(r"\s*((?:[^\s\[(]|\[[^\]]*\]|\([^)]*\))*)(.*)", re.DOTALL)


def split_words(line: str) -> list[str]:
    """A magic's line as words: quotes group, and `{{a + b}}` is one word however it is spaced.

    Raises
    ------
    InvalidOption
        A quotation is not closed.
    """
    protected_expressions: list[str] = []
    pieces, copied_until = [], 0
    for start, end in expression_spans(line):
        pieces += [line[copied_until:start], f"\0{len(protected_expressions)}\0"]
        protected_expressions.append(line[start:end])
        copied_until = end
    protected = "".join([*pieces, line[copied_until:]])
    try:
        words = list(_split_quoted(protected))
    except ValueError:
        raise InvalidOption(
            Text("引号没有配对：{line}", "a quotation is not closed: {line}").fill(
                line=line.strip()
            ),
            advice=Text(
                "含空格或撇号的值请放进双引号",
                "put a value with spaces or an apostrophe in double quotes",
            ),
        ) from None
    return [_restore_expressions(word, protected_expressions) for word in words]


def _split_quoted(line: str) -> Iterator[str]:
    """What `shlex.split` gives, in linear time: that appends to a word one character at a time.

    Raises
    ------
    ValueError
        A quotation is not closed, or nothing follows the last backslash.
    """
    position, word = 0, list[str]()
    while position < len(line):
        part = _WORD_PART.match(line, position)
        if part is None:
            raise ValueError("No closing quotation")
        position = part.end()
        if part.lastgroup == "blanks":
            if word:
                yield "".join(word)
            word = []
        elif part.lastgroup == "double":
            word.append(_ESCAPED.sub(r"\1", part["double"]))
        else:
            word.append(part[part.lastgroup or 0])
    if word:
        yield "".join(word)


def first_word(line: str) -> tuple[str, str]:
    """A line's first word as written, and the rest; quotes in brackets are part of it
    (`df["评论"]`).
    """
    matched = _FIRST_WORD.match(line)
    if matched is None:
        return "", line
    return matched.group(1), matched.group(2)


def _restore_expressions(word: str, protected_expressions: list[str]) -> str:
    def restore_expression(matched: re.Match[str]) -> str:
        index = int(matched.group(1))
        if index < len(protected_expressions):
            return protected_expressions[index]
        return matched.group()

    return re.sub("\0([0-9]{1,9})\0", restore_expression, word)
