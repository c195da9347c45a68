"""Baidu's OAuth: an API Key and Secret Key are exchanged for an `access_token`.

Source: "ERNIE-Speed-8K", 鉴权说明 (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf).
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from ernie_magic.emulator.issued_tokens import IssuedTokens

if TYPE_CHECKING:
    from starlette.requests import Request

PATH = "/oauth/2.0/token"
_MONTH = 2_592_000  # seconds, 30 days


class OAuth:
    """The tokens a server has issued. Any pair is accepted but an id or secret that begins with
    `bad`.
    """

    def __init__(self) -> None:
        self._tokens = IssuedTokens()

    def expire(self) -> None:
        """Expire every token issued."""
        self._tokens.expire_all()

    def token_problem(self, token: str) -> str:
        """The error code for a token, "" if it is valid."""
        if not token:
            return "100"
        if token.startswith("bad"):
            return "110"
        if token.startswith("expired") or self._tokens.has_expired(token):
            return "111"
        return ""

    async def issue_token(self, request: Request) -> Response:
        """`POST` or `GET /oauth/2.0/token`; everything is in the query, a body is ignored."""
        query = request.query_params
        wrong = None
        if query.get("grant_type") != "client_credentials":
            wrong = ("unsupported_grant_type", "The grant_type is not supported")
        elif _is_bad(query.get("client_id")):
            wrong = ("invalid_client", "unknown client id")
        elif _is_bad(query.get("client_secret")):
            wrong = ("invalid_client", "Client authentication failed")
        if wrong:
            return JSONResponse({"error": wrong[0], "error_description": wrong[1]}, status_code=401)
        end = int(time.time()) + _MONTH
        token = f"24.{secrets.token_hex(16)}.{_MONTH}.{end}.282335-10000001"
        self._tokens.remember_token(token, float(end))
        return JSONResponse(
            {
                "access_token": token,
                "expires_in": _MONTH,
                "refresh_token": f"25.{secrets.token_hex(16)}.{_MONTH}.{end}.282335-10000001",
                "scope": "public wenxinworkshop_mgr ai_custom_yiyan_com",
                "session_key": "",
                "session_secret": "",
            }
        )


def _is_bad(given: str | None) -> bool:
    return not given or given.startswith("bad")
