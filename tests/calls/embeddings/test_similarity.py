"""Vectors compared: the nearest, and points on a plane."""

import numpy as np

from ernie_magic.calls.embeddings import similarity


def test_points_on_a_plane_are_the_same_each_time_and_few_texts_do():
    rows = np.random.default_rng(0).normal(size=(6, 8))
    first, method = similarity.project_to_plane(rows)
    assert (first.shape, method) == ((6, 2), "PCA")
    assert np.array_equal(first, similarity.project_to_plane(rows)[0])
    for few in (rows[:1], rows[:2], rows[:, :1], np.full((3, 4), np.nan)):
        assert np.isfinite(similarity.project_to_plane(few)[0]).all()
    assert np.allclose(np.diag(similarity.cosine_similarities(rows)), 1)
