"""A magic's line as words: quotes group, and `{{expr}}` is one word."""

from __future__ import annotations

import ast
import json
import re
from itertools import islice

from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import expression_spans
from ernie_magic.text.blanks import WIDE_BLANKS
from ernie_magic.text.language import Text

YES_FLAG = "--yes"  # confirms what a line would do
_BLANK = r"[ \t\r\n]"
# They separate words only beside an option, another blank, or the line's end.
_WIDE_BLANK = f"[{WIDE_BLANKS}]"
_SEPARATOR = re.compile(rf"{_BLANK}+|{_WIDE_BLANK}+(?=--[A-Za-z]|{_BLANK}|\Z)")
_OPTION_BEFORE_WIDE_BLANK = re.compile(rf"(--?[A-Za-z][\w-]*){_WIDE_BLANK}+")
_QUOTES = "\"'"
_ESCAPED = ('\\"', "\\'")
# They group only as a whole word: within one they belong to its text.
_END = rf"(?={_BLANK}|{_WIDE_BLANK}|\Z)"
_MARKS = "“”„＂"
_SINGLE_MARKS = "‘’‚＇"
_TYPOGRAPHIC = (
    rf"[{_MARKS}](?P<typographic>[^{_MARKS}]*)[{_MARKS}]{_END}"
    rf"|[{_SINGLE_MARKS}](?P<typographic_single>[^{_SINGLE_MARKS}]*"
    rf"(?:(?<=\w)’(?=\w)[^{_SINGLE_MARKS}]*)*)[{_SINGLE_MARKS}]{_END}|"
)
_APOSTROPHE = r"(?<=\w)'(?=\w)|\\'(?=\w)|''"
_SINGLE = rf"'(?P<single>[^'\\]*(?:(?:{_APOSTROPHE}|\\(?!'\w))[^'\\]*)*)'"
# A folder's name may end in a backslash, and no Windows path holds a double quote: the last
# character of `"C:\my cats\"` closes the quotation.
_WINDOWS_PATH = rf'"(?P<path>(?:[A-Za-z]:|\.{{1,2}}|~|\\)[\\/][^"]*)"(?={_BLANK}|\Z)|'
_QUOTATION = re.compile(
    _TYPOGRAPHIC + _WINDOWS_PATH + r'"(?P<double>[^"\\]*(?:(?:\\.|"")[^"\\]*)*)"|' + _SINGLE,
    re.DOTALL,
)
# The second reading, where the first leaves a quotation open: a backslash is only a backslash.
_LITERAL_QUOTATION = re.compile(
    _TYPOGRAPHIC + rf'"(?P<path>[^"]*)"(?={_BLANK}|\Z)|' + _SINGLE, re.DOTALL
)
# Outside quotations: characters that are read together, or a single one.
_UNQUOTED = re.compile(
    rf"""[^ \t\r\n{WIDE_BLANKS}"'{_MARKS}{_SINGLE_MARKS}=＝\\]+[=＝]?|{_WIDE_BLANK}+|\\["']|.""",
    re.DOTALL,
)
_PATH_START = re.compile(r"(?:[A-Za-z]:|\.{1,2}|~|\\)\\")
_EQUALS = ("=", "＝")
_OPTION_ATTACHED = re.compile(r"--[A-Za-z][\w-]*[=＝]")
_LIST_MARKS = frozenset(",，、")
_ESCAPED_QUOTES = re.compile(r'(?<!\\)(\\+)("|\Z)|""')
_ESCAPED_APOSTROPHES = re.compile(r"\\'(?=\w)|''")
_STRUCTURE_START = re.compile(r"(?:^|[ \t=＝])(?=[\[({])")
# `[a, b]`, as Python writes a list of names.
_NAMES = re.compile(r"(?<![^ \t=])[\[(]\s*[\w.]+(?:\s*[,，]\s*[\w.]+)*\s*,?\s*[\])](?!\S)")
_MAX_ATTEMPTS = 20  # each may cost a pass over the line
_DECODER = json.JSONDecoder()
# A file's path with blanks; what follows the quote shows that it is no expression (`"a".split()`).
_QUOTED_FIRST_WORD = re.compile(
    rf"""\s*("[^"]*"|'[^']*'|[{_MARKS}][^{_MARKS}]*[{_MARKS}]"""
    rf"""|[{_SINGLE_MARKS}][^{_SINGLE_MARKS}]*[{_SINGLE_MARKS}])(?=\s|\Z)(.*)""",
    re.DOTALL,
)
# A text within brackets hides those that it holds.
_BRACKET_OR_BLANK = re.compile(
    r"""\s|[\[({\])}]|(?<=[\[({,=:\s])(?:"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')"""
)
_OPENING = ("[", "(", "{")
_CLOSING = ("]", ")", "}")


