"""`{{expr}}` in a prompt: one pass, from the user's namespace.

Single braces, JSON, code and LaTeX stay text.
"""

from __future__ import annotations

import ast
import asyncio
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.images.formats import EXTENSIONS
from ernie_magic.errors import InvalidExpression, InvalidOption, words
from ernie_magic.text.language import Text, clipped
from ernie_magic.text.redact import redact
from ernie_magic.text.suggest import near

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LITERAL = Text("要原样写 {{ 请加 --verbatim", "to write {{ as it is, add --verbatim")
_DEFINE = Text(
    "先在前面的单元格里给 {name} 赋值；要原样写双花括号请加 --verbatim",
    "give {name} a value in a cell above; to write double braces as they are, add --verbatim",
)
# The last two are raised for deeply nested code.
_NO_EXPRESSION = (
    SyntaxError,
    ValueError,
    MemoryError,
    RecursionError,
)
_UNFIT = 20  # `{{…}}` that are not expressions: each may cost a pass over its line
_TRIED, _LONGEST_TRIED = 50, 10_000  # `}}` and characters, where only trying decides
_MARK = re.compile(r"\"\"\"|'''|[\"'\[\](){}#]")
_F_STRING = re.compile(r"[fF][rR]?[\"']")
_STRINGS = {
    quote: re.compile(rf"[^\\\n{quote}]*(?:\\.[^\\\n{quote}]*)*{quote}", re.DOTALL)
    for quote in "\"'"
}
_STRINGS |= {
    q * 3: re.compile(rf"[^\\{q}]*(?:(?:\\.|{q}(?!{q}{q}))[^\\{q}]*)*{q * 3}", re.DOTALL)
    for q in "\"'"
}
_LOOKED_AT = 1000  # files of a folder
# Names in every namespace: nobody meant them.
_USUAL = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open", "ernie"})


def interpolate(text: str, namespace: Mapping[str, Any]) -> str:
    """`text` with each `{{expr}}` replaced by `str()` of its value.

    Braces in a value are not interpolated again.

    Parameters
    ----------
    text
        A prompt or an option's value.
    namespace
        The user's variables.

    Raises
    ------
    InvalidExpression
        Not an expression, an undefined name (close ones are listed), or the expression raised.
    """
    pieces, shown = [], 0
    for start, end, expression in _expressions(text):
        pieces += [text[shown:start], _evaluated(expression, namespace, str)]
        shown = end
    return "".join([*pieces, text[shown:]])


def named(word: str, namespace: Mapping[str, Any]) -> Any:
    """What a word of a magic's line names: a variable, or an expression of variables (`cats[1]`).

    A file name or an address stays text.

    Raises
    ------
    InvalidOption
        It names none of these.
    InvalidExpression
        The expression raised.
    """
    if word not in namespace and (
        word.startswith(("http://", "https://", "data:")) or _is_file(word)
    ):
        return word
    if not _is_expression(word) or not any(
        isinstance(node, ast.Name) and node.id in namespace
        for node in ast.walk(ast.parse(word.strip(), mode="eval"))
    ):
        close = near(
            word,
            [
                *(name for name in namespace if not name.startswith("_") and name not in _USUAL),
                *_files_beside(word),
            ],
            1,
        )
        raise InvalidOption(
            Text("没有叫 {name} 的变量或文件", "no variable or file {name}").fill(name=word[:100]),
            advice=Text("是不是 {close}？", "did you mean {close}?").fill(close=close[0])
            if close
            else Text(
                "写变量名（不加双花括号）或文件路径",
                "write a variable's name (no double braces) or a file's path",
            ),
        )
    return _evaluated(word.strip(), namespace, shown=word.strip())


def _files_beside(word: str) -> list[str]:
    """Files that a word may have meant."""
    folder = Path(word).parent
    try:
        return [
            str(folder / found.name) if folder != Path() else found.name
            for found in islice(folder.iterdir(), _LOOKED_AT)
            if found.suffix in EXTENSIONS
        ]
    except (OSError, ValueError, RuntimeError):
        return []


def _is_file(word: str) -> bool:
    try:
        return Path(word).expanduser().exists()
    # Too long, a null byte, or the home of an unknown user.
    except (OSError, ValueError, RuntimeError):
        return False


def spans(text: str) -> list[tuple[int, int]]:
    """Where the `{{expr}}`s of a text are."""
    return [(start, end) for start, end, _ in _expressions(text)]


