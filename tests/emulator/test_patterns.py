"""Texts that match a schema's pattern."""

import re
import time

import pytest

from ernie_magic.emulator.patterns import text_for_pattern, words_of


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[a-z]+@[a-z]+\.com$",
        r"^[A-Z]{2}-\d{4}$",
        r"^\d{3}-\d{3,4}-\d{4}$",
        r"^(positive|negative|neutral)$",
        r"^(?:red|green)+$",
        r"^(?P<year>\d{4})-(?P<month>\d\d)$",
        r"\d+",
        r"^[^\d\s]{5}$",
        r"^#[0-9a-fA-F]{6}$",
        r"^\+?[1-9]\d{1,14}$",
        r"^v\d+\.\d+\.\d+(-[\w.]+)?$",
        r"^[\u4e00-\u9fa5]{2,4}$",
        r"^.{3}\x41\/$",
        r"^x{$",
        r"^a*?b+?c??$",
        r"^[+-]?\d{1,3}(,\d{3})*$",
        "",
    ],
)
def test_a_text_that_is_made_matches(pattern):
    for key in "abcdefgh":
        assert re.search(pattern, text_for_pattern(pattern, [], 0, 1000, key), re.ASCII)


def test_the_prompt_s_word_is_preferred():
    words = words_of("订单 AB-1234 和 CD-99，发给 wang@shop.com。")
    assert text_for_pattern(r"^[A-Z]{2}-\d{4}$", words, 0, 1000, "") == "AB-1234"
    assert text_for_pattern(r"^[a-z]+@[a-z]+\.com$", words, 0, 1000, "") == "wang@shop.com"


def test_the_length_is_kept():
    assert len(text_for_pattern("^[a-z]+$", ["ab"], 7, 7, "")) == 7
    assert 900 <= len(text_for_pattern("^[a-z]+-[0-9]*$", ["ab"], 900, 1000, "")) <= 1000
    assert text_for_pattern("^[a-z]{3}$", [], 7, 9, "") is None


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?=a)b",
        r"(?!a)b",
        r"(?<=a)b",
        r"(a)\1",
        r"\bword",
        r"\p{L}+",
        "(",
        "a)",
        "[",
        "[z-a]",
        "*",
        "a{2,1}",
        "a{999999999}",
        "((((){99999}){99999}){99999})",
        "x" * 2000,
        "(" * 450 + ")" * 450,
    ],
)
def test_what_is_not_simple_is_left_alone(pattern):
    assert text_for_pattern(pattern, ["b"], 0, 1000, "") is None


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^a*a*a*a*a*a*a*a*$", "(a?){30}a{30}$"])
def test_a_pattern_that_is_searched_for_ever_is_not_searched_in_the_prompt(pattern):
    started = time.thread_time()
    text_for_pattern(pattern, ["a" * 60 + "!"], 0, 1000, "")
    assert time.thread_time() - started < 0.5
