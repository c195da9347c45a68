"""Who gets an answer: programs on this machine, and no web page of another origin.

A browser opens any page next to the notebook, and such a page can reach every port of this machine.
What keeps it out:

- Host must be a loopback name or the server's own address, with its port. A name of the page's
  own that resolves to 127.0.0.1 (DNS rebinding) is refused.
- Origin and Sec-Fetch-Site must not name another page
  (https://fetch.spec.whatwg.org/#origin-header,
  https://www.w3.org/TR/fetch-metadata/). A link may be followed, and a picture of ours shown.
- A POST is JSON, or, of Qianfan's platform, for pictures and for files, a form with an
  Authorization header: a page can send neither without asking first
  (https://fetch.spec.whatwg.org/#cors-preflight-fetch). The request for permission is never
  granted: no CORS header is ever sent.

Starlette's `TrustedHostMiddleware` accepts any port, and answers with plain text.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from starlette.responses import JSONResponse

from ernie_magic.api.models import EDITS_PATH
from ernie_magic.emulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_HEAD = 64 * 1024  # bytes, as h11's own bound
MAX_BODY = 64 * 1024 * 1024  # bytes: four pictures of the largest size, in base64
MAX_BODIES = 4 * MAX_BODY  # bytes of all bodies being read or answered
BODY_TIMEOUT = 30.0  # seconds for a body to arrive
FRONT_PAGE = "/"
PICTURES = "/emulator/picture.png"
FILES = "/emulator/data"  # exported samples, and the faults of an import
_PLATFORM = "/v2/"
_FORM_PATHS = (EDITS_PATH, "/files")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?", re.ASCII)
_HTTP_PORT = 80


class Address(NamedTuple):
    """A host and a port, in one canonical form so that they can be compared."""

    host: str
    port: int


def parse_authority(text: str) -> Address | None:
    """What a Host header, or the authority of an http URL, names; None if it is neither.

    RFC 9110, section 7.2.
    """
    match = _AUTHORITY.fullmatch(text.lower())
    if match is None:
        return None
    host, port = match.groups()
    return Address(canonical_host(host), int(port or _HTTP_PORT))


def canonical_host(host: str) -> str:
    """A host in one form: lower case, no final dot, an IP address as `ipaddress` writes it."""
    host = host.lower().removesuffix(".").partition("%")[0]
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host
    return str(getattr(address, "ipv4_mapped", None) or address)


@dataclass
class _BodyMemory:
    """How much of a body is held while its request is read and answered."""

    bytes: int = 0


class AccessGuard:
    """Refuse callers that the emulator is not for, and read bodies within bounds, before all else.

    Parameters
    ----------
    app
        The application behind it.
    host
        The address that the server was told to listen on.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._hosts = frozenset({*_LOOPBACK, canonical_host(host)})
        self._bytes_held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        body_memory = _BodyMemory()
        try:
            scope = self._check_addresses(scope)
            body = await self._read_body(scope, receive, body_memory)
            if body is None:
                return
            await self._app(scope, _replay_received(body, receive), send)
        except Refusal as refusal:
            await refusal_response(refusal, scope["path"])(scope, receive, send)
        finally:
            self._bytes_held -= body_memory.bytes

    def _check_addresses(self, scope: Scope) -> Scope:
        """The scope, with the path of an absolute request target (RFC 9112, section 3.2.2).

        Raises
        ------
        Refusal
        """
        # h11 bounds only what is incomplete: what arrives all at once may be larger.
        if (
            sum(len(name) + len(value) for name, value in scope["headers"]) + len(scope["raw_path"])
            > MAX_HEAD
        ):
            raise Refusal("headers_too_large")
        server = scope.get("server") or ("", 0)
        hosts = {*self._hosts, canonical_host(server[0])}
        named = [parse_authority(value) for value in _header_values(scope, b"host")]
        own = next(iter(named), None)
        if len(named) > 1 or own is None or own.port != server[1] or own.host not in hosts:
            raise Refusal("forbidden_host")
        scope = self._with_plain_path(scope, own)
        for origin in _header_values(scope, b"origin"):
            scheme, _, authority = origin.partition("://")
            if scheme.lower() != "http" or parse_authority(authority) != own:
                raise Refusal("forbidden_origin")
        if not all(
            _is_fetch_allowed(scope, site) for site in _header_values(scope, b"sec-fetch-site")
        ):
            raise Refusal("forbidden_origin")
        return scope

    @staticmethod
    def _with_plain_path(scope: Scope, own: Address) -> Scope:
        raw: bytes = scope["raw_path"]
        if raw.startswith(b"/") or raw == b"*":
            return scope
        try:
            target = urlsplit(raw.decode("ascii", "replace"))
        except ValueError:
            raise Refusal("forbidden_host") from None
        if target.scheme != "http" or parse_authority(target.netloc) != own:
            raise Refusal("forbidden_host")
        path = target.path or "/"
        return {**scope, "path": unquote(path), "raw_path": path.encode()}

    async def _read_body(
        self,
        scope: Scope,
        receive: Receive,
        body_memory: _BodyMemory,
    ) -> bytes | None:
        """The body; None if the client left.

        Raises
        ------
        Refusal
            Its Content-Type is not JSON, or it is too large or too slow.
        """
        kinds = [
            value.partition(";")[0].strip().lower()
            for value in _header_values(scope, b"content-type")
        ]
        allowed = {"application/json"}
        path = scope["path"]
        takes_forms = path.startswith(_PLATFORM) or path.endswith(_FORM_PATHS)
        if takes_forms and any(_header_values(scope, b"authorization")):
            allowed.add("multipart/form-data")
        if scope["method"] in ("POST", "PUT", "PATCH") and not allowed.issuperset(kinds):
            raise Refusal("unsupported_media_type")
        length = "".join(_header_values(scope, b"content-length"))
        if (
            length.isascii()
            and length.isdigit()
            and (len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY)
        ):
            raise Refusal("request_too_large", limit=MAX_BODY)
        try:
            body = await asyncio.wait_for(self._receive_body(receive, body_memory), BODY_TIMEOUT)
        except asyncio.TimeoutError:
            raise Refusal("request_timeout") from None
        if body and scope["method"] == "POST" and not kinds:
            raise Refusal(
                "malformed_json", "Invalid Argument: Content-Type must be application/json"
            )
        return body

    async def _receive_body(self, receive: Receive, body_memory: _BodyMemory) -> bytes | None:
        chunks: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            body_memory.bytes += len(chunk)
            self._bytes_held += len(chunk)
            if body_memory.bytes > MAX_BODY:
                raise Refusal("request_too_large", limit=MAX_BODY)
            if self._bytes_held > MAX_BODIES:
                raise Refusal("cluster_rate_limit_exceeded")
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


