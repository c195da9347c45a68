"""Prompt templates in files: one text file each, in the folder `.ernie/templates` beside the
notebook if `.ernie` exists, else in the user's data folder.

A file has a small head, and the text below it:

    ---
    name: trip
    identifier: {}
    ---
    Plan {days} days in {city}.

`variables` is in the head only where the text alone does not tell them. A file without a head is a
text whose name is the file's.
"""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.errors import ErnieError, InvalidOption
from ernie_magic.qianfan.listing import Listing
from ernie_magic.qianfan.templates.prompt_template import (
    PromptTemplate,
    check_name,
    has_found_variables,
    make_template,
)
from ernie_magic.storage import files, folders
from ernie_magic.text.language import Text
from ernie_magic.text.line_ends import normalize_line_ends
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

_EXTENSION = ".txt"
_RULE = "---"
_LISTS = ("variables", "negative_variables", "labels")
_KEYS = ("name", "identifier", "id", "negative_text", *_LISTS)
_MAX_BYTES = 1_000_000  # of a file: a longer one is no prompt
_MAX_FILES = 5_000
_MAX_NUMBERED = 1_000  # files whose names differ in a number only
_SAVE_IT = Text(
    "先保存它：%ernie template save {name} 安排{{city}}的行程（Python 里是 ernie.templates.save）",
    "save it first: %ernie template save {name} Plan a day in {{city}} (in Python "
    "ernie.templates.save)",
)
_OR_LIST = Text(
    "{save}；%ernie template 列出已有的", "{save}; %ernie template lists those that you have"
)


class TemplateList(Listing[PromptTemplate]):
    """Templates in the order of their names.

    Attributes
    ----------
    problems : dict of str to ErnieError
        Why a file is not among them, by the file's name.
    is_local : bool
        They are in files, not on the service.
    """

    def __init__(
        self,
        templates: Iterable[PromptTemplate] = (),
        problems: dict[str, ErnieError] | None = None,
        *,
        is_local: bool = True,
        is_simulated: bool = False,
    ) -> None:
        super().__init__(templates, is_simulated=is_simulated)
        self.problems = problems or {}
        self.is_local = is_local

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [template.name for template in self]


class _Stored(NamedTuple):
    """A file, and the template in it or why there is none."""

    path: Path
    template: PromptTemplate | None
    problem: ErnieError | None = None


def template_folder() -> Path:
    """Return the folder of the files; it need not exist."""
    return folders.storage_folder("data") / "templates"


def list_templates(sought: str = "") -> TemplateList:
    """Return the templates whose name or text has these words in it; all of them for ""."""
    templates: dict[str, PromptTemplate] = {}
    problems: dict[str, ErnieError] = {}
    for stored in _iterate_stored():
        template = stored.template
        if template is None:
            problems[stored.path.name] = stored.problem or _unreadable(stored.path, "")
        elif template.name in templates:
            problems[stored.path.name] = _same_name(template.name)
        else:
            templates[template.name] = template
    wanted = sought.lower()
    found = [each for each in templates.values() if wanted in f"{each.name}\n{each.text}".lower()]
    return TemplateList(sorted(found, key=lambda each: each.name.lower()), problems)


def find_template(name: str) -> PromptTemplate:
    """Return the template of that name.

    Raises
    ------
    InvalidOption
        There is none (the closest is named), or its file cannot be read.
    """
    stored = _find_stored(name)
    if stored is not None and stored.template is not None:
        return stored.template
    if stored is not None and stored.problem is not None:
        raise stored.problem
    raise _unknown_template(name)


