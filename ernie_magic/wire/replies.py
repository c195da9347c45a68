"""Whole replies as results: vectors, pictures, rankings. The protocols agree on their shapes except
for a name or two.
"""

from __future__ import annotations

import base64
import re
import struct
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from ernie_magic.api import values
from ernie_magic.api.models import Listed, ModelList
from ernie_magic.api.results import Ranked, Ranking
from ernie_magic.api.values import as_name, as_safe_text
from ernie_magic.errors import ProtocolError
from ernie_magic.text.language import Text, counted
from ernie_magic.wire.answers.usage import usage_of
from ernie_magic.wire.failures import (
    missing_picture_error,
    no_picture_error,
    unexpected_reply_error,
)
from ernie_magic.wire.inner_objects import inner_objects
from ernie_magic.wire.pictures.fields import OUTER_MARKS, PictureSearch, find_words
from ernie_magic.wire.refusals.parsing import parse_refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from ernie_magic.api.requests import ImageRequest, RerankRequest
    from ernie_magic.api.usage import Usage
    from ernie_magic.errors import ErnieError
    from ernie_magic.wire.pictures.fields import Found

_COUNTED_VECTORS, _COUNTED_TEXTS = counted("个向量", "vector"), counted("条文本", "text")
_MAX_PICTURES = 32  # of one reply that holds them itself
_PICTURES = 4  # the most that one call may ask for (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns)
# Characters of a link, which is dropped if longer, and of a revised prompt, which is cut.
_URL = 8192
_REVISED = 20_000
# Where a list of models stands, and what names one of them.
_MODEL_LISTS = (
    "data",
    "models",
    "result",
    "results",
    "output",
    "body",
    "items",
    "list",
    "model_list",
    "model_names",
)
_IDS = ("id", "model", "name", "model_id", "model_name", "modelId", "key", "slug")
_DATA_PREFIX = 200  # characters in which the data of a `data:` URI must begin
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
# A `data:` URI's beginning, or what is left of it, in whatever holds it: `image/png;base64,`,
# `![cat](data:image/png;base64,`, `<img src="data:…`; and what ends that.
_BASE64_PREFIX = re.compile(r"\A[^\n]{0,200}base64\s?,", re.IGNORECASE)
_BASE64_TAIL = re.compile(r"""["')>\]}#][^,\n]{0,40}\Z""")
# What a JSON text inside another or a line break leaves in base64.
_BASE64_NOISE = re.compile(
    r"\\[nrt]|[\s\\\"'`\ufeff\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064]+"
)
# Where vectors and rankings stand, and what an entry calls its parts: OpenAI's and Jina's words
# first, then those of Ollama, of Hugging Face's text-embeddings-inference (whose lists are bare),
# SGLang, Voyage, NVIDIA and DashScope.
_VECTOR_LISTS = ("data", "embeddings", "vectors")
_VECTORS = ("embedding", "vector")
_RANKING_LISTS = ("results", "data", "rankings")
_SCORES = ("relevance_score", "score", "relevanceScore", "logit")
_INDICES = ("index", "text_index")
_DEEPEST = 2  # objects around a list
# What a reply of this API has, be it without its list: a page of another address has none of it.
_OF_THIS_API = frozenset({"object", "model", "usage", "meta", *_VECTOR_LISTS, *_RANKING_LISTS})
_VECTOR_WORDS = Text("向量", "vectors")
_SCORE_WORDS = Text("分数", "scores")
_MAX_DIMENSIONS = 65_536  # numbers of a vector: known models have at most a few thousand


class VectorsReply(NamedTuple):
    """A reply of vectors.

    Attributes
    ----------
    vectors : numpy.ndarray
        Of shape (texts, dimensions), float32, in the order of the texts whatever order they arrived
        in; NaN for a text whose vector cannot be used.
    model : str
        "" when the service does not say.
    usage : Usage
    unusable : tuple of int
        Positions of the texts whose vector is missing, has another length than the others, is not
        all finite numbers, or is all zeros.
    """

    vectors: np.ndarray
    model: str
    usage: Usage
    unusable: tuple[int, ...] = ()


