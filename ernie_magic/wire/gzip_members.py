"""Replies in gzip, which may consist of several members one behind the other (RFC 1952, section
2.2): gateways compress each event by itself. httpx reads the first one only.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

_NAMES = ("gzip", "x-gzip")  # the same (RFC 9110, section 8.4.1.3)
_MAGIC = b"\x1f\x8b"  # how a member begins
_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS
# Bytes at once: a few kB may expand to gigabytes, and whoever reads stops at a limit.
_PIECE = 256 * 1024


def unpack_gzip(response: httpx.Response) -> None:
    """Have a reply's stream give what is packed in it, if it is in gzip and nothing else."""
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed in _NAMES and isinstance(response.stream, httpx.AsyncByteStream):
        response.stream = _UnpackedStream(response.stream)
        del response.headers["content-encoding"]


class _UnpackedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        members = Members()
        try:
            async for chunk in self._stream:
                for piece in members.feed(chunk):
                    yield piece
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error

    async def aclose(self) -> None:
        await self._stream.aclose()


class Members:
    """What is packed in some members of gzip. What stands behind them and is none, as zeros that
    fill a block, is left out.
    """

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_WITH_GZIP_HEADER)
        self._between = b""  # bytes behind a member that may begin another
        self._is_past = False

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """Yield what is in some more bytes.

        Raises
        ------
        zlib.error
            They are damaged.
        """
        while packed and not self._is_past:
            if self._member.eof:
                packed = self._begin_next(packed)
                continue
            yield from self._unpack(packed)
            packed = self._member.unused_data

    def _unpack(self, packed: bytes) -> Iterator[bytes]:
        """Yield what is in some more bytes of the current member."""
        while piece := self._member.decompress(packed, _PIECE):
            yield piece
            if self._member.eof:
                return
            # What did not fit into the piece, also where all that was packed has been taken.
            packed = self._member.unconsumed_tail

    def _begin_next(self, packed: bytes) -> bytes:
        """Begin another member if one begins here; return the bytes that belong to it."""
        packed = self._between + packed
        self._between = b""
        if len(packed) < len(_MAGIC):
            self._between = packed
            return b""
        if not packed.startswith(_MAGIC):
            self._is_past = True
            return b""
        self._member = zlib.decompressobj(_WITH_GZIP_HEADER)
        return packed
