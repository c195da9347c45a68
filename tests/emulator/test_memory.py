"""What the emulator remembers of its user."""

import pytest

from ernie_magic.emulator.memory import recall_fact
from ernie_magic.emulator.replies import generate_reply


@pytest.mark.parametrize(
    ("told", "asked", "fact"),
    [
        ("My name is Ada. What is 2+2?", "What is my name?", "Ada"),
        ("Hi, I'm Bob", "Who am I?", "Bob"),
        ("My favourite colour is dark blue", "What's my favourite colour?", "dark blue"),
        ("我叫小明，今年 10 岁", "我叫什么？", "小明"),
        ("我的名字是李华。", "我的名字是什么", "李华"),
        ("我最喜欢的颜色是蓝色", "我最喜欢的颜色是什么？", "蓝色"),
    ],
)
def test_what_the_user_told_is_known_later(told, asked, fact):
    assert fact in recall_fact(asked, [told, "and then?"])


@pytest.mark.parametrize("asked", ["What is my name?", "我叫什么？", "My name is Ada.", "hello"])
def test_what_was_not_told_or_asked_is_not_recalled(asked):
    assert recall_fact(asked, ["What is my name?", "我叫什么？"]) is None


def test_the_last_that_was_told_counts():
    assert "Eve" in recall_fact("What is my name?", ["My name is Ada", "No, my name is Eve"])


def test_a_conversation_knows_the_name_it_was_told():
    messages = [
        {"role": "user", "content": "My name is Ada."},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "What is my name?"},
    ]
    assert "Ada" in "".join(generate_reply(messages, {}, "ernie-4.5-turbo-128k", 0).pieces)
