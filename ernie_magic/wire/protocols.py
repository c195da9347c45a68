"""What a protocol does, and which service is talked to in which: it makes a `WireRequest` from a
frozen request, and a `Reader` for a chat's reply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ernie_magic.wire import openai_style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.api.models import Listed
    from ernie_magic.api.requests import (
        ChatRequest,
        CompletionRequest,
        EmbeddingRequest,
        ImageRequest,
        RerankRequest,
    )
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.config.services import Service
    from ernie_magic.wire.reader import Reader
    from ernie_magic.wire.request import WireRequest


class WireProtocol(Protocol):
    """How a kind of service is talked to.

    The modules `openai_style` and `qianfan_v1` are such protocols: a module may implement one
    (typing specification, "Modules as implementations of protocols").
    """

    def list_models(self, endpoint: Endpoint, /) -> WireRequest | None:
        """Build the request of the list of models; None where the service gives none."""

    def read_model_list(self, reply: Mapping[str, Any] | None, /) -> dict[str, Any]:
        """Return the list in the form that `replies.parse_models` reads; `reply` is None where none
        was requested.
        """

    def read_paths(self, listed: Sequence[Listed], /) -> dict[str, str]:
        """Return the paths of calls by model, where models have their own."""

    def chat(self, request: ChatRequest) -> WireRequest:
        """Build the request of a chat."""

    def has_completion(self, model: str, service: Service) -> bool:
        """Whether a service has a call of its own for continuing a text with a model."""

    def completion(self, request: CompletionRequest) -> WireRequest:
        """Build the request of a completion."""

    def embeddings(self, request: EmbeddingRequest) -> WireRequest:
        """Build the request of a call for vectors."""

    def images(self, request: ImageRequest) -> WireRequest:
        """Build the request of a call for pictures."""

    def rerank(self, request: RerankRequest) -> WireRequest:
        """Build the request of a call that ranks documents."""

    def token_count(self, text: str, model: str) -> WireRequest | None:
        """Build the request that counts a text's tokens; None where the service has none for this
        text and model.
        """

    def reader(self, request: ChatRequest | CompletionRequest) -> Reader:
        """Return what collects the reply to a chat or a completion."""


def protocol_of(endpoint: Endpoint) -> WireProtocol:
    """Return the protocol that an endpoint's service is talked to in."""
    if endpoint.service.protocol == "qianfan-v1":
        # Loaded with the first call in it: few sessions talk to V1.
        from ernie_magic.wire import qianfan_v1

        return qianfan_v1
    return openai_style
