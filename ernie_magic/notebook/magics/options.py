"""The options on a magic's first line, made from the parameter table.

They are read in one place for every magic.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import json
import keyword
import re
import textwrap
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from ernie_magic.api import parameters
from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.api.models import UNDECIDED
from ernie_magic.api.parameter import GROUP_TITLES, WrongType
from ernie_magic.api.parameter_types import FORMATS, SWITCHES, TOOL_CHOICES, Number
from ernie_magic.api.requests import checked_parameters
from ernie_magic.errors import InvalidOption, combine_errors
from ernie_magic.notebook.magics.interpolate import (
    EACH_ONCE,
    LIST_MARKS,
    evaluate_braces,
    expression_spans,
    interpolate,
    interpolate_field,
    names_value,
)
from ernie_magic.notebook.magics.stray_braces import check_braces, check_whole_value
from ernie_magic.notebook.magics.words import (
    FilledWord,
    QuotedList,
    QuotedWord,
    ToolWord,
    split_words,
)
from ernie_magic.text.language import Text, clip_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.parameter import Group, Parameter, Rules
    from ernie_magic.text.language import Language


@dataclass(frozen=True)
class Option:
    """An option of a magic that is not a request parameter."""

    name: str
    help: Text
    short: str = ""
    metavar: str = ""  # placeholder for its value in the help; "" for a switch
    is_repeatable: bool = False
    bare_value: str = ""  # its meaning without a value, if it may stand alone
    group: Group = "everyday"

    @property
    def long_flag(self) -> str:
        """As typed: `--no-history`."""
        return "--" + self.name.replace("_", "-")

    @property
    def flags(self) -> list[str]:
        """Its short form, if it has one, and its long form."""
        return [flag for flag in (self.short, self.long_flag) if flag]

    @property
    def usage(self) -> str:
        """Its forms with the placeholder of its value, as the help shows them."""
        placeholder = f"[{self.metavar}]" if self.bare_value else self.metavar
        return f"{', '.join(self.flags)} {placeholder}".rstrip()


_BELOW = Text(
    "提示词写在下一行；含空格的值放进双引号；模型用 -m 指定",
    "the prompt goes on the next line; a value with spaces goes in double quotes; the model is "
    "given by -m",
)
AS_OPTION = Option(
    "as",
    Text("把结果绑定到变量 NAME", "bind the typed result to the variable NAME"),
    metavar="NAME",
)
ENDPOINT_OPTION = Option(
    "endpoint",
    Text("自己在千帆部署的服务名", "the name of a service that you deployed on Qianfan"),
    metavar="NAME",
    group="request",
)
VERBATIM_OPTION = Option(
    "verbatim", Text("不替换 {{…}}", "do not interpolate {{…}}"), group="request"
)
PARAM_OPTION = Option(
    "param",
    Text(
        "表中没有的字段；值可以是 JSON，例如 --param min_p=0.05",
        "a field that is not in the table; its value may be JSON: --param min_p=0.05",
    ),
    metavar="NAME=VALUE",
    is_repeatable=True,
    group="request",
)
IN_FLIGHT_OPTION = Option(
    "in_flight", Text("同时进行几个请求", "concurrent calls"), metavar="N", group="request"
)
_LIST_OPTIONS = Text(
    "{magic}? 列出全部选项；表中没有的字段：--param 名=值",
    "{magic}? lists all options; a field that is none of them: --param name=value",
)
_CHOICES = Text("可选：{choices}", "one of: {choices}")
# Columns of an option in the help, and of what is said of it.
_USAGE_WIDTH = 34
_HELP_WIDTH = 64
_LETTERS_FIRST = Text(
    "用字母、数字和 _，不以数字开头", "use letters, digits and _, not a digit first"
)
_OTHER_NAME = Text(
    "它在 Python、IPython 或本扩展里有别的用处：换一个，例如 {name}_",
    "Python, IPython or this extension has one of that name: use another, such as {name}_",
)
# The session, and IPython's own names.
_RESERVED_NAMES = frozenset(
    {
        *("ernie", "In", "Out", "get_ipython", "exit", "quit", "display"),
        *("_ih", "_oh", "_dh", "_exit_code"),
    }
)

# Types of parameters whose values are objects: a variable's name may stand for one.
_STRUCTURES = ("format", "object", "choice")
_KNOWN_WORDS = frozenset({*SWITCHES, *FORMATS, *TOOL_CHOICES})


_QUOTE_WHOLE = Text("整个值放进双引号：{written}", "put all of it in double quotes: {written}")
_MAX_WRITTEN = 200  # characters of what to write
_WRITE_LIKE = Text("写成 {usage}", "write {usage}")
_WRITE_VALUE = Text("在它后面写值", "write the value after it")
# Tools are named as pictures and tables are: braces around a name, or a list of names, add nothing.
_TOOLS_IN_BRACES = re.compile(r"\{\{\s*([^\W\d][\w.]*|\[[\w.,\s]+\])\s*\}\}")
_OPTION_BEFORE_VALUE = re.compile(r"(--?[A-Za-z][\w-]*)([=＝]|\Z)")
_HYPHENS = "\0--"  # stands for the value `--`


class WrongLine(InvalidOption):
    """Options of a line are wrong.

    Attributes
    ----------
    kind : {"chat", "image", "embedding"}
    model : str | None
        The model that the line names.
    given : dict
        The request parameters that could be read: their ranges are not checked yet.
    """

    def __init__(
        self,
        problems: Sequence[InvalidOption],
        kind: Kind,
        model: str | None,
        given: Mapping[str, Any],
    ) -> None:
        combined = combine_errors(problems)
        super().__init__(combined.what, combined.cause, combined.advice)
        self._problems = tuple(problems)
        self.kind = kind
        self.model = model
        self.given = given

    def add_problems(self, rules: Rules) -> InvalidOption:
        """Return the error with what else is wrong: a value that is out of range, for example."""
        others: tuple[InvalidOption, ...] = ()
        problems = self.problems
        if not rules.strict:  # the service has ranges of its own
            problems = tuple(
                problem.without_range() if isinstance(problem, WrongType) else problem
                for problem in problems
            )
        try:
            checked_parameters(self.kind, self.given, self.model or UNDECIDED, rules)
        except InvalidOption as error:
            others = error.problems
        return combine_errors([*problems, *others])


class _StoreOnce(argparse.Action):
    """Stores an option's value, and notes an option that has one already: argparse would let the
    last one count, in silence.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest, None) is not None:
            assert isinstance(parser, _Parser)  # noqa: S101  (only that one has this action)
            parser.repeated.append(option_string or self.dest)
        setattr(namespace, self.dest, values)


