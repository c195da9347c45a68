"""Sentences in two languages."""

from pathlib import Path

import pytest

from ernie_magic.config.keys import Key
from ernie_magic.text.language import (
    CharacterJoiner,
    Counted,
    Text,
    clip_text,
    system_language,
    whole_characters,
)

TEXT = Text("第 {n} 行：{what}", "row {n}: {what}")


def test_a_sentence_is_said_in_the_language_asked_for():
    assert TEXT.say("zh", n=3, what="空") == "第 3 行：空"
    assert TEXT.say("en", n=3, what="empty") == "row 3: empty"


def test_braces_in_a_value_are_not_fields():
    assert TEXT.say("en", n=1, what="{n} {0} {") == "row 1: {n} {0} {"
    assert Text("{", "{").say("en") == "{"  # without values nothing is formatted


def test_a_value_may_be_a_sentence_in_both_languages():
    assert TEXT.fill(n=1, what=Text("空", "empty")) == ("第 1 行：空", "row 1: empty")


def test_no_value_shows_a_key():
    Key("zq-key-0123456789-abcdef")
    assert "0123456789" not in TEXT.say("en", n=1, what="zq-key-0123456789-abcdef")
    assert "0123456789" not in TEXT.say("en", n=1, what=Path("a") / "zq-key-0123456789-abcdef")


@pytest.mark.parametrize(
    ("text", "clipped"), [("abcd", "abcd"), ("abcde", "abc…"), ("", ""), ("猫狗鸟鱼虫", "猫狗鸟…")]
)
def test_a_long_text_is_clipped_to_the_limit_with_its_mark(text, clipped):
    assert clip_text(text, 4) == clipped


@pytest.mark.parametrize(
    ("text", "whole"),
    [("a\ud800b", "a\ufffdb"), ("\ud83d\ude00", "😀"), ("猫 😀", "猫 😀"), ("\udc00", "\ufffd")],
)
def test_half_characters_are_replaced_and_pairs_of_them_joined(text, whole):
    assert whole_characters(text) == whole


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "C", "LC_ALL": "zh_TW"}, "zh"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": ""}, "en"),
    ],
    ids=str,
)
def test_the_system_s_language_is_chinese_or_else_english(monkeypatch, variables, language):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert system_language() == language


def test_one_thing_is_counted_as_one_beside_what_else_a_sentence_says():
    left = Counted(
        Text("还有 {n} 行在 {place}", "{n} rows are in {place}"),
        Text("还有 {n} 行在 {place}", "{n} row is in {place}"),
    )
    here = Text("这里", "here")
    assert [left.fill(n, place=here).en for n in (0, 1, 2)] == [
        "0 rows are in here",
        "1 row is in here",
        "2 rows are in here",
    ]
    assert left.say("zh", 1, place="这里") == "还有 1 行在“这里”"


@pytest.mark.parametrize("text", ["你好", "It is 你 ok", "café", "a😀b", "😀"])
def test_a_character_whose_bytes_come_in_several_pieces_is_joined(text):
    pieces = [bytes([byte]).decode("utf-8", "surrogateescape") for byte in text.encode()]
    joiner = CharacterJoiner()
    assert "".join(map(joiner.feed, pieces)) + joiner.flush_remaining() == text
    assert not joiner.is_waiting


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["a\udce4\udcbd"], "a\ufffd"),
        (["a\udce4", "b"], "a\ufffdb"),
        (["a\udcff", "\udcbd b"], "a\ufffd\ufffd b"),
        (["\ud83d", "\ude00"], "😀"),
        (["\ud83d\udcbd"], "💽"),
        (["\ud83d", "\udcbd"], "💽"),
    ],
)
def test_bytes_without_the_others_are_replaced_and_pairs_are_no_bytes(pieces, text):
    joiner = CharacterJoiner()
    assert "".join(map(joiner.feed, pieces)) + joiner.flush_remaining() == text