def parse_vectors(payload: Mapping[str, Any], count: int) -> VectorsReply:
    """Return the vectors of an embeddings reply for `count` texts.

    Parameters
    ----------
    payload
        The parsed JSON of the reply.
    count
        Number of texts that were sent.

    Returns
    -------
    VectorsReply
        `vectors` has shape (count, dimensions) and dtype float32.

    Raises
    ------
    ProtocolError
        There are not so many vectors, it is unclear whose they are, or none of them can be used.
    """
    import numpy as np

    items = _find_entries(payload, _VECTOR_LISTS)
    order = _order_by_index([_find_value(item, _INDICES) for item in items], count)
    if order is None:
        raise _unclear_vectors_error(payload, len(items), count)
    vectors = [_read_vector(_find_value(items[index], _VECTORS)) for index in order]
    lengths = Counter(len(vector) for vector in vectors if vector is not None).most_common(2)
    if not lengths:
        raise _missing_numbers_error(payload, _VECTOR_WORDS)
    if len(lengths) > 1 and lengths[0][1] == lengths[1][1]:
        raise unexpected_reply_error(payload)
    dimensions = lengths[0][0]
    matrix = np.full((count, dimensions), np.nan, dtype=np.float32)
    unusable = []
    for position, vector in enumerate(vectors):
        if vector is None or len(vector) != dimensions:
            unusable.append(position)
        else:
            matrix[position] = vector
    return VectorsReply(
        matrix,
        as_name(payload.get("model")),
        usage_of(payload.get("usage")),
        tuple(unusable),
    )


def _unclear_vectors_error(payload: Mapping[str, Any], got: int, count: int) -> ErnieError:
    """Return the error for vectors of which it is unclear whose they are."""
    if not got:
        return _missing_numbers_error(payload, _VECTOR_WORDS)
    error = unexpected_reply_error(payload)
    if type(error) is ProtocolError:
        error.what = Text(
            "{texts}来了 {vectors}，或编号不清，无法对应",
            "{vectors} came for {texts}, or the numbers are unclear, so that none can be told "
            "whose it is",
        ).fill(vectors=_COUNTED_VECTORS.fill(got), texts=_COUNTED_TEXTS.fill(count))
        error.cause = Text("服务漏掉或合并了文本", "the service left out texts, or joined some")
        error.advice = Text(
            "换一个模型，或一次只算一条", "use another model, or embed one text at a time"
        )
    return error


def _missing_numbers_error(payload: Mapping[str, Any], numbers: Text) -> ErnieError:
    """Return the error for a reply of the right kind that lacks its numbers: null, an empty list,
    zeros (https://github.com/huggingface/text-embeddings-inference/issues/51).
    """
    error = unexpected_reply_error(payload)
    if type(error) is ProtocolError and not _OF_THIS_API.isdisjoint(payload):
        error.what = Text(
            "回复里没有可用的{numbers}（空值、空列表、NaN、全零，或不是数字）",
            "the reply has no usable {numbers} (null, an empty list, NaN, only zeros, or no "
            "numbers)",
        ).fill(numbers=numbers)
        error.cause = Text(
            "模型不做这件事，或服务没能算出来",
            "the model is not made for this, or the server failed to compute them",
        )
        error.advice = Text(
            "换一个模型（%ernie models），或查看服务的日志",
            "use another model (%ernie models), or look into the server's log",
        )
    return error


def _read_vector(given: object) -> np.ndarray | None:
    """Return a vector of finite numbers that are not all zero; None for anything else. Zeros are
    what a server computes with a model that makes no vectors
    (https://github.com/ggml-org/llama.cpp/issues/23509): they are like nothing at all.
    """
    import numpy as np

    try:
        vector = _parse_vector(given)
    except (TypeError, ValueError, OverflowError):
        return None
    if not len(vector) or not np.isfinite(vector).all():
        return None
    if len(vector) > 1 and not vector.any():
        return None
    return vector


