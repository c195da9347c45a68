"""The session: settings, one client, usage and named conversations. An async core on the I/O thread, a thin sync face."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

from ernie_magic import models, parameters, safety, services
from ernie_magic.conversation import Conversation
from ernie_magic.errors import ErnieError, InvalidOption, ModelNotFound, stopped
from ernie_magic.history import Turn
from ernie_magic.language import Text
from ernie_magic.models import Listed
from ernie_magic.requests import ChatOptions, ChatRequest, Message, chat_request
from ernie_magic.running import IO, Call
from ernie_magic.settings import ErnieSettings
from ernie_magic.usage import UsageLog
from ernie_magic.wire import retry
from ernie_magic.wire.client import Client
from ernie_magic.wire.openai_style import Delta, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ernie_magic.emulator.server import Emulator
    from ernie_magic.history import History
    from ernie_magic.results import Answer
    from ernie_magic.services import Endpoint
    from ernie_magic.stream import Stream

MAIN = "main"
_KIND_NAMES = {"image": Text("文生图", "an image"), "embedding": Text("向量", "an embedding")}
_OTHER_KIND = Text("{model} 是{kind}模型，这里要文生文模型", "{model} is {kind} model; this call wants a chat model")
_RETRY = Text("{what}；{seconds} 秒后重试（第 {attempt}/{count} 次）", "{what}; trying again in {seconds} s (attempt {attempt} of {count})")


class Clock:
    """How long a call takes, and how long until its first text; in seconds."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.first: float | None = None
        self.seconds = 0.0

    def mark(self) -> None:
        """Text came."""
        if self.first is None:
            self.first = time.monotonic() - self._began

    def stop(self) -> None:
        """The call has ended."""
        self.seconds = time.monotonic() - self._began


