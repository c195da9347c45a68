"""Tools, as a model would use them: call the one whose name or description matches, use its result.

Sources: Qianfan V2, chat completions (https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb), and the
official client (https://github.com/baidubce/bce-qianfan-sdk).
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

from ernie_magic.emulator.schemas import check_list, check_object, sample_value


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
    schema = check_object(tool.get("parameters"), "parameters")
    required = check_list(schema.get("required"), "required")
    properties = check_object(schema.get("properties"), "properties")
    asked = {
        name: kind
        for name, kind in properties.items()
        if name in required or not isinstance(kind, dict) or "default" not in kind
    }
    wanted = {**schema, "type": "object", "properties": asked}
    given = sample_value(wanted, prompt, "", seed, root=schema)
    return json.dumps(given, ensure_ascii=False)


def answer_from_result(message: dict[str, Any], *, chinese: bool) -> str:
    """The answer that uses a tool's result."""
    name = message.get("name") or "tool"
    content = str(message.get("content"))[:500]
    if chinese:
        return f"根据 `{name}` 的结果：{content}\n\n（内置模拟器的回答，没有真实模型参与。）"
    return f"According to `{name}`: {content}\n\n(Simulated: no model was asked.)"
