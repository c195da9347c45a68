"""`ernie.wire`: calls that the session has no method for, with its address, credential, retries and
limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidOption
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from ernie_magic.client import Client
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.prepared_call import PreparedCall


_LIST = "\0list"  # the name of a bare list: no server's own


class RawCalls:
    """Any path of the service: `ernie.wire.post("/responses", {"model": …})` returns the reply as
    the service sent it.

    Requests are neither checked nor kept in the history. A POST is sent again only when it cannot
    have been carried out.

    Parameters
    ----------
    get_client
        Called when a request begins: a session imports its client with the first one.
    """

    def __init__(self, get_client: Callable[[], Client]) -> None:
        self._get_client = get_client

    def _start_request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        stream: bool = False,
    ) -> Stream[Any]:
        from ernie_magic.api.messages import check_sendable
        from ernie_magic.wire.request import WireRequest

        client = self._get_client()
        client.localizing_errors(lambda: _check_path_and_body(path, body, stream=stream))
        settings, endpoint = client.settings_and_endpoint()
        client.localizing_errors(lambda: check_sendable([path, body]))
        request = WireRequest(
            method,
            path,
            body,
            str((body or {}).get("model") or ""),
            stream=stream,
            repeatable=method == "GET",
            list_name=_LIST,
        )

        async def send_request(call: PreparedCall) -> Any:
            if stream:
                return await client.http.stream_events(request, call.context)
            reply = await call.send_json(request)
            return reply.get(_LIST, reply)

        return client.start_call(send_request, settings, endpoint)

    def _begin_get(self, path: str) -> Stream[dict[str, Any]]:
        """`GET` a path below the service's base URL; return its JSON.

        Parameters
        ----------
        path
            Begins with `/`; may have a query.

        Raises
        ------
        ErnieError
        """
        return self._start_request("GET", path, None)

    get = blocking(_begin_get)
    aget = awaited(_begin_get)

    def _begin_post(self, path: str, body: Mapping[str, Any]) -> Stream[dict[str, Any]]:
        """`POST` JSON to a path below the service's base URL; return its JSON.

        Parameters
        ----------
        path
            Begins with `/`; may have a query.
        body
            The JSON object to send.

        Raises
        ------
        ErnieError
        """
        return self._start_request("POST", path, body)

    post = blocking(_begin_post)
    apost = awaited(_begin_post)

    def stream(self, path: str, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """`POST` JSON, and iterate over the events of the streamed reply.

        Parameters
        ----------
        path, body
            As in `post`.

        Raises
        ------
        ErnieError
            When it is iterated; at once when the path or the body is invalid.
        """
        return self._iterate_events(self._start_request("POST", path, body, stream=True))

    def _iterate_events(self, stream: Stream[Any]) -> Iterator[Mapping[str, Any]]:
        for batch in stream.iter_batches():
            for delta in batch:
                if delta.event is not None:
                    yield delta.event
        stream.result()

    def astream(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        """Call `stream` from a coroutine."""
        return self._aiterate_events(self._start_request("POST", path, body, stream=True))

    async def _aiterate_events(self, stream: Stream[Any]) -> AsyncIterator[Mapping[str, Any]]:
        async for batch in stream.aiter_batches():
            for delta in batch:
                if delta.event is not None:
                    yield delta.event
        await stream.aresult()


def _check_path_and_body(path: object, body: object, *, stream: bool) -> None:
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        raise InvalidOption(
            Text("路径要以 / 开头：{path}", "a path must begin with /: {path}").fill(
                path=f"{path!s:.60}"
            ),
            advice=Text('例如 ernie.wire.get("/models")', 'for example ernie.wire.get("/models")'),
        )
    if body is not None and not isinstance(body, dict):
        raise InvalidOption(Text("请求体要是字典", "the body must be a dict"))
    if body and body.get("stream") and not stream:
        raise InvalidOption(
            Text(
                "流式的回复用 ernie.wire.stream(…) 读取",
                "read a streamed reply with ernie.wire.stream(…)",
            )
        )
