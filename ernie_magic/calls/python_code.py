"""Python code of values and calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Beginnings of lines that IPython removes from a cell.
_PROMPTS = re.compile(r"\s*(>>>|\.\.\.|In |\[)")


class Expression(str):
    """Code that stands for a value: `repr` of a list or dict that contains it writes it
    unchanged.
    """

    __slots__ = ()
    __repr__ = str.__str__


def python_call(function: str, first: object, options: Mapping[str, Any]) -> str:
    """Return a call with its first argument, and the options that are not None."""
    given = (
        f"{name}={python_literal(value)}" for name, value in options.items() if value is not None
    )
    return f"{function}({', '.join([python_literal(first), *given])})"


def python_literal(value: object) -> str:
    """Return a value as Python; a text of several lines is written on several lines where IPython
    does not change them.
    """
    if (
        not isinstance(value, str)
        or isinstance(value, Expression)
        or "\n" not in value
        or re.search(r'["\\]', value)
    ):
        return repr(value)
    lines = value.split("\n")
    # IPython removes blanks and prompts from a cell's lines, even inside a text.
    is_kept_as_is = all(
        line.isprintable() and not _PROMPTS.match(line) and (not line or line.strip())
        for line in lines
    )
    if is_kept_as_is:
        return f'"""{value}"""'
    return repr(value)
