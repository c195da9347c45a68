"""The first line of `%%ernie_map`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.tables import map as mapping
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import interpolate, named, spans
from ernie_magic.notebook.magics.options import (
    AS,
    ENDPOINT,
    IN_FLIGHT,
    PARAM,
    Grammar,
    Option,
    extra_fields,
    first_word,
    in_flight_of_words,
)
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

MAP = Grammar(
    "%%ernie_map",
    "chat",
    (
        Option(
            "col",
            Text(
                "放进提示词的列（提示词里没有写 {{列}} 时接在末尾）",
                "the column to put into the prompt (at its end, if no {{column}} names it)",
            ),
            takes="COLUMN",
        ),
        Option(
            "to",
            Text(
                '输出列："情感, 分数:int"（str、int、float、bool）；不写则整个回答一列',
                'output columns: "sentiment, score:int" (str, int, float, bool); without it '
                "the whole answer is one",
            ),
            takes="COLUMNS",
        ),
        AS,
        Option(
            "resume",
            Text(
                "接着上次：只问还没有回答的行",
                "continue: ask only for rows that have no answer yet",
            ),
        ),
        Option("yes", Text("行数多时不先预览", "skip the preview of large tables")),
        IN_FLIGHT,
        Option("system", Text("系统提示词（system 消息）", "system prompt"), takes="TEXT"),
        ENDPOINT,
        PARAM,
    ),
    Text(
        "表（变量名）写在最前面；提示词写在下一行起，用 {{列名}}",
        "the table (a variable) comes first; the prompt goes on the lines below, with {{column}}",
    ),
)
_USAGE = Text(
    "用法：%%ernie_map 表 [--col 列] [--to 列] [--as 名称]",
    "usage: %%ernie_map TABLE [--col COLUMN] [--to COLUMNS] [--as NAME]",
)


@dataclass(frozen=True)
class MapLine:
    """The parsed first line of `%%ernie_map`.

    Attributes
    ----------
    rows : object
        The table.
    options : dict
        What `Session.begin_map` takes.
    column : str
        The one to put into the prompt, "" if the prompt names its columns.
    as_name : str
    preview : bool
    """

    rows: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    column: str = ""
    as_name: str = ""
    preview: bool = True


def map_line(line: str, namespace: Mapping[str, Any]) -> MapLine:
    """Parse a `%%ernie_map` line; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
    """
    table, rest = first_word(line)
    if not table or table.startswith("-"):
        raise InvalidOption(_USAGE)
    said = MAP.read(rest, namespace)
    if said["tools"]:
        raise InvalidOption(Text("%%ernie_map 不用工具", "%%ernie_map cannot call tools"))
    given = MAP.given(said)
    beside = {
        "model": said["model"],
        "schema": said["to"],
        "system": said["system"],
        "endpoint": said["endpoint"],
        "extra": dict(extra_fields(said["param"])) if said["param"] else None,
        "in_flight": in_flight_of_words(said["in_flight"]),
    }
    return MapLine(
        named(table, namespace),
        {
            **given,
            **{name: value for name, value in beside.items() if value is not None},
            "resume": said["resume"],
        },
        said["col"] or "",
        said["as"] or "",
        not (said["yes"] or said["resume"]),
    )


def prompt_for(cell: str, said: MapLine, columns: list[str], namespace: Mapping[str, Any]) -> str:
    """The prompt: `{{column}}` is filled in for each row, any other `{{expr}}` once, now."""
    text = cell.strip("\n")
    pieces, shown = [], 0
    for start, end in spans(text):
        inside = text[start + 2 : end - 2].strip()
        if inside.isidentifier() and inside not in columns and inside not in namespace:
            # Raises an error that names the closest column.
            mapping.prompts_of(text[start:end], [dict.fromkeys(columns)])
        pieces += [
            text[shown:start],
            text[start:end] if inside in columns else interpolate(text[start:end], namespace),
        ]
        shown = end
    text = "".join([*pieces, text[shown:]])
    named_already = said.column and any(
        text[start + 2 : end - 2].strip() == said.column for start, end in spans(text)
    )
    return f"{text}\n\n{{{{{said.column}}}}}" if said.column and not named_already else text
