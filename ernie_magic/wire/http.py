"""HTTP for one session: one connection pool, used only on the I/O thread (`runtime.io_thread`)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ernie_magic import __version__
from ernie_magic.api.models import SIMULATED_HEADER
from ernie_magic.config.addresses import url_below
from ernie_magic.config.key_kinds import likely_cause
from ernie_magic.config.keys import LogFilter
from ernie_magic.config.services import EMULATOR
from ernie_magic.errors import (
    AuthenticationFailed,
    BadRequest,
    ErnieError,
    RateLimited,
    RequestTimeout,
    ServiceError,
    ServiceUnreachable,
)
from ernie_magic.runtime.events import Delta
from ernie_magic.text.language import Counted, Text
from ernie_magic.wire import downloads, event_stream, moderation, reading, retry, whole_reply
from ernie_magic.wire.auth import EXCHANGE_TIMEOUT, Credentials, credential_url
from ernie_magic.wire.failures import error_from_reply
from ernie_magic.wire.limits import LIMITS
from ernie_magic.wire.network_errors import network_error
from ernie_magic.wire.refusals.sent_fields import name_refused_field
from ernie_magic.wire.refusals.unknown_ids import explain_unknown_id
from ernie_magic.wire.request import CONNECT_TIMEOUT
from ernie_magic.wire.route_errors import proxy_reply_error
from ernie_magic.wire.throttling.waiting_queue import QueueTicket
from ernie_magic.wire.uploads import SentBytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from http.cookiejar import CookieJar

    import httpx

    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.ignored import Ignored
    from ernie_magic.config.keys import Key
    from ernie_magic.config.proxies import Proxy
    from ernie_magic.wire.reader import Reader
    from ernie_magic.wire.request import Context, WireRequest
    from ernie_magic.wire.throttling.allowed_span import SentRequest
    from ernie_magic.wire.throttling.throttle import Throttle

ResultT = TypeVar("ResultT")
LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)
_RETRY = Text(
    "{what}；{seconds} 秒后重试（第 {attempt}/{count} 次）",
    "{what}; trying again in {seconds} s (attempt {attempt} of {count})",
)
_LIMITED = Text(
    "达到 {model} 的频率限制（{limit}），等待 {seconds} 秒",
    "at the rate limit of {model} ({limit}), waiting {seconds} s",
)
_QUEUED = Text(
    "服务按顺序回答，排队太久；现在同时发 {n} 个请求，再问一次",
    "the service answers in turn and calls waited too long; now {n} at a time, asking again",
)
_FEWER_AT_ONCE = Text(
    "服务一次只答一个时，用 %ernie config in_flight 1 逐个发送",
    "where the server answers one at a time, send them so: %ernie config in_flight 1",
)
_LIMIT_TEXTS: dict[str, Text | Counted] = {
    "requests": Counted(
        Text("每分钟 {n:,} 次请求", "{n:,} requests a minute"),
        Text("每分钟 {n:,} 次请求", "{n:,} request a minute"),
    ),
    "tokens": Text("每分钟 {n:,} token", "{n:,} tokens a minute"),
    "max_concurrency": Text("同时 {n} 个请求", "{n} at a time"),
    "per_second": Text("约每秒 {n:.2g} 次请求", "about {n:.2g} per second"),
}


@dataclass(frozen=True)
class _Sending(Generic[ResultT]):
    """A request in progress, and what to do with its reply."""

    context: Context
    request: WireRequest
    read: Callable[[httpx.Response], Awaitable[ResultT]]
    started: Callable[[], bool] = lambda: False
    tokens: Callable[[], int | None] = lambda: None
    renewed: list[Key] = field(default_factory=list)
    ticket: QueueTicket = field(default_factory=QueueTicket)

    def may_wait_for_turn(self, error: ErnieError) -> bool:
        """Whether the call may be sent again once the service has taken others: that is no further
        attempt, but where the user allows one only, one it is. After a 503, what may not be
        repeated may have been carried out.
        """
        if self.context.settings.retry_count == 1 or self.started():
            return False
        return self.request.repeatable or isinstance(error, RateLimited | ServiceUnreachable)

    def is_safe_after(self, error: ErnieError) -> bool:
        """Whether the request may be sent again after an error: nothing was carried out, or doing
        it twice costs nothing.
        """
        if self.request.repeatable or isinstance(error, RateLimited | ServiceUnreachable):
            return True
        if not isinstance(error, ServiceError):
            return False
        if self.context.settings.is_retry_asked:
            return error.status in self.request.resent_if_asked
        return error.status in self.request.resent_after


class _TokenRefused(Exception):
    """The service rejects the token; never leaves this file."""

    def __init__(self, error: ErnieError, token: Key | None) -> None:
        super().__init__()
        self.error = error
        self.token = token


class HttpClient:
    """Send requests to an endpoint and read its replies."""

    def __init__(self) -> None:
        self._http: httpx.AsyncClient | None = None
        self._credentials = Credentials()
        self._reported: set[Ignored] = set()
        self._simulated_urls: set[str] = set()

    def _pool(self) -> httpx.AsyncClient:
        if self._http is None:
            import httpx  # 215 ms in a kernel: not at load

            for name in LOGGERS:
                logger = logging.getLogger(name)
                if not any(isinstance(found, LogFilter) for found in logger.filters):
                    logger.addFilter(LogFilter())
            from ernie_magic.wire.routes import RoutedTransport

            self._http = httpx.AsyncClient(
                transport=RoutedTransport(),
                trust_env=False,
                follow_redirects=False,
                headers={"User-Agent": f"ernie-magic/{__version__}"},
                cookies=_no_cookies(),
            )
        return self._http

    def _notify_ignored(self, ignored: Sequence[Ignored], context: Context) -> None:
        """Say once what is left out: the call goes another way than the person meant it to."""
        for setting in ignored:
            if setting not in self._reported:
                self._reported.add(setting)
                context.emit(Delta(notice=setting.line))

    def _note_simulated(self, base_url: str, response: httpx.Response) -> None:
        """Note whether the emulator answers at an address, in the place of another service."""
        if SIMULATED_HEADER in response.headers:
            self._simulated_urls.add(base_url)
        else:
            self._simulated_urls.discard(base_url)

    def service_name(self, endpoint: Endpoint) -> str:
        """Return the name of the service that answers at an endpoint, as far as its replies tell:
        the emulator may stand in for any.
        """
        if endpoint.base_url in self._simulated_urls:
            return EMULATOR.name
        return endpoint.service.name

    @property
    def is_open(self) -> bool:
        """Whether there are connections to close."""
        return self._http is not None

    def forget_connections(self) -> None:
        """Forget the connections and locks: in a forked process they are the parent's."""
        self._http = None
        self._credentials = Credentials()

    async def aclose(self) -> None:
        """Close the pool; the client may be used again."""
        if self._http is not None:
            http = self._http
            self._http = None
            await http.aclose()

    async def send_and_read(self, request: WireRequest, reader: Reader, context: Context) -> None:
        """Send a chat or a completion; `reader` collects the reply, and each piece of text is
        emitted as it arrives.

        Raises
        ------
        ErnieError
            An error of the tree in `errors`; `reader` has what arrived before.
        """
        emit = context.emit

        async def read_deltas(response: httpx.Response) -> None:
            try:
                async for delta in reading.iter_deltas(response, reader):
                    if reader.flag >= moderation.BLOCKED:
                        return  # not one more word of it
                    emit(delta)
            except ServiceError:
                reader.flush_remaining()
                # A stream may begin with a role, and then be refused: nothing of an answer has
                # arrived, so it is a refusal like any other.
                if reader.is_empty:
                    reader.reset()
                raise

        await self._send_with_retries(
            _Sending(
                context,
                request,
                read_deltas,
                lambda: reader.started,
                lambda: reader.total_tokens,
            )
        )

    async def send_json(self, request: WireRequest, context: Context) -> dict[str, Any]:
        """Send a request whose reply is one JSON body.

        Raises
        ------
        ErnieError
        """
        return await self._send_with_retries(
            _Sending(
                context,
                request,
                lambda response: whole_reply.read_json(
                    response,
                    request.max_bytes,
                    list_name=request.list_name,
                    has_envelope=request.has_envelope,
                ),
            )
        )

    async def read_anything(self, request: WireRequest, context: Context) -> object:
        """Send a request whose reply may be of any kind (`whole_reply.read_anything`).

        Raises
        ------
        ErnieError
        """
        return await self._send_with_retries(
            _Sending(
                context, request, lambda response: whole_reply.read_anything(response, request)
            )
        )

    async def read_content(self, request: WireRequest, context: Context) -> bytes:
        """Send a request whose reply is a file; return its bytes.

        Raises
        ------
        ErnieError
        """

        async def read_bytes(response: httpx.Response) -> bytes:
            chunks = response.aiter_bytes()
            return bytes(await whole_reply.read_bytes(response, request.max_bytes, chunks=chunks))

        return await self._send_with_retries(_Sending(context, request, read_bytes))

    async def download_picture(self, url: str, context: Context) -> bytes:
        """Return the picture behind a service's link (`downloads.fetch_picture`), with retries."""
        async for attempt in retry.retry_attempts(
            context.settings.retry_count,
            context.settings.backoff_factor,
            may_repeat=lambda: True,
            on_wait=lambda *_: None,
        ):
            with attempt:
                return await downloads.fetch_picture(self._pool(), url, context.endpoint.base_url)
        raise AssertionError("tenacity ends by a result or an error")

    async def stream_events(self, request: WireRequest, context: Context) -> None:
        """Send a request whose reply is a stream of JSON events, whatever their meaning; each is
        emitted (`Delta.event`).

        Raises
        ------
        ErnieError
        """
        events_seen: list[bool] = []

        async def read_events(response: httpx.Response) -> None:
            async for event in event_stream.iter_events(response):
                events_seen.append(True)
                context.emit(Delta(event=event))

        await self._send_with_retries(
            _Sending(
                replace(context, emit=lambda _delta: None),
                request,
                read_events,
                lambda: bool(events_seen),
            )
        )

    async def _send_with_retries(self, sending: _Sending[ResultT]) -> ResultT:
        """Send the request under its limit, as often as is safe."""
        context = sending.context
        request = sending.request
        endpoint = context.endpoint
        settings = context.settings
        throttle: Throttle | None = None
        if request.model:
            throttle = LIMITS.throttle_for(endpoint.account, endpoint.service.name, request.model)

        def notify_retry(error: ErnieError, seconds: float, attempt: int) -> None:
            context.emit(
                Delta(
                    notice=_RETRY.fill(
                        what=error.what,
                        seconds=_format_seconds(seconds),
                        attempt=attempt,
                        count=settings.retry_count,
                    )
                )
            )

        async for attempt in retry.retry_attempts(
            settings.retry_count,
            settings.backoff_factor,
            may_repeat=lambda: not sending.started(),
            on_wait=notify_retry,
            is_safe=sending.is_safe_after,
        ):
            with attempt:
                if throttle is None:
                    return await self._send_renewing_token(sending)
                return await self._throttle(sending, throttle)
        raise AssertionError("tenacity ends by a result or an error")

    async def _throttle(self, sending: _Sending[ResultT], throttle: Throttle) -> ResultT:
        def notify_throttled(seconds: float) -> None:
            limit_text = _describe_limits(throttle)
            sending.context.emit(
                Delta(
                    notice=_LIMITED.fill(
                        model=throttle.model, limit=limit_text, seconds=_format_seconds(seconds)
                    )
                )
            )

        while True:
            sent_request = await throttle.acquire(
                sending.request.tokens, notify_throttled, sending.ticket
            )

            read = partial(_learn_and_read, sending.read, throttle, sent_request)
            learning = replace(sending, read=read)
            try:
                result = await self._send_renewing_token(learning)
            except (RequestTimeout, ServiceUnreachable) as error:
                if not _only_waited(error, sending, throttle, sent_request):
                    raise
            except ServiceError as error:
                if error.of_exchange or not _is_at_capacity(error):
                    raise
                is_turn = throttle.on_refused(error, sent_request, sending.ticket)
                if not is_turn or not sending.may_wait_for_turn(error):
                    raise
            else:
                throttle.on_success(sent_request)
                return result
            finally:
                throttle.release(sent_request)
                if (used := sending.tokens()) is not None:
                    throttle.record_usage(sent_request, used)

    async def _send_renewing_token(self, sending: _Sending[ResultT]) -> ResultT:
        """Send, renewing a temporary token once if needed.

        Such a token may expire at any time, even a new one: it is renewed once per call, and the
        call is repeated once.
        """
        try:
            return await self._send_once(sending, None)
        except _TokenRefused as refused:
            if refused.token is None or sending.renewed or sending.started():
                raise refused.error from None
            token = refused.token
            sending.renewed.append(token)
        try:
            return await self._send_once(sending, token)
        except _TokenRefused as refused:
            raise refused.error from None

    async def _send_once(self, sending: _Sending[ResultT], refused_token: Key | None) -> ResultT:
        """Send the request once.

        Raises
        ------
        _TokenRefused
            Instead of an error which says that a temporary token may have expired.
        ErnieError
        """
        import httpx

        from ernie_magic.wire.kept_connections import MAY_REPEAT
        from ernie_magic.wire.routes import PLAN, plan_route

        endpoint = sending.context.endpoint
        request = sending.request
        timeout = sending.context.settings.timeout
        ignored: Sequence[Ignored] = ()
        proxy: Proxy | None = None
        has_reply = False
        # The address that an error names.
        error_address = credential_url(endpoint.credential) or endpoint.base_url
        try:
            target = _address_of(endpoint, request)
            plan = await plan_route(target)
            ignored = plan.ignored
            proxy = plan.route.proxy
            self._notify_ignored(ignored, sending.context)
            auth = await self._credentials.authorize_call(
                self._pool(),
                endpoint.credential,
                request.method,
                str(target),
                refused_token=refused_token,
                content_type=request.content_type,
            )
            error_address = endpoint.base_url
            if auth.query:
                target = target.copy_merge_params(auth.query)
            async with self._pool().stream(
                request.method,
                target,
                **_content_of(request, sending.context),
                headers={**_headers_for(endpoint, request), **auth.headers},
                timeout=httpx.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout)),
                extensions={PLAN: plan, MAY_REPEAT: request.repeatable},
            ) as response:
                has_reply = True
                self._note_simulated(endpoint.base_url, response)
                try:
                    return await _read_success(sending, response)
                except ErnieError as found:
                    error = found
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as problem:
            if error_address != endpoint.base_url:
                timeout = EXCHANGE_TIMEOUT
            raise network_error(
                problem,
                error_address,
                timeout,
                started=sending.started(),
                has_reply=has_reply,
                harmless=request.method == "GET",
                ignored=ignored,
                proxy=proxy,
            ) from None
        if isinstance(error, AuthenticationFailed) and (likely := likely_cause(endpoint)):
            error.cause, error.advice = likely
        if isinstance(error, BadRequest):
            _name_what_was_refused(error, request)
        if error.renews:
            raise _TokenRefused(error, auth.token)
        raise error


