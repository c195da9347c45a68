"""Qianfan's platform: which handler answers a call, with which credential, in which envelope.

How a group of functions is added, in a file of its own:

1. Its state, a class without arguments; one is made for each emulator the first time it is asked
   for: `call.state_of(TrainingJobs)`. `Store` keeps things by ids of the platform's form
   (`task-…`) and refuses unknown ones; `StateMachine` moves by looks, not by time.
2. Its handlers: each is given a `PlatformCall` and returns the *result*, which is wrapped in the
   envelope of its family, or a whole starlette `Response`; it raises `ConsoleRefusal`. One runs at
   a time.
3. Its table: `ACTIONS = {"CreateFineTuningJob": create_job, …}` for `POST
   /v2/<group>?Action=<name>`; and `ROUTES = [PlatformRoute("POST", "/wenxinworkshop/…", handler)]`
   for any other path (V1's console, `/v2/app/conversation`, `/v2/files`), whose parameters are in
   `call.path_params`.
4. One line for it in `ernie_magic.emulator.platform.groups`.

Calls below `/v2/knowledgeBase`, `/v2/app` and all other paths below `/v2/` carry an API key;
actions of other groups, and `/wenxinworkshop/…`, are signed, and the signature is verified. V1's
refusals have their own form: raise `ConsoleRefusal` there too.

Sources: the pages below https://cloud.baidu.com/doc/qianfan-api and the official client's resources
(https://github.com/baidubce/bce-qianfan-sdk, python/qianfan/resources/console).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from starlette.responses import JSONResponse, Response

from ernie_magic.api.platform import KEY_GROUPS
from ernie_magic.emulator import aistudio
from ernie_magic.emulator.platform.values import request_uuid
from ernie_magic.emulator.refusals import (
    V1_CONSOLE,
    V1_DATA_GROUPS,
    ConsoleRefusal,
    Refusal,
    request_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from ernie_magic.emulator.calls import IncomingCall, ServerState
    from ernie_magic.emulator.forms import Form
    from ernie_magic.emulator.platform.state import PlatformState

    Handler = Callable[["PlatformCall"], Any]
    Actions = Mapping[str, Handler]

StateT = TypeVar("StateT")


class PlatformCall:
    """A call of the platform, as a handler sees it.

    Attributes
    ----------
    incoming : IncomingCall
        The request: `path`, `query`, `server_url`, `stream_response(chunks, pace)`.
    path_params : dict of str
        The parameters of a `PlatformRoute`'s path.
    platform : PlatformState
    """

    def __init__(
        self,
        incoming: IncomingCall,
        platform: PlatformState,
        path_params: Mapping[str, str],
    ) -> None:
        self.incoming = incoming
        self.path_params = path_params
        self.platform = platform

    @property
    def server_url(self) -> str:
        """The emulator's own address, for links."""
        return self.incoming.server_url

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent, {} for none.

        Raises
        ------
        ConsoleRefusal
            It is something else.
        """
        if self.incoming.is_empty:
            return {}
        try:
            return self.incoming.json_object()
        except Refusal:
            raise ConsoleRefusal(400, "MalformedJSON", "the body is not a JSON object") from None

    @property
    def form(self) -> Form:
        """The form that was sent, with its files.

        Raises
        ------
        ConsoleRefusal
            There is none.
        """
        if self.incoming.form is None:
            raise ConsoleRefusal(400, "InappropriateJSON", "the body is not a form")
        return self.incoming.form

    def state_of(self, kind: type[StateT]) -> StateT:
        """What a group remembers, in an object of its own class."""
        return self.platform.state_of(kind)

    def text(self, name: str, *, default: str | None = None, limit: int = 10_000) -> str:
        """A text of the body.

        Parameters
        ----------
        default
            Where it is absent; None where it is required.

        Raises
        ------
        ConsoleRefusal
            It is absent, empty though required, too long, or no text.
        """
        value = self.body.get(name)
        if value is None and default is not None:
            return default
        is_text = isinstance(value, str) and len(value) <= limit
        if not is_text or (default is None and not value):
            raise invalid_field(name)
        return str(value)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number of the body, within bounds.

        Raises
        ------
        ConsoleRefusal
        """
        value = self.body.get(name, default)
        if value is None:
            return default
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            raise invalid_field(name)
        return int(value)

    def page(
        self,
        rows: list[dict[str, Any]],
        id_name: str,
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The page of some rows that `marker` and `maxKeys` ask for, and what tells of the next
        one. A larger `maxKeys` than 100 is cut to it.

        Parameters
        ----------
        rows
            Newest last.
        id_name
            The field of a row that is its marker.
        """
        wanted = min(self.number("maxKeys", 10, 1, 1_000_000), 100)
        rows = list(rows)
        if self.body.get("pageReverse"):
            rows.reverse()
        marker = self.body.get("marker") or ""
        ids = [row[id_name] for row in rows]
        start = 0
        if marker:
            if marker not in ids:
                raise invalid_field("marker")
            start = ids.index(marker)
        rest = rows[start : start + wanted]
        is_truncated = start + wanted < len(rows)
        info: dict[str, Any] = {
            "marker": marker,
            "maxKeys": wanted,
            "isTruncated": is_truncated,
            "nextMarker": "",
        }
        if is_truncated:
            info["nextMarker"] = ids[start + wanted]
        return rest, info

    def numbered_page(
        self,
        rows: list[dict[str, Any]],
        default_size: int = 20,
    ) -> list[dict[str, Any]]:
        """The rows that `pageNo` or `offset`, and `pageSize`, ask for, as V1's lists do."""
        size = self.number("pageSize", default_size, 1, 1000)
        start = self.number("offset", 0, 0, 10_000_000)
        if "pageNo" in self.body:
            start = (self.number("pageNo", 1, 1, 1_000_000) - 1) * size
        return rows[start : start + size]


def invalid_field(name: str) -> ConsoleRefusal:
    """The refusal of a field, in the service's words."""
    return ConsoleRefusal(400, "InappropriateJSON", f"The request param[{name}] invalid.")


class Store(Generic[StateT]):
    """Things by their ids, oldest first: a bounded number.

    Parameters
    ----------
    prefix
        What ids begin with, "task".
    limit
        How many there may be.
    """

    def __init__(self, prefix: str, limit: int = 1000) -> None:
        self._prefix = prefix
        self._limit = limit
        self._things: dict[str, StateT] = {}

    def new_id(self) -> str:
        """An id in the platform's form."""
        return f"{self._prefix}-{request_id().removeprefix('as-')}"

    def add(self, thing: StateT, thing_id: str = "") -> str:
        """Keep a thing; return its id, a new one unless it is given.

        Raises
        ------
        ConsoleRefusal
            There are too many.
        """
        if len(self._things) >= self._limit:
            raise ConsoleRefusal(
                400, "TaskNumberExceedLimit", f"at most {self._limit} of {self._prefix}"
            )
        thing_id = thing_id or self.new_id()
        self._things[thing_id] = thing
        return thing_id

    def find(self, thing_id: object, name: str) -> StateT:
        """The thing of an id.

        Parameters
        ----------
        name
            The field with the id, for the refusal.

        Raises
        ------
        ConsoleRefusal
            There is none.
        """
        found = self._things.get(str(thing_id))
        if found is None:
            raise invalid_field(name)
        return found

    def remove(self, thing_id: object, name: str) -> StateT:
        """Forget the thing of an id, and return it.

        Raises
        ------
        ConsoleRefusal
            There is none.
        """
        found = self.find(thing_id, name)
        del self._things[str(thing_id)]
        return found

    def __contains__(self, thing_id: object) -> bool:
        return thing_id in self._things

    def __len__(self) -> int:
        return len(self._things)

    def items(self) -> list[tuple[str, StateT]]:
        """Ids and things, oldest first."""
        return list(self._things.items())

    def values(self) -> list[StateT]:
        """The things, oldest first."""
        return list(self._things.values())


@dataclass
class StateMachine:
    """States that follow one another by looks: the first look sees the first state.

    Attributes
    ----------
    states : list of str
        The last one stays.
    """

    states: list[str]
    _seen: int = field(default=0, repr=False)

    def look(self) -> str:
        """The state now; the next look sees the next one."""
        state = self.states[min(self._seen, len(self.states) - 1)]
        self._seen += 1
        return state

    @property
    def current(self) -> str:
        """The state that the next look will see, without moving."""
        return self.states[min(self._seen, len(self.states) - 1)]

    @property
    def last_seen(self) -> str:
        """The state that was seen last; the first one before any look."""
        return self.states[max(0, min(self._seen, len(self.states)) - 1)]

    @property
    def is_over(self) -> bool:
        """Whether the last state was seen."""
        return self._seen >= len(self.states)

    def end_in(self, state: str) -> None:
        """Go to a state and stay there: something was stopped."""
        self.states = [state]
        self._seen = 0


@dataclass(frozen=True)
class PlatformRoute:
    """A path of the platform besides its actions.

    Attributes
    ----------
    method, path : str
        As starlette writes them: "/v2/files/{file_id}".
    handler : callable
    has_envelope : bool
        Whether the result is wrapped as its family's are; otherwise it is the whole body, as those
        of `/v2/files` are.
    """

    method: str
    path: str
    handler: Handler
    has_envelope: bool = True


def authorize_call(request: Request, state: ServerState) -> str:
    """Verify the credential of a call's family; return what limits are counted by.

    Raises
    ------
    Refusal
    """
    path = request.url.path
    group = path.removeprefix("/v2/")
    is_signed = path.startswith(V1_CONSOLE) or (
        "Action" in request.query_params and group not in KEY_GROUPS
    )
    if not is_signed:
        return aistudio.authorize_request(dict(request.headers), state.iam)
    if problem := state.iam.signature_problem(request):
        code, message = problem
        raise ConsoleRefusal(403, code, message)
    return request.headers["authorization"].split("/")[1]


def handle_action(
    incoming: IncomingCall,
    platform: PlatformState,
    group: str,
    actions: Actions,
) -> Response:
    """Answer `POST /v2/<group>?Action=<name>`.

    Raises
    ------
    Refusal
    """
    name = incoming.query.get("Action", "")
    handler = actions.get(name)
    if handler is None:
        raise ConsoleRefusal(400, "InvalidAction", f"no action {name!r:.60} of {group!r:.60}")
    return _answer(incoming, platform, handler, {})


def handle_route(
    incoming: IncomingCall,
    platform: PlatformState,
    route: PlatformRoute,
    path_params: Mapping[str, str],
) -> Response:
    """Answer any other path of the platform.

    Raises
    ------
    Refusal
    """
    return _answer(incoming, platform, route.handler, path_params, has_envelope=route.has_envelope)


def _answer(
    incoming: IncomingCall,
    platform: PlatformState,
    handler: Handler,
    path_params: Mapping[str, str],
    *,
    has_envelope: bool = True,
) -> Response:
    call = PlatformCall(incoming, platform, path_params)
    with platform.lock:
        result = handler(call)
    if isinstance(result, Response):
        return result
    if has_envelope:
        result = wrap_result(result, incoming.path)
    return JSONResponse(result)


def wrap_result(result: Any, path: str) -> dict[str, Any]:
    """A result in the envelope of the family that a path belongs to."""
    if path.startswith(V1_CONSOLE):
        reply = {"log_id": request_id(), "result": result}
        if path.removeprefix(V1_CONSOLE).partition("/")[0] in V1_DATA_GROUPS:
            reply |= {"status": 200, "success": True}
        return reply
    group, _, rest = path.removeprefix("/v2/").partition("/")
    if group == "app" and rest:
        return {"request_id": request_uuid(), **result}
    if group in KEY_GROUPS or rest:
        return {"requestId": request_uuid(), **result}
    return {"requestId": request_uuid(), "result": result}
