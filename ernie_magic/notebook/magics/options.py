"""The options on a magic's first line, made from the parameter table.

They are read in one place for every magic.
"""

from __future__ import annotations

import argparse
import builtins
import json
import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ernie_magic.api import parameters
from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.interpolate import interpolate, spans
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ernie_magic.api.catalogue import Kind


@dataclass(frozen=True)
class Option:
    """An option of a magic that is not a request parameter."""

    name: str
    help: Text
    short: str = ""
    takes: str = ""  # placeholder for its value in the help; "" for a switch
    repeats: bool = False
    alone: str = ""  # its meaning without a value, if it may stand alone

    @property
    def flag(self) -> str:
        """As typed: `--no-history`."""
        return "--" + self.name.replace("_", "-")


_BELOW = Text(
    "提示词写在下一行；含空格的值放进双引号；模型用 -m 指定",
    "the prompt goes on the next line; a value with spaces goes in double quotes; the model is "
    "given by -m",
)
AS = Option(
    "as", Text("把结果绑定到变量 NAME", "bind the typed result to the variable NAME"), takes="NAME"
)
ENDPOINT = Option(
    "endpoint",
    Text("自己在千帆部署的服务名", "the name of a service that you deployed on Qianfan"),
    takes="NAME",
)
VERBATIM = Option("verbatim", Text("不替换 {{…}}", "do not interpolate {{…}}"))
PARAM = Option(
    "param",
    Text("表中没有的字段：--param top_k=5", "a field that is not in the table: --param top_k=5"),
    takes="NAME=VALUE",
    repeats=True,
)
IN_FLIGHT = Option("in_flight", Text("同时进行几个请求", "concurrent calls"), takes="N")
# The session, and IPython's own names.
_TAKEN = frozenset({"ernie", "In", "Out", "get_ipython", "exit", "quit"})


class _Parser(argparse.ArgumentParser):
    """argparse whose mistakes become our own one-line errors."""

    def error(self, message: str) -> NoReturn:
        if "expected one argument" in message or "expected at least one argument" in message:
            name = message.removeprefix("argument ").split(":")[0]
            raise InvalidOption(Text("{name} 后面缺少值", "{name} needs a value").fill(name=name))
        if "ignored explicit argument" in message:
            name = message.removeprefix("argument ").split(":")[0]
            raise InvalidOption(
                Text("{name} 不需要值", "{name} does not take a value").fill(name=name)
            )
        raise InvalidOption(
            Text("选项写法不对：{said}", "the options could not be parsed: {said}").fill(
                said=message
            )
        )


