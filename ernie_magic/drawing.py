"""One call for pictures, on the I/O thread: asked for, fetched or unpacked, and looked at once."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import ErnieError, Stopped
from ernie_magic.language import Text
from ernie_magic.pictures import ImageSet, Picture, broken, look
from ernie_magic.wire import replies
from ernie_magic.wire.protocol import Delta, safe, usage_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ernie_magic.requests import ImageRequest
    from ernie_magic.services import Endpoint
    from ernie_magic.settings import Snapshot
    from ernie_magic.wire.client import Client
    from ernie_magic.wire.protocol import WireRequest

_MAKING = Text("正在生成图片", "making the picture")
_FETCHING = Text("正在下载图片", "downloading the picture")
_STOPPED = Text("已停止，这张图片没有收完", "stopped before this picture was here")
_AT_ONCE = 2  # pictures decoded at the same time: each takes four bytes a pixel


async def draw(
    client: Client, wire: WireRequest, request: ImageRequest, endpoint: Endpoint, settings: Snapshot, emit: Callable[[Delta], None], *, download: bool
) -> ImageSet:
    """The pictures of a call. Cancelled while they are fetched, it gives those that are here.

    Parameters
    ----------
    emit
        Told what is waited for, each second.
    download
        Fetch the pictures that come as links.

    Raises
    ------
    ErnieError
        The call failed; or every picture did, then `answer` has the set with its links and what is wrong with each.
    """
    began = time.monotonic()
    async with _told_each_second(emit, began) as told:
        told(Delta(notice=_MAKING))
        payload = await client.send(endpoint, wire, settings, told)
        found = replies.pictures(payload)
        facts = {"model": safe(payload.get("model") or request.model), "service": endpoint.service.name, "id": safe(payload.get("id") or "")}
        if download and any(drawn.url and not drawn.packed for drawn in found):
            told(Delta(notice=_FETCHING))
        unpacking = asyncio.Semaphore(_AT_ONCE)
        # Each takes its own from the list, so that a text that has been unpacked is let go.
        tasks = [asyncio.ensure_future(_picture(found.pop(0), place, request, facts, client if download else None, endpoint, unpacking, settings)) for place in range(len(found))]
        try:
            await asyncio.gather(*tasks)
        except asyncio.CancelledError:  # it was asked of each of them too
            await asyncio.wait(tasks)
        pictures = tuple(task.result() for task in tasks)
    lasts = endpoint.service.links_last
    created = payload.get("created")
    since = created if isinstance(created, (int, float)) and not isinstance(created, bool) and 0 < created < time.time() else time.time()
    images = ImageSet(
        pictures, request, usage_of(payload.get("usage")), facts["model"], facts["service"], facts["id"], time.monotonic() - began,
        since + lasts if lasts and any(picture.url for picture in pictures) else None)
    if not images.good and isinstance(problem := pictures[0].problem, ErnieError) and not isinstance(problem, Stopped):
        problem.answer = images
        raise problem
    return images


async def _picture(
    drawn: replies.Drawn, place: int, request: ImageRequest, facts: dict[str, str], client: Client | None, endpoint: Endpoint, unpacking: asyncio.Semaphore,
    settings: Snapshot,
) -> Picture:
    """One of them; what is wrong with it is its own: the others are shown."""
    packed, content, seen, problem = drawn.packed, b"", None, None
    drawn = replace(drawn, packed="")
    try:
        if packed:
            async with unpacking:
                content = await asyncio.to_thread(_unpacked, packed)
        elif not drawn.url:
            raise broken(Text("空内容", "nothing"))
        elif client:
            content = await client.download(drawn.url, endpoint)
        del packed
        if content:
            async with unpacking:
                seen = await asyncio.to_thread(look, content)
    except ErnieError as error:
        problem, content = error.with_traceback(None), b""
    except asyncio.CancelledError:
        problem = None if content else Stopped(_STOPPED)
    if problem:
        problem.language, problem.__context__ = settings.language, None
    return Picture(request, content, drawn.url, place, drawn.revised_prompt, drawn.seed, problem=problem, look=seen, **facts)


def _unpacked(packed: str) -> bytes:
    try:
        return replies.unpacked(packed)
    except ValueError:
        raise broken(Text("残缺的 base64", "broken base64")) from None


@asynccontextmanager
async def _told_each_second(emit: Callable[[Delta], None], began: float) -> AsyncIterator[Callable[[Delta], None]]:
    """Repeats the last notice each second, with the seconds since the beginning."""
    last: dict[str, Any] = {}

    def told(delta: Delta) -> None:
        last["notice"] = delta.notice
        emit(delta._replace(waited=int(time.monotonic() - began)))

    async def tick() -> None:
        while True:
            await asyncio.sleep(1.0)
            emit(Delta(notice=last.get("notice"), waited=int(time.monotonic() - began)))

    ticking = asyncio.ensure_future(tick())
    try:
        yield told
    finally:
        ticking.cancel()
