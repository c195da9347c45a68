"""The ASGI application: routes, and the controls for faults and for the log."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Match, NoMatchFound, Route

from ernie_magic.api.models import SIMULATED_HEADER
from ernie_magic.emulator import aistudio, oauth
from ernie_magic.emulator.access import (
    FILES,
    FRONT_PAGE,
    PICTURES,
    AccessGuard,
    requiring_link,
    requiring_token,
)
from ernie_magic.emulator.body import read_json
from ernie_magic.emulator.calls import IncomingCall, ServerState, client_gone
from ernie_magic.emulator.faults import Fault
from ernie_magic.emulator.forms import read_form
from ernie_magic.emulator.iam import EXCHANGE
from ernie_magic.emulator.page import render_front_page
from ernie_magic.emulator.refusals import (
    PLATFORM_GROUPS,
    V1_PREFIX,
    ConsoleRefusal,
    Refusal,
    is_console_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from ernie_magic.emulator.forms import Form
    from ernie_magic.emulator.platform.console import PlatformRoute

# Below these the routes of the platform are looked for.
_PLATFORM_PATHS = (
    "/v2/",
    "/wenxinworkshop/",
    f"{aistudio.PREFIX}/files",
    f"{aistudio.PREFIX}/batches",
)
# The calls of AI Studio, and of Qianfan V2, which has the same.
_CALLS = (
    ("/chat/completions", aistudio.handle_chat, "POST"),
    ("/images/generations", aistudio.handle_images, "POST"),
    ("/images/edits", aistudio.handle_edits, "POST"),
    ("/embeddings", aistudio.handle_embeddings, "POST"),
    ("/models", aistudio.list_models, "GET"),
    ("/models/{model}", aistudio.retrieve_model, "GET"),
    ("/rerankers", aistudio.handle_rerank, "POST"),
    ("/rerank", aistudio.handle_rerank, "POST"),
)
_FOUND = "late_route"  # of a request, what serves it
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
    return Starlette(
        routes=[
            *_aistudio_routes(state),
            _LateRoutes((V1_PREFIX,), lambda: _qianfan_v1_routes(state)),
            _LateRoutes(_PLATFORM_PATHS, lambda: _platform_routes(state)),
            *_token_routes(state),
            *_own_routes(state),
        ],
        middleware=[Middleware(AccessGuard, host=host)],
        exception_handlers={404: _not_found, 405: _wrong_method, Exception: _internal_error},
    )


def _aistudio_routes(state: ServerState) -> list[Route]:
    """The API of AI Studio and of Qianfan V2."""

    def authorize(request: Request) -> str:
        return aistudio.authorize_request(dict(request.headers), state.iam)

    return [
        Route(prefix + path, _call_endpoint(state, handler, authorize), methods=[method])
        for prefix in (aistudio.PREFIX, aistudio.QIANFAN_PREFIX)
        for path, handler, method in _CALLS
    ]


def _qianfan_v1_routes(state: ServerState) -> list[Route]:
    from ernie_magic.emulator import qianfan_v1

    def authorize(request: Request) -> str:
        return qianfan_v1.authorize_request(request, state)

    call = _call_endpoint(state, qianfan_v1.handle_call, authorize)
    return [Route(V1_PREFIX + "/{path:path}", call, methods=["POST"])]


def _token_routes(state: ServerState) -> list[Route]:
    """What gives out the tokens of V1 and of V2."""
    return [
        Route(oauth.PATH, state.oauth.issue_token, methods=["GET", "POST"]),
        Route(EXCHANGE, state.iam.issue_token, methods=["GET"]),
    ]


class _LateRoutes(BaseRoute):
    """Routes that are loaded with the first request below their paths: most sessions only chat, and
    V1 and the groups of Qianfan's platform are nearly half of the emulator.

    Parameters
    ----------
    paths
        What the paths of all of them begin with.
    load
        Returns them.
    """

    def __init__(self, paths: tuple[str, ...], load: Callable[[], list[Route]]) -> None:
        self._paths = paths
        self._load = load

    @cached_property
    def _routes(self) -> list[Route]:
        return self._load()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it serves a request, as starlette's router asks."""
        partial: tuple[Match, Scope] = (Match.NONE, {})
        if scope["type"] != "http" or not scope["path"].startswith(self._paths):
            return partial
        for route in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                return match, {**found, _FOUND: route}
            if match is Match.PARTIAL and partial[0] is Match.NONE:
                partial = (match, {**found, _FOUND: route})
        return partial

    def url_path_for(self, name: str, /, **path_params: Any) -> NoReturn:
        """Raise that no route has a name."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with the route that `matches` has found."""
        await scope[_FOUND].handle(scope, receive, send)