class Grammar:
    """The options of one magic.

    Parameters
    ----------
    magic
        As typed: "%%ernie".
    kind
        Whose parameters are options.
    options
        Options besides those.
    where
        Where text that is not an option belongs.
    """

    def __init__(
        self, magic: str, kind: Kind, options: tuple[Option, ...], where: Text = _BELOW
    ) -> None:
        self.magic, self.kind, self.options, self._where = magic, kind, options, where
        self._parser = _Parser(prog=magic, add_help=False, allow_abbrev=False)
        for parameter in parameters.of(kind).values():
            flags = _flags(parameter)
            # The option alone switches it on.
            if parameter.type == "bool" or parameter.name == "web_search":
                self._parser.add_argument(*flags, dest=parameter.name, nargs="?", const="on")
                continue
            self._parser.add_argument(
                *flags,
                dest=parameter.name,
                action="append" if parameter.type in ("strings", "tools") else "store",
            )
        for option in options:
            flags = [f for f in (option.short, option.flag) if f]
            if option.alone:
                self._parser.add_argument(*flags, dest=option.name, nargs="?", const=option.alone)
                continue
            action = "store" if option.takes else "store_true"
            if option.repeats:
                action = "append"
            self._parser.add_argument(*flags, dest=option.name, action=action)

    def flags(self) -> list[str]:
        """Every option, long forms first: for completion and for naming the closest one."""
        actions = self._parser._actions  # noqa: SLF001  (argparse has no public list of its options)
        found = [flag for action in actions for flag in action.option_strings]
        return sorted(found, key=lambda flag: (not flag.startswith("--"), flag))

    def read(self, line: str | list[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a line or its words, by the options' names; `{{expr}}` in values is
        interpolated.

        Raises
        ------
        InvalidOption
            An unknown option (the closest is named), a missing or malformed value.
        """
        words = split(line) if isinstance(line, str) else line
        if "--verbatim" not in words:
            words = [interpolate(word, namespace) for word in words]
        found, rest = self._parser.parse_known_args(self._with_values_attached(words))
        if rest:
            raise self._unknown(rest[0])
        said = vars(found)
        name = said.get("as")
        if name is not None and (
            not name.isidentifier()
            or keyword.iskeyword(name)
            or name in _TAKEN
            or hasattr(builtins, name)
        ):
            raise InvalidOption(
                Text(
                    "--as 的值“{name}”不能作变量名", "--as {name!r} is not a variable's name"
                ).fill(name=name)
            )
        return said

    def given(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The request parameters among these values, by API name."""
        return {
            p.name: p.parse(said[p.name])
            for p in parameters.of(self.kind).values()
            if p.name != "model" and p.type != "tools" and said[p.name] is not None
        }

    def _with_values_attached(self, words: list[str]) -> list[str]:
        """Attach a value that begins with a dash to its option, as in a shell's `--x=-y`.

        For example `--stop -` and `--system "- be brief"`.
        """
        takes = {
            flag
            for action in self._parser._actions  # noqa: SLF001
            if action.nargs is None
            for flag in action.option_strings
        }
        known = set(self.flags())
        joined: list[str] = []
        for word in words:
            if (
                joined
                and joined[-1] in takes
                and word.startswith("-")
                and word not in known
                and joined[-1].startswith("--")
            ):
                joined[-1] = f"{joined[-1]}={word}"
            else:
                joined.append(word)
        return joined

    def _unknown(self, word: str) -> InvalidOption:
        if word in ("-h", "--help"):
            return InvalidOption(
                Text("没有选项 {name}", "no option {name}").fill(name=word),
                advice=Text(
                    "用 {magic}? 查看全部选项和例子", "{magic}? shows all options and examples"
                ).fill(magic=self.magic),
            )
        if word.startswith("-"):
            return parameters.unknown(word.split("=", maxsplit=1)[0], self.flags())
        return InvalidOption(
            Text("不认识“{word}”", "{word!r} is not an option").fill(word=word), advice=self._where
        )

    def describe(self) -> str:
        """The options as text in both languages: the table in the docstring."""
        lines = []
        for p in parameters.of(self.kind).values():
            bounds = f"  {p.range()}" if p.range() else ""
            takers = (
                [
                    entry.id
                    for entry in CATALOGUE
                    if p.needs in entry.takes and entry.kind == self.kind
                ]
                if p.needs and self.kind == "image"
                else []
            )
            known_to = f" ({','.join(takers)})" if takers else ""
            lines += [
                f"    {', '.join(_flags(p))}{bounds}",
                f"        {p.help.zh} / {p.help.en}{known_to}",
            ]
        for option in self.options:
            name = ", ".join(f for f in (option.short, option.flag) if f)
            takes = f" {option.takes}" if option.takes else ""
            if option.alone:
                takes = f" [{option.takes}]"
            lines.append(f"    {name}{takes}\n        {option.help.zh} / {option.help.en}")
        return "\n".join(lines)


_PART = re.compile(
    r"""(?P<plain>[^ \t\r\n'"\\]+)|(?P<blanks>[ \t\r\n]+)|\\(?P<escaped>.)|"""
    r"""'(?P<single>[^']*)'|"(?P<double>[^"\\]*(?:\\.[^"\\]*)*)\"""",
    re.DOTALL,
)
_ESCAPED = re.compile(r'\\(["\\])')


def _flags(parameter: parameters.Parameter) -> list[str]:
    """How a parameter is typed: its short form, its name, the name in Qianfan V1's API pages."""
    v1 = f"--{parameter.v1.replace('_', '-')}" if parameter.v1 else ""
    return list(
        dict.fromkeys(
            flag for flag in (parameter.short, parameter.option, v1) if flag and flag != "--"
        )
    )


def split(line: str) -> list[str]:
    """A magic's line as words: quotes group, and `{{a + b}}` is one word however it is spaced.

    Raises
    ------
    InvalidOption
        A quotation is not closed.
    """
    held: list[str] = []
    pieces, shown = [], 0
    for start, end in spans(line):
        pieces += [line[shown:start], f"\0{len(held)}\0"]
        held.append(line[start:end])
        shown = end
    protected = "".join([*pieces, line[shown:]])
    try:
        words = list(_words(protected))
    except ValueError:
        raise InvalidOption(
            Text("引号没有配对：{line}", "a quotation is not closed: {line}").fill(
                line=line.strip()
            ),
            advice=Text(
                "含空格或撇号的值请放进双引号",
                "put a value with spaces or an apostrophe in double quotes",
            ),
        ) from None
    return [_restored(word, held) for word in words]


def _words(line: str) -> Iterator[str]:
    """What `shlex.split` gives, in linear time: that appends to a word one character at a time.

    Raises
    ------
    ValueError
        A quotation is not closed, or nothing follows the last backslash.
    """
    at, word = 0, list[str]()
    while at < len(line):
        part = _PART.match(line, at)
        if part is None:
            raise ValueError("No closing quotation")
        at = part.end()
        if part.lastgroup == "blanks":
            if word:
                yield "".join(word)
            word = []
        elif part.lastgroup == "double":
            word.append(_ESCAPED.sub(r"\1", part["double"]))
        else:
            word.append(part[part.lastgroup or 0])
    if word:
        yield "".join(word)


def first_word(line: str) -> tuple[str, str]:
    """A line's first word as written, and the rest; quotes in brackets are part of it
    (`df["评论"]`).
    """
    found = re.match(r"\s*((?:[^\s\[(]|\[[^\]]*\]|\([^)]*\))*)(.*)", line, re.DOTALL)
    return (found.group(1), found.group(2)) if found else ("", line)


def _restored(word: str, held: list[str]) -> str:
    return re.sub(
        "\0([0-9]{1,9})\0",
        lambda found: held[i] if (i := int(found.group(1))) < len(held) else found.group(),
        word,
    )


def extra_fields(pairs: list[str]) -> Iterator[tuple[str, Any]]:
    """The fields of `--param name=value`; a value that is JSON is decoded."""
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidOption(
                Text(
                    "--param 的写法是 名=值，不是“{pair}”",
                    "--param requires name=value, not {pair!r}",
                ).fill(pair=pair)
            )
        try:
            yield name, json.loads(value)
        except (ValueError, RecursionError):
            yield name, value  # not JSON: text


def in_flight_of_words(text: str | None) -> int | None:
    """The value of `--in-flight`.

    Raises
    ------
    InvalidOption
    """
    if text is not None and not (text.isdecimal() and text.isascii()):
        raise InvalidOption(
            Text(
                "--in-flight 的值“{value}”不是整数", "--in-flight {value!r} is not a whole number"
            ).fill(value=text)
        )
    return None if text is None else int(text)
