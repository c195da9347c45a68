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
from ernie_magic.api.requests import ChatRequest
from ernie_magic.api.usage import Usage
from ernie_magic.calls.chat import tools
from ernie_magic.calls.embeddings.embed import EmbeddingJob
from ernie_magic.calls.images.generate import ImageGeneration
from ernie_magic.calls.images.pictures import ImageSet
from ernie_magic.calls.tables import map as mapping
from ernie_magic.config.credentials import Endpoint, Signature
from ernie_magic.errors import ErnieError, ModelNotFound, stop_error
from ernie_magic.runtime.caller_task import CallerTask
from ernie_magic.runtime.events import Delta
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.runtime.nested_loop import NestedLoop
from ernie_magic.storage.vector_cache import VectorStore
from ernie_magic.text.language import Text
from ernie_magic.text.redact import redact
from ernie_magic.text.suggest import close_matches
from ernie_magic.text.tokens import TokenCount, estimate_tokens
from ernie_magic.wire import moderation, openai_style, qianfan_v1, replies
from ernie_magic.wire.failures import unexpected_reply_error
from ernie_magic.wire.http import Client
from ernie_magic.wire.protocol import WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.messages import Message
    from ernie_magic.api.requests import (
        CompletionRequest,
        EmbeddingRequest,
        ImageRequest,
        Request,
    )
    from ernie_magic.api.results import Answer, Embeddings, ToolRun
    from ernie_magic.api.usage_log import UsageLog
    from ernie_magic.calls.chat.plan import Plan
    from ernie_magic.calls.workers import RemoteExecutor
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
ROWS_PER_WORKER = 20  # rows that a worker is given at once
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

    def mark_first_text(self) -> None:
        """Note that text has arrived."""
        if self.first is None:
            self.first = time.monotonic() - self._began

    def mark_end(self) -> None:
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
        self._unsaved: dict[bytes, mapping.UnsavedAnswer] = {}
        self._emulator_url = emulator_url
        # By account: the list they belong to.
        self._paths_made: dict[object, tuple[Sequence[Listed], dict[str, str]]] = {}
        self._no_list_until: dict[object, float] = {}  # by account; monotonic

    async def resolve_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint with its address; the emulator, if chosen, is started outside this
        loop.
        """
        if not endpoint.service.is_simulated or endpoint.base_url:
            return endpoint
        return replace(endpoint, base_url=await asyncio.to_thread(self._emulator_url))

    # --- one question -----------------------------------------------------------------------------

    async def answer_with_tools(self, plan: Plan, emit: Callable[[Delta], None]) -> Answer:
        """Ask and read the answer; Python functions among the tools are called on the way. When
        cancelled, return what has been received.
        """
        try:
            plan = replace(plan, endpoint=await self.resolve_endpoint(plan.endpoint))
            request = plan.build_request(
                await self._choose_model(plan), self._v1_paths(plan.endpoint)
            )
        except asyncio.CancelledError:  # stopped before anything was asked
            raise stop_error(None, plan.settings.language) from None
        clock, spent, before = Clock(), Usage(), ""
        rounds: list[Message] = []
        runs: list[ToolRun] = []
        while True:
            reader, problem = await self.read_reply(
                _PROTOCOLS[plan.endpoint.service.protocol].chat(request),
                request,
                plan.endpoint,
                plan.settings,
                clock,
                emit,
            )
            self._count_usage(reader, plan.endpoint)
            plan.conversation.apply_safety_flag(plan, reader.flag)
            if reader.flag >= moderation.BLOCKED:
                raise moderation.content_blocked(reader.flag, reader.id, locked=plan.is_turn)
            if problem or not _are_tools_ours(reader, request, plan):
                break
            asked, allowed = reader.tool_calls[: tools.MAX_ANSWERED], tools.MAX_RUNS - len(runs)
            try:
                new_runs = await _run_tools(
                    asked, allowed, plan.options.functions, emit, request.model
                )
            except (ErnieError, asyncio.CancelledError) as error:
                problem = error
                break
            message = {**reader.assistant_message, "tool_calls": list(asked)}
            round_messages = [
                message,
                *(_tool_message(call, run) for call, run in zip(asked, new_runs, strict=True)),
            ]
            before += message["content"]
            rounds, runs, spent = (
                rounds + round_messages,
                runs + new_runs[:allowed],
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
            request = replace(
                request, messages=(*request.messages, *round_messages), parameters=left
            )
        answer = reader.build_answer(
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
        return await self._record_and_raise(plan, answer, tuple(rounds), problem)

    async def _record_and_raise(
        self,
        plan: Plan,
        answer: Answer,
        rounds: tuple[Message, ...],
        problem: ErnieError | asyncio.CancelledError | None,
    ) -> Answer:
        """Keep what was received; raise what ended the call."""
        has_content = bool(answer.text or answer.reasoning)
        if has_content or problem is None:
            plan.conversation.record_turn(plan, answer, rounds)
        if isinstance(problem, ErnieError):
            problem.answer = answer if has_content else None
            raise await self._with_suggestions(
                problem, answer.request.model, plan.endpoint, plan.settings, "chat"
            )
        return answer

    def _count_usage(self, reader: Reader, endpoint: Endpoint) -> None:
        """Count every reply that began, whatever becomes of it."""
        if reader.started:
            self._usage.add(endpoint.service.name, reader.model, reader.usage)

    async def read_reply(
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

        def mark_and_emit(delta: Delta) -> None:
            if not delta.notice:
                clock.mark_first_text()
            emit(delta)

        try:
            await self.client.send_and_read(endpoint, wire, reader, settings, mark_and_emit)
        except (ErnieError, asyncio.CancelledError) as problem:
            return reader, problem
        finally:
            clock.mark_end()
        # Made once.
        await _run_in_thread_if_long(
            reader.argument_characters // _CHARACTERS, lambda: reader.tool_calls
        )
        return reader, None

    # --- every other call -------------------------------------------------------------------------

    async def complete_text(
        self,
        request: CompletionRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
    ) -> Answer:
        """Continue a text. Where the service has no such call, this is a chat of one prompt, as in
        the official client.
        """
        endpoint, clock = await self.resolve_endpoint(endpoint), Clock()
        model = (
            await self._choose_default_model(endpoint, settings)
            if request.model == models.UNDECIDED
            else request.model
        )
        request = replace(request, model=model, paths=self._v1_paths(endpoint))
        protocol = _PROTOCOLS[endpoint.service.protocol]
        if has_completion_call(endpoint, request):
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
        reader, problem = await self.read_reply(wire, request, endpoint, settings, clock, emit)
        self._count_usage(reader, endpoint)
        if reader.flag >= moderation.BLOCKED:
            raise moderation.content_blocked(reader.flag, reader.id, locked=False)
        answer = reader.build_answer(
            seconds=clock.seconds,
            first_seconds=clock.first,
            partial=problem is not None,
            service=endpoint.service.name,
        )
        if isinstance(problem, ErnieError):
            problem.answer = answer if answer.text else None
            raise problem
        return answer

    async def send_for_result(
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
        endpoint = await self.resolve_endpoint(endpoint)
        request = replace(request, paths=self._v1_paths(endpoint))
        wire = getattr(_PROTOCOLS[endpoint.service.protocol], kind)(request)
        parsed = result(
            await self.client.send_json(endpoint, wire, settings, emit),
            request,
            endpoint.service.name,
        )
        self._usage.add(endpoint.service.name, parsed.model, parsed.usage)
        return parsed

    async def generate_images(
        self,
        request: ImageRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
        *,
        download: bool,
    ) -> ImageSet:
        """Make pictures, and with `download` fetch links (`ImageGeneration.generate_images`)."""
        endpoint = await self.resolve_endpoint(endpoint)
        request = replace(request, paths=self._v1_paths(endpoint))
        wire = _PROTOCOLS[endpoint.service.protocol].images(request)
        made: object = None
        try:
            made = await ImageGeneration(self.client, endpoint, settings, emit).generate_images(
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

    async def download_images(
        self,
        images: ImageSet,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
    ) -> ImageSet:
        """Fetch the pictures of a set that are only links."""
        return await ImageGeneration(
            self.client, await self.resolve_endpoint(endpoint), settings, emit
        ).download_images(images)

    async def embed_texts(
        self,
        request: EmbeddingRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
        *,
        cache: bool,
        max_concurrency: int,
        engine: RemoteExecutor | None = None,
    ) -> Embeddings:
        """Return the vectors of any number of texts (`Embedding.run`)."""
        endpoint = await self.resolve_endpoint(endpoint)
        request = replace(request, paths=self._v1_paths(endpoint))
        store = VectorStore(request, endpoint) if cache else None
        entry = models.find_model(request.endpoint or request.model)
        ask = (
            engine.submit_embeddings(endpoint, settings)
            if engine
            else lambda part: self.request_vectors(part, endpoint, settings, emit)
        )
        try:
            return await EmbeddingJob(ask, endpoint, emit, store, max_concurrency).embed_texts(
                request,
                entry.batch if entry else parameters.MAX_TEXTS,
                lambda model, usage: self._usage.add(endpoint.service.name, model, usage),
            )
        except ErnieError as error:
            raise await self._with_suggestions(
                error, request.model, endpoint, settings, "embedding"
            ) from None

    async def ask_once(
        self,
        request: ChatRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
    ) -> Answer:
        """Ask one prompt that stands alone: no turn, no tools; only waits are reported."""
        clock = Clock()

        def emit_notice(delta: Delta) -> None:
            if delta.notice:
                emit(delta)

        reader, problem = await self.read_reply(
            _PROTOCOLS[endpoint.service.protocol].chat(request),
            request,
            endpoint,
            settings,
            clock,
            emit_notice,
        )
        self._count_usage(reader, endpoint)
        if reader.flag >= moderation.BLOCKED:
            raise moderation.content_blocked(reader.flag, reader.id, locked=False)
        if problem:
            raise problem
        return reader.build_answer(
            seconds=clock.seconds,
            first_seconds=clock.first,
            partial=False,
            service=endpoint.service.name,
        )

    async def map_rows(
        self,
        job: mapping.MapRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
        engine: RemoteExecutor | None = None,
    ) -> mapping.Mapped:
        """Ask about each row of a table (`mapping.MapJob`)."""
        endpoint = await self.resolve_endpoint(endpoint)
        options = job.options
        model = (
            options.model
            or options.endpoint
            or settings.model
            or await self._choose_default_model(endpoint, settings)
        )
        system = settings.system if options.system is None else options.system
        paths = self._v1_paths(endpoint)
        run = mapping.MapJob(
            job,
            lambda prompt: replace(
                job.request_for_row(prompt, model, system, settings.parameters, endpoint.rules),
                paths=paths,
            ),
            endpoint,
            settings.language,
            self._unsaved,
        )
        try:
            if engine:
                return await run.map_rows(
                    engine.submit_chats(endpoint, settings), emit, ROWS_PER_WORKER
                )
            return await run.map_rows(
                lambda some: self.ask_many(some, endpoint, settings, emit), emit
            )
        except ErnieError as error:
            raise await self._with_suggestions(error, model, endpoint, settings, "chat") from None

    async def ask_many(
        self,
        requests: Sequence[ChatRequest],
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None] = lambda _delta: None,
    ) -> list[mapping.Outcome]:
        """Return the outcomes of prompts that stand alone, several at the same time."""
        asking = asyncio.Semaphore(settings.in_flight)

        async def ask_one(request: ChatRequest) -> mapping.Outcome:
            async with asking:
                return await mapping.await_outcome(
                    self.ask_once(request, endpoint, settings, emit), settings.language
                )

        tasks = [asyncio.ensure_future(ask_one(request)) for request in requests]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:  # when one error would fail them all, the others need not be asked
                task.cancel()

    async def request_vectors(
        self,
        request: EmbeddingRequest,
        endpoint: Endpoint,
        settings: Snapshot,
        emit: Callable[[Delta], None],
    ) -> replies.VectorsReply:
        """Make one call for vectors."""
        wire = _PROTOCOLS[endpoint.service.protocol].embeddings(request)
        return replies.parse_vectors(
            await self.client.send_json(endpoint, wire, settings, emit), len(request.texts)
        )

    async def count_tokens(
        self, text: str, model: str, endpoint: Endpoint, settings: Snapshot
    ) -> TokenCount:
        """Count tokens with Qianfan V1's tokenizer; on other services estimate them."""
        if endpoint.service.protocol != "qianfan-v1":
            return TokenCount(estimate_tokens(text))
        payload = await self.client.send_json(
            endpoint, qianfan_v1.tokenizer_request(text, model), settings
        )
        counted = values.as_whole_number(
            values.as_object(payload.get("usage")).get("prompt_tokens")
        )
        if counted is None or counted < 0:
            raise unexpected_reply_error(payload)
        return TokenCount(counted, estimated=False, model=model)

    async def list_models(self, endpoint: Endpoint, settings: Snapshot) -> list[Listed]:
        """Return the live list; on Qianfan V1, which lists only for signed calls, else the
        catalogue's.
        """
        endpoint = await self.resolve_endpoint(endpoint)
        settings = replace(settings, timeout=min(_LIST_TIMEOUT, settings.timeout))
        if endpoint.service.protocol == "qianfan-v1":
            entries = await self._list_v1_services(endpoint, settings)
        else:
            payload = await self.client.send_json(endpoint, openai_style.MODELS, settings)
            if not isinstance(payload.get("data"), list):
                raise unexpected_reply_error(payload)
            entries = payload["data"]
        listed = self.listed[endpoint.account] = await _run_in_thread_if_long(
            len(entries), _parse_models, entries
        )
        return listed

    async def _list_v1_services(
        self, endpoint: Endpoint, settings: Snapshot
    ) -> list[dict[str, Any]]:
        if not isinstance(endpoint.credential, Signature) or not endpoint.console_url:
            return [{"id": model.id, "url": model.path} for model in CATALOGUE if model.path]
        wire = WireRequest("POST", endpoint.console_url + qianfan_v1.LIST_PATH, {})
        groups = values.as_object(
            (await self.client.send_json(endpoint, wire, settings)).get("result")
        )
        entries = [
            entry for name in ("common", "custom") for entry in values.as_objects(groups.get(name))
        ]
        return [{**entry, "id": entry.get("name")} for entry in entries]

    def _v1_paths(self, endpoint: Endpoint) -> dict[str, str]:
        """Return Qianfan V1's paths by model, from the live list."""
        if endpoint.service.protocol != "qianfan-v1":
            return {}
        listed = self.listed.get(endpoint.account, ())
        made, paths = self._paths_made.get(endpoint.account, ((), {}))
        if made is not listed:
            addresses = {entry.id.lower(): values.as_text(entry.raw.get("url")) for entry in listed}
            paths = {
                id_: "/" + "/".join(url.rstrip("/").split("/")[-2:])
                for id_, url in addresses.items()
                if url
            }
            self._paths_made[endpoint.account] = (listed, paths)
        return paths

    async def _choose_model(self, plan: Plan) -> str:
        """Return the requested model; else the first preferred one that the live list offers."""
        return (
            plan.options.model
            or plan.options.endpoint
            or plan.settings.model
            or await self._choose_default_model(
                plan.endpoint, plan.settings, needs_vision=plan.needs_vision
            )
        )

    async def _choose_default_model(
        self, endpoint: Endpoint, settings: Snapshot, *, needs_vision: bool = False
    ) -> str:
        listed = self.listed.get(endpoint.account)
        if listed is None and time.monotonic() > self._no_list_until.get(endpoint.account, 0.0):
            try:
                listed = await self.list_models(endpoint, replace(settings, retry_count=1))
            except ErnieError:  # the call itself will report the error
                self._no_list_until[endpoint.account] = time.monotonic() + _LISTS_KEPT
        offered = [entry.id for entry in listed or ()]
        return await _run_in_thread_if_long(
            len(offered), lambda: models.preferred_model(offered, needs_vision=needs_vision)
        )

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
                    for entry in await self.list_models(endpoint, replace(settings, retry_count=1))
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
            error.suggestions = await _run_in_thread_if_long(
                len(fitting), close_matches, model, fitting
            ) or (tuple(fitting[:_OFFERED]) if kind != "chat" else ())
            if error.suggestions:
                error.advice = Text(
                    "相近的模型：{near}；%ernie models 列出全部",
                    "similar models: {near}; %ernie models lists all",
                ).fill(near=", ".join(error.suggestions))
        return error


