"""Credentials on the wire: bearer keys, access tokens, the `bce-auth-v1` signature, and the
exchange of key pairs.

The signature is described on https://cloud.baidu.com/doc/Reference/s/njwvz1yfu; the test vectors
were computed by the official client's signer (https://github.com/baidubce/bce-qianfan-sdk).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import time
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from ernie_magic.api import values
from ernie_magic.config.addresses import url_below
from ernie_magic.config.credentials import (
    AccessToken,
    Bearer,
    BearerFromPair,
    Credential,
    Login,
    Signature,
    TokenFromPair,
)
from ernie_magic.config.keys import Key
from ernie_magic.wire import whole_reply
from ernie_magic.wire.failures import error_from_reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from ernie_magic.config.keys import Pair

SIGNATURE_SECONDS = 300
TOKEN_SECONDS = 43_200  # what the official client asks for
MONTH = 2_592_000.0  # an access_token's lifetime, which each reply repeats
RENEW_BEFORE = 300.0  # seconds before it expires, a token is renewed
EXCHANGE_TIMEOUT = 30.0  # seconds for a pair to be exchanged
MAX_TOKEN_REPLY = 1024 * 1024  # bytes
BEARER_PATH = "/v1/BCE-BEARER/token"
OAUTH_PATH = "/oauth/2.0/token"
_SAFE = "-._~"
_SENDABLE = re.compile(r"\s*[\x21-\x7e]{1,8192}\s*")  # what a header and an address allow


def format_timestamp(epoch_seconds: float) -> str:
    """Return seconds since the epoch as the signature writes them: `2024-02-28T02:40:25Z`."""
    return datetime.fromtimestamp(epoch_seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def canonical_request(method: str, url: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the text that is signed, and the names of the signed headers.

    Parameters
    ----------
    method
        "GET" or "POST".
    url
        With its query. A path that is already percent-encoded is used unchanged.
    headers
        All of them are signed; Host must be among them.

    Returns
    -------
    tuple of str
        The canonical request and `name;name;…`, sorted.
    """
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/%" + _SAFE)
    query = "&".join(
        sorted(
            f"{quote(k, safe=_SAFE)}={quote(v, safe=_SAFE)}"
            for k, v in parse_qsl(parts.query, keep_blank_values=True)
            if k.lower() != "authorization"
        )
    )
    signed = {name.lower(): value.strip() for name, value in headers.items() if value.strip()}
    lines = sorted(
        f"{quote(name, safe=_SAFE)}:{quote(value, safe=_SAFE)}" for name, value in signed.items()
    )
    return "\n".join([method.upper(), path, query, *lines]), ";".join(sorted(signed))


def sign_request(
    pair: Pair,
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    epoch_seconds: float,
    seconds: int = SIGNATURE_SECONDS,
) -> str:
    """Sign a request: return the AK/SK signature (`bce-auth-v1`), its Authorization header.

    Parameters
    ----------
    epoch_seconds
        Seconds since the epoch; within `seconds` of the server's clock.
    seconds
        How long the signature is valid.
    """
    prefix = f"bce-auth-v1/{pair.access.reveal()}/{format_timestamp(epoch_seconds)}/{seconds}"
    # The key of the second step is the hexadecimal text of the first, not its bytes.
    signing_key = _hmac(pair.secret.reveal(), prefix)
    canonical, names = canonical_request(method, url, headers)
    return f"{prefix}/{names}/{_hmac(signing_key, canonical)}"


def signed_headers(
    pair: Pair,
    method: str,
    url: str,
    content_type: str = "application/json",
) -> dict[str, str]:
    """Return the headers of a call that is signed now, with its AK/SK signature.

    Parameters
    ----------
    content_type
        Signed as well; "" for a form, whose boundary is chosen when it is sent.
    """
    now = time.time()
    headers = {"Host": urlsplit(url).netloc, "x-bce-date": format_timestamp(now)}
    if content_type:
        headers["Content-Type"] = content_type
    return {**headers, "Authorization": sign_request(pair, method, url, headers, epoch_seconds=now)}


def _hmac(key: str, message: str) -> str:
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


class Authorized(NamedTuple):
    """What a credential adds to a call.

    Attributes
    ----------
    query, headers : dict of str
    token : Key | None
        The temporary token among them, None for a credential that does not expire.
    """

    query: Mapping[str, str]
    headers: Mapping[str, str]
    token: Key | None = None


