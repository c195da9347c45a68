"""One prompt for each row of a table, on the I/O thread: several in flight, each answer stored as
it arrives.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ernie_magic.api import models, parameters
from ernie_magic.api.requests import chat_request, check_names, check_session_parameters
from ernie_magic.api.results import Result
from ernie_magic.api.usage import Usage, simulated_note
from ernie_magic.calls.tables import frames, schema
from ernie_magic.calls.tables.files import TEXT
from ernie_magic.calls.tables.rows import ask_many
from ernie_magic.calls.tables.schema import parse_columns
from ernie_magic.calls.tables.template import Template
from ernie_magic.errors import (
    ErnieError,
    InvalidMessages,
    InvalidOption,
    RateLimited,
    RowsFailed,
)
from ernie_magic.runtime.concurrency import run_concurrently
from ernie_magic.runtime.events import Delta, Progress
from ernie_magic.storage import folders, ledger, sqlite
from ernie_magic.text.language import Text, clip_text, counted
from ernie_magic.text.sanitize import without_formulas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ernie_magic.api.requests import ChatOptions, ChatRequest
    from ernie_magic.calls.datasets.dataset import Dataset
    from ernie_magic.calls.tables.made_columns import MadeColumns
    from ernie_magic.calls.tables.rows import AskRows, Outcome, RowSender
    from ernie_magic.config.target import CallTarget
    from ernie_magic.wire.prepared_call import PreparedCall

_ROWS = counted("行", "row")
_NOT_ASKED = Text(
    "还没有问：加 --resume 再运行（Python：resume=True）",
    "not asked yet: run it again with --resume (in Python resume=True)",
)
_RESUME = Text(
    "加 --resume 再运行就只问缺的行（Python 里是 resume=True）",
    "run it again with --resume to ask only for the missing rows (in Python resume=True)",
)
_OWN_ANSWER = Text(
    "表自己的 {own} 列保留，回答在 {ours} 列",
    "the table's own column {own} is kept; the answers are in {ours}",
)
_OWN_ERROR = Text(
    "表自己的 {own} 列保留，失败原因在 {ours} 列",
    "the table's own column {own} is kept; {ours} says why a row failed",
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
_SAME_FOR_ALL = Text(
    "提示词没有取任何一列的值：每一行问的都一样",
    "the prompt takes no column's value: the same was asked for each row",
)
_NOTHING_TO_ASK = Text(
    "⚠ {rows}的 {columns} 是空的，照样问了；不想问就先去掉这些行",
    "⚠ {rows} with nothing in {columns}, asked about all the same: drop such rows first to leave "
    "them out",
)
_FORMAT_GIVEN = Text(
    "输出列（--to、schema）已经决定了 response_format",
    "the output columns (--to, schema) decide response_format",
)
_ONE_OF_THEM = Text("去掉其中一个", "leave out one of them")
_REPLACED = Text("替换了表自己的列：{names}", "replaced the table's own columns: {names}")
_NOT_WHOLE = Text(
    "⚠ {n} 行的回答可能不完整（{reason}）", "⚠ answers that may not be whole: {n} ({reason})"
)
_ALL_FAILED = Text("没有一行成功：{rows}失败", "no row succeeded: {rows} failed")
_FIRST_REASON = Text("第一行：{reason}", "the first row says: {reason}")
_ASK_AGAIN = Text(
    "每行的原因在 {column} 列；改好后加 --resume 再运行",
    "the column {column} has the reason of each; mend it, then run it again with --resume",
)
_LEDGER_LOCKED = Text(
    "另一个程序正占用记录答案的文件，等它用完",
    "another program holds the file that answers are written to: waiting for it",
)
_REASON_SHOWN = 300  # characters
# Rows that are looked up in the ledger before other work on this thread has its turn.
_LOOKUP_BATCH = 500


@dataclass(frozen=True, repr=False, eq=False)
class Mapped(Result):
    """A table with the answers to a prompt about each row. `len`, `[…]` and `for` are the table's.

    Attributes
    ----------
    table : DataFrame | list of dict
        A DataFrame when one was given, else a list; with the output columns and `error` at its end
        (`answer_2`, `error_2` where the table has its own `answer` or `error`).
    rows : list of dict
        The same data as rows.
    errors : dict
        Why a row has no answer, by its position from 0.
    usage : Usage
        Of this call.
    asked : int
        Rows that the service answered in this call.
    model, service : str
    seconds : float
        How long it took, in seconds.
    partial : bool
        Stopped, or failed permanently: rows are missing.
    columns : tuple of str
        The rows' columns, also when there are no rows.
    error_column : str
        The column that says why a row has no answer.
    notes : tuple of Text
        What to know about the columns: which are named otherwise, which were replaced; and how
        many answers may not be whole.
    yuan : float
        What this call cost in CNY; 0.0 where no price is known.
    prompts : tuple of str
        What was asked about each row, without what typed columns add to it.
    answer_columns : tuple of str
        The columns of answers.
    unread : dict
        The whole answers that do not fit the columns, by position from 0: they are paid for.
    cut : dict
        The reason to finish of answers that may not be whole ("length", "content_filter"), by
        position from 0: as `is_truncated` of a single answer. Their rows are no failures.
    reused : int
        Rows whose answers were in the ledger.
    sent : int
        Rows sent to the service in this call, those included that failed there.
    """

    table: Any
    rows: list[dict[str, Any]]
    errors: dict[int, str] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    asked: int = 0
    model: str = ""
    service: str = ""
    seconds: float = 0.0
    partial: bool = False
    columns: tuple[str, ...] = ()
    error_column: str = schema.ERROR
    notes: tuple[Text, ...] = ()
    yuan: float = 0.0
    prompts: tuple[str, ...] = field(default=(), repr=False)
    answer_columns: tuple[str, ...] = ()
    unread: dict[int, str] = field(default_factory=dict, repr=False)
    cut: dict[int, str] = field(default_factory=dict)
    reused: int = 0
    sent: int = 0

    _meant_by: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("data", "dataframe", "df", "result", "results"), "table"
    )

    def to_dataset(
        self,
        format: str = "PromptResponse",  # noqa: A002  (the platform's word)
        *,
        system: str = "",
        response: str = "",
    ) -> Dataset:
        """Return the rows as a dataset for tuning: what was asked, and what was answered. Rows
        without an answer are left out.

        Parameters
        ----------
        format
            `"PromptResponse"`, `"Role"`, or `"Prompt"` for the prompts alone.
        system
            The system prompt of each sample, "" for none.
        response
            The column of `table` with the answers; when "" the only column of answers, or all of
            them as one JSON object. What you corrected in the table counts.

        Raises
        ------
        InvalidDataset
            Nothing is left, or an answer is empty.
        InvalidOption
            There is no such column or format.

        Returns
        -------
        Dataset
            With `write`, `to_frame` and `notes`.
        """
        from ernie_magic.calls.datasets.from_chats import dataset_of_rows

        return dataset_of_rows(self, format, system=system, response=response)

    @property
    def is_empty(self) -> bool:
        """Whether there are no rows."""
        return not self.rows

    @property
    def resume_advice(self) -> Text:
        """How to get the rows that are missing."""
        return _RESUME

    def build_failure(self) -> RowsFailed | None:
        """Return the error of a table without a row that succeeded; None for other tables."""
        if not self.rows or len(self.errors) < len(self.rows):
            return None
        reason = clip_text(self.errors[0].rstrip("。."), _REASON_SHOWN)
        failure = RowsFailed(
            _ALL_FAILED.fill(rows=_ROWS.fill(len(self))),
            _FIRST_REASON.fill(reason=reason),
            _ASK_AGAIN.fill(column=self.error_column),
        )
        failure.answer = self
        return failure

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.table)

    def __getitem__(self, key: Any) -> Any:
        return self.table[key]

    def _repr_html_(self) -> str | None:
        """The table's own HTML, where it has any, with the models' words kept from MathJax."""
        own = getattr(self.table, "_repr_html_", None)
        return without_formulas(own()) if own else None

    def __repr__(self) -> str:
        facts = [_ROWS.say("en", len(self))]
        if self.errors:
            facts.append(f"{len(self.errors)} failed")
        if self.cut:
            facts.append(f"{len(self.cut)} cut")
        facts += [f"model={self.model!r}", f"tokens={self.usage.total_tokens}"]
        if self.partial:
            facts.append("partial=True")
        return f"Mapped({', '.join(facts)}{simulated_note(self.service)})"


def check_columns(template: Template, columns: Sequence[schema.Column]) -> None:
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
    taken_columns : tuple of str
        Those whose values the prompt takes.
    empty_rows : int
        How many rows have nothing in these.
    """

    data: object
    own_columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    prompts: list[str]
    columns: tuple[schema.Column, ...]
    options: ChatOptions
    target: CallTarget
    path: Path
    resume: bool
    max_concurrency: int
    made: MadeColumns
    purpose: tuple[object, ...]
    taken_columns: tuple[str, ...]
    empty_rows: int

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

    def describe_columns(self) -> Iterator[Text]:
        """Describe what becomes of the table's own columns."""
        if len(self.prompts) > 1 and not self.taken_columns:
            yield _SAME_FOR_ALL
        if self.empty_rows:
            columns = ", ".join(self.taken_columns)
            yield _NOTHING_TO_ASK.fill(rows=_ROWS.fill(self.empty_rows), columns=columns)
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
    schema: str | Mapping[str, Any] | None,
    resume: bool,
    max_concurrency: int,
    made: MadeColumns,
) -> MapRequest:
    """Return what is asked about each row of a table, checked without the network.

    What is wrong with every row is reported at once; an error in a row's own prompt concerns only
    that row.

    Raises
    ------
    UsageError
    """
    _check_prompt(prompt)
    check_names("map", options.parameters, parameters.parameters_of("chat"))
    table = frames.copy_table(rows)
    content = frames.read_table(table, with_labels=True)
    own_name = frames.own_name(table)
    names = tuple(filter(None, (*content.columns, own_name)))
    template = _parse_template(prompt, names)
    # An empty list has no columns to be checked against.
    if content.columns or content.rows:
        template = template.resolve_columns(names)
    if own_name:
        template = template.rename_column(own_name, TEXT)
    _check_braces(template, names)
    columns = parse_columns(schema)
    if columns and options.parameters.get("response_format") is not None:
        raise InvalidOption(_FORMAT_GIVEN, advice=_ONE_OF_THEM)
    purpose: tuple[object, ...] = columns or template.pieces
    own_columns = content.columns
    if resume:
        # A run that goes on replaces what the run before has said of its rows.
        replaced = made.find_names(rows, content.rows, purpose)
        own_columns = tuple(name for name in own_columns if name not in replaced)
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
        columns,
        options,
        target,
        folders.storage_folder("data") / ledger.NAME,
        resume,
        max_concurrency,
        made,
        purpose,
        tuple(dict.fromkeys(template.columns)),
        empty_rows,
    )
    _check_not_blank(template)
    check_columns(template, map_request.columns)
    map_request.request_for_row("?", target.model or models.UNDECIDED)
    return map_request


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


