"""The first line of `%%ernie_image`, and the line magic `%ernie_image`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.images import files as picture_files
from ernie_magic.calls.images import recipes
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.habits import IMAGE_HABITS, suggest_command
from ernie_magic.notebook.magics.interpolate import (
    resolve_name,
    resolve_picture,
    resolve_pictures,
)
from ernie_magic.notebook.magics.options import (
    AS_OPTION,
    ENDPOINT_OPTION,
    PARAM_OPTION,
    VERBATIM_OPTION,
    CellLine,
    Grammar,
    Option,
    cell_options,
)
from ernie_magic.notebook.magics.templates import (
    TEMPLATE_OPTION,
    VAR_OPTION,
    ChosenTemplate,
    choose_template,
)
from ernie_magic.notebook.magics.words import split_words
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

_DISPLAY_OPTIONS = (
    Option(
        "save",
        Text(
            "保存到文件；可用 {prompt} {seed} {i} {model} {time}，不写名字则用提示词",
            "write files; fields: {prompt} {seed} {i} {model} {time}; without a name the prompt "
            "is used",
        ),
        metavar="PATTERN",
        bare_value=picture_files.PATTERN,
    ),
    Option(
        "overwrite",
        Text(
            "--save 替换已有的文件，不另加编号",
            "let --save replace files that exist, where it numbers new ones otherwise",
        ),
    ),
    Option(
        "preview",
        Text(
            "url：显示链接指向的图片，不下载",
            "url: show the pictures behind their links, download nothing",
        ),
        metavar="url",
        group="request",
    ),
    Option(
        "full",
        Text(
            "把原图嵌入笔记本，而不是缩略图", "embed the originals in the notebook, not thumbnails"
        ),
    ),
)
_EDIT_OPTIONS = (
    Option(
        "edit",
        Text(
            "要改的图片：变量、文件或网址，可重复：--edit cats[0]",
            "a picture to edit: a variable, a file or an address; may be repeated: --edit cats[0]",
        ),
        metavar="PICTURE",
        is_repeatable=True,
    ),
    Option(
        "mask",
        Text(
            "只改这张图亮的地方，与原图一样大（ernie-irag-edit）",
            "edit only where this picture, of the same size, is bright (ernie-irag-edit)",
        ),
        metavar="PICTURE",
        group="request",
    ),
)
IMAGE_GRAMMAR = Grammar(
    "%%ernie_image",
    "image",
    (
        TEMPLATE_OPTION,
        VAR_OPTION,
        AS_OPTION,
        *_EDIT_OPTIONS,
        ENDPOINT_OPTION,
        *_DISPLAY_OPTIONS,
        VERBATIM_OPTION,
        PARAM_OPTION,
    ),
)
IMAGE_COMMAND_GRAMMAR = Grammar(
    "%ernie_image",
    "image",
    (
        Option("prompt", Text("换一个提示词", "another prompt"), metavar="TEXT"),
        AS_OPTION,
        *_EDIT_OPTIONS,
        ENDPOINT_OPTION,
        *_DISPLAY_OPTIONS,
        PARAM_OPTION,
    ),
    Text(
        "命令后面先写一张图片（文件或变量），再写选项；提示词用 --prompt",
        "a picture (a file or a variable) comes first, then options; the prompt is given by "
        "--prompt",
    ),
)
IMAGE_COMMANDS = {
    "redo": Text(
        "按图片里的参数再生成：redo cat.png，redo cats[0]",
        "make it again from its stored parameters: redo cat.png, redo cats[0]",
    ),
    "vary": Text(
        "改一点再生成一张：vary cats[1] --seed +5 --style Anime",
        "make one more with changes: vary cats[1] --seed +5 --style Anime",
    ),
    "show": Text(
        "显示图片和它的参数：show cat.png", "show a picture and its parameters: show cat.png"
    ),
    "download": Text(
        "下载还只有链接的图片：download cats --as cats",
        "download pictures of which only links exist: download cats --as cats",
    ),
}
_FOR_EXAMPLE = {
    "redo": Text("例如 %ernie_image redo cat.png", "for example %ernie_image redo cat.png"),
    "vary": Text(
        "例如 %ernie_image vary cats[1] --seed +5",
        "for example %ernie_image vary cats[1] --seed +5",
    ),
    "show": Text("例如 %ernie_image show cat.png", "for example %ernie_image show cat.png"),
    "download": Text("例如 %ernie_image download cats", "for example %ernie_image download cats"),
}
_USAGE = Text(
    "用法：%ernie_image redo|vary|show|download 文件或变量",
    "usage: %ernie_image redo|vary|show|download FILE_OR_VARIABLE",
)
_ALL_COMMANDS = Text(
    "可用 redo、vary、show、download；要画图用 %%ernie_image，提示词写在下一行",
    "there are redo, vary, show and download; to make a picture use %%ernie_image with the prompt "
    "below",
)


@dataclass(frozen=True)
class ImageLine(CellLine):
    """The parsed options of `%%ernie_image` or `%ernie_image`.

    Attributes
    ----------
    options : dict
        What `Session.begin_image` takes; for `%ernie_image` the changes.
    save : str
        The pattern of the files to write, "" for none.
    full, overwrite : bool
    template : ChosenTemplate | None
        What becomes the prompt, if not the text below the line alone.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    save: str = ""
    full: bool = False
    overwrite: bool = False
    template: ChosenTemplate | None = None

    def fill_prompt(self, cell: str, namespace: Mapping[str, Any]) -> str:
        """The prompt: the template with the text below the line, whose `{{expr}}`s are
        interpolated.
        """
        body = super().fill_prompt(cell, namespace)
        if self.template is None:
            return body
        return self.template.fill(body)


