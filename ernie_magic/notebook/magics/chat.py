"""The first line of `%%ernie`."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from ernie_magic.api import parameters
from ernie_magic.api.requests import ChatOptions
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import resolve_pictures, user_names
from ernie_magic.notebook.magics.options import (
    AS_OPTION,
    ENDPOINT_OPTION,
    PARAM_OPTION,
    VERBATIM_OPTION,
    CellLine,
    Grammar,
    Option,
    cell_options,
    parse_extra_fields,
)
from ernie_magic.notebook.magics.templates import (
    TEMPLATE_OPTION,
    VAR_OPTION,
    ChosenTemplate,
    choose_template,
)
from ernie_magic.notebook.magics.words import ToolWord
from ernie_magic.text.language import Text, clip_text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.api.parameter import Parameter
CHAT_GRAMMAR = Grammar(
    "%%ernie",
    "chat",
    (
        Option(
            "system",
            Text(
                '这一次的系统提示词；要一直用：ernie["tutor"].system = "…"',
                'system prompt of this call; ernie["tutor"].system = "…" keeps one',
            ),
            metavar="TEXT",
        ),
        TEMPLATE_OPTION,
        VAR_OPTION,
        AS_OPTION,
        ENDPOINT_OPTION,
        Option(
            "image",
            Text(
                "给模型看的图片：变量（图片、matplotlib 图、数组）、文件或网址，可重复",
                "a picture for the model to see: a variable (picture, matplotlib figure, array), "
                "a file or an address; may be repeated",
            ),
            metavar="NAME_OR_FILE",
            is_repeatable=True,
        ),
        Option(
            "knowledge",
            Text(
                "先检索千帆知识库，再据此回答并注明出处；名称或 ID，可重复",
                "search a knowledge base of Qianfan, and answer from what it holds with its "
                "sources; a name or an id; may be repeated",
            ),
            metavar="NAME",
            is_repeatable=True,
            group="tools",
        ),
        Option(
            "app",
            Text(
                "由千帆上的应用回答；名称或 ID（%ernie apps）",
                "an application on Qianfan answers; its name or its id (%ernie apps)",
            ),
            metavar="NAME",
            group="tools",
        ),
        Option(
            "plugin",
            Text(
                "由千帆 V1 的插件回答，可重复：knowledge、image、weather、auto（加 --endpoint "
                "应用名），或 eChart、ImageAI、ChatFile",
                "plugins of Qianfan V1 answer; may be repeated: knowledge, image, weather, auto "
                "(with --endpoint APPLICATION), or eChart, ImageAI, ChatFile",
            ),
            metavar="NAME",
            is_repeatable=True,
            group="qianfan-v1",
        ),
        Option(
            "file",
            Text("交给 --app 的文件，可重复", "a file for --app; may be repeated"),
            metavar="FILE",
            is_repeatable=True,
            group="tools",
        ),
        Option("session", Text("使用名为 NAME 的对话", "use the conversation NAME"), "-s", "NAME"),
        Option(
            "no_history", Text("不带历史，也不记入历史", "send no earlier turns and record none")
        ),
        Option(
            "no_stream",
            Text("一次性返回", "ask for the answer in one piece"),
            group="request",
        ),
        Option(
            "raw",
            Text("显示原文，不渲染 Markdown", "show the text as it is, not as Markdown"),
            group="request",
        ),
        VERBATIM_OPTION,
        PARAM_OPTION,
    ),
)
# `[get_weather]`, `(f, g)`
_NAMES_IN_BRACKETS = re.compile(r"[\[(](\s*\w[\w\s.,]*)[\])]")
_LONGEST_NAME = 40  # characters of a new conversation's name
# How people tell a model what to be.
_INSTRUCTION = re.compile(
    r"你(?:是|现在|将|要|需要|扮演|的(?:任务|角色|身份)[是为])|您是|请[你您用以扮充总只]"
    r"|扮演|假设你|假装你|作为[一我]"
    r"|(?:you(?: are|'re|’re| will| must)|your (?:task|role|job) is|act as|pretend|always|never)\s"
    r"|(?:answer|reply|respond|speak|be) (?:in|with|as|only|like|an?|the|my|all|brief|concise)\b",
    re.IGNORECASE,
)
_NO_FUNCTION = Text(
    "{option}：{name} 是 {kind}，不是函数", "{option}: {name} is of type {kind}, not a function"
)
_NAME_FUNCTION = Text("写函数名，已有的：{names}", "name a function; there are: {names}")
_MAX_FUNCTIONS, _MAX_NAMED = 5, 100  # functions that an error names, and their characters
_DEFINE_FUNCTION = Text("先在前面的单元格里定义函数", "define the function in a cell above")


# What a question to an application takes besides the options of every cell.
_OF_AN_APP = frozenset(
    {
        *("app", "file", "as", "verbatim", "session", "raw", "no_history", "no_stream"),
        *("system", "tools", "param", "template", "var"),
    }
)


@dataclass(frozen=True)
class ChatLine(CellLine):
    """The parsed first line of `%%ernie`.

    Attributes
    ----------
    chat : ChatOptions
    session : str
        The conversation's name, "" for the current one.
    raw : bool
        The answer is shown as it is.
    template : ChosenTemplate | None
        What becomes the prompt, if not the text below the line alone.
    app : str
        The application that answers, "" for a model.
    files : tuple of str
        What it is given.
    """

    chat: ChatOptions
    session: str = ""
    raw: bool = False
    template: ChosenTemplate | None = None
    app: str = ""
    files: tuple[str, ...] = ()

    def fill_prompt(self, cell: str, namespace: Mapping[str, Any]) -> str:
        """The prompt: the template with the text below the line, whose `{{expr}}`s are
        interpolated.
        """
        body = super().fill_prompt(cell, namespace)
        if self.template is None:
            return body
        return self.template.fill(body)


def parse_chat_line(line: str, namespace: Mapping[str, Any]) -> ChatLine:
    """Parse a `%%ernie` line; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
        An unknown option (the closest is named), a missing or malformed value.
    """
    args = CHAT_GRAMMAR.parse_line(line, namespace)
    _check_app_options(args)
    request_parameters = {
        **CHAT_GRAMMAR.request_parameters(args),
        **{
            p.name: _parse_tools(args[p.name], namespace, p)
            for p in parameters.parameters_of("chat").values()
            if p.type == "tools" and args[p.name] is not None
        },
    }
    chat = ChatOptions(
        request_parameters,
        args["model"],
        args["system"],
        False if args["no_stream"] else None,
        not args["no_history"],
        dict(parse_extra_fields(args["param"] or ())),
        args["endpoint"] or "",
        images=resolve_pictures(args["image"], namespace, "--image") or None,
        knowledge=tuple(args["knowledge"] or ()) or None,
        plugins=tuple(args["plugin"] or ()) or None,
    )
    return ChatLine(
        chat,
        session=args["session"] or "",
        raw=args["raw"],
        template=choose_template(args),
        app=args["app"] or "",
        files=tuple(args["file"] or ()),
        **cell_options(args),
    )


def check_new_name(name: str) -> None:
    """Check that a new conversation's name is not a system prompt: other tools have `-s` for that.

    Raises
    ------
    InvalidOption
    """
    if len(name) <= _LONGEST_NAME and not _INSTRUCTION.match(name):
        return
    shown = clip_text(name, _LONGEST_NAME)
    raise InvalidOption(
        Text(
            "-s 是对话的名字，“{name}”像是系统提示词",
            "-s names a conversation, and {name!r} reads like a system prompt",
        ).fill(name=shown),
        advice=Text(
            '系统提示词写成 --system "{name}"；真要这个名字，先 ernie["{name}"]',
            'a system prompt is --system "{name}"; for a conversation of that name run '
            'ernie["{name}"] first',
        ).fill(name=shown),
    )


def _check_app_options(args: Mapping[str, Any]) -> None:
    """Refuse options that an application has no use for, and files without an application.

    Raises
    ------
    InvalidOption
    """
    if args["app"] is None:
        if args["file"]:
            raise InvalidOption(
                Text("--file 要和 --app 一起用", "--file is for --app"),
                advice=Text(
                    "图片用 --image；文字写进提示词：{{open(…).read()}}",
                    "for a picture use --image; a text goes into the prompt: {{open(…).read()}}",
                ),
            )
        return
    unused = [
        f"--{name.replace('_', '-')}"
        for name, value in args.items()
        if value not in (None, False) and name not in _OF_AN_APP
    ]
    if unused:
        raise InvalidOption(
            Text("--app 不用 {names}", "--app does not take {names}").fill(names=", ".join(unused)),
            Text("应用有自己的模型和参数", "an application has its own model and parameters"),
            Text("去掉它们，或去掉 --app", "leave them out, or leave out --app"),
        )


def _parse_tools(words: list[str], namespace: Mapping[str, Any], parameter: Parameter) -> list[Any]:
    """Tools by the names of variables (a function, a tool, a list of both), perhaps in brackets as
    Python has them, or as JSON.
    """
    tools = []
    for given in words:
        if isinstance(given, ToolWord):
            tools += _as_tools(given.value)
            continue
        named = _NAMES_IN_BRACKETS.fullmatch(given.strip())
        word = named[1].strip() if named else given
        if word.lstrip().startswith(("{", "[")):
            tools.append(parameter.parse_text(word.strip()))
            continue
        for name in map(str.strip, word.replace("，", ",").removesuffix(",").split(",")):
            if name.startswith(("{", "[")):
                tools.append(parameter.parse_text(name))
            else:
                tools.append(_find_tool(name, namespace, parameter))
    return tools


def _as_tools(value: object) -> list[Any]:
    """The tools of a list of them, or the one that something is."""
    if isinstance(value, (list, tuple)):
        return list(value)
    return [value]


def _check_tool(name: str, value: object, functions: list[str], parameter: Parameter) -> None:
    """Check that a variable is no text or number; a text may be the JSON of tools.

    Raises
    ------
    InvalidOption
    """
    is_json = isinstance(value, str) and value.lstrip().startswith(("{", "["))
    if is_json or not isinstance(value, (str, bytes, int, float)):
        return
    advice = _DEFINE_FUNCTION
    if functions:
        named = ", ".join(functions[-_MAX_FUNCTIONS:])
        advice = _NAME_FUNCTION.fill(names=clip_text(named, _MAX_NAMED))
    raise InvalidOption(
        _NO_FUNCTION.fill(option=parameter.option_name, name=name, kind=type(value).__name__),
        advice=advice,
    )


def _find_tool(name: str, namespace: Mapping[str, Any], parameter: Parameter) -> Any:
    """Return a variable, or an attribute of one: a module's function, an object's method."""
    variable, *attributes = name.split(".")
    functions = [each for each in user_names(namespace) if callable(namespace[each])]
    if variable in namespace:
        with suppress(AttributeError):
            value = reduce(getattr, attributes, namespace[variable])
            _check_tool(name, value, functions, parameter)
            return value
    raise InvalidOption(
        Text("{option}：没有叫 {name} 的变量", "{option}: no variable {name}").fill(
            option=parameter.option_name, name=name
        ),
        advice=did_you_mean(name, functions) or _DEFINE_FUNCTION,
    )
