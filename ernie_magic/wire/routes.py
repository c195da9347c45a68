"""How each request travels: directly, or through a proxy of the environment.

This module imports httpx; it is itself imported with the first request. The environment is read for
each request (`%env HTTPS_PROXY=` takes effect at once), and connections are kept by route.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from ernie_magic.config.certificates import read_certificates
from ernie_magic.config.proxies import Proxy, is_this_machine, read_proxies
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.wire.gzip_members import unpack_gzip
from ernie_magic.wire.kept_connections import LIMITS, send_over_open_connection
from ernie_magic.wire.request import CONNECT_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from ernie_magic.config.ignored import Ignored
    from ernie_magic.config.proxies import Proxies
    from ernie_magic.wire.kept_connections import Steps

PROXY = "ernie_magic.proxy"  # a response's extension: the proxy that it came through
PLAN = "ernie_magic.plan"  # a request's extension: its `RoutePlan`, where it was made before
_MAX_POOLS = 8  # routes whose connections are kept
# The other side closed the connection (Python, "ssl", "Exceptions"): nothing is wrong with its TLS.
TLS_HANG_UPS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


# httpcore's name of a step: the reply's head is read, also that of a proxy's to CONNECT.
_HEADERS_STEP = "http11.receive_response_headers.complete"
_SCHEME = re.compile(r"(?:^|,)\s*(basic|digest|ntlm|negotiate|kerberos|bearer)\b", re.IGNORECASE)


class Route(NamedTuple):
    """What connections are kept by.

    Attributes
    ----------
    proxy : Proxy | None
        None for a direct connection.
    context : SSLContext | None
        The trusted certificates, None where no TLS is spoken.
    """

    proxy: Proxy | None
    context: ssl.SSLContext | None


class ProxyFailed(httpx.ProxyError):
    """The connection failed at the proxy: nothing was sent to the service.

    Attributes
    ----------
    proxy : Proxy
    answered : bool
        Whether the proxy itself answered, with a refusal.
    login_schemes : tuple of str
        The kinds of login that it offers, as it writes them: "Basic", "NTLM" …
    """

    def __init__(
        self,
        message: str,
        proxy: Proxy,
        *,
        answered: bool,
        login_schemes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.proxy = proxy
        self.answered = answered
        self.login_schemes = login_schemes


class SocksMissing(httpx.UnsupportedProtocol):
    """A SOCKS proxy is used and the library for it is not installed."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__("socksio is not installed")
        self.proxy = proxy


class RoutePlan(NamedTuple):
    """How one request travels.

    Attributes
    ----------
    route : Route
    ignored : list of Ignored
        What is left out and might have mattered.
    """

    route: Route
    ignored: list[Ignored]


async def plan_route(url: httpx.URL | str) -> RoutePlan:
    """Return how to reach an address, by the environment as it is now: it is read once.

    Raises
    ------
    InvalidURL
    """
    url = httpx.URL(url)
    is_here = is_this_machine(url.host)
    proxy = None
    context: ssl.SSLContext | None = None
    ignored: list[Ignored] = []
    if not is_here:
        proxies = read_proxies()
        proxy = await _choose_proxy(proxies, str(url))
        ignored += proxies.ignored
    if url.scheme == "https" or (proxy is not None and proxy.url.startswith("https:")):
        certificates = read_certificates()
        context = certificates.context
        ignored += certificates.ignored
    return RoutePlan(Route(proxy, context), ignored)


async def _choose_proxy(proxies: Proxies, url: str) -> Proxy | None:
    """Return the proxy for an address. The system is asked for its exceptions on a thread of its
    own: it may look the name up.
    """
    if proxies.of_system:
        return await in_thread(proxies.choose, url)
    return proxies.choose(url)


async def list_ignored(url: str) -> list[Ignored]:
    """Return the settings that are left out and might have mattered for an address."""
    try:
        return (await plan_route(url)).ignored
    except httpx.InvalidURL:
        return []


