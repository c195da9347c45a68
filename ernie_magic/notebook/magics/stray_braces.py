"""Braces around a name that are not `{{name}}`: not closed, the wide ones of a Chinese keyboard, or
single as in an f-string. They are sent as they stand.
"""

from __future__ import annotations

import re
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidExpression
from ernie_magic.notebook.magics.interpolate import (
    LITERAL,
    expression_spans,
    free_names,
    user_names,
)
from ernie_magic.text.language import Text, clip_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

# Arguments of LaTeX (`\frac{a}`, `x_{i}`), of a shell (`${name}`) or of a call begin otherwise.
_NO_ARGUMENT = r"(?<![A-Za-z0-9_{｛}｝$\\^\])>/])"
_UNCLOSED = re.compile(_NO_ARGUMENT + r"\{\{[ \t]*([^\W\d]\w*)")
_ASCII_NAME = re.compile(r"\w*", re.ASCII)  # `city` of `{{city的`
_IN_TWO = re.compile(r"[{｛]{2}([^{}｛｝\n]{1,200})[}｝]{2}")
_SINGLE = re.compile(_NO_ARGUMENT + r"[{｛]([^\W\d]\w*)[}｝](?![}｝])")
_CODE = re.compile(r"```(?s:.*?)(?:```|\Z)|`[^`\n]*`|\b[fF][rR]?[\"'].*")
_NOT_MEANT = (ModuleType, FunctionType, BuiltinFunctionType, type)  # variables that are no values
_SHOWN = 64  # characters of what stands in braces
_NOT_CLOSED = Text("{source} 没有用 }}}} 结束", "{source} is not closed by }}}}")
_WIDE_BRACES = Text("{source} 用了全角花括号", "{source} has full-width braces")
# As IPython fills in the line of a magic ("Shell assignment" in its reference), and a shell does.
_AS_IPYTHON = re.compile(r"\$?\{[ \t]*([^\W\d]\w*)[ \t]*\}|\$([^\W\d]\w*)")
_NO_VALUE = Text("{source} 不会换成变量的值", "{source} is not replaced by the variable's value")
_WRITE_VALUE = Text("写成 {{{{{name}}}}}；{literal}", "write {{{{{name}}}}}; {literal}")


def check_braces(text: str, names: Container[str]) -> None:
    """Check that no braces around a name are left open, or full-width.

    Parameters
    ----------
    text
        A prompt or an option's value.
    names
        Those that have a value: the user's variables, a table's columns.

    Raises
    ------
    InvalidExpression
    """
    if not any(mark in text for mark in ("{{", "｛", "｝")):
        return
    for piece in _pieces_between(text):
        for found in _IN_TWO.finditer(piece):
            is_wide = not found[0].startswith("{{") or not found[0].endswith("}}")
            if is_wide and free_names(found[1]):
                raise _make_error(_WIDE_BRACES, found[0], found[1].strip())
        for found in _UNCLOSED.finditer(piece):
            whole = found[1]
            beginning = _ASCII_NAME.match(whole)
            for name in (whole, beginning[0] if beginning else ""):
                if name in names:
                    raise _make_error(_NOT_CLOSED, f"{{{{{whole}", name)


def check_whole_value(value: str, namespace: Mapping[str, Any]) -> None:
    """Check that an option's value is not a variable as IPython fills one in: `$name`, `{name}`.

    Raises
    ------
    InvalidExpression
    """
    found = _AS_IPYTHON.fullmatch(value)
    name = found[1] or found[2] if found else ""
    if name in user_names(namespace) and not isinstance(namespace[name], _NOT_MEANT):
        raise _make_error(_NO_VALUE, value, name)


def find_unfilled(text: str, namespace: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the variables whose names stand in single braces, as an f-string would fill them: in
    JSON, in code and in LaTeX braces are ordinary, so they are looked for in words alone.
    """
    if "{" not in text and "｛" not in text:
        return ()
    words = "\n".join(_CODE.sub(" ", piece) for piece in _pieces_between(text))
    known = set(user_names(namespace))
    return tuple(
        dict.fromkeys(
            name
            for name in _SINGLE.findall(words)
            if name in known
            and (len(name) > 1 or not name.isascii())
            and not isinstance(namespace[name], _NOT_MEANT)
        )
    )


def _pieces_between(text: str) -> Iterator[str]:
    """Iterate over what stands between the expressions of a text."""
    copied_until = 0
    for start, end in expression_spans(text):
        yield text[copied_until:start]
        copied_until = end
    yield text[copied_until:]


def _make_error(what: Text, source: str, name: str) -> InvalidExpression:
    return InvalidExpression(
        what.fill(source=clip_text(source, _SHOWN)),
        advice=_WRITE_VALUE.fill(name=clip_text(name, _SHOWN), literal=LITERAL),
    )
