"""HTTP for one session: one connection pool, used only on the I/O thread (see `running`)."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ernie_magic import __version__
from ernie_magic.errors import (
    AuthenticationFailed,
    ErnieError,
    IncompleteAnswer,
    ProtocolError,
    RequestTimeout,
    ServiceUnreachable,
)
from ernie_magic.keys import scrub
from ernie_magic.language import Text, same
from ernie_magic.wire import openai_style, sse
from ernie_magic.wire.auth import BearerTokens
from ernie_magic.wire.failures import MAX_BODY, failure, not_the_api, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import httpx

    from ernie_magic.keys import Key
    from ernie_magic.requests import ChatRequest
    from ernie_magic.services import Endpoint

CONNECT_TIMEOUT = 10.0  # seconds
MAX_REPLY = 32 * 1024 * 1024  # bytes of a reply in one piece, characters of one event: more is no answer
# Some servers hold the connection open after the last chunk and never send [DONE] (reference, quirk 16).
AFTER_FINISH = 2.0  # seconds to wait for usage and [DONE] once a finish reason came
MAX_UNREAD = 200  # lines of a page that came in the place of a stream
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Client:
    """Sends requests to an endpoint and reads its replies."""

    def __init__(self) -> None:
        self._http: httpx.AsyncClient | None = None
        self._tokens = BearerTokens()

    def _pool(self) -> httpx.AsyncClient:
        if self._http is None:
            import httpx  # 215 ms in a kernel: not at load

            # A proxy from the environment must not stand between us and this machine.
            direct = {f"all://{host}": None for host in LOOPBACK}
            self._http = httpx.AsyncClient(mounts=direct, follow_redirects=False,
                                           headers={"User-Agent": f"ernie-magic/{__version__}"})
        return self._http

    async def aclose(self) -> None:
        """Close the pool; the client may be used again."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    async def _key(self, endpoint: Endpoint, refused: Key | None = None) -> Key | None:
        if endpoint.key is not None or endpoint.pair is None:
            return endpoint.key
        import httpx

        try:
            return await self._tokens.get(self._pool(), endpoint.iam_url, endpoint.pair, refused=refused)
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise _network(problem, replace(endpoint, base_url=endpoint.iam_url), CONNECT_TIMEOUT) from None

    async def models(self, endpoint: Endpoint, *, timeout: float) -> list[dict[str, Any]]:
        """The service's own list of models, as it sent it.

        Raises
        ------
        ErnieError
        """
        import httpx

        try:
            response = await self._pool().get(
                endpoint.base_url + openai_style.MODELS_PATH, headers=_headers(endpoint, await self._key(endpoint)),
                timeout=httpx.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout)))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _network(error, endpoint, timeout) from None
        if not response.is_success:
            raise failure(response.status_code, response.headers, response.content)
        try:
            listed = response.json()["data"]
        except (ValueError, KeyError, TypeError):
            raise failure(response.status_code, response.headers, response.content) from None
        return [entry for entry in listed if isinstance(entry, dict) and entry.get("id")]

    async def chat(
        self, endpoint: Endpoint, request: ChatRequest, reader: openai_style.Reader, *, timeout: float
    ) -> AsyncIterator[openai_style.Delta]:
        """Send a chat request; `reader` collects the reply, and each piece of text is yielded as it comes.

        Raises
        ------
        ErnieError
            The tree of `errors`; whatever came before is in `reader`.
        """
        import httpx

        refused: Key | None = None
        while True:
            key = await self._key(endpoint, refused)
            try:
                async with self._pool().stream(
                    "POST", endpoint.base_url + openai_style.CHAT_PATH, json=openai_style.body(request),
                    headers={**_headers(endpoint, key), **_accepts(request)},
                    timeout=httpx.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout)),
                ) as response:
                    if response.is_success:
                        streamed = "event-stream" in response.headers.get("content-type", "")
                        async for delta in _events(response, reader) if streamed else _whole(response, reader):
                            yield delta
                        return
                    error = failure(response.status_code, response.headers, await _beginning(response))
            except (httpx.HTTPError, httpx.InvalidURL) as problem:
                raise _network(problem, endpoint, timeout, started=reader.started) from None
            # A temporary key may end at any time, even a new one: it is exchanged once, and the call repeated once.
            if endpoint.pair is None or refused is not None or not isinstance(error, AuthenticationFailed):
                raise error
            refused = key


