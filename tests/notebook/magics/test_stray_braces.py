"""Braces that were to be `{{name}}`: told before anything is sent, or below the answer."""

import math
import time

import pytest

from ernie_magic.errors import InvalidExpression
from ernie_magic.notebook.magics.stray_braces import check_braces, find_unfilled

NAMES = {"city": "杭州", "name": "x", "n": 3, "城市": "杭州", "f": len, "math": math, "_": "y"}


@pytest.mark.parametrize(
    ("text", "source", "name"),
    [
        ("介绍{{city", "{{city", "city"),
        ("介绍{{city的天气", "{{city的天气", "city"),
        ("{{ city }", "{{city", "city"),
        ("{{city}} and {{city", "{{city", "city"),
        ("去{{城市\n吃什么", "{{城市", "城市"),
    ],
)
def test_a_name_in_braces_that_are_not_closed_is_told(text, source, name):
    with pytest.raises(InvalidExpression) as caught:
        check_braces(text, NAMES)
    assert caught.value.line("en") == (
        f"{source} is not closed by }}}}. What to do: write {{{{{name}}}}}; to write braces as they "
        "are, add --verbatim."
    )


@pytest.mark.parametrize(
    "text", ["｛｛city｝｝", "｛{city}｝", "{{city｝｝", "｛｛ city｝｝", "{{city}｝"]
)
def test_full_width_braces_are_told(text):
    with pytest.raises(InvalidExpression) as caught:
        check_braces(f"介绍{text}。", NAMES)
    assert caught.value.line("zh") == (
        f"{text} 用了全角花括号。怎么办：写成 {{{{city}}}}；要原样写花括号请加 --verbatim。"
    )


@pytest.mark.parametrize(
    "text",
    [
        "what does {{ mean in Jinja?",
        "how do {{ and }} differ from {% and %}?",
        "close it with }} at the end",
        "where the closing }} is missing",
        "int a[2][2] = {{1,2},{3,4}};",
        "int a[2][2] = {{x, y},\n {z, w} };",
        '{"a":{"b":1}}',
        '{"a": {"b": true}}',
        '... "ok": true}}',
        "{a: {b: nosuch}}",
        "function f() { if (x) { return nosuch}}",
        r"\frac{a}{\sqrt{nosuch}}",
        r"{{\bf nosuch}}"[:-2],
        "with: ${{ github.ref",
        "<p style={{color: red",
        "`{{nosuch` and `nosuch}}`",
        "```\n{{nosuch\n```",
        "f'{x}}' is an error",
        'if (a) {\n  b = {"c": {{n}}}\n}',
        r"\frac{{n}{m}",
        "｛注意｝",
        "｛｛｝｝",
        "{{city}}",
        "a { city",
    ],
)
def test_other_braces_are_left_alone(text):
    check_braces(text, NAMES)


@pytest.mark.parametrize(
    "text", ["介绍{city}的美食", "Tell me of {city}.", "｛city｝", "{city}{name}"]
)
def test_a_variable_in_single_braces_is_found(text):
    assert find_unfilled(text, NAMES) == ("city",)


@pytest.mark.parametrize(
    "text",
    [
        *(r"\text{name} and \frac{city}{name}", "x_{name}", "${name}", "{n}", "{f} {math}", "{_}"),
        *('f"hello {name}"', "```\nprint({name})\n```", "`{name}`", '{"a": {"name": 1}}'),
        *("{{name}}", "f(x){name}", "{nosuch}", "{name: 1}", "{name }"),
    ],
)
def test_braces_of_latex_code_and_json_are_ordinary(text):
    assert find_unfilled(text, NAMES) == ()


def test_a_long_prompt_costs_no_more_than_a_moment():
    began = time.thread_time()
    for text in ("{" * 100_000, "｛" * 100_000, "{a" * 50_000, "`" * 50_000 + "{", "{{ " * 30_000):
        check_braces(text, NAMES)
        find_unfilled(text, NAMES)
    assert time.thread_time() - began < 2.0