def parse_image_line(line: str, namespace: Mapping[str, Any]) -> ImageLine:
    """Parse a `%%ernie_image` line; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
        An unknown option (the closest is named), a missing or malformed value.
    """
    args = IMAGE_GRAMMAR.parse_line(line, namespace)
    chosen = choose_template(args)
    if chosen is not None and chosen.template.negative_text and args["negative_prompt"] is None:
        args["negative_prompt"] = chosen.template.render_negative(chosen.values)
    parsed_line = _image_line_from_args(IMAGE_GRAMMAR, args, namespace)
    return replace(parsed_line, template=chosen)


def _image_line_from_args(
    grammar: Grammar,
    args: Mapping[str, Any],
    namespace: Mapping[str, Any],
) -> ImageLine:
    if args["preview"] not in (None, "url"):
        raise InvalidOption(Text("--preview 只能是 url", "--preview must be url if given"))
    # Checked before anything is sent, and billed.
    picture_files.check_pattern(args["save"] or "")
    options = grammar.session_options(
        args, prompt=args.get("prompt"), **_edit_options(args, namespace)
    )
    if args["preview"] and not args["save"]:
        options["download"] = False
    return ImageLine(
        options,
        save=args["save"] or "",
        full=args["full"],
        overwrite=args["overwrite"],
        **cell_options(args),
    )


def _edit_options(args: Mapping[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The pictures that `--edit` and `--mask` name."""
    edit = resolve_pictures(args["edit"], namespace, "--edit")
    mask = None
    if args["mask"]:
        mask = resolve_picture(args["mask"], namespace, "--mask")
    return {"edit": edit or None, "mask": mask}


@dataclass(frozen=True)
class ImageCommand:
    """A parsed `%ernie_image` line.

    Attributes
    ----------
    name : {"redo", "vary", "show", "download"}
    target : Picture | ImageSet | str
        What was named; a file's path.
    parsed_line : ImageLine
    """

    name: str
    target: Any
    parsed_line: ImageLine


def parse_image_command(line: str, namespace: Mapping[str, Any]) -> ImageCommand:
    """Parse a `%ernie_image` line.

    Raises
    ------
    InvalidOption
    """
    words = split_words(line)
    if not words:
        raise InvalidOption(_USAGE, advice=_ALL_COMMANDS)
    if words[0] not in IMAGE_COMMANDS:
        raise InvalidOption(
            Text("%ernie_image 没有命令“{word}”", "%ernie_image has no command {word!r}").fill(
                word=words[0]
            ),
            advice=suggest_command(words[0], IMAGE_COMMANDS, IMAGE_HABITS) or _ALL_COMMANDS,
        )
    if len(words) == 1 or words[1].startswith("--"):
        raise InvalidOption(_USAGE, advice=_FOR_EXAMPLE[words[0]])
    name, picture, *rest = words
    target = resolve_name(picture, namespace)
    if name == "show" and rest:
        raise InvalidOption(Text("show 不接受选项", "show takes no options"))
    args = IMAGE_COMMAND_GRAMMAR.parse_line(rest, namespace)
    if re.fullmatch(r"[+-]\d+", args["seed"] or "") and name in ("redo", "vary"):
        args["seed"] = str(_offset_seed(args["seed"], recipes.seed_of(recipes.read_recipe(target))))
    parsed_line = _image_line_from_args(IMAGE_COMMAND_GRAMMAR, args, namespace)
    if name == "download" and not parsed_line.as_name and picture.isidentifier():
        # The downloaded pictures replace the links.
        parsed_line = replace(parsed_line, as_name=unicodedata.normalize("NFKC", picture))
    return ImageCommand(name, target, parsed_line)


def _offset_seed(offset: str, known_seed: int | None) -> int:
    """`--seed +5` counts from the seed that the picture shows."""
    if known_seed is None:
        raise InvalidOption(
            Text(
                "这张图片的种子未知，不能在它上面加减",
                "this picture's seed is not known: nothing can be added to it",
            ),
            advice=Text("给出一个数：--seed 7", "give a number: --seed 7"),
        )
    return known_seed + int(offset)
