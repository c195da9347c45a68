"""Command lines of a terminal in the user's language: argparse's own words are English."""

from __future__ import annotations

import argparse
import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from ernie_magic.text.language import Text, untranslated
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.text.language import Language

_USAGE = Text("用法：", "usage: ")
_OPTIONS = Text("选项", "options")
_COMMANDS = Text("命令", "commands")
_COMMAND = Text("命令", "COMMAND")
_SHOW_HELP = Text("显示这段说明", "show this help and exit")
_COLON = Text("：", ": ")
_MORE = Text("；{more}", "; {more}")
_CHOICES = Text("可选：{known}", "choices: {known}")
_OPTION = re.compile(r"--?[A-Za-z][\w-]*")
# What `argparse.ArgumentParser.error` is called with, and what is said instead.
_MESSAGES = (
    (
        r"argument .*?: invalid choice: '?(?P<given>.*?)'? \(choose from (?P<known>.*)\)",
        Text("没有命令 {given}", "no command {given}"),
    ),
    (r"unrecognized arguments: (?P<given>.*)", Text("不认识 {given}", "{given} is not known here")),
    (
        r"the following arguments are required: (?P<name>.*)",
        Text("缺少命令", "a command is missing"),
    ),
    (
        r"argument (?P<name>.*?): expected (?:one|at least one) argument",
        Text("{name} 后面缺少值", "{name} needs a value"),
    ),
    (
        r"argument (?P<name>.*?): invalid int value: '(?P<given>.*)'",
        Text("{name} 的值“{given}”不是整数", "{name} {given!r} is not a whole number"),
    ),
    (
        r"argument (?P<name>.*?): invalid float value: '(?P<given>.*)'",
        Text("{name} 的值“{given}”不是数字", "{name} {given!r} is not a number"),
    ),
    (
        r"argument (?P<name>.*?): ignored explicit argument .*",
        Text("{name} 不需要值", "{name} does not take a value"),
    ),
)


class CommandLine(argparse.ArgumentParser):
    """A parser of a command line whose help and mistakes are in one language.

    Parameters
    ----------
    language
    has_help
        Whether it has the option `--help`.
    **facts
        As `argparse.ArgumentParser` takes them.
    """

    def __init__(self, language: Language, *, has_help: bool = True, **facts: Any) -> None:
        super().__init__(add_help=False, allow_abbrev=False, **facts)
        self.language = language
        self._commands: tuple[str, ...] = ()
        self.options = self.add_argument_group(_OPTIONS.say(language))
        if has_help:
            self.options.add_argument("-h", "--help", action="help", help=_SHOW_HELP.say(language))

    def add_option(self, flag: str, help_: Text, **facts: Any) -> None:
        """Add an option with its help."""
        self.options.add_argument(flag, help=help_.say(self.language), **facts)

    def add_commands(self, commands: Mapping[str, Text], **facts: Any) -> dict[str, CommandLine]:
        """Add commands with their help, of which one is to be given; return their parsers.

        Parameters
        ----------
        **facts
            Of a command's parser, by the command's name.
        """
        self._commands = tuple(commands)
        parser_class: Any = partial(CommandLine, self.language)
        added = self.add_subparsers(
            dest="command",
            required=True,
            title=_COMMANDS.say(self.language),
            metavar=_COMMAND.say(self.language),
            parser_class=parser_class,
        )
        return {
            name: added.add_parser(
                name,
                help=help_.say(self.language),
                description=help_.say(self.language),
                **facts.get(name, {}),
            )
            for name, help_ in commands.items()
        }

    def format_usage(self) -> str:
        """Return the line of usage."""
        return super().format_usage().replace(_USAGE.en, _USAGE.say(self.language), 1)

    def format_help(self) -> str:
        """Return the help."""
        return super().format_help().replace(_USAGE.en, _USAGE.say(self.language), 1)

    def error(self, message: str) -> NoReturn:
        """Tell a mistake below the usage, and end with status 2."""
        self.print_usage(sys.stderr)
        line = self._explain(message).say(self.language)
        self.exit(2, f"{self.prog}{_COLON.say(self.language)}{line}\n")

    def _explain(self, message: str) -> Text:
        """Return a message of argparse's in both languages, with what may be meant."""
        for pattern, text in _MESSAGES:
            found = re.fullmatch(pattern, message, re.DOTALL)
            if found is None:
                continue
            facts = found.groupdict()
            known = self._commands
            if _OPTION.match(facts.get("given") or ""):
                known = tuple(_OPTION.findall(self.format_usage()))
            said = text.fill(**facts)
            if more := self._suggest(facts.get("given") or "", known):
                return Text(*(a + b for a, b in zip(said, _MORE.fill(more=more), strict=True)))
            return said
        return untranslated(message)

    def _suggest(self, given: str, known: tuple[str, ...]) -> Text | None:
        close = did_you_mean(given.partition(" ")[0].partition("=")[0], known)
        if close is None and self._commands:
            return _CHOICES.fill(known=", ".join(self._commands))
        return close
