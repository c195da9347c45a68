"""`{{expr}}` in a prompt: one pass, from the user's namespace.

Single braces, JSON, code and LaTeX stay text.
"""

from __future__ import annotations

import ast
import asyncio
import json
import re
from collections.abc import Sized
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ernie_magic.api.requests import is_missing
from ernie_magic.calls.images.formats import EXTENSIONS
from ernie_magic.calls.tables.files import EXTENSIONS as TABLE_EXTENSIONS
from ernie_magic.errors import (
    ErnieError,
    InvalidExpression,
    InvalidOption,
    exception_message,
)
from ernie_magic.notebook.magics.prompt_values import prompt_text
from ernie_magic.storage.paths import find_path
from ernie_magic.text.language import Text, clip_text
from ernie_magic.text.plain_values import plain_value, shorten_floats
from ernie_magic.text.redact import redact
from ernie_magic.text.suggest import did_you_mean
from ernie_magic.text.whole_values import printing_whole, whole_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

LITERAL = Text("要原样写花括号请加 --verbatim", "to write braces as they are, add --verbatim")
_FORMAT = re.compile(r"(?P<value>.+?)\s*(?:=|(?:![rsa])?:[^:'\"\[\]]*|![rsa])")
_F_STRING_ADVICE = Text(
    "格式写在 f-string 里：{written}", "a format goes into an f-string: {written}"
)
_DEFINE = Text(
    "先在前面的单元格里给 {name} 赋值；{literal}", "give {name} a value in a cell above; {literal}"
)
_TRY_ALONE = Text("先在单独的单元格里试这个表达式", "try the expression in a cell of its own")
_TRY_ALONE_OR_LITERAL = Text(f"{_TRY_ALONE.zh}；{LITERAL.zh}", f"{_TRY_ALONE.en}; {LITERAL.en}")
_ITEMS = Text(
    "{name} 有 {n} 项：{name}[0] 到 {name}[{last}]",
    "{name} has {n} items: {name}[0] to {name}[{last}]",
)
_ONE_ITEM = Text("{name} 只有一项：{name}[0]", "{name} has one item: {name}[0]")
_NO_ITEM = Text("{name} 是空的", "{name} is empty")
_NAME_OR_PATH = Text("写变量名或文件路径", "write a variable's name or a file's path")
# The last two are raised for deeply nested code.
_EXPRESSION_ERRORS = (SyntaxError, ValueError, MemoryError, RecursionError)
# `{{…}}` that are not expressions: each may cost a pass over its line.
_MAX_INVALID_EXPRESSIONS = 20
# `}}` and characters, where only trying decides.
_MAX_END_ATTEMPTS = 50
_MAX_ATTEMPT_CHARACTERS = 10_000
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
_DISPLAYS = (ast.List, ast.Tuple, ast.Dict, ast.ListComp)
# A file's name that reads like an attribute of a variable.
_FILE_NAME = re.compile(
    r"\w+\.(?:csv|tsv|jsonl?|parquet|xlsx?|txt|md|pdf|png|jpe?g|gif|webp|bmp|tiff?)",
    re.IGNORECASE,
)
_IN_VARIABLE = re.compile(r"([^\W\d]\w*)[\[.]\S*")
# Between the items of a list, as people write one.
LIST_MARKS = (",", "，", "、", ";", "；")
_BETWEEN_NAMES = re.compile(f"[{''.join(LIST_MARKS)}]")
EACH_ONCE = Text("每个各写一次：{written}", "write it once for each: {written}")
_MAX_FILES = 1000  # files of a folder
# Names in every namespace: nobody meant them.
_BUILTIN_NAMES = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open", "ernie"})


