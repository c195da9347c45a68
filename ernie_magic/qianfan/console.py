"""The way to Qianfan's platform that all groups of its functions share: actions of the console,
other calls, uploads, pages, and tasks that are watched.

A group is an object with a `Console`. A call is declared once, as a coroutine that is given a
`PlatformCall`::

    def _begin_list(self) -> Stream[ServiceList]:
        async def work(call: PlatformCall) -> ServiceList:
            rows = await call.list_items("service", "DescribeServices")
            return call.build_listing(ServiceList, rows, read_service)

        return self._console.start_work(work)

    list = blocking(_begin_list)
    alist = awaited(_begin_list)

What a request returns is the `result` of its reply, or the whole reply where there is none. Any
single action or path without a method of its own is called by `ernie.wire`
(`ernie_magic.calls.raw`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ernie_magic.api import values
from ernie_magic.api.messages import check_sendable
from ernie_magic.api.models import is_simulated
from ernie_magic.calls.paging import (
    BARE_LIST,
    MarkerPaging,
    PageWalk,
    entries_of,
    result_of,
)
from ernie_magic.calls.raw import action_path, is_read
from ernie_magic.calls.watching import check_pause, pace_of, watch_task
from ernie_magic.config.credentials import Endpoint
from ernie_magic.config.platform import PlatformRoutes
from ernie_magic.errors import ProtocolError
from ernie_magic.qianfan.creation import StoppedWork, tell_stopped, telling_stop
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.text.language import Text
from ernie_magic.wire.request import Context, WireRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping

    from ernie_magic.api.usage import Usage
    from ernie_magic.client import Client
    from ernie_magic.config.settings import Snapshot
    from ernie_magic.qianfan.listing import Listing
    from ernie_magic.runtime.events import Delta
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.prepared_call import PreparedCall
    from ernie_magic.wire.reader import Reader
    from ernie_magic.wire.request import Form

ResultT = TypeVar("ResultT")
ListingT = TypeVar("ListingT", bound="Listing[Any]")
# Seconds between two looks at a task: as the official client
# (https://github.com/baidubce/bce-qianfan-sdk), for what is quick and for what takes hours.
QUICK_PAUSE = 2.0
LONG_PAUSE = 30.0
_NOTHING_DESCRIBED = Text(
    "{action} 的回复里什么都没有描述", "the reply to {action} describes nothing"
)
_LATER = Text("过一会儿再试", "try again later")


class Console:
    """Start calls of Qianfan's platform.

    Parameters
    ----------
    get_client
        Called when a call begins.
    """

    def __init__(self, get_client: Callable[[], Client]) -> None:
        self._get_client = get_client

    @property
    def client(self) -> Client:
        """What makes the calls."""
        return self._get_client()

    def start_work(
        self,
        work: Callable[[PlatformCall], Awaitable[ResultT]],
        *,
        progress_title: Text | None = None,
    ) -> Stream[ResultT]:
        """Start a call of any number of requests.

        Parameters
        ----------
        work
            Makes the requests, on the I/O thread.
        progress_title
            What the bar counts that whoever waits sees; no bar when None.
        """
        client = self.client
        open_call = self.prepare_call()
        settings = client.settings.take_snapshot()

        async def run(call: PreparedCall) -> Any:
            return await tell_stopped(work(open_call(call.emit)))

        # Each request has an endpoint of its own.
        unused = Endpoint(client.settings.choose_service(), "")
        return client.start_call(
            run, settings, unused, needs_address=False, progress_title=progress_title
        )

    def prepare_call(self) -> Callable[[Callable[[Delta], None]], PlatformCall]:
        """Return what opens a call with the settings and credentials of now, for work that is part
        of another call; it is given where to report progress.
        """
        client = self.client
        settings = client.settings.take_snapshot()
        routes = client.localizing_errors(lambda: PlatformRoutes(client.settings))
        return lambda emit: PlatformCall(client, routes, settings, emit)


class PlatformCall:
    """The requests of one call, on the I/O thread.

    Parameters
    ----------
    client
    routes, settings
        As they were when the call began.
    emit
        Called with each piece of the progress.

    Attributes
    ----------
    is_simulated : bool
        Whether the emulator answered the last request.
    """

    def __init__(
        self,
        client: Client,
        routes: PlatformRoutes,
        settings: Snapshot,
        emit: Callable[[Delta], None],
    ) -> None:
        self._client = client
        self._routes = routes
        self._settings = settings
        self.is_simulated = False
        self.emit = emit

    async def action(
        self,
        group: str,
        action: str,
        body: Mapping[str, Any] | None = None,
        *,
        repeatable: bool | None = None,
    ) -> Any:
        """Call an action, `POST /v2/<group>?Action=<action>`, and return its result.

        Parameters
        ----------
        group, action
            As documented: "service", "DescribeServices".
        body
            What the action takes.
        repeatable
            Whether it may be sent again after it may have been carried out; where None, its name
            tells (`Describe…`).

        Raises
        ------
        ErnieError
        """
        may_repeat = is_read(action) if repeatable is None else repeatable
        path = action_path(group, action)
        return await self.request("POST", path, body or {}, repeatable=may_repeat)

    async def describe(
        self,
        group: str,
        action: str,
        body: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        """Return what an action describes: one thing, by its id.

        Parameters
        ----------
        group, action, body
            As in `action`.

        Raises
        ------
        ProtocolError
            The reply describes nothing.
        ErnieError
        """
        described = values.as_object(await self.action(group, action, body))
        if not described:
            raise ProtocolError(_NOTHING_DESCRIBED.fill(action=action), advice=_LATER)
        return described

    async def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        repeatable: bool = False,
        form: Form | None = None,
    ) -> Any:
        """Send a request to any path of the platform, with the credential of its family, and return
        its result.

        Parameters
        ----------
        method
            "GET", "POST" or "DELETE".
        path
            "/v2/…" or "/wenxinworkshop/…".
        body
            The JSON object to send.
        repeatable
            As in `action`; a GET is.
        form
            A form with files in place of the body (`ernie_magic.calls.uploads.read_form`).

        Raises
        ------
        ErnieError
        """
        may_repeat = repeatable or method == "GET"
        return result_of(await self._send(method, path, body, repeatable=may_repeat, form=form))

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        repeatable: bool = True,
        form: Form | None = None,
    ) -> Any:
        """Send a request and return the whole reply; the parameters are those of `request`."""
        request = WireRequest(
            method,
            path,
            body,
            repeatable=repeatable,
            list_name=BARE_LIST,
            has_envelope=True,
            form=form,
        )
        await in_thread(check_sendable, [path, body, dict(form.fields) if form else {}])
        context = await self._context_of(path)
        reply = await self._client.http.send_json(request, context)
        # The first reply tells whether the emulator stands in for the service.
        self.is_simulated = is_simulated(self._client.service_name(context.endpoint))
        return reply

    async def read_reply(self, path: str, body: Mapping[str, Any], reader: Reader) -> None:
        """Send a request whose reply is an answer, streamed or not; each piece is emitted.

        Parameters
        ----------
        reader
            Collects it.

        Raises
        ------
        ErnieError
            `reader` has what arrived before.
        """
        is_streamed = bool(body.get("stream"))
        request = WireRequest("POST", path, body, stream=is_streamed, repeatable=False)
        await self._client.http.send_and_read(request, reader, await self._context_of(path))

    def replace_emit(self, emit: Callable[[Delta], None]) -> PlatformCall:
        """Return the call with another `emit`."""
        return PlatformCall(self._client, self._routes, self._settings, emit)

    async def service_of(self, path: str) -> str:
        """Return the name of the service that answers at a path."""
        return self._client.service_name(await self.endpoint_of(path))

    def count_usage(self, service: str, model: str, usage: Usage | None) -> None:
        """Count what a reply has cost."""
        self._client.usage.add(service, model, usage)

    async def endpoint_of(self, path: str) -> Endpoint:
        """Return where requests to a path are sent, with its address."""
        return (await self._context_of(path)).endpoint

    async def list_items(
        self,
        group: str,
        action: str,
        body: Mapping[str, Any] | None = None,
        *,
        list_name: str = "",
    ) -> list[Any]:
        """Return the entries of all pages of a list.

        Parameters
        ----------
        group, action, body
            As in `action`.
        list_name
            As in `ernie_magic.calls.paging.items_of`.

        Raises
        ------
        ProtocolError
            A reply has no list.
        ErnieError
        """
        items: list[Any] = []
        walk = PageWalk(MarkerPaging(), body or {})
        while walk.request is not None:
            reply = await self._send("POST", action_path(group, action), walk.request)
            items += entries_of(reply, list_name)
            walk.advance(result_of(reply))
        return items

    def build_listing(
        self,
        kind: type[ListingT],
        rows: object,
        read: Callable[..., Any],
    ) -> ListingT:
        """Return the things that a reply lists; what is no object among its rows is left out.

        Parameters
        ----------
        kind
            What is returned.
        rows
        read
            Returns what a row describes; it is told `is_simulated`, too.
        """
        items = [read(row, is_simulated=self.is_simulated) for row in values.as_objects(rows)]
        return kind(items, is_simulated=self.is_simulated)

    async def watch_task(
        self,
        look: Callable[[], Awaitable[ResultT]],
        *,
        is_over: Callable[[ResultT], bool],
        still_running: Text,
        percent: Callable[[ResultT], float] | None = None,
        notice: Callable[[ResultT], Text] | None = None,
        pause: float = LONG_PAUSE,
    ) -> ResultT:
        """Look at a task until it is over, and return what was seen last.

        An interrupt ends the looking only: the task goes on, and another call may watch it again.
        Nothing is created here. A look that fails by the network, or by a fault of the service's
        that may pass, is followed by the next one, for some minutes.

        Parameters
        ----------
        look
            Asks for the task's state.
        is_over
            Whether the task has ended, in whichever way.
        still_running
            What an interrupt tells, and an error: that it goes on, and how it is watched again.
        percent
            How much of it is done, 0 to 100: shown by a bar.
        notice
            What is shown each time that it has changed.
        pause
            Seconds between two looks; shorter with the emulator.
        """
        check_pause(pause)
        with telling_stop(StoppedWork(still_running)):
            return await watch_task(
                look,
                self.emit,
                is_over=is_over,
                still_running=still_running,
                percent=percent,
                notice=notice,
                pace=lambda: pace_of(pause, simulated=self.is_simulated),
            )

    async def account_of(self, group: str) -> Hashable:
        """Return what tells apart where a group's actions are sent, and with which key: what was
        created there is known nowhere else.
        """
        context = await self._context_of(action_path(group, "Describe"))
        return context.endpoint.account

    async def _context_of(self, path: str) -> Context:
        route = self._routes.route_path(path)
        endpoint = await self._client.resolve_endpoint(route.endpoint)
        self.is_simulated = is_simulated(self._client.service_name(endpoint))
        return Context(endpoint, self._settings, self.emit)
