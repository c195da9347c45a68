"""The first line of `%%ernie_embed`, and the line magics that look at vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import named
from ernie_magic.notebook.magics.options import (
    AS,
    ENDPOINT,
    IN_FLIGHT,
    PARAM,
    VERBATIM,
    Grammar,
    Option,
    extra_fields,
    first_word,
    in_flight_of_words,
    split,
)
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

EMBED = Grammar(
    "%%ernie_embed",
    "embedding",
    (
        AS,
        ENDPOINT,
        Option(
            "invalid",
            Text(
                "空的或太长的文本：error 报错，truncate 截断，skip 跳过",
                "texts that are empty or too long: error, truncate or skip",
            ),
            takes="WHAT",
        ),
        Option("no_cache", Text("不用缓存的向量", "request all of them, even those already known")),
        IN_FLIGHT,
        VERBATIM,
        PARAM,
    ),
    Text("每行一条文本，写在下一行起", "the texts go on the lines below, one per line"),
)
_NAMED = Text(
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


def embed_line(line: str, namespace: Mapping[str, Any]) -> EmbedLine:
    """Parse a `%%ernie_embed` line; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
    """
    said = EMBED.read(line, namespace)
    beside = {
        "model": said["model"],
        "endpoint": said["endpoint"],
        "invalid": said["invalid"],
        "extra": dict(extra_fields(said["param"])) if said["param"] else None,
        "cache": False if said["no_cache"] else None,
        "in_flight": in_flight_of_words(said["in_flight"]),
    }
    return EmbedLine(
        {
            **EMBED.given(said),
            **{name: value for name, value in beside.items() if value is not None},
        },
        said["as"] or "",
        said["verbatim"],
    )


def vectors_line(magic: str, line: str, namespace: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """The value that a line names first, and the other words.

    Raises
    ------
    InvalidOption
    """
    word, rest = first_word(line)
    if not word:
        raise InvalidOption(_NAMED.fill(magic=magic))
    return named(word, namespace), split(rest)