def has_completion_call(endpoint: Endpoint, request: CompletionRequest) -> bool:
    """Whether the service has a call of its own for this: V1 for its completion models, other
    servers always.
    """
    if endpoint.service.protocol == "qianfan-v1":
        return models.kind_of(request.model) == "completion"
    return not endpoint.service.strict


def _are_tools_ours(reader: Reader, request: ChatRequest, plan: Plan) -> bool:
    """Whether the requested tools are ours to call: the caller has kept none of them for itself."""
    asked = {call["function"]["name"] for call in reader.tool_calls}
    described = {
        (tool.get("function") or {}).get("name") for tool in request.parameters.get("tools") or ()
    }
    return bool(asked and described and plan.options.functions) and not asked & (
        described - set(plan.options.functions)
    )


async def _run_tools(
    asked: Sequence[Mapping[str, Any]],
    max_runs: int,
    functions: Mapping[str, Callable[..., Any]],
    emit: Callable[[Delta], None],
    model: str,
) -> list[ToolRun]:
    """Return the result of each call, at most `max_runs`; the model learns which were skipped."""
    done: list[ToolRun] = []
    for call in asked:
        run = (
            await _run_tool(call, functions, emit)
            if len(done) < max_runs
            else tools.skipped_tool_run(call)
        )
        done.append(_clip_tool_result(run, model))
    return done


