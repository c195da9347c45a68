"""One call for pictures, on the I/O thread: requested, downloaded or unpacked, and decoded once."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from ernie_magic.calls.images.formats import (
    LINK_OR_SERVICE_FAILED,
    MAKE_AGAIN,
    SERVICE_FAILED,
    damaged_picture,
    not_a_picture,
)
from ernie_magic.calls.images.pictures import ImageSet, Picture, Preview, make_preview
from ernie_magic.errors import ErnieError, ProtocolError, Stopped
from ernie_magic.runtime.events import Delta
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.text.language import Text
from ernie_magic.text.redact import holds_key, redact
from ernie_magic.wire import replies
from ernie_magic.wire.answers.usage import usage_of
from ernie_magic.wire.pictures.fields import is_picture_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
    from typing import Any

    from ernie_magic.api.requests import ImageRequest
    from ernie_magic.config.services import Service
    from ernie_magic.wire.prepared_call import PreparedCall
    from ernie_magic.wire.replies import ImageItem, ImagesReply
    from ernie_magic.wire.request import WireRequest

_MAKING = Text("正在生成图片", "making the picture")
_FETCHING = Text("正在下载图片", "downloading the picture")
_FEWER = Text(
    "⚠ 要了 {requested} 张图片，服务只给了 {count} 张",
    "⚠ {requested} pictures were requested, and the service sent {count}",
)
_MORE = Text(
    "⚠ 服务给了更多图片，只收下了 {count} 张",
    "⚠ the service sent more pictures than the {count} that were taken",
)
_ALSO_SAID = Text("⚠ 服务还说：{words}", "⚠ the service also said: {words}")
_STOPPED = Text("已停止，这张图片还没有收到", "stopped before this picture arrived")
_DECODING_TIMEOUT = 20.0  # seconds for one picture: a large one takes a fifth of a second
_STOP_GRACE = 0.3  # seconds that a stop waits for a picture that is nearly decoded
_TEXT = 65_536  # bytes up to which what is no picture may be a text, whose words are redacted
_MAX_DECODING = 2  # pictures decoded at the same time: each takes four bytes per pixel


async def generate_images(call: PreparedCall, request: ImageRequest, *, download: bool) -> ImageSet:
    """Make pictures, and with `download` fetch those that are links
    (`ImageGeneration.generate_images`).
    """
    wire_request = call.protocol.images(request)
    generation = ImageGeneration(call)
    async with call.suggesting_models(request.model, "image"):
        try:
            images = await generation.generate_images(wire_request, request, download=download)
        except ErnieError as error:
            if isinstance(error.answer, ImageSet):  # they were made all the same
                call.count_usage(error.answer.model, error.answer.usage)
            raise
    call.count_usage(images.model, images.usage)
    return images


async def download_images(call: PreparedCall, images: ImageSet) -> ImageSet:
    """Fetch the pictures of a set that are only links."""
    return await ImageGeneration(call).download_images(images)


@dataclass(frozen=True)
class ImageGeneration:
    """What all calls for pictures at one moment share.

    Parameters
    ----------
    call
        Which service to ask, and how; its `emit` is called each second with what the call is
        waiting for.
    """

    call: PreparedCall

    async def generate_images(
        self,
        wire_request: WireRequest,
        request: ImageRequest,
        *,
        download: bool,
    ) -> ImageSet:
        """Make the pictures of a call. When cancelled during downloads, return those that have
        arrived.

        Parameters
        ----------
        download
            Download the pictures that are links.

        Raises
        ------
        ErnieError
            The call failed, or every picture did; then `answer` has the set with its links and each
            picture's error.
        """
        call = self.call
        began = time.monotonic()
        async with self._reporting_phase(_MAKING, began) as set_phase:
            reply = self._parse_reply(await call.send_json(wire_request), request)
            if download and any(item.url and not item.b64 for item in reply.items):
                set_phase(_FETCHING)
            unpacking = asyncio.Semaphore(_MAX_DECODING)
            service = call.service
            empty = Picture(request, model=reply.model, service=service, id=reply.id)
            # Each task takes its own item from the list, so that an unpacked text is released.
            pictures = await _gather_pictures(
                [
                    self._read_item(
                        reply.items.pop(0),
                        replace(empty, index=index),
                        unpacking,
                        download=download,
                    )
                    for index in range(len(reply.items))
                ]
            )
        images = ImageSet(
            pictures,
            request,
            reply.usage,
            reply.model,
            service,
            reply.id,
            time.monotonic() - began,
            expires_at=_expiry(call.endpoint.service, reply.created, pictures),
            words=reply.words,
            notes=_describe_missing(request, len(pictures), reply),
        )
        return _raise_if_all_failed(images)

    def _parse_reply(self, payload: dict[str, Any], request: ImageRequest) -> ImagesReply:
        """Return the pictures of a reply; one without any stays reachable by its error."""
        try:
            return replies.parse_pictures(payload, request)
        except ProtocolError as error:
            error.answer = ImageSet(
                (),
                request,
                usage_of(payload.get("usage")),
                request.model,
                self.call.service,
                raw=payload,
            )
            raise

    async def download_images(self, images: ImageSet) -> ImageSet:
        """Return the set with its links downloaded; raises as `generate_images` does."""
        if not any(_is_missing(picture) for picture in images):
            return images
        began = time.monotonic()
        async with self._reporting_phase(_FETCHING, began):
            unpacking = asyncio.Semaphore(_MAX_DECODING)
            pictures = await _gather_pictures(
                [self._download_picture(picture, unpacking) for picture in images]
            )
        return _raise_if_all_failed(
            replace(images, pictures=pictures, seconds=time.monotonic() - began)
        )

    async def _download_picture(self, picture: Picture, unpacking: asyncio.Semaphore) -> Picture:
        if not _is_missing(picture):
            return picture
        return await self._with_content(
            replace(picture, problem=None, content=b""),
            lambda: self.call.http.download_picture(picture.url, self.call.context),
            unpacking,
        )

    async def _read_item(
        self,
        item: ImageItem,
        picture: Picture,
        unpacking: asyncio.Semaphore,
        *,
        download: bool,
    ) -> Picture:
        """Return a picture of a reply, with its bytes."""
        b64 = item.b64
        url = item.url
        error = item.error
        if url.startswith("/"):  # a path on the service's own host, as LocalAI and others send
            url = urljoin(self.call.endpoint.base_url, url)
        picture = replace(
            picture, url=url, revised_prompt=item.revised_prompt, reported_seed=item.seed
        )
        del item
        if b64:
            held = [b64]
            del b64
            picture = await self._with_content(
                picture, lambda: in_thread(_decode_base64, held), unpacking
            )
            if held and not isinstance(picture.problem, Stopped):
                received = await in_thread(_redact_bytes, held.pop().encode(errors="replace"))
                picture = replace(picture, content=received)
            if picture.problem is not None and picture.problem.cause is LINK_OR_SERVICE_FAILED:
                picture.problem.cause = SERVICE_FAILED  # there was no link
            return picture
        if not url:
            error = error or not_a_picture(Text("空内容", "nothing"))
            return self._with_problem(picture, error)
        return await self._download_picture(picture, unpacking) if download else picture

    async def _with_content(
        self,
        picture: Picture,
        content_of: Callable[[], Coroutine[Any, Any, bytes]],
        unpacking: asyncio.Semaphore,
    ) -> Picture:
        """Return the picture with its bytes; an error in them is its own `problem`, and the others
        are shown.
        """
        content = b""
        try:
            content = await content_of()
            async with unpacking:
                return replace(picture, content=content, preview=await _decode_preview(content))
        except ErnieError as error:
            received = await in_thread(_redact_bytes, content)
            return self._with_problem(replace(picture, content=received), error)
        except asyncio.CancelledError:
            return self._with_problem(replace(picture, content=content), Stopped(_STOPPED))
        except Exception:  # noqa: BLE001  (a picture must not take the others with it)
            return self._with_problem(picture, damaged_picture())

    def _with_problem(self, picture: Picture, error: ErnieError) -> Picture:
        error.language = self.call.settings.language
        error.__context__ = None
        return replace(picture, problem=error.with_traceback(None))

    @asynccontextmanager
    async def _reporting_phase(
        self,
        phase: Text,
        began: float,
    ) -> AsyncIterator[Callable[[Text], None]]:
        """Report at once and then each second what is being done and since when; the function given
        sets the next phase. Reports of the wire come in between.
        """

        def report_phase() -> None:
            self.call.emit(Delta(notice=phase, waited=int(time.monotonic() - began)))

        def set_phase(next_phase: Text) -> None:
            nonlocal phase
            phase = next_phase
            report_phase()

        async def report_each_second() -> None:
            while True:
                await asyncio.sleep(1.0)
                report_phase()

        report_phase()
        ticking = asyncio.ensure_future(report_each_second())
        try:
            yield set_phase
        finally:
            ticking.cancel()


async def _decode_preview(content: bytes) -> Preview:
    """Decode it within a time limit; a stop waits a moment for a picture that is nearly done."""
    decoding = asyncio.ensure_future(in_thread(make_preview, content))
    try:
        return await asyncio.wait_for(asyncio.shield(decoding), _DECODING_TIMEOUT)
    except asyncio.TimeoutError:
        raise damaged_picture() from None
    except asyncio.CancelledError:
        await asyncio.wait({decoding}, timeout=_STOP_GRACE)
        if not decoding.done() or decoding.exception():
            raise
        return decoding.result()


async def _gather_pictures(work: Sequence[Coroutine[Any, Any, Picture]]) -> tuple[Picture, ...]:
    """Return the result of each; a stop is passed to each, and each returns what it has."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        # `gather` has passed it on; a second one would interrupt the closing of connections.
        await asyncio.gather(*tasks, return_exceptions=True)
        if any(task.cancelled() for task in tasks):  # before its first step
            raise
    return tuple(task.result() for task in tasks)


