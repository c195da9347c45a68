"""The ASGI application: routes, and the controls for faults and for the log."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ernie_magic.emulator import aistudio, oauth, qianfan_v1
from ernie_magic.emulator.access import (
    FRONT_PAGE,
    PICTURES,
    AccessGuard,
    requiring_link,
    requiring_token,
)
from ernie_magic.emulator.body import read_json
from ernie_magic.emulator.calls import Call, State, client_gone
from ernie_magic.emulator.faults import Fault
from ernie_magic.emulator.iam import EXCHANGE
from ernie_magic.emulator.page import page
from ernie_magic.emulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ernie_magic.emulator.log import Logged

# The page runs no script, loads nothing and cannot be framed by another page.
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    )
}
_HTML = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"
)


def build(state: State, host: str) -> Starlette:
    """The application over this state, for a server that listens on `host`."""

    def endpoint(
        handler: Callable[[Call], Response], authorise: Callable[[Request], str]
    ) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            body = _parsed(await request.body())
            headers = dict(request.headers)
            key = headers.get("authorization", "")
            logged = state.requests.record(request.method, request.url.path, headers, body)
            try:
                fault = state.faults.take(
                    request.method, request.url.path, headers.get("x-emulator-fault")
                )
            except ValueError as error:
                return JSONResponse({"detail": str(error)}, status_code=400)
            try:
                if fault.delay and await _left_within(fault.delay, request):
                    logged.disconnected = True
                    return Response()
                if faulty := _instead(
                    fault, key or request.query_params.get("access_token", ""), logged
                ):
                    return faulty
                call = Call(state, logged, fault, request, body, authorise(request))
                response = await run_in_threadpool(handler, call)
            except Refusal as refused:
                refusal = refused.in_v1() if logged.is_v1 else refused
                return JSONResponse(
                    refusal.body, status_code=refusal.status, headers=_echoed(headers)
                )
            response.headers.update({**call.headers, **_echoed(headers)})
            return response

        return answer

    def openai_style(request: Request) -> str:
        return aistudio.authorise(dict(request.headers), state.iam)

    async def list_services(request: Request) -> Response:
        state.requests.record(request.method, request.url.path, {})
        if problem := state.iam.problem(request):
            return JSONResponse({"code": problem[0], "message": problem[1]}, status_code=403)
        return JSONResponse(qianfan_v1.services(str(request.base_url).rstrip("/")))

    return Starlette(
        routes=[
            *[
                Route(prefix + path, endpoint(handler, openai_style), methods=[method])
                for prefix in (aistudio.PREFIX, aistudio.QIANFAN_PREFIX)
                for path, handler, method in (
                    ("/chat/completions", aistudio.chat, "POST"),
                    ("/images/generations", aistudio.images, "POST"),
                    ("/embeddings", aistudio.embeddings, "POST"),
                    ("/models", aistudio.list_models, "GET"),
                    ("/rerankers", aistudio.rerank, "POST"),
                    ("/rerank", aistudio.rerank, "POST"),
                )
            ],
            Route(
                qianfan_v1.PREFIX + "/{path:path}",
                endpoint(qianfan_v1.answer, lambda request: qianfan_v1.authorise(request, state)),
                methods=["POST"],
            ),
            Route(qianfan_v1.SERVICE_LIST, list_services, methods=["POST"]),
            Route(oauth.PATH, state.oauth.give, methods=["GET", "POST"]),
            Route(EXCHANGE, state.iam.exchange, methods=["GET"]),
            Route(
                PICTURES,
                requiring_link(state.sign_link, endpoint(aistudio.picture, lambda _request: "")),
                methods=["GET"],
            ),
            Route(
                "/emulator/faults",
                requiring_token(state.token, _faults(state)),
                methods=["POST", "DELETE"],
            ),
            Route(
                "/emulator/requests",
                requiring_token(state.token, _requests(state)),
                methods=["GET"],
            ),
            Route(FRONT_PAGE, _front_page, methods=["GET"]),
        ],
        middleware=[Middleware(AccessGuard, host=host)],
        exception_handlers={404: _not_found, 405: _wrong_method, Exception: _failed},
    )


def _wrong_method(request: Request, _error: Exception) -> Response:
    refusal = Refusal(
        "336101" if request.url.path.startswith(qianfan_v1.PREFIX) else "method_not_supported"
    )
    return JSONResponse(refusal.body, status_code=refusal.status)


async def _left_within(seconds: float, request: Request) -> bool:
    """Wait for that many seconds, or until the client leaves; return whether it left."""
    leaving = asyncio.ensure_future(client_gone(request.receive))
    try:
        await asyncio.wait({leaving}, timeout=seconds)
        return leaving.done()
    finally:
        leaving.cancel()


def _failed(_request: Request, _error: Exception) -> Response:
    return JSONResponse(Refusal("internal_error").body, status_code=500)


def _front_page(request: Request) -> Response:
    return HTMLResponse(page(str(request.base_url).rstrip("/")), headers=_PAGE_HEADERS)


def _not_found(request: Request, _error: Exception) -> Response:
    if request.url.path.startswith(qianfan_v1.PREFIX):
        return JSONResponse(Refusal("3").body)
    return JSONResponse({"detail": "Not Found"}, status_code=404)


def _echoed(headers: dict[str, str]) -> dict[str, str]:
    """Return the caller's own request id, as the services do."""
    found = headers.get("request_id")
    return {"X-Baidu-Request-Id": found} if found else {}


def _instead(fault: Fault, authorization: str, logged: Logged) -> Response | None:
    """The reply that a fault sends in place of an answer."""
    if fault.html:
        return HTMLResponse(_HTML, status_code=fault.status or 200)
    if fault.echo_key:
        refusal = Refusal(
            "invalid_iam_token",
            f"Incorrect API key provided: {authorization.partition(' ')[2] or authorization}",
        )
        return JSONResponse(refusal.body, status_code=refusal.status)
    if fault.code and fault.error_after is None and not fault.bare_json_error:
        refusal = Refusal(fault.code, status=fault.status)
        refusal = refusal.in_v1() if logged.is_v1 else refusal
        return JSONResponse(
            refusal.body,
            status_code=refusal.status,
            headers={"Retry-After": f"{fault.retry_after:g}"} if fault.retry_after else None,
        )
    if fault.status:
        return JSONResponse(Refusal("internal_error").body, status_code=fault.status)
    return None


def _parsed(raw: bytes) -> Any:
    try:
        return read_json(raw)
    except ValueError:
        return None


def _faults(state: State) -> Callable[[Request], Any]:
    async def control(request: Request) -> Response:
        if request.method == "DELETE":
            state.faults.clear()
            return JSONResponse({"waiting": 0})
        try:
            given = read_json(await request.body())
            wanted = given if isinstance(given, list) else [given]
            state.faults.extend([Fault.read(one) for one in wanted])
        except ValueError as error:
            return JSONResponse({"detail": str(error)}, status_code=400)
        return JSONResponse({"added": len(wanted)})

    return control


def _requests(state: State) -> Callable[[Request], Any]:
    async def log(_request: Request) -> Response:
        return JSONResponse([asdict(logged) for logged in state.requests])

    return log
