"""The face of a call: its signature and its documentation, with each parameter of the table.

A call writes out its own arguments; `**parameters: Unpack[ChatParameters]` stands for the rest. A
type checker reads those from `ernie_magic.api.keywords`; `inspect.signature`, `help()`, `?` and Tab
are shown them by what is here, from the parameter table.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ernie_magic.api.keywords import CHAT_OPTIONS, PICTURE_OPTIONS, SettingValues
from ernie_magic.api.parameters import COMPLETION, parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ernie_magic.api.catalogue import Kind
    from ernie_magic.api.parameter import Parameter

    Function = TypeVar("Function", bound=Callable[..., Any])


class _Unset:
    """Stands in a signature for a default that is not said there."""

    def __repr__(self) -> str:
        return "..."


_UNSET = _Unset()


class Argument(NamedTuple):
    """One argument of a call.

    Attributes
    ----------
    name : str
    annotation : str
    default : object
        `Parameter.empty` of `inspect` for none.
    explanation : str
    facts : str
        Its types, range and default, where the documentation tells them.
    """

    name: str
    annotation: str
    default: object
    explanation: str
    facts: str = ""


# What several calls take, explained here for all of them.
_ARGUMENTS = {
    argument.name: argument
    for argument in (
        Argument(
            "prompt",
            "str | Sequence[Message]",
            inspect.Parameter.empty,
            'The prompt, or a list of messages (`{"role": …, "content": …}`) that stand alone.',
        ),
        Argument("model", "str | None", None, "A model id; sent unchanged."),
        Argument(
            "system",
            "str | None",
            None,
            'The system prompt for this call, "" for none; where it is None, that of the\n'
            "conversation or the setting. A list of messages with one of its own has that alone.",
        ),
        Argument(
            "stream", "bool | None", None, "False asks the service for the answer in one piece."
        ),
        Argument(
            "history",
            "bool | None",
            None,
            "False sends no earlier turns and keeps none; a list of messages always stands alone.",
        ),
        Argument("endpoint", "str", "", "The name of a service that you deployed on Qianfan."),
        Argument(
            "extra",
            "dict[str, Any] | None",
            None,
            "Fields for the request's body that are not listed here.",
        ),
        Argument(
            "images",
            "Any",
            None,
            "A picture for the model to see, or several: files, links, bytes, arrays, figures,\n"
            "PIL's and our own pictures. They stay in the history and are sent again, whole, with\n"
            "every later prompt of this conversation; token estimates leave them out.",
        ),
        Argument(
            "knowledge",
            "str | Sequence[str] | None",
            None,
            "Knowledge bases of Qianfan, by name or id. They are searched for the prompt, and the\n"
            "model is given what was found, to cite it as `[1]`; `answer.search` has the sources.",
        ),
        Argument(
            "plugins",
            "str | Sequence[str] | None",
            None,
            "Qianfan V1 only: plugins that answer in place of a model. knowledge, image, weather\n"
            "and auto belong to an application, whose name is `endpoint`; eChart, ImageAI and\n"
            "ChatFile are ERNIE Bot's.",
        ),
        Argument(
            "download",
            "bool",
            True,
            "False leaves pictures that are links where they are: `picture.url`, which expires\n"
            "after some days.",
        ),
        Argument(
            "edit",
            "Any",
            None,
            "One to three pictures to edit; None for new pictures.",
        ),
        Argument(
            "mask",
            "Any",
            None,
            "A picture or an array in the size of the edited one, bright where it is edited.",
        ),
    )
}

# What a picture may be made again with; None leaves out, or leaves as it was.
_OF_A_PICTURE = {
    **_ARGUMENTS,
    "prompt": Argument("prompt", "str | None", None, "At most 1,024 characters."),
    "endpoint": _ARGUMENTS["endpoint"]._replace(annotation="str | None", default=None),
}

# By the name of the keywords' class: the arguments beside the table's parameters, and of which kind
# those are.
_ARGUMENTS_AND_KIND: dict[str, tuple[tuple[Argument, ...], Kind]] = {
    "ChatArguments": (tuple(_ARGUMENTS[name] for name in CHAT_OPTIONS), "chat"),
    "ChatParameters": ((), "chat"),
    "CompletionParameters": ((), "chat"),
    "EmbeddingParameters": ((), "embedding"),
    "ImageArguments": (tuple(_OF_A_PICTURE[name] for name in PICTURE_OPTIONS), "image"),
    "ImageParameters": ((), "image"),
    "RerankParameters": ((), "rerank"),
}

# What the table explains for a magic's line, and Python takes in another form.
_IN_PYTHON = {
    "tools": "Python functions, which are called when the model asks for them, or tools in the "
    "API's form (https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb).",
    "stop": "Stop words: the answer ends there.",
    "response_format": "The format of the answer; json_schema is given as an object.",
    "tool_choice": "none, auto, required, or an object that names a tool.",
    "web_search": "Search the web.",
    "thinking": "Think before answering (the switch of DeepSeek, Kimi and GLM; ERNIE's is "
    "enable_thinking).",
    "stream_options": "Stream options, such as include_usage.",
    "metadata": "At most 16 pairs of texts.",
}

_SECTION = re.compile(r"\n\n(?=[A-Z]\w+\n---)")
_ENTRY = re.compile(r"^(?=\S)", re.MULTILINE)


def table_parameters(keywords: str) -> list[Parameter]:
    """Return the table's parameters among the keywords of that name, in the table's order."""
    _, kind = _ARGUMENTS_AND_KIND[keywords]
    return [
        parameter
        for name, parameter in parameters_of(kind).items()
        if name != "model" and (keywords != "CompletionParameters" or name in COMPLETION)
    ]


def keyword_arguments(keywords: str) -> list[Argument]:
    """Return the arguments that the keywords of that name stand for."""
    if keywords == "SettingValues":
        return _list_settings()
    arguments, _ = _ARGUMENTS_AND_KIND[keywords]
    return [*arguments, *map(_to_argument, table_parameters(keywords))]


def _list_settings() -> list[Argument]:
    return [
        Argument(name, getattr(kind, "__forward_arg__", str(kind)), _UNSET, "")
        for name, kind in SettingValues.__annotations__.items()
    ]


@cache
def _to_argument(parameter: Parameter) -> Argument:
    return Argument(
        parameter.name,
        f"{parameter.annotation} | None",
        None,
        _explain_use(parameter),
        _describe_values(parameter),
    )


def _explain_use(parameter: Parameter) -> str:
    """Return what a parameter is for, as a sentence."""
    if parameter.kind == "chat" and parameter.name in _IN_PYTHON:
        return _IN_PYTHON[parameter.name]
    text = parameter.help.en
    return f"{text[0].upper()}{text[1:]}."


def _describe_values(parameter: Parameter) -> str:
    """Return the types and the range of a parameter, and the service's default."""
    facts = parameter.annotation
    bounds = parameter.format_range()
    if parameter.choices:
        facts += f", one of {bounds}"
    elif bounds:
        facts += f" in {bounds}"
    # The text of a call's own settings says their defaults.
    if parameter.default is not None and not parameter.client_side:
        facts += f"; {parameter.default} by default"
    if parameter.v1_only:
        facts += "; Qianfan V1 only"
    return facts