def _parse_template(prompt: str | Template, columns: Sequence[str]) -> Template:
    if isinstance(prompt, Template):
        return prompt
    return Template.parse(prompt, columns)


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


class UnsavedAnswer(NamedTuple):
    """An answer that is not yet in the ledger.

    Attributes
    ----------
    text : str
    usage : Usage
    reason : str
        The reason to finish of an answer that may not be whole, "" for others.
    """

    text: str
    usage: Usage
    reason: str


async def map_rows(
    call: PreparedCall,
    map_request: MapRequest,
    unsaved: dict[bytes, UnsavedAnswer],
    sender: RowSender | None = None,
) -> Mapped:
    """Ask about each row of a table (`MapJob.map_rows`).

    Parameters
    ----------
    sender
        Asks for the rows elsewhere, if given: on workers, or as a batch.
    """
    model = ""
    if map_request.rows:
        model = await call.choose_model(map_request.target)
    paths = call.paths
    max_input_tokens = call.max_input_tokens(model)

    def build_request(prompt: str) -> ChatRequest:
        return map_request.request_for_row(prompt, model, paths, max_input_tokens)

    ask_rows: AskRows = partial(ask_many, call)
    batch_size = 1
    if sender:
        ask_rows = sender.submit(call)
        batch_size = sender.rows_at_once
    job = MapJob(map_request, build_request, call, unsaved)
    async with call.suggesting_models(model, "chat"):
        return await job.map_rows(ask_rows, batch_size)


