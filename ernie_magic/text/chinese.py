"""How values stand within a Chinese sentence.

Latin letters and figures stand between spaces: 没有列 txet. Blanks do not set Chinese words apart,
so that a Chinese name stands in quotes: 没有列“评论”. Words of ours are neither: 现在使用百度千帆。
"""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_LETTER = "\u3400-\u9fff\uf900-\ufaff"
_STOPS = "，。：；？！、（）《》“”"
_STARTS_CHINESE = re.compile(rf"[{_LETTER}（《]")
_ENDS_CHINESE = re.compile(rf"[{_LETTER}）》]\Z")
_STARTS_LATIN = re.compile(r"[A-Za-z0-9]")
_ENDS_LATIN = re.compile(r"[A-Za-z0-9]\Z")
_ENDS_IN_LETTER = re.compile(rf"[{_LETTER}]\Z")
_STARTS_WITH_LETTER = re.compile(rf"[{_LETTER}]")
# What may stand before and behind a name that a space sets apart.
_SPACE_BEFORE = re.compile(rf"[{_LETTER}{_STOPS}] \Z")
_SPACE_BEHIND = re.compile(rf" [{_LETTER}{_STOPS}]")
_STOP_BEFORE = re.compile(rf"(?:\A|[{_STOPS}])\Z")
_STOP_BEHIND = re.compile(rf"(?:\Z|[{_STOPS}])")
# In quotes already, or a measure: 3 行, <0.1 秒.
_NO_NAME = re.compile(r"[“”]|\A[\d<≈+-]")


class OwnWords(str):
    """Words of ours as a value: no name that somebody has made up."""

    __slots__ = ()


class _Field(NamedTuple):
    """A field of a template: the words before it, its value, and whether these are our words."""

    before: str
    value: str
    is_text: bool
    is_own: bool


def format_chinese(template: str, values: Mapping[str, Any], own: Collection[str] = ()) -> str:
    """Return a template of `str.format` with its named fields filled in.

    Parameters
    ----------
    own
        The fields whose values are words of ours.
    """
    fields, end = _read_fields(template, values, own)
    words = [field.before for field in fields] + [end]
    pieces = []
    for place, field in enumerate(fields):
        left, value, right = words[place], field.value, words[place + 1]
        # A value beside another one is part of something.
        is_alone = (left or not place) and (right or field is fields[-1])
        if is_alone:
            left, value, right = _set_apart(left, field, right)
        words[place + 1] = right
        pieces += [left, value]
    return "".join([*pieces, words[-1]])


def _read_fields(
    template: str, values: Mapping[str, Any], own: Collection[str]
) -> tuple[list[_Field], str]:
    """The fields of a template with their values, and the words behind the last."""
    formatter = Formatter()
    fields = list[_Field]()
    words = ""
    for literal, name, spec, conversion in formatter.parse(template):
        words += literal
        if name is None:
            continue
        value, _ = formatter.get_field(name, (), values)
        is_text = isinstance(value, str) and not conversion
        shown = formatter.format_field(formatter.convert_field(value, conversion), spec or "")
        fields.append(_Field(words, shown, is_text, name in own))
        words = ""
    return fields, words


def _set_apart(left: str, field: _Field, right: str) -> tuple[str, str, str]:
    """The words before a value, the value, and the words behind it, set apart as they are to be."""
    value = field.value
    is_chinese = _STARTS_CHINESE.match(value), _ENDS_CHINESE.search(value)
    if not field.is_text or not any(is_chinese):
        return _with_spaces(left, value, right)
    before, behind = _SPACE_BEFORE.search(left), _SPACE_BEHIND.match(right)
    if field.is_own:
        left = left[:-1] if before and is_chinese[0] else left
        right = right[1:] if behind and is_chinese[1] else right
        return _with_spaces(left, value, right)
    is_set_apart = (before or _STOP_BEFORE.search(left)) and (behind or _STOP_BEHIND.match(right))
    if not (before or behind) or not is_set_apart or _NO_NAME.search(value):
        return left, value, right
    return left[: -1 if before else None], f"“{value}”", right[1 if behind else 0 :]


def _with_spaces(left: str, value: str, right: str) -> tuple[str, str, str]:
    """The same with a space between Chinese words and a value in Latin letters or figures."""
    if _ENDS_IN_LETTER.search(left) and _STARTS_LATIN.match(value):
        left = f"{left} "
    if _STARTS_WITH_LETTER.match(right) and _ENDS_LATIN.search(value):
        right = f" {right}"
    return left, value, right