def _find_entries(payload: Mapping[str, Any], names: Sequence[str], depth: int = 0) -> list[Any]:
    """Return the list that a reply has under one of these names, perhaps inside an object of the
    gateway's own; an empty one where there is none.
    """
    for name in names:
        if isinstance(entries := payload.get(name), list):
            return entries
    if depth < _DEEPEST:
        for inner in inner_objects(payload):
            if entries := _find_entries(inner, names, depth + 1):
                return entries
    return []


def _find_value(entry: object, names: Sequence[str]) -> Any:
    """Return what an entry has under the first of these names, None for nothing; of a list, which
    is a vector by itself, the list as a vector.
    """
    if isinstance(entry, list):
        return entry if names is _VECTORS else None
    fields = values.as_object(entry)
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _order_by_index(reported: Sequence[object], count: int) -> Sequence[int] | None:
    """Return the positions of `count` items in the order of their indices; None when the indices
    are unclear.

    An item without an index is where it belongs. When the index of just one item is not a number,
    that item gets the one left over. Some servers number from 1, or give each item the same index:
    theirs are in the order of the texts.
    """
    if len(reported) != count:
        return None
    indices = [
        position if index is None else values.as_whole_number(index)
        for position, index in enumerate(reported)
    ]
    numbers = [index for index in indices if index is not None]
    if len(numbers) == count and None not in reported:
        if len(set(numbers)) == 1:
            return range(count)
        if min(numbers) == 1:
            indices = [number - 1 for number in numbers]
    odd = [position for position, index in enumerate(indices) if index is None]
    by_index = {index: position for position, index in enumerate(indices) if index is not None}
    left = [i for i in range(count) if i not in by_index]
    if len(odd) == len(left) == 1:
        by_index[left[0]] = odd[0]
        left = []
    if left:
        return None
    return [by_index[i] for i in range(count)]


def _parse_vector(embedding: object) -> np.ndarray:
    """Read a list of floats, or base64 of little-endian 32-bit floats, which openai-python asks for
    by default.
    """
    import numpy as np

    if isinstance(embedding, str):
        return np.frombuffer(decode_base64(embedding), dtype="<f4")
    if not isinstance(embedding, list) or len(embedding) > _MAX_DIMENSIONS:
        raise TypeError("no vector")
    with suppress(struct.error):  # twice as fast for a list of numbers as numpy itself
        return np.frombuffer(struct.pack(f"{len(embedding)}f", *embedding), dtype=np.float32)
    with np.errstate(over="ignore"):  # it becomes infinite, and is rejected
        made = np.array(embedding, dtype=np.float32)
    if made.ndim != 1:
        raise TypeError("no vector")
    return made


class ImageItem(NamedTuple):
    """A picture as a reply contains it.

    Attributes
    ----------
    b64 : str
        base64, perhaps as a `data:` URI; "" when there is a link.
    url : str
    revised_prompt : str
    seed : int | None
        As the service reports it.
    error : ErnieError | None
        What the service says in the place of a picture.
    """

    b64: str
    url: str
    revised_prompt: str
    seed: int | None
    error: ErnieError | None = None


class ImagesReply(NamedTuple):
    """A reply of pictures.

    Attributes
    ----------
    items : list of ImageItem
        In the order in which the service counts them.
    model, id : str
    usage : Usage
    created : float
        Seconds since the epoch.
    words : str
        What the model wrote beside them.
    refusal : str
        What the service says of others that failed.
    has_more : bool
        The reply has more pictures than these.
    """

    items: list[ImageItem]
    model: str
    id: str
    usage: Usage
    created: float
    words: str
    refusal: str
    has_more: bool


