"""The lines of `%ernie_heat`, `%ernie_map2d` and `%ernie_search`, which look at vectors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.api.unfit_texts import check_invalid
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import resolve_name
from ernie_magic.notebook.magics.options import given_twice_error
from ernie_magic.notebook.magics.words import QuotedWord, first_word, split_words
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import close_matches

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEAT, _PLANE, _SEARCH = "%ernie_heat", "%ernie_map2d", "%ernie_search"
VECTOR_OPTIONS: Mapping[str, tuple[str, ...]] = {
    _HEAT: ("--invalid",),
    _PLANE: ("--method", "--invalid"),
    _SEARCH: ("-k", "--invalid"),
}
_VALUES = {"-k": "3", "--method": "pca", "--invalid": "skip"}  # for example
_USAGE = Text(
    "用法：{magic} 变量（ernie.embed 的结果，或文本列表、列）",
    "usage: {magic} VARIABLE (a result of ernie.embed, or a list or column of texts)",
)
_SEARCH_USAGE = Text(
    "用法：{magic} 变量 要找的内容（变量是 ernie.embed 的结果，或文本列表、列）",
    "usage: {magic} VARIABLE QUERY (the variable holds a result of ernie.embed, or a list or "
    "column of texts)",
)
_EXAMPLES = {
    _HEAT: Text("例如 %ernie_heat vectors", "for example %ernie_heat vectors"),
    _PLANE: Text("例如 %ernie_map2d vectors", "for example %ernie_map2d vectors"),
    _SEARCH: Text(
        "例如 %ernie_search vectors 好吃的", "for example %ernie_search vectors something tasty"
    ),
}
_SEARCH_FOR = Text(
    "例如 %ernie_search {name} 好吃的", "for example %ernie_search {name} something tasty"
)
_NOTHING_SOUGHT = Text("没有写要找什么", "there is nothing to look for")
_IS_FILE = Text("{name} 是文件，不是向量或文本列表", "{name} is a file, not vectors or texts")
_READ_FILE = Text(
    '先读进变量，例如 df = pd.read_csv("…")，再写 df["列"]',
    'read it into a variable first: df = pd.read_csv("…"), then write df["column"]',
)
_NOT_KNOWN = Text("不认识“{extra}”", "{extra!r} is not known here")
_NO_OPTION = Text("没有选项 {name}", "no option {name}")
_NEEDS_VALUE = Text("{name} 后面缺少值", "{name} needs a value")
_FOR_EXAMPLE = Text("例如 {name} {value}", "for example {name} {value}")
_WRITE_LIKE = Text("写成 {name}", "write {name}")
_OPTIONS = Text("选项有：{known}", "its options: {known}")
_NO_COUNT = Text("-k 的值“{value}”不是正整数", "-k {value!r} is not a whole number from 1")
_WRITE_COUNT = Text("用 -k 3 指定显示几条", "-k 3 shows three texts")
_QUOTE_QUERY = Text(
    "{advice}；它要是查询的一部分，把查询放进引号",
    "{advice}; if it is part of the query, put the query in quotes",
)
# What other tools call how many texts are shown.
_COUNTS = frozenset({"-n", "--n", "--k", "--top", "--top-k", "--limit", "--count", "--num"})
# Also with the dashes that editors make of two hyphens.
_OPTION = re.compile(r"(--?|[\u2010-\u2015\u2212]+)([A-Za-z][\w-]*)(?:[=＝](.*))?", re.DOTALL)
_MATCHES = 5  # texts that `%ernie_search` shows
_SHOWN = 100  # characters of a word in an error


@dataclass(frozen=True)
class VectorsLine:
    """The parsed line of a magic that looks at vectors.

    Attributes
    ----------
    value : object
        What the line names first: vectors, or texts.
    query : str
        The words that are no option: what `%ernie_search` looks for.
    method : str
        How `%ernie_map2d` makes its plane.
    count : int
        How many texts `%ernie_search` shows.
    invalid : str
        What to do with texts that are empty or too long.
    """

    value: Any
    query: str = ""
    method: str = "auto"
    count: int = _MATCHES
    invalid: str = "error"


def parse_vectors_line(magic: str, line: str, namespace: Mapping[str, Any]) -> VectorsLine:
    """Parse the line of a magic that looks at vectors.

    Raises
    ------
    InvalidOption
    """
    word, rest = first_word(line)
    if not word or _OPTION.fullmatch(word):
        usage = _SEARCH_USAGE if magic == _SEARCH else _USAGE
        raise InvalidOption(usage.fill(magic=magic), advice=_EXAMPLES[magic])
    value = resolve_name(word, namespace)
    if isinstance(value, str) and value == word:
        raise InvalidOption(_IS_FILE.fill(name=word[:_SHOWN]), advice=_READ_FILE)
    words, options = _read_options(magic, split_words(rest))
    query = " ".join(words)
    if magic != _SEARCH and query:
        raise InvalidOption(_NOT_KNOWN.fill(extra=query[:_SHOWN]), advice=_EXAMPLES[magic])
    if magic == _SEARCH and not query.strip():
        raise InvalidOption(_NOTHING_SOUGHT, advice=_SEARCH_FOR.fill(name=word[:_SHOWN]))
    invalid = options.get("--invalid", "error")
    check_invalid(invalid)
    method = options.get("--method", "auto")
    return VectorsLine(value, query, method, _read_count(options.get("-k")), invalid)


def _read_options(magic: str, words: list[str]) -> tuple[list[str], dict[str, str]]:
    """The words that are no option, and the options' values. Words in quotes are no options."""
    others = list[str]()
    options = dict[str, str]()
    remaining = iter(words)
    for word in remaining:
        typed = None if isinstance(word, QuotedWord) else _OPTION.fullmatch(word)
        if typed is None:
            others.append(word)
            continue
        name = _option_name(typed)
        if name not in VECTOR_OPTIONS[magic]:
            raise _unknown_option_error(magic, name)
        value = typed[3] or next(remaining, "")
        if not value:
            example = _FOR_EXAMPLE.fill(name=name, value=_VALUES[name])
            raise InvalidOption(_NEEDS_VALUE.fill(name=name), advice=example)
        if name in options:
            raise given_twice_error(name)
        options[name] = value
    return others, options


def _option_name(typed: re.Match[str]) -> str:
    """An option's name as it is typed, but for the dashes of editors and API pages."""
    dashes, name = typed[1], typed[2].replace("_", "-")
    if not dashes.startswith("-"):
        dashes = "-" if len(name) == 1 else "--"
    return dashes + name


def _unknown_option_error(magic: str, name: str) -> InvalidOption:
    known = VECTOR_OPTIONS[magic]
    advice = _OPTIONS.fill(known=", ".join(known))
    if close := close_matches(name, known, count=1):
        advice = _WRITE_LIKE.fill(name=close[0])
    if magic == _SEARCH:
        if name in _COUNTS:
            advice = _WRITE_COUNT
        advice = _QUOTE_QUERY.fill(advice=advice)
    return InvalidOption(_NO_OPTION.fill(name=name[:_SHOWN]), advice=advice)


def _read_count(typed: str | None) -> int:
    if typed is None:
        return _MATCHES
    if not typed.isdecimal() or int(typed) < 1:
        raise InvalidOption(_NO_COUNT.fill(value=typed[:_SHOWN]), advice=_WRITE_COUNT)
    return int(typed)
