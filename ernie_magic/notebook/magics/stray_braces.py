"""Braces around a name that are not `{{name}}`: only one half of them, the wide ones of a Chinese
keyboard, or single as in an f-string. Nothing would replace them.
"""

from __future__ import annotations

import re
from itertools import islice
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidExpression
from ernie_magic.notebook.magics.half_references import (
    EXPRESSION,
    NO_ARGUMENT,
    OPENING,
    find_halves,
)
from ernie_magic.notebook.magics.interpolate import (
    LITERAL,
    expression_spans,
    free_names,
    user_names,
)
from ernie_magic.text.language import Text, clip_text
from ernie_magic.text.suggest import close_matches

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ernie_magic.notebook.magics.half_references import Half

# `city` of `{{city的`, and of `介绍city}}`.
_ASCII_BEGINNING = re.compile(r"\w*", re.ASCII)
_ASCII_END = re.compile(r"(?:[A-Za-z_]\w*)?\Z", re.ASCII)
_SHORTEST_NEAR = 4  # characters of a word in a sentence that may be a misspelled name
_MAX_HALVES = 20  # halves that are compared with all names
_IN_TWO = re.compile(r"[{｛]{2}([^{}｛｝\n]{1,200})[}｝]{2}")
_SINGLE = re.compile(NO_ARGUMENT + r"[{｛]([^\W\d]\w*)[}｝](?![}｝])")
_CODE = re.compile(r"```(?s:.*?)(?:```|\Z)|`[^`\n]*`|\b[fF][rR]?[\"'].*")
_NOT_MEANT = (ModuleType, FunctionType, BuiltinFunctionType, type)  # variables that are no values
_SHOWN = 64  # characters of what stands in braces
_NOT_CLOSED = Text("{source} 没有用 }}}} 结束", "{source} is not closed by }}}}")
_NOT_OPENED = Text("{source} 前面没有 {{{{", "{source} is not opened by {{{{")
_WIDE_BRACES = Text("{source} 用了全角花括号", "{source} has full-width braces")
# As IPython fills in the line of a magic ("Shell assignment" in its reference), and a shell does.
_AS_IPYTHON = re.compile(r"\$?\{[ \t]*([^\W\d]\w*)[ \t]*\}|\$([^\W\d]\w*)")
_NO_VALUE = Text("{source} 不会换成变量的值", "{source} is not replaced by the variable's value")
_WRITE_VALUE = Text("写成 {{{{{name}}}}}；{literal}", "write {{{{{name}}}}}; {literal}")


def check_braces(text: str, names: Collection[str]) -> None:
    """Check that no braces around a name lack their other half, or are full-width.

    Parameters
    ----------
    text
        A prompt or an option's value.
    names
        Those that have a value: the user's variables, a table's columns.

    Raises
    ------
    InvalidExpression
    """
    if not any(mark in text for mark in ("{{", "}}", "｛", "｝")):
        return
    pieces = list(_pieces_between(text))
    for piece in pieces:
        for found in _IN_TWO.finditer(piece):
            is_wide = not found[0].startswith("{{") or not found[0].endswith("}}")
            if is_wide and free_names(found[1]):
                raise _make_error(_WIDE_BRACES, found[0], found[1].strip())
        for found in OPENING.finditer(piece):
            if name := _find_known(found["name"], names, at_end=False):
                raise _make_error(_NOT_CLOSED, f"{{{{{found['name']}", name)
    words = _CODE.sub(" ", EXPRESSION.join(pieces))  # code may have braces of any kind
    for half in islice(find_halves(words), _MAX_HALVES):
        _check_half(half, names)


def _check_half(half: Half, names: Collection[str]) -> None:
    """Refuse a half of a reference: where it may be a word of a sentence, or code, only if it is
    a known name or resembles one.

    Raises
    ------
    InvalidExpression
    """
    at_end = not half.is_opening
    name = _find_known(half.word, names, at_end=at_end)
    ascii_part = (_ASCII_END.search if at_end else _ASCII_BEGINNING.match)(half.word)
    meant = (ascii_part and ascii_part[0]) or half.word
    if not name and len(meant) >= _SHORTEST_NEAR:
        name = "".join(close_matches(meant, user_names(names), 1))
    if not name and half.is_plain:
        name = meant
    if not name:
        return
    if half.is_opening:
        raise _make_error(_NOT_CLOSED, half.source, name)
    raise _make_error(_NOT_OPENED, half.source, name + half.member)


def _find_known(word: str, names: Collection[str], *, at_end: bool) -> str:
    """Return the longest known name that a word begins with, or ends with; "" if there is none. A
    name ends where its word does, or beside a Chinese character, as Chinese has no blanks.
    """
    for length in range(min(len(word), _SHOWN), 0, -1):
        cut = len(word) - length if at_end else length
        name = word[cut:] if at_end else word[:cut]
        is_whole = length == len(word) or not word[cut - 1 : cut + 1].isascii()
        if is_whole and name in names:
            return name
    return ""


def check_whole_value(value: str, namespace: Mapping[str, Any]) -> None:
    """Check that an option's value is not a variable as IPython fills one in: `$name`, `{name}`.

    Raises
    ------
    InvalidExpression
    """
    found = _AS_IPYTHON.fullmatch(value)
    name = found[1] or found[2] if found else ""
    if name in user_names(namespace) and not isinstance(namespace[name], _NOT_MEANT):
        raise _make_error(_NO_VALUE, value, name)


def find_unfilled(text: str, namespace: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the variables whose names stand in single braces, as an f-string would fill them: in
    JSON, in code and in LaTeX braces are ordinary, so they are looked for in words alone.
    """
    if "{" not in text and "｛" not in text:
        return ()
    words = "\n".join(_CODE.sub(" ", piece) for piece in _pieces_between(text))
    known = set(user_names(namespace))
    return tuple(
        dict.fromkeys(
            name
            for name in _SINGLE.findall(words)
            if name in known
            and (len(name) > 1 or not name.isascii())
            and not isinstance(namespace[name], _NOT_MEANT)
        )
    )


def _pieces_between(text: str) -> Iterator[str]:
    """Iterate over what stands between the expressions of a text."""
    copied_until = 0
    for start, end in expression_spans(text):
        yield text[copied_until:start]
        copied_until = end
    yield text[copied_until:]


def _make_error(what: Text, source: str, name: str) -> InvalidExpression:
    return InvalidExpression(
        what.fill(source=clip_text(source, _SHOWN)),
        advice=_WRITE_VALUE.fill(name=clip_text(name, _SHOWN), literal=LITERAL),
    )
