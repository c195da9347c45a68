"""A call is declared once, as the method that begins it; the form that waits for the result and the
form that awaits it are made from that.
"""

from __future__ import annotations

from functools import partial, update_wrapper
from inspect import CO_VARKEYWORDS
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from ernie_magic.api.public_names import Localizing
from ernie_magic.api.signatures import Face
from ernie_magic.errors import WrongArguments
from ernie_magic.text.language import Counted, Text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    Function = TypeVar("Function", bound=Callable[..., Any])

Parameters = ParamSpec("Parameters")
ResultT = TypeVar("ResultT")
ResultT_co = TypeVar("ResultT_co", covariant=True)


# The first arguments of OpenAI's calls (https://platform.openai.com/docs/api-reference), and which
# of ours may be meant.
_OTHER_NAMES = {"messages": ("prompt", "text"), "input": ("texts", "prompt", "text")}


class Pending(Protocol[ResultT_co]):
    """What a call returns when it has begun: a `Stream`, or several in `Steps`."""

    def result(self) -> ResultT_co:
        """Wait for the result and return it."""

    async def aresult(self) -> ResultT_co:
        """Await the result."""


def blocking(
    begin: Callable[Parameters, Pending[ResultT]],
    name: str = "",
    summary: str = "",
) -> Callable[Parameters, ResultT]:
    """Return the method that begins a call and waits for its result.

    Parameters
    ----------
    begin
        The method that begins it, `begin_image`. It is looked up by its name at each call, so that
        a subclass may override it.
    name
        The name of the method that is made; `image` for `begin_image` when "".
    summary
        The first paragraph of its documentation; the same as that of `begin` when "".
    """
    begin = _get_declared(begin)
    name = name or _base_name(begin)

    def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> ResultT:
        pending = _begin_call(begin, name, *args, **kwargs)
        return pending.result()

    first, rest = _split_doc(begin)
    return _present(call, begin, name, f"{summary or first}{rest}")


def awaited(
    begin: Callable[Parameters, Pending[ResultT]],
    name: str = "",
) -> Callable[Parameters, Coroutine[Any, Any, ResultT]]:
    """Return the coroutine method that begins a call and awaits its result.

    Parameters
    ----------
    begin
        As in `blocking`.
    name
        The name of the method that is made; `aimage` for `begin_image` when "".
    """
    begin = _get_declared(begin)
    name = name or f"a{_base_name(begin)}"

    async def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> ResultT:
        pending = _begin_call(begin, name, *args, **kwargs)
        return await pending.aresult()

    _, rest = _split_doc(begin)
    return _present(call, begin, name, f"Call `{name[1:]}` and await its result.{rest}")


def with_other_names(declared: Callable[Parameters, ResultT]) -> Callable[Parameters, ResultT]:
    """Return a method that takes its first argument by the names of OpenAI's client as well.

    Parameters
    ----------
    declared
        The method, which `blocking` and `awaited` are given as it is.
    """

    def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> ResultT:
        return _call_renamed(declared, *args, **kwargs)

    update_wrapper(call, declared)
    call.__wrapped__ = getattr(declared, "__wrapped__", declared)  # type: ignore[attr-defined]
    call.declared = declared  # type: ignore[attr-defined]
    return call


def _call_renamed(
    declared: Callable[..., ResultT],
    /,
    *args: Any,
    **kwargs: Any,
) -> ResultT:
    kwargs = _rename_arguments(declared, len(args) - 1, kwargs)
    try:
        return declared(*args, **kwargs)
    except TypeError as error:
        if _was_raised_within(error) or not args:
            raise
        raise _explain_arguments(error, declared, declared.__name__, args, kwargs) from None


def _begin_call(
    begin: Callable[..., Pending[ResultT]],
    name: str,
    /,
    *args: Any,
    **kwargs: Any,
) -> Pending[ResultT]:
    """Begin a call by the method of that name which the object has now: it may be overridden."""
    method = begin
    if args:
        owner, *rest = args
        method = partial(_find_method(owner, begin), *rest)
        kwargs = _rename_arguments(begin, len(rest), kwargs)
    try:
        return method(**kwargs)
    except TypeError as error:
        if _was_raised_within(error):
            raise
        raise _explain_arguments(error, begin, name, args, kwargs) from None


def _was_raised_within(error: TypeError) -> bool:
    """Whether an error is of the function that was called here, and not of the call: its arguments
    do not fit.
    """
    return error.__traceback__ is None or error.__traceback__.tb_next is not None


def _explain_arguments(
    error: TypeError,
    begin: Callable[..., Any],
    name: str,
    args: Sequence[Any],
    given: Mapping[str, Any],
) -> TypeError:
    """Return the error that tells which arguments do not fit.

    Parameters
    ----------
    error
        Python's own, for a method that was replaced.
    begin
        The method that begins the call.
    name
        The name that the caller knows it by.
    args
        What stands without a name, with the object.
    given
        What stands with one.
    """
    wrong = None
    if args:
        wrong = _find_wrong_arguments(begin, name, len(args) - 1, given)
    if wrong is None:
        return TypeError(str(error).replace(f"{begin.__name__}()", f"{name}()"))
    if isinstance(args[0], Localizing):
        args[0].with_language(wrong)
    return wrong