def _describe_missing(request: ImageRequest, count: int, reply: ImagesReply) -> tuple[Text, ...]:
    """Describe that fewer pictures came than were asked for, or more than were taken, and what the
    service said of it.
    """
    requested = request.parameters.get("n", 1)
    notes = []
    if count < requested:
        notes.append(_FEWER.fill(requested=requested, count=count))
    if reply.has_more:
        notes.append(_MORE.fill(count=count))
    if reply.refusal:
        notes.append(_ALSO_SAID.fill(words=reply.refusal))
    return tuple(notes)


def _expiry(service: Service, created: float, pictures: Sequence[Picture]) -> float | None:
    """Return when the links expire, in seconds since the epoch; None without a link."""
    if service.link_lifetime is None or not any(picture.url for picture in pictures):
        return None
    return created + service.link_lifetime


def _raise_if_all_failed(images: ImageSet) -> ImageSet:
    """Return the set; when no picture in it succeeded, raise its first problem, which holds the
    set.
    """
    problem = images[0].problem
    if (
        images.good
        or problem is None
        or any(isinstance(picture.problem, Stopped) for picture in images)
    ):
        return images
    problem.answer = images
    raise problem


def _is_missing(picture: Picture) -> bool:
    """Whether a picture is behind a link and can be fetched."""
    return bool(picture.url) and (picture.problem is not None or not picture.content)


def _decode_base64(held: list[str]) -> bytes:
    """Return the bytes of the text that the list holds, and release the text: it is large."""
    try:
        content = replies.decode_base64(held[0])
    except ValueError:
        raise ProtocolError(
            Text("收到的图片不是有效的 base64", "the picture is not valid base64"),
            SERVICE_FAILED,
            MAKE_AGAIN,
        ) from None
    held.clear()
    return content


def _redact_bytes(content: bytes) -> bytes:
    """Return what arrived and could not be shown, without a key that the server may have sent back.
    A picture's own tables may hold a few characters of one.
    """
    text = content.decode("latin-1")
    if (len(text) > _TEXT or is_picture_file(content)) and not holds_key(text):
        return content
    redacted = redact(text, strict=True)
    if redacted == text:
        return content
    return redacted.encode("latin-1", "replace")
