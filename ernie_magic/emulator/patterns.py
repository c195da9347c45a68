"""Texts that match a simple regular expression, as a schema's `pattern` is: characters, classes,
groups, choices and repetitions. Looking around and back is not supported.

Source: JSON Schema, "Regular Expressions"
(https://json-schema.org/draft/2020-12/json-schema-core#section-6.4).
"""

from __future__ import annotations

import random
import re
import string
from dataclasses import dataclass
from typing import Any

MAX_PATTERN = 1_000  # characters
_MAX_STEPS = 20_000  # of making one text
# More repetitions, or one with another or a choice within, may be searched for ever.
_MAX_ENDLESS = 3
_MAX_TRIES = 20  # to reach a length
_MAX_WORD = 100  # characters
_WORD = re.compile(r"[A-Za-z0-9][\w@.+/:#-]*", re.ASCII)
_VISIBLE = string.ascii_letters + string.digits + string.punctuation + " "
_SETS = {
    "d": string.digits,
    "w": string.ascii_letters + string.digits + "_",
    "s": " ",
}
_SETS |= {
    name.upper(): "".join(one for one in _VISIBLE if one not in members)
    for name, members in list(_SETS.items())
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_CODES = {"x": 2, "u": 4}  # digits
_COUNTS = re.compile(r"\{(\d{1,9})(?:(,)(\d{1,9})?)?\}")
_GROUP = re.compile(r"\((?:\?:|\?P?<[A-Za-z_]\w*>)?(?!\?)")


class _UnsupportedError(Exception):
    """The pattern has something that is not supported, or is not a pattern."""


@dataclass(frozen=True)
class _Characters:
    """One of these characters."""

    members: str


@dataclass(frozen=True)
class _Sequence:
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class _Choice:
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class _Repetition:
    part: Any
    least: int
    most: int | None


def text_for_pattern(
    pattern: str,
    words: list[str],
    least: int,
    most: int,
    key: str,
) -> str | None:
    """A text in which the pattern is found: one of the words, or made; None where it is not
    simple, or no text of the length fits.

    Parameters
    ----------
    words
        Texts to prefer, such as the prompt's.
    least, most
        The length.
    key
        The same key makes the same text.
    """
    try:
        tree = _Parser(pattern).parse()
        compiled = re.compile(pattern, re.ASCII)
    except (_UnsupportedError, re.error, OverflowError, RecursionError):
        return None
    if _is_quick(tree):
        for word in words:
            if least <= len(word) <= min(most, _MAX_WORD) and compiled.search(word):
                return word
    more = 0
    for _ in range(_MAX_TRIES):
        try:
            made = _Writer(key, more).write(tree)
        except _UnsupportedError:
            return None
        if least <= len(made) <= most:
            return made
        more += max((least - len(made)) // 2, 1)
    return None


def words_of(prompt: str) -> list[str]:
    """The words of a prompt that a pattern may be meant for: identifiers, numbers, codes."""
    return [word.rstrip(".:/") for word in _WORD.findall(prompt)]


def _is_quick(tree: Any) -> bool:
    """Whether a search for it ends soon."""
    endless = 0

    def visit(node: Any, *, is_repeated: bool) -> bool:
        nonlocal endless
        if isinstance(node, _Repetition):
            endless += node.most is None or node.most > 1
            return not is_repeated and visit(node.part, is_repeated=True)
        if isinstance(node, _Choice) and is_repeated:
            return False
        parts = getattr(node, "parts", ())
        return all(visit(part, is_repeated=is_repeated) for part in parts)

    return visit(tree, is_repeated=False) and endless <= _MAX_ENDLESS


class _Parser:
    """The pattern and the place that is read next."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MAX_PATTERN:
            raise _UnsupportedError
        self._pattern = pattern
        self._at = 0

    def parse(self) -> Any:
        tree = self._parse_choice()
        if self._at < len(self._pattern):
            raise _UnsupportedError
        return tree

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        character = self._peek()
        if not character:
            raise _UnsupportedError
        self._at += 1
        return character

    def _parse_choice(self) -> Any:
        parts = [self._parse_sequence()]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._parse_sequence())
        return parts[0] if len(parts) == 1 else _Choice(tuple(parts))

    def _parse_sequence(self) -> _Sequence:
        parts = []
        while self._peek() not in ("", "|", ")"):
            part = self._parse_part()
            if part is not None:
                parts.append(self._parse_repetition(part))
        return _Sequence(tuple(parts))

    def _parse_part(self) -> Any:
        if group := _GROUP.match(self._pattern, self._at):
            self._at = group.end()
            inside = self._parse_choice()
            if self._next() != ")":
                raise _UnsupportedError
            return inside
        character = self._next()
        if character in "^$":
            return None
        if character in "()*+?":
            raise _UnsupportedError
        if character == "[":
            return _Characters(self._parse_class())
        if character == "\\":
            return _Characters(self._parse_escape())
        if character == ".":
            return _Characters(_VISIBLE)
        return _Characters(character)

    def _parse_repetition(self, part: Any) -> Any:
        least = 1
        most: int | None = 1
        if counts := _COUNTS.match(self._pattern, self._at):
            self._at = counts.end()
            least = most = int(counts[1])
            if counts[2]:
                most = int(counts[3]) if counts[3] else None
        elif self._peek() in ("*", "+", "?"):
            sign = self._next()
            least = int(sign == "+")
            most = 1 if sign == "?" else None
        else:
            return part
        if self._peek() == "?":  # as few as possible: the same texts match
            self._at += 1
        return _Repetition(part, least, most)

    def _parse_escape(self) -> str:
        character = self._next()
        if character in _SETS:
            return _SETS[character]
        if character in _CONTROLS:
            return _CONTROLS[character]
        if digits := _CODES.get(character):
            code = self._pattern[self._at : self._at + digits]
            if not re.fullmatch(f"[0-9A-Fa-f]{{{digits}}}", code):
                raise _UnsupportedError
            self._at += digits
            return chr(int(code, 16))
        if character.isalnum():  # \b, \p{…}, a group's number
            raise _UnsupportedError
        return character

    def _parse_class(self) -> str:
        is_negated = self._peek() == "^"
        if is_negated:
            self._at += 1
        members = ""
        while (character := self._next()) != "]":
            start = character
            if character == "\\":
                start = self._parse_escape()
            following = self._pattern[self._at + 1 : self._at + 2]
            if self._peek() == "-" and following not in ("", "]") and len(start) == 1:
                self._at += 1
                end = self._next()
                if end == "\\":
                    end = self._parse_escape()
                start = _characters_between(start, end)
            members += start
        if is_negated:
            members = "".join(one for one in _VISIBLE if one not in members)
        if not members:
            raise _UnsupportedError
        return members


def _characters_between(first: str, last: str) -> str:
    if len(last) != 1 or last < first:
        raise _UnsupportedError
    # A few of a large range (all of Chinese) are enough.
    return "".join(map(chr, range(ord(first), min(ord(last), ord(first) + len(_VISIBLE)) + 1)))


class _Writer:
    """Makes one text; `more` repetitions than needed where more may be."""

    def __init__(self, key: str, more: int) -> None:
        self._random = random.Random(key)  # noqa: S311  (a simulated value)
        self._more = more
        self._steps = 0

    def write(self, node: Any) -> str:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise _UnsupportedError
        if isinstance(node, _Characters):
            plain = [one for one in node.members if one.isascii() and one.isalnum()]
            return self._random.choice(plain or node.members)
        if isinstance(node, _Choice):
            return self.write(self._random.choice(node.parts))
        if isinstance(node, _Repetition):
            count = node.least + self._more
            if node.most is not None:
                count = min(count, node.most)
            return "".join(self.write(node.part) for _ in range(count))
        return "".join(self.write(part) for part in node.parts)
