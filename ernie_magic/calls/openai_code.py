"""A call as code of the official `openai` client.

(That client adds `encoding_format` to a call for vectors by itself.)
"""

from __future__ import annotations

import re
from base64 import b64encode
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ernie_magic.api.parameters import MAX_IMAGE_BYTES
from ernie_magic.calls.images.conversion import JPEG_QUALITY
from ernie_magic.calls.images.metadata import read_file_beginning
from ernie_magic.calls.openai_access import find_access
from ernie_magic.calls.python_code import Expression
from ernie_magic.config.addresses import redact_url, split_query
from ernie_magic.config.services import QIANFAN_V1
from ernie_magic.storage.paths import find_path
from ernie_magic.text.language import LANGUAGES, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ernie_magic.api.catalogue import Kind
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
            "max_tokens",
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
_SHOWN: dict[Kind, str] = {
    "chat": "reply.choices[0].message.content",
    "image": "reply.data[0].url",
    "embedding": "len(reply.data), len(reply.data[0].embedding)",
}
_LEFT_OUT = Text(
    "# {names}：先前的图片，数据太长没有写出，请先赋值（data: 网址）",
    "# {names}: earlier pictures, too long to show; assign them first (data: URLs)",
)
_LONGEST_ADDRESS = 300  # characters of a picture's address that are shown


def openai_code(
    kind: Kind,
    body: Mapping[str, Any] | None,
    endpoint: Endpoint,
    sent: Mapping[str, Any],
    files: Sequence[str] = (),
) -> Text:
    """Return the code of a call with this body, in both languages."""
    fields = {**(body or {})}
    known = {name: value for name, value in fields.items() if name in _OPENAI[kind]}
    rest = {name: value for name, value in fields.items() if name not in _OPENAI[kind]}
    result = "reply"
    ending = [f"print({_SHOWN[kind]})"]
    if known.get("stream"):
        result = "chunks"
        ending = [*_PRINT_CHUNKS]
    access = find_access(endpoint)
    lines = [*access.beginning, ""]
    left_out: list[str] = []
    messages = _shown_messages(known.get("messages") or (), files, left_out)
    lines += _picture_helpers(files, messages)
    address, query = split_query(access.base_url)
    options = [f"api_key={access.key}", f"base_url={redact_url(address)!r}"]
    if shown_query := _shown_query(endpoint, query):
        options.append(f"default_query={shown_query!r}")
    options += _openai_client_options(sent)
    lines += [f"client = OpenAI({', '.join(options)}{_shown_headers(endpoint)})"]
    lines += [f"{result} = client.{_METHODS[kind]}("]
    for name, value in known.items():
        if name == "messages":
            lines += ["    messages=["]
            lines += [f"        {message!r}," for message in messages]
            lines += ["    ],"]
        else:
            lines.append(f"    {name}={value!r},")
    if rest:
        lines += [f"    extra_body={rest!r},"]
    lines += [")", *ending]
    notes = [*access.notes]
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


def _shown_query(endpoint: Endpoint, query: str) -> dict[str, str]:
    """Return the query of every call: the address's own, and variables that stand for its keys."""
    shown = dict(parse_qsl(query, keep_blank_values=True))
    if endpoint.service is not QIANFAN_V1:
        shown |= {name: _variable_expression(name) for name in endpoint.query}
    return shown


def _variable_expression(name: str) -> Expression:
    """Return the expression that reads the environment's variable for a header or a query's key."""
    variable = re.sub(r"\W", "_", name).upper()
    return Expression(f'os.environ["{variable}"]')


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


def _picture_helpers(files: Sequence[str], messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the functions that the pictures of the last message are made by."""
    lines: list[str] = []
    if files:
        lines += [*_PICTURE, ""]
    if "converted_picture(" in repr(messages[-1:]):
        lines += [*_CONVERTED_PICTURE, ""]
    return lines


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
            address = _file_expression(name, address)
        elif len(address) > _LONGEST_ADDRESS:
            address = Expression(f"earlier_picture_{len(left_out) + 1}")
            left_out.append(address)
        parts.append({**part, "image_url": {**part["image_url"], "url": address}})
    return {**message, "content": parts}


def _file_expression(name: str, address: str) -> Expression:
    """Return the expression that makes a picture's address of its file."""
    mime, _, packed = address[len("data:") :].partition(";base64,")
    if _was_converted(name, packed):
        kind = mime.removeprefix("image/").upper()
        return Expression(f"converted_picture({name!r}, {kind!r})")
    kind = ""
    if guess_type(name)[0] != mime:
        kind = f", {mime!r}"
    return Expression(f"picture({name!r}{kind})")


def _was_converted(name: str, packed: str) -> bool:
    """Whether a picture was sent in another form than its file has."""
    try:
        content = read_file_beginning(find_path(name), MAX_IMAGE_BYTES)
    except (OSError, ValueError, RuntimeError):  # moved away since
        return False
    return b64encode(content).decode() != packed


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
_CONVERTED_PICTURE = (
    "from io import BytesIO",
    "from PIL import Image, ImageOps",
    "",
    "",
    "def converted_picture(file, kind):",
    "    image, out = ImageOps.exif_transpose(Image.open(file)), BytesIO()",
    '    profile = image.info.get("icc_profile")',
    f"    image.save(out, kind, quality={JPEG_QUALITY}, icc_profile=profile)",
    '    return f"data:image/{kind.lower()};base64,{b64encode(out.getvalue()).decode()}"',
    "",
)
