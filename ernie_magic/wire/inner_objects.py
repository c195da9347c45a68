"""Where gateways put a reply: {"code": 0, "data": {"choices": …}}."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAMES = ("data", "result", "response", "body", "output", "payload")


def inner_objects(payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Iterate over the objects inside a gateway's own that may be the reply."""
    for name in _NAMES:
        inner = payload.get(name)
        if isinstance(inner, dict):
            yield inner
