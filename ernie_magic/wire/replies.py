"""Whole replies as results: vectors, pictures, rankings. The protocols agree on their shapes but for a name or two."""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from typing import TYPE_CHECKING, Any

from ernie_magic.keys import scrub
from ernie_magic.results import Embeddings, ImageSet, Picture, Ranked, Ranking
from ernie_magic.wire.failures import not_the_api
from ernie_magic.wire.protocol import usage_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.errors import ProtocolError
    from ernie_magic.requests import EmbeddingRequest, ImageRequest, RerankRequest


def vectors(payload: Mapping[str, Any], request: EmbeddingRequest, service: str) -> Embeddings:
    """The vectors of an embeddings reply, in the order of the texts whatever order they came in.

    Raises
    ------
    ProtocolError
        One is missing, or is no vector.
    """
    by_index: dict[int, tuple[float, ...]] = {}
    try:
        for place, item in enumerate(payload["data"]):
            by_index[int(item.get("index", place))] = _vector(item["embedding"])
        found = tuple(by_index[i] for i in range(len(request.texts)))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _not_expected(payload) from None
    if len({len(vector) for vector in found}) != 1:
        raise _not_expected(payload)
    return Embeddings(request.texts, found, request, usage_of(payload.get("usage")), str(payload.get("model") or request.model), service)


def _vector(embedding: object) -> tuple[float, ...]:
    """A list of floats, or base64 of little-endian 32-bit floats, as openai-python asks for by default."""
    if isinstance(embedding, str):
        raw = base64.b64decode(embedding, validate=True)
        return struct.unpack(f"<{len(raw) // 4}f", raw[: len(raw) // 4 * 4])
    if not isinstance(embedding, list) or not embedding:
        raise TypeError("no vector")
    return tuple(float(number) for number in embedding)


def pictures(payload: Mapping[str, Any], request: ImageRequest, service: str) -> ImageSet:
    """The pictures of an images reply: `url`, `b64_json` (AI Studio) or `b64_image` (Qianfan); the one that has a value counts.

    Raises
    ------
    ProtocolError
        None of them is a picture.
    """
    found = []
    data = payload.get("data")
    for place, item in enumerate(data if isinstance(data, list) else ()):
        if not isinstance(item, dict):
            continue
        packed = item.get("b64_json") or item.get("b64_image") or ""
        try:
            content = base64.b64decode(str(packed).partition("base64,")[2] or packed, validate=True)
        except (ValueError, TypeError, binascii.Error):
            continue
        if content or item.get("url"):
            index = item.get("index")
            found.append(Picture(content, str(item.get("url") or ""), index if isinstance(index, int) else place, str(item.get("revised_prompt") or "")))
    if not found:
        raise _not_expected(payload)
    return ImageSet(tuple(found), request, usage_of(payload.get("usage")), str(payload.get("model") or request.model), service, str(payload.get("id") or ""))


def ranking(payload: Mapping[str, Any], request: RerankRequest, service: str) -> Ranking:
    """The documents of a rerank reply, the best first; those that came without their text get the one that was sent.

    Raises
    ------
    ProtocolError
    """
    try:
        found = [Ranked(_document(item) or request.documents[item["index"]], float(item["relevance_score"]), item["index"])
                 for item in payload["results"]]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise _not_expected(payload) from None
    places = [ranked.index for ranked in found]
    good = all(isinstance(i, int) and 0 <= i < len(request.documents) for i in places) and len(set(places)) == len(places)
    if not good or not all(math.isfinite(ranked.score) for ranked in found):
        raise _not_expected(payload)
    best_first = tuple(sorted(found, key=lambda ranked: -ranked.score))
    return Ranking(best_first, request, usage_of(payload.get("usage")), str(payload.get("model") or request.model), service)


def _document(item: Mapping[str, Any]) -> str:
    """The document's text: some servers wrap it in an object."""
    found = item.get("document")
    return str((found.get("text") if isinstance(found, dict) else found) or "")


def _not_expected(payload: Mapping[str, Any]) -> ProtocolError:
    return not_the_api(200, scrub(json.dumps(payload, ensure_ascii=False, default=str)[:2000]))
