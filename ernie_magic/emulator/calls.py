"""One call as a handler sees it: the request, the server's state, and a stream to answer with."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import hmac
import itertools
import json
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import Response

from ernie_magic.emulator.faults import Fault, Faults
from ernie_magic.emulator.iam import Iam
from ernie_magic.emulator.log import RequestLog
from ernie_magic.emulator.oauth import OAuth
from ernie_magic.emulator.platform.state import PlatformState
from ernie_magic.emulator.rates import RateLimits
from ernie_magic.emulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from ernie_magic.emulator.forms import Form
    from ernie_magic.emulator.log import LoggedRequest
    from ernie_magic.emulator.platform.state import Deployment

# Seconds before the first delta and between deltas: a lifelike pace.
FIRST_DELAY = 0.15
DELTA_DELAY = 0.025


class ServerState:
    """What one server remembers."""

    def __init__(self, seed: int, latency: float | None, *, announce: bool = True) -> None:
        self.seed = seed
        self.announce = announce
        self.first_delay = FIRST_DELAY
        self.delta_delay = DELTA_DELAY
        if latency is not None:
            self.first_delay = latency
            self.delta_delay = latency / 6
        self.request_log = RequestLog()
        self.token = secrets.token_urlsafe(24)  # for the controls
        self._link_key = secrets.token_bytes(32)
        self.faults = Faults()
        self.iam = Iam()
        self.oauth = OAuth()
        self.rates = RateLimits()
        self.platform = PlatformState()
        self.open_streams = 0
        self.drawing_numbers = itertools.count()

    def sign_link(self, query: Mapping[str, str]) -> str:
        """The signature of a picture's link: without it any page could have pictures drawn."""
        # The values are signed, not the text: a client may encode them differently.
        text = json.dumps(sorted(query.items()))
        return hmac.new(self._link_key, text.encode(), hashlib.sha256).hexdigest()