def interpolate(text: str, namespace: Mapping[str, Any]) -> str:
    """`text` with each `{{expr}}` replaced by its value: of a text the text, of a table all its
    rows as CSV, of anything else what `str()` gives without leaving out a part.

    Braces in a value are not interpolated again. A third pair is text around a value, as in a
    table's prompt: `{{{name}}}`.

    Parameters
    ----------
    text
        A prompt or an option's value.
    namespace
        The user's variables.

    Raises
    ------
    InvalidExpression
        Not an expression, an undefined name (close ones are listed), or the expression raised; or
        its value has no words, or is too long (`prompt_text`).
    """
    pieces = []
    copied_until = 0
    for start, end, expression in _find_expressions(text):
        before = text[copied_until:start]
        after = ""
        if is_set_of_one(text[start + 2 : end - 2]):
            before += "{"
            after = "}"
            expression = expression[1:-1].strip()  # noqa: PLW2901
        as_words = partial(prompt_text, expression=expression)
        value = _evaluate_expression(expression, namespace, as_words)
        pieces += [before, value, after]
        copied_until = end
    return "".join([*pieces, text[copied_until:]])


def evaluate_braces(word: str, namespace: Mapping[str, Any]) -> Any:
    """Return the value of a word that is one `{{expr}}`.

    Raises
    ------
    InvalidExpression
    """
    return _evaluate_expression(word[2:-2].strip(), namespace)


def interpolate_lines(text: str, namespace: Mapping[str, Any]) -> list[str]:
    """The lines of `text` that are not blank, each with its `{{expr}}`s replaced by their values.

    A line break in a value begins no line, and a list or column that stands alone on a line is a
    line per item.

    Raises
    ------
    InvalidExpression
    """
    lines: list[str] = []
    for line in _split_lines(text):
        words = line.strip()
        if expression_spans(words) == [(0, len(words))]:
            expression = words[2:-2].strip()
            as_texts = partial(_item_texts, expression=expression)
            lines += _evaluate_expression(expression, namespace, as_texts)
        elif words:
            lines.append(interpolate(line, namespace))
    return lines


def _split_lines(text: str) -> Iterator[str]:
    """Iterate over the lines of a text; each expression is in one."""
    line = ""
    copied_until = 0
    for start, end in [*expression_spans(text), (len(text), len(text))]:
        first, *others = text[copied_until:start].split("\n")
        line += first
        for other in others:
            yield line
            line = other
        line += text[start:end]
        copied_until = end
    yield line


def _item_texts(value: Any, expression: str) -> list[str]:
    """The items of a list or column, each as its words; those of anything else as one text."""
    is_column = hasattr(value, "dtype") and getattr(value, "ndim", 1) == 1
    if is_column or isinstance(value, (list, tuple)):
        return ["" if is_missing(item) else prompt_text(item, expression) for item in value]
    return [prompt_text(value, expression)]


def interpolate_field(field: str, namespace: Mapping[str, Any]) -> str:
    """`name={{expr}}` of `--param`, interpolated: a value that is no text is written as JSON, as
    which the field is read; `str()` would make a text of it (`{'a': 1}`, `None`, `True`).

    Raises
    ------
    InvalidExpression
    """
    name, _, value = field.partition("=")
    if expression_spans(value) != [(0, len(value))]:
        return interpolate(field, namespace)
    written = _evaluate_expression(value[2:-2].strip(), namespace, _write_json)
    return f"{interpolate(name, namespace)}={written}"


def _write_json(value: object) -> str:
    """A value as JSON; a text, and what JSON does not have, as it is."""
    if isinstance(value, str):
        return value
    with suppress(TypeError, ValueError):
        return json.dumps(plain_value(value), ensure_ascii=False, default=_list_column)
    return whole_text(value)


def _list_column(value: Any) -> Any:
    """The items of a column of pandas."""
    if hasattr(value, "tolist"):
        return shorten_floats(value.tolist(), value.dtype)
    raise TypeError(type(value).__name__)


def resolve_name(word: str, namespace: Mapping[str, Any]) -> Any:
    """What a word of a magic's line names: a variable, or an expression of variables (`cats[1]`).

    A file name or an address stays text.

    Raises
    ------
    InvalidOption
        It names none of these.
    InvalidExpression
        The expression raised.
    """
    if word.startswith("{{") and word.endswith("}}"):
        word = _unwrap_braces(word[2:-2].strip())
    if word not in namespace and (
        word.startswith(("http://", "https://", "data:")) or _is_file(word)
    ):
        return word
    is_missing_file = _FILE_NAME.fullmatch(word) and not _has_attribute(word, namespace)
    if is_missing_file or not _is_expression(word) or not _has_value(word, namespace):
        known_names = [*user_names(namespace), *_list_neighbouring_files(word)]
        raise InvalidOption(
            Text("没有叫 {name} 的变量或文件", "no variable or file {name}").fill(name=word[:100]),
            advice=did_you_mean(word, known_names) or _NAME_OR_PATH,
        )
    return _evaluate_expression(word.strip(), namespace, source_text=word.strip())


