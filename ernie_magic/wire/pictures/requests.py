"""Requests for pictures: each call may be billed, so it is not sent again where it may have been
carried out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ernie_magic.wire.request import WireRequest

# Bytes of a reply: four PNGs of 2048 x 2048 in base64 may be half of it.
MAX_BYTES = 128 * 1024 * 1024
# A gateway that reaches no server, a service that is not available, one that is overloaded: the
# request is refused before any work (RFC 9110, section 15.6; 529 is Anthropic's and others').
_REFUSED = frozenset({502, 503, 529})
# Any failure but a gateway's 504, behind which the picture may still be drawn.
_FAILED = frozenset(range(500, 600)) - {504}


def as_picture_request(request: WireRequest) -> WireRequest:
    """Return a request for pictures, which is sent again after a refusal before any work; where the
    call has a `retry_count` of its own, after any failure of the service. A timeout is none.
    """
    return request._replace(
        repeatable=False,
        resent_after=_REFUSED,
        resent_if_asked=_FAILED,
        max_bytes=MAX_BYTES,
    )