def _header_values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]


def _is_fetch_allowed(scope: Scope, site: str) -> bool:
    """Whether a browser's request is not another page's, or only opens or shows what pages may."""
    if site in ("same-origin", "none"):
        return True
    mode, destination = (
        "".join(_header_values(scope, name)) for name in (b"sec-fetch-mode", b"sec-fetch-dest")
    )
    if scope["method"] != "GET":
        return False
    # A link that somebody follows. Inside a frame it would be another page's.
    if scope["path"] in (FRONT_PAGE, PICTURES, FILES) and (mode, destination) == (
        "navigate",
        "document",
    ):
        return True
    # A notebook shows pictures that arrived as links. Whoever can name one was given the link,
    # which is signed.
    return scope["path"] == PICTURES and (mode, destination) == ("no-cors", "image")


def _replay_received(body: bytes, receive: Receive) -> Receive:
    """A `receive` that replays the body already read, then passes on whatever follows."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_replayed() -> Message:
        if waiting:
            return waiting.pop()
        return await receive()

    return receive_replayed


def refusal_response(refusal: Refusal, path: str) -> Response:
    """A refusal in the form of the protocol that the path belongs to, with its HTTP status."""
    response = JSONResponse(refusal.in_protocol_of(path).body, status_code=refusal.status)
    if refusal.code == "invalid_emulator_token":
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def requiring_token(
    token: str,
    handler: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """The handler of a control, for callers who know the token."""

    async def check_token(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        # Compared in constant time, as bytes: a header may hold non-ASCII characters.
        is_right = hmac.compare_digest(given.strip().encode(), token.encode())
        if scheme.lower() != "bearer" or not is_right:
            return refusal_response(Refusal("invalid_emulator_token"), request.url.path)
        return await handler(request)

    return check_token


def requiring_link(
    sign: Callable[[Mapping[str, str]], str],
    handler: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """The handler of what links lead to, for callers who were given a link."""

    async def check_link(request: Request) -> Response:
        query = dict(request.query_params)
        signature = query.pop("signature", "")
        if not hmac.compare_digest(sign(query).encode(), signature.encode()):
            return refusal_response(Refusal("invalid_picture_link"), request.url.path)
        return await handler(request)

    return check_link
