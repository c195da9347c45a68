"""Vectors compared: the nearest, and points on a plane."""

import numpy as np
import pytest

from ernie_magic.calls.embeddings import similarity


@pytest.mark.parametrize(
    ("of_texts", "of_query"),
    [
        ("document", "query"),
        ("passage", "query"),
        ("search_document", "search_query"),
        ("retrieval.passage", "retrieval.query"),
        ("RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY"),
        ("text-matching", "text-matching"),
        (256, 256),
    ],
    ids=str,
)
def test_a_field_that_says_texts_says_query_of_a_query(of_texts, of_query):
    assert similarity.fields_for_query({"task": of_texts}) == {"task": of_query}


def test_points_on_a_plane_are_the_same_each_time_and_few_texts_do():
    rows = np.random.default_rng(0).normal(size=(6, 8))
    first, method = similarity.project_to_plane(rows)
    assert (first.shape, method) == ((6, 2), "PCA")
    assert np.array_equal(first, similarity.project_to_plane(rows)[0])
    for few in (rows[:1], rows[:2], rows[:, :1], np.full((3, 4), np.nan)):
        assert np.isfinite(similarity.project_to_plane(few)[0]).all()
    assert np.allclose(np.diag(similarity.cosine_similarities(rows)), 1)
