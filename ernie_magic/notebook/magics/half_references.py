"""Halves of a `{{name}}`: `{{name` that nothing closes, and `name}}` that nothing opened.

Braces of code, JSON and LaTeX each have a counterpart, and a sentence about braces has a blank
between them and its words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Arguments of LaTeX (`\frac{a}`, `x_{i}`), of a shell (`${name}`) or of a call begin otherwise.
NO_ARGUMENT = r"(?<![A-Za-z0-9_{｛}｝$\\^\])>/])"
EXPRESSION = "\0"  # stands for a whole reference
_NAME = r"[^\W\d]\w*"
OPENING = re.compile(NO_ARGUMENT + rf"\{{\{{(?P<blanks>[ \t]*)(?P<name>{_NAME})")
# `city`, `answer.text` or `cats[0]` before `}}`.
_BEFORE_CLOSING = re.compile(
    rf"(?P<name>{_NAME})(?P<member>(?:\.\w+)*(?:\[[^\[\]\n]*\])?)(?P<blanks>[ \t]*)\Z"
)
_LONGEST = 64  # characters before `}}` that are looked at
_SINGLE_OPENING = re.compile(NO_ARGUMENT + r"\{")
_SINGLE_CLOSING = re.compile(r"[ \t]*\}")
_BRACE = re.compile(r"[{}]")
_VALUE_BEFORE = frozenset("=")  # `style={{color`
# What stands before a member, an argument, or a value of code.
_CODE_BEFORE = frozenset("\\$^/=\"'.:(>{")
_JSON_WORDS = frozenset({"true", "false", "null", "None", "True", "False"})


class Half(NamedTuple):
    """A half of a reference.

    Attributes
    ----------
    source : str
        As it stands in the text.
    word : str
        The name; Chinese words may stand at its other end.
    member : str
        What an expression takes of it: `.text`, `[0]`.
    is_opening : bool
    is_plain : bool
        Whether nothing but a reference looks so; else it may be a word of a sentence, or code.
    """

    source: str
    word: str
    member: str
    is_opening: bool
    is_plain: bool


def find_halves(text: str) -> Iterator[Half]:
    """Iterate over the halves of references in a text; `EXPRESSION` stands for each whole one."""
    if "{{" not in text and "}}" not in text:
        return
    unmatched = _find_unmatched(text)
    if unmatched:
        yield from _find_openings(text, unmatched)
        yield from _find_closings(text, unmatched)


def _find_unmatched(text: str) -> set[int]:
    """Return where braces are that have no counterpart."""
    opened = list[int]()
    unmatched = set[int]()
    for found in _BRACE.finditer(text):
        if found[0] == "{":
            opened.append(found.start())
        elif opened:
            opened.pop()
        else:
            unmatched.add(found.start())
    return unmatched.union(opened)


def _find_openings(text: str, unmatched: set[int]) -> Iterator[Half]:
    """Iterate over `{{name` and `{{name}`."""
    for found in OPENING.finditer(text):
        start, end = found.span()
        closing = _SINGLE_CLOSING.match(text, end)
        if closing:
            end = closing.end()
        if start in unmatched and (closing or start + 1 in unmatched):
            is_plain = text[start - 1 : start] not in _VALUE_BEFORE
            is_apart = bool(found["blanks"]) and not closing
            yield Half(
                text[start:end],
                found["name"],
                member="",
                is_opening=True,
                is_plain=is_plain and not is_apart,
            )


def _find_closings(text: str, unmatched: set[int]) -> Iterator[Half]:
    """Iterate over `name}}` and `{name}}`."""
    for end in (found.end() for found in re.finditer(r"(?<!\})\}\}", text)):
        begin = max(0, end - 2 - _LONGEST)
        found = _BEFORE_CLOSING.search(text[begin : end - 2])
        if found is None or end - 1 not in unmatched:
            continue
        start = begin + found.start()
        before = text[start - 1 : start] if start else ""
        if before == EXPRESSION:  # its value may have had the other half
            continue
        is_plain = not found["blanks"] and before not in _CODE_BEFORE
        if end - 2 not in unmatched:
            if not _SINGLE_OPENING.match(text, start - 1):
                continue
            start -= 1
            is_plain = True
        is_plain = is_plain and found["name"] not in _JSON_WORDS
        yield Half(
            text[start:end],
            found["name"],
            member=found["member"],
            is_opening=False,
            is_plain=is_plain,
        )