def _name_what_was_refused(error: BadRequest, request: WireRequest) -> None:
    """Name in an error the id or the field of the request that the service's words are about."""
    if not explain_unknown_id(error, request):
        name_refused_field(error, request.body or {}, of_platform=request.has_envelope)


async def _learn_and_read(
    read: Callable[[httpx.Response], Awaitable[ResultT]],
    throttle: Throttle,
    sent_request: SentRequest,
    response: httpx.Response,
) -> ResultT:
    throttle.learn_from_headers(response.headers, sent_request)
    return await read(response)


def _only_waited(
    error: RequestTimeout | ServiceUnreachable,
    sending: _Sending[ResultT],
    throttle: Throttle,
    sent_request: SentRequest,
) -> bool:
    """Whether a call that got no data, or no connection in time, only waited behind others of ours,
    and is sent again: that is told, and else what to do where it may have.
    """
    if isinstance(error, RequestTimeout):
        at_once = throttle.on_timeout(sent_request, sending.ticket)
    elif error.timed_out:
        at_once = throttle.on_no_connection(sent_request, sending.ticket)
    else:
        return False
    if at_once is None or not sending.may_wait_for_turn(error):
        if throttle.may_have_queue:
            error.add_advice(_FEWER_AT_ONCE)
        return False
    sending.context.emit(Delta(notice=_QUEUED.fill(n=at_once)))
    return True


