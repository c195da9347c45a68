"""A call as code: the magic, the Python call, and the official `openai` client's. Each makes an
equal request.

(That client adds `encoding_format` to a call for vectors by itself.)
"""

from __future__ import annotations

import ast
import json
import re
import shlex
from dataclasses import dataclass
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any

from ernie_magic.api import parameters
from ernie_magic.api.requests import count_pictures
from ernie_magic.config.addresses import redact_url
from ernie_magic.config.services import EMULATOR, LOCAL, QIANFAN, QIANFAN_V1
from ernie_magic.text.language import LANGUAGES, Text, untranslated
from ernie_magic.text.visible import make_controls_visible
from ernie_magic.wire import openai_style

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.requests import ChatRequest, EmbeddingRequest, ImageRequest, Request
    from ernie_magic.config.credentials import Endpoint

# What the methods of the official client take by name; every other field goes into its
# `extra_body`.
_OPENAI: dict[Kind, frozenset[str]] = {
    "chat": frozenset(
        {
            "model",
            "messages",
            "stream",
            "temperature",
            "top_p",
            "max_completion_tokens",
            "stop",
            "seed",
            "frequency_penalty",
            "presence_penalty",
            "response_format",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "stream_options",
            "metadata",
            "user",
        }
    ),
    "image": frozenset({"model", "prompt", "n", "size", "response_format", "user"}),
    "embedding": frozenset({"model", "input", "user"}),
}
_METHODS: dict[Kind, str] = {
    "chat": "chat.completions.create",
    "image": "images.generate",
    "embedding": "embeddings.create",
}
_NO_NOTE = untranslated("")
_SHOWN: dict[Kind, str] = {
    "chat": "reply.choices[0].message.content",
    "image": "reply.data[0].url",
    "embedding": "len(reply.data), len(reply.data[0].embedding)",
}
_V1 = Text(
    "# 千帆 V1 没有 OpenAI 兼容接口，这里是千帆 V2 的写法",
    "# Qianfan V1 has no OpenAI-compatible calls: this is for Qianfan V2",
)
_NOT_IN_A_MAGIC = Text(
    "# 这里有魔法写不出来的值，请用 Python 写法",
    "# a magic cannot express one of these values: use the Python form",
)
_FILES = Text(
    "图片文件要放在笔记本旁：{files}",
    "these picture files must be beside the notebook: {files}",
)
_LEFT_OUT = Text(
    "# {names}：先前的图片，数据太长没有写出，请先赋值（data: 网址）",
    "# {names}: earlier pictures, too long to show; assign them first (data: URLs)",
)
_LONGEST_ADDRESS = 300  # characters of a picture's address that are shown
# Beginnings of lines that IPython removes from a cell.
_PROMPTS = re.compile(r"\s*(>>>|\.\.\.|In |\[)")
_FILE_NAME = re.compile(r"[^\W\d]\w*\.[^\W\d]\w*")


@dataclass(frozen=True)
class Code:
    """One call in three forms.

    Attributes
    ----------
    magic, python, openai : Text or str
        Where a magic cannot express something exactly, it contains the Python call, which makes the
        same request.
    note : Text
        What it needs besides, "" for nothing.
    """

    magic: Text
    python: str
    openai: Text
    note: Text = _NO_NOTE


