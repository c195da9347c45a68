"""Documents ranked, on the I/O thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.wire import replies

if TYPE_CHECKING:
    from ernie_magic.api.requests import RerankRequest
    from ernie_magic.api.results import Ranking
    from ernie_magic.wire.prepared_call import PreparedCall


async def rank_documents(call: PreparedCall, request: RerankRequest) -> Ranking:
    """Return the documents, the best first.

    Raises
    ------
    ErnieError
    """
    async with call.suggesting_models(request.model, "rerank"):
        payload = await call.send_rerank(call.protocol.rerank(request))
    ranking = replies.parse_ranking(payload, request, call.service)
    call.count_usage(ranking.model, ranking.usage)
    return ranking