def parse_pictures(payload: dict[str, Any], request: ImageRequest) -> ImagesReply:
    """Return the pictures of a reply, wherever it holds them (`pictures.fields`).

    The texts are taken out of `payload`: they are large, and should not exist twice. A picture that
    the reply holds itself has been paid for, also one that was not asked for, such as the upscaled
    ones of a gateway to Midjourney; no more links are taken than pictures may be asked for.

    Raises
    ------
    ErnieError
        There is no picture.
    """
    max_links = max(_PICTURES, request.parameters.get("n", 1))
    numbered: list[tuple[float, ImageItem]] = []
    max_pictures = max(_MAX_PICTURES, max_links)
    found = PictureSearch(max_pictures + 1).find_pictures(payload)
    for position, picture in enumerate(found[:max_pictures]):
        if position >= max_links and not picture.b64:
            continue
        index = values.as_number(picture.facts.get("index"))
        if index is None:
            index = position
        numbered.append((index, _read_item(picture)))
    if not numbered:
        raise no_picture_error(payload)
    created = values.as_number(payload.get("created"))
    now = time.time()
    if created is None or not 0 < created < now:
        created = now
    ordered = [item for _, item in sorted(numbered, key=lambda pair: pair[0])]
    return ImagesReply(
        ordered,
        as_name(payload.get("model")) or as_safe_text(request.sent_model),
        as_name(payload.get("id")),
        usage_of(payload.get("usage")),
        created,
        _join_words(payload, request),
        _words_of_refusal(payload),
        len(found) > len(numbered),
    )


def _words_of_refusal(payload: Mapping[str, Any]) -> str:
    """Return what a reply says of pictures that failed beside those that it has, "" for nothing."""
    refusal = parse_refusal(payload)
    if refusal is None:
        return ""
    return as_safe_text(values.as_text(refusal.get("message"))[:_REVISED])


def _join_words(payload: Mapping[str, Any], request: ImageRequest) -> str:
    """Return what the model wrote beside its pictures; a repeated prompt is not that."""
    words = dict.fromkeys(find_words(payload))
    words.pop(request.prompt.strip(), None)
    return as_safe_text("\n".join(words)[:_REVISED])


def _read_item(picture: Found) -> ImageItem:
    link = ""
    if len(picture.link) <= _URL:
        link = _https_link(as_safe_text(picture.link))
    facts = picture.facts
    revised = as_safe_text(values.as_text(facts.get("revised_prompt"))[:_REVISED])
    error = None
    if not picture.b64 and not link:
        error = missing_picture_error(facts)
    seed = values.as_whole_number(facts.get("seed"))
    return ImageItem(picture.b64, link, revised, seed, error)


def decode_base64(text: str) -> bytes:
    """Return the bytes of base64 in either alphabet (RFC 4648, 4 and 5), with or without padding;
    or of a `data:` URI (RFC 2397). Blanks, invisible characters, quotes around it and percent
    encoding do not count.

    Raises
    ------
    ValueError
        It is neither.
    """
    bare = text.strip(OUTER_MARKS)
    if bare[:5].lower() == "data:" and "," in bare[:_DATA_PREFIX]:
        prefix, _, bare = bare.partition(",")
        is_text = "%" in bare or bare.lstrip().startswith("<")
        if is_text and not prefix.rstrip().lower().endswith(";base64"):
            return unquote_to_bytes(bare)
    try:
        return base64.b64decode(bare, validate=True)
    except ValueError:
        return _decode_written_base64(bare)


def _decode_written_base64(bare: str) -> bytes:
    """Return the bytes of base64 as programs write it: in lines, escaped, url-safe, unpadded."""
    if "%" in bare:
        bare = unquote_to_bytes(bare).decode("utf-8")
    # As Python shows bytes, or with the rest of a `data:` URI's beginning.
    bare = _BASE64_TAIL.sub("", _BASE64_PREFIX.sub("", bare.removeprefix("b'")))
    bare = _BASE64_NOISE.sub("", bare)
    packed = bare.encode("ascii").translate(_STANDARD_ALPHABET).rstrip(b"=")
    return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)


def _https_link(url: str) -> str:
    """Return the link with https: Baidu's storage gives http:// links, which a page served by https
    may not show, and accepts https.
    """
    try:
        plain = url.startswith("http://") and (urlsplit(url).hostname or "").endswith(".bcebos.com")
    except ValueError:
        plain = False
    if plain:
        return url.replace("http://", "https://", 1)
    return url