def _unwrap_braces(source: str) -> str:
    """What the braces of a prompt would name; a text that is written out, as code that is shown has
    it, is the name itself.
    """
    if _is_expression(source):
        match ast.parse(source, mode="eval").body:
            case ast.Constant(value=str(name)):
                return name
    return source


def _has_attribute(word: str, namespace: Mapping[str, Any]) -> bool:
    """Whether `name.attribute` is one: a file's name looks alike."""
    name, _, attribute = word.partition(".")
    return name in namespace and hasattr(namespace[name], attribute)


def _has_value(expression: str, namespace: Mapping[str, Any]) -> bool:
    """Whether an expression has a variable of the user, or writes a list or a dictionary out."""
    tree = ast.parse(expression.strip(), mode="eval")
    if expression.strip()[0] in "[({" and isinstance(tree.body, _DISPLAYS):
        return True
    names = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return any(name in namespace for name in names)


def user_names(namespace: Iterable[str]) -> list[str]:
    """The names that a misspelled one may have meant."""
    return [name for name in namespace if not name.startswith("_") and name not in _BUILTIN_NAMES]


def _list_neighbouring_files(word: str) -> list[str]:
    """Files that a word may have meant."""
    folder = Path(word).parent
    try:
        # `Path() / "cat.png"` is "cat.png".
        return [
            str(folder / file.name)
            for file in islice(folder.iterdir(), _MAX_FILES)
            if file.suffix.lower() in (*EXTENSIONS, *TABLE_EXTENSIONS)
        ]
    except (OSError, ValueError, RuntimeError):
        return []


def names_value(word: str, namespace: Mapping[str, Any]) -> bool:
    """Whether a word names a variable, something in one (`cats[1]`), or a file; nothing is
    evaluated.
    """
    return word in namespace or _is_file(word) or _root_name(word) in namespace


def _root_name(word: str) -> str:
    """The variable that a word begins with, where something in it may follow."""
    found = _IN_VARIABLE.fullmatch(word)
    return found[1] if found else ""


def _is_file(word: str) -> bool:
    try:
        return find_path(word).exists()
    # Too long, a null byte, or the home of an unknown user.
    except (OSError, ValueError, RuntimeError):
        return False


def expression_spans(text: str, *, complete: bool = False) -> list[tuple[int, int]]:
    """Where the `{{expr}}`s of a text are; if `complete`, without those that are not Python."""
    return [
        (start, end)
        for start, end, expression in _find_expressions(text)
        if not complete or _is_expression(expression)
    ]


def _find_expressions(text: str) -> Iterator[tuple[int, int, str]]:
    """Each `{{…}}`: it ends at the first `}}` that leaves a complete expression (`{{ {"a": {"b":
    1}} }}`).

    The time is linear in the text: brackets and quotes show, in one pass, where an expression may
    end. If no end fits, the error shows the shortest candidate. If very many do not fit, the last
    ones stay text.
    """
    position = first_closing = line_end = invalid_count = 0
    while (start := text.find("{{", position)) >= 0 and invalid_count < _MAX_INVALID_EXPRESSIONS:
        if first_closing < start + 2:
            first_closing = text.find("}}", start + 2)
        if first_closing < 0:
            return
        if line_end < first_closing:
            line_end = _find_or_end(text, "\n", first_closing, len(text))
        end = _find_expression_end(text, start + 2, first_closing, line_end)
        if end < 0:
            end = first_closing
            invalid_count += 1
        yield start, end + 2, text[start + 2 : end].strip()
        position = end + 2