_TOO_MANY = Counted(
    Text(
        "{name}() 只有 {names} 可以不写名字，给了 {n} 个值",
        "{name}() takes {names} without a name, and {n} values were given",
    ),
    Text("{name}() 的值都要写上名字", "{name}() takes no value without a name, and one was given"),
)
_BY_NAME = Text("其余的写上名字：{form}", "give the others by name: {form}")
_AS_LIST = Text(
    "几个放进一个列表：{name}([…, …])；其余的写上名字：{form}",
    "several go into one list: {name}([…, …]); the others by name: {form}",
)
_TWICE = Text("{name}() 的 {argument} 给了两次", "{argument} was given to {name}() twice")
_ONCE = Text("留下一个", "keep one of them")
_MISSING_ARGUMENT = Text("{name}() 缺少 {names}", "{name}() needs {names}")
_WRITE = Text("写成 {form}", "write {form}")
_NO_OPTION = Text("{name}() 没有选项 {argument}", "{name}() has no option {argument}")
_LISTS = ("texts", "documents")  # first arguments that are one thing or several


def _find_wrong_arguments(
    begin: Callable[..., Any],
    name: str,
    positional_count: int,
    given: Mapping[str, Any],
) -> WrongArguments | None:
    """Return what is wrong with the arguments of a call; None when they fit the method as it was
    declared.
    """
    code = begin.__code__
    names = code.co_varnames[1 : code.co_argcount]
    options = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    required = names[: len(names) - len(begin.__defaults__ or ())]
    takes_more = bool(code.co_flags & CO_VARKEYWORDS)
    form = f"{name}({', '.join([*required, *_show_option(options, takes_more=takes_more)])})"
    if positional_count > len(names):
        advice = _AS_LIST if names and names[-1] in _LISTS else _BY_NAME
        return WrongArguments(
            _TOO_MANY.fill(positional_count, name=name, names=", ".join(names)),
            advice=advice.fill(name=name, form=form),
        )
    if twice := [each for each in names[:positional_count] if each in given]:
        return WrongArguments(_TWICE.fill(name=name, argument=twice[0]), advice=_ONCE)
    if missing := [each for each in required[positional_count:] if each not in given]:
        return WrongArguments(
            _MISSING_ARGUMENT.fill(name=name, names=", ".join(missing)),
            advice=_WRITE.fill(form=form),
        )
    if takes_more:
        return None
    if unknown := [each for each in given if each not in (*names, *options)]:
        return WrongArguments(
            _NO_OPTION.fill(name=name, argument=unknown[0]),
            advice=did_you_mean(unknown[0], [*names, *options]) or _WRITE.fill(form=form),
        )
    return None


def _show_option(options: Sequence[str], *, takes_more: bool) -> list[str]:
    """Return how an option of a call is written, the first for all of them."""
    if options:
        return [f"{options[0]}=…"]
    return ["name=…"] * takes_more


def _get_declared(method: Function) -> Function:
    """Return a method as it was declared, of one with other names; any other as it is."""
    declared: Function = getattr(method, "declared", method)
    return declared


def _find_method(owner: object, begin: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method of that name which an object has now, without the names that it takes
    besides its own.
    """
    method = getattr(owner, begin.__name__)
    if getattr(method, "declared", None) is begin:
        return partial(begin, owner)
    return method  # type: ignore[no-any-return]


def _rename_arguments(
    begin: Callable[..., Any],
    positional_count: int,
    given: dict[str, Any],
) -> dict[str, Any]:
    """Return the arguments of a call by the method's own names: some are written as for OpenAI's
    client.
    """
    code = begin.__code__
    missing = set(code.co_varnames[1 + positional_count : code.co_argcount]) - given.keys()
    own_names = {
        other: own
        for other, names in _OTHER_NAMES.items()
        for own in names[::-1]
        if own in missing and other in given
    }
    return {own_names.get(name, name): value for name, value in given.items()}


def _base_name(begin: Callable[..., Any]) -> str:
    return begin.__name__.lstrip("_").removeprefix("begin_")


def _split_doc(function: Callable[..., Any]) -> tuple[str, str]:
    """Return the first paragraph of a docstring, and the rest with the blank line before it."""
    first, blank, rest = (function.__doc__ or "").partition("\n\n")
    return first, blank + rest


def _present(call: Function, begin: Any, name: str, doc: str) -> Function:
    """Give a method the face of one that is written out: its name, documentation and signature."""
    call.__name__ = name
    call.__module__ = begin.__module__
    call.__doc__ = doc
    call.__qualname__ = f"{begin.__qualname__.rpartition('.')[0]}.{name}"
    # "Stream[ImageSet]" becomes "ImageSet".
    result = begin.__annotations__["return"].partition("[")[2].removesuffix("]")
    call.__annotations__ = {**begin.__annotations__, "return": result}
    call.__wrapped__ = Face(begin, result)  # type: ignore[attr-defined]
    return call