def parse_models(payload: Mapping[str, Any]) -> ModelList:
    """Return the models of a list, as servers write it: OpenAI's `data`, `models` (Ollama, Google),
    a list of names; entries with a name instead of an id. One without either is skipped.

    Raises
    ------
    ErnieError
        It is no list, or has nothing that names a model.
    """
    found = _entries_of_models(payload)
    if found is None:
        raise unexpected_reply_error(payload)
    entries = [{"id": entry} if isinstance(entry, str) else entry for entry in found]
    entries = values.as_objects(entries)
    ids = values.as_names([_id_of_model(entry) for entry in entries])
    listed = ModelList(Listed(id_, entry) for id_, entry in zip(ids, entries, strict=True) if id_)
    if found and not listed:
        raise unexpected_reply_error(payload)
    return listed


def _id_of_model(entry: Mapping[str, Any]) -> object:
    """Return what a call names a model by: its id; where that is an address, its name, as GitHub's
    list of models has it (`azureml://registries/…/models/gpt-4o-mini/versions/2`).
    """
    id_ = next((entry[name] for name in _IDS if entry.get(name)), None)
    if isinstance(id_, str) and "://" in id_:
        return entry.get("name") or id_
    return id_


def _entries_of_models(payload: Mapping[str, Any]) -> Sequence[Any] | None:
    """Return the list in a reply, also when it is wrapped twice or a table by id; an empty one for
    null, None where there is none.
    """
    given = [payload[name] for name in _MODEL_LISTS if name in payload]
    for value in given:
        if isinstance(value, list) and value:
            return value
    for value in values.as_objects(given):
        inner = _entries_of_models(value)
        if inner is not None:
            return inner
        if value and all(isinstance(entry, dict) for entry in value.values()):
            return [{"id": id_, **entry} for id_, entry in value.items()]
    if any(value is None or value == [] for value in given):
        return ()
    return None


def parse_ranking(payload: Mapping[str, Any], request: RerankRequest, service: str) -> Ranking:
    """Return the documents of a rerank reply, the best first. A document without its text gets the
    one that was sent; one without a score is left out
    (https://github.com/ollama/ollama/pull/14172).

    Raises
    ------
    ProtocolError
    """
    sent = request.documents
    ranked_documents = []
    unscored = []
    found = _find_entries(payload, _RANKING_LISTS)
    for item in found[: len(sent)]:
        index = _index_of(item, sent)
        score = values.as_number(_find_value(item, _SCORES))
        if index is None:
            raise unexpected_reply_error(payload)
        if score is None:
            unscored.append(index)
            continue
        ranked_documents.append(Ranked(_document_text(item) or sent[index], score, index))
    is_empty_as_told = payload.get("results") == []
    if not ranked_documents and not is_empty_as_told:
        raise _missing_numbers_error(payload, _SCORE_WORDS)
    if len({ranked.index for ranked in ranked_documents}) != len(ranked_documents):
        raise unexpected_reply_error(payload)
    best_first = tuple(sorted(ranked_documents, key=lambda ranked: -ranked.score))
    return Ranking(
        best_first,
        request,
        usage_of(payload.get("usage")),
        as_name(payload.get("model")) or as_safe_text(request.sent_model),
        service,
        tuple(unscored),
    )


def _index_of(item: object, sent: Sequence[str]) -> int | None:
    """Return which document an item is about: the one that it numbers, else the one whose text it
    repeats.
    """
    index = values.as_whole_number(values.as_object(item).get("index"))
    if index is None and (repeated := _document_text(item)) in sent:
        index = sent.index(repeated)
    if index is None or not 0 <= index < len(sent):
        return None
    return index


def _document_text(item: object) -> str:
    """Return the document's text: some servers wrap it in an object."""
    document = values.as_object(item).get("document")
    if isinstance(document, dict):
        document = document.get("text")
    return values.as_text(document)
