"""Qianfan's credentials on the wire: the `bce-auth-v1` signature, and the bearer token it is exchanged for.

Source: reference qianfan-wire 1.2 and 4.1, with vectors computed by the official client's own signer.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

from ernie_magic.keys import Key
from ernie_magic.wire.failures import failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from ernie_magic.keys import Pair

SIGNATURE_SECONDS = 300
TOKEN_SECONDS = 43_200  # what the official client asks for
RENEW_BEFORE = 300.0  # seconds before its end a token is exchanged anew
TOKEN_PATH = "/v1/BCE-BEARER/token"  # noqa: S105  (a path)
_SAFE = "-._~"


def timestamp(at: float) -> str:
    """Seconds since the epoch as the signature writes them: `2024-02-28T02:40:25Z`."""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def canonical_request(method: str, url: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """The text that is signed, and the names of the signed headers.

    Parameters
    ----------
    method
        "GET" or "POST".
    url
        With its query. A path that is already percent-encoded is taken as it is.
    headers
        All of them are signed; a Host must be among them.

    Returns
    -------
    tuple of str
        The canonical request and `name;name;…` in order.
    """
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/%" + _SAFE)
    query = "&".join(sorted(f"{quote(k, safe=_SAFE)}={quote(v, safe=_SAFE)}" for k, v in parse_qsl(parts.query, keep_blank_values=True)
                            if k.lower() != "authorization"))
    signed = {name.lower(): value.strip() for name, value in headers.items() if value.strip()}
    lines = sorted(f"{quote(name, safe=_SAFE)}:{quote(value, safe=_SAFE)}" for name, value in signed.items())
    return "\n".join([method.upper(), path, query, *lines]), ";".join(sorted(signed))


def sign(pair: Pair, method: str, url: str, headers: Mapping[str, str], *, at: float, seconds: int = SIGNATURE_SECONDS) -> str:
    """The value of the Authorization header.

    Parameters
    ----------
    at
        Seconds since the epoch; within `seconds` of the server's clock.
    seconds
        How long the signature is good for.
    """
    prefix = f"bce-auth-v1/{pair.access.reveal()}/{timestamp(at)}/{seconds}"
    # The key of the second step is the hexadecimal text of the first, not its bytes.
    signing_key = _hmac(pair.secret.reveal(), prefix)
    canonical, names = canonical_request(method, url, headers)
    return f"{prefix}/{names}/{_hmac(signing_key, canonical)}"


def _hmac(key: str, message: str) -> str:
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


class BearerTokens:
    """Temporary bearer tokens for access-key pairs; two calls that find one expired exchange it once."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, Pair], tuple[Key, float]] = {}
        self._locks: dict[tuple[str, Pair], asyncio.Lock] = {}

    async def get(self, http: httpx.AsyncClient, iam_url: str, pair: Pair, *, refused: Key | None = None) -> Key:
        """A token that is good for a while.

        Parameters
        ----------
        http
            The pool to ask with.
        iam_url
            Address of the IAM service.
        pair
            The keys.
        refused
            A token that the service did not take: it is exchanged even when it is new.

        Raises
        ------
        ServiceError
            The keys are refused.
        """
        place = (iam_url, pair)
        async with self._locks.setdefault(place, asyncio.Lock()):
            token, end = self._tokens.get(place, (None, 0.0))
            if token is None or token == refused or time.time() > end - RENEW_BEFORE:
                token, end = self._tokens[place] = await _exchange(http, iam_url, pair)
            return token


async def _exchange(http: httpx.AsyncClient, iam_url: str, pair: Pair) -> tuple[Key, float]:
    url = f"{iam_url.rstrip('/')}{TOKEN_PATH}?expireInSeconds={TOKEN_SECONDS}"
    now = time.time()
    headers = {"Host": urlsplit(url).netloc, "Content-Type": "application/json", "x-bce-date": timestamp(now)}
    response = await http.get(url, headers={**headers, "Authorization": sign(pair, "GET", url, headers, at=now)})
    try:
        found = response.json()
        token, end = Key(found["token"]), found["expireTime"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise failure(response.status_code, _iam_headers(response.headers), response.content) from None
    return token, _epoch(end, now + TOKEN_SECONDS)


def _iam_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """IAM's own names for a request id (reference qianfan-wire 1.2)."""
    return {**headers, **({"x-request-id": headers["x-bce-request-id"]} if headers.get("x-bce-request-id") else {})}


def _epoch(text: object, otherwise: float) -> float:
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return otherwise