def save_template(template: PromptTemplate) -> Path:
    """Write a template's file, in the place of an earlier one of that name; return its path.

    Raises
    ------
    InvalidOption
        It has no name, or the file cannot be written.
    """
    check_name(template.name)
    if not template.name:
        raise InvalidOption(
            Text("模板还没有名称", "the template has no name yet"),
            advice=Text("给它一个：save(名称, 文本)", "give it one: save(NAME, TEXT)"),
        )
    content = format_template(template).encode()
    stored = _find_stored(template.name)
    folder = template_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if stored is not None:
            files.write_over(stored.path, content)
            return stored.path
        return files.write_new(_file_names(folder, template.name), content)
    except OSError as error:
        raise InvalidOption(
            Text("无法写入 {file}：{said}", "{file} cannot be written: {said}").fill(
                file=folder, said=error.strerror or error
            ),
            advice=Text(
                "在笔记本旁建 .ernie 文件夹可换个位置",
                "a new folder .ernie beside the notebook is used instead",
            ),
        ) from None


def save_unless_changed(
    template: PromptTemplate,
    own: Container[PromptTemplate] = (),
) -> Path:
    """Write a template's file, unless another text is stored under its name.

    Parameters
    ----------
    template
    own
        What may be replaced all the same.

    Raises
    ------
    InvalidOption
    """
    stored = _find_stored(template.name)
    if stored is not None and not _may_replace(stored, template, own):
        raise InvalidOption(
            Text("存着另一个 {name}：{file}", "another {name} is stored: {file}").fill(
                name=template.name, file=stored.path
            ),
            advice=Text(
                "要替换写 --yes（Python：replace=True），要并存换一个名称（pull 用 save_as=名称）",
                "replace it by --yes (in Python replace=True), or keep both under another name "
                "(of pull: save_as=NAME)",
            ),
        )
    return save_template(template)


def _may_replace(
    stored: _Stored,
    template: PromptTemplate,
    own: Container[PromptTemplate],
) -> bool:
    if stored.template is None:
        return False
    return stored.template.text == template.text or stored.template in own


def delete_template(name: str) -> Path:
    """Remove a template's file; return its path.

    Raises
    ------
    InvalidOption
        There is none of that name, or the file cannot be removed.
    """
    stored = _find_stored(name)
    if stored is None:
        raise _unknown_template(name)
    try:
        stored.path.unlink()
    except OSError as error:
        raise InvalidOption(
            Text("删不了 {file}：{said}", "{file} cannot be removed: {said}").fill(
                file=stored.path, said=error.strerror or error
            )
        ) from None
    return stored.path


def format_template(template: PromptTemplate) -> str:
    """Return a template as the text of its file."""
    head = {"name": template.name, "identifier": template.identifier}
    for name, text, variables in (
        ("variables", template.text, template.variables),
        ("negative_variables", template.negative_text, template.negative_variables),
    ):
        if not has_found_variables(text, template.identifier, variables):
            head[name] = ", ".join(variables)
    if template.labels:
        head["labels"] = ", ".join(template.labels)
    if template.id:
        head["id"] = template.id
    if template.negative_text:
        head["negative_text"] = template.negative_text
    lines = [f"{key}: {_quote(value)}" for key, value in head.items()]
    return "\n".join([_RULE, *lines, _RULE, template.text, ""])


def parse_template(content: str, file_stem: str) -> PromptTemplate:
    """Return the template in the text of a file.

    Parameters
    ----------
    file_stem
        Its name where the head has none.

    Raises
    ------
    InvalidOption
    """
    head, text = _split_head(normalize_line_ends(content))
    unknown = next((key for key in head if key not in _KEYS), None)
    if unknown is not None:
        raise InvalidOption(
            Text("模板文件的开头没有 {key} 这一项", "a template's head has no {key}").fill(
                key=unknown
            ),
            advice=did_you_mean(unknown, _KEYS)
            or Text("可以写：{known}", "it may have: {known}").fill(known=", ".join(_KEYS)),
        )
    # A text file ends in a line end, which is not the text's.
    return make_template(
        text.removesuffix("\n"),
        name=head.get("name") or file_stem,
        identifier=head.get("identifier"),
        variables=_split_list(head.get("variables")),
        negative_text=head.get("negative_text", ""),
        negative_variables=_split_list(head.get("negative_variables")),
        labels=_split_list(head.get("labels")) or (),
        template_id=head.get("id", ""),
    )


