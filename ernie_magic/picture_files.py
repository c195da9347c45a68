"""Pictures as files: their names, the parameters that are kept with them, and those read back.

In a PNG the parameters are a chunk of international text beside the others (PNG specification 11.3.3.4), so the rest of the
file stays as it came; beside a JPEG, WebP or GIF they are a file of JSON.
"""

from __future__ import annotations

import json
import re
import struct
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidOption
from ernie_magic.keys import scrub
from ernie_magic.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ernie_magic.pictures import Picture

KEYWORD = "ernie_magic"
PATTERN = "{prompt}-{i}"
FIELDS = ("prompt", "seed", "i", "model", "time")
_PNG = b"\x89PNG\r\n\x1a\n"
_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_SLUG = 40  # characters of a prompt in a file's name
_MAX_FILE = 256 * 1024 * 1024  # bytes of a file that are read back
_FRAME = 12  # bytes of a chunk beside its data: length, type and checksum


def metadata(picture: Picture) -> dict[str, Any]:
    """What is kept with a picture: what makes an equal request, and what came of it."""
    request = picture.request
    found = {
        "prompt": request.prompt, "model": request.model, "parameters": dict(request.parameters), "extra": dict(request.extra), "endpoint": request.endpoint,
        "index": picture.index, "seed": picture.seed, "revised_prompt": picture.revised_prompt, "service": picture.service, "id": picture.id,
    }
    return {name: value for name, value in found.items() if value not in ("", {}, None)}


def _written(picture: Picture) -> str:
    return scrub(json.dumps(metadata(picture), ensure_ascii=False, default=str))


def with_metadata(picture: Picture) -> bytes:
    """The file of a picture: a PNG with its parameters inside, anything else as it came."""
    content = picture.content
    return with_text(content, _written(picture)) if content.startswith(_PNG) else content


def with_text(png: bytes, text: str) -> bytes:
    """A PNG with a text under our keyword before its last chunk; every other byte stays, but for such a text that was there."""
    data = KEYWORD.encode() + b"\0\0\0\0\0" + text.encode()
    ours = struct.pack(">I", len(data)) + b"iTXt" + data + struct.pack(">I", zlib.crc32(b"iTXt" + data))
    kept, at = [png[:8]], 8
    for kind, start, end in _chunks(png):
        at = end
        if kind == b"IEND":
            return b"".join([*kept, ours, png[start:]])
        if not (kind == b"iTXt" and png[start + 8 :].startswith(KEYWORD.encode() + b"\0")):
            kept.append(png[start:end])
    return b"".join([*kept, ours, png[at:]])


