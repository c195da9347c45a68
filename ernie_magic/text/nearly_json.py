"""What models write that is nearly JSON: as Python or JavaScript write it, with comments, a comma
too many, or the punctuation of a Chinese keyboard.

Its tokens are written as JSON has them, and JSON's own decoder reads the result: what is cut off,
or left out with "...", stays unread.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(
    r"""
    (?P<blank>[\s\ufeff]+|//[^\n]*|\#[^\n]*|/\*.*?\*/)
    |(?P<mark>[{}\[\]:,｛｝［］：，、])
    |(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")
    |(?P<quoted>'[^'\\]*(?:\\.[^'\\]*)*'|“[^“”]*”|‘[^‘’]*’)
    |(?P<number>[-+−]?(?:[0-9]|\.[0-9])[0-9.]*(?:[eE][-+]?[0-9]+)?)
    |(?P<word>-?[^\W\d]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)
_MARKS = str.maketrans("｛｝［］：，、", "{}[]:,,")
_WORDS = {
    "true": "true",
    "false": "false",
    "null": "null",
    "none": "null",
    "nan": "NaN",
    "infinity": "Infinity",
    "-infinity": "-Infinity",
}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = frozenset('"\\/bfnrt')  # RFC 8259, section 7
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
# No text has a backspace or a form feed before a letter, and other escapes JSON has not.
_PLAIN_BACKSLASH = re.compile(
    r"\\(?:\\|([bf][A-Za-z]|u(?![0-9a-fA-F]{4})|[^\"/bfnrtu\\]))", re.DOTALL
)
# Words of LaTeX that begin as an escape of JSON does (https://ctan.org/pkg/comprehensive).
_LATEX = (
    r"n(?:abla|atural|earrow|eg|eq|ewline|exists|mid|olimits|ot|otin|parallel|sim|subseteq|u|warrow)"
    r"|t(?:an|anh|au|ext(?:bf|it|rm|tt|sf|style)?|frac|herefore|heta|ilde|imes|o|op|riangle)"
    r"|r(?:angle|brace|ceil|floor|ho|ight(?:arrow)?|m)"
)
_LATEX_WORD = re.compile(rf"\\(?:\\([A-Za-z]{{2,}})|({_LATEX})(?![A-Za-z])|.)", re.DOTALL)
_PLAIN_WORD = re.compile(
    rf"(?P<path>(?<![A-Za-z])[A-Za-z]:\\(?![\\/\"nr])[^\s\"]*)"
    r"|\\{4}"
    rf"|\\(?P<word>[bf]|(?:{_LATEX})(?![A-Za-z])|\\(?![A-Za-z\"()\[\]{{}}]))"
    rf"|\\.",
    re.DOTALL,
)
_BACKSLASH_IN_PATH = re.compile(r"\\(?:\\|(?=[A-Za-z]))")
_CLOSING = {"}": "{", "]": "["}


_BEGUN = ('"', "'", "“", "‘", "/*")  # what has no end where it is no token


class CutOffError(ValueError):
    """The text ends before its value does."""


def decode_nearly(text: str, start: int, decoder: json.JSONDecoder) -> tuple[Any, int]:
    """Return the object or the list that begins at a place of a text, and where it ends.

    Parameters
    ----------
    decoder
        What reads the JSON that it is written as.

    Raises
    ------
    CutOffError
    ValueError
        It is no such thing.
    """
    writer = _Writer()
    position = start
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None and text.startswith(_BEGUN, position):
            raise CutOffError("the text ends within a string or a comment")
        if token is None:
            raise ValueError("neither JSON nor nearly so")
        position = token.end()
        writer.add_token(str(token.lastgroup), token.group())
        if not writer.depth:
            return decoder.decode("".join(writer.pieces)), position
    raise CutOffError("the text ends before its value")


def has_plain_backslashes(text: str) -> bool:
    """Whether a string of valid JSON has backslashes that are meant as they stand: as in LaTeX, and
    in a path of Windows.
    """
    return "\\" in text and any(map(_means_backslashes, _STRING.findall(text)))


def _means_backslashes(string: str) -> bool:
    if any(found[1] for found in _PLAIN_BACKSLASH.finditer(string)):
        return True
    words = [(found[1], found[2]) for found in _LATEX_WORD.finditer(string)]
    misread = {word for _, word in words if word}
    escaped = {word for word, _ in words if word}
    return bool(misread) and len(misread | escaped) > 1


class _Writer:
    """JSON in pieces.

    Attributes
    ----------
    pieces : list of str
    depth : int
        Objects and lists that are open.
    """

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.depth = 0
        self._bare = ""  # the last token, if it is no string

    def add_token(self, kind: str, token: str) -> None:
        """Add a token.

        Raises
        ------
        ValueError
            It begins neither an object nor a list.
        """
        if kind == "blank":
            return
        if kind == "mark":
            self._add_mark(token.translate(_MARKS))
        else:
            self.pieces.append(_WRITE[kind](token))
        self._bare = token if kind in ("number", "word") else ""
        if not self.depth and len(self.pieces) == 1:
            raise ValueError("neither an object nor a list")

    def _add_mark(self, mark: str) -> None:
        if mark in "{[":
            self.depth += 1
        elif mark in _CLOSING:
            self.depth -= 1
            self._drop_last_comma()
        elif mark == ":" and self._bare:
            self.pieces[-1] = json.dumps(self._bare)  # a name without quotes
        self.pieces.append(mark)

    def _drop_last_comma(self) -> None:
        follows_value = len(self.pieces) > 1 and self.pieces[-2] not in ("{", "[", ",", ":")
        if follows_value and self.pieces[-1] == ",":
            self.pieces.pop()


def _write_string(token: str) -> str:
    if _means_backslashes(token):
        token = _PLAIN_WORD.sub(_write_plain, token)
    return f'"{_ESCAPE.sub(_write_escape, token[1:-1])}"'


def _write_plain(found: re.Match[str]) -> str:
    """Return a backslash that is meant as it stands, as JSON has it."""
    if found["path"]:
        return _BACKSLASH_IN_PATH.sub(r"\\\\", found["path"])
    word = found["word"]
    if word is None:
        return found[0]
    return "\\\\" + word.replace("\\", "\\\\")


def _write_quoted(token: str) -> str:
    """Return a text in other quotation marks, in which `"` needs no escape."""
    inside = token[1:-1].replace("\\'", "'")
    return _write_string(f'"{_escape_quotes(inside)}"')


def _escape_quotes(inside: str) -> str:
    return re.sub(r'\\.|"', lambda found: '\\"' if found[0] == '"' else found[0], inside)


def _write_escape(found: re.Match[str]) -> str:
    """Return an escape of JSON as it is; of any other its backslash is meant, as in LaTeX."""
    said = found[1]
    if len(said) > 1 or said in _ESCAPED:
        return found[0]
    return f"\\\\{said}"


def _write_number(token: str) -> str:
    digits = token.replace("−", "-").lstrip("+")
    if digits.lstrip("-").startswith("."):
        digits = digits.replace(".", "0.", 1)
    if digits.endswith("."):
        digits += "0"
    return digits


def _write_word(token: str) -> str:
    # Any other word is a name, or JSON's decoder refuses it.
    return _WORDS.get(token.lower(), token)


_WRITE: dict[str, Callable[[str], str]] = {
    "string": _write_string,
    "quoted": _write_quoted,
    "number": _write_number,
    "word": _write_word,
}
