"""What `dir()`, Tab and a cell's end show of an object."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, NoReturn, Protocol, TypeVar, runtime_checkable

from ernie_magic.errors import NotTransferable, OutOfRange, UnknownAttribute
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Counted, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from ernie_magic.errors import ErnieError

OwnerT = TypeVar("OwnerT")

_UNCHANGEABLE = Text("{owner} 不能改", "{owner} cannot be changed")
_NO_ATTRIBUTE = Text("{owner} 没有 {name}", "{owner} has no attribute {name}")
# What other libraries call asking, by the name of it here.
ASKING = dict.fromkeys(
    ("ask", "completions", "generate", "invoke", "message", "predict", "prompt", "query", "send"),
    "chat",
)
_LIST_ATTRIBUTES = Text("写完点号按 Tab，列出全部", "Tab behind the dot lists all it has")
_STAYS = Text(
    "会话有连接和密钥，不能复制，也不能发送到别的进程",
    "a session has connections and keys: it is neither copied nor sent to another process",
)
_SHARE = Text(
    '线程可以共用它（ThreadPoolExecutor；joblib 用 backend="threading"），ernie.map 自己就同时问'
    "多行；在别的进程里另建一个：Session()",
    'threads can share it (ThreadPoolExecutor; in joblib backend="threading"), ernie.map asks '
    "about many rows at a time by itself, and another process makes its own: Session()",
)


_NO_ITEM = Text("没有 [{index}]：共 {things}", "there is no [{index}] in {things}")
_POSITIONS = Text("用 [0] 到 [{last}]，[-1] 是最后一个", "[0] to [{last}], and [-1] is the last")


def out_of_range(index: int, count: int, things: Counted) -> OutOfRange:
    """Return the error for a position that none of a result's items has.

    Parameters
    ----------
    count, things
        How many items there are, and of what.
    """
    advice = _POSITIONS.fill(last=count - 1) if count else None
    return OutOfRange(_NO_ITEM.fill(index=index, things=things.fill(count)), advice=advice)


def names_by_use(
    names: Iterable[str],
    first: Sequence[str],
    internal: Container[str] = (),
) -> list[str]:
    """Return the names for `__dir__`: those that people use most, then the other public ones, then
    the private ones.

    Parameters
    ----------
    names
        All of them.
    first
        Those that come first, in their order; one that is not among the names is left out.
    internal
        Those that only this package uses; they are left out.
    """
    known = {name for name in names if name not in internal}
    leading = [name for name in dict.fromkeys(first) if name in known]
    others = sorted(known.difference(leading), key=lambda name: (name.startswith("_"), name))
    return leading + others


@runtime_checkable
class Localizing(Protocol):
    """What tells its errors in a language of its own."""

    def with_language(self, error: ErnieError) -> ErnieError:
        """Return the error in that language."""


class SuggestsNames:
    """An object that tells which attribute is meant by a name that it does not have.

    A class sets `_meant_by`, what other libraries call its attributes, and may say more in
    `_advise_on`.
    """

    _meant_by: ClassVar[Mapping[str, str]] = {}

    if not TYPE_CHECKING:  # a type checker would take any name

        def __getattr__(self, name: str) -> object:
            if hasattr(type(self), name):  # a property, which has failed: by its own error
                return object.__getattribute__(self, name)
            owner = type(self).__name__
            if name.startswith("_"):  # Python and libraries ask for those
                raise AttributeError(f"{owner!r} object has no attribute {name!r}")
            error = UnknownAttribute(
                _NO_ATTRIBUTE.fill(owner=owner, name=name),
                find_advice=partial(self._advise_on, name),
            )
            if issubclass(type(self), Localizing):  # `isinstance` would ask for a name again
                error = self.with_language(error)
            raise error

    def _advise_on(self, name: str) -> Text:
        """Return what to write in place of a name that is none of its attributes."""
        from ernie_magic.text.suggest import DID_YOU_MEAN, did_you_mean

        if meant := self._meant_by.get(name):
            return DID_YOU_MEAN.fill(close=meant)
        known = [known for known in self.__dir__() if not known.startswith("_")]
        return did_you_mean(name, known) or _LIST_ATTRIBUTES


def refusing_changes(advice: Text) -> Callable[[type[OwnerT]], type[OwnerT]]:
    """Return a decorator of a frozen dataclass: an assignment to a field says what to write, where
    the dataclass's own error says only that it is not possible.
    """

    def refuse(self: object, _name: str, _value: object) -> None:
        raise UnknownAttribute(_UNCHANGEABLE.fill(owner=type(self).__name__), advice=advice)

    def decorate(owner: type[OwnerT]) -> type[OwnerT]:
        owner.__setattr__ = refuse  # type: ignore[method-assign]
        return owner

    return decorate


def stays_in_process() -> NotTransferable:
    """Return the error for a session, or what belongs to one, that is pickled or copied."""
    return NotTransferable(_STAYS, advice=_SHARE)


class CallGroup(SuggestsNames):
    """A group of calls of the session, such as `ernie.services`: Tab and a cell that ends with it
    show which calls there are, those that people use most first.

    A class sets `_path`, how it is written; `_in_order_of_use`, the names that come first; and
    `_internal_names`, those that only this package uses.
    """

    _python_value_: ClassVar[None] = None
    _path: ClassVar[str] = ""
    _in_order_of_use: ClassVar[Sequence[str]] = ()
    _internal_names: ClassVar[Container[str]] = ()

    def __dir__(self) -> list[str]:
        return names_by_use(super().__dir__(), self._in_order_of_use, self._internal_names)

    @printable
    def __repr__(self) -> str:
        names = [name for name in self.__dir__() if not name.startswith("_")]
        awaited = {f"a{name}" for name in names}
        calls = [name for name in names if name not in awaited and self._is_call(name)]
        shown = ", ".join(f"{name}()" for name in calls)
        return f"{self._path}: {shown} · {self._path}?"

    def __reduce_ex__(self, _: object) -> NoReturn:
        error: ErnieError = stays_in_process()
        if isinstance(self, Localizing):
            error = self.with_language(error)
        raise error

    def _is_call(self, name: str) -> bool:
        return callable(getattr(type(self), name, None))
