"""The first line of `%%ernie_map`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.tables import frames
from ernie_magic.calls.tables import map as mapping
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import expression_spans, interpolate, resolve_name
from ernie_magic.notebook.magics.options import (
    AS_OPTION,
    ENDPOINT_OPTION,
    IN_FLIGHT_OPTION,
    PARAM_OPTION,
    CellLine,
    Grammar,
    Option,
    cell_options,
)
from ernie_magic.notebook.magics.words import first_word
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
class MapLine(CellLine):
    """The parsed first line of `%%ernie_map`.

    Attributes
    ----------
    source : object
        The user's table.
    table : object
        A copy of it: a table that can be read only once is read here.
    rows : list of dict
        Its rows.
    options : dict
        What `Session.begin_map` takes.
    column : str
        The one to put into the prompt, "" if the prompt names its columns.
    preview : bool
        Whether a large table is previewed first.
    """

    source: Any
    table: Any
    rows: list[dict[str, Any]]
    options: Mapping[str, Any] = field(default_factory=dict)
    column: str = ""
    preview: bool = True

    def fill_prompt(self, cell: str, namespace: Mapping[str, Any]) -> str:
        """The prompt: `{{column}}` is filled in for each row, any other `{{expr}}` once, now."""
        columns = list(self.rows[0]) if self.rows else []
        text = _fill_shared_expressions(cell.strip("\n"), columns, namespace)
        if not self.column or self.column in _expressions(text):
            return text
        return f"{text}\n\n{{{{{self.column}}}}}"


def parse_map_line(line: str, namespace: Mapping[str, Any]) -> MapLine:
    """Parse a `%%ernie_map` line; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
    """
    name, rest = first_word(line)
    if not name or name.startswith("-"):
        raise InvalidOption(_USAGE)
    args = MAP_GRAMMAR.parse_line(rest, namespace)
    if args["tools"]:
        raise InvalidOption(Text("%%ernie_map 不用工具", "%%ernie_map cannot call tools"))
    options = MAP_GRAMMAR.session_options(
        args, schema=args["to"], system=args["system"], resume=args["resume"]
    )
    source = resolve_name(name, namespace)
    table = frames.copy_table(source)
    return MapLine(
        source,
        table,
        frames.rows_of(table),
        options,
        column=args["col"] or "",
        preview=not (args["yes"] or args["resume"]),
        **cell_options(args),
    )


def _fill_shared_expressions(
    text: str, columns: Sequence[str], namespace: Mapping[str, Any]
) -> str:
    """`text` with every `{{expr}}` filled in that names no column."""
    pieces, copied_until = [], 0
    for start, end in expression_spans(text):
        expression, placeholder = text[start + 2 : end - 2].strip(), text[start:end]
        if expression in columns:
            continue
        if expression.isidentifier() and expression not in namespace:
            # Raises an error that names the closest column.
            mapping.prompts_of(placeholder, [dict.fromkeys(columns)])
        pieces += [text[copied_until:start], interpolate(placeholder, namespace)]
        copied_until = end
    return "".join([*pieces, text[copied_until:]])


def _expressions(text: str) -> list[str]:
    return [text[start + 2 : end - 2].strip() for start, end in expression_spans(text)]