class RoutedTransport(httpx.AsyncBaseTransport):
    """Send each request by its route."""

    def __init__(self) -> None:
        self._pools: dict[Route, _Pool] = {}  # the latest one used last

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises
        ------
        ProxyFailed
            The proxy cannot be reached, or refuses.
        SocksMissing
        """
        plan = request.extensions.get(PLAN) or await plan_route(request.url)
        pool = self._pools.pop(plan.route, None) or _Pool(plan.route)
        self._pools[plan.route] = pool
        pool.enter()
        try:
            await self._retire_old_pools()
            send = partial(_send, pool.transport, plan.route.proxy)
            response = await send_over_open_connection(send, request)
        except BaseException:  # a cancelled call leaves the pool too; whatever comes is raised
            await pool.leave()
            raise
        kind = _PoolStream
        if plan.route.context is not None:
            kind = _TlsStream
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101
        connection = response.extensions.get("network_stream")
        response.stream = kind(response.stream, pool, connection)
        unpack_gzip(response)
        return response

    async def _retire_old_pools(self) -> None:
        """Keep the pools of the latest routes: each change of the environment makes a new one."""
        while len(self._pools) > _MAX_POOLS:
            oldest = next(iter(self._pools))
            await self._pools.pop(oldest).retire()

    async def aclose(self) -> None:
        """Close all connections."""
        pools = list(self._pools.values())
        self._pools = {}
        for pool in pools:
            await pool.close()


async def _send(
    transport: httpx.AsyncHTTPTransport,
    proxy: Proxy | None,
    request: httpx.Request,
    steps: Steps,
) -> httpx.Response:
    try:
        if proxy is None:
            request.extensions = {**request.extensions, "trace": steps.note}
            return await transport.handle_async_request(request)
        return await _send_through(transport, request, proxy, steps)
    except TLS_HANG_UPS as error:  # after the handshake: the request may have been carried out
        raise httpx.ReadError(str(error)) from error
    except ssl.SSLError as error:  # older versions of httpcore let it through
        raise httpx.ConnectError(str(error)) from error


class _Pool:
    """The connections of one route, and how many replies are being read from them."""

    def __init__(self, route: Route) -> None:
        self.transport = _open_transport(route)
        self._in_use = 0
        self._is_retired = False
        self._is_closed = False

    def enter(self) -> None:
        self._in_use += 1

    async def leave(self, connection: Any = None) -> None:
        """Note that a reply has been read, or that there was none.

        Parameters
        ----------
        connection
            What it came by: httpcore's network stream.
        """
        self._in_use -= 1
        if self._is_closed and connection is not None:
            # It was being made when the pool was closed: httpcore does not know it any more.
            await connection.aclose()
        await self._close_if_idle()

    async def close(self) -> None:
        """Close its connections; one that is being made now, once it has brought its reply."""
        self._is_closed = True
        await self.transport.aclose()

    async def retire(self) -> None:
        """Close it, once nothing is read from it any more."""
        self._is_retired = True
        await self._close_if_idle()

    async def _close_if_idle(self) -> None:
        if self._is_retired and not self._in_use:
            await self.transport.aclose()


class _PoolStream(httpx.AsyncByteStream):
    """A reply's bytes; its pool is in use until it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, pool: _Pool, connection: Any) -> None:
        self._stream = stream
        self._pool = pool
        self._connection = connection
        self._is_closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()  # another layer would cost time for each chunk

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if not self._is_closed:
                self._is_closed = True
                await self._pool.leave(self._connection)