class _Parser(argparse.ArgumentParser):
    """argparse whose mistakes become our own one-line errors.

    Attributes
    ----------
    examples : dict
        How an option is written, by its first form.
    repeated : list of str
        The options of the last line that have a single value and were given again.
    """

    examples: Mapping[str, Text | None] = MappingProxyType({})

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts)
        self.repeated: list[str] = []
        for name in (None, "store"):
            self.register("action", name, _StoreOnce)

    def error(self, message: str) -> NoReturn:
        if "expected one argument" in message or "expected at least one argument" in message:
            name = message.removeprefix("argument ").split(":")[0]
            raise InvalidOption(
                Text("{name} 后面缺少值", "{name} needs a value").fill(name=name),
                advice=self.examples.get(name.split("/")[-1]) or _WRITE_VALUE,
            )
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


def given_twice_error(name: str) -> InvalidOption:
    """Return the error for an option of one value that stands on a line twice."""
    return InvalidOption(
        Text("{name} 给了两次", "{name} was given twice").fill(name=name),
        advice=Text("留下一个", "keep one of them"),
    )


@dataclass(frozen=True, kw_only=True)
class CellLine:
    """What the first lines of all cell magics have in common.

    Attributes
    ----------
    as_name : str
        The variable to bind the result to, "" for none.
    verbatim : bool
        The text below is sent as it is, without interpolation.
    """

    as_name: str = ""
    verbatim: bool = False

    def fill_prompt(self, cell: str, namespace: Mapping[str, Any]) -> str:
        """The text below the line, with its `{{expr}}`s interpolated."""
        if self.verbatim:
            return cell
        check_braces(cell, namespace)
        return interpolate(cell, namespace)


