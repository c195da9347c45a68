"""What stands on a magic's first line: options made from the parameter table, in the user's words, checked in one place."""

from __future__ import annotations

import argparse
import builtins
import json
import keyword
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ernie_magic import parameters
from ernie_magic.errors import InvalidOption
from ernie_magic.language import Text
from ernie_magic.magics.interpolate import interpolate, spans
from ernie_magic.requests import ChatOptions
from ernie_magic.suggest import near

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Option:
    """An option of `%%ernie` that is not a request parameter."""

    name: str
    help: Text
    short: str = ""
    takes: str = ""  # what stands for its value in the help; "" for a switch
    repeats: bool = False

    @property
    def flag(self) -> str:
        """As it is typed: `--no-history`."""
        return "--" + self.name.replace("_", "-")


CHAT_OPTIONS: tuple[Option, ...] = (
    Option("system", Text("人设（system 消息）", "system prompt"), takes="TEXT"),
    Option("as", Text("把结果绑定到变量 NAME", "bind the typed result to the variable NAME"), takes="NAME"),
    Option("endpoint", Text("自己在千帆部署的服务名", "the name of a service that you deployed on Qianfan"), takes="NAME"),
    Option("session", Text("使用名为 NAME 的对话", "use the conversation NAME"), "-s", "NAME"),
    Option("no_history", Text("不带历史，也不记入历史", "send no earlier turns and keep none")),
    Option("no_stream", Text("一次性返回", "ask for the answer in one piece")),
    Option("raw", Text("显示原文，不渲染 Markdown", "show the text as it is, not as Markdown")),
    Option("verbatim", Text("不替换 {{…}}", "leave {{…}} alone")),
    Option("param", Text("表中没有的字段：--param top_k=5", "a field the table does not know: --param top_k=5"),
           takes="NAME=VALUE", repeats=True),
)


_TAKEN = frozenset({"ernie", "In", "Out", "get_ipython", "exit", "quit"})  # the session, and IPython's own


@dataclass(frozen=True)
class ChatLine:
    """The first line of `%%ernie`, understood."""

    chat: ChatOptions
    as_name: str = ""
    session: str = ""
    raw: bool = False
    verbatim: bool = False


class _Parser(argparse.ArgumentParser):
    """argparse, with mistakes told as our own one-line errors."""

    def error(self, message: str) -> NoReturn:
        if "expected one argument" in message or "expected at least one argument" in message:
            name = message.removeprefix("argument ").split(":")[0]
            raise InvalidOption(Text("{name} 后面缺少值", "{name} needs a value").fill(name=name))
        if "ignored explicit argument" in message:
            name = message.removeprefix("argument ").split(":")[0]
            raise InvalidOption(Text("{name} 不需要值", "{name} takes no value").fill(name=name))
        raise InvalidOption(Text("选项写法不对：{said}", "the options are not understood: {said}").fill(said=message))


def _chat_parser() -> _Parser:
    parser = _Parser(prog="%%ernie", add_help=False, allow_abbrev=False)
    for parameter in parameters.of("chat").values():
        flags = [parameter.short] if parameter.short else []
        flags += [f"--{parameter.v1.replace('_', '-')}"] if parameter.v1 else []  # the name that V1's documents use
        if parameter.type == "bool" or parameter.name == "web_search":  # the option alone switches it on
            parser.add_argument(parameter.option, *flags, dest=parameter.name, nargs="?", const="on")
            continue
        parser.add_argument(parameter.option, *flags, dest=parameter.name,
                            action="append" if parameter.type in ("strings", "tools") else "store")
    for option in CHAT_OPTIONS:
        flags = [f for f in (option.short, option.flag) if f]
        action = "append" if option.repeats else "store" if option.takes else "store_true"
        parser.add_argument(*flags, dest=option.name, action=action)
    return parser


def flags() -> list[str]:
    """Every option of `%%ernie`, long forms first: for completion and for naming the nearest one."""
    actions = _chat_parser()._actions  # noqa: SLF001  (argparse has no public list of its options)
    found = [flag for action in actions for flag in action.option_strings]
    return sorted(found, key=lambda flag: (not flag.startswith("--"), flag))


def split(line: str) -> list[str]:
    """A magic's line as words: quotes group, `{{a + b}}` is one word however it is spaced.

    Raises
    ------
    InvalidOption
        A quotation that is not closed.
    """
    held: list[str] = []
    pieces, shown = [], 0
    for start, end in spans(line):
        pieces += [line[shown:start], f"\0{len(held)}\0"]
        held.append(line[start:end])
        shown = end
    protected = "".join([*pieces, line[shown:]])
    try:
        words = shlex.split(protected)
    except ValueError:
        raise InvalidOption(Text("引号没有配对：{line}", "a quotation is not closed: {line}").fill(line=line.strip()),
                            advice=Text("含空格或撇号的值请放进双引号", "put a value with spaces or an apostrophe in double quotes"),
                            ) from None
    return [_restored(word, held) for word in words]