class _TlsStream(_PoolStream):
    """A reply's bytes. httpcore lets pass what TLS raises while they are read."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                yield chunk
        except ssl.SSLError as error:
            raise httpx.ReadError(str(error)) from error


def _open_transport(route: Route) -> httpx.AsyncHTTPTransport:
    # Without TLS no certificate is needed: a context that trusts none takes no time.
    context = route.context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if route.proxy is None:
        return httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=LIMITS)
    if route.proxy.is_socks and importlib.util.find_spec("socksio") is None:
        raise SocksMissing(route.proxy)
    tls_to_proxy = None
    if route.proxy.url.startswith("https:"):
        tls_to_proxy = context
    try:
        proxy = httpx.Proxy(route.proxy.url, ssl_context=tls_to_proxy)
        return httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=LIMITS, proxy=proxy)
    except (ValueError, httpx.InvalidURL) as error:
        raise ProxyFailed(str(error), route.proxy, answered=False) from None


async def _send_through(
    transport: httpx.AsyncHTTPTransport,
    request: httpx.Request,
    proxy: Proxy,
    names: Steps,
) -> httpx.Response:
    is_tunnel = proxy.is_socks or request.url.scheme == "https"
    steps = _ProxySteps(request, names, awaits_connect=is_tunnel and not proxy.is_socks)
    # httpx, "Request extensions": the steps of a connection by their names.
    request.extensions = {**request.extensions, "trace": steps.note}
    try:
        response = await transport.handle_async_request(request)
    except httpx.ProxyError as error:
        schemes = read_login_schemes(steps.challenges)
        raise ProxyFailed(str(error), proxy, answered=True, login_schemes=schemes) from error
    except _errors_of(proxy) as error:
        if _failed_at_proxy(names, is_tunnel=is_tunnel):
            raise ProxyFailed(str(error), proxy, answered=False) from error
        raise
    finally:
        await steps.close()
    response.extensions[PROXY] = proxy
    return response


class _ProxySteps:
    """The steps of a connection through a proxy, as httpcore reports them.

    Parameters
    ----------
    request
    names
        Of the steps, to which they are added.
    awaits_connect
        The proxy is asked for a tunnel (CONNECT).

    Attributes
    ----------
    challenges : list of str
        What the latest reply says of a proxy's login.
    """

    def __init__(self, request: httpx.Request, names: Steps, *, awaits_connect: bool) -> None:
        self._names = names
        self.challenges: list[str] = []
        self._request = request
        self._awaits_connect = awaits_connect
        self._tunnel: asyncio.TimerHandle | None = None
        self._hang_up: list[asyncio.TimerHandle] = []
        self._unfinished: list[Any] = []

    async def note(self, step: str, info: dict[str, Any]) -> None:
        """Note a step."""
        await self._names.note(step, info)
        if step == _HEADERS_STEP:
            self.challenges = _challenges_in(info["return_value"])
            self._end_waiting_for_tunnel()
        # httpcore waits for the reply to CONNECT as long as for an answer's.
        if self._awaits_connect and step == "connection.connect_tcp.complete":
            self._tunnel = _hang_up_later(info["return_value"], self._request)
        if step == "socks.setup_socks5_connection.started":
            self._unfinished.append(info["stream"])
            self._hang_up.append(_hang_up_later(info["stream"], self._request))
        elif self._hang_up:
            self._hang_up.pop().cancel()
        if step == "socks.setup_socks5_connection.complete":
            self._unfinished.clear()

    def _end_waiting_for_tunnel(self) -> None:
        if self._tunnel is not None:
            self._tunnel.cancel()

    async def close(self) -> None:
        """Close what httpcore leaves open."""
        self._end_waiting_for_tunnel()
        for timer in self._hang_up:
            timer.cancel()
        for stream in self._unfinished:
            await stream.aclose()


def _challenges_in(reply: Any) -> list[str]:
    """Return what the headers of a reply, as httpcore reports them, say of a proxy's login."""
    headers = next((part for part in reply if isinstance(part, list)), [])
    wanted = b"proxy-authenticate"
    return [value.decode("latin-1") for name, value in headers if name.lower() == wanted]


def read_login_schemes(challenges: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds of login in `Proxy-Authenticate` headers (RFC 9110, section 11.7.1)."""
    found = (scheme for value in challenges for scheme in _SCHEME.findall(value))
    return tuple(dict.fromkeys(found))


def _hang_up_later(stream: Any, request: httpx.Request) -> asyncio.TimerHandle:
    """Close a connection to a proxy that does not answer: for SOCKS, httpcore waits without a
    limit.
    """
    loop = asyncio.get_running_loop()
    closing: set[asyncio.Task[None]] = set()  # the loop itself holds tasks weakly

    def hang_up() -> None:
        closing.add(loop.create_task(stream.aclose()))

    seconds = request.extensions.get("timeout", {}).get("connect") or CONNECT_TIMEOUT
    return loop.call_later(seconds, hang_up)


def _errors_of(proxy: Proxy) -> tuple[type[Exception], ...]:
    """Return what may be raised on the way: httpx lets pass what the library for SOCKS raises for a
    reply that is none.
    """
    if not proxy.is_socks:
        return (httpx.TransportError, ssl.SSLError)
    import socksio

    return (httpx.TransportError, ssl.SSLError, socksio.SOCKSError)


def _failed_at_proxy(steps: list[str], *, is_tunnel: bool) -> bool:
    """Whether a new connection failed before it was through the proxy."""
    through = {"proxy.start_tls.started", "socks.setup_socks5_connection.complete"}
    opening = {"connection.connect_tcp.started", "socks.connect_tcp.started"}
    if is_tunnel:
        return not opening.isdisjoint(steps) and through.isdisjoint(steps)
    return bool({"connection.connect_tcp.failed", "connection.start_tls.failed"} & set(steps))