def _chunks(png: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, beginning and end of each chunk."""
    at = 8
    while at + _FRAME <= len(png):
        end = at + _FRAME + int.from_bytes(png[at : at + 4], "big")
        if end > len(png):
            return
        yield png[at + 4 : at + 8], at, end
        at = end


def _text_in(png: bytes) -> str | None:
    """The text under our keyword, not compressed as we write it."""
    head = KEYWORD.encode() + b"\0\0\0\0\0"
    for kind, start, end in _chunks(png):
        if kind == b"iTXt" and png[start + 8 : end - 4].startswith(head):
            return png[start + 8 + len(head) : end - 4].decode("utf-8", "replace")
    return None


def beside(file: Path) -> Path:
    """Where the parameters of a picture stand that is no PNG."""
    return file.with_name(file.name + ".json")


def save(pictures: Sequence[Picture], pattern: str | Path) -> list[Path]:
    """Write pictures with their parameters; see `Picture.save`."""
    pattern = str(pattern)
    if pattern.endswith(("/", "\\")) or Path(pattern).expanduser().is_dir():
        pattern = str(Path(pattern) / PATTERN)
    if len(pictures) > 1 and "{i}" not in pattern:
        named = Path(pattern)
        pattern = str(named.with_name(f"{named.stem}-{{i}}{named.suffix}" if named.suffix.lower() in _ENDINGS else f"{named.name}-{{i}}"))
    for picture in pictures:
        if picture.problem:
            raise picture.problem
        if not picture.content:
            raise InvalidOption(Text("这张图片只有链接，没有下载", "of this picture only the link is here"),
                                advice=Text("不加 --preview url（Python 里 download=True）再生成", "make it without --preview url (in Python: download=True)"))
    written = []
    for picture in pictures:
        ending = picture.format.ending
        file = Path(filled(pattern, picture)).expanduser()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Parameters first: a picture is never there without them.
            file = _created(file.with_suffix("") if file.suffix.lower() in _ENDINGS else file, ending)
            if ending != ".png":
                beside(file).write_text(json.dumps({KEYWORD: json.loads(_written(picture))}, ensure_ascii=False, indent=1), encoding="utf-8")
            file.write_bytes(with_metadata(picture))
        except (OSError, ValueError) as error:
            raise InvalidOption(Text("写不进 {file}：{said}", "{file} cannot be written: {said}").fill(file=file, said=getattr(error, "strerror", "") or error),
                                advice=Text("换一个位置；图片还在变量和 ernie.images 里", "choose another place; the pictures are still in the variable and in ernie.images")) from None
        written.append(file)
    return written


def _created(stem: Path, ending: str) -> Path:
    """A new, empty file of that name; with a number when there is one of that name already."""
    n = 1
    while True:
        file = stem.with_name(f"{stem.name}{f'-{n}' if n > 1 else ''}{ending}")
        try:
            file.touch(exist_ok=False)
        except FileExistsError:
            n += 1
        else:
            return file


def filled(pattern: str, picture: Picture) -> str:
    """A path with its fields filled in.

    Raises
    ------
    InvalidOption
        One of them is none of ours.
    """
    slug = re.sub(r"[^\w]+", "-", picture.prompt).strip("-_")[:_SLUG].strip("-_") or "picture"
    values = dict(zip(FIELDS, (slug, "" if picture.seed is None else picture.seed, picture.index + 1, re.sub(r"[^\w.-]+", "-", picture.request.model),
                               time.strftime("%Y%m%d-%H%M%S")), strict=True))

    def value(found: re.Match[str]) -> str:
        if found.group(1) not in values:
            raise InvalidOption(Text("文件名里没有 {field} 这样的字段", "a file's name has no field {field}").fill(field=found.group(0)),
                                advice=Text("可用：{known}", "there are: {known}").fill(known=" ".join(f"{{{name}}}" for name in FIELDS)))
        return str(values[found.group(1)])

    return re.sub(r"\{([^{}]*)\}", value, pattern)


def read_back(path: str | Path) -> dict[str, Any]:
    """The parameters that were saved with a picture: `prompt`, `model`, `parameters` …

    Raises
    ------
    InvalidOption
        There is no such file, or it has none of ours.
    """
    file = Path(path).expanduser()
    found: object = None
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_FILE)
        if content.startswith(_PNG):
            found = json.loads(_text_in(content) or "null")
        elif beside(file).exists():
            found = json.loads(beside(file).read_text(encoding="utf-8"))[KEYWORD]
    except FileNotFoundError:
        raise InvalidOption(Text("没有文件 {file}", "no file {file}").fill(file=file)) from None
    except OSError as error:
        raise InvalidOption(Text("读不了 {file}：{said}", "{file} cannot be read: {said}").fill(file=file, said=error.strerror or error)) from None
    except (ValueError, TypeError, KeyError, RecursionError):
        found = None
    if not _is_ours(found):
        raise InvalidOption(Text("{file} 里没有 ernie_magic 保存的参数", "{file} holds no parameters saved by ernie_magic").fill(file=file.name),
                            advice=Text("只有用 --save 或 .save() 保存、没有被别的软件重写的图片才有", "only pictures written by --save or .save() do, and not rewritten by other software"))
    assert isinstance(found, dict)  # noqa: S101  (just checked)
    return found


def _is_ours(found: object) -> bool:
    return (isinstance(found, dict) and all(isinstance(found.get(name), str) for name in ("prompt", "model"))
            and all(isinstance(found.get(name, {}), dict) for name in ("parameters", "extra")) and isinstance(found.get("endpoint", ""), str))
