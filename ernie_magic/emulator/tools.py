"""Tools, as a model would use them: call the one whose name or description matches, use its result.

Sources: Qianfan V2, chat completions (https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb), and the
official client (https://github.com/baidubce/bce-qianfan-sdk).
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

from ernie_magic.emulator.lexicon import find_actions, find_meanings, head_topic, word_forms
from ernie_magic.emulator.mentions import find_mentioned
from ernie_magic.emulator.schemas import check_list, check_object, sample_value

# Words of names and descriptions that say nothing of a tool's subject.
_EMPTY_WORDS = """
    get the set current this that with from return returns query given tool name value values
    number numbers city country location place data information user users your about what when
    where which have will result results string list text between into them they their also more
    than for and call calls called function using used use fetch run make does into some any all
    one two new
"""
_EMPTY_PAIRS = """
    查询 工具 获取 返回 函数 城市 指定 信息 数据 当前 用户 结果 内容 名称 进行 根据 使用 计算 输入
    输出 提供 支持 调用 接口 参数 数字 文本 地点 国家 今天 明天
"""
_FUNCTION_CHARACTERS = frozenset(
    "的了一个两三几是在和与或为这那某给对中把将并从到按用请可以有不其该"
)
_EMPTY_MEANINGS = """
    place.city place.country place.beijing place.shanghai place.hangzhou technology.data
    technology.program feeling.love sport.run sport.match family.date
"""
_ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide", "calculate"})
_SIGNS = {
    r"\d\s*\+\s*\d": "add",
    r"\d\s*[-−]\s*\d": "subtract",
    r"\d\s*[*×x]\s*\d": "multiply",
    r"\d\s*[/÷]\s*\d": "divide",
}
_NUMBER = re.compile(r"\d+(?:\.\d+)?|[零一二三四五六七八九十百千万]+")


def choose_functions(
    tools: list[dict[str, Any]],
    choice: Any,
    prompt: str,
    *,
    parallel: bool,
) -> list[dict[str, Any]]:
    """The functions to call for this prompt.

    Parameters
    ----------
    tools
        Functions: `name`, `description`, `parameters`.
    choice
        "none", "auto", "required" or the one to call (the API's `tool_choice`).
    parallel
        Whether several may be called at once.
    """
    if choice == "none" or not tools:
        return []
    if isinstance(choice, dict):
        name = check_object(choice.get("function"), "tool_choice.function").get("name")
        return [tool for tool in tools if tool["name"] == name][:1]
    is_only = len(tools) == 1
    matching = [tool for tool in tools if _matches_prompt(tool, prompt, is_only=is_only)]
    if not matching and choice == "required":
        matching = tools[:1]
    if not parallel:
        return matching[:1]
    return matching


def _matches_prompt(tool: dict[str, Any], prompt: str, *, is_only: bool) -> bool:
    """Whether a prompt says a tool's words, or means what they mean in the other language."""
    name = _split_name(tool["name"])
    described = str(tool.get("description") or "")
    asked_words = {form for word in _find_words(prompt) for form in word_forms(word)}
    words = {word for word in _find_words(name) if len(word) > 2}  # noqa: PLR2004
    words |= {word for word in _find_words(described) if len(word) > 3}  # noqa: PLR2004
    if any(
        form in asked_words
        for word in words - set(_EMPTY_WORDS.split())
        for form in word_forms(word)
    ):
        return True
    if any(pair in prompt for pair in _find_pairs(described)):
        return True
    told = f"{name} {described}"
    if is_only:
        told += f" {_describe_parameters(tool)}"
    return _concerns(told, prompt)


def _concerns(told: str, prompt: str) -> bool:
    """Whether a prompt is about what a tool's words mean, in either language."""
    if find_actions(told) & _asked_actions(prompt):
        return True
    meanings = {meaning for meaning, topic in find_meanings(told) if topic} - set(
        _EMPTY_MEANINGS.split()
    )
    heads = {head_topic(meaning) for meaning in meanings} - {""}
    return any(
        meaning in meanings or topic in heads for meaning, topic in find_meanings(prompt) if topic
    )


def _asked_actions(prompt: str) -> set[str]:
    """What a prompt asks to do: a calculation only where it has two numbers."""
    actions = find_actions(prompt)
    actions |= {name for sign, name in _SIGNS.items() if re.search(sign, prompt)}
    if len(_NUMBER.findall(prompt)) < 2:  # noqa: PLR2004
        return actions - _ARITHMETIC
    if actions & _ARITHMETIC:
        actions.add("calculate")
    return actions


def _describe_parameters(tool: dict[str, Any]) -> str:
    """The names of a tool's parameters, and what is said of them."""
    schema = tool.get("parameters")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return ""
    told = [_split_name(str(name)) for name in properties]
    told += [
        str(each.get("description") or "") for each in properties.values() if isinstance(each, dict)
    ]
    return " ".join(told)


def _split_name(name: str) -> str:
    """The words of `get_current_weather` and of `getCurrentWeather`."""
    return re.sub(r"[_\W]+|(?<=[a-z])(?=[A-Z])", " ", name)


def _find_words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _find_pairs(described: str) -> set[str]:
    """The pairs of characters that a description's subject is made of."""
    runs = re.findall(r"[\u4e00-\u9fff]+", described)
    pairs = {a + b for run in runs for a, b in pairwise(run)}
    return {
        pair for pair in pairs - set(_EMPTY_PAIRS.split()) if not _FUNCTION_CHARACTERS & set(pair)
    }


def fill_arguments(tool: dict[str, Any], prompt: str, seed: int) -> str:
    """JSON arguments for a function, filled from the prompt according to its schema."""
    schema = check_object(tool.get("parameters"), "parameters")
    required = check_list(schema.get("required"), "required")
    properties = check_object(schema.get("properties"), "properties")
    asked = {
        name: kind
        for name, kind in properties.items()
        if name in required or not isinstance(kind, dict) or "default" not in kind
    }
    if not any(_is_numeric(kind) for kind in asked.values()) and re.search(r"\d", prompt):
        # "3 portions" is for `quantity`, though it has a default.
        asked |= dict([each for each in properties.items() if _is_numeric(each[1])][:1])
    wanted = {**schema, "type": "object", "properties": asked}
    told = f"{_split_name(str(tool.get('name') or ''))} {tool.get('description') or ''}"
    given = sample_value(
        wanted, prompt, "", seed, root=schema, mentioned=find_mentioned(prompt, told)
    )
    return json.dumps(given, ensure_ascii=False)


def _is_numeric(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") in ("integer", "number")


def answer_from_result(name: str, content: str, *, chinese: bool) -> str:
    """The answer that uses a tool's result."""
    content = content[:500]
    if chinese:
        return f"根据 `{name}` 的结果：{content}\n\n（内置模拟器的回答，没有真实模型参与。）"
    return f"According to `{name}`: {content}\n\n(Simulated: no model was asked.)"
