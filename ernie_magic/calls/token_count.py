"""Tokens of a text, counted by the service's tokenizer (Qianfan V1) or estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.api import models, values
from ernie_magic.api.default_model import configured_or_default_model
from ernie_magic.api.keywords import check_types
from ernie_magic.api.messages import check_sendable
from ernie_magic.errors import InvalidMessages
from ernie_magic.text.language import Text
from ernie_magic.text.tokens import TokenCount, estimate_tokens
from ernie_magic.wire.failures import unexpected_reply_error
from ernie_magic.wire.protocols import protocol_of

if TYPE_CHECKING:
    from ernie_magic.client import Client
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.prepared_call import PreparedCall
    from ernie_magic.wire.request import WireRequest


def start_token_count(client: Client, text: str, model: str | None) -> Stream[TokenCount]:
    """Start to count a text's tokens; what the service's tokenizer does not count is
    estimated, which sends nothing.

    Raises
    ------
    UsageError
    """
    client.localizing_errors(lambda: check_types(model=model))
    settings, endpoint = client.settings_and_endpoint()
    client.localizing_errors(lambda: _check_text(text))
    chosen = model or configured_or_default_model("chat", settings, endpoint.service.name)
    if entry := models.find_model(chosen):
        chosen = entry.id
    wire_request = protocol_of(endpoint).token_count(text, chosen)

    async def count_or_estimate(call: PreparedCall) -> TokenCount:
        if wire_request is None:
            return TokenCount(estimate_tokens(text))
        return await _count_tokens(call, wire_request, chosen)

    return client.start_call(
        count_or_estimate,
        settings,
        endpoint,
        needs_address=wire_request is not None,
    )


async def _count_tokens(call: PreparedCall, wire_request: WireRequest, model: str) -> TokenCount:
    """Count tokens with the service's tokenizer."""
    payload = await call.send_json(wire_request)
    counted = values.as_whole_number(values.as_object(payload.get("usage")).get("prompt_tokens"))
    if counted is None or counted < 0:
        raise unexpected_reply_error(payload)
    return TokenCount(counted, estimated=False, model=model, simulated=call.is_disguised)


def _check_text(text: object) -> None:
    if not isinstance(text, str):
        raise InvalidMessages(
            Text("这里要文本，不是 {kind}", "a text is expected here, not {kind}").fill(
                kind=type(text).__name__
            )
        )
    check_sendable([text])
