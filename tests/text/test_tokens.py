"""Estimates of tokens: Chinese characters, and words times 1.3."""

import pytest

from ernie_magic.text.tokens import TokenCount, estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("你好", 2),
        ("one two three", 3),  # 3.9, rounded down
        ("你好 one two", 4),
        ("こんにちは", 5),
        ("안녕", 2),
        ("😀😀", 2),
        ("a" * 8, 1),
        ("a" * 9, 2),
        ("a" * 90, 14),  # 11 words
    ],
)
def test_the_rule_and_what_it_does_not_cover(text, tokens):
    assert estimate_tokens(text) == tokens


def test_a_count_is_a_number_and_says_whether_it_is_estimated():
    assert int(TokenCount(7)) == 7
    assert repr(TokenCount(7)) == "TokenCount(7, estimate: Chinese characters + words x 1.3)"
    assert repr(TokenCount(7, estimated=False, model="m")) == "TokenCount(7, model='m')"
