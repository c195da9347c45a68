"""Vectors are kept for what made them."""

import numpy as np

from ernie_magic.api.requests import EmbeddingRequest
from ernie_magic.config.credentials import Endpoint
from ernie_magic.config.services import AI_STUDIO, EMULATOR
from ernie_magic.storage import vector_cache as vector_store


def test_vectors_are_found_only_for_what_made_them(tmp_path):
    path = tmp_path / "v.sqlite3"

    def store(endpoint=None, **request):
        return vector_store.VectorStore(
            EmbeddingRequest(model="embedding-v1", texts=("a",))
            if not request
            else EmbeddingRequest(**request),
            endpoint or Endpoint(AI_STUDIO, "https://a/v3", None),
            path,
        )

    store().save_vectors({"a": np.array([1.0, 2.0])})
    assert store().find_vectors(["a", "b"])["a"].tolist() == [1.0, 2.0]
    for other in (
        store(model="tao-8k", texts=("a",)),
        store(model="embedding-v1", texts=("a",), parameters={"user": "me"}),
        store(Endpoint(AI_STUDIO, "https://b/v3", None)),
        store(Endpoint(EMULATOR, "https://a/v3", None)),
    ):
        assert other.find_vectors(["a"]) == {}
