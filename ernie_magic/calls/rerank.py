"""Documents ranked, on the I/O thread."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import ErnieError, ServiceError
from ernie_magic.wire import openai_style, replies

if TYPE_CHECKING:
    from ernie_magic.api.requests import RerankRequest
    from ernie_magic.api.results import Ranking
    from ernie_magic.client import PreparedCall

_NO_SUCH_PATH = (404, 405)
# Codes that say that the path is there, and the model is not.
_NO_SUCH_MODEL = frozenset({"no_such_model", "invalid_model", "model_not_found"})


async def rank_documents(call: PreparedCall, request: RerankRequest) -> Ranking:
    """Return the documents, the best first.

    Raises
    ------
    ErnieError
    """
    request = replace(request, paths=call.paths)
    async with call.suggesting_models(request.model, "rerank"):
        payload = await _send(call, request)
    ranking = replies.parse_ranking(payload, request, call.service)
    call.count_usage(ranking.model, ranking.usage)
    return ranking


async def _send(call: PreparedCall, request: RerankRequest) -> dict[str, Any]:
    """Send the request to the one of two paths that the server has; it is remembered.

    Raises
    ------
    ErnieError
    """
    wire, base_url = call.protocol.rerank(request), call.endpoint.base_url
    known_paths = call.client.rerank_paths
    if wire.path != openai_style.RERANKERS or base_url in known_paths:
        return await call.send_json(wire._replace(path=known_paths.get(base_url, wire.path)))
    try:
        return await call.send_json(wire)
    except ErnieError as error:
        if not _lacks_path(error, request):
            raise
        first = error
    try:
        payload = await call.send_json(wire._replace(path=openai_style.RERANK))
    except ErnieError as error:
        if _lacks_path(error, request):
            raise first from None
        if isinstance(error, ServiceError):
            known_paths[base_url] = openai_style.RERANK
        raise
    known_paths[base_url] = openai_style.RERANK
    return payload


def _lacks_path(error: ErnieError, request: RerankRequest) -> bool:
    """Whether a server says that it has no such path, rather than no such model."""
    if not isinstance(error, ServiceError) or error.status not in _NO_SUCH_PATH:
        return False
    model = re.escape(request.endpoint or request.model)
    names_model = re.search(rf"(?<![\w.-]){model}(?![\w.-])", error.message, re.IGNORECASE)
    return error.code not in _NO_SUCH_MODEL and names_model is None
