"""The ASGI application: routes, faults, and the log of what came in."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ernie_magic.emulator import aistudio
from ernie_magic.emulator.faults import Fault, Faults
from ernie_magic.emulator.page import page
from ernie_magic.emulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

FIRST, STEP = 0.15, 0.025  # seconds before the first delta and between deltas, as a lifelike pace
LOGGED = 5000  # requests kept
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"


@dataclass
class Logged:
    """A request that came in.

    Attributes
    ----------
    method, path : str
    headers : dict
        Lower-case names; a key is never kept.
    body : dict | None
    time, first_delta : float
        Seconds since the epoch: of the request, and of the first chunk of its stream (0.0 when there was none).
    disconnected : bool
        The client left before the end of its stream.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Any = None
    time: float = field(default_factory=time.time)
    first_delta: float = 0.0
    disconnected: bool = False


class State:
    """What one server remembers."""

    def __init__(self, seed: int, latency: float | None) -> None:
        self.seed = seed
        self.first, self.step = (FIRST, STEP) if latency is None else (latency, latency / 6)
        self.requests: deque[Logged] = deque(maxlen=LOGGED)
        self.faults = Faults()
        self.open_streams = 0


class Call:
    """One request, as a handler sees it."""

    def __init__(self, state: State, logged: Logged, fault: Fault, request: Request, raw: bytes) -> None:
        self._state, self._logged, self._fault, self._raw = state, logged, fault, raw
        self.seed, self.query = state.seed, dict(request.query_params)
        self.server_url = str(request.base_url).rstrip("/")

    def json(self) -> dict[str, Any]:
        """The body.

        Raises
        ------
        Refusal
            It is not a JSON object.
        """
        try:
            body = json.loads(self._raw)
        except ValueError:
            raise Refusal("malformed_json") from None
        if not isinstance(body, dict):
            raise Refusal("malformed_json", "Invalid Argument: the body is not an object")
        return body

    def stream(self, chunks: list[str], pace: float | None) -> Response:
        """A reply of server-sent events."""
        return _Stream(self._state, self._logged, chunks, pace, self._fault)


class _Stream(Response):
    """Server-sent events at the server's pace; notices when the client leaves, even while nothing is sent."""

    media_type = "text/event-stream"

    def __init__(self, state: State, logged: Logged, chunks: list[str], pace: float | None, fault: Fault) -> None:
        super().__init__(headers={"cache-control": "no-cache", "statement": "AI-generated"})
        del self.headers["content-length"]
        self._state, self._logged, self._chunks, self._fault = state, logged, chunks, fault
        self._step = state.step if pace is None else pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  (ASGI's signature)
        self._state.open_streams += 1
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            self._logged.disconnected = not sending.done()
        finally:
            self._state.open_streams -= 1
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if sending.done() and not sending.cancelled():
            sending.result()  # a cut: the server closes the connection on it

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for text in self._events():
            raw = text.encode()
            for part in (raw[i : i + 1] for i in range(len(raw))) if self._fault.split else (raw,):
                await send({"type": "http.response.body", "body": part, "more_body": True})
            self._logged.first_delta = self._logged.first_delta or time.time()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self) -> AsyncIterator[str]:
        fault = self._fault
        if fault.empty:
            return
        if fault.bare_json_error:
            yield json.dumps(Refusal("internal_error").body) + "\n"
            return
        await asyncio.sleep(self._state.first)
        for i, chunk in enumerate(self._chunks):
            if i:
                await asyncio.sleep(self._step)
            if i == fault.cut_after:
                raise ConnectionAbortedError("cut, as asked")
            if i == fault.malformed_after:
                yield 'data: {"id": "as-broken", "choi\n\n'
            if i == fault.error_after:
                yield f"data: {json.dumps(Refusal('internal_error').body)}\n\n"
                return
            if i == fault.stall_after:
                await asyncio.sleep(3600)
            yield f"data: {chunk}\n\n"
        if not fault.no_done:
            yield "data: [DONE]\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def build(state: State) -> Starlette:
    """The application over this state."""

    def endpoint(handler: Callable[[Call], Response], *, keyed: bool = True) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            raw = await request.body()
            headers = dict(request.headers)
            key = headers.get("authorization", "")
            logged = Logged(request.method, request.url.path, {**headers, **({"authorization": "Bearer ***"} if key else {})}, _parsed(raw))
            state.requests.append(logged)
            try:
                fault = state.faults.take(request.method, request.url.path, headers.get("x-emulator-fault"))
            except ValueError as error:
                return JSONResponse({"detail": str(error)}, status_code=400)
            try:
                await asyncio.sleep(fault.delay)
                if faulty := _instead(fault, key):
                    return faulty
                if keyed:
                    aistudio.authorise(headers)
                return await run_in_threadpool(handler, Call(state, logged, fault, request, raw))
            except Refusal as refusal:
                return JSONResponse(refusal.body, status_code=refusal.status)

        return answer

    def wrong_method(request: Request, _error: Exception) -> Response:
        del request
        return JSONResponse(Refusal("method_not_supported").body, status_code=405)

    prefix = aistudio.PREFIX
    return Starlette(
        routes=[
            Route(f"{prefix}/chat/completions", endpoint(aistudio.chat), methods=["POST"]),
            Route(f"{prefix}/images/generations", endpoint(aistudio.images), methods=["POST"]),
            Route(f"{prefix}/embeddings", endpoint(aistudio.embeddings), methods=["POST"]),
            Route(f"{prefix}/models", endpoint(aistudio.list_models), methods=["GET"]),
            Route(aistudio.PICTURES, endpoint(aistudio.picture, keyed=False), methods=["GET"]),
            Route("/emulator/faults", _faults(state), methods=["POST", "DELETE"]),
            Route("/emulator/requests", _requests(state), methods=["GET"]),
            Route("/", lambda request: HTMLResponse(page(str(request.base_url).rstrip("/"))), methods=["GET"]),
        ],
        exception_handlers={405: wrong_method},
    )


def _instead(fault: Fault, authorization: str) -> Response | None:
    """The reply that a fault puts in the place of an answer."""
    if fault.html:
        return HTMLResponse(_HTML, status_code=fault.status or 200)
    if fault.echo_key:
        refusal = Refusal("invalid_iam_token", f"Incorrect API key provided: {authorization.partition(' ')[2]}")
        return JSONResponse(refusal.body, status_code=refusal.status)
    if fault.code:
        refusal = Refusal(fault.code, status=fault.status)
        return JSONResponse(refusal.body, status_code=refusal.status)
    if fault.status:
        return JSONResponse(Refusal("internal_error").body, status_code=fault.status)
    return None


def _parsed(raw: bytes) -> Any:  # noqa: ANN401
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _faults(state: State) -> Callable[[Request], Any]:
    async def control(request: Request) -> Response:
        if request.method == "DELETE":
            state.faults.clear()
            return JSONResponse({"waiting": 0})
        try:
            given = json.loads(await request.body())
            wanted = given if isinstance(given, list) else [given]
            for one in wanted:
                Fault.read(one)
        except ValueError as error:
            return JSONResponse({"detail": str(error)}, status_code=400)
        for one in wanted:
            state.faults.add(**one)
        return JSONResponse({"added": len(wanted)})

    return control


def _requests(state: State) -> Callable[[Request], Any]:
    async def log(_request: Request) -> Response:
        return JSONResponse([asdict(logged) for logged in state.requests])

    return log
