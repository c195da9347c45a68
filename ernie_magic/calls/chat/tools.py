"""Python functions as tools: described to the model by their signature and docstring, and called
when it asks.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, ValuesView
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any

from ernie_magic.api.text_lists import parse_structure
from ernie_magic.api.tool_names import call_method, name_of_callable, name_of_described
from ernie_magic.errors import InvalidOption
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


# Most tool calls of one reply that are reported back to the model: further ones are left out.
MAX_ANSWERED = 100


def describe_function(function: Callable[..., Any]) -> dict[str, Any]:
    """Describe a Python function as a tool ("Tool 说明" on
    https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb): name, docstring, and a JSON schema from
    its annotations.

    Raises
    ------
    InvalidOption
        It has no name of its own (a lambda).
    """
    name = name_of_callable(function)
    if not name.isidentifier():
        raise InvalidOption(
            Text(
                "工具要有函数名（lambda、partial 没有）",
                "a tool needs a function name, which a lambda or a partial does not have",
            ),
            advice=Text("用 def 定义它", "define it with def"),
        )
    try:
        signature = inspect.signature(function)
    except ValueError:
        raise InvalidOption(
            Text("{name} 没有可读的参数表", "{name} has no signature that can be read").fill(
                name=name
            ),
            advice=Text("用 def 包一层", "wrap it in a def"),
        ) from None
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": _describe_purpose(function),
            "parameters": _describe_parameters(name, signature, function),
        },
    }


def _describe_purpose(function: Callable[..., Any]) -> str:
    """Return the docstring; of an instance, its method's before its class's."""
    method = call_method(function)
    own = (method.__doc__ if method is not None else "") or ""  # Python 3.13 describes None, too
    return inspect.cleandoc(own) or inspect.getdoc(function) or ""


def _describe_parameters(
    name: str,
    signature: inspect.Signature,
    function: Callable[..., Any],
) -> dict[str, Any]:
    """Describe a function's parameters as a JSON schema.

    Raises
    ------
    InvalidOption
        One of them can be given by position only.
    """
    # Loaded with the first function that is a tool.
    from ernie_magic.calls.chat.argument_schemas import (
        collect_definitions,
        describe_needed,
        describe_type,
    )
    from ernie_magic.calls.chat.arguments import resolve_parameter

    properties: dict[str, Any] = {}
    required = []
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise InvalidOption(
                Text(
                    "工具 {name} 的参数 {parameter} 只能按位置给出",
                    "the tool {name} takes {parameter} by position only",
                ).fill(name=name, parameter=parameter.name),
                advice=Text("去掉定义里的 /", "leave out the / in its definition"),
            )
        hint = resolve_parameter(function, parameter)
        if parameter.default is parameter.empty:
            properties[parameter.name] = describe_needed(hint)
            required.append(parameter.name)
            continue
        properties[parameter.name] = describe_type(hint)
        default = parameter.default
        if isinstance(default, Enum):
            default = default.value
        if _is_json(default):
            properties[parameter.name].setdefault("default", default)
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    if definitions := collect_definitions(schema):
        schema["$defs"] = definitions
    return schema


def split_tools(tools: object) -> tuple[object, dict[str, Callable[..., Any]]]:
    """Split tools as a caller gives them (functions, tool objects, JSON, or lists of these) into
    what is sent, and the functions by name.
    """
    functions: dict[str, Callable[..., Any]] = {}
    if tools is None or isinstance(tools, dict):
        return tools, functions
    tools_sent: list[Any] = []
    for tool in _flatten(tools):
        described = tool
        if callable(tool):
            described = describe_function(tool)
        name = name_of_described(described)
        # Which of the two a call means could not be told; JSON twice is left to the service.
        earlier = functions
        if callable(tool):
            earlier = {name_of_described(each): each for each in tools_sent}
        if name in earlier:
            raise InvalidOption(
                Text("两个工具都叫 {name}", "two tools are called {name}").fill(name=name)
            )
        if callable(tool):
            functions[name] = tool
        tools_sent.append(described)
    return tools_sent, functions


def _flatten(tools: object) -> Iterable[Any]:
    if isinstance(tools, str):
        # A text that is no JSON is refused with the others that are no tools.
        with suppress(ValueError):
            tools = parse_structure(tools)
    if isinstance(tools, (list, tuple, set, frozenset, Iterator, ValuesView)):
        for tool in tools:
            yield from _flatten(tool)
    else:
        yield tools


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