def _keywords_of(annotation: object) -> str:
    """Return the name of the keywords that `Unpack[…]` stands for, "" for another annotation."""
    before, unpacked, rest = str(annotation).partition("Unpack[")
    if before or not unpacked:
        return ""
    return rest.removesuffix("]")


# --- signatures -----------------------------------------------------------------------------------


class _Annotation(str):
    """The text of an annotation, which a signature shows as it is, without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


class Face:
    """What `inspect.signature` finds behind a call (its `__wrapped__`): the signature is built when
    somebody asks, since that takes too long for the import of a module.

    Parameters
    ----------
    function
        Whose signature it is, and whose source is shown.
    result
        The annotation of what the call returns; the function's own when "".
    """

    def __init__(self, function: Any, result: str = "") -> None:
        # Jedi takes the signature from the source where it finds a function of that name there,
        # and asks `inspect.signature` elsewhere (`jedi.inference.compiled.mixed`).
        name = f"<{function.__name__}>"
        copy = FunctionType(function.__code__, function.__globals__, name, function.__defaults__)
        copy.__kwdefaults__ = function.__kwdefaults__
        copy.__annotations__ = {**function.__annotations__}
        if result:
            copy.__annotations__["return"] = result
        self.__wrapped__ = copy

    @property
    def __signature__(self) -> inspect.Signature:
        signature = inspect.signature(self.__wrapped__)
        return signature.replace(
            parameters=list(_list_parameters(signature)),
            return_annotation=_Annotation(signature.return_annotation),
        )


def _list_parameters(signature: inspect.Signature) -> Iterator[inspect.Parameter]:
    """Iterate over the parameters, with keywords in place of those that stand for them."""
    for parameter in signature.parameters.values():
        keywords = _keywords_of(parameter.annotation)
        if not keywords:
            annotation = parameter.annotation
            if isinstance(annotation, str):
                annotation = _Annotation(annotation)
            yield parameter.replace(annotation=annotation)
            continue
        for argument in keyword_arguments(keywords):
            yield inspect.Parameter(
                argument.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=argument.default,
                annotation=_Annotation(argument.annotation),
            )


def with_signature(function: Function) -> Function:
    """Show each keyword argument of a method in its signature."""
    function.__wrapped__ = Face(function)  # type: ignore[attr-defined]
    return function


def explained(function: Function) -> Function:
    """Show each keyword argument of a method, in its signature and in its documentation.

    What its docstring does not explain is explained as it is for all calls.
    """
    with_signature(function)
    if function.__doc__:  # `python -OO` has none
        function.__doc__ = _complete_doc(function)
    return function


# --- documentation --------------------------------------------------------------------------------


def _complete_doc(function: Any) -> str:
    """Return the documentation with an entry for each argument, in the order of the signature."""
    summary, *sections = _SECTION.split(inspect.cleandoc(function.__doc__ or ""))
    title = "Parameters\n----------\n"
    entries: dict[str, str] = {}
    if sections and sections[0].startswith(title):
        entries = _split_entries(sections.pop(0).removeprefix(title))
    names = _list_names(function)
    keywords = _keywords_of(function.__annotations__.get(names[-1]))
    if keywords:
        names.pop()
    explained_arguments = [
        entries.get(name) or _format_argument(_ARGUMENTS[name]) for name in names
    ]
    if keywords:
        explained_arguments += map(_format_argument, keyword_arguments(keywords))
    # An entry of several names is there for each of them.
    unique = dict.fromkeys(explained_arguments)
    return "\n\n".join([summary, title + "\n".join(unique), *sections])


def _split_entries(section: str) -> dict[str, str]:
    """Return the entries of a docstring's section by the names that they explain."""
    entries = {}
    for entry in _ENTRY.split(section.strip()):
        header = entry.partition("\n")[0]
        for name in header.split(", "):
            entries[name] = entry.rstrip()
    return entries


def _list_names(function: Any) -> list[str]:
    """Return the names of a method's arguments but the first, with that of `**`."""
    code = function.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    if code.co_flags & inspect.CO_VARKEYWORDS:
        count += 1
    return list(code.co_varnames[1:count])


@cache
def _format_argument(argument: Argument) -> str:
    header = argument.name
    if argument.facts:
        header += f" : {argument.facts}"
    return "\n    ".join([header, *argument.explanation.split("\n")])