def code_for_chat(
    request: ChatRequest,
    endpoint: Endpoint,
    *,
    conversation: str,
    given: Mapping[str, Any],
    model: str = "",
    system: str = "",
    history: bool = True,
    files: Sequence[str] = (),
) -> Code:
    """Return a prompt as code.

    Parameters
    ----------
    request
        As it would be sent.
    endpoint
        Where it would be sent.
    conversation
        Its name; "main" is the one that can be left out.
    given
        The request parameters that were chosen; the others appear only in the last form.
    model, system
        Those that were chosen, "" for none.
    history
        Whether earlier turns are sent and this one is kept.
    files
        Names of pictures sent with the prompt.
    """
    caller = "ernie" if conversation == "main" else f"ernie[{conversation!r}]"
    sent, extra = _checked_values("chat", request, given), dict(request.extra)
    flags = [
        ("--model", model),
        ("--session", conversation if conversation != "main" else ""),
        ("--system", system),
        ("--endpoint", request.endpoint),
        *(("--image", _as_path(name)) for name in files),
        *_extra_options(extra),
    ]
    switches = [
        name
        for name, holds in (("--no-history", not history), ("--no-stream", not request.stream))
        if holds
    ]
    python = _python_call(
        f"{caller}.chat",
        request.prompt,
        {
            "model": model or None,
            "system": system or None,
            **sent,
            "endpoint": request.endpoint or None,
            "extra": extra or None,
            "stream": None if request.stream else False,
            "images": _image_arguments(request, files, caller),
            "history": None if history else False,
        },
    )
    if any(map(_is_read_otherwise, files)):
        python = f"from pathlib import Path\n\n{python}"
    fits = (
        len(files) == count_pictures(request.messages[-1:])
        and not any(map(_is_read_otherwise, files))
        and not any(map(_is_invalid_field, extra))
    )
    magic = (
        _magic_cell("%%ernie", flags, "chat", sent, request.prompt, switches=switches)
        if fits and request.prompt.strip("\n") == request.prompt
        else None
    )
    return Code(
        _or_python(magic, python),
        python,
        _openai_code("chat", openai_style.chat(request).body, endpoint, files),
        _FILES.fill(files=", ".join(files)) if files else _NO_NOTE,
    )


def code_for_image(
    request: ImageRequest, endpoint: Endpoint, *, given: Mapping[str, Any], model: str = ""
) -> Code:
    """Return a call for pictures as code; see `code_for_chat`."""
    sent, extra = _checked_values("image", request, given), dict(request.extra)
    python = _python_call(
        "ernie.image",
        request.prompt,
        {
            "model": model or None,
            **sent,
            "endpoint": request.endpoint or None,
            "extra": extra or None,
        },
    )
    flags = [("--model", model), ("--endpoint", request.endpoint), *_extra_options(extra)]
    fits = request.prompt.strip() == request.prompt and not any(map(_is_invalid_field, extra))
    magic = _magic_cell("%%ernie_image", flags, "image", sent, request.prompt) if fits else None
    return Code(
        _or_python(magic, python),
        python,
        _openai_code("image", openai_style.images(request).body, endpoint),
    )


def code_for_embedding(request: EmbeddingRequest, endpoint: Endpoint, *, model: str = "") -> Code:
    """Return a call for vectors as code; see `code_for_chat`."""
    texts, extra = list(request.texts), dict(request.extra)
    python = _python_call(
        "ernie.embed",
        texts,
        {"model": model or None, "endpoint": request.endpoint or None, "extra": extra or None},
    )
    flags = [("--model", model), ("--endpoint", request.endpoint), *_extra_options(extra)]
    fits = all(text.strip() and "\n" not in text for text in texts) and not any(
        map(_is_invalid_field, extra)
    )
    magic = _magic_cell("%%ernie_embed", flags, "embedding", {}, *texts) if fits else None
    return Code(
        _or_python(magic, python),
        python,
        _openai_code("embedding", openai_style.embeddings(request).body, endpoint),
    )


class _Expression(str):
    """Code that stands for a value: `repr` of a list or dict that contains it writes it
    unchanged.
    """

    __slots__ = ()
    __repr__ = str.__str__


