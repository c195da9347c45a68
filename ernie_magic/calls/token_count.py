"""Tokens of a text, counted by Qianfan V1's tokenizer or estimated.

The tokenizer takes up to 512,000 characters for some models
(https://cloud.baidu.com/doc/WENXINWORKSHOP/s/dlr4v9cn1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.api import models, values
from ernie_magic.api.default_model import configured_or_default_model
from ernie_magic.api.messages import check_sendable
from ernie_magic.errors import InvalidMessages
from ernie_magic.text.language import Text
from ernie_magic.text.tokens import TokenCount, estimate_tokens
from ernie_magic.wire import qianfan_v1
from ernie_magic.wire.failures import unexpected_reply_error

if TYPE_CHECKING:
    from ernie_magic.client import Client
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.wire.prepared_call import PreparedCall


_COUNTED_MODELS = frozenset(
    {
        "ernie-4.0-8k",
        "ernie-3.5-8k",
        "ernie-speed-8k",
        "ernie-speed-128k",
        "ernie-lite-8k",
        "ernie-tiny-8k",
        "ernie-char-8k",
    }
)
_MAX_CHARACTERS = 512_000


def start_token_count(client: Client, text: str, model: str | None) -> Stream[TokenCount]:
    """Start to count a text's tokens; what Qianfan V1's tokenizer does not count is estimated,
    which sends nothing.

    Raises
    ------
    UsageError
    """
    settings, endpoint = client.settings_and_endpoint()
    client.localizing_errors(lambda: _check_text(text))
    chosen = model or configured_or_default_model("chat", settings, endpoint.service.name)
    if entry := models.find_model(chosen):
        chosen = entry.id
    is_counted = (
        endpoint.service.protocol == "qianfan-v1"
        and chosen.lower() in _COUNTED_MODELS
        and 0 < len(text) <= _MAX_CHARACTERS
    )
    return client.start_call(
        lambda call: count_tokens(call, text, chosen if is_counted else ""),
        settings,
        endpoint,
        needs_address=is_counted,
    )


async def count_tokens(call: PreparedCall, text: str, model: str) -> TokenCount:
    """Count tokens with Qianfan V1's tokenizer; estimate them where no model is given."""
    if not model:
        return TokenCount(estimate_tokens(text))
    payload = await call.send_json(qianfan_v1.tokenizer_request(text, model))
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
