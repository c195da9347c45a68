"""`%ernie template`: your prompt templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.display.templates import templates_table
from ernie_magic.notebook.magics.settings_commands import print_message
from ernie_magic.notebook.magics.templates import VAR_OPTION, read_values
from ernie_magic.notebook.magics.words import YES_FLAG, first_word, split_words
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import close_matches, did_you_mean
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.notebook.display.html_table import Table
    from ernie_magic.qianfan.templates.prompt_template import PromptTemplate
    from ernie_magic.session import Session

IDENTIFIER_FLAG = "--identifier"
REMOTE_FLAG = "--remote"
# The option before the text, or behind it.
_IDENTIFIER = re.compile(rf"{IDENTIFIER_FLAG}(?:=|\s+)(\S+)(?:\s+|\Z)")
_IDENTIFIER_LAST = re.compile(rf"\s{IDENTIFIER_FLAG}(?:=|\s+)(\S+)\Z")
_YES = re.compile(rf"\A{YES_FLAG}\s+|\s+{YES_FLAG}\Z")
# Also with one of the dashes that editors make of two hyphens.
_OPTION = re.compile(r"(?<!\S)(?:--|[\u2010-\u2015\u2212]+)([a-z]+)(?![^\s=])")
# One quotation around the whole text.
_QUOTED = re.compile(r"""(["'])((?:(?!\1).)*)\1""", re.DOTALL)
_OPTION_IN_TEXT = Text(
    "{option} 夹在模板的文字里",
    "{option} stands within the template's text",
)
_OPTION_OUTSIDE = Text(
    "选项是 {flag} {{}}，写在文字前面或最后；要存成文字，给整段文字加引号",
    "the option is {flag} {{}}, before the text or behind it; to store it as words, put the whole "
    "text in quotes",
)
_DELETED = Text("已删除 {file}", "{file} is deleted")
_USAGE = {
    "show": Text("用法：%ernie template show 名称", "usage: %ernie template show NAME"),
    "save": Text(
        "用法：%ernie template save 名称 文本",
        "usage: %ernie template save NAME TEXT",
    ),
    "delete": Text("用法：%ernie template delete 名称", "usage: %ernie template delete NAME"),
    "render": Text(
        "用法：%ernie template render 名称 变量=值 …",
        "usage: %ernie template render NAME VARIABLE=VALUE …",
    ),
    "pull": Text(
        "用法：%ernie template pull 名称或 ID [--yes]",
        "usage: %ernie template pull NAME_OR_ID [--yes]",
    ),
    "push": Text("用法：%ernie template push 名称", "usage: %ernie template push NAME"),
}

_EXAMPLES = {
    "save": Text(
        "例如 %ernie template save trip 安排{city}的{days}天行程",
        "for example %ernie template save trip Plan {days} days in {city}",
    ),
    "render": Text(
        "例如 %ernie template render trip days=3 city=杭州",
        "for example %ernie template render trip days=3 city=Rome",
    ),
}


def run_template_command(session: Session, words: list[str]) -> Any:
    """Show, store, remove or render prompt templates.

    Parameters
    ----------
    session
    words
        What follows on the line, as one text: a template's own quotes and blanks stay.

    Raises
    ------
    InvalidOption
        An unknown word (the closest is named) or wrong arguments.
    """
    name, rest = first_word("".join(words) or "list")
    if name == "save":
        return _save(session, rest)
    arguments = split_words(rest)
    if name not in TEMPLATE_COMMANDS:
        known = " ".join(TEMPLATE_COMMANDS)
        raise InvalidOption(
            Text("%ernie template 没有“{word}”", "%ernie template has no {word!r}").fill(word=name),
            advice=did_you_mean(name, TEMPLATE_COMMANDS)
            or Text("可选：{known}", "choices: {known}").fill(known=known),
        )
    return TEMPLATE_COMMANDS[name](session, arguments)


def _list(session: Session, words: list[str]) -> Table:
    if words[:1] == [REMOTE_FLAG]:
        templates = session.templates.list_remote(" ".join(words[1:]))
    else:
        templates = session.templates.list(" ".join(words))
    return templates_table(templates, session.settings.interface_language)


def _show(session: Session, words: list[str]) -> PromptTemplate:
    return session.templates.get(_only_name("show", words))


def _save(session: Session, line: str) -> PromptTemplate:
    """Store the text that stands on a line behind the name; its quotes and blanks stay."""
    name, rest = first_word(line)
    text = rest.strip()
    identifier = None
    given = _IDENTIFIER.match(text) or _IDENTIFIER_LAST.search(text)
    if given and not _QUOTED.fullmatch(text):
        identifier = given[1]
        text = (text[: given.start()] + text[given.end() :]).strip()
    replace = _YES.search(text) is not None and not _QUOTED.fullmatch(text)
    if replace:
        text = _YES.sub("", text)
    if quoted := _QUOTED.fullmatch(text):
        text = quoted[2]
    else:
        _refuse_option_in_text(text)
    if not name or not text:
        raise _usage_error("save")
    return session.templates.save(name, text, identifier=identifier, replace=replace)


def _refuse_option_in_text(text: str) -> None:
    """Refuse a text that has the option, or a misspelled one, among its words."""
    for option in _OPTION.finditer(text):
        if close_matches(option[1], [IDENTIFIER_FLAG]):
            raise InvalidOption(
                _OPTION_IN_TEXT.fill(option=option[0]),
                advice=_OPTION_OUTSIDE.fill(flag=IDENTIFIER_FLAG),
            )


def _delete(session: Session, words: list[str]) -> None:
    path = session.templates.delete(_only_name("delete", words))
    print_message(session, _DELETED, file=path)


def _render(session: Session, words: list[str]) -> None:
    name = _only_name("render", words[:1])
    # As in a cell, `--var` may stand before each.
    flag = VAR_OPTION.long_flag
    pairs = [word.removeprefix(f"{flag}=") for word in words[1:] if word != flag]
    values = read_values(pairs)
    print(make_controls_visible(session.templates.render(name, values)))


def _pull(session: Session, words: list[str]) -> PromptTemplate:
    names = [word for word in words if word != YES_FLAG]
    replace = len(names) < len(words)
    return session.templates.pull(_only_name("pull", names), replace=replace)


def _push(session: Session, words: list[str]) -> PromptTemplate:
    return session.templates.push(_only_name("push", words))


def _only_name(command: str, words: list[str]) -> str:
    if len(words) != 1:
        raise _usage_error(command)
    return words[0]


def _usage_error(command: str) -> InvalidOption:
    return InvalidOption(_USAGE[command], advice=_EXAMPLES.get(command))


TEMPLATE_COMMANDS: dict[str, Callable[[Session, list[str]], Any]] = {
    "list": _list,
    "show": _show,
    "save": lambda session, words: _save(session, " ".join(words)),
    "delete": _delete,
    "render": _render,
    "pull": _pull,
    "push": _push,
}