def _checked_values(kind: Kind, request: Request, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given parameters with their checked values: plain data."""
    return {
        name: request.parameters.get(parameters.canonical_name(name, kind), value)
        for name, value in given.items()
        if value is not None
    }


def _extra_options(extra: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return (
        ("--param", f"{name}={json.dumps(value, ensure_ascii=False)}")
        for name, value in extra.items()
    )


def _is_invalid_field(name: object) -> bool:
    """Whether `--param NAME=VALUE` cannot express this name."""
    return not isinstance(name, str) or not name or "=" in name


def _is_read_otherwise(file: str) -> bool:
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
    return file if _FILE_NAME.fullmatch(file) else f"./{file}"


def _image_arguments(
    request: ChatRequest, files: Sequence[str], caller: str
) -> list[Any] | _Expression | None:
    if files:
        return [
            _Expression(f"Path({name!r}).read_bytes()") if _is_read_otherwise(name) else name
            for name in files
        ]
    if count_pictures(request.messages[-1:]):  # the last prompt's, asked again
        return _Expression(f"[part['image_url']['url'] for part in {caller}.history[-1].images]")
    return None


def _or_python(magic: str | None, python: str) -> Text:
    """Return the magic; where it cannot express something exactly, the Python call, which makes the
    same request.
    """
    if magic is not None:
        return untranslated(magic)
    return Text(f"{_NOT_IN_A_MAGIC.zh}\n{python}", f"{_NOT_IN_A_MAGIC.en}\n{python}")


def _magic_cell(
    name: str,
    flags: Iterable[tuple[str, str]],
    kind: Kind,
    given: Mapping[str, Any],
    *body_texts: str,
    switches: Iterable[str] = (),
) -> str | None:
    """Return a magic's cell; None when its line cannot express a value.

    What can be typed is typed. Anything else is written as `{{'…'}}`, a Python literal that is
    filled in once: characters that an editor or a terminal changes, and double braces where others
    are filled in.
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
    uses_literals = not all(map(_is_typable, body_texts)) or any(
        _is_literal(word) for _, word in words
    )
    verbatim = not uses_literals and any("{{" in text for text in body_texts)
    lines = [
        _template_literal(text) if uses_literals and _is_literal(text) else text
        for text in body_texts
    ]
    line = " ".join(
        [
            name,
            *(_typed_option(flag, word) for flag, word in words),
            *switches,
            *(["--verbatim"] if verbatim else []),
        ]
    )
    return "\n".join([line, *lines])


def _is_typable(text: str) -> bool:
    """Whether an editor, the clipboard and a notebook file preserve a text as typed."""
    return "\r" not in text and make_controls_visible(text) == text


def _is_literal(word: str) -> bool:
    """Whether a text has to be written as a Python literal where other text is typed."""
    return "{{" in word or "\n" in word or "\t" in word or not _is_typable(word)


def _template_literal(text: str) -> str:
    return f"{{{{{text!r}}}}}"


_SHORT = {"--model": "-m", "--session": "-s"}


def _typed_option(flag: str, word: str) -> str:
    """Return an option as it is typed."""
    quoted = _template_literal(word) if _is_literal(word) else shlex.quote(word)
    return f"{flag}={quoted}" if word.startswith("-") else f"{_SHORT.get(flag, flag)} {quoted}"


def _option_words(parameter: parameters.Parameter, value: Any) -> Iterator[str]:
    """Return a value as it is typed after its option."""
    if parameter.type == "strings":
        yield from value
    elif parameter.type == "tools":
        yield from (json.dumps(tool, ensure_ascii=False) for tool in value)
    elif isinstance(value, bool):
        yield "on" if value else "off"
    elif isinstance(value, dict):
        yield _switch_word(parameter, value) or json.dumps(value, ensure_ascii=False)
    else:
        yield str(value)


def _switch_word(parameter: parameters.Parameter, value: Mapping[str, Any]) -> str:
    """Return the word for an object that has one, else ""."""
    if parameter.type == "format" and set(value) == {"type"}:
        return str(value["type"])
    if (
        parameter.name == "web_search"
        and set(value) == {"enable"}
        and isinstance(value["enable"], bool)
    ):
        return "on" if value["enable"] else "off"
    return ""


def _python_call(function: str, first: object, options: Mapping[str, Any]) -> str:
    given = (
        f"{name}={_python_literal(value)}" for name, value in options.items() if value is not None
    )
    return f"{function}({', '.join([_python_literal(first), *given])})"


def _python_literal(value: object) -> str:
    """Return a value as Python; a text of several lines is written on several lines where IPython
    does not change them.
    """
    if (
        not isinstance(value, str)
        or isinstance(value, _Expression)
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
    return f'"""{value}"""' if is_kept_as_is else repr(value)


def _openai_code(
    kind: Kind, body: Mapping[str, Any] | None, endpoint: Endpoint, files: Sequence[str] = ()
) -> Text:
    fields = {**(body or {})}
    head = ["import os", "", "from openai import OpenAI", ""]
    v1 = endpoint.service is QIANFAN_V1
    if v1:
        key, url = f'os.environ["{QIANFAN.key_variables[0]}"]', QIANFAN.base_url
    elif endpoint.service in (EMULATOR, LOCAL):
        key, url = (
            (
                '"any"'
                if endpoint.service.is_simulated
                else 'os.environ.get("OPENAI_API_KEY", "none")'
            ),
            endpoint.base_url,
        )
        head = head if endpoint.service is LOCAL else head[2:]
    else:
        key, url = f'os.environ["{endpoint.service.key_variables[0]}"]', endpoint.base_url
    known = {name: value for name, value in fields.items() if name in _OPENAI[kind]}
    rest = {name: value for name, value in fields.items() if name not in _OPENAI[kind]}
    head += [*_PICTURE, ""] if files else []
    lines = [*head, f"client = OpenAI(api_key={key}, base_url={redact_url(url)!r})"]
    lines += [f"{'chunks' if known.get('stream') else 'reply'} = client.{_METHODS[kind]}("]
    left_out: list[str] = []
    for name, value in known.items():
        if name == "messages":
            shown = [
                _without_pictures(message, iter(files if message is value[-1] else ()), left_out)
                for message in value
            ]
            lines += ["    messages=[", *(f"        {message!r}," for message in shown), "    ],"]
        else:
            lines.append(f"    {name}={value!r},")
    lines += [f"    extra_body={rest!r},"] if rest else []
    lines.append(")")
    if known.get("stream"):
        lines += [
            "for chunk in chunks:",
            "    if chunk.choices:",
            '        print(chunk.choices[0].delta.content or "", end="")',
        ]
    else:
        lines.append(f"print({_SHOWN[kind]})")
    notes = [_V1] if v1 else []
    notes += [_LEFT_OUT.fill(names=", ".join(left_out))] if left_out else []
    return Text(
        *("\n".join([*(note.say(language) for note in notes), *lines]) for language in LANGUAGES)
    )


def _without_pictures(
    message: Mapping[str, Any], names: Iterator[str], left_out: list[str]
) -> Mapping[str, Any]:
    """Return a message with expressions in place of its pictures: files by name, an earlier turn's
    as variables that are still to be set.

    Parameters
    ----------
    names
        The files, in the order of the pictures.
    left_out
        Variables that stand for pictures; those of this message are added.
    """
    if not isinstance(message.get("content"), list):
        return message
    parts = []
    for part in message["content"]:
        address = (
            part["image_url"].get("url")
            if isinstance(part, dict) and isinstance(part.get("image_url"), dict)
            else None
        )
        if not isinstance(address, str) or not address.startswith("data:"):
            parts.append(part)
            continue
        name = next(names, None)
        if name is not None:
            mime = address[len("data:") :].partition(";")[0]
            kind = "" if guess_type(name)[0] == mime else f", {mime!r}"
            address = _Expression(f"picture({name!r}{kind})")
        elif len(address) > _LONGEST_ADDRESS:
            address = _Expression(f"earlier_picture_{len(left_out) + 1}")
            left_out.append(address)
        parts.append({**part, "image_url": {**part["image_url"], "url": address}})
    return {**message, "content": parts}


_PICTURE = (
    "from base64 import b64encode",
    "from mimetypes import guess_type",
    "from pathlib import Path",
    "",
    "",
    "def picture(file, kind=None):",
    (
        '    return f"data:{kind or '
        'guess_type(file)[0]};base64,{b64encode(Path(file).read_bytes()).decode()}"'
    ),
    "",
)
