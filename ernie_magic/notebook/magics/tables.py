"""The first line of `%%ernie_map`."""

from __future__ import annotations

import ast
import sys
import unicodedata
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.tables import frames
from ernie_magic.calls.tables.template import (
    ColumnNames,
    Placeholder,
    Template,
    column_spans,
    find_column,
    row_value_error,
)
from ernie_magic.errors import InvalidExpression, InvalidOption
from ernie_magic.notebook.magics.interpolate import (
    expression_spans,
    formatted_value,
    free_names,
    interpolate,
    is_set_of_one,
    named_member,
    resolve_name,
)
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
from ernie_magic.notebook.magics.templates import (
    TEMPLATE_OPTION,
    VAR_OPTION,
    ChosenTemplate,
    choose_template,
)
from ernie_magic.notebook.magics.words import first_word, split_words
from ernie_magic.text.counts import ROWS
from ernie_magic.text.language import Text, clip_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SAVE_RESULT = Text(
    '结果在变量里：--as out，再用 out.to_excel("out.xlsx")、out.to_csv("out.csv") 存；'
    "是列表就先 pd.DataFrame(out)",
    'the result is a variable: --as out, then out.to_excel("out.xlsx") or out.to_csv("out.csv") '
    "writes it; of a list pd.DataFrame(out) first",
)
_READ_SHEET = Text(
    '先读那个工作表：df = pd.read_excel("文件.xlsx", sheet_name="…")，再用 df',
    'read that sheet first: df = pd.read_excel("file.xlsx", sheet_name="…"); its table is df',
)
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
        TEMPLATE_OPTION,
        VAR_OPTION,
        AS_OPTION,
        Option(
            "resume",
            Text(
                "接着上次：只问还没有回答的行",
                "continue: ask only for rows that have no answer yet",
            ),
        ),
        Option(
            "batch",
            Text(
                "作为一个批量任务提交：一天之内回答，费用更低",
                "send the rows as one batch: answered within a day, for less",
            ),
        ),
        Option(
            "yes",
            Text(
                "行数多时不先预览；提示词没有用任何一列也照样逐行问",
                "skip the preview of large tables; ask about each row even if the prompt names no "
                "column",
            ),
        ),
        IN_FLIGHT_OPTION,
        Option("system", Text("系统提示词（system 消息）", "system prompt"), metavar="TEXT"),
        ENDPOINT_OPTION,
        PARAM_OPTION,
        VERBATIM_OPTION,
    ),
    Text(
        "表（变量名）写在最前面；提示词写在下一行起，用 {{列名}}",
        "the table (a variable) comes first; the prompt goes on the lines below, with {{column}}",
    ),
    {
        **dict.fromkeys(
            ("--out", "--output", "--into", "--save", "--file", "--export", "--csv", "--excel"),
            _SAVE_RESULT,
        ),
        **dict.fromkeys(("--sheet", "--sheet-name", "--sheet_name"), _READ_SHEET),
    },
)
_NOWHERE = (sys.maxsize, sys.maxsize)
_COLUMN_ALONE = Text(
    "一行的值只能单独写：{{{{{column}}}}}；要计算或改格式，先给表加一列",
    "a row's value stands alone: {{{{{column}}}}}; to calculate with it or to format it, add a "
    "column to the table",
)
_CALCULATES = Text(
    "{source} 用 {column} 列来计算",
    "{source} calculates with the column {column}",
)
_FORMATS = Text("{source} 给 {column} 列指定格式", "{source} formats the column {column}")
_WHOLE_COLUMN = Text(
    "{source} 是整列 {column}：每一行都会发送所有行的值",
    "{source} is the whole column {column}: each row would be sent the values of all rows",
)
_ROW_OR_COLUMN = Text(
    "一行的值写 {{{{{column}}}}}；确实要整列就写 {{{{list({expression})}}}}",
    "a row's value is {{{{{column}}}}}; the whole column on purpose {{{{list({expression})}}}}",
)
_SAME_FOR_ALL = Text(
    "提示词没有用任何一列：{rows}会问同样的话",
    "the prompt names no column: {rows} would be asked the same",
)
_NAME_A_COLUMN = Text(
    "在提示词里写列，例如 {column}；确实要问同样的话就加 --yes",
    "write a column into the prompt, such as {column}; to ask the same on purpose add --yes",
)
_EXAMPLE = Text(
    "例如 %%ernie_map df --to 情感，提示词写在下一行：{{评论}}",
    "for example %%ernie_map df --to sentiment, and on the next line the prompt: {{review}}",
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
        The same, of which one that can be read only once is read here.
    content : TableContent
        Its columns and rows.
    options : dict
        What `Session.begin_map` takes.
    column : str
        The one to put into the prompt, "" if the prompt names its columns.
    preview : bool
        Whether a large table is previewed first.
    replaces_source : bool
        Whether `--as` names a variable that the table is read from.
    chosen_template : ChosenTemplate | None
        What becomes the prompt, if not the text below the line alone.
    """

    source: Any
    table: Any
    content: frames.TableContent
    options: Mapping[str, Any] = field(default_factory=dict)
    column: str = ""
    preview: bool = True
    replaces_source: bool = False
    chosen_template: ChosenTemplate | None = None

    @property
    def source_key(self) -> object:
        """What tells the table from another one: a file's path, or the very object."""
        return self.source if isinstance(self.source, str) else id(self.source)

    def fill_template(self, cell: str, namespace: Mapping[str, Any]) -> Template:
        """The prompt: `{{column}}` is a placeholder for each row's value, any other `{{expr}}` is
        filled in once, now.
        """
        columns = tuple(filter(None, (*self.content.columns, frames.own_name(self.table))))
        text = cell.strip("\n")
        if self.verbatim:
            template = _parse_columns_only(text, columns)
        else:
            _check_for_whole_columns(text, self.source, columns, namespace)
            template = _fill_shared_expressions(text, columns, namespace)
            if template.columns:  # else the call tells what would be sent as it is
                check_braces(text, {*namespace, *columns})
        if self.chosen_template is not None:
            template = self.chosen_template.fill_rows(template, self.column, columns)
        if not self.column:
            self._check_row_values(template, columns)
            return template
        column = find_column(self.column, columns) or self.column
        named = [find_column(written, columns) for written in template.columns]
        if column in named:
            return template
        return Template((*template.pieces, "\n\n", Placeholder(self.column)))

    def _check_row_values(self, template: Template, columns: Sequence[str]) -> None:
        """Check that a prompt about several rows has a value of theirs, or is meant to have none.

        Raises
        ------
        InvalidOption
        """
        count = len(self.content.rows)
        if template.columns or template.is_blank or not self.preview or count <= 1:
            return
        if template.find_braced_column(columns):  # the call tells what would be sent as it is
            return
        raise InvalidOption(
            _SAME_FOR_ALL.fill(rows=ROWS.fill(count)),
            advice=_NAME_A_COLUMN.fill(column=f"{{{{{clip_text(columns[0], 64)}}}}}"),
        )


def parse_map_line(line: str, namespace: Mapping[str, Any]) -> MapLine:
    """Parse a `%%ernie_map` line; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
    """
    name, rest = first_word(line)
    if not name or name.startswith("-"):
        raise InvalidOption(_USAGE, advice=_EXAMPLE)
    try:
        args = MAP_GRAMMAR.parse_line(rest, namespace)
    except InvalidExpression:
        _check_for_row_values(rest, name, namespace)
        raise
    if args["tools"]:
        raise InvalidOption(Text("%%ernie_map 不用工具", "%%ernie_map cannot call tools"))
    options = MAP_GRAMMAR.session_options(
        args, schema=args["to"], system=args["system"], resume=args["resume"], batch=args["batch"]
    )
    source = resolve_name(name, namespace)
    table = source
    if not hasattr(source, "columns"):
        table = frames.copy_table(source)
    return MapLine(
        source,
        table,
        frames.read_table(table, with_labels=True),
        options,
        column=args["col"] or "",
        preview=not args["yes"],
        replaces_source=not isinstance(source, str) and args["as"] in _names_in(name),
        chosen_template=choose_template(args),
        **cell_options(args),
    )


def _check_for_row_values(rest: str, source: str, namespace: Mapping[str, Any]) -> None:
    """Check that no option has the value of a row, which is not known yet.

    Raises
    ------
    InvalidExpression
    """
    table = frames.copy_table(resolve_name(source, namespace))
    columns = frames.read_table(table, with_labels=True).columns
    names = ColumnNames(columns)
    words = split_words(rest)
    for previous, word in pairwise(["", *words]):
        for start, end in expression_spans(word):
            inside = word[start + 2 : end - 2]
            written = [inside, *(name for name in free_names(inside) if name not in namespace)]
            column = next((name for name in written if names.find_names(name)), "").strip()
            if column and column not in namespace:
                option = previous if previous.startswith("-") else word.partition("=")[0]
                raise row_value_error(option, column)


def _names_in(source: str) -> set[str]:
    """The variables of an expression."""
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def _check_for_whole_columns(
    text: str,
    source: object,
    columns: Sequence[str],
    namespace: Mapping[str, Any],
) -> None:
    """Check that no `{{expr}}` takes a whole column of the table: each row would be sent all values
    of all rows.

    Raises
    ------
    InvalidExpression
    """
    for start, end in expression_spans(text):
        expression = text[start + 2 : end - 2].strip()
        variable, name = named_member(expression)
        if not name or namespace.get(variable) is not source:
            continue
        if (column := find_column(name, columns)) is not None:
            raise InvalidExpression(
                _WHOLE_COLUMN.fill(source=clip_text(text[start:end], 64), column=column),
                advice=_ROW_OR_COLUMN.fill(column=column, expression=expression),
            )


def _fill_shared_expressions(
    text: str,
    columns: Sequence[str],
    namespace: Mapping[str, Any],
) -> Template:
    """`text` with every `{{expr}}` filled in that names no column; braces in its value stay."""
    pieces: list[str | Placeholder] = []
    copied_until = 0
    for start, end in _spans_of_columns(text, columns):
        pieces += _fill_expressions(text[copied_until:start], columns, namespace)
        pieces.append(Placeholder(text[start + 2 : end - 2]))
        copied_until = end
    pieces += _fill_expressions(text[copied_until:], columns, namespace)
    return Template(tuple(pieces))


def _parse_columns_only(text: str, columns: Sequence[str]) -> Template:
    """`text` with the columns' placeholders; all other braces stay."""
    pieces: list[str | Placeholder] = []
    copied_until = 0
    for start, end in column_spans(text, columns):
        pieces += [text[copied_until:start], Placeholder(text[start + 2 : end - 2])]
        copied_until = end
    return Template((*pieces, text[copied_until:]))


def _spans_of_columns(text: str, columns: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where columns are named: not within an expression, as in `{{ "{{a}}" }}`."""
    spans = expression_spans(text, complete=True)
    expressions = (_without_outer_braces(text, start, end) for start, end in spans)
    outer = next(expressions, _NOWHERE)
    for start, end in column_spans(text, columns):
        while outer[1] < end and outer is not _NOWHERE:
            outer = next(expressions, _NOWHERE)
        if outer[0] >= start:
            yield start, end


def _without_outer_braces(text: str, start: int, end: int) -> tuple[int, int]:
    """Where `{{name}}` is within `{{{name}}}`, which is its value in braces."""
    while is_set_of_one(text[start + 2 : end - 2]):
        start += 1
        end -= 1
    return start, end


def _fill_expressions(
    text: str,
    columns: Sequence[str],
    namespace: Mapping[str, Any],
) -> Iterator[str | Placeholder]:
    """The pieces of a text that names no column."""
    copied_until = 0
    for start, end in expression_spans(text):
        placeholder = text[start:end]
        inside = text[start + 2 : end - 2]
        yield from Template.parse(text[copied_until:start], columns).pieces
        copied_until = end
        if _is_placeholder(inside, columns, namespace):
            yield Placeholder(inside)
        else:
            yield _fill_expression(placeholder, columns, namespace)
    yield from Template.parse(text[copied_until:], columns).pieces


def _fill_expression(placeholder: str, columns: Sequence[str], namespace: Mapping[str, Any]) -> str:
    """The value of an expression, which is one for all rows.

    Raises
    ------
    InvalidExpression
        It calculates with a column: with which row's value is not known yet, and a variable of that
        name is not what was meant.
    """
    names = ColumnNames(columns)
    inside = placeholder[2:-2]
    formatted = formatted_value(inside)
    free = free_names(formatted or inside)
    column = next((name for name in free if names.find_names(name)), None)
    if column is not None:
        what = _FORMATS if formatted else _CALCULATES
        raise InvalidExpression(
            what.fill(source=clip_text(placeholder, 64), column=column),
            advice=_COLUMN_ALONE.fill(column=column),
        )
    return interpolate(placeholder, namespace)


def _is_placeholder(inside: str, columns: Sequence[str], namespace: Mapping[str, Any]) -> bool:
    """Whether what stands in braces is for each row's value: a column, or a name that is no
    variable's, which is a misspelled column.
    """
    name = inside.strip()
    return find_column(inside, columns) is not None or (
        name.isidentifier() and unicodedata.normalize("NFKC", name) not in namespace
    )