async def _run_tool(
    call: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
    emit: Callable[[Delta], None],
) -> ToolRun:
    """Have a tool called by the reader; the model is told what goes wrong in it, and may try
    again.
    """
    function = functions.get(call["function"]["name"])
    if function is None:
        return tools.make_tool_run(
            call, error=LookupError(f"there is no tool {call['function']['name']}")
        )
    try:
        given = tools.bind_arguments(function, call["function"]["arguments"])
        # The value becomes text where the function was called: its methods may belong to that
        # thread.
        caller_task: CallerTask[ToolRun] = CallerTask(
            lambda: function(*given.args, **given.kwargs),
            lambda value: tools.make_tool_run(call, value),
        )
        emit(Delta(notice=_CALLING.fill(name=call["function"]["name"]), caller_task=caller_task))
        run = await caller_task
    except NestedLoop:
        raise
    except Exception as error:  # noqa: BLE001  (the user's function may raise anything)
        run = tools.make_tool_run(call, error=error)
    emit(Delta(tool=run))
    return run


def _tool_message(call: Mapping[str, Any], run: ToolRun) -> Message:
    return {"role": "tool", "tool_call_id": call["id"], "name": run.name, "content": run.content}


def _clip_tool_result(run: ToolRun, model: str) -> ToolRun:
    """Shorten a result to what the model accepts; it is told that the result was cut."""
    entry = models.find_model(model)
    max_characters = entry.max_characters if entry else None
    return (
        run._replace(content=run.content[: max_characters // 2] + _CLIPPED)
        if max_characters and len(run.content) > max_characters // 2
        else run
    )


def _parse_models(raw_entries: Sequence[object]) -> list[Listed]:
    """Return the models of a list; an entry without an id is skipped."""
    entries = values.as_objects(raw_entries)
    ids = values.as_names([entry.get("id") for entry in entries])
    return [Listed(id_, entry) for id_, entry in zip(ids, entries, strict=True) if id_]


async def _run_in_thread_if_long(count: int, function: Callable[..., Result], *args: Any) -> Result:
    """Do work on `count` things: on a thread of its own when there are many, so that the loop
    serves everybody else meanwhile.
    """
    return function(*args) if count <= _MANY else await in_thread(function, *args)
