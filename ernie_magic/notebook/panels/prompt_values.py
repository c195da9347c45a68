"""`{{name}}` in a panel's prompt: a value of the notebook, as in a cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from ernie_magic.notebook.magics.interpolate import (
    expression_spans,
    interpolate,
    interpolate_lines,
    is_set_of_one,
)
from ernie_magic.notebook.magics.stray_braces import check_braces, find_unfilled

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_IN_F_STRING = re.compile(r"['\"\\{}\n#!:=]")


def fill_prompt(prompt: str) -> str:
    """A prompt with the values that its `{{…}}` name.

    Raises
    ------
    InvalidExpression
    """
    check_braces(prompt, _user_namespace())
    return interpolate(prompt, _user_namespace())


def fill_texts(texts: str) -> list[str]:
    """The texts of several lines, with the values that their `{{…}}` name.

    Raises
    ------
    InvalidExpression
    """
    check_braces(texts, _user_namespace())
    return interpolate_lines(texts, _user_namespace())


def find_single_braces(prompt: str) -> tuple[str, ...]:
    """The variables whose names stand in single braces, which are sent as they stand."""
    return find_unfilled(prompt, _user_namespace())


def python_code(prompt: str) -> str:
    """A prompt as a Python expression that fills its `{{…}}` in, "" if it has none. Nothing is
    evaluated here: it is shown while somebody types.
    """
    pieces: list[tuple[str, str]] = []  # words, and the expression after them
    copied_until = 0
    for start, end in expression_spans(prompt):
        words, expression = prompt[copied_until:start], prompt[start + 2 : end - 2].strip()
        copied_until = end
        if is_set_of_one(expression):
            pieces += [(words + "{", expression[1:-1].strip()), ("}", "")]
        else:
            pieces.append((words, expression))
    if not pieces:
        return ""
    pieces.append((prompt[copied_until:], ""))
    if not any(_NOT_IN_F_STRING.search(expression) for _, expression in pieces):
        return "f" + repr("".join(_f_string_piece(*piece) for piece in pieces))
    parts = []
    for words, expression in pieces:
        parts += [repr(words)] * bool(words) + [f"str({expression})"] * bool(expression)
    return " + ".join(parts)


def _f_string_piece(words: str, expression: str) -> str:
    escaped = words.replace("{", "{{").replace("}", "}}")
    return escaped + (f"{{{expression}}}" if expression else "")


def _user_namespace() -> Mapping[str, Any]:
    shell = get_ipython()
    return {} if shell is None else shell.user_ns
