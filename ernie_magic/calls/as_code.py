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
from urllib.parse import parse_qsl

from ernie_magic.api import parameters
from ernie_magic.api.messages import count_pictures
from ernie_magic.config.addresses import redact_url, split_query
from ernie_magic.config.services import LOCAL, QIANFAN, QIANFAN_V1
from ernie_magic.text.language import LANGUAGES, Text, untranslated
from ernie_magic.text.visible import make_controls_visible
from ernie_magic.wire import openai_style

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.parameter import Parameter
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
    caller = "ernie"
    session = ""
    if conversation != "main":
        caller = f"ernie[{conversation!r}]"
        session = conversation
    sent = _checked_values("chat", request, given)
    options = _python_options(request, sent, model, system)
    switches = []
    if not history:
        switches.append("--no-history")
    if not request.stream:
        switches.append("--no-stream")
        options["stream"] = False
    options["images"] = _image_arguments(request, files, caller)
    if not history:
        options["history"] = False
    python = _python_call(f"{caller}.chat", request.prompt, options)
    if any(map(_is_read_otherwise, files)):
        python = f"from pathlib import Path\n\n{python}"
    magic = None
    if _fits_chat_magic(request, files):
        flags = _flags(request, model, session, system, files)
        magic = _magic_cell("%%ernie", flags, "chat", sent, request.prompt, switches=switches)
    openai = _openai_code("chat", openai_style.chat(request).body, endpoint, sent, files)
    if not files:
        return Code(_or_python(magic, python), python, openai)
    return Code(_or_python(magic, python), python, openai, _FILES.fill(files=", ".join(files)))


def _fits_chat_magic(request: ChatRequest, files: Sequence[str]) -> bool:
    """Whether a cell can express the prompt, its pictures and the extra fields."""
    return (
        len(files) == count_pictures(request.messages[-1:])
        and not any(map(_is_read_otherwise, files))
        and not any(map(_is_invalid_field, request.extra))
        and request.prompt.strip("\n") == request.prompt
    )


def code_for_image(
    request: ImageRequest,
    endpoint: Endpoint,
    *,
    given: Mapping[str, Any],
    model: str = "",
) -> Code:
    """Return a call for pictures as code; see `code_for_chat`."""
    sent = _checked_values("image", request, given)
    python = _python_call("ernie.image", request.prompt, _python_options(request, sent, model))
    magic = None
    if request.prompt.strip() == request.prompt and not any(map(_is_invalid_field, request.extra)):
        flags = _flags(request, model)
        magic = _magic_cell("%%ernie_image", flags, "image", sent, request.prompt)
    openai = _openai_code("image", openai_style.images(request).body, endpoint, sent)
    return Code(_or_python(magic, python), python, openai)


def code_for_embedding(request: EmbeddingRequest, endpoint: Endpoint, *, model: str = "") -> Code:
    """Return a call for vectors as code; see `code_for_chat`."""
    texts = list(request.texts)
    python = _python_call("ernie.embed", texts, _python_options(request, {}, model))
    magic = None
    if all(text.strip() and "\n" not in text for text in texts) and not any(
        map(_is_invalid_field, request.extra)
    ):
        magic = _magic_cell("%%ernie_embed", _flags(request, model), "embedding", {}, *texts)
    openai = _openai_code("embedding", openai_style.embeddings(request).body, endpoint, {})
    return Code(_or_python(magic, python), python, openai)


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


def _python_options(
    request: Request,
    sent: Mapping[str, Any],
    model: str,
    system: str = "",
) -> dict[str, Any]:
    """Return the arguments of a Python call; None for those that are left out."""
    return {
        "model": model or None,
        "system": system or None,
        **sent,
        "endpoint": request.endpoint or None,
        "extra": dict(request.extra) or None,
    }


