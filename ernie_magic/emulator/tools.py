"""Tools, as a model would use them: call the one whose name or description matches, use its result.

Sources: Qianfan V2, chat completions (https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb), and the
official client (https://github.com/baidubce/bce-qianfan-sdk).
"""

from __future__ import annotations

import json
import random
import re
import time
from itertools import pairwise
from typing import Any

from ernie_magic.emulator.refusals import Refusal

_CITIES = (
    "北京",
    "上海",
    "杭州",
    "广州",
    "深圳",
    "成都",
    "西安",
    "南京",
    "武汉",
    "Beijing",
    "Shanghai",
    "Hangzhou",
    "Paris",
    "London",
    "Tokyo",
)


def choose_functions(
    tools: list[dict[str, Any]], choice: Any, prompt: str, *, parallel: bool
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
        name = _check_object(choice.get("function"), "tool_choice.function").get("name")
        return [tool for tool in tools if tool["name"] == name][:1]
    matching = [tool for tool in tools if _matches_prompt(tool, prompt)]
    if not matching and choice == "required":
        matching = tools[:1]
    if not parallel:
        return matching[:1]
    return matching


def _matches_prompt(tool: dict[str, Any], prompt: str) -> bool:
    lower = prompt.lower()
    words = [
        word
        for word in re.split(r"[_\W]+", tool["name"].lower())
        if len(word) > 2 and word not in ("get", "the", "set", "current")  # noqa: PLR2004
    ]
    described = str(tool.get("description") or "")
    han = re.findall(r"[\u4e00-\u9fff]", described)
    pairs = {a + b for a, b in pairwise(han)} - {"查询", "工具", "一个", "获取", "返回", "函数"}
    english = [
        word
        for word in re.findall(r"[a-z]{4,}", described.lower())
        if word not in ("tool", "that", "this", "with", "from", "return", "query")
    ]
    return any(word in lower for word in [*words, *pairs, *english])


def fill_arguments(tool: dict[str, Any], prompt: str, seed: int) -> str:
    """JSON arguments for a function, filled from the prompt according to its schema."""
    schema = _check_object(tool.get("parameters"), "parameters")
    required = _check_list(schema.get("required"), "required")
    properties = _check_object(schema.get("properties"), "properties")
    given = {
        name: sample_value(kind, prompt, name, seed)
        for name, kind in properties.items()
        if name in required or "default" not in _check_object(kind, name)
    }
    return json.dumps(given, ensure_ascii=False)


def sample_value(schema: Any, prompt: str, name: str, seed: int) -> Any:  # noqa: PLR0911  (a line for each type)
    """A value that fits a JSON schema, from the prompt where it has one.

    Raises
    ------
    Refusal
        It is not a schema.
    """
    schema = _check_object(schema, "schema")
    kind = schema.get("type")
    if choices := _check_list(schema.get("enum"), "enum"):
        return next((choice for choice in choices if str(choice) in prompt), choices[0])
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", prompt)]
    if kind in ("integer", "number"):
        # The second parameter takes the second number: the sum of 3 and 5.
        position = {"b": 1, "y": 1, "c": 2, "z": 2}.get(name, 0)
        number = float(random.Random(f"{seed}{name}").randint(1, 5))  # noqa: S311
        if numbers:
            number = numbers[min(position, len(numbers) - 1)]
        if kind == "integer":
            return int(number)
        return number
    if kind == "boolean":
        return True
    if kind == "array":
        return [sample_value(schema.get("items") or {"type": "string"}, prompt, name, seed)]
    if kind == "object":
        return {
            inner: sample_value(each, prompt, inner, seed)
            for inner, each in _check_object(schema.get("properties"), "properties").items()
        }
    if re.search(
        r"(?<![a-z])(?:time|date)|日期|时间|YYYY", name + str(schema.get("description") or "")
    ):
        seconds = time.time()
        if re.search(r"明天|tomorrow", prompt):
            seconds += 86_400
        return time.strftime("%Y-%m-%d", time.gmtime(seconds))
    return next(
        (city for city in _CITIES if city in prompt),
        re.split(r"[，。？！,.?!\n]", prompt.strip())[0][:20] or "…",
    )


def _check_object(given: Any, name: str) -> dict[str, Any]:
    if given is not None and not isinstance(given, dict):
        raise Refusal("malformed_json", f"Invalid Argument: {name:.80} must be an object")
    return given or {}


def _check_list(given: Any, name: str) -> list[Any]:
    if given is not None and not isinstance(given, list):
        raise Refusal("malformed_json", f"Invalid Argument: {name} must be a list")
    return given or []


def answer_from_result(message: dict[str, Any], *, chinese: bool) -> str:
    """The answer that uses a tool's result."""
    name, content = message.get("name") or "tool", str(message.get("content"))[:500]
    if chinese:
        return f"根据 `{name}` 的结果：{content}\n\n（内置模拟器的回答，没有真实模型参与。）"
    return f"According to `{name}`: {content}\n\n(Simulated: no model was asked.)"
