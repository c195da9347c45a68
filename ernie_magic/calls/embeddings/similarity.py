"""Uses of vectors: how similar texts are, which are nearest to one, and where they are on a
plane.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from ernie_magic.api.results import Embeddings

_NUMBERS = "fiu"  # numpy's kinds of floats and of whole numbers
_ROWS = 2  # dimensions of an array whose rows are vectors
_SEVERAL_QUERIES = Text(
    "一次只查一个查询，给了 {n} 个", "a search is for one query at a time, and {n} were given"
)
_EMBED_QUERIES = Text(
    "写成 [ernie.search(query, vectors) for query in ernie.embed(queries)]",
    "write [ernie.search(query, vectors) for query in ernie.embed(queries)]",
)
_EACH_VECTOR = Text(
    "写成 [ernie.search(query, vectors) for query in queries]",
    "write [ernie.search(query, vectors) for query in queries]",
)
_QUERY_FIRST = Text("查询写在前面", "the query comes first")
_WRITE_QUERY_FIRST = Text("写成 ernie.search(query, vectors)", "write ernie.search(query, vectors)")
_OTHER_MODEL = Text(
    "查询向量来自模型 {a}，文本向量来自 {b}",
    "{a} made the query's vector, and {b} the texts'",
)
# How services tell texts from queries: Voyage and NVIDIA (`input_type`), Cohere
# (https://docs.cohere.com/reference/embed), Jina (`task`), Gemini (`task_type`).
_TEXT_SIDE = re.compile(r"(|search_|retrieval[._])(document|passage)", re.IGNORECASE)
_SAME_MODEL = Text(
    "两边用同一个模型，也用同样的 extra，如 dimensions",
    "use the same model for both, and the same extra fields, such as dimensions",
)
_NO_VECTOR = Text("查询向量里有不是数的值", "the query's vector has values that are not numbers")
_SKIPPED = Text("嵌入时跳过或失败的文本没有向量", "a text that was skipped or failed has no vector")


@dataclass(frozen=True)
class Found:
    """A text that a search found.

    Attributes
    ----------
    text : str
    score : float
        Cosine similarity to the query, from -1 to 1.
    index : int
        Its position among the texts.
    """

    text: str
    score: float
    index: int

    def _python_value_(self) -> str:
        return self.text

    @printable
    def __repr__(self) -> str:
        return f"Found({self.text!r}, score={self.score:.3f}, index={self.index})"


def normalize_rows(vectors: np.ndarray) -> np.ndarray:
    """Return the rows scaled to length 1, as float32; rows of zeros or NaN become zeros.

    Parameters
    ----------
    vectors
        Of shape (n, dimensions), any float dtype.

    Returns
    -------
    numpy.ndarray
        Of the same shape, dtype float32.
    """
    import numpy as np

    rows = np.nan_to_num(np.asarray(vectors, dtype=np.float32))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: np.ndarray = rows / np.where(lengths == 0, 1, lengths)
    return scaled


def cosine_similarities(vectors: np.ndarray) -> np.ndarray:
    """Return the cosine similarity of each pair of rows, of shape (n, n), from -1 to 1.

    Parameters
    ----------
    vectors
        Of shape (n, dimensions), any float dtype.

    Returns
    -------
    numpy.ndarray
        Of shape (n, n), dtype float32; 0 where a row is zero or NaN.
    """
    rows = normalize_rows(vectors)
    products: np.ndarray = rows @ rows.T
    return products


def fields_for_query(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with which a query is embedded, where these were sent with its texts: what
    says that they are texts says that it is a query.
    """
    return {name: _query_side(value) for name, value in extra.items()}


def _query_side(value: Any) -> Any:
    found = _TEXT_SIDE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    return found[1] + ("QUERY" if found[2].isupper() else "query")


def read_query(query: Any, texts: object) -> Any:
    """Return what a search is for: a vector as an array of shape (dimensions,), or a text, in a
    list if it was given in one. What is neither is returned too, for who embeds it to refuse.

    Parameters
    ----------
    query
        A text, a vector (a row of `Embeddings`, a list or a column of numbers), or a list of one.
    texts
        What is searched.

    Raises
    ------
    InvalidMessages
        There are several, or the vector is of a text that has none.
    InvalidOption
        Another model made the texts' vectors.
    """
    import numpy as np

    from ernie_magic.api.results import Embeddings

    if isinstance(query, Embeddings):
        _check_models(query, texts)
        query = query.vectors
    if isinstance(query, (str, bytes, dict)) or hasattr(query, "columns"):
        return query
    if getattr(query, "ndim", None) == 0:
        return query.item()
    if not hasattr(query, "__iter__"):
        return query
    if not hasattr(query, "__len__"):
        query = list(query)
    vectors = _read_vectors(query)
    if vectors is None:
        _check_not_swapped(texts)
        return _only_one(list(query), _EMBED_QUERIES)
    vector = _only_one(vectors, _EACH_VECTOR)[0]
    if not np.isfinite(vector).all():
        raise InvalidMessages(_NO_VECTOR, advice=_SKIPPED)
    return vector