def _split_head(content: str) -> tuple[dict[str, str], str]:
    """Return a file's head and the text below it; no head where the lines are not one."""
    first, _, rest = content.partition("\n")
    lines, rule, text = f"\n{rest}".partition(f"\n{_RULE}\n")
    if first.rstrip() != _RULE or not rule:
        return {}, content
    pairs = [line.partition(":") for line in lines.split("\n") if line.strip()]
    head = {key.strip(): _unquote(value.strip()) for key, _, value in pairs}
    is_head = all(colon for _, colon, _ in pairs) and not head.keys().isdisjoint(_KEYS)
    if is_head:
        return head, text
    return {}, content


def _quote(value: str) -> str:
    """Return a value as the head has it: as JSON where it is not simply one line."""
    if value.isprintable() and value == value.strip() and not value.startswith('"'):
        return value
    return json.dumps(value, ensure_ascii=False)


def _unquote(value: str) -> str:
    if value.startswith('"'):
        with suppress(ValueError):
            return str(json.loads(value))
    return value


def _split_list(value: str | None) -> list[str] | None:
    if value is None:
        return None
    return [part for part in map(str.strip, value.split(",")) if part]


def _iterate_stored() -> Iterator[_Stored]:
    """Read the files, in the order of their names."""
    folder = template_folder()
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == _EXTENSION)
    except OSError:  # there is none yet
        return
    for path in paths[:_MAX_FILES]:
        if path.is_file():
            yield _read_stored(path)


def _read_stored(path: Path) -> _Stored:
    try:
        if path.stat().st_size > _MAX_BYTES:
            return _Stored(path, None, _too_long(path))
        return _Stored(path, parse_template(path.read_text("utf-8-sig"), path.stem))
    except InvalidOption as error:
        return _Stored(path, None, error)
    except (OSError, ValueError) as error:
        return _Stored(path, None, _unreadable(path, str(error)))


def _find_stored(name: str) -> _Stored | None:
    """Return the file with the template of that name; one that cannot be read is known by its own
    name.
    """
    for stored in _iterate_stored():
        if stored.template is None:
            if stored.path.stem == name:
                return stored
        elif stored.template.name == name:
            return stored
    return None


def _file_names(folder: Path, name: str) -> Iterator[Path]:
    """Iterate over the names for a new file: those of two templates may differ in characters that
    no file's name can hold.
    """
    longest_end = f"-{_MAX_NUMBERED}{_EXTENSION}"
    stem = files.sanitize_name(name, reserve=len(longest_end), otherwise="template")
    yield folder / f"{stem}{_EXTENSION}"
    for number in count(2):
        if number > _MAX_NUMBERED:
            return
        yield folder / f"{stem}-{number}{_EXTENSION}"


def _unknown_template(name: str) -> InvalidOption:
    known = list_templates().names
    advice = did_you_mean(str(name), known)
    if advice is None:
        advice = _SAVE_IT.fill(name=_as_word(name))
        if known:
            advice = _OR_LIST.fill(save=advice)
    return InvalidOption(
        Text("没有叫 {name} 的模板", "no template {name}").fill(name=f"{name!s:.60}"),
        advice=advice,
    )


def _as_word(name: object) -> str:
    """Return a name as it is written on a line: in quotes where it has a blank."""
    written = f"{name!s:.60}"
    return f'"{written}"' if " " in written else written


def _unreadable(path: Path, said: str) -> InvalidOption:
    return InvalidOption(
        Text("读不了 {file}：{said}", "{file} cannot be read: {said}").fill(file=path, said=said),
        advice=Text("存成 UTF-8 文本", "save it as UTF-8 text"),
    )


def _too_long(path: Path) -> InvalidOption:
    return InvalidOption(
        Text("{file} 太长，不是提示词模板", "{file} is too long for a template").fill(file=path)
    )


def _same_name(name: str) -> InvalidOption:
    return InvalidOption(
        Text("另一个文件的模板也叫 {name}", "another file's template is called {name} too").fill(
            name=name
        ),
        advice=Text("改它的 name", "change its name"),
    )
