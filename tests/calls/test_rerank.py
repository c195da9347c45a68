"""Documents ranked."""

import pytest

from ernie_magic import errors


def test_a_misspelled_model_is_refused_with_the_closest_id(session):
    with pytest.raises(errors.ModelNotFound, match="similar models: bce-reranker-base") as caught:
        session.rerank("cats", ["a cat", "a dog"], model="bce-reranker-bas")
    assert caught.value.suggestions == ("bce-reranker-base",)