def _flags(
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
    if _FILE_NAME.fullmatch(file):
        return file
    return f"./{file}"


def _image_arguments(
    request: ChatRequest,
    files: Sequence[str],
    caller: str,
) -> list[Any] | _Expression | None:
    if files:
        return [_file_argument(name) for name in files]
    if count_pictures(request.messages[-1:]):  # the last prompt's, asked again
        return _Expression(f"[part['image_url']['url'] for part in {caller}.history[-1].images]")
    return None


def _file_argument(name: str) -> str:
    if _is_read_otherwise(name):
        return _Expression(f"Path({name!r}).read_bytes()")
    return name


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
    lines = list(body_texts)
    if uses_literals:
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
    return "{{" in word or "\n" in word or "\t" in word or not _is_typable(word)


def _typable_text(text: str) -> str:
    """Return a text as it is typed in a cell whose literals are filled in."""
    if _is_literal(text):
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
        yield from value
    elif parameter.type == "tools":
        yield from (json.dumps(tool, ensure_ascii=False) for tool in value)
    elif isinstance(value, bool):
        yield _on_or_off(value)
    elif isinstance(value, dict):
        yield _switch_word(parameter, value) or json.dumps(value, ensure_ascii=False)
    else:
        yield str(value)


def _switch_word(parameter: Parameter, value: Mapping[str, Any]) -> str:
    """Return the word for an object that has one, else ""."""
    if parameter.type == "format" and set(value) == {"type"}:
        return str(value["type"])
    if (
        parameter.name == "web_search"
        and set(value) == {"enable"}
        and isinstance(value["enable"], bool)
    ):
        return _on_or_off(value["enable"])
    return ""


def _on_or_off(value: object) -> str:
    if value:
        return "on"
    return "off"


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
    if is_kept_as_is:
        return f'"""{value}"""'
    return repr(value)


def _openai_code(
    kind: Kind,
    body: Mapping[str, Any] | None,
    endpoint: Endpoint,
    sent: Mapping[str, Any],
    files: Sequence[str] = (),
) -> Text:
    fields = {**(body or {})}
    known = {name: value for name, value in fields.items() if name in _OPENAI[kind]}
    rest = {name: value for name, value in fields.items() if name not in _OPENAI[kind]}
    result = "reply"
    ending = [f"print({_SHOWN[kind]})"]
    if known.get("stream"):
        result = "chunks"
        ending = [*_PRINT_CHUNKS]
    key, url = _openai_access(endpoint)
    lines = ["from openai import OpenAI", ""]
    if not endpoint.service.is_simulated:
        lines = ["import os", "", *lines]
    if files:
        lines += [*_PICTURE, ""]
    address, query = split_query(url)
    access = [f"api_key={key}", f"base_url={redact_url(address)!r}"]
    if shown_query := _shown_query(endpoint, query):
        access.append(f"default_query={shown_query!r}")
    access += _openai_client_options(sent)
    lines += [f"client = OpenAI({', '.join(access)}{_shown_headers(endpoint)})"]
    lines += [f"{result} = client.{_METHODS[kind]}("]
    left_out: list[str] = []
    for name, value in known.items():
        if name == "messages":
            lines += ["    messages=["]
            lines += [f"        {m!r}," for m in _shown_messages(value, files, left_out)]
            lines += ["    ],"]
        else:
            lines.append(f"    {name}={value!r},")
    if rest:
        lines += [f"    extra_body={rest!r},"]
    lines += [")", *ending]
    notes = []
    if endpoint.service is QIANFAN_V1:
        notes.append(_V1)
    if left_out:
        notes.append(_LEFT_OUT.fill(names=", ".join(left_out)))
    return Text(
        *("\n".join([*(note.say(language) for note in notes), *lines]) for language in LANGUAGES)
    )


def _openai_client_options(sent: Mapping[str, Any]) -> Iterator[str]:
    """Return what the call follows itself as arguments of the openai library's client, which counts
    the attempts after the first; its waits cannot be set.
    """
    if "request_timeout" in sent:
        yield f"timeout={sent['request_timeout']!r}"
    if "retry_count" in sent:
        yield f"max_retries={max(sent['retry_count'] - 1, 0)}"


def _openai_access(endpoint: Endpoint) -> tuple[str, str]:
    """Return the expression for the key, and the base URL."""
    if endpoint.service.is_simulated:
        return '"any"', endpoint.base_url
    if endpoint.service is LOCAL:
        return 'os.environ.get("OPENAI_API_KEY", "none")', endpoint.base_url
    if endpoint.service is QIANFAN_V1:
        return f'os.environ["{QIANFAN.key_variables[0]}"]', QIANFAN.base_url
    return f'os.environ["{endpoint.service.key_variables[0]}"]', endpoint.base_url


def _shown_query(endpoint: Endpoint, query: str) -> dict[str, str]:
    """Return the query of every call: the address's own, and variables that stand for its keys."""
    shown = dict(parse_qsl(query, keep_blank_values=True))
    if endpoint.service is not QIANFAN_V1:
        shown |= {name: _variable_expression(name) for name in endpoint.query}
    return shown


def _variable_expression(name: str) -> _Expression:
    """Return the expression that reads the environment's variable for a header or a query's key."""
    variable = re.sub(r"\W", "_", name).upper()
    return _Expression(f'os.environ["{variable}"]')


def _shown_headers(endpoint: Endpoint) -> str:
    """Return the argument with the headers of every call, "" for none. A value of the user's own
    may be a key: its variable stands for it.
    """
    if endpoint.service.is_simulated or endpoint.service is QIANFAN_V1:
        return ""
    shown: dict[str, str] = dict(endpoint.headers)
    for name in endpoint.extra_headers:
        shown[name] = _variable_expression(name)
    if not shown:
        return ""
    return f", default_headers={shown!r}"


def _shown_messages(
    messages: Sequence[Mapping[str, Any]],
    files: Sequence[str],
    left_out: list[str],
) -> list[Mapping[str, Any]]:
    """Return the messages without the data of their pictures: the files are the last message's."""
    shown = [_without_pictures(message, iter(()), left_out) for message in messages[:-1]]
    return shown + [_without_pictures(message, iter(files), left_out) for message in messages[-1:]]


def _without_pictures(
    message: Mapping[str, Any],
    names: Iterator[str],
    left_out: list[str],
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
        address = _picture_address(part)
        if not address.startswith("data:"):
            parts.append(part)
            continue
        name = next(names, None)
        if name is not None:
            mime = address[len("data:") :].partition(";")[0]
            kind = ""
            if guess_type(name)[0] != mime:
                kind = f", {mime!r}"
            address = _Expression(f"picture({name!r}{kind})")
        elif len(address) > _LONGEST_ADDRESS:
            address = _Expression(f"earlier_picture_{len(left_out) + 1}")
            left_out.append(address)
        parts.append({**part, "image_url": {**part["image_url"], "url": address}})
    return {**message, "content": parts}


def _picture_address(part: object) -> str:
    """Return the address of the picture in a part of a message, "" where there is none."""
    address = None
    if isinstance(part, dict) and isinstance(part.get("image_url"), dict):
        address = part["image_url"].get("url")
    return str(address or "")


_PRINT_CHUNKS = (
    "for chunk in chunks:",
    "    if chunk.choices:",
    '        print(chunk.choices[0].delta.content or "", end="")',
)
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
