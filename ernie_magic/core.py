"""The async core of a session, on the I/O thread: one prompt with its tool rounds, and every other
call.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ernie_magic.api import models, parameters, values
from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.api.models import Listed
from ernie_magic.api.requests import ChatRequest, Message
from ernie_magic.api.usage import Usage
from ernie_magic.calls.chat import tools
from ernie_magic.calls.embeddings.embed import Embedding
from ernie_magic.calls.images.generate import Drawing
from ernie_magic.calls.images.pictures import ImageSet
from ernie_magic.calls.tables import map as mapping
from ernie_magic.config.credentials import Endpoint, Signature
from ernie_magic.config.services import EMULATOR
from ernie_magic.errors import ErnieError, ModelNotFound, stopped
from ernie_magic.runtime.io_thread import Errand, in_thread
from ernie_magic.runtime.nested_loop import NestedLoop
from ernie_magic.storage.vector_cache import VectorStore
from ernie_magic.text.language import Text
from ernie_magic.text.redact import redact
from ernie_magic.text.suggest import near
from ernie_magic.text.tokens import TokenCount, estimate
from ernie_magic.wire import moderation as safety
from ernie_magic.wire import openai_style, qianfan_v1, replies
from ernie_magic.wire.failures import not_expected
from ernie_magic.wire.http import Client
from ernie_magic.wire.protocol import Delta, WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.requests import (
        CompletionRequest,
        EmbeddingRequest,
        ImageRequest,
        Request,
    )
    from ernie_magic.api.results import Answer, Embeddings
    from ernie_magic.api.usage_log import UsageLog
    from ernie_magic.calls.chat.plan import Plan
    from ernie_magic.calls.chat.tools import ToolRun
    from ernie_magic.calls.workers import Engine
    from ernie_magic.config.settings import Snapshot
    from ernie_magic.wire.protocol import Reader

Result = TypeVar("Result")
_PROTOCOLS: dict[str, ModuleType] = {"openai": openai_style, "qianfan-v1": qianfan_v1}
_KIND_NAMES = {
    "image": Text("文生图", "an image"),
    "embedding": Text("向量", "an embedding"),
    "rerank": Text("排序", "a rerank"),
    "completion": Text("续写", "a completion"),
}
_OTHER_KIND = Text(
    "{model} 是{kind}模型，这里要文生文模型",
    "{model} is {kind} model; this call requires a chat model",
)
_CALLING = Text("正在调用工具 {name}", "calling the tool {name}")
ROWS_AT_ONCE = 20  # rows that a worker is given at once
_CLIPPED = " … (truncated)"
_MANY = 500  # models that are processed in a few milliseconds
# Characters of a tool's arguments that are searched for keys in the time that a model's name takes.
_CHARACTERS = 200
_LOOKED_AT = 10_000  # models among which a misspelled one is looked for
_OFFERED = 4  # models named when none resembles the requested one
_LIST_TIMEOUT = 30.0  # seconds
_LISTS_KEPT = 300.0  # seconds for which a list that could not be fetched is not requested again


class Clock:
    """How long a call takes, and how long until its first text, in seconds."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.first: float | None = None
        self.seconds = 0.0

    def mark(self) -> None:
        """Note that text has arrived."""
        if self.first is None:
            self.first = time.monotonic() - self._began

    def stop(self) -> None:
        """Note that the call has ended."""
        self.seconds = time.monotonic() - self._began