def _find_expression_end(text: str, start: int, first_closing: int, stop: int) -> int:
    """Where the expression that begins at `start` ends, on the line of the first `}}`.

    -1 if it is not an expression.
    """
    end = _find_closing_braces(text, start, stop)
    if end >= 0 and _is_expression(text[start:end]):
        return end
    # From Python 3.12 on (PEP 701) an f-string may contain its own kind of quotes, so its ends are
    # tried.
    if not _F_STRING.search(text, start, stop):
        return -1
    candidate_end = first_closing
    for _ in range(_MAX_END_ATTEMPTS):
        if candidate_end < 0 or candidate_end - start > _MAX_ATTEMPT_CHARACTERS:
            break
        if _is_expression(text[start:candidate_end]):
            return candidate_end
        candidate_end = text.find("}}", candidate_end + 1, stop)
    return -1


def _find_closing_braces(text: str, position: int, stop: int) -> int:
    """The first `}}` outside all brackets and quotes, in one pass; -1 if there is none before
    `stop`.
    """
    depth = 0
    while mark := _MARK.search(text, position, stop):
        kind = mark.group()
        position = mark.end()
        if kind in "([{":
            depth += 1
        elif kind in ")]" or (kind == "}" and depth):
            depth -= 1
        elif kind == "}":
            is_doubled = position < stop and text.startswith("}", position)
            return mark.start() if is_doubled else -1
        elif kind == "#":
            line_end = _find_or_end(text, "\n", position, stop)
            if not depth and (end := text.find("}}", position, line_end)) >= 0:
                return end
            position = line_end
        elif string := _STRINGS[kind].match(text, position, stop):
            position = string.end()
        else:
            return -1
        if depth < 0:
            return -1
    return -1


def _find_or_end(text: str, sought: str, start: int, stop: int) -> int:
    """Where `sought` is, or `stop` if it is not there."""
    found = text.find(sought, start, stop)
    return stop if found < 0 else found


def _is_expression(source: str) -> bool:
    try:
        ast.parse(source.strip(), mode="eval")
    except _EXPRESSION_ERRORS:
        return False
    return True


def free_names(source: str) -> list[str]:
    """The names whose values an expression takes from outside, in the order of their places; not
    those of functions that it calls; no names if it is not an expression.
    """
    if not _is_expression(source):
        return []
    nodes = list(ast.walk(ast.parse(source.strip(), mode="eval")))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    names = [node for node in nodes if isinstance(node, ast.Name) and id(node) not in called]
    # Of comprehensions, `:=` and `lambda`.
    bound = {name.id for name in names if not isinstance(name.ctx, ast.Load)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return [name.id for name in names if name.id not in bound]


def is_set_of_one(source: str) -> bool:
    """Whether an expression is another one in braces, as a set is written: `{name}`."""
    if source[:1] != "{" or source[-1:] != "}" or not _is_expression(source):
        return False
    tree = ast.parse(source, mode="eval").body
    return isinstance(tree, ast.Set) and len(tree.elts) == 1


def named_member(source: str) -> tuple[str, str]:
    """The variable and the name of an expression that takes one thing from another by its name:
    `df.review` or `df["review"]`; two empty texts for any other text.
    """
    if not _is_expression(source):
        return "", ""
    match ast.parse(source.strip(), mode="eval").body:
        case ast.Attribute(value=ast.Name(id=variable), attr=str(name)):
            return variable, name
        case ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str(name))):
            return variable, name
    return "", ""


def formatted_value(source: str) -> str:
    """The expression of one with a format, as braces in an f-string have it (`price:.2f`); "" for
    anything else.
    """
    formatted = _FORMAT.fullmatch(source.strip())
    if formatted is None or not _is_expression(formatted["value"]):
        return ""
    return formatted["value"]


def _advise_f_string(source: str) -> Text | None:
    """Return how to write an expression with a format, as braces in an f-string have one; None for
    anything else.
    """
    if not formatted_value(source):
        return None
    quote = '"' if "'" in source else "'"
    return _F_STRING_ADVICE.fill(written=f"{{{{f{quote}{{{source.strip()}}}{quote}}}}}")


