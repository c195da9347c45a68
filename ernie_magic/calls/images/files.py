"""Pictures as files: their names, and writing them with the parameters that made them."""

from __future__ import annotations

import os
import re
import time
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.calls.images.formats import EXTENSIONS, PNG, only_a_link
from ernie_magic.calls.images.metadata import sidecar_json, sidecar_path, with_metadata
from ernie_magic.errors import InvalidOption, WrongArguments
from ernie_magic.storage import files
from ernie_magic.text.language import Text, untranslated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ernie_magic.calls.images.formats import ReceivedPicture

PATTERN = "{prompt}-{i}"
FIELDS = ("prompt", "seed", "i", "model", "time")
_SLUG = 40  # characters of a prompt in a file's name
_ADDED = 24  # bytes that a name grows by: " (1000)", ".webp", ".json"
_TAKEN = Text("{path}（{taken} 已存在）", "{path} ({taken} already exists)")
_OTHER_FORMAT = Text("{path}（图片是 {format}）", "{path} (the picture is a {format})")
_OTHER_EXTENSIONS = {".jpeg": ".jpg", ".tif": ".tiff", ".pgm": ".ppm", ".pbm": ".ppm"}
_AS_RECEIVED = Text(
    "save() 没有选项 {name}：文件照收到的样子保存",
    "save() has no option {name}: the file is written as it was received",
)
_BY_PILLOW = Text(
    "换格式、改质量用 Pillow：.{method}，可写 {name}=…",
    "in another format or quality Pillow writes it: .{method} takes {name}=…",
)


class SavedFile(NamedTuple):
    """A file that was written.

    Attributes
    ----------
    path : Path
    taken : Path | None
        The name that it would have had, had no file of that name been there.
    other_format : str
        The name of its format, where another one was asked for.
    """

    path: Path
    taken: Path | None = None
    other_format: str = ""

    def describe(self) -> Text:
        """Where it is, and why under another name."""
        if self.taken is not None:
            return _TAKEN.fill(path=self.path, taken=self.taken.name)
        if self.other_format:
            return _OTHER_FORMAT.fill(path=self.path, format=self.other_format)
        return untranslated(str(self.path))


def refuse_options(others: Mapping[str, object], method: str) -> None:
    """Refuse options of Pillow's `save`: a picture's file stays as it was received.

    Parameters
    ----------
    method
        What takes them.

    Raises
    ------
    WrongArguments
    """
    for name in others:
        raise WrongArguments(
            _AS_RECEIVED.fill(name=name), advice=_BY_PILLOW.fill(method=method, name=name)
        )


def save_pictures(
    pictures: Sequence[ReceivedPicture],
    pattern: str | Path,
    *,
    overwrite: bool = False,
) -> list[SavedFile]:
    """Write pictures with their parameters; see `Picture.save`."""
    if not isinstance(pattern, (str, Path)):
        raise InvalidOption(
            Text("文件名要是文本，不是 {kind}", "a file's name must be a text, not {kind}").fill(
                kind=type(pattern).__name__
            )
        )
    pattern = str(pattern)
    if pattern.endswith(("/", "\\")) or _is_folder(pattern):
        pattern = str(Path(pattern) / PATTERN)
    if len(pictures) > 1 and "{i}" not in pattern:
        pattern = _with_number(Path(pattern))
    for picture in pictures:
        if picture.problem:
            raise picture.problem
        if not picture.content:
            raise only_a_link()
    return [
        _write_picture(picture, Path(fill_pattern(pattern, picture)), overwrite=overwrite)
        for picture in pictures
    ]


def _with_number(file: Path) -> str:
    """Return a pattern that names each picture by its number."""
    name = f"{file.name}-{{i}}"
    if file.suffix.lower() in EXTENSIONS:
        name = f"{file.stem}-{{i}}{file.suffix}"
    return str(file.with_name(name))


def _is_folder(path: str) -> bool:
    try:
        return Path(path).expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):
        # Too long, a null byte, an unknown home folder: writing will report it.
        return False


def _write_picture(picture: ReceivedPicture, file: Path, *, overwrite: bool) -> SavedFile:
    """Write a picture and, unless it is a PNG, its parameters beside it."""
    try:
        file = file.expanduser()
        file.parent.mkdir(parents=True, exist_ok=True)
        name = file.name
        if file.suffix.lower() in EXTENSIONS:
            name = file.stem
        stem = file.with_name(files.sanitize_name(name, reserve=_ADDED))
        wanted = stem.with_name(f"{stem.name}{picture.format.extension}")
        written = _write_file(
            stem, picture.format.extension, with_metadata(picture), overwrite=overwrite
        )
        if picture.format is not PNG:
            try:
                if overwrite:
                    files.write_over(sidecar_path(written), sidecar_json(picture))
                else:
                    files.write_new([sidecar_path(written)], sidecar_json(picture))
            except OSError:
                written.unlink()
                raise
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidOption(
            Text("无法写入 {file}：{said}", "{file} cannot be written: {said}").fill(
                file=file, said=getattr(error, "strerror", "") or error
            ),
            advice=Text(
                "换一个位置；图片还在变量和 ernie.images 里",
                "choose another place; the pictures are still in the variable and in ernie.images",
            ),
        ) from None
    other_format = ""
    asked = file.suffix.lower()
    if name != file.name and _OTHER_EXTENSIONS.get(asked, asked) != picture.format.extension:
        other_format = picture.format.name
    return SavedFile(written, wanted if written != wanted else None, other_format)


def _write_file(stem: Path, extension: str, content: bytes, *, overwrite: bool) -> Path:
    """Write a file of that name, with a number if that name, or its parameters' file, already
    exists.
    """
    if overwrite:
        file = stem.with_name(f"{stem.name}{extension}")
        files.write_over(file, content)
        return file
    numbers = chain([""], (f" ({n})" for n in count(2)))
    names = (stem.with_name(f"{stem.name}{number}{extension}") for number in numbers)
    return files.write_new(
        (name for name in names if not os.path.lexists(sidecar_path(name))), content
    )


def check_pattern(pattern: str) -> None:
    """Check that a pattern contains only our fields.

    Raises
    ------
    InvalidOption
    """
    for match in re.finditer(r"\{([^{}]*)\}", pattern):
        if match.group(1) not in FIELDS:
            raise InvalidOption(
                Text("文件名里没有 {field} 这样的字段", "a file's name has no field {field}").fill(
                    field=match.group(0)
                ),
                advice=Text("可用：{known}", "fields: {known}").fill(
                    known=" ".join(f"{{{name}}}" for name in FIELDS)
                ),
            )


def fill_pattern(pattern: str, picture: ReceivedPicture) -> str:
    """Return a path with its fields filled in; raises what `check_pattern` raises."""
    check_pattern(pattern)
    slug = re.sub(r"[^\w]+", "-", picture.prompt).strip("-_")[:_SLUG].strip("-_")
    model = files.sanitize_name(re.sub(r"[^\w.-]+", "-", picture.request.model), otherwise="model")
    seed = "noseed"
    if picture.seed is not None:
        seed = str(picture.seed)
    moment = time.strftime("%Y%m%d-%H%M%S")
    fillings = (files.sanitize_name(slug), seed, picture.index + 1, model, moment)
    values = dict(zip(FIELDS, fillings, strict=True))
    return re.sub(r"\{([^{}]*)\}", lambda found: str(values[found.group(1)]), pattern)