def _is_at_capacity(error: ServiceError) -> bool:
    """Whether a service refuses a call since it has too many (RFC 9110, section 15.6.4; 529 is
    Anthropic's and others' "overloaded").
    """
    return isinstance(error, RateLimited) or error.status in (503, 529)


def _describe_limits(throttle: Throttle) -> Text:
    state = throttle.state()
    numbers = {
        "requests": state.requests,
        "tokens": state.tokens,
        "max_concurrency": state.max_concurrency,
        "per_second": state.per_second,
    }
    known = [_LIMIT_TEXTS[name].fill(n=n) for name, n in numbers.items() if n]
    if not known:
        return Text("尚未得知", "not known yet")
    return Text("、".join(k.zh for k in known), ", ".join(k.en for k in known))


async def _read_success(sending: _Sending[ResultT], response: httpx.Response) -> ResultT:
    """Read an answer. Not every refusal has a status of its own: V1 and some gateways refuse with
    status 200.

    Raises
    ------
    ErnieError
    """
    if response.is_success:
        return await sending.read(response)
    beginning = await whole_reply.read_beginning(response)
    if error := proxy_reply_error(response, beginning):
        raise error
    raise error_from_reply(response.status_code, response.headers, beginning)


def _no_cookies() -> CookieJar:
    """Return a jar that stays empty: these APIs need no cookies, and one that cannot be written
    into a header would break every later call.
    """
    from http.cookiejar import CookieJar

    class NoCookies(CookieJar):
        def extract_cookies(self, *_: object) -> None:
            """Store no cookies."""

    return NoCookies()