def _platform_routes(state: ServerState) -> list[Route]:
    """Qianfan's platform: its actions, and the other paths of its groups."""
    from ernie_magic.emulator.platform import console
    from ernie_magic.emulator.platform.groups import ACTIONS, ROUTES

    def authorize(request: Request) -> str:
        return console.authorize_call(request, state)

    def answer_action(call: IncomingCall) -> Response:
        group = call.path.removeprefix("/v2/")
        return console.handle_action(call, state.platform, group, ACTIONS.get(group, {}))

    def serve_route(route: PlatformRoute) -> Route:
        def answer_route(call: IncomingCall) -> Response:
            return console.handle_route(call, state.platform, route, call.path_params)

        endpoint = _call_endpoint(state, answer_route, authorize)
        return Route(route.path, endpoint, methods=[route.method])

    others = [serve_route(route) for route in ROUTES]
    action = _call_endpoint(state, answer_action, authorize)
    groups = sorted(PLATFORM_GROUPS | ACTIONS.keys())
    return [*others, *(Route(f"/v2/{group}", action, methods=["POST"]) for group in groups)]


def _own_routes(state: ServerState) -> list[Route]:
    """What is the emulator's own: its page, its controls, and what it links to."""
    picture = requiring_link(
        state.sign_link, _call_endpoint(state, aistudio.serve_picture, lambda _request: "")
    )
    file = requiring_link(state.sign_link, _call_endpoint(state, _serve_file, lambda _request: ""))
    control_faults = requiring_token(state.token, _faults_endpoint(state))
    list_requests = requiring_token(state.token, _request_log_endpoint(state))
    clear_platform = requiring_token(state.token, _platform_endpoint(state))
    return [
        Route(PICTURES, picture, methods=["GET"]),
        Route(FILES, file, methods=["GET"]),
        Route("/emulator/faults", control_faults, methods=["POST", "DELETE"]),
        Route("/emulator/requests", list_requests, methods=["GET"]),
        Route("/emulator/platform", clear_platform, methods=["DELETE"]),
        Route(FRONT_PAGE, _front_page, methods=["GET"]),
    ]


def _serve_file(call: IncomingCall) -> Response:
    """What a link of the platform's data leads to."""
    from ernie_magic.emulator.platform import dataset_files

    return dataset_files.serve_file(call)


def _call_endpoint(
    state: ServerState,
    handler: Callable[[IncomingCall], Response],
    authorize: Callable[[Request], str],
) -> Callable[[Request], Any]:
    """The endpoint of a call: it is logged, may meet a fault, and is authorised and handled."""

    async def handle_request(request: Request) -> Response:
        raw = await request.body()
        headers = dict(request.headers)
        form = read_form(raw, headers.get("content-type", ""))
        body = None if form else _parse_body(raw)
        key = headers.get("authorization") or request.query_params.get("access_token", "")
        action = request.query_params.get("Action", "")
        logged = state.request_log.log_request(
            request.method, request.url.path, headers, _logged_body(body, form), action
        )
        try:
            fault = state.faults.take_matching(
                request.method, request.url.path, headers.get("x-emulator-fault"), action
            )
        except ValueError as error:
            return JSONResponse({"detail": str(error)}, status_code=400)
        try:
            if fault.delay and await _client_left_within(fault.delay, request):
                logged.disconnected = True
                return Response()
            if faulty := _faulty_response(fault, key, logged.path):
                return faulty
            call = IncomingCall(state, logged, fault, request, body, authorize(request), form)
            response = await run_in_threadpool(handler, call)
        except Refusal as refusal:
            response = _refusal_response(refusal.in_protocol_of(logged.path))
        else:
            response.headers.update(call.response_headers)
        response.headers.update(_request_id_header(headers))
        if state.announce:
            response.headers[SIMULATED_HEADER] = "ernie-magic"
        if fault.lose_reply:
            return _LostReply(response)
        return response

    return handle_request