class IncomingCall:
    """One request, as a handler sees it."""

    def __init__(
        self,
        state: ServerState,
        logged: LoggedRequest,
        fault: Fault,
        request: Request,
        body: Any,
        key: str = "",
        form: Form | None = None,
    ) -> None:
        self._state = state
        self._logged = logged
        self._fault = fault
        self._body = body
        self._key = key
        self._has_limits = True
        self.is_v1 = logged.is_v1
        self.form = form
        self.is_empty = body is None and request.headers.get("content-length", "0") == "0"
        self.model = ""
        self.seed = state.seed
        self.query = dict(request.query_params)
        self.path = request.url.path
        self.path_params = dict(request.path_params)
        self.server_url = str(request.base_url).rstrip("/")

    def json_object(self) -> dict[str, Any]:
        """The body.

        Raises
        ------
        Refusal
            It is not a JSON object.
        """
        if self._body is None:
            raise Refusal("malformed_json")
        if not isinstance(self._body, dict):
            raise Refusal("malformed_json", "Invalid Argument: the body is not an object")
        return self._body

    def with_body(self, body: dict[str, Any]) -> IncomingCall:
        """The same call with another body, as one of a batch has it: those count against no limit
        of a minute.
        """
        other = copy.copy(self)
        other._has_limits = False  # noqa: SLF001  (its own class)
        other._body = body  # noqa: SLF001  (its own class)
        other.form = None
        return other

    def signed_link(self, path: str, query: Mapping[str, str]) -> str:
        """An address on this server that `requiring_link` will accept."""
        signed = {**query, "signature": self._state.sign_link(query)}
        return f"{self.server_url}{path}?{urlencode(signed)}"

    def check_rate_limit(self, model: str) -> None:
        """Count the request against the model's limit.

        Raises
        ------
        Refusal
            It is one too many.
        """
        self.model = model
        if not self._has_limits:
            return
        if code := self._state.rates.take_request(self._key, model):
            raise Refusal(code)

    def find_deployment(self, endpoint: str) -> Deployment | None:
        """The service that the user deployed under a name, if it serves."""
        return self._state.platform.deployments.get(endpoint)

    def with_base_model(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body with the model behind a deployed service in the place of the service."""
        deployment = self.find_deployment(str(body.get("model")))
        if deployment is None:
            return body
        return {**body, "model": deployment.base_model}

    def next_drawing(self) -> int:
        """A number of its own for a picture without a seed: asked twice, the service draws two."""
        return next(self._state.drawing_numbers)

    def record_tokens(self, tokens: int) -> None:
        """Count the answer's tokens."""
        if self._has_limits:
            self._state.rates.record_tokens(self._key, self.model, tokens)

    @property
    def response_headers(self) -> dict[str, str]:
        """What each response says: that a model made it, and what is left of the limit.

        Source: "ERNIE-Speed-8K", 响应头域 (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf).
        """
        headers = {"Statement": "AI-generated"}
        if self.model:
            headers |= self._state.rates.rate_limit_headers(self._key, self.model)
        return headers

    def stream_response(
        self,
        chunks: list[str],
        pace: float | None,
        *,
        has_done: bool = True,
    ) -> Response:
        """A reply of server-sent events.

        Parameters
        ----------
        chunks
            The data of the events; or whole events, which begin with `event: `.
        pace
            Seconds between two of them, None for the server's own.
        has_done
            Whether `[DONE]` follows: V1 sends none (`is_end` ends its stream), nor do applications.
        """
        has_done = has_done and not self.is_v1
        return _EventStream(self._state, self._logged, chunks, pace, self._fault, has_done=has_done)


class _EventStream(Response):
    """Server-sent events at the server's pace; the client's leaving is noticed even in a pause."""

    media_type = "text/event-stream"

    def __init__(
        self,
        state: ServerState,
        logged: LoggedRequest,
        chunks: list[str],
        pace: float | None,
        fault: Fault,
        *,
        has_done: bool,
    ) -> None:
        super().__init__(headers={"cache-control": "no-cache", "statement": "AI-generated"})
        del self.headers["content-length"]
        self._state = state
        self._logged = logged
        self._chunks = chunks
        self._fault = fault
        self._has_done = has_done
        if pace is None:
            pace = state.delta_delay
        self._delta_delay = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  (ASGI's signature)
        self._state.open_streams += 1
        sending = asyncio.ensure_future(self._send_stream(send))
        leaving = asyncio.ensure_future(client_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            self._logged.disconnected = not sending.done()
        finally:
            self._state.open_streams -= 1
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if sending.done() and not sending.cancelled():
            sending.result()  # a cut: on this error the server closes the connection

    async def _send_stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for text in self._events():
            parts = [text.encode()]
            if self._fault.split:
                parts = [bytes([byte]) for byte in parts[0]]
            for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            self._logged.first_delta = self._logged.first_delta or time.time()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self) -> AsyncIterator[str]:
        fault = self._fault
        if fault.empty:
            return
        if fault.bare_json_error:
            yield json.dumps(self._error_body()) + "\n"
            return
        await asyncio.sleep(self._state.first_delay)
        for i, chunk in enumerate(self._chunks):
            if i:
                await asyncio.sleep(self._delta_delay)
            if i == fault.cut_after:
                raise ConnectionAbortedError("cut, as asked")
            if i == fault.malformed_after:
                yield 'data: {"id": "as-broken", "choi\n\n'
            if i == fault.error_after:
                yield f"data: {json.dumps(self._error_body())}\n\n"
                return
            if i == fault.stall_after:
                await asyncio.sleep(3600)
            yield f"{_frame_event(chunk)}\n\n"
        if not fault.no_done and self._has_done:
            yield "data: [DONE]\n\n"

    def _error_body(self) -> dict[str, Any]:
        error = self._fault.refusal()
        return error.in_protocol_of(self._logged.path).body


def _frame_event(chunk: str) -> str:
    """An event's lines (https://html.spec.whatwg.org/#parsing-an-event-stream)."""
    if chunk.startswith("event: "):
        return chunk
    return f"data: {chunk}"


async def client_gone(receive: Receive) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