class QuotedWord(str):
    """A word that began with a quotation: as a value it is no option."""

    __slots__ = ()


class FilledWord(QuotedWord):
    """A word that was `{{expr}}`: a value of Python's, in which a backslash is one."""

    __slots__ = ()


class QuotedList(QuotedWord):
    """A word that consists of quotations with commas between them, `"a","b"`: one text for most
    options, a list for those that take one.

    Attributes
    ----------
    items : tuple of str
    option : str
        The option that they are attached to with `=`, "" for none.
    """

    items: tuple[str, ...] = ()
    option: str = ""


class ToolWord(QuotedWord):
    """A word that was `{{expr}}` where tools are named.

    Attributes
    ----------
    value : object
        What the expression is.
    """

    value: object = None


def split_words(line: str) -> list[str]:
    r"""A magic's line as words: quotes group, and `{{a + b}}` is one word however it is spaced,
    as is a list or an object of JSON or Python with its quotes (`--tools [{"type": "function"}]`),
    and a list of names (`[a, b]`).

    A line is not a shell's:

    - A quote opens a quotation at a word's beginning or right after `=` only, anywhere else it
      is a character like any other: `rock'n'roll`, `5"`. What follows a quotation without a blank
      belongs to its word, and further quotes there group as in a shell.
    - In a quotation a doubled quote is one, and so is `\"`; in '…' an apostrophe between letters
      does not close it. `\"` and `\'` are a quote outside of quotations too, but in a path.
    - Any other backslash is a backslash (`C:\new\table`).
    - A word in “…”, ‘…’ or wide quotes is quoted, too.

    Raises
    ------
    InvalidOption
        A quotation is not closed.
    """
    protected_expressions: list[str] = []
    pieces = []
    copied_until = 0
    for start, end in sorted(
        [*expression_spans(line), *_structure_spans(line), *_name_spans(line)]
    ):
        if start < copied_until:
            continue
        pieces += [line[copied_until:start], f"\0{len(protected_expressions)}\0"]
        protected_expressions.append(line[start:end])
        copied_until = end
    protected = "".join([*pieces, line[copied_until:]])
    words = _split_quoted(protected, _QUOTATION)
    if words is None:
        words = _split_quoted(protected, _LITERAL_QUOTATION)
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


def _structure_spans(line: str) -> list[tuple[int, int]]:
    """Where words are lists or objects as an API's page writes them, in JSON, or as Python does."""
    spans = list[tuple[int, int]]()
    copied_until = 0
    for matched in islice(_STRUCTURE_START.finditer(line), _MAX_ATTEMPTS):
        start = matched.end()
        if start < copied_until:
            continue
        end = _find_json_end(line, start) or _find_literal_end(line, start)
        if end is None or line[end : end + 1].strip():
            continue
        spans.append((start, end))
        copied_until = end
    return spans


def _find_json_end(line: str, start: int) -> int | None:
    """Where the JSON ends that begins at `start`; None where it is none."""
    try:
        return _DECODER.raw_decode(line, start)[1]
    except (ValueError, RecursionError):
        return None


def _find_literal_end(line: str, start: int) -> int | None:
    """Where the list, tuple or dictionary of Python ends that begins at `start`; None where it is
    none.
    """
    end = _find_closing_bracket(line, start)
    if end is None:
        return None
    try:
        value = ast.literal_eval(line[start:end])
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return end if isinstance(value, (list, tuple, dict)) else None


def _find_closing_bracket(line: str, start: int) -> int | None:
    """Where the bracket closes that opens at `start`."""
    depth = 0
    for mark in _BRACKET_OR_BLANK.finditer(line, start):
        depth += (mark[0] in _OPENING) - (mark[0] in _CLOSING)
        if not depth:
            return mark.end()
    return None


def _name_spans(line: str) -> list[tuple[int, int]]:
    """Where words are lists of names."""
    return [found.span() for found in _NAMES.finditer(line)]