class _LostReply(Response):
    """A reply that breaks off before its body."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self._response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  (ASGI's signature)
        response = self._response
        start = {"type": "http.response.start", "status": response.status_code}
        await send({**start, "headers": response.raw_headers})
        # The server closes the connection on this error.
        raise ConnectionAbortedError("cut, as asked")


def _refusal_response(refusal: Refusal) -> Response:
    return JSONResponse(refusal.body, status_code=refusal.status)


def _wrong_method(request: Request, _error: Exception) -> Response:
    if request.url.path.startswith(V1_PREFIX):
        return _refusal_response(Refusal("336101"))
    return _refusal_response(Refusal("method_not_supported"))


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
    if request.url.path.startswith(V1_PREFIX):
        return JSONResponse(Refusal("3").body)
    if is_console_path(request.url.path):
        missing = ConsoleRefusal(404, "NotFound", f"no such path: {request.url.path:.100}")
        return _refusal_response(missing)
    root = str(request.base_url).rstrip("/")
    calls = ", ".join(path for path, _, _ in _CALLS if "{" not in path)
    words = (
        f"no such path: {request.url.path:.100}. This is the emulator of ernie_magic; base URLs are"
        f" {root}{aistudio.PREFIX} (AI Studio) and {root}{aistudio.QIANFAN_PREFIX} (Qianfan), each "
        f"with {calls}, /files and /batches"
    )
    error = {"code": "not_found", "type": "invalid_request_error", "message": words}
    return JSONResponse({"error": error}, status_code=404)


def _request_id_header(headers: dict[str, str]) -> dict[str, str]:
    """Return the caller's own request id, as the services do."""
    if found := headers.get("request_id"):
        return {"X-Baidu-Request-Id": found}
    return {}


def _faulty_response(fault: Fault, key: str, path: str) -> Response | None:
    """The reply that a fault sends in place of an answer."""
    if fault.html:
        return HTMLResponse(_HTML, status_code=fault.status or 200)
    if fault.echo_key:
        bare = key.partition(" ")[2] or key
        return _refusal_response(
            Refusal("invalid_iam_token", f"Incorrect API key provided: {bare}")
        )
    if fault.code and fault.error_after is None and not fault.bare_json_error:
        response = _refusal_response(fault.refusal().in_protocol_of(path))
        if fault.retry_after:
            response.headers["Retry-After"] = f"{fault.retry_after:g}"
        return response
    if fault.status:
        return JSONResponse(Refusal("internal_error").body, status_code=fault.status)
    return None


def _logged_body(body: Any, form: Form | None) -> Any:
    if form is None:
        return body
    return form.summary()


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
            wanted = read_json(await request.body())
            if not isinstance(wanted, list):
                wanted = [wanted]
            state.faults.extend([Fault.from_json(one) for one in wanted])
        except ValueError as error:
            return JSONResponse({"detail": str(error)}, status_code=400)
        return JSONResponse({"added": len(wanted)})

    return control_faults


def _platform_endpoint(state: ServerState) -> Callable[[Request], Any]:
    async def clear_platform(_request: Request) -> Response:
        state.platform.clear()
        return JSONResponse({"cleared": True})

    return clear_platform


def _request_log_endpoint(state: ServerState) -> Callable[[Request], Any]:
    async def list_requests(_request: Request) -> Response:
        return JSONResponse([asdict(logged) for logged in state.request_log])

    return list_requests