def _format_seconds(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds:.1f}"
    return f"{seconds:.0f}"


def _address_of(endpoint: Endpoint, request: WireRequest) -> httpx.URL:
    """Return where a request is sent, with the keys of the service's address, as it is signed.
    Another address, such as that of a list, does not get them.
    """
    import httpx

    url = httpx.URL(url_below(endpoint.base_url, request.path))
    if endpoint.query and not request.is_absolute:
        keys = {name: key.reveal() for name, key in endpoint.query.items()}
        url = url.copy_merge_params(keys)
    return url


def _content_of(request: WireRequest, context: Context) -> dict[str, Any]:
    """Return what a request carries, as httpx takes it: JSON, or a form whose progress is told."""
    form = request.form
    if form is None:
        return {"json": request.body}
    sent = SentBytes(form.size, context.emit)
    files = [
        (file.field, (file.name, sent.reader_of(file.content), file.media_type))
        for file in form.files
    ]
    return {"data": dict(form.fields), "files": files}


def _headers_for(endpoint: Endpoint, request: WireRequest) -> dict[str, str]:
    """Return the headers of a request but for its credential. The user's own are for the service's
    address: another one, such as that of a list, does not get them.
    """
    headers = {**endpoint.headers, **_accept_headers(request)}
    if not request.is_absolute:
        headers = {**endpoint.extra_headers.reveal(), **headers}
    return headers


def _accept_headers(request: WireRequest) -> dict[str, str]:
    if not request.stream:
        return {"Accept": "application/json"}
    # Compressed streams arrive in bursts.
    return {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
