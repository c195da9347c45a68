"""Values within a Chinese sentence: Latin ones between spaces, Chinese names in quotes."""

import ast
import re
from pathlib import Path

import pytest

from ernie_magic.text import language
from ernie_magic.text.language import Counted, Text, untranslated


def said(template, **values):
    return Text(template, "{name}").say("zh", **values)


@pytest.mark.parametrize(
    ("template", "name", "sentence"),
    [
        ("没有叫 {name} 的模板", "行程", "没有叫“行程”的模板"),
        ("没有叫 {name} 的模板", "trip", "没有叫 trip 的模板"),
        ("没有叫 {name} 的模板", "我的 trip", "没有叫“我的 trip”的模板"),
        ("没有列 {name}", "评论", "没有列“评论”"),
        ("没有列 {name}，有：{name}", "评论", "没有列“评论”，有：评论"),
        ("{name} 是空的", "评论.csv", "“评论.csv”是空的"),
        ("{name} 是空的", "notes.csv", "notes.csv 是空的"),
        ("模板“{name}”缺少值", "行程", "模板“行程”缺少值"),
        ("读不了 {name}：坏了", "评论", "读不了“评论”：坏了"),
        ("写成 %ernie template save {name} 文本", "行程", "写成 %ernie template save 行程 文本"),
        ('用 ernie["{name}"] 提问', "行程", '用 ernie["行程"] 提问'),
        ("写成 {name}", "{{评论}}", "写成 {{评论}}"),
        ("没有{name}的地址", "OpenAI", "没有 OpenAI 的地址"),
        ("第{name}行", "3", "第 3 行"),
        ("没有列 {name}", "“评论”", "没有列 “评论”"),
        ("没有列 {name}", "", "没有列 "),
        ("还要 {name}，请稍等", "3 秒", "还要 3 秒，请稍等"),
        ("{name}：不对", "评论", "评论：不对"),
        ("工具 {name}{name} 在运行", "天气", "工具 天气天气 在运行"),
    ],
)
def test_a_name_is_set_apart(template, name, sentence):
    assert said(template, name=name) == sentence


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        (Text("百度千帆 V2", "Qianfan"), "现在使用百度千帆 V2"),
        (Text("OpenAI 兼容服务", "OpenAI"), "现在使用 OpenAI 兼容服务"),
        (untranslated("local"), "现在使用 local"),
    ],
)
def test_our_own_words_have_no_quotes(own, sentence):
    template = Text("现在使用 {name}", "now using {name}")
    assert template.fill(name=own).zh == sentence
    assert template.fill(name=own).en == f"now using {own.en}"


def test_figures_and_formats_are_as_they_were():
    assert said("{name:,} 个{name}", name=1234) == "1,234 个 1234"
    assert said("是 {name!r} 吗", name="评论") == "是 '评论' 吗"
    assert said("{name.real} 次，{{name}}", name=2) == "2 次，{name}"
    many = Text("{n:,} 轮", "{n} turns")
    assert Counted(many, many).fill(1000).zh == "1,000 轮"


def texts_of(path):
    """The sentences in a file, as pairs of Chinese and English."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Text":
            try:
                zh, en = map(ast.literal_eval, node.args)
            except ValueError:  # made of others
                continue
            yield zh, en


QUOTED = re.compile(r"“\{(\w+)|\{(\w+)!r|'\{(\w+)\}:")
CODE = re.compile(r"[\"']\{(\w+)\}[\"']")


def quoted_fields(sentence):
    """The fields that stand in quotes of the sentence; those of code are the same in both."""
    return {"".join(found) for found in QUOTED.findall(sentence)} - {*CODE.findall(sentence)}


def test_what_is_quoted_in_one_language_is_quoted_in_the_other():
    unlike = [
        (path.name, zh, en)
        for path in Path(language.__file__).parents[1].rglob("*.py")
        for zh, en in texts_of(path)
        if quoted_fields(zh) != quoted_fields(en)
    ]
    assert unlike == []


def test_a_quoted_field_is_found():
    assert quoted_fields("模板“{name}”没有 {b}") == {"name"} == quoted_fields("{name!r} has no {b}")
    assert quoted_fields("ernie['{name}']") == set()