class Session:
    """What magics, Python calls and panels share: settings, connections, usage and conversations.

    Parameters
    ----------
    settings
        An `ErnieSettings`; made anew when None.
    **values
        Settings to begin with (`service`, `model`, `api_key`, `base_url`, `language`, `temperature` …).
    """

    def __init__(self, settings: ErnieSettings | None = None, **values: Any) -> None:  # noqa: ANN401
        self.settings = settings or ErnieSettings()
        for name, value in values.items():
            if name not in self.settings.trait_names(config=True):
                raise parameters.unknown(name, self.settings.trait_names(config=True))
            setattr(self.settings, name, value)
        self.conversations: dict[str, Conversation] = {}
        self.usage = UsageLog()
        self.last: Answer | None = None
        self._client = Client()
        self._emulator: Emulator | None = None
        self._starting = threading.Lock()
        self._listed: dict[str, list[Listed]] = {}  # by base URL

    # --- conversations ---------------------------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        """The conversation that the session's own `chat`, `stream` and `history` belong to."""
        return self[MAIN]

    @property
    def history(self) -> History:
        """The current conversation's turns."""
        return self.conversation.history

    def __getitem__(self, name: str) -> Conversation:
        """The conversation of that name; a new one when there is none yet."""
        return self.conversations.setdefault(name, Conversation(self, name))

    def stream(self, prompt: str | Sequence[Message], **options: Any) -> Stream:  # noqa: ANN401
        """`Conversation.stream` of the current conversation."""
        return self.conversation.stream(prompt, **options)

    astream = stream

    def chat(self, prompt: str | Sequence[Message], **options: Any) -> Answer:  # noqa: ANN401
        """`Conversation.chat` of the current conversation."""
        return self.conversation.chat(prompt, **options)

    async def achat(self, prompt: str | Sequence[Message], **options: Any) -> Answer:  # noqa: ANN401
        """`Conversation.achat` of the current conversation."""
        return await self.conversation.achat(prompt, **options)

    def reset(self) -> None:
        """Forget the current conversation's turns; settings and usage stay."""
        self.conversation.reset()

    # --- services and models ---------------------------------------------------------------------------------------

    def use(self, service: str) -> None:
        """Talk to this service from now on: "aistudio", "qianfan", "local" or "emulator".

        Raises
        ------
        InvalidOption
            No such service.
        """
        if service not in services.SERVICES:
            close = models.near(service, services.SERVICES, 1)
            raise self.spoken(InvalidOption(
                Text("没有叫 {name} 的服务，可选：{known}", "no service {name}; there are: {known}").fill(
                    name=service, known=", ".join(services.SERVICES)),
                advice=Text("是不是 {close}？", "did you mean {close}?").fill(close=close[0]) if close else None))
        self.settings.service = service

    def endpoint(self) -> Endpoint:
        """Where a call would go now; starts the emulator when that is the place.

        Raises
        ------
        MissingKey
        """
        return self.settings.endpoint(self._emulator_url)

    def models(self) -> list[Listed]:
        """The service's live list of models, with what the catalogue knows of each."""
        return Call[None, list[Listed]](lambda _emit: self._models(self.endpoint())).wait()

    def known_models(self) -> list[str]:
        """Ids for completion, without the network: the last live list, else the catalogue."""
        listed = [entry.id for entries in self._listed.values() for entry in entries]
        return listed or [model.id for model in models.CATALOGUE]

    def close(self) -> None:
        """Close connections and the emulator. The session may be used again."""
        IO.run(self._client.aclose())
        with self._starting:
            if self._emulator is not None:
                self._emulator.stop()
                self._emulator = None

    def _emulator_url(self) -> str:
        with self._starting:
            if self._emulator is None:
                from ernie_magic import emulator  # its server is imported when it starts, not before

                self._emulator = emulator.start()
            return self._emulator.base_url

    async def _models(self, endpoint: Endpoint) -> list[Listed]:
        try:
            found = await self._client.models(endpoint, timeout=min(30.0, self.settings.request_timeout))
        except ErnieError as error:
            raise self.spoken(error) from None
        listed = self._listed[endpoint.base_url] = [Listed(str(entry["id"]), entry) for entry in found]
        return listed

    async def _default_model(self, endpoint: Endpoint) -> str:
        """The first preferred chat model that the live list offers (asked once an address), else the fallback."""
        try:
            listed = self._listed.get(endpoint.base_url) or await self._models(endpoint)
        except ErnieError:
            return models.FALLBACK_CHAT  # the call itself will say what is wrong
        return models.preferred([entry.id for entry in listed])

    # --- the one call ----------------------------------------------------------------------------------------------

    async def answer(
        self, conversation: Conversation, prompt: str | Sequence[Message], options: ChatOptions,
        emit: Callable[[Delta], None],
    ) -> Answer:
        """Ask and read the answer, on the I/O thread (`Conversation.ask` calls it there). Cancelled, it gives what came."""
        try:
            if conversation.locked and options.history and isinstance(prompt, str):
                raise safety.locked(conversation.name)
            endpoint = self.endpoint()
            request = await self._request(conversation, prompt, options, endpoint)
        except ErnieError as error:
            raise self.spoken(error) from None
        except asyncio.CancelledError:  # stopped before anything was asked
            raise stopped(None, self.settings.spoken) from None
        reader, clock = Reader(request), Clock()
        problem = await self._read(endpoint, request, reader, clock, emit)
        if reader.flag >= safety.LOCKS:
            conversation.locked = True
        if reader.flag >= safety.WITHDRAWS:
            raise self.spoken(safety.withdrawn(reader.flag, reader.id))
        partial = problem is not None
        answer = reader.answer(seconds=clock.seconds, first_seconds=clock.first, partial=partial, service=endpoint.service.name)
        came = bool(answer.text or answer.reasoning)
        if came or not partial:
            self._record(conversation, prompt, options, answer)
        if isinstance(problem, ErnieError):
            problem.answer = answer if came else None
            raise self.spoken(await self._with_suggestions(problem, request, endpoint))
        return answer

    async def _read(
        self, endpoint: Endpoint, request: ChatRequest, reader: Reader, clock: Clock, emit: Callable[[Delta], None]
    ) -> ErnieError | asyncio.CancelledError | None:
        """Read the reply into `reader`; what ended it before its end, None when nothing did."""
        settings = self.settings

        def waiting(error: ErnieError, seconds: float, attempt: int) -> None:
            emit(Delta(notice=_RETRY.fill(what=error.what, seconds=f"{seconds:.0f}", attempt=attempt, count=settings.retry_count)))

        try:
            async for attempt in retry.attempts(
                settings.retry_count, settings.backoff_factor, may_repeat=lambda: not reader.started, waiting=waiting
            ):
                with attempt:
                    async for delta in self._client.chat(endpoint, request, reader, timeout=settings.request_timeout):
                        if reader.flag >= safety.WITHDRAWS:
                            break  # not one more word of it
                        clock.mark()
                        emit(delta)
        except (ErnieError, asyncio.CancelledError) as problem:
            return problem
        finally:
            clock.stop()
        return None

    async def _request(
        self, conversation: Conversation, prompt: str | Sequence[Message], options: ChatOptions, endpoint: Endpoint
    ) -> ChatRequest:
        settings = self.settings
        messages = conversation.messages(prompt, options)
        stream = settings.stream if options.stream is None else options.stream
        model = options.model or settings.model
        if not model:
            chat_request(messages, model=models.UNDECIDED, given=options.parameters)  # a mistake is told before the network is asked
            model = await self._default_model(endpoint)
        extra = dict(options.extra)
        if stream and endpoint.service.asks_usage:
            extra.setdefault("stream_options", {"include_usage": True})
        given = {**settings.kept(), **{k: v for k, v in options.parameters.items() if v is not None}}
        return chat_request(messages, model=model, given=given, extra=extra, stream=stream, strict=endpoint.service.strict)

    def _record(
        self, conversation: Conversation, prompt: str | Sequence[Message], options: ChatOptions, answer: Answer
    ) -> None:
        self.last = answer
        self.usage.add(answer.service, answer.model, answer.usage)
        if options.history and isinstance(prompt, str):
            if answer.history_cleared:
                conversation.history.clear()
            else:
                conversation.history.append(Turn(prompt, answer))

    async def _with_suggestions(self, error: ErnieError, request: ChatRequest, endpoint: Endpoint) -> ErnieError:
        """A refused model gets the nearest ids that the service does offer."""
        if isinstance(error, ModelNotFound):
            try:
                offered = [entry.id for entry in await self._models(endpoint)]
            except (ErnieError, asyncio.CancelledError):
                offered = self.known_models()
            chats = [name for name in offered if models.kind_of(name) in ("chat", None) and name.lower() != request.model.lower()]
            if (kind := models.kind_of(request.model)) in ("image", "embedding"):
                error.cause = _OTHER_KIND.fill(model=request.model, kind=_KIND_NAMES[kind])
            error.suggestions = models.near(request.model, chats)
            if error.suggestions:
                error.advice = Text("相近的模型：{near}；%ernie models 列出全部", "near ids: {near}; %ernie models lists all").fill(
                    near=", ".join(error.suggestions))
        return error

    def spoken(self, error: ErnieError) -> ErnieError:
        """The error, in this session's language."""
        error.language = self.settings.spoken
        return error

    def __repr__(self) -> str:
        service, model = self.settings.chosen().name, self.settings.model or "default"
        return f"Session(service={service!r}, model={model!r}, {len(self.history)} turns)"
