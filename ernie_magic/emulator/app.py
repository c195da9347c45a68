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
from ernie_magic.emulator.calls import IncomingCall, ServerState, client_gone
from ernie_magic.emulator.faults import Fault
from ernie_magic.emulator.iam import EXCHANGE
from ernie_magic.emulator.page import render_front_page
from ernie_magic.emulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ernie_magic.emulator.log import LoggedRequest

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


def build_app(state: ServerState, host: str) -> Starlette:
    """The application over this state, for a server that listens on `host`."""

    def make_endpoint(
        handler: Callable[[IncomingCall], Response], authorize: Callable[[Request], str]
    ) -> Callable[[Request], Any]:
        async def handle_request(request: Request) -> Response:
            body = _parse_body(await request.body())
            headers = dict(request.headers)
            key = headers.get("authorization", "")
            logged = state.request_log.log_request(request.method, request.url.path, headers, body)
            try:
                fault = state.faults.take_matching(
                    request.method, request.url.path, headers.get("x-emulator-fault")
                )
            except ValueError as error:
                return JSONResponse({"detail": str(error)}, status_code=400)
            try:
                if fault.delay and await _client_left_within(fault.delay, request):
                    logged.disconnected = True
                    return Response()
                if faulty := _faulty_response(
                    fault, key or request.query_params.get("access_token", ""), logged
                ):
                    return faulty
                call = IncomingCall(state, logged, fault, request, body, authorize(request))
                response = await run_in_threadpool(handler, call)
            except Refusal as refused:
                refusal = refused.in_v1() if logged.is_v1 else refused
                return JSONResponse(
                    refusal.body, status_code=refusal.status, headers=_request_id_header(headers)
                )
            response.headers.update({**call.response_headers, **_request_id_header(headers)})
            return response

        return handle_request

    def authorize_bearer(request: Request) -> str:
        return aistudio.authorize_request(dict(request.headers), state.iam)

    async def list_services(request: Request) -> Response:
        state.request_log.log_request(request.method, request.url.path, {})
        if problem := state.iam.signature_problem(request):
            return JSONResponse({"code": problem[0], "message": problem[1]}, status_code=403)
        return JSONResponse(qianfan_v1.build_service_list(str(request.base_url).rstrip("/")))

    return Starlette(
        routes=[
            *[
                Route(prefix + path, make_endpoint(handler, authorize_bearer), methods=[method])
                for prefix in (aistudio.PREFIX, aistudio.QIANFAN_PREFIX)
                for path, handler, method in (
                    ("/chat/completions", aistudio.handle_chat, "POST"),
                    ("/images/generations", aistudio.handle_images, "POST"),
                    ("/embeddings", aistudio.handle_embeddings, "POST"),
                    ("/models", aistudio.list_models, "GET"),
                    ("/rerankers", aistudio.handle_rerank, "POST"),
                    ("/rerank", aistudio.handle_rerank, "POST"),
                )
            ],
            Route(
                qianfan_v1.PREFIX + "/{path:path}",
                make_endpoint(
                    qianfan_v1.handle_call,
                    lambda request: qianfan_v1.authorize_request(request, state),
                ),
                methods=["POST"],
            ),
            Route(qianfan_v1.SERVICE_LIST, list_services, methods=["POST"]),
            Route(oauth.PATH, state.oauth.issue_token, methods=["GET", "POST"]),
            Route(EXCHANGE, state.iam.issue_token, methods=["GET"]),
            Route(
                PICTURES,
                requiring_link(
                    state.sign_link, make_endpoint(aistudio.serve_picture, lambda _request: "")
                ),
                methods=["GET"],
            ),
            Route(
                "/emulator/faults",
                requiring_token(state.token, _faults_endpoint(state)),
                methods=["POST", "DELETE"],
            ),
            Route(
                "/emulator/requests",
                requiring_token(state.token, _request_log_endpoint(state)),
                methods=["GET"],
            ),
            Route(FRONT_PAGE, _front_page, methods=["GET"]),
        ],
        middleware=[Middleware(AccessGuard, host=host)],
        exception_handlers={404: _not_found, 405: _wrong_method, Exception: _internal_error},
    )


def _wrong_method(request: Request, _error: Exception) -> Response:
    refusal = Refusal(
        "336101" if request.url.path.startswith(qianfan_v1.PREFIX) else "method_not_supported"
    )
    return JSONResponse(refusal.body, status_code=refusal.status)


async def _client_left_within(seconds: float, request: Request) -> bool:
    """Wait for that many seconds, or until the client leaves; return whether it left."""
    leaving = asyncio.ensure_future(client_gone(request.receive))
    try:
        await asyncio.wait({leaving}, timeout=seconds)
        return leaving.done()
    finally:
        leaving.cancel()


def _internal_error(_request: Request, _error: Exception) -> Response:
    return JSONResponse(Refusal("internal_error").body, status_code=500)


def _front_page(request: Request) -> Response:
    return HTMLResponse(render_front_page(str(request.base_url).rstrip("/")), headers=_PAGE_HEADERS)


def _not_found(request: Request, _error: Exception) -> Response:
    if request.url.path.startswith(qianfan_v1.PREFIX):
        return JSONResponse(Refusal("3").body)
    return JSONResponse({"detail": "Not Found"}, status_code=404)


def _request_id_header(headers: dict[str, str]) -> dict[str, str]:
    """Return the caller's own request id, as the services do."""
    found = headers.get("request_id")
    return {"X-Baidu-Request-Id": found} if found else {}


def _faulty_response(fault: Fault, authorization: str, logged: LoggedRequest) -> Response | None:
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


def _parse_body(raw: bytes) -> Any:
    try:
        return read_json(raw)
    except ValueError:
        return None


def _faults_endpoint(state: ServerState) -> Callable[[Request], Any]:
    async def control_faults(request: Request) -> Response:
        if request.method == "DELETE":
            state.faults.clear()
            return JSONResponse({"waiting": 0})
        try:
            given = read_json(await request.body())
            wanted = given if isinstance(given, list) else [given]
            state.faults.extend([Fault.from_json(one) for one in wanted])
        except ValueError as error:
            return JSONResponse({"detail": str(error)}, status_code=400)
        return JSONResponse({"added": len(wanted)})

    return control_faults


def _request_log_endpoint(state: ServerState) -> Callable[[Request], Any]:
    async def list_requests(_request: Request) -> Response:
        return JSONResponse([asdict(logged) for logged in state.request_log])

    return list_requests
