"""What is asked about each row of a table: the prompts and their options, checked before anything
is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ernie_magic.api import models, parameters
from ernie_magic.api.requests import chat_request, check_names, check_session_parameters
from ernie_magic.calls.tables import frames, schema
from ernie_magic.calls.tables.earlier_runs import are_made_columns
from ernie_magic.calls.tables.files import TEXT
from ernie_magic.calls.tables.schema import parse_columns
from ernie_magic.calls.tables.sheets import take_sheet_notes
from ernie_magic.calls.tables.template import Template, column_spans, row_value_error
from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.storage import folders, ledger
from ernie_magic.text.counts import ROWS
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ernie_magic.api.requests import ChatOptions, ChatRequest
    from ernie_magic.calls.tables.made_columns import MadeColumns
    from ernie_magic.config.target import CallTarget

_OWN_ANSWER = Text(
    "表自己的 {own} 列保留，回答在 {ours} 列",
    "the table's own column {own} is kept; the answers are in {ours}",
)
_OWN_ERROR = Text(
    "表自己的 {own} 列保留，失败原因在 {ours} 列",
    "the table's own column {own} is kept; {ours} says why a row failed",
)
_REPLACED = Text("替换了表自己的列：{names}", "replaced the table's own columns: {names}")
_SAME_FOR_ALL = Text(
    "提示词没有取任何一列的值：每一行问的都一样",
    "the prompt takes no column's value: the same was asked for each row",
)
_NOTHING_TO_ASK = Text(
    "⚠ {rows}的 {columns} 是空的，照样问了；不想问就先去掉这些行",
    "⚠ {rows} with nothing in {columns}, asked about all the same: drop such rows first to leave "
    "them out",
)
_SENT_AS_WRITTEN = Text(
    "提示词没有取任何一列的值：{written} 会原样发给每一行",
    "the prompt takes no column's value: {written} would be sent as it is with each row",
)
_DOUBLE_BRACES = Text("写成 {column}", "write {column}")
_BRACES_IN_VALUE = Text(
    "变量的值里的花括号不会再替换：把提示词直接写在单元格里，或用 ernie.map(提示词, 表)",
    "braces in a variable's value are not filled in: write the prompt in the cell itself, or use "
    "ernie.map(prompt, table)",
)
_FORMAT_GIVEN = Text(
    "输出列（--to、schema）已经决定了 response_format",
    "the output columns (--to, schema) decide response_format",
)
_ONE_OF_THEM = Text("去掉其中一个", "leave out one of them")


# Rows above which a preview comes first, and rows of a preview.
PREVIEW_ABOVE = 50
PREVIEW_ROWS = 3


@dataclass(frozen=True)
class MapRequest:
    """What to ask, and where the answers go.

    Attributes
    ----------
    data : object
        The table as given.
    own_columns : tuple of str
        The table's.
    rows : list of dict
    prompts : list of str
        One per row.
    template : Template
        What they are made from.
    columns : tuple of schema.Column
        Those that an answer is split into; none for the whole answer.
    options : ChatOptions
        The other options of each prompt.
    target : CallTarget
    path : Path
        The ledger's file.
    resume : bool
        Reuse what the ledger has.
    max_concurrency : int
        Calls in flight.
    made : MadeColumns
        Where the columns of this run are recorded.
    purpose : tuple
        What tells its columns from those of other questions.
    empty_rows : int
        How many rows have nothing in these.
    preview : bool
        Ask for a few rows where many have no answer yet.
    notes : tuple of Text
        What to know of the table.
    """

    data: object
    own_columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    prompts: list[str]
    template: Template
    columns: tuple[schema.Column, ...]
    options: ChatOptions
    target: CallTarget
    path: Path
    resume: bool
    max_concurrency: int
    made: MadeColumns
    purpose: tuple[object, ...]
    empty_rows: int
    preview: bool = False
    notes: tuple[Text, ...] = ()

    @property
    def taken_columns(self) -> tuple[str, ...]:
        """The columns whose values the prompt takes."""
        return tuple(dict.fromkeys(self.template.columns))

    @property
    def output_columns(self) -> tuple[schema.Column, ...]:
        """The columns of answers."""
        return self.columns or (schema.Column(schema.free_name(schema.ANSWER, self.own_columns)),)

    @property
    def made_columns(self) -> tuple[str, ...]:
        """The columns that the run adds to the table."""
        return (*(column.name for column in self.output_columns), self.error_column)

    @property
    def error_column(self) -> str:
        """The column that says why a row has no answer."""
        outputs = (column.name for column in self.output_columns)
        return schema.free_name(schema.ERROR, {*self.own_columns, *outputs})

    def without_made_columns(self, known: Mapping[int, Mapping[str, Any]]) -> MapRequest:
        """Return it without the columns that a run of an earlier session has made, which are
        replaced: those of a table that was read from the file of a result.

        Parameters
        ----------
        known
            The values of stored answers, by their rows' positions.
        """
        outputs = tuple(column.name for column in self.columns) or (schema.ANSWER,)
        names = (*outputs, schema.ERROR)
        if not {*self.own_columns} >= {*names} or not {*names}.isdisjoint(self.taken_columns):
            return self
        if not are_made_columns(self.rows, outputs, schema.ERROR, known):
            return self
        kept = tuple(name for name in self.own_columns if name not in names)
        return replace(self, own_columns=kept)

    def choose_rows(self, missing: Sequence[int]) -> Sequence[int]:
        """Return which of the rows without an answer are asked for now."""
        if self.preview and len(missing) > PREVIEW_ABOVE:
            return missing[:PREVIEW_ROWS]
        return missing

    def describe_columns(self) -> Iterator[Text]:
        """Describe which table was read, and what becomes of its own columns."""
        yield from self.notes
        if len(self.prompts) > 1 and not self.taken_columns:
            yield _SAME_FOR_ALL
        if self.empty_rows:
            columns = ", ".join(self.taken_columns)
            yield _NOTHING_TO_ASK.fill(rows=ROWS.fill(self.empty_rows), columns=columns)
        answer_column = self.output_columns[0].name
        if not self.columns and answer_column != schema.ANSWER:
            yield _OWN_ANSWER.fill(own=schema.ANSWER, ours=answer_column)
        if self.error_column != schema.ERROR:
            yield _OWN_ERROR.fill(own=schema.ERROR, ours=self.error_column)
        replaced = [column.name for column in self.columns if column.name in self.own_columns]
        if replaced:
            yield _REPLACED.fill(names=", ".join(replaced))

    def request_for_row(
        self,
        prompt: str,
        model: str,
        paths: Mapping[str, str] | None = None,
        max_input_tokens: int | None = None,
    ) -> ChatRequest:
        """Build the request for one row.

        Raises
        ------
        UsageError
        """
        settings = self.target.settings
        rules = self.target.rules
        kept = settings.parameters
        given = parameters.merge_parameters("chat", kept, self.options.parameters, rules)
        check_session_parameters("chat", kept, given, model, rules)
        if self.columns:
            prompt = f"{prompt}\n\n{schema.json_instruction(self.columns)}"
            given["response_format"] = "json_object"  # V1 supports no schema, only JSON
            if rules.protocol == "openai":
                given["response_format"] = schema.json_schema(self.columns)
        messages = [{"role": "user", "content": prompt}]
        system = self.options.system
        if system is None:
            system = settings.system
        if system:
            messages.insert(0, {"role": "system", "content": system})
        request = chat_request(
            messages,
            model=model,
            given=given,
            extra=self.options.extra,
            stream=False,
            rules=rules,
            endpoint=self.target.deployed,
            paths=paths,
            max_input_tokens=max_input_tokens,
        )
        adaptable = {"stream"}
        if self.columns:
            adaptable.add("response_format")
        return replace(request, adaptable=frozenset(adaptable))


def build_map_request(
    prompt: str | Template,
    rows: object,
    options: ChatOptions,
    target: CallTarget,
    *,
    schema: str | Mapping[str, Any] | Sequence[Any] | type | None,
    resume: bool,
    max_concurrency: int,
    made: MadeColumns,
    preview: bool = False,
) -> MapRequest:
    """Return what is asked about each row of a table, checked without the network.

    What is wrong with every row is reported at once; an error in a row's own prompt concerns only
    that row.

    Raises
    ------
    UsageError
    """
    _check_prompt(prompt)
    is_written = isinstance(prompt, str)  # a template's values, and a cell's, are filled in
    check_names("map", options.parameters, parameters.parameters_of("chat"))
    table = frames.copy_table(rows)
    sheet_notes = take_sheet_notes(table)
    content = frames.read_table(table, with_labels=True)
    if is_written:
        _check_system(options.system, (*content.columns, frames.own_name(table)))
    template = _read_template(prompt, content, frames.own_name(table))
    columns = parse_columns(schema)
    if columns and options.parameters.get("response_format") is not None:
        raise InvalidOption(_FORMAT_GIVEN, advice=_ONE_OF_THEM)
    purpose: tuple[object, ...] = columns or template.pieces
    own_columns = content.columns
    if resume and (run_before := made.find_run(rows, content.rows, purpose)):
        # What that run has said of its rows is replaced.
        own_columns = tuple(name for name in own_columns if name not in run_before.names)
        content = content._replace(rows=run_before.restore_numbers(content.rows))
    prompts = [template.fill(row) for row in frames.rows_in_words(content)]
    empty_rows = sum(
        bool(filled.strip()) and template.takes_nothing(row)
        for row, filled in zip(content.rows, prompts, strict=True)
    )
    map_request = MapRequest(
        table,
        own_columns,
        content.rows,
        prompts,
        template,
        columns,
        options,
        target,
        folders.storage_folder("data") / ledger.NAME,
        resume,
        max_concurrency,
        made,
        purpose,
        empty_rows,
        preview,
        sheet_notes,
    )
    _check_not_blank(template)
    _check_columns(template, map_request.columns)
    map_request.request_for_row("?", target.model or models.UNDECIDED)
    return map_request


def _check_prompt(prompt: object) -> None:
    """Check that a prompt is one: a table that stands first is a common mistake.

    Raises
    ------
    InvalidMessages
    """
    if isinstance(prompt, (str, Template)):
        return
    raise InvalidMessages(
        Text("提示词要是文本，不是 {kind}", "the prompt must be a text, not {kind}").fill(
            kind=type(prompt).__name__
        ),
        advice=Text(
            '提示词在前，表在后：ernie.map("…{{{{列名}}}}…", 表)',
            'the prompt comes first, then the table: ernie.map("…{{{{column}}}}…", table)',
        ).fill(x=0),
    )


def _read_template(prompt: str | Template, content: frames.TableContent, own_name: str) -> Template:
    """Return the prompt with the table's own columns in its placeholders.

    Parameters
    ----------
    own_name
        That of a column which is given by itself: it names the column "text" too.

    Raises
    ------
    InvalidOption
        It names no column, or seems to name one.
    """
    names = tuple(filter(None, (*content.columns, own_name)))
    template = prompt if isinstance(prompt, Template) else Template.parse(prompt, names)
    # An empty list has no columns to be checked against.
    if content.columns or content.rows:
        template = template.resolve_columns(names)
    if own_name:
        template = template.rename_column(own_name, TEXT)
    _check_braces(template, names)
    return template


def _check_system(system: str | None, columns: Iterable[str]) -> None:
    """Check that a system prompt, which is one for all rows, names no column.

    Raises
    ------
    InvalidExpression
    """
    names = tuple(filter(None, columns))
    for start, end in column_spans(system or "", names):
        raise row_value_error("system", (system or "")[start + 2 : end - 2].strip())


def _check_braces(template: Template, columns: Sequence[str]) -> None:
    """Check that a prompt without a row's value does not look as if it had one: it would be paid
    for once a row, for nothing.

    Raises
    ------
    InvalidOption
    """
    written = template.find_braced_column(columns)
    if template.columns or written is None:
        return
    advice = _DOUBLE_BRACES.fill(column=f"{{{{{written.strip('{}｛｝').strip()}}}}}")
    if written.startswith("{{") and written.endswith("}}"):
        advice = _BRACES_IN_VALUE
    raise InvalidOption(_SENT_AS_WRITTEN.fill(written=written), advice=advice)


def _check_not_blank(template: Template) -> None:
    """Check that a prompt says anything.

    Raises
    ------
    InvalidMessages
    """
    if template.is_blank:
        raise InvalidMessages(
            Text("提示词为空", "the prompt is empty"),
            advice=Text(
                "写上提示词，用 {{{{列名}}}} 取该行的值",
                "write a prompt, with {{{{column}}}} for a row's value",
            ).fill(x=0),
        )


def _check_columns(template: Template, columns: Sequence[schema.Column]) -> None:
    """Check that no output column replaces one that the prompt uses.

    Raises
    ------
    InvalidOption
    """
    for column in columns:
        if column.name in template.columns:
            raise InvalidOption(
                Text(
                    "列 {name} 既在提示词里又是输出列",
                    "the column {name} is in the prompt and is also an output column",
                ).fill(name=column.name),
                advice=Text("给输出列换一个名字", "give the output column another name"),
            )
