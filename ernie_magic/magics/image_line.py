"""The first line of `%%ernie_image`, and the line magic `%ernie_image`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ernie_magic import picture_files
from ernie_magic.errors import InvalidOption
from ernie_magic.language import Text
from ernie_magic.magics.interpolate import named
from ernie_magic.magics.options import AS, ENDPOINT, PARAM, VERBATIM, Grammar, Option, extra_fields, split
from ernie_magic.pictures import ImageSet, Picture
from ernie_magic.suggest import near

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPTIONS = (
    AS, ENDPOINT,
    Option("save", Text("保存到文件；可用 {prompt} {seed} {i} {model} {time}，不写名字则用提示词", "write files; fields: {prompt} {seed} {i} {model} {time}; without a name the prompt is the name"),
           takes="PATTERN", alone=picture_files.PATTERN),
    Option("preview", Text("url：只显示链接，不下载", "url: show the bare links, download nothing"), takes="url"),
    Option("full", Text("把原图嵌入笔记本，而不是缩略图", "embed the originals in the notebook, not thumbnails")),
    VERBATIM, PARAM,
)
IMAGE = Grammar("%%ernie_image", "image", _OPTIONS)
AGAIN = Grammar("%ernie_image", "image", (Option("prompt", Text("换一个提示词", "another prompt"), takes="TEXT"), *_OPTIONS))
COMMANDS = {
    "redo": Text("按图片里的参数再生成：redo cat.png，redo cats[0]", "make it again from the parameters it holds: redo cat.png, redo cats[0]"),
    "vary": Text("改一点再生成一张：vary cats[1] --seed +1 --style Anime", "make another one with changes: vary cats[1] --seed +1 --style Anime"),
    "show": Text("显示图片和它的参数：show cat.png", "show a picture and its parameters: show cat.png"),
}
_USAGE = Text("用法：%ernie_image redo|vary|show 文件或变量", "usage: %ernie_image redo|vary|show FILE_OR_VARIABLE")


@dataclass(frozen=True)
class ImageLine:
    """The first line of `%%ernie_image`, understood.

    Attributes
    ----------
    options : dict
        What `Session.stream_image` takes.
    as_name, save : str
        "" for none.
    full, verbatim : bool
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    as_name: str = ""
    save: str = ""
    full: bool = False
    verbatim: bool = False


def image_line(line: str, namespace: Mapping[str, Any]) -> ImageLine:
    """What a `%%ernie_image` line says; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
        An unknown option (the nearest is named), a missing or ill-formed value.
    """
    return _line(IMAGE, IMAGE.read(line, namespace))


def _line(grammar: Grammar, said: Mapping[str, Any]) -> ImageLine:
    if said["preview"] not in (None, "url"):
        raise InvalidOption(Text("--preview 只能是 url", "--preview is url or not given"))
    options = {**grammar.parameters(said), "model": said["model"], "endpoint": said["endpoint"] or "", "extra": dict(extra_fields(said["param"] or [])) or None,
               "download": said["preview"] is None or bool(said["save"])}
    return ImageLine({name: value for name, value in options.items() if value not in (None, "")}, said["as"] or "", said["save"] or "", said["full"], said["verbatim"])


@dataclass(frozen=True)
class Again:
    """A `%ernie_image` line, understood.

    Attributes
    ----------
    command : {"redo", "vary", "show"}
    parameters : dict
        What made the picture (`ernie_magic.picture_files.metadata`).
    said : ImageLine
        Its options are the changes.
    picture : Picture | ImageSet | str
        What was named; a file's path.
    """

    command: str
    parameters: Mapping[str, Any]
    said: ImageLine
    picture: Picture | ImageSet | str


def again_line(line: str, namespace: Mapping[str, Any]) -> Again:
    """What a `%ernie_image` line says.

    Raises
    ------
    InvalidOption
    """
    words = split(line)
    if not words or words[0] not in COMMANDS:
        close = near(words[0], COMMANDS, 1) if words else ()
        raise InvalidOption(Text("%ernie_image 没有命令“{word}”", "%ernie_image has no command {word!r}").fill(word=words[0]) if words else _USAGE, advice=(
            Text("是不是 {close}？", "did you mean {close}?").fill(close=close[0]) if close else
            Text("redo、vary、show；要画图用 %%ernie_image，提示词写在下一行", "redo, vary, show; to make a picture use %%ernie_image with the prompt below")))
    if len(words) == 1 or words[1].startswith("--"):
        raise InvalidOption(_USAGE)
    command, name, *rest = words
    picture = named(name, namespace)
    if isinstance(picture, (Picture, ImageSet)):
        made = picture_files.metadata(picture if isinstance(picture, Picture) else picture[0])
    elif isinstance(picture, str):
        made = picture_files.read_back(picture)
    else:
        raise InvalidOption(Text("{name} 不是图片，而是 {kind}", "{name} is no picture, but {kind}").fill(name=name, kind=type(picture).__name__))
    if command == "show" and rest:
        raise InvalidOption(Text("show 不认识“{extra}”", "show does not know {extra!r}").fill(extra=" ".join(rest)))
    said = AGAIN.understood(_with_seed(rest, made.get("seed", made.get("parameters", {}).get("seed"))))
    found = _line(AGAIN, said)
    changes = {**found.options, **({"prompt": said["prompt"]} if said["prompt"] is not None else {})}
    if command == "vary":
        # A variation is one picture, with the next seed where the seed is known.
        known = made.get("seed", made.get("parameters", {}).get("seed"))
        changes = {"n": None, **({"seed": known + 1} if isinstance(known, int) else {}), **changes}
    return Again(command, made, ImageLine(changes, found.as_name, found.save, found.full), picture)


def _with_seed(words: list[str], known: object) -> list[str]:
    """`--seed +1` and `--seed -1` count from the picture's own seed."""
    for place, word in enumerate(words):
        if word == "--seed" and place + 1 < len(words) and re.fullmatch(r"[+-]\d+", words[place + 1]):
            if not isinstance(known, int):
                raise InvalidOption(Text("这张图片的种子未知，不能在它上面加减", "this picture's seed is not known: nothing can be added to it"),
                                    advice=Text("给出一个数：--seed 7", "give a number: --seed 7"))
            return [*words[: place + 1], str(known + int(words[place + 1])), *words[place + 2 :]]
    return words
