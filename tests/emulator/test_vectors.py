"""Vectors of the emulator."""

import pytest

from ernie_magic.emulator.vectors import embed_text


def product(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("model", "size"), [("embedding-v1", 384), ("bge-large-zh", 1024)])
def test_a_vector_has_the_model_s_length_and_is_a_unit_vector(model, size):
    for text in ("猫", "", "two words"):
        vector = embed_text(text, model, 0)
        assert len(vector) == size
        assert product(vector, vector) == pytest.approx(1)


def test_texts_that_share_words_are_closer_than_others():
    cats, fed, market = (
        embed_text(text, "embedding-v1", 0) for text in ("猫在睡觉", "猫在吃鱼", "股票大涨")
    )
    assert product(cats, fed) > product(cats, market) + 0.1


def test_equal_texts_and_seeds_have_equal_vectors():
    assert embed_text("a", "embedding-v1", 0) == embed_text("a", "embedding-v1", 0)
    assert embed_text("a", "embedding-v1", 0) != embed_text("a", "embedding-v1", 1)