async def _events(response: httpx.Response, reader: openai_style.Reader) -> AsyncIterator[openai_style.Delta]:
    """A reply streamed as server-sent events."""
    unread: list[str] = []  # bare lines that are no JSON by themselves: an error page, or JSON over several lines
    async with aclosing(_received(response, reader)) as received:
        async for event in received:
            if event.data == "[DONE]":
                break
            payload = _parsed(event, unread)
            if payload is None:
                continue
            if refusal(payload) is not None:
                raise failure(200, response.headers, json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace"))
            if delta := reader.feed(payload):
                yield delta
        else:
            if reader.started and not reader.finish_reason:
                raise cut()
    if not reader.started:
        raise failure(200, response.headers, "\n".join(unread).encode("utf-8", "replace"))


async def _received(response: httpx.Response, reader: openai_style.Reader) -> AsyncGenerator[sse.Event, None]:
    """The events of a reply, until it ends or, once a finish reason came, has nothing more to say."""
    import httpx

    decoder = sse.Decoder()
    chunks = response.aiter_bytes().__aiter__()
    while True:
        try:
            chunk = await asyncio.wait_for(chunks.__anext__(), AFTER_FINISH if reader.finish_reason else None)
        except (StopAsyncIteration, asyncio.TimeoutError):
            break
        except httpx.HTTPError:
            if not reader.finish_reason:
                raise
            break  # the answer is whole; how the connection ends does not matter
        for event in decoder.feed(chunk):
            yield event
        if decoder.waiting > MAX_REPLY:
            raise not_the_api(200, "")
    for event in decoder.end():
        yield event


def _parsed(event: sse.Event, unread: list[str]) -> dict[str, Any] | None:
    try:
        payload = json.loads(event.data)
    except (ValueError, RecursionError):
        if event.bare:
            if len(unread) < MAX_UNREAD:
                unread.append(event.data[:MAX_BODY])
            return None
        raise ProtocolError(
            Text("流中有一段不是有效的 JSON", "a chunk of the stream is not valid JSON"),
            Text("服务或中间的代理损坏了数据", "the service, or a proxy in between, damaged it"),
            Text("再试一次", "try again"), body=scrub(event.data[:MAX_BODY])) from None
    return payload if isinstance(payload, dict) else None


async def _whole(response: httpx.Response, reader: openai_style.Reader) -> AsyncIterator[openai_style.Delta]:
    """A reply that is one JSON body: what was asked for, or an error with status 200."""
    is_json = "json" in response.headers.get("content-type", "json")
    raw = await _beginning(response, MAX_REPLY if is_json else MAX_BODY)
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict) or "choices" not in payload:
        raise failure(response.status_code, response.headers, raw)
    delta = reader.feed(payload)
    if not reader.finish_reason and delta is None:
        raise not_the_api(response.status_code, scrub(raw[:MAX_BODY].decode("utf-8", "replace")))
    if delta:
        yield delta


async def _beginning(response: httpx.Response, most: int = MAX_BODY) -> bytes:
    """The first `most` bytes: a refusal is short, and a hostile reply is not read to its end."""
    got = bytearray()
    async for chunk in response.aiter_bytes():
        got += chunk
        if len(got) >= most:
            break
    return bytes(got[:most])


def _headers(endpoint: Endpoint, key: Key | None) -> dict[str, str]:
    return {**endpoint.headers, **({"Authorization": f"Bearer {key.reveal()}"} if key else {})}


def _accepts(request: ChatRequest) -> dict[str, str]:
    # Compressed streams arrive in bursts (reference, quirk 21).
    return {"Accept": "text/event-stream", "Accept-Encoding": "identity"} if request.stream else {"Accept": "application/json"}


def cut() -> IncompleteAnswer:
    """The error for a stream that ended before its end."""
    return IncompleteAnswer(
        Text("回答没有传完，连接就断了", "the connection closed before the answer was complete"),
        Text("网络中断，或服务方提前断开", "the network failed, or the service hung up"),
        Text("已收到的文字都在；可以再问一次，或让它“继续”", "the text that came is kept; ask again, or ask it to go on"))


def _network(error: Exception, endpoint: Endpoint, timeout: float, *, started: bool = False) -> ErnieError:
    """The error of the tree for what httpx raised."""
    import httpx

    host = same(endpoint.base_url)
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError | httpx.UnsupportedProtocol | httpx.InvalidURL | httpx.ProxyError):
        unreachable = ServiceUnreachable(
            Text("连不上 {host}（{why}）", "cannot reach {host} ({why})").fill(host=host, why=scrub(str(error)) or type(error).__name__),
            Text("服务没有运行、地址写错，或网络不通", "it is not running, the address is wrong, or there is no network"),
            Text("检查 %ernie config base_url；%ernie doctor 可测试", "check %ernie config base_url; %ernie doctor tests it"))
        unreachable.retryable = isinstance(error, httpx.ConnectTimeout | httpx.ConnectError)  # the request was never sent
        return unreachable
    if isinstance(error, httpx.TimeoutException):
        return RequestTimeout(
            Text("{seconds:g} 秒内没有收到数据", "no data came within {seconds:g} seconds").fill(seconds=timeout),
            Text("服务繁忙，或模型思考得太久", "the service is busy, or the model thinks for long"),
            Text("再试，或用 %ernie config request_timeout 放宽", "try again, or allow more by %ernie config request_timeout"))
    if isinstance(error, httpx.DecodingError):
        return not_the_api(200, "")
    return cut() if started else ServiceUnreachable(
        Text("{host} 没有回答就断开了连接", "{host} hung up without an answer").fill(host=host),
        Text("服务出错或网络中断", "the service or the network failed"), Text("再试一次", "try again"))
