"""The parameters that made a picture, kept in its file: PNG metadata, or a JSON file beside it.

In a PNG they are an additional chunk of international text (PNG specification, 11.3.3.4), so the
rest of the file is unchanged; beside a JPEG, WebP or GIF they are a JSON file.
"""

from __future__ import annotations

import errno
import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ernie_magic.api import parameters
from ernie_magic.calls.images.formats import PNG
from ernie_magic.errors import InvalidOption
from ernie_magic.storage import signatures
from ernie_magic.storage.paths import find_path
from ernie_magic.text.language import Text
from ernie_magic.text.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ernie_magic.calls.images.formats import ReceivedPicture

KEYWORD = "ernie_magic"
MAX_FILE = 256 * 1024 * 1024  # bytes of a file that are read back
_MAX_TEXT = 1024 * 1024  # bytes of the parameters
_SIGNATURE = "signature"
# What is accepted from a file that was written elsewhere.
_KINDS: dict[str, type] = {
    "prompt": str,
    "model": str,
    "parameters": dict,
    "index": int,
    "seed": int,
    "revised_prompt": str,
    "service": str,
    "id": str,
    "edited": int,
}
_FRAME = 12  # bytes of a chunk besides its data: length, type and checksum


def picture_metadata(picture: ReceivedPicture) -> dict[str, Any]:
    """Return what is kept with a picture: what makes an equal request, and the outcome."""
    request = picture.request
    recipe = {
        "prompt": request.prompt,
        "model": request.model,
        "parameters": dict(request.parameters),
        "extra": dict(request.extra),
        "endpoint": request.endpoint,
        "edited": len(request.images) or None,
        "index": picture.index,
        "seed": picture.seed,
        "revised_prompt": picture.revised_prompt,
        "service": picture.service,
        "id": picture.id,
    }
    return {name: value for name, value in recipe.items() if value not in ("", {}, None)}


def _signed_json(picture: ReceivedPicture) -> str:
    recipe = json.loads(
        json.dumps(_redact_values(picture_metadata(picture)), ensure_ascii=False, default=str)
    )
    if signature := signatures.sign_text(_canonical_json(recipe)):
        recipe[_SIGNATURE] = signature
    return json.dumps(recipe, ensure_ascii=False)


def _canonical_json(recipe: Mapping[str, Any]) -> str:
    return json.dumps(recipe, ensure_ascii=False, sort_keys=True)


def _redact_values(unredacted: Any) -> Any:
    """Return the metadata without keys. Only texts are redacted: a number that looks like part of a
    key is not one.
    """
    if isinstance(unredacted, Mapping):
        return {
            redact(str(name), strict=True): _redact_values(value)
            for name, value in unredacted.items()
        }
    if isinstance(unredacted, (list, tuple)):
        return [_redact_values(value) for value in unredacted]
    if isinstance(unredacted, str):
        return redact(unredacted, strict=True)
    return unredacted


def with_metadata(picture: ReceivedPicture) -> bytes:
    """Return a picture's file: a PNG with its parameters inside, anything else as received."""
    content = picture.content
    if not content.startswith(PNG.signature):
        return content
    return with_itxt(content, _signed_json(picture))


def with_itxt(png: bytes, text: str) -> bytes:
    """Return a PNG with a text under our keyword before its last chunk. Every other byte is
    unchanged, except for an earlier text of ours.
    """
    data = KEYWORD.encode() + b"\0\0\0\0\0" + text.encode()
    ours = (
        struct.pack(">I", len(data))
        + b"iTXt"
        + data
        + struct.pack(">I", zlib.crc32(b"iTXt" + data))
    )
    chunks_kept = [png[:8]]
    position = 8
    for kind, start, end in _read_chunks(png):
        position = end
        if kind == b"IEND":
            return b"".join([*chunks_kept, ours, png[start:]])
        if not (kind == b"iTXt" and png.startswith(KEYWORD.encode() + b"\0", start + 8)):
            chunks_kept.append(png[start:end])
    return b"".join([*chunks_kept, ours, png[position:]])


