"""One prompt for each row of a table, on the I/O thread: several in flight, each answer stored as
it arrives.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api import parameters
from ernie_magic.api.requests import chat_request, is_missing
from ernie_magic.api.usage import Usage, simulated
from ernie_magic.calls.tables import frames, schema
from ernie_magic.errors import (
    AuthenticationFailed,
    ErnieError,
    InvalidMessages,
    InvalidOption,
    MissingKey,
    ModelNotFound,
    PermissionDenied,
    QuotaExhausted,
)
from ernie_magic.runtime.concurrency import in_flight
from ernie_magic.storage import ledger
from ernie_magic.text.language import Text, whole_characters
from ernie_magic.text.sanitize import without_formulas
from ernie_magic.text.suggest import near
from ernie_magic.wire.protocol import Delta, Progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from ernie_magic.api.parameters import Rules
    from ernie_magic.api.requests import ChatOptions, ChatRequest
    from ernie_magic.api.results import Answer
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.text.language import Language

# These fail every row alike: continuing would only fail, or cost, more.
HOPELESS = (
    AuthenticationFailed,
    PermissionDenied,
    QuotaExhausted,
    ModelNotFound,
    InvalidOption,
    MissingKey,
)
_NOT_ASKED = Text("还没有问：用 resume 接着来", "not asked yet: continue with resume")
_HELD = Text(
    "另一个程序正占用记录答案的文件，等它用完",
    "another program holds the file that answers are written to: waiting for it",
)
# Rows that are looked up in the ledger before other work on this thread has its turn.
_AT_ONCE = 500
# In one pass: a placeholder is not part of another.
_PLACE = re.compile(r"\{\{((?:(?!\{\{|\}\}).)+)\}\}")


@dataclass(frozen=True, repr=False, eq=False)
class Mapped:
    """A table with the answers to a prompt about each row.

    Attributes
    ----------
    table : DataFrame | list of dict
        A DataFrame when one was given, else a list; with the output columns and `error` at its end.
    rows : list of dict
        The same data as rows.
    errors : dict
        Why a row has no answer, by its position from 0.
    usage : Usage
        Of this call.
    asked : int
        Rows sent to the service; the others were in the ledger.
    model, service : str
    seconds : float
        How long it took, in seconds.
    partial : bool
        Stopped, or failed permanently: rows are missing.
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

    def __len__(self) -> int:
        return len(self.rows)

    def _repr_html_(self) -> str | None:
        """The table's own HTML, where it has any, with the models' words kept from MathJax."""
        own = getattr(self.table, "_repr_html_", None)
        return without_formulas(own()) if own else None

    def __repr__(self) -> str:
        facts = [
            f"{len(self)} rows",
            *([f"{len(self.errors)} failed"] if self.errors else []),
            f"model={self.model!r}",
            f"tokens={self.usage.total_tokens}",
        ]
        facts += ["partial=True"] if self.partial else []
        return f"Mapped({', '.join(facts)}{simulated(self.service)})"


