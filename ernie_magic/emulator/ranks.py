"""Documents ranked by how close their vectors are to the query's.

Limits: "重排序Reranker" (https://cloud.baidu.com/doc/WENXINWORKSHOP/s/mlvvrcjbq).
"""

from __future__ import annotations

from typing import Any

from ernie_magic.api import parameters
from ernie_magic.emulator import checks, vectors
from ernie_magic.emulator.refusals import Refusal


def rank_documents(
    body: dict[str, Any],
    model: str,
    seed: int,
) -> tuple[str, list[str], list[dict[str, Any]]]:
    """The query, the documents and the results, best first.

    Raises
    ------
    Refusal
        The query or a document is empty or too long, or there are too many documents.
    """
    query = body.get("query")
    documents = body.get("documents")
    if not isinstance(query, str) or not query.strip():
        raise Refusal("malformed_json", "Invalid Argument: query can not be empty")
    if (
        not isinstance(documents, list)
        or not documents
        or not all(isinstance(text, str) for text in documents)
    ):
        raise Refusal("malformed_json", "Invalid Argument: documents must be a list of texts")
    if len(query) > parameters.MAX_QUERY:
        raise Refusal("characters_too_long", limit=parameters.MAX_QUERY)
    if len(documents) > parameters.MAX_DOCUMENTS:
        raise Refusal(
            "malformed_json", f"Invalid Argument: at most {parameters.MAX_DOCUMENTS} documents"
        )
    given = checks.check_parameters(body, "rerank", model)
    query_vector = vectors.embed_text(query, model, seed)
    scored = [
        {
            "document": text,
            "relevance_score": round(
                sum(
                    a * b
                    for a, b in zip(
                        query_vector, vectors.embed_text(text, model, seed), strict=True
                    )
                ),
                6,
            ),
            "index": i,
        }
        for i, text in enumerate(documents)
    ]
    scored.sort(key=lambda result: -float(result["relevance_score"]))
    return query, documents, scored[: given.get("top_n", len(scored))]
