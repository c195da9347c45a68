"""The way to Qianfan's platform that all groups of its functions share: actions of the console,
other calls, uploads, pages, and tasks that are waited for.

A group is an object with a `Console`. A call of one request is declared like those of
`ernie.wire`::

    def _begin_get(self, service_id: str) -> Stream[dict[str, Any]]:
        return self._console.start_action("service", "DescribeService", {"serviceId": service_id})

    get = blocking(_begin_get)
    aget = awaited(_begin_get)

One of several requests is a coroutine that is given a `PlatformCall`::

    def _begin_list(self) -> Stream[list[DeployedService]]:
        async def work(call: PlatformCall) -> list[DeployedService]:
            rows = await call.list_items("service", "DescribeServices", {})
            return [read_service(row) for row in rows]

        return self._console.start_work(work)

What a request returns is the `result` of its reply, or the whole reply where there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ernie_magic.api.messages import check_sendable
from ernie_magic.api.models import is_simulated
from ernie_magic.calls.paging import MarkerPaging, PageWalk, items_of
from ernie_magic.calls.raw import action_path, is_read
from ernie_magic.calls.watching import pause_of, watch_task
from ernie_magic.config.credentials import Endpoint
from ernie_magic.config.platform import PlatformRoutes
from ernie_magic.qianfan.creation import tell_stopped
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.wire.request import Context, WireRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator, Mapping

    from ernie_magic.api.usage import Usage
    from ernie_magic.calls.paging import Paging
    from ernie_magic.client import Client
    from ernie_magic.config.settings import Snapshot
    from ernie_magic.runtime.events import Delta
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.text.language import Text
    from ernie_magic.wire.prepared_call import PreparedCall
    from ernie_magic.wire.reader import Reader
    from ernie_magic.wire.request import Form

ResultT = TypeVar("ResultT")
# Seconds between two looks at a task: as the official client
# (https://github.com/baidubce/bce-qianfan-sdk), for what is quick and for what takes hours.
QUICK_PAUSE = 2.0
LONG_PAUSE = 30.0
_LIST = "\0list"


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

    def start_action(
        self,
        group: str,
        action: str,
        body: Mapping[str, Any] | None = None,
        *,
        repeatable: bool | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Stream[Any]:
        """Start an action, `POST /v2/<group>?Action=<action>`.

        Parameters
        ----------
        group, action
            As documented: "service", "DescribeServices".
        body
        repeatable
            Whether it may be sent again after it may have been carried out; where None, its name
            tells (`Describe…`).
        headers
            Of this request alone.

        Raises
        ------
        MissingKey, InvalidOption
            At once.
        """
        may_repeat = is_read(action) if repeatable is None else repeatable
        return self.start_request(
            "POST", action_path(group, action), body or {}, repeatable=may_repeat, headers=headers
        )

    def start_request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        repeatable: bool = False,
        headers: Mapping[str, str] | None = None,
        form: Form | None = None,
        progress_title: Text | None = None,
    ) -> Stream[Any]:
        """Start a request to any path of the platform, with the credential of its family.

        Parameters
        ----------
        method
            "GET", "POST" or "DELETE".
        path
            "/v2/…" or "/wenxinworkshop/…".
        body
        repeatable, headers
            As in `start_action`.
        form
            A form with files in place of the body (`ernie_magic.calls.uploads.read_form`).
        progress_title
            What the bar counts while a form is sent; no bar when None.

        Raises
        ------
        MissingKey, InvalidOption
            At once.
        """
        # Wrong paths and missing keys are told at once.
        self.client.route_path(path, is_action=True)

        async def send(call: PlatformCall) -> Any:
            return await call.request(
                method, path, body, repeatable=repeatable, headers=headers, form=form
            )

        return self.start_work(send, progress_title=progress_title)

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

    def stream_events(
        self,
        path: str,
        body: Mapping[str, Any],
    ) -> Stream[None]:
        """Start a request whose reply is a stream of JSON events: each is a delta's `event`.

        Parameters
        ----------
        path, body
            As in `start_request`.

        Raises
        ------
        MissingKey, InvalidOption
            At once.
        """
        self.client.route_path(path, is_action=True)
        return self.start_work(lambda call: call.stream(path, body))

    def iterate_pages(
        self,
        group: str,
        action: str,
        body: Mapping[str, Any] | None = None,
        *,
        list_name: str = "",
        paging: Paging | None = None,
    ) -> Iterator[Any]:
        """Iterate over the entries of a list; each page is requested when it is reached.

        Parameters
        ----------
        group, action, body
            As in `start_action`.
        list_name
            The field with the entries; the only list in the reply when "".
        paging
            How the next page is asked for; by `marker` when None.
        """
        walk = PageWalk(paging or MarkerPaging(), body or {})
        while walk.request is not None:
            reply = self.start_action(group, action, walk.request, repeatable=True).result()
            yield from items_of(reply, list_name)
            walk.advance(reply)


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
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Call an action and return its result (`Console.start_action`).

        Raises
        ------
        ErnieError
        """
        may_repeat = is_read(action) if repeatable is None else repeatable
        path = action_path(group, action)
        return await self.request("POST", path, body or {}, repeatable=may_repeat, headers=headers)

    async def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        repeatable: bool = False,
        headers: Mapping[str, str] | None = None,
        form: Form | None = None,
    ) -> Any:
        """Send a request and return its result (`Console.start_request`).

        Raises
        ------
        ErnieError
        """
        request = WireRequest(
            method,
            path,
            body,
            repeatable=repeatable or method == "GET",
            list_name=_LIST,
            has_envelope=True,
            form=form,
            headers=headers,
        )
        await in_thread(check_sendable, [path, body, dict(form.fields) if form else {}])
        context = await self._context_of(path)
        reply = await self._client.http.send_json(request, context)
        # The first reply tells whether the emulator stands in for the service.
        self.is_simulated = is_simulated(self._client.service_name(context.endpoint))
        return result_of(reply)

    async def stream(self, path: str, body: Mapping[str, Any]) -> None:
        """Send a request whose reply is a stream of JSON events; each is emitted.

        Raises
        ------
        ErnieError
        """
        request = WireRequest("POST", path, body, stream=True, repeatable=False)
        await in_thread(check_sendable, [path, body])
        await self._client.http.stream_events(request, await self._context_of(path))

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

    async def iterate_pages(
        self,
        group: str,
        action: str,
        body: Mapping[str, Any] | None = None,
        *,
        list_name: str = "",
        paging: Paging | None = None,
    ) -> AsyncIterator[Any]:
        """Iterate like `Console.iterate_pages`."""
        walk = PageWalk(paging or MarkerPaging(), body or {})
        while walk.request is not None:
            reply = await self.action(group, action, walk.request, repeatable=True)
            for item in items_of(reply, list_name):
                yield item
            walk.advance(reply)

    async def list_items(
        self,
        group: str,
        action: str,
        body: Mapping[str, Any] | None = None,
        *,
        list_name: str = "",
        paging: Paging | None = None,
    ) -> list[Any]:
        """Return the entries of all pages (`iterate_pages`)."""
        pages = self.iterate_pages(group, action, body, list_name=list_name, paging=paging)
        return [item async for item in pages]

    async def watch_task(
        self,
        look: Callable[[], Awaitable[ResultT]],
        *,
        is_over: Callable[[ResultT], bool],
        percent: Callable[[ResultT], float] | None = None,
        notice: Callable[[ResultT], Text] | None = None,
        pause: float = LONG_PAUSE,
    ) -> ResultT:
        """Look at a task until it is over, and return what was seen last.

        An interrupt ends the looking only: the task goes on, and another call may wait for it
        again. Nothing is created here.

        Parameters
        ----------
        look
            Asks for the task's state.
        is_over
            Whether the task has ended, in whichever way.
        percent
            How much of it is done, 0 to 100: shown by a bar.
        notice
            What is shown each time that it has changed.
        pause
            Seconds between two looks; shorter with the emulator.
        """
        return await watch_task(
            look,
            self.emit,
            is_over=is_over,
            percent=percent,
            notice=notice,
            pause=lambda: pause_of(pause, simulated=self.is_simulated),
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


def result_of(reply: Mapping[str, Any]) -> Any:
    """Return what a reply has in its envelope: `result`, a bare list, or all of it."""
    if _LIST in reply:
        return reply[_LIST]
    return reply.get("result", reply)
