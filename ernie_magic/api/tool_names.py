"""What a tool is called: a function's own name, or that of an object that is called like one."""

from __future__ import annotations

import inspect
from typing import Any


def name_of_callable(tool: Any) -> str:
    """Return a function's name; of an instance whose class has `__call__`, its `name` or the name
    of its class; "" for what has none (a partial, an object of C).
    """
    name = getattr(tool, "__name__", None)
    if name is None and call_method(tool) is not None:
        name = getattr(tool, "name", None)
        if not isinstance(name, str):
            name = type(tool).__name__
    return str(name or "")


def call_method(tool: Any) -> Any:
    """Return the `__call__` that an instance's class defines in Python, else None."""
    for owner in type(tool).__mro__:
        if "__call__" in vars(owner):
            method = vars(owner)["__call__"]
            return method if inspect.isfunction(method) else None
    return None


def name_of_described(tool: Any) -> str:
    """Return the name in a tool's JSON of any protocol, "" without one."""
    if not isinstance(tool, dict):
        return ""
    function = tool.get("function")
    if isinstance(function, dict):
        tool = function
    return str(tool.get("name") or "")
