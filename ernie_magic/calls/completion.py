"""A text continued, on the I/O thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.api.requests import ChatRequest
from ernie_magic.errors import ErnieError
from ernie_magic.wire.prepared_call import Clock

if TYPE_CHECKING:
    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.requests import CompletionRequest
    from ernie_magic.api.results import Answer
    from ernie_magic.wire.prepared_call import PreparedCall
    from ernie_magic.wire.request import WireRequest


async def complete_text(call: PreparedCall, request: CompletionRequest) -> Answer:
    """Continue a text. When cancelled, return what has been received.

    Raises
    ------
    ErnieError
        It failed; `answer` has what has been received.
    """
    clock = Clock()
    reply = await call.read_reply(_build_wire_request(call, request), request, clock)
    if reply.is_blocked:
        raise reply.blocked_error()
    answer = reply.build_answer()
    if isinstance(reply.problem, ErnieError):
        if answer.text:
            reply.problem.answer = answer
        kind = _kind_of_call(call, request)
        raise await call.with_suggestions(reply.problem, request.model, kind)
    return answer


def _build_wire_request(call: PreparedCall, request: CompletionRequest) -> WireRequest:
    """Build the request; where the service has no such call, a chat of one prompt, as in the
    official client.
    """
    if _kind_of_call(call, request) == "completion":
        return call.protocol.completion(request)
    return call.protocol.chat(
        ChatRequest(
            model=request.model,
            messages=request.messages,
            parameters=request.parameters,
            extra=request.extra,
            stream=request.stream,
            endpoint=request.endpoint,
            paths=request.paths,
            adaptable=request.adaptable,
        )
    )


def _kind_of_call(call: PreparedCall, request: CompletionRequest) -> Kind:
    """Return "completion" where the service has a call of its own for this; else "chat"."""
    if call.protocol.has_completion(request.model, call.endpoint.service):
        return "completion"
    return "chat"