def _check_models(query: Embeddings, texts: object) -> None:
    """Refuse vectors for a query where texts are expected, and vectors of two models."""
    from ernie_magic.api.results import Embeddings

    _check_not_swapped(texts)
    if isinstance(texts, Embeddings) and texts.model != query.model:
        raise InvalidOption(_OTHER_MODEL.fill(a=query.model, b=texts.model), advice=_SAME_MODEL)


def _check_not_swapped(texts: object) -> None:
    """Refuse one text where several are expected, after several where the query is expected."""
    if isinstance(texts, str):
        raise InvalidMessages(_QUERY_FIRST, advice=_WRITE_QUERY_FIRST)


def _read_vectors(query: Any) -> np.ndarray | None:
    """Return vectors as rows, also one by itself; None for what is none."""
    import numpy as np

    try:
        numbers = np.asarray(query)
    except (TypeError, ValueError):  # rows of several lengths, say
        return None
    if numbers.dtype.kind not in _NUMBERS or numbers.ndim > _ROWS or not numbers.size:
        return None
    return np.atleast_2d(numbers).astype(np.float32)


def _only_one(queries: Any, advice: Text) -> Any:
    if len(queries) > 1:
        raise InvalidMessages(_SEVERAL_QUERIES.fill(n=len(queries)), advice=advice)
    return queries


def nearest_texts(query: np.ndarray, embeddings: Embeddings, k: int) -> list[Found]:
    """Return the `k` texts most similar to the query's vector, the best first.

    Parameters
    ----------
    query
        The query's vector, of shape (dimensions,), dtype float32.
    embeddings
        The texts and their vectors; rows of NaN are skipped.
    k
        At most this many texts.

    Raises
    ------
    InvalidOption
        The vectors have different lengths: another model made them.
    """
    import numpy as np

    if embeddings.shape[1] != len(query):
        raise InvalidOption(
            Text(
                "查询向量有 {a} 维，文本向量有 {b} 维",
                "the query's vector has {a} dimensions, the texts' have {b}",
            ).fill(a=len(query), b=embeddings.shape[1]),
            advice=_SAME_MODEL,
        )
    scores = normalize_rows(embeddings.vectors) @ normalize_rows(query[None, :])[0]
    known = np.flatnonzero(np.isfinite(embeddings.vectors).all(axis=1))
    best = known[np.argsort(-scores[known], kind="stable")][: max(0, k)]
    return [Found(embeddings.texts[i], float(scores[i]), int(i)) for i in best]


def project_to_plane(vectors: np.ndarray, method: str = "auto") -> tuple[np.ndarray, str]:
    """Return points on a plane, of shape (n, 2), and the method: "UMAP" where it is installed and
    there are enough texts, else "PCA".

    Parameters
    ----------
    vectors
        Of shape (n, dimensions), any float dtype.
    method
        "auto", "pca" or "umap".

    Raises
    ------
    InvalidOption
    """
    import numpy as np

    if method not in ("auto", "pca", "umap"):
        raise InvalidOption(
            Text(
                "method 的值“{value}”不在可选值中：auto | pca | umap",
                "method {value!r} is not one of: auto | pca | umap",
            ).fill(value=f"{method!s:.40}")
        )
    rows = normalize_rows(vectors)
    if method != "pca" and len(rows) > _ENOUGH:
        try:
            import umap
        except ImportError:
            if method == "umap":
                raise InvalidOption(
                    Text("没有安装 umap-learn", "umap-learn is not installed"),
                    advice=Text(
                        "pip install umap-learn，或用 pca", "pip install umap-learn, or use pca"
                    ),
                ) from None
        else:
            points: Any = umap.UMAP(n_components=2, metric="cosine", random_state=0).fit_transform(
                rows
            )
            return np.asarray(points, dtype=np.float32), "UMAP"
    centred = rows - rows.mean(axis=0)
    # The two axes along which the texts differ most; each axis's sign is fixed, so that the same
    # texts always give the same picture.
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2].sum(axis=1, keepdims=True) + 1e-9)
    projected = centred @ axes.T
    padded: np.ndarray = np.zeros((len(rows), 2), dtype=np.float32)
    padded[:, : projected.shape[1]] = projected
    return padded, "PCA"


_ENOUGH = 15  # texts: UMAP looks at each one's fifteen neighbours