def _expressions(text: str) -> Iterator[tuple[int, int, str]]:
    """Each `{{…}}`: it ends at the first `}}` that leaves a complete expression (`{{ {"a": {"b":
    1}} }}`).

    The time is linear in the text: brackets and quotes show, in one pass, where an expression may
    end. If no end fits, the error shows the shortest candidate. If very many do not fit, the last
    ones stay text.
    """
    at = first = line_end = unfit = 0
    while (start := text.find("{{", at)) >= 0 and unfit < _UNFIT:
        first = text.find("}}", start + 2) if first < start + 2 else first
        if first < 0:
            return
        if line_end < first:
            found = text.find("\n", first)
            line_end = found if found >= 0 else len(text)
        end = _end(text, start + 2, first, line_end)
        if end < 0:
            end, unfit = first, unfit + 1
        yield start, end + 2, text[start + 2 : end].strip()
        at = end + 2


def _end(text: str, start: int, first: int, stop: int) -> int:
    """Where the expression that begins at `start` ends, on the line of the first `}}`.

    -1 if it is not an expression.
    """
    end = _closing(text, start, stop)
    if end >= 0 and _is_expression(text[start:end]):
        return end
    # From Python 3.12 on (PEP 701) an f-string may contain its own kind of quotes, so its ends are
    # tried.
    tried = first
    for _ in range(_TRIED if _F_STRING.search(text, start, stop) else 0):
        if tried < 0 or tried - start > _LONGEST_TRIED:
            break
        if _is_expression(text[start:tried]):
            return tried
        tried = text.find("}}", tried + 1, stop)
    return -1


def _closing(text: str, at: int, stop: int) -> int:
    """The first `}}` outside all brackets and quotes, in one pass; -1 if there is none before
    `stop`.
    """
    depth = 0
    while mark := _MARK.search(text, at, stop):
        kind, at = mark.group(), mark.end()
        if kind in "([{":
            depth += 1
        elif kind in ")]" or (kind == "}" and depth):
            depth -= 1
        elif kind == "}":
            return mark.start() if text.startswith("}", at) and at < stop else -1
        elif kind == "#":
            line_end = text.find("\n", at, stop)
            line_end = line_end if line_end >= 0 else stop
            if not depth and (end := text.find("}}", at, line_end)) >= 0:
                return end
            at = line_end
        elif string := _STRINGS[kind].match(text, at, stop):
            at = string.end()
        else:
            return -1
        if depth < 0:
            return -1
    return -1


def _is_expression(source: str) -> bool:
    try:
        ast.parse(source.strip(), mode="eval")
    except _NO_EXPRESSION:
        return False
    return True


def _evaluated(
    expression: str,
    namespace: Mapping[str, Any],
    then: Callable[[Any], Any] = lambda value: value,
    shown: str = "",
) -> Any:
    shown = clipped(shown or f"{{{{{expression}}}}}", 64)
    try:
        code = compile(expression, "{{…}}", "eval")
    except _NO_EXPRESSION:
        raise InvalidExpression(
            Text("{source} 不是 Python 表达式", "{source} is not a Python expression").fill(
                source=shown
            ),
            advice=_LITERAL,
        ) from None
    try:
        return then(eval(code, dict(namespace)))  # noqa: S307  (the user's own code, in their own kernel)
    except NameError as error:
        name = _missing(error)
        close = near(name, [n for n in namespace if not n.startswith("_") and n not in _USUAL], 3)
        raise InvalidExpression(
            Text(
                "{source} 里的变量 {name} 没有定义", "{source}: the name {name} is not defined"
            ).fill(source=shown, name=name),
            advice=Text("是不是 {close}？", "did you mean {close}?").fill(close=", ".join(close))
            if close
            else _DEFINE.fill(name=name),
        ) from None
    # Whatever the user's expression raises is shown in one line.
    except (
        Exception,
        SystemExit,
        GeneratorExit,
        asyncio.CancelledError,
    ) as error:
        raise InvalidExpression(
            Text("{source} 出错：{kind}：{said}", "{source} raised {kind}: {said}").fill(
                source=shown,
                kind=type(error).__name__,
                said=redact(words(error), strict=True)[:200],
            )
        ) from error


def _missing(error: NameError) -> str:
    found = re.search(r"'([^']+)'", str(error))
    return error.name or (found.group(1) if found else "?")
