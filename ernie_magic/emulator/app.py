"""The ASGI application: routes, and the controls of faults and of the log."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ernie_magic.emulator import aistudio
from ernie_magic.emulator.calls import Call, Logged, State
from ernie_magic.emulator.faults import Fault
from ernie_magic.emulator.iam import EXCHANGE
from ernie_magic.emulator.page import page
from ernie_magic.emulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"


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
                    aistudio.authorise(headers, state.iam)
                return await run_in_threadpool(handler, Call(state, logged, fault, request, raw))
            except Refusal as refusal:
                return JSONResponse(refusal.body, status_code=refusal.status)

        return answer

    def wrong_method(request: Request, _error: Exception) -> Response:
        del request
        return JSONResponse(Refusal("method_not_supported").body, status_code=405)

    return Starlette(
        routes=[
            *[
                Route(prefix + path, endpoint(handler), methods=[method])
                for prefix in (aistudio.PREFIX, aistudio.QIANFAN_PREFIX)
                for path, handler, method in (
                    ("/chat/completions", aistudio.chat, "POST"), ("/images/generations", aistudio.images, "POST"),
                    ("/embeddings", aistudio.embeddings, "POST"), ("/models", aistudio.list_models, "GET"))
            ],
            Route(EXCHANGE, state.iam.exchange, methods=["GET"]),
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
