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


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("weather is nice", "天气真好", "stocks fell today"),
        ("Stocks fell sharply", "股市大跌", "天气很好"),
        ("The noodles were delicious", "这家面馆很好吃", "昨晚的足球比赛"),
        ("讲一个睡前故事", "tell me a bedtime story", "推荐一些美食"),
        ("等了很久", "the waiter was slow", "鱼很新鲜"),
        ("怎么学习编程", "how do I learn Python?", "my dog is happy"),
        ("I have a headache", "我头疼，想看医生", "the train was cheap"),
    ],
)
@pytest.mark.parametrize(("model", "seed"), [("embedding-v1", 0), ("bge-large-zh", 3)])
def test_texts_of_one_meaning_are_close_in_both_languages(one, same, other, model, seed):
    one, same, other = (embed_text(text, model, seed) for text in (one, same, other))
    assert product(one, same) > 0.4
    assert abs(product(one, other)) < 0.25


def test_equal_texts_and_seeds_have_equal_vectors():
    assert embed_text("a", "embedding-v1", 0) == embed_text("a", "embedding-v1", 0)
    assert embed_text("a", "embedding-v1", 0) != embed_text("a", "embedding-v1", 1)


def test_a_text_with_the_very_word_is_nearer_than_others_of_its_topic():
    sought = embed_text("snow", "embedding-v1", 0)
    snow, sun, rain = (
        product(sought, embed_text(f"{text}, said Anna", "embedding-v1", 0))
        for text in ("Snow fell on the hills", "It was sunny all week", "Heavy rain is expected")
    )
    assert snow > max(sun, rain)
