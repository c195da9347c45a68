"""One prompt for each row of a table, on the I/O thread: several in flight, each answer stored as
it arrives.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.calls.tables.denials import Denials
from ernie_magic.calls.tables.earlier_runs import respell_prompts
from ernie_magic.calls.tables.frames import with_columns
from ernie_magic.calls.tables.result import Mapped
from ernie_magic.calls.tables.row_answers import RowAnswers
from ernie_magic.calls.tables.rows import ask_many
from ernie_magic.calls.tables.schema import parse_answer
from ernie_magic.errors import ErnieError, InvalidMessages, InvalidOption, RateLimited
from ernie_magic.runtime.concurrency import run_concurrently
from ernie_magic.runtime.events import Delta, Progress
from ernie_magic.storage import ledger, sqlite
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ernie_magic.api.requests import ChatRequest
    from ernie_magic.api.usage import Usage
    from ernie_magic.calls.tables.request import MapRequest
    from ernie_magic.calls.tables.rows import AskRows, RowSender
    from ernie_magic.storage.ledger import MemoryLedger
    from ernie_magic.wire.prepared_call import PreparedCall

    Ledger = ledger.Ledger | MemoryLedger

_LEDGER_LOCKED = Text(
    "另一个程序正占用记录答案的文件，等它用完",
    "another program holds the file that answers are written to: waiting for it",
)
_NOT_WRITTEN = Text(
    "{folder} 不能写：答案只留在这个会话里，内核一停就没有了；在笔记本旁建 .ernie 文件夹就会记下来",
    "{folder} cannot be written: the answers are kept in this session only, and are lost if the "
    "kernel ends; they are written to a folder .ernie beside the notebook if you make one",
)
# Rows that are looked up in the ledger before other work on this thread has its turn.
_LOOKUP_BATCH = 500


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
        self._build_request = build_request
        self._call = call
        self._unsaved = unsaved
        self._endpoint = call.endpoint
        self._requests: dict[int, ChatRequest] = {}
        self._answers = RowAnswers(map_request.columns, call.settings.language)
        self._denials = Denials(self._answers)
        self._notes: tuple[Text, ...] = ()
        self._readable: set[bytes] = set()  # addresses of stored answers that fit the columns
        self._began = time.monotonic()
        for index, prompt in enumerate(map_request.prompts):
            try:
                self._requests[index] = build_request(prompt)
            except InvalidMessages as error:  # noqa: PERF203  (each row has its own)
                self._answers.errors[index] = error.line(self._answers.language)

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
            async with ledger.open_ledger(
                self._map_request.path,
                report_lock_wait,
                must_be_kept=self._map_request.resume and not self._unsaved,
            ) as book:
                self._note_missing_file(book)
                addresses = await self._resume_from_ledger(book, report_lock_wait)

                async def ask_batch(indexes: Sequence[int]) -> None:
                    new = await self._ask_batch(indexes, ask_rows, addresses)
                    await self._save_answers(book, new, report_lock_wait)
                    self._report_progress()
                    self._denials.raise_if_general()

                self._report_progress()
                missing = [index for index in self._requests if index not in self._answers.values]
                now = self._map_request.choose_rows(missing)
                batches = (
                    now[start : start + batch_size] for start in range(0, len(now), batch_size)
                )
                await run_concurrently(self._map_request.max_concurrency, batches, ask_batch)
                self._denials.raise_if_general(is_end=True)
        except (ErnieError, asyncio.CancelledError) as error:
            problem = error
        mapped = self._build_result(partial=problem is not None)
        if isinstance(problem, ErnieError):
            if mapped.unasked < len(mapped):  # else there is nothing to show, or to continue
                problem.answer = mapped
            is_ledgers = isinstance(problem, InvalidOption) and bool(self._answers.values)
            if problem.advice and (isinstance(problem, RateLimited) or is_ledgers):
                problem.add_advice(mapped.resume_advice)
            raise problem
        return mapped

    def _note_missing_file(self, book: Ledger) -> None:
        """Say where the answers are, if nothing writes them to a file."""
        if not book.outlives_process:
            folder = self._map_request.path.parent
            self._notes = (_NOT_WRITTEN.fill(folder=folder),)
            self._call.emit(Delta(notice=self._notes[0]))

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
            self._answers.record_outcome(index, outcome)
            if outcome.denial:
                self._denials.record_denial(index, outcome.denial)
            elif not outcome.error:
                self._denials.record_answer()
            address = addresses[index]
            is_worth_keeping = address not in self._readable
            # A malformed answer is asked for again, but its words are paid for.
            if index not in self._answers.errors or (outcome.text.strip() and is_worth_keeping):
                self._unsaved[address] = UnsavedAnswer(outcome.text, outcome.usage, outcome.reason)
                new.append(address)
        return new

    async def _resume_from_ledger(
        self,
        book: Ledger,
        on_lock_wait: Callable[[int], None],
    ) -> dict[int, bytes]:
        """Compute the rows' addresses, and look up what is known of them if it may be reused."""
        addresses = self._address_rows(self._requests)
        wanted = list(addresses.values())
        await self._save_answers(
            book, [address for address in wanted if address in self._unsaved], on_lock_wait
        )
        # Looked up in any case: what cannot be read is found before anything is paid for.
        known = await _look_up(book, wanted, on_lock_wait)
        for index, address in addresses.items():
            if address in known:
                self._use_stored_answer(index, address, known[address])
        if self._map_request.resume:
            await self._find_respelled(book, addresses, on_lock_wait)
            self._map_request = self._map_request.without_made_columns(self._answers.values)
        return addresses

    def _address_rows(self, requests: Mapping[int, ChatRequest]) -> dict[int, bytes]:
        """Return the addresses of rows in the ledger."""
        # The emulator listens on a different port each time.
        where = "" if self._endpoint.service.is_simulated else self._endpoint.base_url
        keys = [_request_key(request) for request in requests.values()]
        made_by = [self._endpoint.service.name, where]
        return dict(zip(requests, ledger.row_addresses(made_by, keys), strict=True))

    async def _find_respelled(
        self,
        book: Ledger,
        addresses: Mapping[int, bytes],
        on_lock_wait: Callable[[int], None],
    ) -> None:
        """Look up the rows that are not known by prompts with their numbers written otherwise."""
        map_request = self._map_request
        for prompts in respell_prompts(map_request.template, map_request.rows):
            missing = [index for index in self._requests if index not in self._answers.values]
            if not missing:
                return
            with suppress(InvalidMessages):  # a number more makes it too long
                requests = {index: self._build_request(prompts[index]) for index in self._requests}
                respelled = self._address_rows(requests)
                wanted = [respelled[index] for index in missing]
                known = await _look_up(book, wanted, on_lock_wait)
                for index in missing:
                    if answer := known.get(respelled[index]):
                        self._use_stored_answer(index, addresses[index], answer)

    def _use_stored_answer(self, index: int, address: bytes, answer: ledger.StoredAnswer) -> None:
        values, wrong = parse_answer(answer.text, self._map_request.columns, answer.reason)
        is_readable = bool(values) and wrong is None
        if is_readable:
            self._readable.add(address)
        if not self._map_request.resume:
            return
        if is_readable:
            self._answers.reuse_values(index, values, answer.reason)
        else:
            self._answers.unread[index] = answer.text  # until it is asked for again

    async def _save_answers(
        self,
        book: Ledger,
        addresses: Iterable[bytes],
        on_lock_wait: Callable[[int], None],
    ) -> None:
        """Store answers; one that no file has stays among the unsaved."""
        for address in addresses:
            answer = self._unsaved[address]
            await sqlite.retry_while_locked(
                partial(book.save_answer, address, *answer), on_lock_wait
            )
            if book.outlives_process:
                self._unsaved.pop(address, None)

    def _report_progress(self) -> None:
        answers = self._answers
        self._call.emit(
            Delta(
                progress=Progress(
                    answers.finished,
                    len(self._map_request.rows),
                    failed=len(answers.errors),
                    tokens=answers.usage.total_tokens,
                    yuan=self._cost(),
                )
            )
        )

    def _cost(self) -> float:
        """What was spent so far, in CNY; 0.0 where no price is known."""
        usage = self._answers.usage
        price = self._call.token_price(self._answers.model)
        if price is None:
            return 0.0
        return price.cost(usage.total_tokens, usage.completion_tokens)

    def _build_result(self, *, partial: bool) -> Mapped:
        map_request = self._map_request
        answers = self._answers
        typed = answers.fill_columns(
            map_request.output_columns, map_request.error_column, len(map_request.rows)
        )
        rows = [
            {**row, **{name: values[i] for name, (_, values) in typed.items()}}
            for i, row in enumerate(map_request.rows)
        ]
        model = answers.model or next((request.model for request in self._requests.values()), "")
        table = with_columns(map_request.data, map_request.rows, typed)
        names = map_request.made_columns
        # Typed values may be written otherwise in a file (3, 3.0).
        of_texts = names[-1:] if map_request.columns else names
        texts = {name: typed[name][1] for name in of_texts}
        asked = {
            name: [row.get(name) for row in map_request.rows] for name in map_request.taken_columns
        }
        map_request.made.record_table(table, map_request.purpose, names, texts, asked)
        return Mapped(
            table,
            rows,
            dict(sorted(answers.errors.items())),
            answers.usage,
            answers.asked,
            model,
            self._call.service,
            time.monotonic() - self._began,
            partial,
            tuple(dict.fromkeys([*map_request.own_columns, *typed])),
            map_request.error_column,
            (*self._notes, *map_request.describe_columns(), *answers.describe_endings()),
            self._cost(),
            tuple(map_request.prompts),
            tuple(column.name for column in map_request.output_columns),
            dict(sorted(answers.unread.items())),
            dict(sorted(answers.cut.items())),
            answers.reused,
            answers.sent,
            len(rows) - answers.finished,
        )


async def _look_up(
    book: Ledger, wanted: Sequence[bytes], on_lock_wait: Callable[[int], None]
) -> dict[bytes, ledger.StoredAnswer]:
    """Return what the ledger has of these addresses."""
    known: dict[bytes, ledger.StoredAnswer] = {}
    for start in range(0, len(wanted), _LOOKUP_BATCH):
        some = wanted[start : start + _LOOKUP_BATCH]
        known |= await sqlite.retry_while_locked(partial(book.find_answers, some), on_lock_wait)
        await asyncio.sleep(0)
    return known


def _request_key(request: ChatRequest) -> str:
    """Return everything in a request that determines its answer."""
    return json.dumps(
        [request.sent_model, request.messages, request.parameters, request.extra],
        sort_keys=True,
        ensure_ascii=False,
        default=str,
    )