class Credentials:
    """Turn credentials into headers and queries. The temporary tokens of pairs are kept, and each
    is exchanged once for all callers.
    """

    def __init__(self) -> None:
        self._tokens: dict[Credential, tuple[Key, float]] = {}
        self._exchanges: dict[Credential, asyncio.Task[Key]] = {}

    async def authorize_call(
        self,
        http: httpx.AsyncClient,
        credential: Credential | None,
        method: str,
        url: str,
        *,
        refused_token: Key | None = None,
        content_type: str = "application/json",
    ) -> Authorized:
        """Return what authorises a call.

        Parameters
        ----------
        http
            The pool to request tokens with.
        credential
            None adds nothing.
        method, url
            Those of the call, for a signature.
        refused_token
            A token that the service rejected: it is renewed even when it is new.
        content_type
            That of the call, for a signature.

        Raises
        ------
        ServiceError
            The keys of a pair are rejected.
        """
        if isinstance(credential, BearerFromPair):
            token = await self._current_token(http, credential, refused_token)
            return Authorized({}, _bearer_header(token), token)
        if isinstance(credential, TokenFromPair):
            token = await self._current_token(http, credential, refused_token)
            return Authorized({"access_token": token.reveal()}, {}, token)
        if isinstance(credential, Signature):
            return Authorized({}, signed_headers(credential.pair, method, url, content_type))
        return _authorize_directly(credential)

    async def _current_token(
        self,
        http: httpx.AsyncClient,
        credential: BearerFromPair | TokenFromPair,
        refused_token: Key | None,
    ) -> Key:
        token, end = self._tokens.get(credential, (None, 0.0))
        if token is not None and token != refused_token and time.time() <= end - RENEW_BEFORE:
            return token
        if (task := self._exchanges.get(credential)) is None:
            task = self._exchanges[credential] = asyncio.create_task(
                self._exchange_pair(http, credential)
            )
            task.add_done_callback(
                lambda done: (self._exchanges.pop(credential), done.cancelled() or done.exception())
            )
        # One exchange for all waiting callers, also when it fails or one of them leaves.
        return await asyncio.shield(task)

    async def _exchange_pair(
        self,
        http: httpx.AsyncClient,
        credential: BearerFromPair | TokenFromPair,
    ) -> Key:
        if isinstance(credential, BearerFromPair):
            token, end = await _bearer_token(http, credential)
        else:
            token, end = await _access_token(http, credential)
        self._tokens[credential] = (token, end)
        return token


def _authorize_directly(credential: Bearer | AccessToken | Login | None) -> Authorized:
    """Return what authorises a call by a credential that need not be exchanged."""
    if isinstance(credential, Bearer):
        return Authorized({}, _bearer_header(credential.key))
    if isinstance(credential, AccessToken):
        return Authorized({"access_token": credential.token.reveal()}, {})
    if isinstance(credential, Login):
        return Authorized({}, _basic_header(credential.pair))
    return Authorized({}, {})


def credential_url(credential: Credential | None) -> str:
    """Return where a credential is exchanged, "" for one that is sent unchanged."""
    if isinstance(credential, BearerFromPair):
        return credential.iam_url
    if isinstance(credential, TokenFromPair):
        return credential.url
    return ""


def _basic_header(pair: Pair) -> dict[str, str]:
    both = f"{pair.access.reveal()}:{pair.secret.reveal()}"
    return {"Authorization": f"Basic {base64.b64encode(both.encode()).decode()}"}


def _bearer_header(key: Key) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.reveal()}"}


async def _bearer_token(http: httpx.AsyncClient, credential: BearerFromPair) -> tuple[Key, float]:
    url = url_below(credential.iam_url, f"{BEARER_PATH}?expireInSeconds={TOKEN_SECONDS}")
    request = http.build_request(
        "GET", url, headers=signed_headers(credential.pair, "GET", url), timeout=EXCHANGE_TIMEOUT
    )
    token, reply = await _request_token(http, request, "token")
    return token, _parse_expiry(reply.get("expireTime"), time.time() + TOKEN_SECONDS)


async def _access_token(http: httpx.AsyncClient, credential: TokenFromPair) -> tuple[Key, float]:
    query = {
        "grant_type": "client_credentials",
        "client_id": credential.pair.access.reveal(),
        "client_secret": credential.pair.secret.reveal(),
    }
    request = http.build_request(
        "POST",
        f"{credential.url}{OAUTH_PATH}?{urlencode(query)}",
        json={},
        timeout=EXCHANGE_TIMEOUT,
    )
    token, reply = await _request_token(http, request, "access_token")
    return token, time.time() + min(values.as_seconds(reply.get("expires_in")) or MONTH, MONTH)


async def _request_token(
    http: httpx.AsyncClient,
    request: httpx.Request,
    name: str,
) -> tuple[Key, Mapping[str, Any]]:
    """Return the token that a pair was exchanged for, and the rest of the reply.

    Raises
    ------
    ErnieError
        The reply contains no token that could be sent.
    """
    response = await http.send(request, stream=True)
    try:
        raw = await whole_reply.read_beginning(response, MAX_TOKEN_REPLY)
    finally:
        await response.aclose()
    reply: Mapping[str, Any] = {}
    with suppress(ValueError):
        reply = values.as_object(values.parse_json(raw.decode("utf-8", "replace")))
    token = reply.get(name)
    if not isinstance(token, str) or not _SENDABLE.fullmatch(token):
        error = error_from_reply(response.status_code, response.headers, raw)
        error.of_exchange = True
        raise error
    return Key(token), reply


def _parse_expiry(text: object, otherwise: float) -> float:
    try:
        return (
            datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S.%fZ")
            .replace(tzinfo=timezone.utc)
            .timestamp()
        )
    except (ValueError, OverflowError):
        return otherwise
