"""A call as code: the magic, the Python call, and the official `openai` client's. Each makes an
equal request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.api import parameters
from ernie_magic.api.messages import count_pictures
from ernie_magic.calls.magic_code import (
    is_invalid_field,
    is_read_otherwise,
    magic_cell,
    magic_flags,
)
from ernie_magic.calls.openai_code import openai_code
from ernie_magic.calls.python_code import Expression, python_call
from ernie_magic.text.language import Text, untranslated
from ernie_magic.wire import openai_style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.requests import ChatRequest, EmbeddingRequest, ImageRequest, Request
    from ernie_magic.config.credentials import Endpoint

_NO_NOTE = untranslated("")
_NOT_IN_A_MAGIC = Text(
    "# 这里有魔法写不出来的值，请用 Python 写法",
    "# a magic cannot express one of these values: use the Python form",
)
_FILES = Text(
    "图片文件要放在笔记本旁：{files}",
    "these picture files must be beside the notebook: {files}",
)


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
    leaves_out_system: bool = False,
    history: bool = True,
    files: Sequence[str] = (),
    prompt_code: str = "",
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
    leaves_out_system
        Whether the session's system prompt is not sent.
    history
        Whether earlier turns are sent and this one is kept.
    files
        Names of pictures sent with the prompt.
    prompt_code
        The prompt as a Python expression, where the prompt has `{{…}}` that its magic fills in.
    """
    caller = "ernie"
    session = ""
    if conversation != "main":
        caller = f"ernie[{conversation!r}]"
        session = conversation
    sent = _checked_values("chat", request, given)
    options = _python_options(request, sent, model, system)
    switches = []
    if leaves_out_system:
        options["system"] = ""
        switches.append('--system ""')
    if not history:
        switches.append("--no-history")
    if not request.stream:
        switches.append("--no-stream")
        options["stream"] = False
    options["images"] = _image_arguments(request, files, caller)
    if not history:
        options["history"] = False
    prompt = Expression(prompt_code) if prompt_code else request.prompt
    python = python_call(f"{caller}.chat", prompt, options)
    if any(map(is_read_otherwise, files)):
        python = f"from pathlib import Path\n\n{python}"
    magic = None
    if _fits_chat_magic(request, files):
        flags = magic_flags(request, model, session, system, files)
        magic = magic_cell(
            "%%ernie",
            flags,
            "chat",
            sent,
            request.prompt,
            switches=switches,
            is_filled_in=bool(prompt_code),
        )
    body = _with_code(openai_style.chat(request).body, prompt)
    openai = openai_code("chat", body, endpoint, sent, files)
    if not files:
        return Code(_or_python(magic, python), python, openai)
    return Code(_or_python(magic, python), python, openai, _FILES.fill(files=", ".join(files)))


def _fits_chat_magic(request: ChatRequest, files: Sequence[str]) -> bool:
    """Whether a cell can express the prompt, its pictures and the extra fields."""
    return (
        len(files) == count_pictures(request.messages[-1:])
        and not any(map(is_read_otherwise, files))
        and not any(map(is_invalid_field, request.extra))
        and request.prompt.strip("\n") == request.prompt
    )


def code_for_image(
    request: ImageRequest,
    endpoint: Endpoint,
    *,
    given: Mapping[str, Any],
    model: str = "",
    prompt_code: str = "",
) -> Code:
    """Return a call for pictures as code; see `code_for_chat`."""
    sent = _checked_values("image", request, given)
    prompt = Expression(prompt_code) if prompt_code else request.prompt
    python = python_call("ernie.image", prompt, _python_options(request, sent, model))
    magic = None
    if request.prompt.strip() == request.prompt and not any(map(is_invalid_field, request.extra)):
        flags = magic_flags(request, model)
        magic = magic_cell(
            "%%ernie_image", flags, "image", sent, request.prompt, is_filled_in=bool(prompt_code)
        )
    body = _with_code(openai_style.images(request).body, prompt)
    openai = openai_code("image", body, endpoint, sent)
    return Code(_or_python(magic, python), python, openai)


def code_for_embedding(
    request: EmbeddingRequest,
    endpoint: Endpoint,
    *,
    model: str = "",
    text_codes: Sequence[str] = (),
) -> Code:
    """Return a call for vectors as code; see `code_for_chat`. `text_codes` has the `prompt_code` of
    each text.
    """
    is_filled_in = any(text_codes)
    texts = list(request.texts)
    if is_filled_in:
        texts = [
            Expression(code) if code else text for text, code in zip(texts, text_codes, strict=True)
        ]
    python = python_call("ernie.embed", texts, _python_options(request, {}, model))
    magic = None
    if all(text.strip() and "\n" not in text for text in request.texts) and not any(
        map(is_invalid_field, request.extra)
    ):
        magic = magic_cell(
            "%%ernie_embed",
            magic_flags(request, model),
            "embedding",
            {},
            *request.texts,
            is_filled_in=is_filled_in,
        )
    body = openai_style.embeddings(request).body
    if is_filled_in:
        body = {**(body or {}), "input": texts}
    openai = openai_code("embedding", body, endpoint, {})
    return Code(_or_python(magic, python), python, openai)


def _with_code(body: Any, code: str) -> Any:
    """Return a body in which the code that makes a prompt stands for it."""
    if not isinstance(code, Expression):
        return body
    if "prompt" in body:
        return {**body, "prompt": code}
    *earlier, last = body["messages"]
    content = last["content"]
    if isinstance(content, list):
        content = [{**part, "text": code} if "text" in part else part for part in content]
    else:
        content = code
    return {**body, "messages": [*earlier, {**last, "content": content}]}


def _checked_values(kind: Kind, request: Request, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given parameters with their checked values: plain data."""
    return dict(
        _checked_value(kind, request, given, name)
        for name, value in given.items()
        if value is not None
    )


def _checked_value(
    kind: Kind,
    request: Request,
    given: Mapping[str, Any],
    name: str,
) -> tuple[str, Any]:
    """Return one of them with its name, which is the sent one where only that has the value."""
    canonical = parameters.canonical_name(name, kind)
    elsewhere = parameters.canonical_name(name, kind, strict=False)
    if elsewhere not in (canonical, *given) and elsewhere in request.parameters:
        return elsewhere, request.parameters[elsewhere]
    return name, request.parameters.get(canonical, given[name])


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


def _image_arguments(
    request: ChatRequest,
    files: Sequence[str],
    caller: str,
) -> list[Any] | Expression | None:
    if files:
        return [_file_argument(name) for name in files]
    if count_pictures(request.messages[-1:]):  # the last prompt's, asked again
        return Expression(f"[part['image_url']['url'] for part in {caller}.history[-1].images]")
    return None


def _file_argument(name: str) -> str:
    if is_read_otherwise(name):
        return Expression(f"Path({name!r}).read_bytes()")
    return name


def _or_python(magic: str | None, python: str) -> Text:
    """Return the magic; where it cannot express something exactly, the Python call, which makes the
    same request.
    """
    if magic is not None:
        return untranslated(magic)
    return Text(f"{_NOT_IN_A_MAGIC.zh}\n{python}", f"{_NOT_IN_A_MAGIC.en}\n{python}")