def _split_quoted(line: str, quotation: re.Pattern[str]) -> list[str] | None:
    """The words of a line, in linear time; None if a quotation is not closed."""
    words = list[str]()
    position = 0
    while position < len(line):
        if blanks := _SEPARATOR.match(line, position):
            position = blanks.end()
        elif option := _OPTION_BEFORE_WIDE_BLANK.match(line, position):
            words.append(option[1])
            position = option.end()
        else:
            read = _read_word(line, position, quotation)
            if read is None:
                return None
            word, position = read
            if isinstance(word, QuotedList) and word.option:
                words.append(word.option)
            words.append(word)
    return words


def _read_word(line: str, start: int, quotation: re.Pattern[str]) -> tuple[str, int] | None:
    """The word that begins at `start`, and where it ends; None if a quotation is not closed."""
    pieces = list[str]()
    position = start
    quotations = 0
    is_path = _PATH_START.match(line, start) is not None
    while position < len(line) and not _SEPARATOR.match(line, position):
        may_quote = not pieces or quotations > 0 or pieces[-1].endswith(_EQUALS)
        quoted = quotation.match(line, position) if may_quote else None
        if may_quote and quoted is None and line[position] in _QUOTES:
            return None
        part = quoted or _UNQUOTED.match(line, position)
        assert part is not None  # noqa: S101  (it matches any character)
        position = part.end()
        if quoted:
            quotations += 1
            pieces.append(_read_quotation(quoted))
        elif part[0] in _ESCAPED and not is_path:
            pieces.append(part[0][1:])
        else:
            pieces.append(part[0])
    option = ""
    if quotations > 1 and _OPTION_ATTACHED.fullmatch(pieces[0]):
        option = pieces[0][:-1]
    values = pieces[bool(option) :]
    is_alternating = len(values) == 2 * quotations - 1
    if quotations > 1 and is_alternating and _LIST_MARKS.issuperset(values[1::2]):
        listed = QuotedList("".join(values))
        listed.items = tuple(values[::2])
        listed.option = option
        return listed, position
    word = "".join(pieces)
    if quotation.match(line, start):
        return QuotedWord(word), position
    return word, position


def _read_quotation(quoted: re.Match[str]) -> str:
    kind = quoted.lastgroup or ""
    if kind == "double":
        return _unescape_quotes(quoted["double"])
    if kind == "single":
        return _ESCAPED_APOSTROPHES.sub("'", quoted["single"])
    return quoted[kind]


def unquote(text: str) -> str:
    """Return what stands within the one quotation around a whole text; any other text as it is
    (`"yes" or "no"`).
    """
    quoted = _QUOTATION.fullmatch(text)
    if quoted is None:
        return text
    return _read_quotation(quoted)


def _unescape_quotes(quoted: str) -> str:
    r"""What stands within double quotes, with `\"` and `""` as a quote.

    The rule of Windows programs, under which paths stay as typed: before a quote, two backslashes
    are one; all others stand for themselves ("Parsing C command-line arguments" on
    https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments).
    """
    return _ESCAPED_QUOTES.sub(_unescape_quote, quoted)


def _unescape_quote(found: re.Match[str]) -> str:
    if found[1] is None:
        return '"'
    return "\\" * (len(found[1]) // 2) + found[2]


def first_word(line: str) -> tuple[str, str]:
    """A line's first word, and the rest; quotes and blanks in brackets are part of it
    (`df[df["评论"] != ""]`), quotes around the whole word are not (`"my reviews.csv"`).
    """
    quoted = _QUOTED_FIRST_WORD.match(line)
    if quoted:
        return quoted.group(1)[1:-1], quoted.group(2)
    start = len(line) - len(line.lstrip())
    end = _find_word_end(line, start)
    return line[start:end], line[end:]


def _find_word_end(line: str, start: int) -> int:
    """Where the word ends that begins at `start`: at a blank outside of brackets, or at the first
    where a bracket stays open.
    """
    depth = 0
    first_blank = len(line)
    for mark in _BRACKET_OR_BLANK.finditer(line, start):
        kind = mark[0]
        if kind.isspace():
            first_blank = min(first_blank, mark.start())
            if not depth:
                return mark.start()
        elif kind in _OPENING:
            depth += 1
        elif kind in _CLOSING and depth:
            depth -= 1
    return first_blank if depth else len(line)


def _restore_expressions(word: str, protected_expressions: list[str]) -> str:
    def restore_expression(matched: re.Match[str]) -> str:
        index = int(matched.group(1))
        if index < len(protected_expressions):
            return protected_expressions[index]
        return matched.group()

    restored = re.sub("\0([0-9]{1,9})\0", restore_expression, word)
    return word if restored == word else type(word)(restored)