def _restored(word: str, held: list[str]) -> str:
    for i, expression in enumerate(held):
        word = word.replace(f"\0{i}\0", expression)
    return word


def chat_line(line: str, namespace: Mapping[str, Any]) -> ChatLine:
    """What a `%%ernie` line says; `{{expr}}` in option values is interpolated.

    Raises
    ------
    InvalidOption
        An unknown option (the nearest is named), a missing or ill-formed value.
    """
    words = split(line)
    if "--verbatim" not in words:
        words = [interpolate(word, namespace) for word in words]
    found, rest = _chat_parser().parse_known_args(_with_values_attached(words))
    if rest:
        raise _unknown(rest[0])
    said = vars(found)
    given = {p.name: _tools(said[p.name], namespace, p) if p.type == "tools" else p.parse(said[p.name])
             for p in parameters.of("chat").values() if p.name != "model" and said[p.name] is not None}
    if said["as"] is not None and (not said["as"].isidentifier() or keyword.iskeyword(said["as"]) or said["as"] in _TAKEN or hasattr(builtins, said["as"])):
        raise InvalidOption(Text("--as 的值“{name}”不能作变量名", "--as {name!r} is not a variable's name").fill(name=said["as"]))
    chat = ChatOptions(
        given, said["model"], said["system"], False if said["no_stream"] else None, not said["no_history"],
        dict(_extra(said["param"] or [])), said["endpoint"] or "")
    return ChatLine(chat, said["as"] or "", said["session"] or "", said["raw"], said["verbatim"])


def _with_values_attached(words: list[str]) -> list[str]:
    """A value that begins with a dash belongs to its option (`--stop -`, `--system "- be brief"`), as in a shell's `--x=-y`."""
    takes = {flag for action in _chat_parser()._actions if action.nargs is None for flag in action.option_strings}  # noqa: SLF001
    known = set(flags())
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in takes and word.startswith("-") and word not in known and joined[-1].startswith("--"):
            joined[-1] = f"{joined[-1]}={word}"
        else:
            joined.append(word)
    return joined


def _tools(words: list[str], namespace: Mapping[str, Any], parameter: parameters.Parameter) -> list[Any]:
    """Tools by the names of variables (a function, a tool, a list of both), or as JSON."""
    found = []
    for word in (part.strip() for words_ in words for part in ([words_] if words_.lstrip().startswith(("{", "[")) else words_.split(","))):
        if word.startswith(("{", "[")):
            found.append(parameter.parse(word))
        elif word in namespace:
            found.append(namespace[word])
        else:
            close = near(word, [name for name, value in namespace.items() if callable(value) and not name.startswith("_")], 1)
            raise InvalidOption(Text("{option}：没有叫 {name} 的变量", "{option}: no variable {name}").fill(option=parameter.option, name=word),
                                advice=Text("是不是 {close}？", "did you mean {close}?").fill(close=close[0]) if close else
                                Text("先在前面的单元格里定义函数", "define the function in a cell above"))
    return found


def _extra(pairs: list[str]) -> Iterator[tuple[str, Any]]:
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidOption(Text("--param 的写法是 名=值，不是“{pair}”", "--param wants name=value, not {pair!r}").fill(pair=pair))
        try:
            yield name, json.loads(value)
        except (ValueError, RecursionError):
            yield name, value  # not JSON: text


def _unknown(word: str) -> InvalidOption:
    if word in ("-h", "--help"):
        return InvalidOption(Text("没有选项 {name}", "no option {name}").fill(name=word),
                             advice=Text("用 %%ernie? 查看全部选项和例子", "%%ernie? shows all options and examples"))
    if word.startswith("-"):
        return parameters.unknown(word.split("=", maxsplit=1)[0], flags())
    return InvalidOption(
        Text("不认识“{word}”", "{word!r} is not an option").fill(word=word),
        advice=Text("问题写在下一行；含空格的值放进双引号；模型用 -m 指定",
                    "the prompt goes on the next line; a value with spaces goes in double quotes; the model is given by -m"))


def describe() -> str:
    """The options as text in both languages: the docstring's table."""
    lines = []
    for p in parameters.of("chat").values():
        name = ", ".join(flag for flag in (p.short, p.option, f"--{p.v1.replace('_', '-')}" if p.v1 else "") if flag)
        bounds = f"  {p.range()}" if p.range() else ""
        lines.append(f"    {name}{bounds}\n        {p.help.zh} / {p.help.en}")
    for option in CHAT_OPTIONS:
        name = ", ".join(f for f in (option.short, option.flag) if f)
        lines.append(f"    {name}{' ' + option.takes if option.takes else ''}\n        {option.help.zh} / {option.help.en}")
    return "\n".join(lines)
