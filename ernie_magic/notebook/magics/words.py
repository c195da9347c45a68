"""A magic's line as words: quotes group, and `{{expr}}` is one word."""

from __future__ import annotations

import json
import re
from itertools import islice

from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import expression_spans
from ernie_magic.text.language import Text

YES_FLAG = "--yes"  # confirms what a line would do
# The quotes of a Chinese keyboard group only as a whole word: within one they belong to its text.
_TYPOGRAPHIC = r"(?<![^ \t\r\n])“(?P<typographic>[^“”]*)”(?=[ \t\r\n]|\Z)|"
_PLAIN = r"""(?P<plain>[^ \t\r\n'"\\]+)|(?P<blanks>[ \t\r\n]+)|'(?P<single>[^']*)'|"""
# A folder's name may end in a backslash, and no Windows path holds a double quote: the last
# character of `"C:\my cats\"` closes the quotation.
_WINDOWS_PATH = r'"(?P<path>(?:[A-Za-z]:|\.{1,2}|~|\\)[\\/][^"]*)"(?=[ \t\r\n]|\Z)|'
_WORD_PART = re.compile(
    _TYPOGRAPHIC
    + _PLAIN
    + r"""\\(?P<escaped>['"])|(?P<backslash>\\)|"""
    + _WINDOWS_PATH
    + r'"(?P<double>[^"\\]*(?:\\.[^"\\]*)*)"',
    re.DOTALL,
)
# The second reading, where the first leaves a quotation open: a backslash is only a backslash.
_LITERAL_WORD_PART = re.compile(
    _TYPOGRAPHIC + _PLAIN + r'(?P<backslash>\\)|"(?P<path>[^"]*)"(?=[ \t\r\n]|\Z)', re.DOTALL
)
_BACKSLASHES_BEFORE_QUOTE = re.compile(r'(?<!\\)(\\+)("|\Z)')
_JSON_START = re.compile(r"(?:^|[ \t=])(?=[\[{])")
_MAX_JSON_ATTEMPTS = 20  # each may cost a pass over the line
_DECODER = json.JSONDecoder()
# A file's path with blanks; what follows the quote shows that it is no expression (`"a".split()`).
_QUOTED_FIRST_WORD = re.compile(r"""\s*("[^"]*"|'[^']*')(?=\s|\Z)(.*)""", re.DOTALL)
_FIRST_WORD = re.compile(r"\s*((?:[^\s\[(]|\[[^\]]*\]|\([^)]*\))*)(.*)", re.DOTALL)


def split_words(line: str) -> list[str]:
    r"""A magic's line as words: quotes group, and `{{a + b}}` is one word however it is spaced,
    as is a JSON list or object with its quotes (`--tools [{"type": "function"}]`).

    A line is not a shell's: a backslash is a backslash (`C:\new\table`), except that `\"` within
    double quotes is a quote, and `\"` and `\'` outside them are. A word in “…” is quoted, too.

    Raises
    ------
    InvalidOption
        A quotation is not closed.
    """
    protected_expressions: list[str] = []
    pieces = []
    copied_until = 0
    for start, end in sorted([*expression_spans(line), *_json_spans(line)]):
        if start < copied_until:
            continue
        pieces += [line[copied_until:start], f"\0{len(protected_expressions)}\0"]
        protected_expressions.append(line[start:end])
        copied_until = end
    protected = "".join([*pieces, line[copied_until:]])
    words = _split_quoted(protected, _WORD_PART)
    if words is None:
        words = _split_quoted(protected, _LITERAL_WORD_PART)
    if words is None:
        raise InvalidOption(
            Text("引号没有配对：{line}", "a quotation is not closed: {line}").fill(
                line=line.strip()
            ),
            advice=Text(
                "含空格或撇号的值请放进双引号",
                "put a value with spaces or an apostrophe in double quotes",
            ),
        )
    return [_restore_expressions(word, protected_expressions) for word in words]


def _json_spans(line: str) -> list[tuple[int, int]]:
    """Where words are JSON lists or objects as an API's page writes them."""
    spans = list[tuple[int, int]]()
    copied_until = 0
    for matched in islice(_JSON_START.finditer(line), _MAX_JSON_ATTEMPTS):
        start = matched.end()
        if start < copied_until:
            continue
        try:
            _, end = _DECODER.raw_decode(line, start)
        except (ValueError, RecursionError):
            continue
        if line[end : end + 1].strip():
            continue
        spans.append((start, end))
        copied_until = end
    return spans


def _split_quoted(line: str, word_part: re.Pattern[str]) -> list[str] | None:
    """The words of a line, in linear time; None if a quotation is not closed."""
    words = list[str]()
    position = 0
    word = list[str]()
    while position < len(line):
        part = word_part.match(line, position)
        if part is None:
            return None
        position = part.end()
        if part.lastgroup == "blanks":
            if word:
                words.append("".join(word))
            word = []
        elif part.lastgroup == "double":
            word.append(_unescape_quotes(part["double"]))
        else:
            word.append(part[part.lastgroup or 0])
    if word:
        words.append("".join(word))
    return words


def _unescape_quotes(quoted: str) -> str:
    r"""What stands within double quotes, with `\"` as a quote.

    The rule of Windows programs, under which paths stay as typed: before a quote, two backslashes
    are one; all others stand for themselves ("Parsing C command-line arguments" on
    https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments).
    """
    return _BACKSLASHES_BEFORE_QUOTE.sub(
        lambda found: "\\" * (len(found[1]) // 2) + found[2], quoted
    )


def first_word(line: str) -> tuple[str, str]:
    """A line's first word, and the rest; quotes in brackets are part of it (`df["评论"]`), those
    around the whole word are not (`"my reviews.csv"`).
    """
    quoted = _QUOTED_FIRST_WORD.match(line)
    if quoted:
        return quoted.group(1)[1:-1], quoted.group(2)
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