def _read_chunks(png: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Iterate over type, beginning and end of each chunk."""
    position = 8
    while position + _FRAME <= len(png):
        end = position + _FRAME + int.from_bytes(png[position : position + 4], "big")
        if end > len(png):
            return
        yield png[position + 4 : position + 8], position, end
        position = end


def _read_itxt(png: bytes) -> str | None:
    """Return the text under our keyword, uncompressed as we write it."""
    head = KEYWORD.encode() + b"\0\0\0\0\0"
    for kind, start, end in _read_chunks(png):
        if kind == b"iTXt" and end - start <= _MAX_TEXT and png.startswith(head, start + 8):
            return png[start + 8 + len(head) : end - 4].decode("utf-8", "replace")
    return None


def sidecar_path(file: Path) -> Path:
    """Return where the parameters are kept of a picture that is not a PNG."""
    return file.with_name(file.name + ".json")


def sidecar_json(picture: ReceivedPicture) -> bytes:
    """Return the JSON file beside a picture that has no place for text inside."""
    recipe = json.loads(_signed_json(picture))
    return json.dumps({KEYWORD: recipe}, ensure_ascii=False, indent=1).encode()


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Return the parameters that were saved with a picture: `prompt`, `model`, `parameters` …

    From a picture that this user's installation did not write, only fields of the parameter table
    are read: a stranger's may name other fields (`extra`), a service of the user's (`endpoint`) and
    an address for the service to fetch (`refer_image`).

    Raises
    ------
    InvalidOption
        There is no such file, or it contains no parameters of ours.
    """
    file = Path(path)
    candidate: object = None
    try:
        file = find_path(file)
        content = read_file_beginning(file, MAX_FILE)
        if content.startswith(PNG.signature):
            candidate = json.loads(_read_itxt(content) or "null", parse_constant=_refuse_constant)
        elif sidecar_path(file).exists():
            candidate = json.loads(
                read_file_beginning(sidecar_path(file), _MAX_TEXT), parse_constant=_refuse_constant
            )[KEYWORD]
    except FileNotFoundError:
        raise InvalidOption(Text("没有文件 {file}", "no file {file}").fill(file=file)) from None
    except OSError as error:
        raise InvalidOption(
            Text("无法读取 {file}：{said}", "{file} cannot be read: {said}").fill(
                file=file, said=error.strerror or error
            )
        ) from None
    except (ValueError, TypeError, KeyError, RuntimeError):
        candidate = None
    if not is_recipe(candidate):
        raise InvalidOption(
            Text(
                "{file} 里没有 ernie_magic 保存的参数",
                "{file} contains no parameters saved by ernie_magic",
            ).fill(file=file.name),
            advice=Text(
                "只有用 --save 或 .save() 保存、没有被别的软件重写的图片才有",
                "only pictures saved with --save or .save(), and not rewritten by "
                "other software, do",
            ),
        )
    return _trusted_fields(cast("dict[str, Any]", candidate))


def _refuse_constant(constant: str) -> None:
    """Reject NaN and infinities, which JSON does not have."""
    raise ValueError(constant)


def _trusted_fields(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is accepted from a file's parameters."""
    unsigned = {name: value for name, value in recipe.items() if name != _SIGNATURE}
    if signatures.is_signed(_canonical_json(unsigned), recipe.get(_SIGNATURE)):
        return unsigned
    trusted: dict[str, Any] = {
        name: value
        for name, value in unsigned.items()
        if name in _KINDS and isinstance(value, _KINDS[name]) and not isinstance(value, bool)
    }
    if "refer_image" in trusted.get("parameters", ()):
        trusted["parameters"] = {**trusted["parameters"]}
        del trusted["parameters"]["refer_image"]
    return trusted


def read_file_beginning(file: Path, max_bytes: int) -> bytes:
    """Read at most `max_bytes` bytes of a file; nothing from a pipe or a device, which may never
    end.

    Raises
    ------
    OSError
    """
    if file.exists() and not file.is_file() and not file.is_dir():
        raise OSError(errno.EINVAL, "not a file")
    with file.open("rb") as opened:
        return opened.read(max_bytes)


def is_recipe(candidate: object) -> bool:
    """Whether this was made by `picture_metadata`."""
    return (
        isinstance(candidate, Mapping)
        and all(isinstance(candidate.get(name), str) for name in ("prompt", "model"))
        and all(isinstance(candidate.get(name, {}), Mapping) for name in ("parameters", "extra"))
        and isinstance(candidate.get("endpoint", ""), str)
        and set(candidate.get("parameters", ()))
        <= {
            name
            for name, parameter in parameters.parameters_of("image").items()
            if name != "model" and not parameter.client_side
        }
    )