class MapJob:
    """One run over a table.

    Parameters
    ----------
    map_request
        What to ask.
    build_request
        Makes the request from a prompt; what is wrong with it is that row's error.
    call
        Where it goes: the service is part of each row's address in the ledger, like its whole
        request.
    unsaved
        Answers by address that are paid for and could not be stored: the next run over these rows
        uses them, and stores them.
    """

    def __init__(
        self,
        map_request: MapRequest,
        build_request: Callable[[str], ChatRequest],
        call: PreparedCall,
        unsaved: dict[bytes, UnsavedAnswer],
    ) -> None:
        self._map_request = map_request
        self._call = call
        self._unsaved = unsaved
        self._endpoint = call.endpoint
        self._language = call.settings.language
        self._requests: dict[int, ChatRequest] = {}
        self._values: dict[int, dict[str, Any]] = {}
        self._errors: dict[int, str] = {}
        self._unread: dict[int, str] = {}
        self._readable: set[bytes] = set()  # addresses of stored answers that fit the columns
        self._malformed = 0  # rows with values of which some are wrong: they are in both
        self._cut: dict[int, str] = {}  # why answers may not be whole
        self._usage = Usage()
        self._asked = 0
        self._sent = 0
        self._reused = 0
        self._model = ""
        self._began = time.monotonic()
        for index, prompt in enumerate(map_request.prompts):
            try:
                self._requests[index] = build_request(prompt)
            except InvalidMessages as error:  # noqa: PERF203  (each row has its own)
                self._errors[index] = error.line(self._language)

    async def map_rows(self, ask_rows: AskRows, batch_size: int = 1) -> Mapped:
        """Ask for each row that has no answer yet. When cancelled, return the rows that have one.

        Parameters
        ----------
        ask_rows
            Asks for some rows.
        batch_size
            How many rows at a time.

        Raises
        ------
        ErnieError
            An error that would fail every row, or the ledger's; `answer` has the table as far as it
            got. A row's own failure is in its `error` column.
        """

        def report_lock_wait(seconds: int) -> None:
            self._call.emit(Delta(notice=_LEDGER_LOCKED, waited=seconds))

        problem: ErnieError | asyncio.CancelledError | None = None
        try:
            async with ledger.open_ledger(self._map_request.path, report_lock_wait) as book:
                addresses = await self._resume_from_ledger(book, report_lock_wait)

                async def ask_batch(indexes: Sequence[int]) -> None:
                    new = await self._ask_batch(indexes, ask_rows, addresses)
                    await self._save_answers(book, new, report_lock_wait)
                    self._report_progress()

                self._report_progress()
                missing = [index for index in self._requests if index not in self._values]
                batches = (
                    missing[start : start + batch_size]
                    for start in range(0, len(missing), batch_size)
                )
                await run_concurrently(self._map_request.max_concurrency, batches, ask_batch)
        except (ErnieError, asyncio.CancelledError) as error:
            problem = error
        mapped = self._build_result(partial=problem is not None)
        if isinstance(problem, ErnieError):
            problem.answer = mapped
            if isinstance(problem, RateLimited) and problem.advice:
                problem.add_advice(_RESUME)
            raise problem
        return mapped

    async def _ask_batch(
        self,
        indexes: Sequence[int],
        ask_rows: AskRows,
        addresses: Mapping[int, bytes],
    ) -> list[bytes]:
        """Ask for some rows; return the addresses of the answers, which are unsaved yet."""
        new = []
        outcomes = await ask_rows([self._requests[index] for index in indexes])
        for index, outcome in zip(indexes, outcomes, strict=True):
            self._record_outcome(index, outcome)
            address = addresses[index]
            is_worth_keeping = address not in self._readable
            # A malformed answer is asked for again, but its words are paid for.
            if index not in self._errors or (outcome.text.strip() and is_worth_keeping):
                self._unsaved[address] = UnsavedAnswer(outcome.text, outcome.usage, outcome.reason)
                new.append(address)
        return new

    async def _resume_from_ledger(
        self,
        book: ledger.Ledger,
        on_lock_wait: Callable[[int], None],
    ) -> dict[int, bytes]:
        """Compute the rows' addresses, and look up what is known of them if it may be reused."""
        # The emulator listens on a different port each time.
        where = "" if self._endpoint.service.is_simulated else self._endpoint.base_url
        addresses = dict(
            zip(
                self._requests,
                ledger.row_addresses(
                    [self._endpoint.service.name, where],
                    [_request_key(request) for request in self._requests.values()],
                ),
                strict=True,
            )
        )
        wanted = list(addresses.values())
        await self._save_answers(
            book, [address for address in wanted if address in self._unsaved], on_lock_wait
        )
        known: dict[bytes, ledger.StoredAnswer] = {}
        # Looked up in any case: what cannot be read is found before anything is paid for.
        for start in range(0, len(wanted), _LOOKUP_BATCH):
            some = wanted[start : start + _LOOKUP_BATCH]
            known |= await sqlite.retry_while_locked(partial(book.find_answers, some), on_lock_wait)
            await asyncio.sleep(0)
        for index, address in addresses.items():
            if address in known:
                self._use_stored_answer(index, address, known[address])
        return addresses

    def _use_stored_answer(self, index: int, address: bytes, answer: ledger.StoredAnswer) -> None:
        values, wrong = schema.parse_answer(answer.text, self._map_request.columns, answer.reason)
        is_readable = bool(values) and wrong is None
        if is_readable:
            self._readable.add(address)
        if not self._map_request.resume:
            return
        if is_readable:
            self._values[index] = values
            self._reused += 1
            self._record_ending(index, answer.reason)
        else:
            self._unread[index] = answer.text  # until it is asked for again

    async def _save_answers(
        self,
        book: ledger.Ledger,
        addresses: Iterable[bytes],
        on_lock_wait: Callable[[int], None],
    ) -> None:
        """Store answers; one that cannot be stored stays among the unsaved."""
        for address in addresses:
            answer = self._unsaved[address]
            await sqlite.retry_while_locked(
                partial(book.save_answer, address, *answer), on_lock_wait
            )
            self._unsaved.pop(address, None)

    def _report_progress(self) -> None:
        self._call.emit(
            Delta(
                progress=Progress(
                    len(self._values) + len(self._errors) - self._malformed,
                    len(self._map_request.rows),
                    failed=len(self._errors),
                    tokens=self._usage.total_tokens,
                    yuan=self._cost(),
                )
            )
        )

    def _cost(self) -> float:
        """What was spent so far, in CNY; 0.0 where no price is known."""
        price = self._call.token_price(self._model)
        if price is None:
            return 0.0
        return price.cost(self._usage.total_tokens, self._usage.completion_tokens)

    def _record_outcome(self, index: int, row_outcome: Outcome) -> None:
        self._sent += 1
        if row_outcome.error:
            self._errors[index] = row_outcome.error
            return
        self._record_ending(index, row_outcome.reason)
        self._model = row_outcome.model
        self._usage += row_outcome.usage
        self._asked += 1
        self._values[index], wrong = schema.parse_answer(
            row_outcome.text, self._map_request.columns, row_outcome.reason
        )
        self._unread.pop(index, None)
        if wrong:
            self._malformed += 1
            self._errors[index] = wrong.say(self._language)
            if row_outcome.text.strip():
                self._unread[index] = row_outcome.text

    def _record_ending(self, index: int, reason: str) -> None:
        self._cut.pop(index, None)  # of the answer before, which could not be read
        if reason:
            self._cut[index] = reason

    def _build_result(self, *, partial: bool) -> Mapped:
        map_request = self._map_request
        typed = self._output_values()
        rows = [
            {**row, **{name: values[i] for name, (_, values) in typed.items()}}
            for i, row in enumerate(map_request.rows)
        ]
        model = self._model or next((request.model for request in self._requests.values()), "")
        table = frames.with_columns(map_request.data, map_request.rows, typed)
        names = map_request.made_columns
        # Typed values may be written otherwise in a file (3, 3.0).
        of_texts = names[-1:] if map_request.columns else names
        texts = {name: typed[name][1] for name in of_texts}
        map_request.made.record_table(table, map_request.purpose, names, texts)
        return Mapped(
            table,
            rows,
            dict(sorted(self._errors.items())),
            self._usage,
            self._asked,
            model,
            self._call.service,
            time.monotonic() - self._began,
            partial,
            tuple(dict.fromkeys([*map_request.own_columns, *typed])),
            map_request.error_column,
            (*map_request.describe_columns(), *self._describe_endings()),
            self._cost(),
            tuple(map_request.prompts),
            tuple(column.name for column in map_request.output_columns),
            dict(sorted(self._unread.items())),
            dict(sorted(self._cut.items())),
            self._reused,
            self._sent,
        )

    def _describe_endings(self) -> Iterator[Text]:
        """Describe the answers that may not be whole."""
        for reason, count in sorted(Counter(self._cut.values()).items()):
            yield _NOT_WHOLE.fill(n=count, reason=reason)

    def _output_values(self) -> dict[str, tuple[str, list[Any]]]:
        """Return type and values of the new columns, by name."""
        map_request = self._map_request
        outputs = map_request.output_columns
        error_column = schema.Column(map_request.error_column)
        typed: dict[str, tuple[str, list[Any]]] = {
            column.name: (column.type, [None] * len(map_request.rows))
            for column in (*outputs, error_column)
        }
        for index, values in self._values.items():
            # An answer of the wrong form has no values.
            for column, value in zip(outputs, values.values(), strict=False):
                typed[column.name][1][index] = value
        errors = typed[error_column.name][1]
        for index in range(len(map_request.rows)):
            if index not in self._values and index not in self._errors:
                errors[index] = _NOT_ASKED.say(self._language)
        for index, message in self._errors.items():
            errors[index] = message
        return typed


def _request_key(request: ChatRequest) -> str:
    """Return everything in a request that determines its answer."""
    return json.dumps(
        [request.sent_model, request.messages, request.parameters, request.extra],
        sort_keys=True,
        ensure_ascii=False,
        default=str,
    )