def _evaluate_expression(
    expression: str,
    namespace: Mapping[str, Any],
    convert: Callable[[Any], Any] = lambda value: value,
    source_text: str = "",
) -> Any:
    # Outside braces, as in `--image cats[0]`, there are none to be written as they are.
    try_alone = _TRY_ALONE if source_text else _TRY_ALONE_OR_LITERAL
    source_text = clip_text(source_text or f"{{{{{expression}}}}}", 64)
    try:
        code = compile(expression, "{{…}}", "eval")
    except _EXPRESSION_ERRORS:
        raise InvalidExpression(
            Text("{source} 不是 Python 表达式", "{source} is not a Python expression").fill(
                source=source_text
            ),
            advice=_advise_f_string(expression) or LITERAL,
        ) from None
    try:
        with printing_whole():  # an expression may print a table itself: `f"{df}"`
            return convert(eval(code, dict(namespace)))  # noqa: S307  (the user's own code, in their own kernel)
    except InvalidExpression:
        raise
    except ErnieError as error:  # `{{answer.txt}}` says what to do itself
        raise InvalidExpression(
            Text("{source}：{what}", "{source}: {what}").fill(source=source_text, what=error.what),
            error.cause,
            error.advice or try_alone,
        ) from error
    except NameError as error:
        name = _undefined_name(error)
        raise InvalidExpression(
            Text(
                "{source} 里的变量 {name} 没有定义", "{source}: the name {name} is not defined"
            ).fill(source=source_text, name=name),
            advice=did_you_mean(name, user_names(namespace), 3)
            or _DEFINE.fill(name=name, literal=LITERAL),
        ) from None
    except (Exception, SystemExit, GeneratorExit, asyncio.CancelledError) as error:
        # Whatever the user's expression raises is shown in one line.
        raise InvalidExpression(
            Text("{source} 出错：{kind}：{said}", "{source} raised {kind}: {said}").fill(
                source=source_text,
                kind=type(error).__name__,
                said=redact(exception_message(error), strict=True)[:200],
            ),
            advice=_name_items(error, expression, namespace) or try_alone,
        ) from error


def _name_items(error: BaseException, expression: str, namespace: Mapping[str, Any]) -> Text | None:
    """Return which items a variable has, for one that it has not: `cats[5]`; None for anything
    else.
    """
    if not isinstance(error, IndexError):
        return None
    match ast.parse(expression.strip(), mode="eval").body:
        case ast.Subscript(value=ast.Name(id=name)) if isinstance(namespace.get(name), Sized):
            count = len(namespace[name])
            told = {0: _NO_ITEM, 1: _ONE_ITEM}.get(count, _ITEMS)
            return told.fill(name=name, n=f"{count:,}", last=count - 1)
    return None


def _undefined_name(error: NameError) -> str:
    if error.name:
        return error.name
    matched = re.search(r"'([^']+)'", str(error))
    return matched.group(1) if matched else "?"


def resolve_pictures(
    words: Iterable[str] | None,
    namespace: Mapping[str, Any],
    option: str,
) -> list[Any]:
    """What an option that may be repeated names, in the order of the line.

    Raises
    ------
    InvalidOption
        As `resolve_picture`; or several files stand in one value.
    """
    pictures = []
    for word in words or ():
        several = [part.strip() for part in _BETWEEN_NAMES.split(word) if part.strip()]
        if len(several) > 1 and not _is_file(word) and any(map(_may_be_file, several)):
            written = " ".join(f"{option} {part}" for part in several)
            raise InvalidOption(
                Text("{option} 后面只写一张图片", "{option} takes one picture").fill(option=option),
                advice=EACH_ONCE.fill(written=clip_text(written, 200)),
            )
        pictures.append(resolve_picture(word, namespace, option))
    return pictures


def _may_be_file(word: str) -> bool:
    return _FILE_NAME.fullmatch(word) is not None or _is_file(word)


def resolve_picture(word: str, namespace: Mapping[str, Any], option: str) -> Any:
    """What an option for a picture names; a variable without a picture is refused: the prompt is
    about one.

    Raises
    ------
    InvalidOption
    """
    picture = resolve_name(word, namespace)
    if picture is None or (isinstance(picture, (list, tuple)) and not picture):
        raise InvalidOption(
            Text("{name} 里没有图片", "there is no picture in {name}").fill(name=word[:100]),
            advice=Text(
                "先运行给它赋值的单元，或去掉 {option}",
                "run the cell that gives it a value, or leave out {option}",
            ).fill(option=option),
        )
    return picture
