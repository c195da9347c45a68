"""The first line of `%%ernie_embed`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidExpression, InvalidOption
from ernie_magic.notebook.magics.interpolate import interpolate_lines, resolve_name
from ernie_magic.notebook.magics.options import (
    AS_OPTION,
    ENDPOINT_OPTION,
    IN_FLIGHT_OPTION,
    PARAM_OPTION,
    VERBATIM_OPTION,
    CellLine,
    Grammar,
    Option,
    cell_options,
)
from ernie_magic.notebook.magics.stray_braces import check_braces
from ernie_magic.notebook.magics.words import first_word
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

EMBED_GRAMMAR = Grammar(
    "%%ernie_embed",
    "embedding",
    (
        AS_OPTION,
        ENDPOINT_OPTION,
        Option(
            "invalid",
            Text(
                "空的或太长的文本：error 报错，truncate 截断，skip 跳过",
                "texts that are empty or too long: error, truncate or skip",
            ),
            metavar="WHAT",
        ),
        Option("no_cache", Text("不用缓存的向量", "request all of them, even those already known")),
        IN_FLIGHT_OPTION,
        VERBATIM_OPTION,
        PARAM_OPTION,
    ),
    Text("每行一条文本，写在下一行起", "the texts go on the lines below, one per line"),
)
_ON_FIRST_LINE = Text("{name} 写在了第一行", "{name} stands on the first line")
_ON_NEXT_LINE = Text(
    "写在下一行：{{{{{name}}}}}，每个元素是一条文本",
    "write it on the line below, {{{{{name}}}}}: each of its items is a text",
)


@dataclass(frozen=True)
class EmbedLine(CellLine):
    """The parsed first line of `%%ernie_embed`.

    Attributes
    ----------
    options : dict
        What `Session.begin_embed` takes.
    """

    options: Mapping[str, Any] = field(default_factory=dict)

    def fill_texts(self, cell: str, namespace: Mapping[str, Any]) -> list[str]:
        """The texts below the line, one per line, with their `{{expr}}`s interpolated."""
        if self.verbatim:
            return [line for line in cell.split("\n") if line.strip()]
        check_braces(cell, namespace)
        return interpolate_lines(cell, namespace)


def parse_embed_line(line: str, namespace: Mapping[str, Any]) -> EmbedLine:
    """Parse a `%%ernie_embed` line; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
    """
    word, _ = first_word(line)
    if word and not word.startswith("-") and _names_texts(word, namespace):
        name = word.removeprefix("{{").removesuffix("}}").strip()[:100]
        raise InvalidOption(_ON_FIRST_LINE.fill(name=name), advice=_ON_NEXT_LINE.fill(name=name))
    args = EMBED_GRAMMAR.parse_line(line, namespace)
    options = EMBED_GRAMMAR.session_options(args, invalid=args["invalid"])
    if args["no_cache"]:
        options["cache"] = False
    return EmbedLine(options, **cell_options(args))


def _names_texts(word: str, namespace: Mapping[str, Any]) -> bool:
    """Whether a word names texts: a variable, or an expression of one."""
    try:
        return not isinstance(resolve_name(word, namespace), str) or word in namespace
    except (InvalidOption, InvalidExpression):
        return False