def cell_options(args: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a parsed line that every `CellLine` takes."""
    return {"as_name": args["as"] or "", "verbatim": args.get("verbatim", False)}


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
    misplaced_advice
        Where text that is not an option belongs.
    elsewhere
        What is done otherwise than by an option, by the flags that people try.
    """

    def __init__(
        self,
        magic: str,
        kind: Kind,
        options: tuple[Option, ...],
        misplaced_advice: Text = _BELOW,
        elsewhere: Mapping[str, Text] = MappingProxyType({}),
    ) -> None:
        self.magic = magic
        self.kind = kind
        self.options = options
        self._misplaced_advice = misplaced_advice
        self._elsewhere = elsewhere
        self._parser = _Parser(prog=magic, add_help=False, allow_abbrev=False)
        for parameter in parameters.parameters_of(kind).values():
            flags = _parameter_flags(parameter)
            # The option alone switches it on.
            if parameter.takes_switch:
                self._parser.add_argument(*flags, dest=parameter.name, nargs="?", const="on")
                continue
            self._parser.add_argument(
                *flags,
                dest=parameter.name,
                action="append" if parameter.type in ("strings", "tools") else "store",
            )
        self._parser.examples = {
            **{p.option_name: p.usage_example for p in parameters.parameters_of(kind).values()},
            **{
                option.long_flag: _WRITE_LIKE.fill(usage=f"{option.long_flag} {option.metavar}")
                for option in options
            },
        }
        for option in options:
            if option.bare_value:
                self._parser.add_argument(
                    *option.flags, dest=option.name, nargs="?", const=option.bare_value
                )
                continue
            action = "store" if option.metavar else "store_true"
            if option.is_repeatable:
                action = "append"
            self._parser.add_argument(*option.flags, dest=option.name, action=action)

    def all_flags(self) -> list[str]:
        """Every option, long forms first: for completion and for naming the closest one."""
        actions = self._parser._actions  # noqa: SLF001  (argparse has no public list of its options)
        flags = [flag for action in actions for flag in action.option_strings]
        return sorted(flags, key=lambda flag: (not flag.startswith("--"), flag))

    def parse_line(self, line: str | list[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a line or its words, by the options' names; `{{expr}}` in values is
        interpolated.

        Raises
        ------
        InvalidOption
            An unknown option (the closest is named), a missing or malformed value.
        """
        words = split_words(line) if isinstance(line, str) else line
        if "--verbatim" not in words:
            words = list(_interpolate_words(words, namespace))
        words = self._attach_dashed_values(self._dash_names(words))
        args, problems = self._parse_words(words, namespace)
        for parameter in parameters.parameters_of(self.kind).values():
            if parameter.type == "strings":
                args[parameter.name] = _read_items(args[parameter.name])
            if parameter.type in _STRUCTURES and isinstance(args[parameter.name], str):
                args[parameter.name] = _read_variable(args[parameter.name], namespace)
        given, wrong_values = self._read_values(args)
        if problems or wrong_values:
            raise WrongLine([*problems, *wrong_values], self.kind, args["model"], given)
        return args

    def _parse_words(
        self, words: list[str], namespace: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[InvalidOption]]:
        """The values of a line's words, and what is wrong with its options."""
        accepted, problems = self._split_refused(words)
        self._parser.repeated.clear()
        parsed, rest = self._parser.parse_known_args(accepted)
        problems += map(given_twice_error, dict.fromkeys(self._parser.repeated))
        unknown = [word for word in rest if word.startswith("-")] or rest[:1]
        problems += [
            self._split_list_error(word, accepted, namespace) or self._unknown_option_error(word)
            for word in unknown
        ]
        args = {name: _unmark_hyphens(value) for name, value in vars(parsed).items()}
        if args.get("as") is not None:
            args["as"] = _read_or_note(variable_name, args["as"], problems)
        _read_or_note(lambda pairs: dict(parse_extra_fields(pairs)), args.get("param"), problems)
        _read_or_note(parse_in_flight, args.get("in_flight"), problems)
        return args, problems

    def _split_refused(self, words: list[str]) -> tuple[list[str], list[InvalidOption]]:
        """The words without the options that argparse refuses (no value follows, or one is too
        many), and why: argparse itself stops at the first.
        """
        accepted = list[str]()
        problems = list[InvalidOption]()
        for word, following in zip_longest(words, words[1:], fillvalue="-"):
            with_value = [word, following]
            if following.startswith("-"):
                with_value.pop()
            try:
                if word.startswith("-"):
                    self._parser.parse_known_args(with_value)
            except InvalidOption as error:
                problems.append(error)
                continue
            accepted.append(word)
        return accepted, problems

    def request_parameters(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The request parameters among these values, by API name.

        Raises
        ------
        InvalidOption
            Values have another type.
        """
        given, problems = self._read_values(args)
        if problems:
            raise combine_errors(problems)
        return given

    def _read_values(self, args: Mapping[str, Any]) -> tuple[dict[str, Any], list[InvalidOption]]:
        """The request parameters among these values, and what is wrong with the others."""
        given: dict[str, Any] = {}
        problems: list[InvalidOption] = []
        for parameter in parameters.parameters_of(self.kind).values():
            typed = args[parameter.name]
            if parameter.name == "model" or parameter.type == "tools" or typed is None:
                continue
            try:
                given[parameter.name] = parameter.parse_text(typed)
            except InvalidOption as error:
                problems.append(error)
        return given, problems

    def session_options(self, args: Mapping[str, Any], **others: Any) -> dict[str, Any]:
        """The arguments of the session's call: those of these values that are given, and
        `others` that are not None.
        """
        given = {
            "model": args["model"],
            "endpoint": args["endpoint"],
            **others,
            "extra": dict(parse_extra_fields(args["param"] or ())) or None,
            "in_flight": parse_in_flight(args.get("in_flight")),
        }
        return {
            **self.request_parameters(args),
            **{name: value for name, value in given.items() if value is not None},
        }

    def _dash_names(self, words: list[str]) -> list[str]:
        """Write names as API pages do (`--top_p`) the way options are written (`--top-p`), and the
        wide sign of a Chinese keyboard as `=`.
        """
        known_flags = set(self.all_flags())
        dashed_words = []
        for word in words:
            typed = _OPTION_BEFORE_VALUE.match(word)
            if typed is None or typed[1].replace("_", "-") not in known_flags:
                dashed_words.append(word)
                continue
            equals = "=" * len(typed[2])
            dashed = typed[1].replace("_", "-") + equals + word[typed.end() :]
            dashed_words.append(type(word)(dashed))
        return dashed_words

    def _attach_dashed_values(self, words: list[str]) -> list[str]:
        """Attach a value that begins with a dash to its option, as in a shell's `--x=-y`.

        For example `--stop -` and `--system "- be brief"`.
        """
        flags_with_value = {
            flag
            for action in self._parser._actions  # noqa: SLF001
            if action.nargs is None
            for flag in action.option_strings
        }
        known_flags = set(self.all_flags())
        joined: list[str] = []
        for word in words:
            is_option = word in known_flags and not isinstance(word, QuotedWord)
            if (
                joined
                and joined[-1] in flags_with_value
                and word.startswith("-")
                and not is_option
                and joined[-1].startswith("--")
            ):
                joined[-1] = f"{joined[-1]}={word}"
            else:
                joined.append(word)
        return [_mark_hyphens(word) for word in joined]

    def _split_list_error(
        self, word: str, words: list[str], namespace: Mapping[str, Any]
    ) -> InvalidOption | None:
        """The error for a word that was meant to continue the list before it (`--to a, b:int`,
        `--tools weather clock`); None for any other word.
        """
        before = words[: words.index(word)] if word in words else []
        values = [*takewhile(_is_value, reversed(before))][::-1]
        flag = ["", *before][-len(values) - 1]
        if word.startswith("-") or not values or flag not in self.all_flags():
            return None
        is_open = values[-1].endswith(LIST_MARKS)
        values += takewhile(_is_value, words[len(before) :])
        takes_names = flag in _TOOL_FLAGS | _PICTURE_FLAGS
        are_names = takes_names and all(names_value(value, namespace) for value in values)
        if not (is_open or are_names):
            return None
        written = f'{flag} "{" ".join(values)}"'
        advice = _QUOTE_WHOLE
        is_repeatable = any(
            flag in option.flags and option.is_repeatable for option in self.options
        )
        if is_repeatable or are_names:
            written = " ".join(f"{flag} {value.rstrip(''.join(LIST_MARKS))}" for value in values)
            advice = EACH_ONCE
        return InvalidOption(
            Text("{flag} 的值在空格处断开了", "the value of {flag} ends at a blank").fill(
                flag=flag
            ),
            advice=advice.fill(written=clip_text(written, _MAX_WRITTEN)),
        )

    def _unknown_option_error(self, word: str) -> InvalidOption:
        if word in ("-h", "--help"):
            return InvalidOption(
                Text("没有选项 {name}", "no option {name}").fill(name=word),
                advice=Text(
                    "用 {magic}? 查看全部选项和例子", "{magic}? shows all options and examples"
                ).fill(magic=self.magic),
            )
        if word.startswith("-"):
            name = word.split("=", maxsplit=1)[0]
            if advice := self._elsewhere.get(name):
                what = Text("没有选项 {name}", "no option {name}").fill(name=name)
                return InvalidOption(what, advice=advice)
            list_all = _LIST_OPTIONS.fill(magic=self.magic)
            return parameters.unknown_option(name, self.all_flags(), list_all=list_all)
        advice = self._misplaced_advice
        if meant := self._meant_by_dash(word):
            advice = Text(
                "横线要用两个减号：{meant}", "an option begins with two hyphens: {meant}"
            ).fill(meant=meant)
        return InvalidOption(
            Text("不认识“{word}”", "{word!r} is not an option").fill(word=word),
            advice=advice,
        )

    def _meant_by_dash(self, word: str) -> str | None:
        """The option that is meant by a word with a dash for the hyphens, as editors and Chinese
        keyboards write it (`—temperature`, `——temperature`), or as Python writes an argument
        (`temperature=0.3`).
        """
        name = word.partition("=")[0].replace("_", "-")
        dashes = "".join(takewhile(_is_dash, name))
        meant = f"--{name.removeprefix(dashes)}"
        is_option = bool(dashes.strip("-")) or (not dashes and "=" in word)
        return meant if is_option and meant in self.all_flags() else None

    def describe_options(
        self, language: Language, model: str = "", *, knows_ranges: bool = True
    ) -> str:
        """The options by groups, in one language: the table in the docstring.

        Parameters
        ----------
        model
            Whose ranges are shown; the table's where it is "".
        knows_ranges
            Whether the service takes the table's numbers.
        """
        by_group: dict[Group, list[str]] = {group: [] for group in GROUP_TITLES}
        for parameter in parameters.parameters_of(self.kind).values():
            usage = ", ".join(_parameter_flags(parameter))
            values = parameter.format_range(model)
            if isinstance(parameter, Number) and not knows_ranges:
                values = ""
            choices = values.split(" | ")
            if len(choices) == 1:
                usage = f"{usage} {values}".rstrip()
                choices = []
            help_ = parameter.help.say(language) + _models_note(parameter)
            by_group[parameter.group].append(_option_line(usage, help_, choices, language))
        for option in self.options:
            line = _option_line(option.usage, option.help.say(language), (), language)
            by_group[option.group].append(line)
        return "\n\n".join(
            "\n".join([GROUP_TITLES[group].say(language), *lines])
            for group, lines in by_group.items()
            if lines
        )


def _is_value(word: str) -> bool:
    return not word.startswith("-")


def _is_dash(character: str) -> bool:
    """Whether a character is one of Unicode's dashes and hyphens, or its minus."""
    return character == "\N{MINUS SIGN}" or unicodedata.category(character) == "Pd"


def _mark_hyphens(word: str) -> str:
    """Mark a value of two hyphens, which argparse would drop, as it does the word `--`."""
    option, equals, value = word.partition("=")
    if equals and option.startswith("--") and value == "--":
        return f"{option}={_HYPHENS}"
    return word


def _unmark_hyphens(value: Any) -> Any:
    if isinstance(value, list):
        return [_unmark_hyphens(item) for item in value]
    if value == _HYPHENS:
        return "--"
    return value


def _option_line(usage: str, help_: str, choices: Sequence[str], language: Language) -> str:
    """An option and its help side by side, its choices below; the help below a long option."""
    margin = " " * (4 + _USAGE_WIDTH)
    lines = _wrap_help(help_)
    if choices:
        # A choice of several words stays on one line.
        joined = ", ".join(choice.replace(" ", "\N{NO-BREAK SPACE}") for choice in choices)
        listed = _wrap_help(_CHOICES.say(language, choices=joined))
        lines += [line.replace("\N{NO-BREAK SPACE}", " ") for line in listed]
    described = f"\n{margin}".join(lines)
    if len(usage) < _USAGE_WIDTH:
        return f"    {usage:<{_USAGE_WIDTH}}{described}"
    return f"    {usage}\n{margin}{described}"


def _wrap_help(text: str) -> list[str]:
    return textwrap.wrap(text, _HELP_WIDTH, break_long_words=False, break_on_hyphens=False)


def _read_variable(word: str, namespace: Mapping[str, Any]) -> str:
    """Return what the variable has that a word names, as it would be typed: an object, a list, or
    the JSON of one; the word itself where it names none of these, or has a meaning of its own.
    """
    if word.lower() in _KNOWN_WORDS:
        return word
    value = namespace.get(word)
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        return value
    if isinstance(value, (dict, list)):
        with suppress(TypeError, ValueError, RecursionError):
            return json.dumps(value, ensure_ascii=False)
    return word


def _read_items(typed: list[str] | None) -> list[str] | None:
    """The texts of an option that takes a list; of a list of quotations each by itself."""
    if typed is None:
        return None
    items = list[str]()
    for word in typed:
        if isinstance(word, QuotedList):
            items += word.items
        elif isinstance(word, FilledWord) and not word.startswith(("[", "(")):
            items.append(json.dumps([word]))  # as it is
        else:
            items.append(word)
    return items


def _read_or_note(read: Callable[[Any], Any], typed: Any, problems: list[InvalidOption]) -> Any:
    """What an option's text means, if it was typed; what is wrong with it is noted."""
    try:
        return None if typed is None else read(typed)
    except InvalidOption as error:
        problems.append(error)
        return None


def _parameter_flags(parameter: Parameter) -> list[str]:
    """How a parameter is typed: its short form, its name, the name in Qianfan V1's API pages."""
    v1 = "--" + (parameter.v1 or "").replace("_", "-")
    flags = (parameter.short, parameter.option_name, v1)
    return list(dict.fromkeys(flag for flag in flags if flag not in ("", "--")))


_TOOL_FLAGS = frozenset(
    flag
    for parameter in parameters.parameters_of("chat").values()
    if parameter.type == "tools"
    for flag in _parameter_flags(parameter)
)


def _models_note(parameter: Parameter) -> str:
    """Which pictures' models accept a parameter that only some accept."""
    if parameter.kind != "image" or not parameter.requires:
        return ""
    supported_models = [
        entry.id
        for entry in CATALOGUE
        if parameter.requires in entry.capabilities and entry.kind == "image"
    ]
    if not supported_models:
        return ""
    return f" ({', '.join(supported_models)})"


_PICTURE_FLAGS = frozenset({"--image", "--edit", "--mask"})


def _interpolate_words(words: list[str], namespace: Mapping[str, Any]) -> Iterator[str]:
    """The words of a line with their `{{expr}}`s interpolated."""
    previous = ""
    for word in words:
        yield _fill_word(word, previous, namespace)
        previous = word


def _fill_word(word: str, previous: str, namespace: Mapping[str, Any]) -> str:
    """A word with its `{{expr}}`s interpolated; `previous` is the one before it on the line."""
    if tools := _find_tools(word, previous, namespace):
        return tools
    filled = _interpolate_word(word, previous, namespace)
    if filled == word:
        return word  # which may be a QuotedWord
    if word.startswith("{{") and word.endswith("}}"):
        return FilledWord(filled)
    if word.startswith("{{") or isinstance(word, QuotedWord):
        return QuotedWord(filled)
    return filled


def _find_tools(word: str, previous: str, namespace: Mapping[str, Any]) -> str:
    """The word with the tools that its expression is; "" for any other word: a text is what it
    says.
    """
    if previous not in _TOOL_FLAGS or expression_spans(word) != [(0, len(word))]:
        return ""
    value = evaluate_braces(word, namespace)
    if isinstance(value, str):
        return ""
    found = ToolWord(word)
    found.value = value
    return found


def _is_picture_expression(word: str, previous: str) -> bool:
    """Whether a word is `{{expr}}` where an option for pictures takes an expression anyway."""
    flag, _, value = word.partition("=")
    if previous in _PICTURE_FLAGS:
        value = word
    elif flag not in _PICTURE_FLAGS:
        return False
    return expression_spans(value) == [(0, len(value))]


def _interpolate_word(word: str, previous: str, namespace: Mapping[str, Any]) -> str:
    if _is_picture_expression(word, previous):
        return word  # a picture has no words; `resolve_picture` evaluates it
    if previous in _TOOL_FLAGS or word.partition("=")[0] in _TOOL_FLAGS:
        word = _unwrap_tool_names(word, namespace)
    else:
        is_pair = word.startswith("--") or previous == PARAM_OPTION.long_flag
        check_whole_value(word.partition("=")[2] if is_pair else word, namespace)
    flag = PARAM_OPTION.long_flag
    if previous == flag:
        return interpolate_field(word, namespace)
    if word.startswith(f"{flag}="):
        return f"{flag}={interpolate_field(word.removeprefix(f'{flag}='), namespace)}"
    check_braces(word, namespace)
    return interpolate(word, namespace)


def _unwrap_tool_names(word: str, namespace: Mapping[str, Any]) -> str:
    """The word without the braces around names of tools; those in an expression's texts stay."""
    pieces = []
    copied_until = 0
    for start, end in expression_spans(word):
        if braces := _TOOLS_IN_BRACES.fullmatch(word[start:end]):
            pieces += [word[copied_until:start], _name_tools(braces, namespace)]
            copied_until = end
    return "".join([*pieces, word[copied_until:]])


def _name_tools(braces: re.Match[str], namespace: Mapping[str, Any]) -> str:
    """The names that stand in braces: tools are variables already, but a text is what it says."""
    if isinstance(namespace.get(braces[1]), str):
        return braces[0]
    return braces[1]


def variable_name(typed: str) -> str:
    """The variable that Python reads where this is typed: its NFKC form, so that the full-width
    `ｏｕｔ` is `out` ("Identifiers" on https://docs.python.org/3/reference/lexical_analysis.html).

    Raises
    ------
    InvalidOption
        It is no variable's name, or a name of Python's or IPython's.
    """
    name = unicodedata.normalize("NFKC", typed)
    advice = None
    if not (typed.isidentifier() and name.isidentifier()):
        advice = _LETTERS_FIRST
    elif (
        keyword.iskeyword(name)
        or name in _RESERVED_NAMES
        # Python's own: with another `__builtins__` no further cell runs.
        or (name.startswith("__") and name.endswith("__"))
        or hasattr(builtins, name)
    ):
        advice = _OTHER_NAME.fill(name=name)
    if advice is not None:
        raise InvalidOption(
            Text("--as 的值“{name}”不能作变量名", "--as {name!r} is not a variable's name").fill(
                name=typed
            ),
            advice=advice,
        )
    return name


_CONSTANTS = {"True": True, "False": False, "None": None}


def parse_extra_fields(pairs: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The fields of `--param name=value`; a value that is JSON is decoded."""
    names = set[str]()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            name, equals, value = pair.partition("＝")
        if not equals or not name:
            raise InvalidOption(
                Text(
                    "--param 的写法是 名=值，不是“{pair}”",
                    "--param requires name=value, not {pair!r}",
                ).fill(pair=pair)
            )
        if name in names:
            raise given_twice_error(f"--param {name}")
        names.add(name)
        yield name, _read_field(value)


def _read_field(value: str) -> Any:
    """A field's value: decoded where it is JSON, or a list, dictionary or constant of Python."""
    if value in _CONSTANTS:
        return _CONSTANTS[value]
    with suppress(ValueError, RecursionError):
        return json.loads(value)
    if value[:1] in ("[", "{"):
        with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return json.loads(json.dumps(ast.literal_eval(value)))
    return value


def parse_in_flight(text: str | None) -> int | None:
    """The value of `--in-flight`.

    Raises
    ------
    InvalidOption
    """
    if text is None:
        return None
    if not (text.isdecimal() and text.isascii()):
        raise InvalidOption(
            Text(
                "--in-flight 的值“{value}”不是整数", "--in-flight {value!r} is not a whole number"
            ).fill(value=text)
        )
    return int(text)
