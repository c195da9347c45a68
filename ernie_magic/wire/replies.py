"""Whole replies as results: vectors, pictures, rankings. The protocols agree on their shapes but for a name or two."""

from __future__ import annotations

import base64
import binascii
import json
import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ernie_magic.keys import scrub
from ernie_magic.results import Ranked, Ranking
from ernie_magic.wire.failures import not_the_api
from ernie_magic.wire.protocol import safe, usage_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from ernie_magic.errors import ProtocolError
    from ernie_magic.requests import ImageRequest, RerankRequest
    from ernie_magic.usage import Usage

_PICTURES = 4  # the most that the documents let one call ask for (seed 000)
_URL, _NAME = 8192, 200  # characters of a link, of a name: more is none
_LARGE = 2**53  # what JSON's readers agree on


class VectorsReply(NamedTuple):
    """A reply of vectors.

    Attributes
    ----------
    vectors : numpy.ndarray
        Of shape (texts, dimensions), float32, in the order of the texts whatever order they came in.
    model : str
        "" when the service does not say.
    usage : Usage
    """

    vectors: np.ndarray
    model: str
    usage: Usage


def vectors(payload: Mapping[str, Any], count: int) -> VectorsReply:
    """The vectors of an embeddings reply for so many texts.

    Raises
    ------
    ProtocolError
        One is missing, or is no vector.
    """
    import numpy as np

    by_index: dict[int, np.ndarray] = {}
    try:
        for place, item in enumerate(payload["data"]):
            by_index[int(item.get("index", place))] = _vector(item["embedding"])
        found = np.stack([by_index[i] for i in range(count)])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise _not_expected(payload) from None
    if not found.shape[1] or not np.isfinite(found).all():
        raise _not_expected(payload)
    return VectorsReply(found, safe(payload.get("model") or "")[:_NAME], usage_of(payload.get("usage")))


def _vector(embedding: object) -> np.ndarray:
    """A list of floats, or base64 of little-endian 32-bit floats, as openai-python asks for by default."""
    import numpy as np

    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
    if not isinstance(embedding, list):
        raise TypeError("no vector")
    made = np.array(embedding, dtype=np.float32)
    if made.ndim != 1:
        raise TypeError("no vector")
    return made


class ImageItem(NamedTuple):
    """A picture as a reply has it.

    Attributes
    ----------
    b64 : str
        base64, perhaps as a `data:` URI; "" when there is a link.
    url : str
    revised_prompt : str
    seed : int | None
        As the service tells it.
    """

    b64: str
    url: str
    revised_prompt: str
    seed: int | None


class ImagesReply(NamedTuple):
    """A reply of pictures.

    Attributes
    ----------
    items : list of ImageItem
        In the order the service counts them.
    model, id : str
    usage : Usage
    created : float
        Seconds since the epoch.
    """

    items: list[ImageItem]
    model: str
    id: str
    usage: Usage
    created: float


def pictures(payload: dict[str, Any], request: ImageRequest) -> ImagesReply:
    """The pictures of a reply: `url`, `b64_json` (AI Studio) or `b64_image` (Qianfan); the one that has a value counts.

    The texts are taken out of `payload`: they are large, and need not be there twice. No more are looked at than were asked for.

    Raises
    ------
    ProtocolError
        There is none.
    """
    found: list[tuple[float, ImageItem]] = []
    data = payload.get("data")
    most = max(_PICTURES, request.parameters.get("n", 1))
    for place, item in enumerate(data[:most] if isinstance(data, list) else ()):
        if not isinstance(item, dict):
            continue
        packed = [text for name in ("b64_json", "b64_image") if isinstance(text := item.pop(name, None), str) and text]
        url, revised, index, seed = item.get("url"), item.get("revised_prompt"), _number(item.get("index")), _number(item.get("seed"))
        if not packed and isinstance(url, str) and url[:5].lower() == "data:":
            packed, url = [url], ""
        found.append((place if index is None else index, ImageItem(
            packed[0] if packed else "", _secure(safe(url)) if isinstance(url, str) and len(url) <= _URL else "", safe(revised) if isinstance(revised, str) else "",
            seed if isinstance(seed, int) else None)))
    if not any(item.b64 or item.url for _, item in found):
        raise _not_expected(payload)
    created, now = _number(payload.get("created")), time.time()
    return ImagesReply([item for _, item in sorted(found, key=lambda pair: pair[0])], safe(payload.get("model") or request.model)[:_NAME], safe(payload.get("id") or "")[:_NAME],
                       usage_of(payload.get("usage")), created if created is not None and 0 < created < now else now)


def _number(found: object) -> float | None:
    """A finite number; JSON's true, NaN and Infinity are none."""
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) and -_LARGE < found < _LARGE else None


def from_base64(text: str) -> bytes:
    """The bytes of base64 or of a `data:` URI.

    Raises
    ------
    ValueError
        It is neither.
    """
    bare = text[text.index(",") + 1 :] if text[:5].lower() == "data:" and "," in text[:200] else text
    try:
        return base64.b64decode(bare, validate=True)
    except binascii.Error:
        return base64.b64decode(bare.encode("ascii").translate(None, b" \t\r\n"), validate=True)  # lines, as MIME has them


def _secure(url: str) -> str:
    """The link as a notebook can show it: Baidu's storage gives http:// links, which a page served by https may not show
    (reference aistudio-and-ernie-today 2.5), and takes https.
    """
    try:
        plain = url.startswith("http://") and (urlsplit(url).hostname or "").endswith(".bcebos.com")
    except ValueError:
        plain = False
    return url.replace("http://", "https://", 1) if plain else url


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
