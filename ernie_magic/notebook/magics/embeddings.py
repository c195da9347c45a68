"""The first line of `%%ernie_embed`, and the line magics that look at vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import resolve_name
from ernie_magic.notebook.magics.options import (
    AS_OPTION,
    ENDPOINT_OPTION,
    IN_FLIGHT_OPTION,
    PARAM_OPTION,
    VERBATIM_OPTION,
    Grammar,
    Option,
    first_word,
    parse_extra_fields,
    parse_in_flight,
    split_words,
)
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
_VECTORS_USAGE = Text(
    "用法：%{magic} 变量（ernie.embed 的结果，或文本列表、列）",
    "usage: %{magic} VARIABLE (a result of ernie.embed, or a list or column of texts)",
)


@dataclass(frozen=True)
class EmbedLine:
    """The first line of `%%ernie_embed`, understood.

    Attributes
    ----------
    options : dict
        What `Session.begin_embed` takes.
    as_name : str
        "" for none.
    verbatim : bool
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    as_name: str = ""
    verbatim: bool = False


def parse_embed_line(line: str, namespace: Mapping[str, Any]) -> EmbedLine:
    """Parse a `%%ernie_embed` line; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
    """
    args = EMBED_GRAMMAR.parse_line(line, namespace)
    other_options = {
        "model": args["model"],
        "endpoint": args["endpoint"],
        "invalid": args["invalid"],
        "extra": dict(parse_extra_fields(args["param"])) if args["param"] else None,
        "cache": False if args["no_cache"] else None,
        "in_flight": parse_in_flight(args["in_flight"]),
    }
    return EmbedLine(
        {
            **EMBED_GRAMMAR.request_parameters(args),
            **{name: value for name, value in other_options.items() if value is not None},
        },
        args["as"] or "",
        args["verbatim"],
    )


def parse_vectors_line(
    magic: str, line: str, namespace: Mapping[str, Any]
) -> tuple[Any, list[str]]:
    """The value that a line names first, and the other words.

    Raises
    ------
    InvalidOption
    """
    word, rest = first_word(line)
    if not word:
        raise InvalidOption(_VECTORS_USAGE.fill(magic=magic))
    return resolve_name(word, namespace), split_words(rest)
