"""The three frameworks build the very strings that the official client builds."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ernie_magic.errors import InvalidOption
from ernie_magic.qianfan.templates.frameworks import base_prompt, crispe_prompt, few_shot_prompt

PARTS = st.one_of(st.just(""), st.text(max_size=6))


@pytest.fixture(scope="module")
def official():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, where they are compiled now
        from qianfan.common.prompt.prompt import Prompt

    return Prompt


@settings(max_examples=20)
@given(parts=st.tuples(PARTS, PARTS, PARTS, PARTS))
def test_base(official, parts):
    assert base_prompt(*parts) == official.base_prompt(*parts)


@settings(max_examples=20)
@given(parts=st.tuples(PARTS, PARTS, PARTS, PARTS, PARTS))
def test_crispe(official, parts):
    assert crispe_prompt(*parts) == official.crispe_prompt(*parts)


@settings(max_examples=20)
@given(examples=st.lists(st.tuples(PARTS, PARTS), min_size=1, max_size=3), instruction=PARTS)
def test_few_shot(official, examples, instruction):
    assert few_shot_prompt(examples, instruction) == official.fewshot_prompt(instruction, examples)


@pytest.mark.parametrize("examples", [[], [("a",)], ["ab"], [5]])
def test_an_example_is_a_pair(examples):
    with pytest.raises(InvalidOption):
        few_shot_prompt(examples)


def test_empty_lines_of_a_base_prompt_stay():
    assert base_prompt("翻译", output_format="英文") == "指令:翻译\n\n\n输出格式:英文"
    assert crispe_prompt("翻译", personality="正式") == "指令：翻译\n输出风格：正式"