class Core:
    """One session's calls.

    Parameters
    ----------
    usage
        Counts what is spent.
    emulator_url
        Starts the emulator when it is needed, and returns its address; may take a while.
    """

    def __init__(self, usage: UsageLog, emulator_url: Callable[[], str]) -> None:
        self.client = Client()
        self.listed: dict[object, list[Listed]] = {}  # by account
        self._usage = usage
        # Answers to rows of tables that are not yet in a ledger.
        self._unsaved: dict[bytes, mapping.Unsaved] = {}
        self._emulator_url = emulator_url
        # By account: the list they belong to.
        self._paths_made: dict[object, tuple[Sequence[Listed], dict[str, str]]] = {}
        self._no_list_until: dict[object, float] = {}  # by account; monotonic

    async def place(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint with its address; the emulator, if chosen, is started outside this
        loop.
        """
        if endpoint.service is not EMULATOR or endpoint.base_url:
            return endpoint
        return replace(endpoint, base_url=await asyncio.to_thread(self._emulator_url))

    # --- one question -----------------------------------------------------------------------------

    async def answer(self, plan: Plan, emit: Callable[[Delta], None]) -> Answer:
        """Ask and read the answer; Python functions among the tools are called on the way. When
        cancelled, return what has been received.
        """
        try:
            plan = replace(plan, endpoint=await self.place(plan.endpoint))
            request = plan.request(await self._model(plan), self._paths(plan.endpoint))
        except asyncio.CancelledError:  # stopped before anything was asked
            raise stopped(None, plan.settings.language) from None
        clock, spent, before = Clock(), Usage(), ""
        rounds: list[Message] = []
        runs: list[ToolRun] = []
        while True:
            reader, problem = await self.read(
                _PROTOCOLS[plan.endpoint.service.protocol].chat(request),
                request,
                plan.endpoint,
                plan.settings,
                clock,
                emit,
            )
            self._count(reader, plan.endpoint)
            plan.conversation.heed(plan, reader.flag)
            if reader.flag >= safety.WITHDRAWS:
                raise safety.withdrawn(reader.flag, reader.id, locked=plan.is_turn)
            if problem or not _for_us(reader, request, plan):
                break
            asked, allowed = reader.tool_calls[: tools.MAX_ANSWERED], tools.MAX_RUNS - len(runs)
            try:
                done = await _run_all(asked, allowed, plan.options.functions, emit, request.model)
            except (ErnieError, asyncio.CancelledError) as error:
                problem = error
                break
            message = {**reader.message, "tool_calls": list(asked)}
            said = [message, *(_result(call, run) for call, run in zip(asked, done, strict=True))]
            before += message["content"]
            rounds, runs, spent = (
                rounds + said,
                runs + done[:allowed],
                spent + (reader.usage or Usage()),
            )
            # A tool that had to be called was called: requiring it again would never end, nor would
            # a model that always asks.
            done_with = (
                ("tool_choice",)
                if len(runs) < tools.MAX_RUNS
                else ("tool_choice", "tools", "parallel_tool_calls")
            )
            left = {
                name: value for name, value in request.parameters.items() if name not in done_with
            }
            request = replace(request, messages=(*request.messages, *said), parameters=left)
        answer = reader.answer(
            seconds=clock.seconds,
            first_seconds=clock.first,
            partial=problem is not None,
            service=plan.endpoint.service.name,
        )
        if runs:
            # An answer that broke off before its last part has no rounds: the service accepts no
            # message without content.
            rounds = rounds if answer.text else []
            answer = replace(
                answer,
                text=redact(before + answer.text),
                tool_runs=tuple(runs),
                usage=spent + (answer.usage or Usage()),
            )
        return await self._ended(plan, answer, tuple(rounds), problem)

    async def _ended(
        self,
        plan: Plan,
        answer: Answer,
        rounds: tuple[Message, ...],
        problem: ErnieError | asyncio.CancelledError | None,
    ) -> Answer:
        """Keep what was received; raise what ended the call."""
        came = bool(answer.text or answer.reasoning)
        if came or problem is None:
            plan.conversation.keep(plan, answer, rounds)
        if isinstance(problem, ErnieError):
            problem.answer = answer if came else None
            raise await self._with_suggestions(
                problem, answer.request.model, plan.endpoint, plan.settings, "chat"
            )
        return answer

    def _count(self, reader: Reader, endpoint: Endpoint) -> None:
        """Count every reply that began, whatever becomes of it."""
        if reader.started:
            self._usage.add(endpoint.service.name, reader.model, reader.usage)

    async def read(
        self,
        wire: WireRequest,
        request: ChatRequest | CompletionRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        clock: Clock,
        emit: Callable[[Delta], None],
    ) -> tuple[Reader, ErnieError | asyncio.CancelledError | None]:
        """Send the request and read the reply; return the reader that collected it, and what ended
        it early.
        """
        reader: Reader = _PROTOCOLS[endpoint.service.protocol].Reader(request)

        def heard(delta: Delta) -> None:
            if not delta.notice:
                clock.mark()
            emit(delta)

        try:
            await self.client.read(endpoint, wire, reader, settings, heard)
        except (ErnieError, asyncio.CancelledError) as problem:
            return reader, problem
        finally:
            clock.stop()
        # Made once.
        await _aside(reader.argument_characters // _CHARACTERS, lambda: reader.tool_calls)
        return reader, None

    # --- every other call -------------------------------------------------------------------------

    async def complete(
        self,
        request: CompletionRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
    ) -> Answer:
        """Continue a text. Where the service has no such call, this is a chat of one prompt, as in
        the official client.
        """
        endpoint, clock = await self.place(endpoint), Clock()
        model = (
            await self._default(endpoint, settings)
            if request.model == models.UNDECIDED
            else request.model
        )
        request = replace(request, model=model, paths=self._paths(endpoint))
        protocol = _PROTOCOLS[endpoint.service.protocol]
        if completes(endpoint, request):
            wire = protocol.completion(request)
        else:
            asked: tuple[Message, ...] = ({"role": "user", "content": request.prompt},)
            wire = protocol.chat(
                ChatRequest(
                    model=request.model,
                    messages=asked,
                    parameters=request.parameters,
                    extra=request.extra,
                    stream=request.stream,
                    endpoint=request.endpoint,
                    paths=request.paths,
                )
            )
        reader, problem = await self.read(wire, request, endpoint, settings, clock, emit)
        self._count(reader, endpoint)
        if reader.flag >= safety.WITHDRAWS:
            raise safety.withdrawn(reader.flag, reader.id, locked=False)
        answer = reader.answer(
            seconds=clock.seconds,
            first_seconds=clock.first,
            partial=problem is not None,
            service=endpoint.service.name,
        )
        if isinstance(problem, ErnieError):
            problem.answer = answer if answer.text else None
            raise problem
        return answer

    async def send(
        self,
        kind: str,
        request: Request,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
        result: Callable[[dict[str, Any], Any, str], Any],
    ) -> Any:
        """Make a call whose reply is one body.

        Parameters
        ----------
        kind
            "rerank".
        result
            Makes the typed result from the reply, the request and the service's name.
        """
        endpoint = await self.place(endpoint)
        request = replace(request, paths=self._paths(endpoint))
        wire = getattr(_PROTOCOLS[endpoint.service.protocol], kind)(request)
        found = result(
            await self.client.send(endpoint, wire, settings, emit), request, endpoint.service.name
        )
        self._usage.add(endpoint.service.name, found.model, found.usage)
        return found

    async def images(
        self,
        request: ImageRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
        *,
        download: bool,
    ) -> ImageSet:
        """Make pictures, and with `download` fetch those that are links (`Drawing.draw`)."""
        endpoint = await self.place(endpoint)
        request = replace(request, paths=self._paths(endpoint))
        wire = _PROTOCOLS[endpoint.service.protocol].images(request)
        made: object = None
        try:
            made = await Drawing(self.client, endpoint, settings, emit).draw(
                wire, request, download=download
            )
        except ErnieError as error:
            made = error.answer  # they were made all the same
            raise await self._with_suggestions(
                error, request.model, endpoint, settings, "image"
            ) from None
        finally:
            if isinstance(made, ImageSet):
                self._usage.add(endpoint.service.name, made.model, made.usage)
        return made

    async def download(
        self,
        images: ImageSet,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
    ) -> ImageSet:
        """Fetch the pictures of a set that are only links."""
        return await Drawing(self.client, await self.place(endpoint), settings, emit).download(
            images
        )

    async def embed(
        self,
        request: EmbeddingRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
        *,
        cache: bool,
        most: int,
        engine: Engine | None = None,
    ) -> Embeddings:
        """Return the vectors of any number of texts (`Embedding.run`)."""
        endpoint = await self.place(endpoint)
        request = replace(request, paths=self._paths(endpoint))
        store = VectorStore(request, endpoint) if cache else None
        entry = models.find(request.endpoint or request.model)
        ask = (
            engine.embedder(endpoint, settings)
            if engine
            else lambda part: self.vectors(part, endpoint, settings, emit)
        )
        try:
            return await Embedding(ask, endpoint, emit, store, most).run(
                request,
                entry.batch if entry else parameters.MAX_TEXTS,
                lambda model, usage: self._usage.add(endpoint.service.name, model, usage),
            )
        except ErnieError as error:
            raise await self._with_suggestions(
                error, request.model, endpoint, settings, "embedding"
            ) from None

    async def ask(
        self,
        request: ChatRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
    ) -> Answer:
        """Ask one prompt that stands alone: no turn, no tools; only waits are reported."""
        clock = Clock()

        def noted(delta: Delta) -> None:
            if delta.notice:
                emit(delta)

        reader, problem = await self.read(
            _PROTOCOLS[endpoint.service.protocol].chat(request),
            request,
            endpoint,
            settings,
            clock,
            noted,
        )
        self._count(reader, endpoint)
        if reader.flag >= safety.WITHDRAWS:
            raise safety.withdrawn(reader.flag, reader.id, locked=False)
        if problem:
            raise problem
        return reader.answer(
            seconds=clock.seconds,
            first_seconds=clock.first,
            partial=False,
            service=endpoint.service.name,
        )

    async def map(
        self,
        job: mapping.Job,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
        engine: Engine | None = None,
    ) -> mapping.Mapped:
        """Ask about each row of a table (`mapping.Run`)."""
        endpoint = await self.place(endpoint)
        options = job.options
        model = (
            options.model
            or options.endpoint
            or settings.model
            or await self._default(endpoint, settings)
        )
        system = settings.system if options.system is None else options.system
        paths = self._paths(endpoint)
        run = mapping.Run(
            job,
            lambda prompt: replace(
                job.request(prompt, model, system, settings.parameters, endpoint.rules), paths=paths
            ),
            endpoint,
            settings.language,
            self._unsaved,
        )
        try:
            if engine:
                return await run.run(engine.asker(endpoint, settings), emit, ROWS_AT_ONCE)
            return await run.run(lambda some: self.outcomes(some, endpoint, settings, emit), emit)
        except ErnieError as error:
            raise await self._with_suggestions(error, model, endpoint, settings, "chat") from None

    async def outcomes(
        self,
        requests: Sequence[ChatRequest],
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None] = lambda _delta: None,
    ) -> list[mapping.Outcome]:
        """Return the outcomes of prompts that stand alone, several at the same time."""
        asking = asyncio.Semaphore(settings.in_flight)

        async def one(request: ChatRequest) -> mapping.Outcome:
            async with asking:
                return await mapping.outcome(
                    self.ask(request, endpoint, settings, emit), settings.language
                )

        tasks = [asyncio.ensure_future(one(request)) for request in requests]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:  # when one error would fail them all, the others need not be asked
                task.cancel()

    async def vectors(
        self,
        request: EmbeddingRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
    ) -> replies.VectorsReply:
        """Make one call for vectors."""
        wire = _PROTOCOLS[endpoint.service.protocol].embeddings(request)
        return replies.vectors(
            await self.client.send(endpoint, wire, settings, emit), len(request.texts)
        )

    async def count_tokens(
        self, text: str, model: str, endpoint: Endpoint, settings: Snapshot
    ) -> TokenCount:
        """Count tokens with Qianfan V1's tokenizer; on other services estimate them."""
        if endpoint.service.protocol != "qianfan-v1":
            return TokenCount(estimate(text))
        payload = await self.client.send(endpoint, qianfan_v1.tokenizer(text, model), settings)
        counted = values.whole_number(values.fields(payload.get("usage")).get("prompt_tokens"))
        if counted is None or counted < 0:
            raise not_expected(payload)
        return TokenCount(counted, estimated=False, model=model)

    async def models(self, endpoint: Endpoint, settings: Snapshot) -> list[Listed]:
        """Return the live list; on Qianfan V1, which lists only for signed calls, else the
        catalogue's.
        """
        endpoint = await self.place(endpoint)
        settings = replace(settings, timeout=min(_LIST_TIMEOUT, settings.timeout))
        if endpoint.service.protocol == "qianfan-v1":
            found = await self._v1_services(endpoint, settings)
        else:
            payload = await self.client.send(endpoint, openai_style.MODELS, settings)
            if not isinstance(payload.get("data"), list):
                raise not_expected(payload)
            found = payload["data"]
        listed = self.listed[endpoint.account] = await _aside(len(found), _listed, found)
        return listed

    async def _v1_services(self, endpoint: Endpoint, settings: Snapshot) -> list[dict[str, Any]]:
        if not isinstance(endpoint.credential, Signature) or not endpoint.console_url:
            return [{"id": model.id, "url": model.path} for model in CATALOGUE if model.path]
        wire = WireRequest("POST", endpoint.console_url + qianfan_v1.LIST_PATH, {})
        groups = values.fields((await self.client.send(endpoint, wire, settings)).get("result"))
        found = [
            entry for name in ("common", "custom") for entry in values.objects(groups.get(name))
        ]
        return [{**entry, "id": entry.get("name")} for entry in found]

    def _paths(self, endpoint: Endpoint) -> dict[str, str]:
        """Return Qianfan V1's paths by model, from the live list."""
        if endpoint.service.protocol != "qianfan-v1":
            return {}
        listed = self.listed.get(endpoint.account, ())
        made, paths = self._paths_made.get(endpoint.account, ((), {}))
        if made is not listed:
            addresses = {entry.id.lower(): values.text(entry.raw.get("url")) for entry in listed}
            paths = {
                id_: "/" + "/".join(url.rstrip("/").split("/")[-2:])
                for id_, url in addresses.items()
                if url
            }
            self._paths_made[endpoint.account] = (listed, paths)
        return paths

    async def _model(self, plan: Plan) -> str:
        """Return the requested model; else the first preferred one that the live list offers."""
        return (
            plan.options.model
            or plan.options.endpoint
            or plan.settings.model
            or await self._default(plan.endpoint, plan.settings, sees=plan.sees)
        )

    async def _default(self, endpoint: Endpoint, settings: Snapshot, *, sees: bool = False) -> str:
        listed = self.listed.get(endpoint.account)
        if listed is None and time.monotonic() > self._no_list_until.get(endpoint.account, 0.0):
            try:
                listed = await self.models(endpoint, replace(settings, retry_count=1))
            except ErnieError:  # the call itself will report the error
                self._no_list_until[endpoint.account] = time.monotonic() + _LISTS_KEPT
        offered = [entry.id for entry in listed or ()]
        return await _aside(len(offered), lambda: models.preferred(offered, sees=sees))

    async def _with_suggestions(
        self, error: ErnieError, model: str, endpoint: Endpoint, settings: Snapshot, kind: Kind
    ) -> ErnieError:
        """Add to a refused model the closest ids that the service does offer for this kind of
        call.
        """
        if isinstance(error, ModelNotFound):
            try:
                offered = [
                    entry.id
                    for entry in await self.models(endpoint, replace(settings, retry_count=1))
                ]
            except (ErnieError, asyncio.CancelledError):
                offered = [entry.id for entry in CATALOGUE]
            wanted = (kind, None) if kind == "chat" else (kind,)
            fitting = [
                name
                for name in offered[:_LOOKED_AT]
                if models.kind_of(name) in wanted and name.lower() != model.lower()
            ]
            if kind == "chat" and (other := models.kind_of(model)) in _KIND_NAMES:
                error.cause = _OTHER_KIND.fill(model=model, kind=_KIND_NAMES[other])
            error.suggestions = await _aside(len(fitting), near, model, fitting) or (
                tuple(fitting[:_OFFERED]) if kind != "chat" else ()
            )
            if error.suggestions:
                error.advice = Text(
                    "相近的模型：{near}；%ernie models 列出全部",
                    "similar models: {near}; %ernie models lists all",
                ).fill(near=", ".join(error.suggestions))
        return error


def completes(endpoint: Endpoint, request: CompletionRequest) -> bool:
    """Whether the service has a call of its own for this: V1 for its completion models, other
    servers always.
    """
    if endpoint.service.protocol == "qianfan-v1":
        return models.kind_of(request.model) == "completion"
    return not endpoint.service.strict


def _for_us(reader: Reader, request: ChatRequest, plan: Plan) -> bool:
    """Whether the requested tools are ours to call: the caller has kept none of them for itself."""
    asked = {call["function"]["name"] for call in reader.tool_calls}
    described = {
        (tool.get("function") or {}).get("name") for tool in request.parameters.get("tools") or ()
    }
    return bool(asked and described and plan.options.functions) and not asked & (
        described - set(plan.options.functions)
    )


async def _run_all(
    asked: Sequence[Mapping[str, Any]],
    most: int,
    functions: Mapping[str, Callable[..., Any]],
    emit: Callable[[Delta], None],
    model: str,
) -> list[ToolRun]:
    """Return the result of each call. No more than `most` are made, and the model is told that the
    others were not.
    """
    done: list[ToolRun] = []
    for call in asked:
        run = await _run(call, functions, emit) if len(done) < most else tools.not_called(call)
        done.append(_fitting(run, model))
    return done


async def _run(
    call: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
    emit: Callable[[Delta], None],
) -> ToolRun:
    """Have a tool called by the reader; the model is told what goes wrong in it, and may try
    again.
    """
    function = functions.get(call["function"]["name"])
    if function is None:
        return tools.result(call, error=LookupError(f"there is no tool {call['function']['name']}"))
    try:
        given = tools.bound(function, call["function"]["arguments"])
        # The value becomes text where the function was called: its methods may belong to that
        # thread.
        errand: Errand[ToolRun] = Errand(
            lambda: function(*given.args, **given.kwargs), lambda value: tools.result(call, value)
        )
        emit(Delta(notice=_CALLING.fill(name=call["function"]["name"]), errand=errand))
        run = await errand
    except NestedLoop:
        raise
    except Exception as error:  # noqa: BLE001  (the user's function may raise anything)
        run = tools.result(call, error=error)
    emit(Delta(tool=run))
    return run


def _result(call: Mapping[str, Any], run: ToolRun) -> Message:
    return {"role": "tool", "tool_call_id": call["id"], "name": run.name, "content": run.content}


def _fitting(run: ToolRun, model: str) -> ToolRun:
    """Shorten a result to what the model accepts; it is told that the result was cut."""
    entry = models.find(model)
    most = entry.max_characters if entry else None
    return (
        run._replace(content=run.content[: most // 2] + _CLIPPED)
        if most and len(run.content) > most // 2
        else run
    )


def _listed(found: Sequence[object]) -> list[Listed]:
    """Return the models of a list; an entry without an id is skipped."""
    entries = values.objects(found)
    ids = values.words([entry.get("id") for entry in entries])
    return [Listed(id_, entry) for id_, entry in zip(ids, entries, strict=True) if id_]


async def _aside(count: int, function: Callable[..., Result], *args: Any) -> Result:
    """Do work on `count` things: on a thread of its own when there are many, so that the loop
    serves everybody else meanwhile.
    """
    return function(*args) if count <= _MANY else await in_thread(function, *args)
