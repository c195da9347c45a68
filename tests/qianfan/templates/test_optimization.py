"""A model rewrites a prompt; both texts are kept, and what has changed is shown."""

import asyncio
import time

import pytest

from ernie_magic.errors import InvalidOption, ProtocolError
from ernie_magic.qianfan.templates.optimization import compare_texts
from ernie_magic.qianfan.templates.prompt_template import make_template


def test_a_prompt_is_rewritten_beside_the_old_one(ernie, emulator):
    ernie.templates.save("trip", "Plan {days} days in {city}.")
    optimized = ernie.templates.optimize("trip", "shorter", model="ernie-4.5-turbo-32k")
    assert optimized.before == ernie.templates.get("trip")
    assert optimized.after.variables == ("days", "city")
    assert str(optimized).startswith("# Task\nPlan {days} days in {city}.\n")
    assert optimized.lost == ()
    request = emulator.requests[-1].body
    assert request["model"] == "ernie-4.5-turbo-32k"
    sent = request["messages"][-1]["content"]
    assert "The aim: shorter" in sent
    assert "to the letter: {days} {city}\n" in sent
    assert not ernie.history
    # Nothing is replaced unless it is saved.
    assert ernie.templates.get("trip").text == "Plan {days} days in {city}."
    assert ernie.templates.save("trip", optimized).text == str(optimized)


def test_it_can_be_awaited_and_asks_in_the_session_s_language(ernie, emulator):
    ernie.settings.language = "zh"
    optimized = asyncio.run(ernie.templates.aoptimize("写一首诗"))
    assert optimized.after.text.startswith("# 任务\n写一首诗\n")
    sent = emulator.requests[-1].body["messages"][-1]["content"]
    assert "不要加入变量" in sent
    assert "目标" not in sent.partition("提示词：")[0].partition("要求")[0]


@pytest.mark.parametrize(
    ("answer", "text", "lost"),
    [
        ("<START>in {city}<END>", "in {city}", ["days"]),
        ("<think>x <START>no<END></think>Here: <START>\n{city}, {days}\n<END> done", None, []),
        ("{days} in {city}", "{days} in {city}", []),
        ('<START>{"a": {city}}<END>', '{"a": {city}}', ["days"]),
        ("<START>in {town}<END>", "in {town}", ["days", "city"]),
    ],
)
def test_what_a_model_writes_is_read_with_its_variables(ernie, answer, text, lost):
    before = ernie.templates.make("[[echo]]{days} in {city}")
    optimized = read(ernie, before, answer)
    assert optimized.after.text == (text or "{city}, {days}")
    assert list(optimized.lost) == lost
    assert set(optimized.after.variables) == {"days", "city"} - set(lost)


def read(ernie, before, answer):
    from ernie_magic.qianfan.templates.optimization import read_answer

    return read_answer(before, ernie.chat(f"[[echo]]{answer}", history=False))


@pytest.mark.parametrize("answer", ["<START>in {ci", "<START><END>", " ", "<END> <START>"])
def test_an_answer_without_a_whole_prompt_is_an_error(ernie, answer):
    with pytest.raises(ProtocolError, match="no whole new prompt"):
        read(ernie, make_template("{city}"), answer)


def test_an_empty_prompt_is_not_sent(ernie, emulator):
    with pytest.raises(InvalidOption, match="the prompt is empty"):
        ernie.templates.optimize(" ")
    assert not emulator.requests


def test_changes_are_words_and_single_chinese_characters():
    changes = compare_texts("写一首短诗 about a cat", "写一首长诗 about the cat")
    assert changes == [
        ("same", "写一首"),
        ("removed", "短"),
        ("added", "长"),
        ("same", "诗 about "),
        ("removed", "a"),
        ("added", "the"),
        ("same", " cat"),
    ]
    assert compare_texts("", "a") == [("added", "a")]


def test_one_character_of_a_long_chinese_text_is_one_change():
    text = "".join(chr(0x4E00 + i * i % 301) for i in range(900))
    changes = compare_texts(text, f"{text[:400]}好{text[401:]}")
    assert [change for change in changes if change.kind != "same"] == [
        ("removed", text[400]),
        ("added", "好"),
    ]


def test_a_text_that_repeats_itself_costs_little():
    began = time.thread_time()
    for before, after in (
        ("a " * 600, "a b " * 300),
        ("写" * 4_000, "写好" * 2_000),
        ("x\n" * 20_000, "y\nx\n" * 10_000),
    ):
        changes = compare_texts(before, after)
        assert "".join(change.text for change in changes if change.kind != "added") == before
        assert "".join(change.text for change in changes if change.kind != "removed") == after
    assert time.thread_time() - began < 2  # minutes, compared word by word


def test_long_texts_are_compared_by_lines():
    lines = [f"line {i} of many words\n" for i in range(1_000)]
    changes = compare_texts("".join(lines), "".join([*lines[:500], "new\n", *lines[501:]]))
    assert [change for change in changes if change.kind != "same"] == [
        ("removed", lines[500]),
        ("added", "new\n"),
    ]


def test_it_is_shown_with_additions_and_deletions(ernie):
    from ernie_magic.notebook.display.templates import optimized_html, optimized_text

    optimized = read(ernie, make_template("<b> $1$ old {city}"), "<START><b> $1$ new text<END>")
    text = optimized_text(optimized, "en")
    assert text.startswith("<b> $1$ [-old-]{+new+} [-{city}-]{+text+}\n[ernie-3.5-8k · ")
    assert "⚠ the new prompt lacks: city" in text
    markup = optimized_html(optimized, "zh")
    assert ">old</del>" in markup
    assert ">text</ins>" in markup
    assert "<b>" not in markup
    assert "$1$" not in markup  # MathJax would read it as a formula
    assert "⚠ 新提示词里没有了：city" in markup
    assert repr(optimized) == ("Optimized('<b> $1$ new text', model='ernie-3.5-8k', lost=['city'])")