def prompts_of(template: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Fill each row's values into the places of `{{column}}`, once: braces in a value are not
    filled in again.

    Raises
    ------
    InvalidOption
        A place names no column; the error suggests the closest one.
    """
    columns = list(rows[0]) if rows else []
    for name in _places(template):
        if name not in columns:
            close = near(name, columns, 1)
            raise InvalidOption(
                Text("没有列 {name}", "no column {name}").fill(name=name),
                advice=Text("是不是 {close}？", "did you mean {close}?").fill(close=close[0])
                if close
                else Text("有：{known}", "columns: {known}").fill(known=", ".join(columns[:20])),
            )
    return [_filled(template, row) for row in rows]


def _filled(template: str, row: Mapping[str, Any]) -> str:
    return _PLACE.sub(lambda found: _said(row.get(found.group(1).strip())), template)


def _places(template: str) -> list[str]:
    """Return the columns that a template names."""
    return [name.strip() for name in _PLACE.findall(template)]


def check_columns(template: str, columns: Sequence[schema.Field]) -> None:
    """Check that no output column replaces one that the prompt uses.

    Raises
    ------
    InvalidOption
    """
    asked = set(_places(template))
    for column in columns or (schema.Field(schema.ANSWER),):
        if column.name in asked:
            raise InvalidOption(
                Text(
                    "列 {name} 既在提示词里又是输出列",
                    "the column {name} is in the prompt and is also an output column",
                ).fill(name=column.name),
                advice=Text("给输出列换一个名字", "give the output column another name"),
            )


def _said(value: object) -> str:
    return "" if is_missing(value) else whole_characters(str(value))


@dataclass(frozen=True)
class Job:
    """What to ask, and where the answers go.

    Attributes
    ----------
    data : object
        The table as given.
    rows : list of dict
    prompts : list of str
        One per row.
    columns : tuple of schema.Field
    options : ChatOptions
        The other options of each prompt.
    path : Path
        The ledger's file.
    resume : bool
        Reuse what the ledger has.
    most : int
        Calls in flight.
    """

    data: object
    rows: list[dict[str, Any]]
    prompts: list[str]
    columns: tuple[schema.Field, ...]
    options: ChatOptions
    path: Path
    resume: bool
    most: int

    def request(
        self, prompt: str, model: str, system: str, kept: Mapping[str, Any], rules: Rules
    ) -> ChatRequest:
        """Build the request for one row.

        Raises
        ------
        UsageError
        """
        # Parameters that a session keeps for another service are left out, as in a chat.
        known = parameters.of("chat")
        given = {
            **{name: value for name, value in kept.items() if known[name].known_to(rules.protocol)},
            **self.options.parameters,
        }
        if self.columns:
            prompt = f"{prompt}\n\n{schema.instruction(self.columns)}"
            # V1 supports no schema, only JSON.
            given |= {
                "response_format": schema.json_schema(self.columns)
                if rules.protocol == "openai"
                else "json_object"
            }
        first = [{"role": "system", "content": system}] if system else []
        return chat_request(
            [*first, {"role": "user", "content": prompt}],
            model=model,
            given=given,
            extra=self.options.extra,
            stream=False,
            rules=rules,
            endpoint=self.options.endpoint,
        )


class Unsaved(NamedTuple):
    """An answer that is not yet in the ledger.

    Attributes
    ----------
    text : str
    usage : Usage
    """

    text: str
    usage: Usage


class Outcome(NamedTuple):
    """The outcome of one prompt: an answer's text, or why there is none.

    Attributes
    ----------
    text, model : str
    usage : Usage
    error : str
        "" when there is an answer.
    """

    text: str
    model: str
    usage: Usage
    error: str = ""


async def outcome(ask: Awaitable[Answer], language: Language) -> Outcome:
    """Return an answer, or in one line why there is none; an error that would fail every row is
    raised.
    """
    try:
        answer = await ask
    except HOPELESS:
        raise
    except ErnieError as error:
        return Outcome("", "", Usage(), error.line(language))
    return Outcome(answer.text, answer.model, answer.usage or Usage())


class Run:
    """One run over a table.

    Parameters
    ----------
    job
        What to ask.
    question
        Makes the request from a prompt; what is wrong with it is that row's error.
    endpoint
        The service that is asked: part of each row's address in the ledger, like its whole request.
    language
        The language of the errors in the table.
    unsaved
        Answers by address that are paid for and could not be stored: the next run over these rows
        uses them, and stores them.
    """

    def __init__(
        self,
        job: Job,
        question: Callable[[str], ChatRequest],
        endpoint: Endpoint,
        language: Language,
        unsaved: dict[bytes, Unsaved],
    ) -> None:
        self._job, self._endpoint, self._language, self._unsaved = job, endpoint, language, unsaved
        self._requests: dict[int, ChatRequest] = {}
        self._values: dict[int, dict[str, Any]] = {}
        self._errors: dict[int, str] = {}
        self._usage, self._asked, self._model = Usage(), 0, ""
        self._began = time.monotonic()
        for place, prompt in enumerate(job.prompts):
            try:
                self._requests[place] = question(prompt)
            except InvalidMessages as error:  # noqa: PERF203  (each row has its own)
                self._errors[place] = error.line(language)

    async def run(
        self,
        ask: Callable[[Sequence[ChatRequest]], Awaitable[list[Outcome]]],
        emit: Callable[[Delta], None],
        size: int = 1,
    ) -> Mapped:
        """Ask for each row that has no answer yet. When cancelled, return the rows that have one.

        Parameters
        ----------
        ask
            Asks for some rows.
        size
            How many rows at a time.

        Raises
        ------
        ErnieError
            An error that would fail every row, or the ledger's; `answer` has the table as far as it
            got. A row's own failure is in its `error` column.
        """
        problem: ErnieError | asyncio.CancelledError | None = None
        try:

            def held(seconds: int) -> None:
                emit(Delta(notice=_HELD, waited=seconds))

            async with ledger.opened(self._job.path, held) as book:
                addresses = await self._begin(book, held)

                async def answered(places: Sequence[int]) -> None:
                    new = []
                    for place, found in zip(
                        places, await ask([self._requests[place] for place in places]), strict=True
                    ):
                        self._take(place, found)
                        # A malformed answer is asked for again.
                        if place not in self._errors:
                            self._unsaved[addresses[place]] = Unsaved(found.text, found.usage)
                            new.append(addresses[place])
                    await self._save(book, new, held)
                    self._tell(emit)

                self._tell(emit)
                missing = [place for place in self._requests if place not in self._values]
                await in_flight(
                    self._job.most,
                    (missing[start : start + size] for start in range(0, len(missing), size)),
                    answered,
                )
        except (ErnieError, asyncio.CancelledError) as error:
            problem = error
        made = self._made(partial=problem is not None)
        if isinstance(problem, ErnieError):
            problem.answer = made
            raise problem
        return made

    async def _begin(self, book: ledger.Ledger, held: Callable[[int], None]) -> dict[int, bytes]:
        """Compute the rows' addresses, and look up what is known of them if it may be reused."""
        # The emulator listens on a different port each time.
        where = "" if self._endpoint.service.name == "emulator" else self._endpoint.base_url
        addresses = dict(
            zip(
                self._requests,
                ledger.addresses(
                    [self._endpoint.service.name, where],
                    [_whole(request) for request in self._requests.values()],
                ),
                strict=True,
            )
        )
        wanted = list(addresses.values())
        await self._save(book, [address for address in wanted if address in self._unsaved], held)
        known: dict[bytes, str] = {}
        # Looked up in any case: what cannot be read is found before anything is paid for.
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            known |= await ledger.patiently(lambda some=some: book.find(some), held)  # type: ignore[misc]
            await asyncio.sleep(0)
        if not self._job.resume:
            return addresses
        for place, address in addresses.items():
            values, wrong = (
                schema.taken(known[address], self._job.columns) if address in known else ({}, None)
            )
            if values and wrong is None:
                self._values[place] = values
        return addresses

    async def _save(
        self, book: ledger.Ledger, addresses: Iterable[bytes], held: Callable[[int], None]
    ) -> None:
        """Store answers; one that cannot be stored stays among the unsaved."""
        for address in addresses:
            answer = self._unsaved[address]
            await ledger.patiently(partial(book.put, address, *answer), held)
            self._unsaved.pop(address, None)

    def _tell(self, emit: Callable[[Delta], None]) -> None:
        emit(Delta(progress=Progress(len(self._values) + len(self._errors), len(self._job.rows))))

    def _take(self, place: int, found: Outcome) -> None:
        if found.error:
            self._errors[place] = found.error
            return
        self._model = found.model
        self._usage, self._asked = self._usage + found.usage, self._asked + 1
        self._values[place], wrong = schema.taken(found.text, self._job.columns)
        if wrong:
            self._errors[place] = wrong.say(self._language)

    def _made(self, *, partial: bool) -> Mapped:
        job = self._job
        made = [*(job.columns or (schema.Field(schema.ANSWER),)), schema.Field(schema.ERROR)]
        columns: dict[str, list[Any]] = {column.name: [None] * len(job.rows) for column in made}
        for place, values in self._values.items():
            for name, value in values.items():
                columns[name][place] = value
        for place in range(len(job.rows)):
            if place not in self._values and place not in self._errors:
                columns[schema.ERROR][place] = _NOT_ASKED.say(self._language)
        for place, said in self._errors.items():
            columns[schema.ERROR][place] = said
        rows = [
            {**row, **{name: values[i] for name, values in columns.items()}}
            for i, row in enumerate(job.rows)
        ]
        typed = {column.name: (column.type, columns[column.name]) for column in made}
        model = self._model or next((request.model for request in self._requests.values()), "")
        return Mapped(
            frames.with_columns(job.data, job.rows, typed),
            rows,
            dict(sorted(self._errors.items())),
            self._usage,
            self._asked,
            model,
            self._endpoint.service.name,
            time.monotonic() - self._began,
            partial,
        )


def _whole(request: ChatRequest) -> str:
    """Return everything in a request that determines its answer."""
    return json.dumps(
        [request.endpoint or request.model, request.messages, request.parameters, request.extra],
        sort_keys=True,
        ensure_ascii=False,
        default=str,
    )
