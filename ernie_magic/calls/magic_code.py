"""A call as a magic's cell."""

from __future__ import annotations

import ast
import json
import re
import shlex
from typing import TYPE_CHECKING, Any

from ernie_magic.api import parameters
from ernie_magic.api.parameter_types import SWITCH_WORDS
from ernie_magic.errors import InvalidOption
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.parameter import Parameter
    from ernie_magic.api.requests import Request

_MAGIC_LINE = re.compile(
    r"^%{1,2}ernie(?:_(?:image|embed|map|heat|map2d|search))?(?=\s|$).*", re.MULTILINE
)
_CODE_FENCE = ("```", "~~~")
_FILE_NAME = re.compile(r"[^\W\d]\w*\.[^\W\d]\w*")


def magic_flags(
    request: Request,
    model: str,
    session: str = "",
    system: str = "",
    files: Sequence[str] = (),
) -> list[tuple[str, str]]:
    """Return a magic's options besides the parameters; "" for those that are left out."""
    return [
        ("--model", model),
        ("--session", session),
        ("--system", system),
        ("--endpoint", request.endpoint),
        *(("--image", _as_path(name)) for name in files),
        *_extra_options(request.extra),
    ]


def _extra_options(extra: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return (
        ("--param", f"{name}={json.dumps(value, ensure_ascii=False)}")
        for name, value in extra.items()
    )


def find_magic_line(text: str) -> str:
    """Return the line of a cell's text that is a magic of ours, "" where there is none. A text with
    a block of code may be about such lines.
    """
    found = _MAGIC_LINE.search(text)
    if found is None or any(fence in text for fence in _CODE_FENCE):
        return ""
    return found[0].strip()


def is_invalid_field(name: object) -> bool:
    """Whether `--param NAME=VALUE` cannot express this name."""
    return not isinstance(name, str) or not name or "=" in name


def is_read_otherwise(file: str) -> bool:
    """Whether a file of this name would be read as an address or a home folder."""
    return file.startswith(("~", "http://", "https://", "data:"))


def _as_path(file: str) -> str:
    """Return a file's name for `--image`. The option also accepts variables and expressions, so a
    name that could be one is written as a path.

    `__import__('os').system('…')` is a valid file name too.
    """
    try:
        ast.parse(file.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return file
    if _FILE_NAME.fullmatch(file):
        return file
    return f"./{file}"


def magic_cell(
    name: str,
    flags: Iterable[tuple[str, str]],
    kind: Kind,
    given: Mapping[str, Any],
    *body_texts: str,
    switches: Iterable[str] = (),
    is_filled_in: bool = False,
) -> str | None:
    """Return a magic's cell; None when its line cannot express a value.

    What can be typed is typed. Anything else is written as `{{'…'}}`, a Python literal that is
    filled in once: characters that an editor or a terminal changes, and double braces where others
    are filled in. With `is_filled_in`, the double braces of the texts are to be filled in.
    """
    table = parameters.parameters_of(kind)
    words = [(flag, value) for flag, value in flags if value]
    words += [
        (table[parameters.canonical_name(field, kind)].option_name, word)
        for field, value in given.items()
        for word in _option_words(table[parameters.canonical_name(field, kind)], value)
    ]
    if any(word == "--" for _, word in words):  # argparse's own word
        return None
    has_magic = any(map(find_magic_line, body_texts))
    if is_filled_in and (has_magic or not all(map(_is_typable, body_texts))):
        return None
    uses_literals = (
        is_filled_in
        or not all(map(_is_typable, body_texts))
        or any(_is_literal(word) for _, word in words)
    )
    has_braces = any(map(_has_braces, body_texts))
    verbatim = not uses_literals and (has_braces or has_magic)
    lines = list(body_texts)
    if uses_literals and not is_filled_in:
        lines = [_typable_text(text) for text in body_texts]
    line = [name, *(_typed_option(flag, word) for flag, word in words), *switches]
    if verbatim:
        line.append("--verbatim")
    return "\n".join([" ".join(line), *lines])


def _is_typable(text: str) -> bool:
    """Whether an editor, the clipboard and a notebook file preserve a text as typed."""
    return "\r" not in text and make_controls_visible(text) == text


def _is_literal(word: str) -> bool:
    """Whether a text has to be written as a Python literal where other text is typed."""
    return _has_braces(word) or "\n" in word or "\t" in word or not _is_typable(word)


def _has_braces(text: str) -> bool:
    """Whether a cell would fill something in, or ask what is to be."""
    return "{{" in text or "}}" in text


def _typable_text(text: str) -> str:
    """Return a text as it is typed in a cell whose literals are filled in."""
    if _is_literal(text) or find_magic_line(text):
        return _template_literal(text)
    return text


def _template_literal(text: str) -> str:
    return f"{{{{{text!r}}}}}"


_SHORT = {"--model": "-m", "--session": "-s"}


def _typed_option(flag: str, word: str) -> str:
    """Return an option as it is typed."""
    quoted = shlex.quote(word)
    if _is_literal(word):
        quoted = _template_literal(word)
    if word.startswith("-"):
        return f"{flag}={quoted}"
    return f"{_SHORT.get(flag, flag)} {quoted}"


def _option_words(parameter: Parameter, value: Any) -> Iterator[str]:
    """Return a value as it is typed after its option."""
    if parameter.type == "strings":
        # A text that looks like a list of texts would be read as one.
        if not all(_is_read_as_itself(parameter, text) for text in value):
            yield json.dumps(value, ensure_ascii=False)
        else:
            yield from value
    elif parameter.type == "tools":
        yield from (json.dumps(tool, ensure_ascii=False) for tool in value)
    elif isinstance(value, bool):
        yield SWITCH_WORDS[value]
    elif isinstance(value, dict):
        yield _switch_word(parameter, value) or json.dumps(value, ensure_ascii=False)
    else:
        yield str(value)


def _is_read_as_itself(parameter: Parameter, text: str) -> bool:
    try:
        return bool(parameter.parse_text(text) == [text])
    except InvalidOption:
        return False


def _switch_word(parameter: Parameter, value: Mapping[str, Any]) -> str:
    """Return the word for an object that has one, else ""."""
    if parameter.type == "format" and set(value) == {"type"}:
        return str(value["type"])
    if (
        parameter.name == "web_search"
        and set(value) == {"enable"}
        and isinstance(value["enable"], bool)
    ):
        return SWITCH_WORDS[value["enable"]]
    return ""
