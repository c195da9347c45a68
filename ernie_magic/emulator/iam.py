"""Baidu's IAM: `bce-auth-v1` signatures, really verified, exchanged for temporary bearer tokens.

Source: "生成认证字符串" (https://cloud.baidu.com/doc/Reference/s/njwvz1yfu). It shares no code with
the client's own signer.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from ernie_magic.api.platform import SIMULATED_PAIR
from ernie_magic.emulator.issued_tokens import IssuedTokens

if TYPE_CHECKING:
    from starlette.requests import Request

EXCHANGE = "/v1/BCE-BEARER/token"
# The pair that is public; a server created with other pairs knows those too.
ACCESS_KEY, SECRET_KEY = SIMULATED_PAIR
_HALF_A_DAY = 43_200  # seconds
_STATUS = {"AccessDenied": 403}  # of other problems: 401
_SIGNED_BY_DEFAULT = {"host", "content-md5", "content-length", "content-type"}
_FORM = re.compile(
    r"bce-auth-v1/([^/]+)/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)/(\d{1,9})/([^/]*)/([0-9a-f]{64})"
)


class Iam:
    """The key pairs a server knows, and the tokens it has issued.

    Parameters
    ----------
    pairs
        Secret keys by access key, beside the emulator's own pair.
    """

    def __init__(self, pairs: dict[str, str] | None = None) -> None:
        self._pairs = {ACCESS_KEY: SECRET_KEY, **(pairs or {})}
        self._tokens = IssuedTokens()

    def is_valid_token(self, token: str) -> bool:
        """Whether a temporary token is still valid; keys that were not issued here always are."""
        return not self._tokens.has_expired(token)

    def expire(self) -> None:
        """Expire every token issued."""
        self._tokens.expire_all()

    def issue_token(self, request: Request) -> Response:
        """`GET /v1/BCE-BEARER/token`: a token for a signed request."""
        if problem := self.signature_problem(request):
            code, message = problem
            return JSONResponse(
                {"code": code, "message": message},
                status_code=_STATUS.get(code, 401),
                headers={"X-Bce-Error-Code": code, "X-Bce-Error-Message": message},
            )
        lifetime = request.query_params.get("expireInSeconds", str(_HALF_A_DAY))
        if not re.fullmatch(r"\d{1,7}", lifetime, re.ASCII):
            return JSONResponse(
                {"code": "InvalidParameter", "message": "expireInSeconds is a number of seconds"},
                status_code=400,
            )
        seconds = int(lifetime)
        now = time.time()
        token = f"bce-v3/ALTAK-emulator/{secrets.token_hex(20)}"
        self._tokens.remember_token(token, now + seconds)
        return JSONResponse(
            {
                "userId": "emulator",
                "token": token,
                "status": "enable",
                "createTime": _format_time(now),
                "expireTime": _format_time(now + seconds),
            }
        )

    def signature_problem(self, request: Request) -> tuple[str, str] | None:
        """What is wrong with a request's signature: a code and a message; None when it is good."""
        found = _FORM.fullmatch(request.headers.get("authorization", ""))
        if found is None:
            return "AccessDenied", "the Authorization header is not a bce-auth-v1 signature"
        access, stamp, seconds, names, signature = found.groups()
        secret = self._pairs.get(access)
        if secret is None:
            return "NotFound", "credential not found"
        try:
            signed_at = calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))
        except ValueError:
            return "AccessDenied", "the time of the signature is not a date"
        if not signed_at - 300 <= time.time() <= signed_at + int(seconds):
            return "RequestExpired", "the signature has expired: check the clock"
        prefix = f"bce-auth-v1/{access}/{stamp}/{seconds}"
        key = _hmac_hex(secret, prefix)
        # Clients sign the path as it is or percent-encoded: both are accepted.
        paths = {
            request.scope["raw_path"].decode(),
            _percent_encode(request.url.path, safe="/"),
            request.url.path,
        }
        if any(
            hmac.compare_digest(_hmac_hex(key, _canonical_request(request, path, names)), signature)
            for path in paths
        ):
            return None
        return "SignatureDoesNotMatch", "fail to authn user: Signature does not match"


def _canonical_request(request: Request, path: str, names: str) -> str:
    wanted = _SIGNED_BY_DEFAULT
    if names:
        wanted = set(names.split(";"))
    headers = sorted(
        f"{_percent_encode(name)}:{_percent_encode(value.strip())}"
        for name, value in request.headers.items()
        if (name in wanted or name.startswith("x-bce-")) and value.strip()
    )
    query = "&".join(
        sorted(
            f"{_percent_encode(k)}={_percent_encode(v)}"
            for k, v in request.query_params.multi_items()
            if k != "authorization"
        )
    )
    return "\n".join([request.method, path, query, *headers])


def _percent_encode(text: str, safe: str = "") -> str:
    return quote(text, safe=safe + "-._~")


def _hmac_hex(key: str, message: str) -> str:
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def _format_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))
