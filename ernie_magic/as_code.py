"""A call as code: the magic, the Python call, and the official `openai` client's. Each makes an equal request.

(That client adds `encoding_format` to a call for vectors by itself.)
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic import parameters
from ernie_magic.language import Text, same
from ernie_magic.services import EMULATOR, LOCAL, QIANFAN, QIANFAN_V1, shown_url
from ernie_magic.wire import openai_style

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ernie_magic.models import Kind
    from ernie_magic.requests import ChatRequest, EmbeddingRequest, ImageRequest
    from ernie_magic.services import Endpoint

# What the methods of the official client take by name; every other field goes into its `extra_body`.
_OPENAI: dict[Kind, frozenset[str]] = {
    "chat": frozenset({"model", "messages", "stream", "temperature", "top_p", "max_completion_tokens", "stop", "seed", "frequency_penalty", "presence_penalty",
                       "response_format", "tools", "tool_choice", "parallel_tool_calls", "stream_options", "metadata", "user"}),
    "image": frozenset({"model", "prompt", "n", "size", "response_format", "user"}),
    "embedding": frozenset({"model", "input", "user"}),
}
_METHODS: dict[Kind, str] = {"chat": "chat.completions.create", "image": "images.generate", "embedding": "embeddings.create"}
_NO_NOTE = same("")
_SHOWN: dict[Kind, str] = {"chat": "reply.choices[0].message.content", "image": "reply.data[0].url", "embedding": "len(reply.data), len(reply.data[0].embedding)"}
_V1 = Text("# 千帆 V1 没有 OpenAI 兼容接口，这里是千帆 V2 的写法", "# Qianfan V1 has no OpenAI-compatible calls: this is for Qianfan V2")
_NOT_IN_A_LINE = Text("# 有的值写不进魔法的一行，请用 Python 写法", "# a value here does not fit into a magic's line: use the Python form")
_FILES = Text("图片文件要放在笔记本旁：{files}", "these pictures' files have to stand beside the notebook: {files}")
_NO_LINES = Text("# 魔法里一行是一条文本：有换行的文本请用 Python 写法", "# in the magic a line is a text: for texts with line breaks use the Python form")


@dataclass(frozen=True)
class Code:
    """One call in three forms.

    Attributes
    ----------
    magic, python, openai : Text or str
        What cannot be said in a form is told there, in a comment.
    note : Text
        What is wanted beside it, "" for nothing.
    """

    magic: Text
    python: str
    openai: Text
    note: Text = _NO_NOTE


def of_chat(request: ChatRequest, at: Endpoint, *, conversation: str, given: Mapping[str, Any], model: str = "", system: str = "", history: bool = True, files: Sequence[str] = ()) -> Code:
    """A question as code.

    Parameters
    ----------
    request
        As it would be sent.
    at
        Where to.
    conversation
        Its name; "main" is the one that nobody needs to name.
    given
        The request parameters that were chosen; what was not chosen is in none of the forms but the last.
    model, system
        Those that were chosen, "" for none.
    history
        Whether earlier turns are sent and this one is kept.
    files
        Names of pictures that go along.
    """
    flags = [("-m" if model[:1] != "-" else "--model", model), ("-s" if conversation[:1] != "-" else "--session", conversation if conversation != "main" else ""), ("--system", system), *(("--image", name) for name in files)]
    options = {"model": model or None, "system": system or None, **given, "images": list(files) or None}
    switches = () if history else ("--no-history",)
    caller = "ernie" if conversation == "main" else f"ernie[{conversation!r}]"
    if not history:
        options["history"] = False
    return Code(_magic("%%ernie", flags, "chat", given, request.prompt, switches), _call(f"{caller}.chat", request.prompt, options),
                _openai("chat", openai_style.chat(request).body, at, files), _FILES.fill(files=", ".join(files)) if files else _NO_NOTE)


def of_image(request: ImageRequest, at: Endpoint, *, given: Mapping[str, Any], model: str = "") -> Code:
    """A call for pictures as code; see `of_chat`."""
    return Code(_magic("%%ernie_image", [("-m", model)], "image", given, request.prompt), _call("ernie.image", request.prompt, {"model": model or None, **given}),
                _openai("image", openai_style.images(request).body, at))


def of_embedding(request: EmbeddingRequest, at: Endpoint, *, model: str = "") -> Code:
    """A call for vectors as code; see `of_chat`."""
    texts = list(request.texts)
    magic = _magic("%%ernie_embed", [("-m", model)], "embedding", {}, "\n".join(texts))
    fits = all(text.strip() == text and len(text.splitlines()) == 1 for text in texts)
    return Code(magic if fits else _NO_LINES, _call("ernie.embed", texts, {"model": model or None}), _openai("embedding", openai_style.embeddings(request).body, at))


def _magic(name: str, flags: Iterable[tuple[str, str]], kind: Kind, given: Mapping[str, Any], below: str, switches: Iterable[str] = ()) -> Text:
    table = parameters.of(kind)
    words = [(flag, value) for flag, value in flags if value]
    words += [(table[field].option, word) for field, value in given.items() for word in _words(table[field], value)]
    literal = "{{" in below or any("{{" in word for _, word in words)
    broken = any(len(word.splitlines()) > 1 for _, word in words)  # over lines: written as an expression, which --verbatim would leave alone
    if (literal and (broken or any("{{" in word for _, word in words))) or any(word == "--" for _, word in words):
        return _NOT_IN_A_LINE
    line = " ".join([name, *(_typed(flag, word) for flag, word in words), *switches, *(["--verbatim"] if literal else [])])
    return same(f"{line}\n{below}")


def _typed(flag: str, word: str) -> str:
    """An option as it is typed; a value over several lines as a Python expression in one."""
    if len(word.splitlines()) > 1:
        return f"{flag} {{{{{word!r}}}}}"
    return f"{flag}{'=' if word.startswith('-') and flag.startswith('--') else ' '}{shlex.quote(word)}"


def _words(parameter: parameters.Parameter, value: Any) -> Iterator[str]:
    """A value as it is typed behind its option."""
    if parameter.type == "strings":
        yield from value
    elif isinstance(value, bool):
        yield "on" if value else "off"
    elif isinstance(value, dict):
        yield value["type"] if set(value) == {"type"} else "on" if value == {"enable": True} else "off" if value == {"enable": False} else json.dumps(value, ensure_ascii=False)
    else:
        yield str(value)


def _call(function: str, first: object, options: Mapping[str, Any]) -> str:
    return f"{function}({', '.join([_literal(first), *(f'{name}={_literal(value)}' for name, value in options.items() if value is not None)])})"


def _literal(value: object) -> str:
    """A value as Python; a text of several lines stands in several lines where it can."""
    plain = isinstance(value, str) and not re.search(r'["\\]', value) and all(line.isprintable() for line in value.split("\n"))
    return f'"""{value}"""' if plain and "\n" in str(value) else repr(value)


def _openai(kind: Kind, body: Mapping[str, Any] | None, at: Endpoint, files: Sequence[str] = ()) -> Text:
    fields = {**(body or {})}
    head = ["import os", "", "from openai import OpenAI", ""]
    v1 = at.service is QIANFAN_V1
    if v1:
        key, url = f'os.environ["{QIANFAN.key_variables[0]}"]', QIANFAN.base_url
    elif at.service in (EMULATOR, LOCAL):
        key, url = ('"any"' if at.service is EMULATOR else 'os.environ.get("OPENAI_API_KEY", "none")'), at.base_url
        head = head if at.service is LOCAL else head[2:]
    else:
        key, url = f'os.environ["{at.service.key_variables[0]}"]', at.base_url
    known = {name: value for name, value in fields.items() if name in _OPENAI[kind] and not (name == "stream" and value is False)}
    rest = {name: value for name, value in fields.items() if name not in _OPENAI[kind]}
    head += [*_PICTURE, ""] if files else []
    lines = [*head, f"client = OpenAI(api_key={key}, base_url={shown_url(url)!r})"]
    lines += [f"{'chunks' if known.get('stream') else 'reply'} = client.{_METHODS[kind]}("]
    for name, value in known.items():
        if name == "messages":
            lines += ["    messages=[", *(f"        {_shortened(message)}," for message in value[:-1]), f"        {_from_files(value[-1], files)},", "    ],"]
        else:
            lines.append(f"    {name}={value!r},")
    lines += [f"    extra_body={rest!r},"] if rest else []
    lines.append(")")
    if known.get("stream"):
        lines += ["for chunk in chunks:", "    if chunk.choices:", '        print(chunk.choices[0].delta.content or "", end="")']
    else:
        lines.append(f"print({_SHOWN[kind]})")
    text = "\n".join(lines)
    return Text(f"{_V1.zh}\n{text}", f"{_V1.en}\n{text}") if v1 else same(text)


def _from_files(message: Mapping[str, Any], files: Sequence[str]) -> str:
    """A message whose pictures are read from these files."""
    names = iter(files)
    return _shortened(re.sub(r"'data:image/[\w+.-]+;base64,[A-Za-z0-9+/=]*'", lambda found: f"picture({name!r})" if (name := next(names, None)) else found.group(0), repr(message)))


_PICTURE = (
    "from base64 import b64encode", "from mimetypes import guess_type", "from pathlib import Path", "", "", "def picture(file):",
    '    return f"data:{guess_type(file)[0]};base64,{b64encode(Path(file).read_bytes()).decode()}"', "")
_DATA = re.compile(r"data:image/[\w+.-]+;base64,[A-Za-z0-9+/=]{200,}")


def _shortened(message: Mapping[str, Any] | str) -> str:
    """A message; the bytes of an earlier turn's picture are left for the reader to put in."""
    return _DATA.sub(lambda found: found.group(0)[:40] + "…", message if isinstance(message, str) else repr(message))
