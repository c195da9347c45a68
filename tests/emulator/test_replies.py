"""Directives in a prompt, and the limits of an answer."""

import json

import pytest

from ernie_magic.emulator.replies import generate_reply


def reply(prompt, model="ernie-3.5-8k", seed=0, **given):
    return generate_reply([{"role": "user", "content": prompt}], given, model, seed)


@pytest.mark.parametrize(
    "text", ["hi there,  two\n\n blanks ", "你好，世界 and 一些词", "`x` **y**\t"]
)
def test_an_echo_is_the_prompt_to_the_byte(text):
    assert reply(f"[[echo]]{text}").full_text == text


def test_chunks_are_counted_and_pace_flag_finish_and_clear_are_set():
    found = reply("[[chunks=61]][[pace=2.5ms]][[flag=3]][[finish=content_filter]][[clear]]")
    assert len(found.pieces) == 61
    assert found.pieces[60] == "\n\n## 60\n\n"
    assert (found.pace, found.flag, found.finish_reason, found.clears_history) == (
        0.0025,
        3,
        "content_filter",
        True,
    )
    plain = reply("hi")
    assert (plain.pace, plain.flag, plain.finish_reason, plain.clears_history) == (
        None,
        0,
        "normal",
        False,
    )


def test_an_answer_ends_at_a_stop_word_or_at_its_limit():
    found = reply("[[echo]]one two three two", stop=["three", "two"])
    assert (found.full_text, found.finish_reason) == ("one ", "stop")
    found = reply("[[echo]]one two three", max_completion_tokens=2)
    assert (found.full_text, found.finish_reason) == ("one two", "length")
    assert reply("[[echo]]one two", max_completion_tokens=2).finish_reason == "normal"


def test_the_same_question_and_seed_give_the_same_answer():
    question = "给我一个表格和一段代码"
    assert reply(question) == reply(question)
    assert len({reply(question, seed=seed).full_text for seed in range(5)}) > 1


def test_only_reasoning_models_and_those_asked_to_think_first():
    assert reply("hi").reasoning == []
    assert "".join(reply("[[reasoning]]hi").reasoning).startswith("The user asks about 'hi'")
    assert reply("hi", model="ernie-5.0-thinking-preview").reasoning


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("a list, please", "1. **"),
        ("一个表格", "|---|---:|:---|"),
        ("python code", "```python"),
        ("写 300 字", "模拟器"),
    ],
)
def test_what_is_asked_for_is_in_the_answer_which_says_that_it_is_simulated(question, held):
    text = reply(question).full_text
    assert held in text
    assert "模拟" in text or "simulated" in text


def test_json_fits_the_schema():
    schema = {
        "type": "object",
        "properties": {"city": {"enum": ["北京", "上海"]}, "n": {"type": "integer"}},
    }
    given = {"type": "json_schema", "json_schema": {"schema": schema}}
    assert json.loads(reply("上海 7", response_format=given).full_text) == {"city": "上海", "n": 7}
    assert json.loads(reply("x", response_format={"type": "json_object"}).full_text)["simulated"]
