"""The first line of `%%ernie_map`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.tables import map as mapping
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import expression_spans, interpolate, resolve_name
from ernie_magic.notebook.magics.options import (
    AS_OPTION,
    ENDPOINT_OPTION,
    IN_FLIGHT_OPTION,
    PARAM_OPTION,
    Grammar,
    Option,
    first_word,
    parse_extra_fields,
    parse_in_flight,
)
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

MAP_GRAMMAR = Grammar(
    "%%ernie_map",
    "chat",
    (
        Option(
            "col",
            Text(
                "放进提示词的列（提示词里没有写 {{列}} 时接在末尾）",
                "the column to put into the prompt (at its end, if no {{column}} names it)",
            ),
            metavar="COLUMN",
        ),
        Option(
            "to",
            Text(
                '输出列："情感, 分数:int"（str、int、float、bool）；不写则整个回答一列',
                'output columns: "sentiment, score:int" (str, int, float, bool); without it '
                "the whole answer is one",
            ),
            metavar="COLUMNS",
        ),
        AS_OPTION,
        Option(
            "resume",
            Text(
                "接着上次：只问还没有回答的行",
                "continue: ask only for rows that have no answer yet",
            ),
        ),
        Option("yes", Text("行数多时不先预览", "skip the preview of large tables")),
        IN_FLIGHT_OPTION,
        Option("system", Text("系统提示词（system 消息）", "system prompt"), metavar="TEXT"),
        ENDPOINT_OPTION,
        PARAM_OPTION,
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


def parse_map_line(line: str, namespace: Mapping[str, Any]) -> MapLine:
    """Parse a `%%ernie_map` line; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
    """
    table, rest = first_word(line)
    if not table or table.startswith("-"):
        raise InvalidOption(_USAGE)
    args = MAP_GRAMMAR.parse_line(rest, namespace)
    if args["tools"]:
        raise InvalidOption(Text("%%ernie_map 不用工具", "%%ernie_map cannot call tools"))
    request_parameters = MAP_GRAMMAR.request_parameters(args)
    other_options = {
        "model": args["model"],
        "schema": args["to"],
        "system": args["system"],
        "endpoint": args["endpoint"],
        "extra": dict(parse_extra_fields(args["param"])) if args["param"] else None,
        "in_flight": parse_in_flight(args["in_flight"]),
    }
    return MapLine(
        resolve_name(table, namespace),
        {
            **request_parameters,
            **{name: value for name, value in other_options.items() if value is not None},
            "resume": args["resume"],
        },
        args["col"] or "",
        args["as"] or "",
        not (args["yes"] or args["resume"]),
    )


def fill_shared_expressions(
    cell: str, parsed_line: MapLine, columns: list[str], namespace: Mapping[str, Any]
) -> str:
    """The prompt: `{{column}}` is filled in for each row, any other `{{expr}}` once, now."""
    text = cell.strip("\n")
    pieces, copied_until = [], 0
    for start, end in expression_spans(text):
        expression = text[start + 2 : end - 2].strip()
        if expression.isidentifier() and expression not in columns and expression not in namespace:
            # Raises an error that names the closest column.
            mapping.prompts_of(text[start:end], [dict.fromkeys(columns)])
        pieces += [
            text[copied_until:start],
            text[start:end] if expression in columns else interpolate(text[start:end], namespace),
        ]
        copied_until = end
    text = "".join([*pieces, text[copied_until:]])
    named_already = parsed_line.column and any(
        text[start + 2 : end - 2].strip() == parsed_line.column
        for start, end in expression_spans(text)
    )
    return (
        f"{text}\n\n{{{{{parsed_line.column}}}}}"
        if parsed_line.column and not named_already
        else text
    )
