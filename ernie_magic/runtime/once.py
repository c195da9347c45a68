"""A call is declared once, as the method that begins it; the form that waits for the result and the
form that awaits it are made from that.
"""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from ernie_magic.api.signatures import Face

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

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
    return declared(*args, **_rename_arguments(declared, len(args) - 1, kwargs))


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
        if error.__traceback__ is None or error.__traceback__.tb_next:
            raise
        # The arguments do not fit: the caller knows the method by its own name.
        message = str(error).replace(f"{begin.__name__}()", f"{name}()")
        raise TypeError(message) from None


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
